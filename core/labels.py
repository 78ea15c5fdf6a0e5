"""Class names from any label file."""

from __future__ import annotations

import ast
import codecs
import json
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from core.errors import LabelsError, WhatsitError

Labels = tuple[str, ...]

_MAX_BYTES = 32 * 1024 * 1024

_MAX_LITERAL = 4 * 1024 * 1024

_NUMBERED = re.compile(r"(\d{1,9})(?:[,:;]\s*|\s+)(\S.*)")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")

LIST_KEYS = (
    "id2label", "class_to_idx", "label2id", "idx_to_class", "label_names", "class_names", "classes", "labels",
    "names", "categories", "object_type_names",
)  # fmt: skip
"""Under which names other tools keep the class names in a larger JSON object."""


def read_labels(path: Path) -> Labels:
    """Class names in index order, from a label file.

    Text: one name a line, with or without its index before it (``0 cat``, ``0,cat``, ``0: cat``; only where
    the indices of all lines are 0, 1, 2 and so on).  JSON: a list of names; an object from index to name or
    from name to index; the last item where a name is a list (TorchServe); any of these in an object under a
    usual name such as ``classes``.  A Python dict, as text, is read like JSON.

    Raises:
        LabelsError: the file cannot be read, holds no names, or leaves out an index.
    """
    text = read_text(path, LabelsError)
    try:
        return parse_labels(text)
    except LabelsError as error:
        raise LabelsError(f"{path.name} cannot be used for class names.", error.why, error.remedy) from error


def parse_labels(text: str) -> Labels:
    """Class names in index order, from the text of a label file; see ``read_labels``."""
    start = text.lstrip()[:1]
    if start in ("[", "{"):
        return labels_from(_parse_object(text))
    return _from_lines(text)


def labels_from(value: object) -> Labels:
    """Class names in index order, from what ``json.loads`` made of a label file; see ``read_labels``.

    Raises:
        LabelsError: it holds no names, or leaves out an index.
    """
    names = _names(value)
    if not names:
        raise _unusable("there are no names in it")
    return names


def numbered(count: int) -> Labels:
    """``0`` to ``count - 1`` as text, for a model that brings no names."""
    return tuple(str(index) for index in range(count))


def fit_labels(labels: Sequence[str], num_classes: int) -> None:
    """Check that there is a name for each class.

    Raises:
        LabelsError: there are more or fewer.
    """
    if len(labels) == num_classes:
        return
    remedy = "Choose the label file that belongs to these weights."
    if len(labels) == num_classes + 1:
        remedy += " If its first line is a heading or a background class, take that out."
    raise LabelsError(
        "The class names do not fit the model.",
        f"There are {len(labels)} names, and the model tells {num_classes} classes apart.",
        remedy,
    )


def read_text(path: Path, family: type[WhatsitError]) -> str:
    """The text of a small file: UTF-8 with or without a byte order mark, UTF-16 with one, else Windows-1252.

    Raises:
        family: it is missing, no ordinary file, larger than 32 MB, not readable or no text.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            why = "It is a folder." if path.is_dir() else "It is not an ordinary file."
            raise family(f"{path.name} cannot be read.", why, "Choose a file.")
        if status.st_size > _MAX_BYTES:
            raise family(f"{path.name} cannot be read.", "It is larger than 32 MB.", "Choose another file.")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise family(f"{path.name} does not exist.", f"There is nothing at {path}.", "Choose it again.") from error
    except (OSError, ValueError) as error:
        why = "The system refuses permission." if isinstance(error, PermissionError) else f"The reason: {error}."
        raise family(f"{path.name} cannot be read.", why, "Check the file, or choose another.") from error
    text = _decoded(data)
    if _CONTROL.search(text):
        raise family(f"{path.name} is not a text file.", "It holds bytes that no text has.", "Choose another file.")
    return text


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _parse_object(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = str(error)
    if len(text) > _MAX_LITERAL:
        raise _unusable(f"it begins like JSON, but is none ({reason})")
    try:
        # "{0: 'tench', 1: 'goldfish'}": ImageNet's names are passed around so.
        return cast(object, ast.literal_eval(text.strip()))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise _unusable(f"it begins like JSON, but is none ({reason})") from error


def _from_lines(text: str) -> Labels:
    lines = [line.strip() for line in re.split(r"\r\n|\r|\n", text)]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise _unusable("there are no names in it")
    if "" in lines:
        raise _unusable(f"line {lines.index('') + 1} is empty, so the names after it would move up by one")
    parts = [_NUMBERED.fullmatch(line) for line in lines]
    if all(part is not None and int(part[1]) == index for index, part in enumerate(parts)):
        return tuple(part[2] for part in parts if part is not None)
    return tuple(lines)


def _names(value: object) -> Labels:
    if isinstance(value, (list, tuple)):
        return tuple(_name(item) for item in cast("Sequence[object]", value))
    if not isinstance(value, dict):
        raise _unusable("it is neither a list nor an object")
    entries = cast("Mapping[object, object]", value)
    for key in LIST_KEYS:
        inner = entries.get(key)
        if isinstance(inner, (list, dict)):
            return _names(cast(object, inner))
    if entries and all(_is_whole(item) for item in entries.values()):
        return _ordered([(cast(int, index), _name(name)) for name, index in entries.items()])
    if all(_is_index(key) for key in entries):
        return _ordered([(int(cast(str, key)), _name(item)) for key, item in entries.items()])
    if all(_is_index(item) for item in entries.values()):
        return _ordered([(int(cast(str, index)), _name(name)) for name, index in entries.items()])
    raise _unusable("it neither leads from numbers to names, nor from names to numbers")


def _name(item: object) -> str:
    name = item
    if isinstance(item, (list, tuple)):
        parts = cast("Sequence[object]", item)
        name = parts[-1] if parts else None
    if isinstance(name, str) and name.strip():
        return name.strip()
    if isinstance(name, (int, float)) and not isinstance(name, bool):
        return str(name)
    raise _unusable(f"{_shown(cast(object, item))} is no name")


def _ordered(pairs: list[tuple[int, str]]) -> Labels:
    """Names by index; every index from 0 on must occur once."""
    found: dict[int, str] = {}
    for index, name in pairs:
        if index in found:
            raise _unusable(f"index {index} occurs twice, for {_shown(found[index])} and {_shown(name)}")
        found[index] = name
    missing = next((index for index in range(len(found)) if index not in found), None)
    if missing is not None:
        highest = max(found)
        raise _unusable(f"it has {len(found)} names for the indices up to {highest}, and index {missing} is missing")
    return tuple(found[index] for index in range(len(found)))


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_index(value: object) -> bool:
    if isinstance(value, str):
        return value.isascii() and value.isdecimal() and len(value) < 10
    return _is_whole(value) and cast(int, value) >= 0


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _unusable(why: str) -> LabelsError:
    return LabelsError(
        "These class names cannot be used.",
        f"The reason: {why}.",
        "Use a text file with one name a line, in the order of the model's classes.",
    )
