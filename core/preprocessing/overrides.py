"""Single values, as a person writes them on a command line."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from core.preprocessing.values import (
    CHANNELS,
    CROPS,
    INTERPOLATIONS,
    RANGES,
    Preprocessing,
    Triple,
    misread,
    one_of,
    unreadable,
)


def parse_overrides(base: Preprocessing, overrides: Mapping[str, str]) -> Preprocessing:
    """Change single values as a command line says.

    Args:
        base: what is changed.
        overrides: any of ``resize`` (``256`` for the shorter side, ``320x240`` for exactly that width and
            height, ``pad:224`` or ``pad:320x240``, ``none``), ``crop`` (``224``, ``320x240``, ``none``),
            ``crops`` (``1``, ``5``, ``10``), ``mean`` and ``std`` (``0.485,0.456,0.406``; one number serves all
            channels), ``range`` (``0..1``, ``0..255``, ``-1..1``), ``interpolation``, ``channels``,
            ``background`` and ``fill`` (``255,255,255``, one number for a grey; ``none`` for no background),
            ``antialias``, ``invert``, ``exif`` and ``flatten`` (``on``, ``off``).  New channels without a new
            mean or std get the mean of the old values; another range without them leaves values as they are on
            it (mean 0, std 1), as the old ones were on another scale.

    Raises:
        PreprocessingError: a value is not understood; the message names the option.
    """
    changes: dict[str, Any] = {}
    for name, text in overrides.items():
        parse = OVERRIDES.get(name)
        if parse is None:
            raise unreadable(f"there is no {name!r} to change; there are {', '.join(OVERRIDES)}")
        changes.update(parse(text.strip().lower()))
    count = 1 if changes.get("channels", base.channels) == "grey" else 3
    other_scale = changes.get("range", base.range) != base.range
    for name, old, plain in (("mean", base.mean, 0.0), ("std", base.std, 1.0)):
        if other_scale:
            changes.setdefault(name, (plain,))
        values: Triple = changes.get(name, old)
        if name in changes:
            changes[name] = values * count if len(values) == 1 else values
        elif len(values) != count:
            changes[name] = (round(sum(values) / len(values), 6),) * count
    return replace(base, **changes)


def _parse_resize(text: str) -> dict[str, object]:
    if text == "none":
        return {"resize": "none"}
    if text.startswith("pad:"):
        return {"resize": "pad", "size": _parse_sides("resize", text.removeprefix("pad:"))}
    return {"resize": "exact" if "x" in text else "shorter", "size": _parse_sides("resize", text)}


def _parse_crop(text: str) -> dict[str, object]:
    return {"crop": None if text == "none" else _parse_sides("crop", text)}


def _parse_crops(text: str) -> dict[str, object]:
    return {"crops": int(one_of("crops", text, tuple(map(str, CROPS))))}


def _parse_switch(name: str, text: str) -> dict[str, object]:
    return {name: one_of(name, text, ("on", "off")) == "on"}


def _parse_colour(name: str, text: str) -> dict[str, object]:
    if name == "background" and text == "none":
        return {name: None}
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (1, 3) or not all(map(_is_number, parts)):
        also = " or none" if name == "background" else ""
        raise misread(name, text, f"red, green and blue from 0 to 255, such as 255,255,255{also}")
    return {name: tuple(int(part) for part in (parts if len(parts) == 3 else parts * 3))}


def _is_number(text: str) -> bool:
    # isdecimal() alone would take other scripts' digits, which is no harm, and long ones, which int() refuses.
    return text.isascii() and text.isdecimal() and len(text) < 6


def _parse_sides(name: str, text: str) -> tuple[int, int]:
    """``224`` or ``WIDTHxHEIGHT`` to height and width."""
    sides = text.split("x")
    if len(sides) > 2 or not all(map(_is_number, sides)):
        also = ", pad:224" if name == "resize" else ""
        raise misread(name, text, f"a size such as 224 or 320x240 (width x height){also} or none")
    return int(sides[-1]), int(sides[0])


def _parse_values(name: str, text: str) -> dict[str, object]:
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise misread(name, text, "numbers with commas between, such as 0.5,0.5,0.5") from None
    return {name: values}


OVERRIDES: Mapping[str, Callable[[str], dict[str, object]]] = {
    "resize": _parse_resize,
    "crop": _parse_crop,
    "crops": _parse_crops,
    "mean": functools.partial(_parse_values, "mean"),
    "std": functools.partial(_parse_values, "std"),
    "range": lambda text: {"range": one_of("range", text, RANGES)},
    "interpolation": lambda text: {"interpolation": one_of("interpolation", text, INTERPOLATIONS)},
    "antialias": functools.partial(_parse_switch, "antialias"),
    "channels": lambda text: {"channels": one_of("channels", text, CHANNELS)},
    "invert": functools.partial(_parse_switch, "invert"),
    "exif": functools.partial(_parse_switch, "exif"),
    "background": functools.partial(_parse_colour, "background"),
    "fill": functools.partial(_parse_colour, "fill"),
    "flatten": functools.partial(_parse_switch, "flatten"),
}
"""What can be changed by itself, and how it is read."""
