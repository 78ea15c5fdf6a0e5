"""What a list or a dictionary says about class names, whichever file it came from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from core.errors import LabelsError
from core.labels.text import brief, unusable

Labels = tuple[str, ...]

_BY_INDEX = ("id2label", "idx_to_class", "index_to_class", "idx2class", "idx2label", "idx_to_label", "idx_to_name")
"""Keys whose dictionaries lead from the index of an output to its name, whatever else they may look like."""

LIST_KEYS = (
    "id2label", "class_to_idx", "label2id", *_BY_INDEX[1:], "class_to_index", "class_indices", "label_names",
    "class_names", "classes", "labels", "names", "categories", "object_type_names", "Label",
)  # fmt: skip
"""Under which names other tools keep the class names in a larger object."""

READABLE_KEYS = ("label_descriptions", "cat_to_name", "class_to_name", "folder_to_name", "wnid_to_name")
"""Under which names they keep a readable name for each folder's name."""

WORDNET = re.compile(r"n\d{8}")
"""ImageNet's folders are named so, after WordNet."""

_FEW = 9
"""Up to here numbers from 1 come in the same order as numbers and as texts."""


@dataclass(frozen=True)
class NameTable:
    """What a label file, or a part of one, says.

    Attributes:
        names: class names in index order; empty where it tells no order.
        readable: a readable name for each folder name or WordNet id that it speaks of.
        error: why ``names`` is empty, where it is.
        note: what was assumed on the way, one sentence; may be empty.
    """

    names: Labels = ()
    readable: Mapping[str, str] = field(default_factory=lambda: dict[str, str]())
    error: LabelsError | None = None
    note: str = ""


def labels_from(value: object) -> Labels:
    """Class names in index order, from what ``json.loads`` made of a label file; see ``read_labels``.

    Raises:
        LabelsError: it holds no names, or leaves out an index.
    """
    return names_of(table_from(value))


def names_of(table: NameTable) -> Labels:
    """The names of a table in index order.

    Raises:
        LabelsError: it tells no order.
    """
    if table.error is not None:
        raise table.error
    if not table.names:
        raise unusable("there are no names in it")
    return table.names


def table_from(value: object) -> NameTable:
    """What a value says about class names: a list, or a dictionary in either direction, or one under a usual key.

    Never raises: ``error`` says what is wrong.
    """
    try:
        return _table(value, by_index=False)
    except LabelsError as error:
        return NameTable(error=error)


def ordered(pairs: Sequence[tuple[int, str]]) -> Labels:
    """Names by index.

    Raises:
        LabelsError: an index from 0 on is missing, or occurs twice.
    """
    found: dict[int, str] = {}
    for index, name in pairs:
        if index in found:
            raise unusable(f"index {brief(index)} occurs twice, for {brief(found[index])} and {brief(name)}")
        found[index] = name
    missing = next((index for index in range(len(found)) if index not in found), None)
    if missing is not None:
        highest = max(found)
        count = f"it has {len(found)} names for the indices up to {brief(highest)}"
        raise unusable(f"{count}, and index {missing} is missing")
    return tuple(found[index] for index in range(len(found)))


def _table(value: object, *, by_index: bool) -> NameTable:
    if isinstance(value, (list, tuple)):
        items = cast("Sequence[object]", value)
        return NameTable(tuple(_name(item) for item in items), _pairs(items))
    if not isinstance(value, dict):
        raise unusable("it is neither a list nor an object")
    entries = cast("Mapping[object, object]", value)
    for key in LIST_KEYS:
        inner = entries.get(key)
        if isinstance(inner, (list, dict)):
            table = _table(cast(object, inner), by_index=key in _BY_INDEX)
            return replace(table, readable={**table.readable, **_described(entries)})
    described = _described(entries)
    if described:
        return NameTable(readable=described, error=unusable("it names folders, and tells no order of classes"))
    return _from_dictionary(entries, by_index=by_index)


def _from_dictionary(entries: Mapping[object, object], *, by_index: bool) -> NameTable:
    if entries and all(_is_whole(item) for item in entries.values()):
        return NameTable(ordered([(cast(int, index), _name(name)) for name, index in entries.items()]))
    if entries and all(_is_index(key) for key in entries):
        return _from_indices(entries, by_index=by_index)
    if all(_is_index(item) for item in entries.values()):
        return NameTable(ordered([(int(cast(str, index)), _name(name)) for name, index in entries.items()]))
    error = unusable("it neither leads from numbers to names, nor from names to numbers")
    return NameTable(readable=_readable(entries), error=error)


def _from_indices(entries: Mapping[object, object], *, by_index: bool) -> NameTable:
    """Numbers to names: indices of outputs, or folders that are called by numbers."""
    pairs = [(int(cast(str, key)), _name(item)) for key, item in entries.items()]
    among_items = _pairs(list(entries.values()))
    readable = among_items or ({} if by_index else {str(key): _name(item) for key, item in entries.items()})
    numbers = sorted(index for index, _ in pairs)
    if numbers != list(range(1, len(pairs) + 1)):
        try:
            return NameTable(ordered(pairs), readable)
        except LabelsError as error:
            return NameTable(readable=readable, error=error)
    if len(pairs) <= _FEW:
        # In the order of the numbers and in that of folders called so, which is the same up to 9.
        note = "Its numbers begin at 1, and are taken for the order of the classes."
        return NameTable(ordered([(index - 1, name) for index, name in pairs]), readable, note=note)
    error = LabelsError(
        "These class names cannot be used.",
        f"Its numbers run from 1 to {len(pairs)}, and index 0 is missing: they are names of folders,"
        " and nothing tells in which order the model has them.",
        "Use weights that bring their class_to_idx, or a text file with one name a line, in the order of the classes.",
    )
    return NameTable(readable=readable, error=error)


def _described(entries: Mapping[object, object]) -> dict[str, str]:
    """Readable names under one of their usual keys."""
    for key in READABLE_KEYS:
        inner = entries.get(key)
        if isinstance(inner, dict):
            return _readable(cast("Mapping[object, object]", inner))
    return {}


def _readable(entries: Mapping[object, object]) -> dict[str, str]:
    """Folder names with their readable names; empty where anything in it is something else."""
    found: dict[str, str] = {}
    for key, item in entries.items():
        if not isinstance(key, str) or not isinstance(item, str) or not item.strip():
            return {}
        found[key] = item.strip()
    return found


def _pairs(items: Sequence[object]) -> dict[str, str]:
    """``[["n01440764", "tench"], ...]``, as ImageNet's own index has it: WordNet id and name."""
    found: dict[str, str] = {}
    for item in items:
        parts = cast("Sequence[object]", item) if isinstance(item, (list, tuple)) else ()
        if len(parts) < 2 or not isinstance(parts[0], str):
            return {}
        found[parts[0]] = _name(parts)
    return found


def _name(item: object) -> str:
    name = item
    if isinstance(item, (list, tuple)):
        parts = cast("Sequence[object]", item)
        name = parts[-1] if parts else None
    if isinstance(name, str) and name.strip():
        return name.strip()
    if isinstance(name, (int, float)) and not isinstance(name, bool):
        return str(name)
    raise unusable(f"{brief(cast(object, item))} is no name")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_index(value: object) -> bool:
    if isinstance(value, str):
        return value.isascii() and value.isdecimal() and len(value) < 10
    return _is_whole(value) and cast(int, value) >= 0
