"""The values that turn an image into a tensor.  Data, never code; applied in ``core/tensors.py``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

from core.errors import PreprocessingError

Resize = Literal["shorter", "exact", "pad", "none"]
Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos"]
Channels = Literal["rgb", "bgr", "grey", "grey3"]
Range = Literal["0..1", "0..255", "-1..1"]
Crops = Literal[1, 5, 10]
Triple = tuple[float, ...]
Colour = tuple[int, int, int]

RESIZES: tuple[str, ...] = get_args(Resize)
INTERPOLATIONS: tuple[str, ...] = get_args(Interpolation)
CHANNELS: tuple[str, ...] = get_args(Channels)
RANGES: tuple[str, ...] = get_args(Range)
CROPS: tuple[int, ...] = get_args(Crops)

_LARGEST_VALUE = 10.0
"""A mean or std above this was meant for pixels from 0 to 255."""

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How an image becomes a network's input, in the order of the fields.

    Attributes:
        exif: turn the image upright as its EXIF orientation says.
        background: colour (red, green, blue, 0..255) under transparent pixels; ``None`` drops the
            transparency as training loaders do, showing whatever colour lies beneath.
        channels: order and number of channels that the network takes; ``grey3`` is grey, three times.
        resize: ``shorter`` brings the shorter side to ``size``, keeping proportions; ``exact`` makes
            height and width ``size``; ``pad`` fits the image into ``size`` and fills the rest; ``none`` leaves it.
        size: height and width in pixels; where they differ, ``shorter`` covers both, as timm does.
        interpolation: how pixels are blended.
        antialias: blend all pixels that a smaller one covers, as Pillow and torchvision do; off, as OpenCV does and
            torchvision did for tensors, takes the few around its centre.
        crop: height and width in pixels of a centre crop; ``None`` for no crop.  A smaller image is padded
            with zeros (before mean and std), as torchvision does, or with ``fill`` after ``pad``.
        crops: 1 for the centre crop alone; 5 for the corners and the centre, 10 for these and their mirror
            images, whose scores are averaged (Krizhevsky et al., 2012; torchvision's ``FiveCrop``, ``TenCrop``).
        invert: dark becomes light, before the values are scaled.
        range: the scale that 0..255 pixels are brought to before mean and std.
        mean, std: subtracted and divided by, a value a channel, on the scale of ``range``.
        fill: colour (red, green, blue, 0..255) that ``pad`` fills with.
        flatten: the image goes in as one row of numbers, channel by channel and line by line, for networks
            that begin with a linear layer; the size must be fixed.
    """

    exif: bool = True
    background: Colour | None = None
    channels: Channels = "rgb"
    resize: Resize = "shorter"
    size: tuple[int, int] = (256, 256)
    interpolation: Interpolation = "bilinear"
    antialias: bool = True
    crop: tuple[int, int] | None = (224, 224)
    crops: Crops = 1
    invert: bool = False
    range: Range = "0..1"
    mean: Triple = IMAGENET_MEAN
    std: Triple = IMAGENET_STD
    fill: Colour = (0, 0, 0)
    flatten: bool = False

    def __post_init__(self) -> None:
        count = 1 if self.channels == "grey" else 3
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) != count or not all(math.isfinite(v) for v in values):
                raise PreprocessingError(
                    f"The preprocessing's {name} is not usable.",
                    f"It must be {count} finite number(s) for {self.channels} input, and is {values}.",
                    "Give a number a channel, such as 0.485,0.456,0.406.",
                )
        if any(v <= 0 for v in self.std):
            raise PreprocessingError(
                "The preprocessing's std is not usable.",
                f"Every value must be above 0, and it is {self.std}.",
                "Give positive numbers, such as 0.229,0.224,0.225.",
            )
        for name, side in (("size", self.size), ("crop", self.crop or (1, 1))):
            if not all(1 <= v <= 8192 for v in side):
                raise PreprocessingError(
                    f"The preprocessing's {name} is not usable.",
                    f"Sides must be 1 to 8192 pixels, and are {side}.",
                    "Give a size such as 224.",
                )
        for name, colour in (("background", self.background or (0, 0, 0)), ("fill", self.fill)):
            if len(colour) != 3 or not all(0 <= v <= 255 for v in colour):
                raise PreprocessingError(
                    f"The preprocessing's {name} is not usable.",
                    f"A colour is three numbers from 0 to 255 (red, green, blue), and it is {colour}.",
                    "Give a colour such as 255,255,255 for white.",
                )
        if self.flatten and self.crop is None and self.resize in ("none", "shorter"):
            raise PreprocessingError(
                "The preprocessing's flatten is not usable.",
                "Images would become rows of different lengths, as their size is not fixed.",
                "Resize to an exact size such as 28x28, or add a crop.",
            )

    def describe(self) -> str:
        """One short line for a person, such as ``shorter side 256, crop 224, ImageNet mean and std``."""
        height, width = self.size
        sides = f"{height}" if height == width else f"{width} x {height}"
        parts = {
            "shorter": [f"shorter side {height}" if height == width else f"covering {sides}"],
            "exact": [f"exactly {width} x {height}"],
            "pad": [f"padded to {sides}"],
            "none": ["size kept"],
        }[self.resize]
        if self.crop is not None:
            high, wide = self.crop
            parts.append(f"centre {high}" if high == wide else f"centre {wide} x {high}")
        if self.interpolation != "bilinear":
            parts.append(self.interpolation)
        if self.channels != "rgb":
            parts.append(self.channels.upper() if self.channels == "bgr" else "grey")
        parts.append(_scale_name(self.mean, self.std))
        if self.background is not None:
            parts.append("transparency on {},{},{}".format(*self.background))
        if not self.exif:
            parts.append("EXIF ignored")
        if self.flatten:
            parts.append("as one row")
        return ", ".join(parts)


def _scale_name(mean: Triple, std: Triple) -> str:
    if (mean, std) == (IMAGENET_MEAN, IMAGENET_STD):
        return "ImageNet mean and std"
    if set(mean) == {0.0} and set(std) == {1.0}:
        return "0 to 1"
    if set(mean) == {0.5} and set(std) == {0.5}:
        return "-1 to 1"
    shown = (",".join(f"{v:.4g}" for v in values) for values in (mean, std))
    return "mean {} std {}".format(*shown)


PRESETS: Mapping[str, Preprocessing] = {
    "imagenet": Preprocessing(),
    "cifar10": Preprocessing(size=(32, 32), crop=(32, 32), mean=(0.4914, 0.4822, 0.4465), std=(0.2470, 0.2435, 0.2616)),
    "half": Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
    "mnist": Preprocessing(channels="grey", resize="exact", size=(28, 28), crop=None, mean=(0.1307,), std=(0.3081,)),
    "clip": Preprocessing(
        size=(224, 224),
        interpolation="bicubic",
        mean=(0.48145466, 0.4578275, 0.40821073),
        std=(0.26862954, 0.26130258, 0.27577711),
    ),
    "none": Preprocessing(resize="none", crop=None, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)),
}
"""Named starting points; ``none`` only scales pixels to 0..1."""


def to_dict(value: Preprocessing) -> dict[str, object]:
    """Plain JSON types, for settings and files; ``from_dict`` reads it back."""
    return {
        "exif": value.exif,
        "background": None if value.background is None else list(value.background),
        "channels": value.channels,
        "resize": value.resize,
        "size": list(value.size),
        "interpolation": value.interpolation,
        "antialias": value.antialias,
        "crop": None if value.crop is None else list(value.crop),
        "crops": value.crops,
        "invert": value.invert,
        "range": value.range,
        "mean": list(value.mean),
        "std": list(value.std),
        "fill": list(value.fill),
        "flatten": value.flatten,
    }


def from_dict(data: Mapping[str, object]) -> Preprocessing:
    """Read what ``to_dict`` wrote; what is missing has its default.

    Raises:
        PreprocessingError: an entry is unknown or of the wrong kind.
    """
    known = to_dict(Preprocessing())
    unknown = sorted(str(name) for name in data if name not in known)
    if unknown:
        raise _unreadable(f"it has the unknown entry {unknown[0]!r}")
    complete = {**known, **data}
    optional = {name: complete[name] is not None for name in ("background", "crop")}
    return Preprocessing(
        exif=_truth(complete, "exif"),
        background=_colour(complete, "background") if optional["background"] else None,
        channels=cast(Channels, _one_of("channels", complete["channels"], CHANNELS)),
        resize=cast(Resize, _one_of("resize", complete["resize"], RESIZES)),
        size=_pair(complete, "size"),
        interpolation=cast(Interpolation, _one_of("interpolation", complete["interpolation"], INTERPOLATIONS)),
        antialias=_truth(complete, "antialias"),
        crop=_pair(complete, "crop") if optional["crop"] else None,
        crops=cast(Crops, _integers({"crops": [complete["crops"]]}, "crops", 1)[0]),
        invert=_truth(complete, "invert"),
        range=cast(Range, _one_of("range", complete["range"], RANGES)),
        mean=_numbers(complete, "mean"),
        std=_numbers(complete, "std"),
        fill=_colour(complete, "fill"),
        flatten=_truth(complete, "flatten"),
    )


def parse_overrides(base: Preprocessing, overrides: Mapping[str, str]) -> Preprocessing:
    """Change single values as a command line says.

    Args:
        base: what is changed.
        overrides: any of ``resize`` (``256`` for the shorter side, ``320x240`` for exactly that width and
            height, ``pad:224`` or ``pad:320x240``, ``none``), ``crop`` (``224``, ``320x240``, ``none``),
            ``mean`` and ``std`` (``0.485,0.456,0.406``; one number serves all channels), ``interpolation``,
            ``channels``, ``exif`` (``on``, ``off``).  New channels without a new mean or std get the mean of
            the old values.

    Raises:
        PreprocessingError: a value is not understood; the message names the option.
    """
    changes: dict[str, Any] = {}
    for name, text in overrides.items():
        parse = _OVERRIDES.get(name)
        if parse is None:
            raise _unreadable(f"there is no {name!r} to change; there are {', '.join(_OVERRIDES)}")
        changes.update(parse(text.strip().lower()))
    count = 1 if changes.get("channels", base.channels) == "grey" else 3
    for name, old in (("mean", base.mean), ("std", base.std)):
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


def _parse_exif(text: str) -> dict[str, object]:
    return {"exif": _one_of("exif", text, ("on", "off")) == "on"}


def _parse_sides(name: str, text: str) -> tuple[int, int]:
    """``224`` or ``WIDTHxHEIGHT`` to height and width."""
    sides = text.split("x")
    # isdecimal() alone would take other scripts' digits, which is no harm, and long ones, which int() refuses.
    if len(sides) > 2 or not all(side.isascii() and side.isdecimal() and len(side) < 6 for side in sides):
        also = ", pad:224" if name == "resize" else ""
        raise _misread(name, text, f"a size such as 224 or 320x240 (width x height){also} or none")
    return int(sides[-1]), int(sides[0])


def _parse_values(name: str, text: str) -> dict[str, object]:
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise _misread(name, text, "numbers with commas between, such as 0.5,0.5,0.5") from None
    if any(value > _LARGEST_VALUE for value in values):
        raise _misread(name, text, "on a scale from 0 to 1: divide numbers on a scale to 255 by 255")
    return {name: values}


_OVERRIDES: Mapping[str, Callable[[str], dict[str, object]]] = {
    "resize": _parse_resize,
    "crop": _parse_crop,
    "mean": lambda text: _parse_values("mean", text),
    "std": lambda text: _parse_values("std", text),
    "interpolation": lambda text: {"interpolation": _one_of("interpolation", text, INTERPOLATIONS)},
    "channels": lambda text: {"channels": _one_of("channels", text, CHANNELS)},
    "exif": _parse_exif,
}


def _unreadable(why: str) -> PreprocessingError:
    return PreprocessingError(
        "These preprocessing values cannot be read.", f"The reason: {why}.", "Choose a preset, such as imagenet."
    )


def _misread(name: str, text: str, wanted: str) -> PreprocessingError:
    return PreprocessingError(
        f"The preprocessing's {name} is not understood.", f"It is {text!r}, and should be {wanted}.", "Correct it."
    )


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise _misread(name, str(value), f"one of {', '.join(allowed)}")
    return value


def _truth(data: Mapping[str, object], name: str) -> bool:
    value = data[name]
    if not isinstance(value, bool):
        raise _unreadable(f"{name} is {value!r}, and can be true or false")
    return value


def _numbers(data: Mapping[str, object], name: str) -> tuple[float, ...]:
    value = data[name]
    if not isinstance(value, (list, tuple)):
        raise _unreadable(f"{name} is not a list of numbers")
    items = cast("Sequence[object]", value)
    if not all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in items):
        raise _unreadable(f"{name} holds something that is no number")
    try:
        return tuple(float(cast(float, item)) for item in items)
    except OverflowError:
        raise _unreadable(f"{name} holds a number that is too large") from None


def _integers(data: Mapping[str, object], name: str, count: int) -> tuple[int, ...]:
    values = _numbers(data, name)
    if len(values) != count or not all(value.is_integer() for value in values):
        raise _unreadable(f"{name} is not {count} whole numbers")
    return tuple(int(value) for value in values)


def _pair(data: Mapping[str, object], name: str) -> tuple[int, int]:
    first, second = _integers(data, name, 2)
    return first, second


def _colour(data: Mapping[str, object], name: str) -> Colour:
    red, green, blue = _integers(data, name, 3)
    return red, green, blue
