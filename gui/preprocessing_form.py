"""The fields of a preprocessing: what stands in each, and what a text in it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import cast

from core.preprocessing import Preprocessing, Resize, parse_overrides
from gui import wording

Change = Callable[[Preprocessing, str], Preprocessing]
"""A value with another text in one of its fields; raises ``PreprocessingError`` where that makes no sense."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes:
        name: for assistive technology, and for ``Undo ...``.
        shown: its text, or the key of its choice, for a value.
        change: takes over another text.
        choices: key and text of each; empty for a field to write in, ``on`` and ``off`` for a switch.
        hint: what it does and how it is written.
        used: whether it makes a difference to a value.
    """

    name: str
    shown: Callable[[Preprocessing], str]
    change: Change
    choices: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    used: Callable[[Preprocessing], bool] = lambda _: True

    @property
    def counts(self) -> bool:
        """Whether the text is a size, which keys count up and down."""
        return self.name in ("size", "crop size")


_SIZE_HINT = "One number for a square, or width x height. Up and Down change it."


def _override(name: str) -> Change:
    """As the command line's option of that name."""
    return lambda value, text: parse_overrides(value, {name: _plain(text)})


def _plain(text: str) -> str:
    """What people write, as the command line has it: a cross between sides, ``0.5 0.5 0.5``, ``#ff8000``."""
    text = text.strip().lower().replace(wording.TIMES, "x").replace(" x ", "x")
    code = text.removeprefix("#")
    if text.startswith("#") and len(code) == 6 and all(sign in "0123456789abcdef" for sign in code):
        return ",".join(str(int(code[place : place + 2], 16)) for place in (0, 2, 4))
    return ",".join(text.replace(",", " ").replace(";", " ").split())


def _change_resize(value: Preprocessing, key: str) -> Preprocessing:
    return replace(value, resize=cast(Resize, key))


def _change_size(value: Preprocessing, text: str) -> Preprocessing:
    # Padding is the one way to write a size that may be square or not.
    size = parse_overrides(value, {"resize": f"pad:{_plain(text)}"}).size
    return replace(value, size=size)


def _change_crops(value: Preprocessing, key: str) -> Preprocessing:
    if key == "none":
        return replace(value, crop=None, crops=1)
    crop = value.crop or value.size
    return replace(value, crop=crop, crops=5 if key == "5" else 10 if key == "10" else 1)


def _change_background(value: Preprocessing, key: str) -> Preprocessing:
    return replace(value, background=None if key == "dropped" else value.background or (255, 255, 255))


def _sides(size: tuple[int, int] | None) -> str:
    if size is None:
        return ""
    height, width = size
    return f"{height}" if height == width else f"{width} x {height}"


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.12g}" for value in values)


def _switch(on: bool) -> str:
    return "on" if on else "off"


_SWITCH = (("on", ""), ("off", ""))

FIELDS: Mapping[str, Field] = {
    "resize": Field(
        "resize",
        lambda value: value.resize,
        _change_resize,
        (("shorter", "shorter side"), ("exact", "exactly"), ("pad", "padded to"), ("none", "not resized")),
        "How the photo is brought to a size.",
    ),
    "size": Field(
        "size", lambda value: _sides(value.size), _change_size, (), _SIZE_HINT, lambda value: value.resize != "none"
    ),
    "interpolation": Field(
        "interpolation",
        lambda value: value.interpolation,
        _override("interpolation"),
        (("nearest", "nearest"), ("bilinear", "bilinear"), ("bicubic", "bicubic"), ("lanczos", "lanczos")),
        "How pixels are blended.",
        lambda value: value.resize != "none",
    ),
    "antialias": Field(
        "antialias",
        lambda value: _switch(value.antialias),
        _override("antialias"),
        _SWITCH,
        "On: all pixels that a smaller one covers are blended, as Pillow does. Off: the few around its centre, as "
        "OpenCV does.",
        lambda value: value.resize != "none",
    ),
    "fill": Field(
        "fill colour",
        lambda value: _numbers(value.fill),
        _override("fill"),
        (),
        "What padding is filled with: red, green, blue from 0 to 255, or #rrggbb.",
        lambda value: value.resize == "pad",
    ),
    "crops": Field(
        "crop",
        lambda value: "none" if value.crop is None else str(value.crops),
        _change_crops,
        (("1", "centre"), ("none", "none"), ("5", "5 averaged"), ("10", "10 averaged")),
        "What is cut out: the centre; or also the corners, and these mirrored, with the scores averaged.",
    ),
    "crop": Field(
        "crop size",
        lambda value: _sides(value.crop),
        _override("crop"),
        (),
        _SIZE_HINT,
        lambda value: value.crop is not None,
    ),
    "channels": Field(
        "channels",
        lambda value: value.channels,
        _override("channels"),
        (("rgb", "RGB"), ("bgr", "BGR"), ("grey", "grey"), ("grey3", "grey, three times")),
        "What the network takes, in this order.",
    ),
    "invert": Field(
        "inverted", lambda value: _switch(value.invert), _override("invert"), _SWITCH, "Dark becomes light."
    ),
    "range": Field(
        "range",
        lambda value: value.range,
        _override("range"),
        (("0..1", "0 to 1"), ("0..255", "0 to 255"), ("-1..1", f"{wording.MINUS}1 to 1")),
        "The scale that pixels are brought to before mean and std.",
    ),
    "mean": Field(
        "mean",
        lambda value: _numbers(value.mean),
        _override("mean"),
        (),
        "Subtracted: a number a channel, or one for all.",
    ),
    "std": Field(
        "std",
        lambda value: _numbers(value.std),
        _override("std"),
        (),
        "Divided by: a number a channel, or one for all.",
    ),
    "exif": Field(
        "turned upright",
        lambda value: _switch(value.exif),
        _override("exif"),
        _SWITCH,
        "As the camera noted it (EXIF). Training loaders do not.",
    ),
    "transparency": Field(
        "transparency",
        lambda value: "dropped" if value.background is None else "colour",
        _change_background,
        (("dropped", "dropped"), ("colour", "on a colour")),
        "What lies under transparent pixels: whatever colour the file has there, as training loaders do it, or yours.",
    ),
    "background": Field(
        "background",
        lambda value: _numbers(value.background) if value.background is not None else "",
        _override("background"),
        (),
        "Red, green, blue from 0 to 255, or #rrggbb.",
        lambda value: value.background is not None,
    ),
    "flatten": Field(
        "one row",
        lambda value: _switch(value.flatten),
        _override("flatten"),
        _SWITCH,
        "The pixels go in as one row of numbers, for networks that begin with a linear layer.",
    ),
}
"""All of them, in the order of the form."""
