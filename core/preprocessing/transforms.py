"""Preprocessing from the steps of torchvision's (or timm's) transforms: from their text, or as they were pickled.

What is read is a list of named values; nothing of it is run.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from core.preprocessing.plain import interpolation_of, numbers_of, sequence, sides_of, whole

KIND = "transform"
"""Key of a step's name in its dict of values, as ``core/checkpoints/metadata.py`` gives pickled transforms."""

Step = tuple[str, Mapping[str, object]]

_MOST_STEPS = 40
_CALL = re.compile(r"([A-Za-z_][\w.]*)\(")
_KEY = re.compile(r"(\w+)\s*=(?!=)")
_CONTAINERS = ("compose", "sequential", "transformscompose", "modulelist")
_POSITIONAL: Mapping[str, tuple[str, ...]] = {
    "resize": ("size", "interpolation"),
    "centercrop": ("size",),
    "fivecrop": ("size",),
    "tencrop": ("size",),
    "randomcrop": ("size",),
    "randomresizedcrop": ("size",),
    "grayscale": ("num_output_channels",),
    "normalize": ("mean", "std"),
}
_HARMLESS = frozenset({"topilimage", "rgb", "topuretensor", "identity", "maybetotensor"})
_TRAINING = ("random", "auto", "rand", "trivial", "augmix", "colorjitter", "gaussian", "elastic", "cutout", "mixup")


@dataclass
class Told:
    """What steps say.

    Attributes:
        changes: fields of ``Preprocessing`` with their values; only those that the steps speak of.
        has_size: whether they resize or crop.
        clear: whether nothing in them is unknown, random or left open.
    """

    changes: dict[str, Any] = field(default_factory=dict[str, Any])
    has_size: bool = False
    clear: bool = True


def told_by_transforms(value: object) -> Told | None:
    """What transforms say about preprocessing.

    Args:
        value: the text of a ``Compose`` or of one step, a list of such texts, or plain dicts with a ``KIND`` each.

    Returns:
        ``None`` where it is no list of transforms, or one that says nothing.

    Raises:
        ValueError: a step makes no sense.
    """
    told = Told()
    steps = list(_steps(value))[:_MOST_STEPS]
    reader = _Reader(told)
    for name, values in steps:
        reader.read(name.rpartition(".")[2].lower(), values)
    if not told.changes:
        return None
    told.clear &= "mean" in told.changes or reader.is_tensor
    return told


class _Reader:
    """Takes one step after another."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self.is_tensor = False
        self._take: Mapping[str, Callable[[Mapping[str, object]], None]] = {
            "resize": self._resize,
            "centercrop": self._crop,
            "fivecrop": lambda values: self._crop(values, 5),
            "tencrop": lambda values: self._crop(values, 10),
            "randomcrop": lambda values: self._random_crop(values, 1.0),
            "randomresizedcrop": lambda values: self._random_crop(values, 0.875),
            "grayscale": self._grey,
            "totensor": lambda _: self._to_tensor("0..1"),
            "toimage": lambda _: self._to_tensor("0..255"),
            "piltotensor": lambda _: self._to_tensor("0..255"),
            "convertimagedtype": lambda _: self._to_tensor("0..1"),
            "todtype": lambda values: self._to_tensor("0..1") if values.get("scale") is True else None,
            "normalize": self._normalise,
            "imageclassification": self._preset,
        }

    def read(self, name: str, values: Mapping[str, object]) -> None:
        """One step, by its name in small letters."""
        take = self._take.get(name)
        if take is not None:
            take(values)
        is_random = name.startswith(_TRAINING)
        if is_random or (take is None and name not in _HARMLESS):
            self._told.clear = False

    def _resize(self, values: Mapping[str, object]) -> None:
        size, is_exact = _single(values.get("size"))
        changes = self._told.changes
        if values.get("max_size") is not None or size is None:
            raise ValueError("a resize step with a largest size is not supported")
        if changes.get("crop") is not None:
            raise ValueError("it crops before it resizes")
        changes |= {"resize": "exact" if is_exact else "shorter", "size": sides_of("size", size), "crop": None}
        if values.get("interpolation") is not None:
            changes["interpolation"] = interpolation_of(values["interpolation"])
        # Images are always antialiased; of tensors, in files of before torchvision 0.17, only those that ask for it.
        changes["antialias"] = not self.is_tensor or values.get("antialias", True) is True
        self._told.has_size = True

    def _crop(self, values: Mapping[str, object], crops: int = 1) -> None:
        self._told.changes |= {"crop": sides_of("size", _single(values.get("size"))[0]), "crops": crops}
        self._told.has_size = True

    def _random_crop(self, values: Mapping[str, object], share: float) -> None:
        """In training; for evaluation images are usually brought to the size of the crop, or somewhat more."""
        self._crop(values)
        changes = self._told.changes
        if "resize" not in changes:
            changes |= {"resize": "shorter", "size": tuple(math.floor(side / share) for side in changes["crop"])}

    def _grey(self, values: Mapping[str, object]) -> None:
        channels = whole(values.get("num_output_channels", 1))
        self._told.changes["channels"] = {1: "grey", 3: "grey3"}[channels if channels == 3 else 1]

    def _to_tensor(self, scale: str) -> None:
        self._told.changes["range"] = scale
        self.is_tensor = True

    def _normalise(self, values: Mapping[str, object]) -> None:
        if "mean" in self._told.changes:
            raise ValueError("it normalises twice")
        mean, std = sequence("mean", values.get("mean")), sequence("std", values.get("std"))
        count = 1 if self._told.changes.get("channels") == "grey" else 3
        self._told.changes |= {"mean": numbers_of("mean", mean, count), "std": numbers_of("std", std, count)}

    def _preset(self, values: Mapping[str, object]) -> None:
        """torchvision's own preset for its weights."""
        self._resize({"size": values.get("resize_size"), "interpolation": values.get("interpolation")})
        self._crop({"size": values.get("crop_size")})
        self._to_tensor("0..1")
        self._normalise(values)


def _single(size: object) -> tuple[object, bool]:
    """A size, of one number where a list has one; and whether it is height and width."""
    if isinstance(size, (list, tuple)):
        numbers = cast("Sequence[object]", size)
        return (numbers[0], False) if len(numbers) == 1 else (numbers, True)
    return size, False


def _steps(value: object, depth: int = 0) -> Iterator[Step]:
    if isinstance(value, str):
        yield from _steps_of_text(value)
    elif isinstance(value, (list, tuple)) and depth < 4:
        for part in cast("Sequence[object]", value):
            yield from _steps(part, depth + 1)
    elif isinstance(value, dict):
        entries = cast("Mapping[str, object]", value)
        kind = entries.get(KIND)
        inner = entries.get("transforms")
        if isinstance(kind, str) and not isinstance(inner, (list, tuple)):
            yield kind, entries
        elif isinstance(inner, (list, tuple)) and depth < 4:
            yield from _steps(cast(object, inner), depth + 1)


def _steps_of_text(text: str) -> Iterator[Step]:
    """``Name(key=value, ...)`` wherever it stands, but not within another, unless that is only a list of steps."""
    start = 0
    while (found := _CALL.search(text, start)) is not None:
        name = found[1].rpartition(".")[2]
        if name.lower() in _CONTAINERS:
            start = found.end()
            continue
        end = _closing(text, found.end())
        yield name, _values_of_text(name.lower(), text[found.end() : end])
        start = end


def _closing(text: str, start: int) -> int:
    """Where the bracket that was opened before ``start`` closes; the text's end if nowhere."""
    depth = 1
    for index in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if not depth:
            return index
    return len(text)


def _values_of_text(name: str, text: str) -> dict[str, object]:
    keys = list(_KEY.finditer(text))
    ends = [*(key.start() for key in keys[1:]), len(text)]
    made = {key[1]: _literal(text[key.end() : end]) for key, end in zip(keys, ends, strict=False)}
    given = text[: keys[0].start()] if keys else text
    if given.strip(" ,\n"):
        parts = _literal(f"({given.strip().rstrip(',')},)")
        if isinstance(parts, tuple):
            made |= zip(_POSITIONAL.get(name, ()), cast("tuple[object, ...]", parts), strict=False)
    return made


def _literal(text: str) -> object:
    """A value as Python writes it; else the text as it stands."""
    text = text.strip().rstrip(",").strip()
    if text.startswith("tensor("):
        text = text.removeprefix("tensor(").rpartition(")")[0]
    try:
        return cast(object, ast.literal_eval(text))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return text
