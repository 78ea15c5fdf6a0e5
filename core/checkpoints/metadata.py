"""The small plain values that a training run saved beside the tensors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import cast

from core.checkpoints.modules import is_module
from core.checkpoints.storages import StorageReader
from core.checkpoints.values import Global, Inert, TensorRef, as_dict, as_tuple
from core.preprocessing.transforms import KIND

_LOSSES = "torch.nn.modules.loss."
_MAX_VALUES = 200_000
_MAX_DEPTH = 6
_MAX_TEXT = 10_000
_MAX_LETTERS = 16_000_000
"""Of all texts together: the same one may be in a list a million times."""
_MAX_JSON = 8_000_000
_MAX_CLASSES = 100_000
_MAX_SET = 1000
_TRANSFORMS = "torchvision.transforms."

_TO_INDEX = ("class_to_idx", "class_to_index", "label2id", "cls_to_idx")
_FROM_INDEX = ("idx_to_class", "idx2class", "idx_to_label", "index_to_class", "id2label", "idx_to_name")
_LISTS = (
    "class_names",
    "classes",
    "CLASSES",
    "labels",
    "label_names",
    "categories",
    "names",
    "class_list",
    "vocab",
    "classes_",
)
_PLACES = ("", "meta", "dataset_meta", "hyper_parameters", "datamodule_hyper_parameters", "args", "config", "hparams",
           "dataset", "data", "label_encoder", "encoder", "le")  # fmt: skip
_OTHER_KEYS = re.compile(
    r"(?:class(?:es)?|labels?|cls|categor(?:y|ies)|targets?|names?)_?(?:to|2)_?(?:idx|index|ind|ids?|ix|int|num)"
    r"|(?:idx|index|ind|id|ix|int|num)_?(?:to|2)_?(?:class(?:es)?|labels?|cls|categor(?:y|ies)|targets?|names?)"
    r"|(?:class|cls|labels?|targets?|category)_?(?:names?|list|labels?|map|mapping|dict|encoder)|labels|classes|mapping",
    re.IGNORECASE,
)
"""Other ways in which people call names by their indices, or indices by their names."""
_LONGEST_KEY = 40


class _Leftover:
    """Stands for what is not kept."""


_SKIP = _Leftover()


class PlainValues:
    """Turns what was in a file into dicts, lists, texts, numbers, truth values and ``None``; bounded.

    Sets become sorted tuples of texts: they have no order that could be a head's.  Tensors of one element
    become numbers and those of a few lists, objects of unknown classes the dict of their attributes; larger tensors
    and what is left are dropped.
    """

    def __init__(self, numbers: StorageReader) -> None:
        self._numbers = numbers
        self._left = _MAX_VALUES
        self._letters = _MAX_LETTERS

    def of(self, value: object, depth: int = 0) -> object:
        """The plain form of a value; ``None`` where there is none."""
        plain = self._plain(value, depth)
        return None if plain is _SKIP else plain

    def items(self, pairs: Mapping[object, object], depth: int = 0) -> dict[str, object]:
        """The plain forms of a dict's values, without those that have none."""
        made: dict[str, object] = {}
        for key, value in pairs.items():
            plain = self._plain(value, depth + 1)
            if plain is not _SKIP and isinstance(key, str | int | float):
                made[self._text(str(key))] = plain
        return made

    def _plain(self, value: object, depth: int) -> object:
        self._left -= 1
        if self._left < 0 or depth > _MAX_DEPTH:
            return _SKIP
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            pairs = cast("dict[object, object]", value)
            return _SKIP if "param_groups" in pairs else self.items(pairs, depth)
        if isinstance(value, list | tuple):
            parts = [self._plain(part, depth + 1) for part in cast("list[object]", value)]
            return [part for part in parts if part is not _SKIP]
        if isinstance(value, set | frozenset):
            members = cast("set[object]", value)
            return tuple(sorted(self._text(str(each)) for each in members)) if len(members) < _MAX_SET else _SKIP
        if isinstance(value, TensorRef):
            numbers = self._numbers.few(value)
            return _SKIP if numbers is None else numbers
        return self._object(value, depth)

    def _text(self, text: str) -> str:
        kept = text[: min(_MAX_TEXT, self._letters)]
        self._letters -= len(kept)
        return kept

    def _object(self, value: object, depth: int) -> object:
        if isinstance(value, Global):
            return self._text(str(value))
        if isinstance(value, Inert) and value.kind.startswith(_LOSSES):
            # The loss that was trained with: its name tells what the outputs are.
            return value.kind
        if isinstance(value, Inert) and value.kind.startswith(_TRANSFORMS):
            return self._transform(value, depth)
        if not isinstance(value, Inert) or is_module(value):
            return _SKIP
        texts = _numpy_texts(value, self._left)
        if texts is not None:
            self._left -= len(texts)
            return [self._text(text) for text in texts]
        attributes = as_dict(value.state)
        if attributes or value.pairs:
            self._left -= len(attributes) + len(value.pairs)
            return self.items({**attributes, **value.pairs}, depth)
        if value.items:
            return self._plain(value.items, depth)
        return _SKIP

    def _transform(self, value: Inert, depth: int) -> object:
        """A step of torchvision's transforms: its name and attributes; the word that stands for an interpolation."""
        name = value.kind.rpartition(".")[2]
        if name == "InterpolationMode":
            return self._plain(next(iter(as_tuple(value.args)), None), depth + 1)
        own = {key: part for key, part in as_dict(value.state).items() if not str(key).startswith("_")}
        return {**self.items(own, depth), KIND: name}


def _numpy_texts(value: Inert, most: int) -> list[str] | None:
    """The texts of a NumPy array of texts, which is what class names may be; so many of them at most."""
    state = as_tuple(value.state)
    if not value.kind.endswith("multiarray._reconstruct") or len(state) != 5 or not isinstance(state[2], Inert):
        return None
    code, data = next(iter(as_tuple(state[2].args)), None), state[4]
    if isinstance(data, list) and code == "O8":
        return [str(name) for name in cast("list[object]", data)[: min(most, _MAX_CLASSES)] if isinstance(name, str)]
    if not isinstance(code, str) or not code.startswith("U") or not code[1:].isdigit() or not isinstance(data, bytes):
        return None
    width = 4 * int(code[1:6])
    if not width or len(data) > 4 * _MAX_TEXT * 100:
        return None
    rows = range(0, len(data) - width + 1, width)[:most]
    return [data[row : row + width].decode("utf-32-le", "replace").rstrip("\0") for row in rows]


def beside_program(texts: Mapping[str, str]) -> dict[str, object]:
    """Texts that were saved beside a program, by their names without folder and suffix.

    JSON is read; a text that is named after classes or labels becomes the list of its lines.
    """
    made: dict[str, object] = {}
    for name, text in texts.items():
        stem = name.rpartition("/")[2].partition(".")[0] or name
        value = _decoded(text)
        about_classes = any(part in stem.lower() for part in ("class", "label", "categor", "name"))
        if about_classes and isinstance(value, Mapping):
            pairs = cast("Mapping[str, object]", value)
            made["idx_to_class" if all(key.isdigit() for key in pairs) else "class_to_idx"] = pairs
        elif about_classes and isinstance(value, str):
            made["class_names"] = [line.strip() for line in text.strip().splitlines()]
        elif about_classes and isinstance(value, list):
            made["class_names"] = cast("list[object]", value)
        made.setdefault(stem, text if value is None else cast(object, value))
    return made


def class_names(metadata: Mapping[str, object]) -> list[str]:
    """Class names in the order of the head, from wherever trainers put them; empty where there are none."""
    for place in _places(metadata):
        for key in _TO_INDEX:
            names = _from_pairs({value: name for name, value in _table(place, key).items() if isinstance(value, int)})
            if names:
                return names
        for key in _FROM_INDEX + _LISTS:
            names = _from_pairs(_table(place, key)) or _from_list(_decoded(place.get(key)))
            if names:
                return names
        for key in place:
            if len(key) <= _LONGEST_KEY and _OTHER_KEYS.fullmatch(key):
                names = _either_way(_table(place, key)) or _from_list(_decoded(place.get(key)))
                if names:
                    return names
    return []


def _either_way(table: Mapping[object, object]) -> list[str]:
    """Names by index, from names by index or indices by name."""
    if table and all(isinstance(value, int) and not isinstance(value, bool) for value in table.values()):
        return _from_pairs({value: name for name, value in table.items()})
    return _from_pairs(table) if all(isinstance(value, str) for value in table.values()) else []


def _places(metadata: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    for name in _PLACES:
        place = metadata if not name else metadata.get(name)
        if isinstance(place, Mapping):
            yield cast("Mapping[str, object]", place)
            below = cast("Mapping[str, object]", place).get("dataset_meta")
            if isinstance(below, Mapping):
                yield cast("Mapping[str, object]", below)


def _decoded(value: object) -> object:
    """Metadata of .safetensors are texts: lists and dicts are JSON in them."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(value) if len(value) <= _MAX_JSON else None
        except (ValueError, RecursionError):
            return None
    return value


def _table(place: Mapping[str, object], key: str) -> Mapping[object, object]:
    value = _decoded(place.get(key))
    return cast("Mapping[object, object]", value) if isinstance(value, Mapping) else {}


def _from_pairs(pairs: Mapping[object, object]) -> list[str]:
    """Names by index, if the indices are 0 to n - 1."""
    try:
        named = {int(str(index)): str(name) for index, name in pairs.items()}
    except ValueError:
        return []
    return [named[index] for index in range(len(named))] if named.keys() == set(range(len(named))) else []


def _from_list(value: object) -> list[str]:
    names = cast("list[object]", value) if isinstance(value, list) else []
    return [str(name) for name in names] if all(isinstance(name, str | int) for name in names) else []
