"""Single values out of somebody else's configuration; each raises ``ValueError`` for what makes no sense."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import cast

from core.preprocessing.values import INTERPOLATIONS, Interpolation

_PILLOW = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
_WORD = re.compile(r"[a-z]+")


def real(value: object) -> float:
    """A finite number."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def whole(value: object) -> int:
    """A whole number."""
    number = real(value)
    if not number.is_integer():
        raise ValueError(f"{value!r} is no whole number")
    return int(number)


def sequence(name: str, value: object, count: int = 0) -> Sequence[object]:
    """A list of ``count`` entries; with 0 of any length from 1, for which a single number will do."""
    if isinstance(value, (int, float)) and not count:
        return (value,)
    if not isinstance(value, (list, tuple)) or not value:
        raise ValueError(f"{name} is no list of numbers")
    items = cast("Sequence[object]", value)
    if count and len(items) != count:
        raise ValueError(f"{name} has {len(items)} numbers, and should have {count}")
    return items


def numbers_of(name: str, value: object, count: int) -> tuple[float, ...]:
    """A mean or std for ``count`` channels: one number serves all, and of three one is made."""
    numbers = tuple(real(number) for number in sequence(name, value))
    if len(numbers) == count:
        return numbers
    if len(numbers) == 1:
        return numbers * count
    return (sum(numbers) / len(numbers),) * count if count == 1 else numbers


def sides_of(name: str, value: object) -> tuple[int, int]:
    """Height and width from ``224``, ``[224, 224]``, ``{height, width}`` or ``{shortest_edge}``."""
    if isinstance(value, dict):
        entries = cast("Mapping[str, object]", value)
        if "shortest_edge" in entries:
            value = entries["shortest_edge"]
        elif "height" in entries and "width" in entries:
            return whole(entries["height"]), whole(entries["width"])
        else:
            raise ValueError(f"{name} names no height and width")
    if isinstance(value, (list, tuple)):
        height, width = sequence(name, cast(object, value), 2)
        return whole(height), whole(width)
    return whole(value), whole(value)


def interpolation_of(value: object) -> Interpolation:
    """From Pillow's number, or a name such as ``bilinear`` or ``InterpolationMode.BILINEAR``."""
    if isinstance(value, int):
        names = [_PILLOW.get(value, "")]
    else:
        names = _WORD.findall(value.lower()) if isinstance(value, str) else []
    found = next((name for name in names if name in INTERPOLATIONS), None)
    if found is None:
        raise ValueError(f"the interpolation {value!r} is not supported")
    return cast(Interpolation, found)
