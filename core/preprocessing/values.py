"""``Preprocessing``: the values, which of them go together, in words, and as plain JSON types."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args

from core.errors import PreprocessingError
from core.showing import counted

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

_LARGEST: Mapping[str, float] = {"0..1": 10.0, "0..255": 2550.0, "-1..1": 10.0}
"""A mean or std beyond this was meant for another range."""

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
        _check_words(self)
        _check_scale(self)
        for name, side in (("size", self.size), ("crop", self.crop or (1, 1))):
            if not all(1 <= v <= 8192 for v in side):
                raise _unusable(name, f"Sides must be 1 to 8192 pixels, and are {side}.", "Give a size such as 224.")
        for name, colour in (("background", self.background or (0, 0, 0)), ("fill", self.fill)):
            if len(colour) != 3 or not all(0 <= v <= 255 for v in colour):
                raise _unusable(
                    name,
                    f"A colour is three numbers from 0 to 255 (red, green, blue), and it is {colour}.",
                    "Give a colour such as 255,255,255 for white.",
                )
        _check_together(self)

    def describe(self) -> str:
        """One short line for a person, such as ``shorter side 256, centre 224, ImageNet mean and std``.

        What is not as usual is always in it.
        """
        parts = [_resize_name(self)]
        # A crop of all that there is takes nothing away.
        whole = self.resize in ("exact", "pad") and self.crop == self.size and self.crops == 1
        if self.crop is not None and not whole:
            parts.append(_crop_name(self.crop, self.crops))
        if self.interpolation != "bilinear":
            parts.append(self.interpolation)
        if not self.antialias:
            parts.append("not antialiased")
        if self.channels != "rgb":
            parts.append({"bgr": "BGR", "grey": "grey", "grey3": "grey on three channels"}[self.channels])
        if self.invert:
            parts.append("inverted")
        parts.append(_scale_name(self))
        if self.background is not None:
            parts.append("transparency on {},{},{}".format(*self.background))
        if not self.exif:
            parts.append("EXIF ignored")
        if self.flatten:
            parts.append("as one row")
        return ", ".join(parts)


def _check_words(value: Preprocessing) -> None:
    for name, word, allowed in (
        ("channels", value.channels, CHANNELS),
        ("resize", value.resize, RESIZES),
        ("interpolation", value.interpolation, INTERPOLATIONS),
        ("range", value.range, RANGES),
        ("crops", value.crops, CROPS),
    ):
        if word not in allowed:
            choices = ", ".join(map(str, allowed))
            raise _unusable(name, f"It is {word!r}, and can be one of {choices}.", f"Choose one of {choices}.")


def _check_scale(value: Preprocessing) -> None:
    count = 1 if value.channels == "grey" else 3
    for name, values in (("mean", value.mean), ("std", value.std)):
        if len(values) != count or not all(math.isfinite(v) for v in values):
            raise _unusable(
                name,
                f"It must be {counted(count, 'finite number')} for {value.channels} input, and is {values}.",
                "Give a number a channel, such as 0.485,0.456,0.406.",
            )
        if any(abs(v) > _LARGEST[value.range] for v in values):
            also = ", or choose the range 0..255" if value.range == "0..1" else ""
            raise _unusable(
                name,
                f"It goes with values from {_range_name(value.range)}, and is {values}.",
                f"Divide numbers on a scale to 255 by 255{also}.",
            )
    if any(v <= 0 for v in value.std):
        raise _unusable(
            "std",
            f"Every value must be above 0, and it is {value.std}.",
            "Give positive numbers, such as 0.229,0.224,0.225.",
        )


def _check_together(value: Preprocessing) -> None:
    """What only makes sense, or makes none, with the other values."""
    if value.flatten and value.crop is None and value.resize in ("none", "shorter"):
        raise _unusable(
            "flatten",
            "Images would become rows of different lengths, as their size is not fixed.",
            "Resize to an exact size such as 28x28, or add a crop.",
        )
    if value.interpolation == "lanczos" and not value.antialias:
        # So do torchvision's resize functions.
        raise _unusable(
            "interpolation", "lanczos always antialiases.", "Choose bilinear or bicubic, or turn antialias on."
        )
    if value.crops == 1:
        return
    if value.crop is None:
        raise _unusable("crops", f"{value.crops} crops need the size of a crop.", "Give a crop such as 224.")
    if value.flatten:
        raise _unusable("crops", "An image that goes in as one row is one view.", "Choose one crop, or no row.")
    if value.resize != "none" and any(want > have for want, have in zip(value.crop, value.size, strict=True)):
        raise _unusable(
            "crops",
            f"A crop of {value.crop} has no corners to lie in within images of {value.size}.",
            "Choose a smaller crop, or resize to a larger size.",
        )


def _unusable(name: str, why: str, remedy: str) -> PreprocessingError:
    return PreprocessingError(f"The preprocessing's {name} is not usable.", why, remedy)


def _resize_name(value: Preprocessing) -> str:
    height, width = value.size
    sides = f"{height}" if height == width else f"{width} x {height}"
    if value.resize == "shorter":
        return f"shorter side {height}" if height == width else f"covering {sides}"
    if value.resize == "exact":
        return f"exactly {width} x {height}"
    if value.resize == "pad":
        return f"padded to {sides}" + (" with {},{},{}".format(*value.fill) if any(value.fill) else "")
    return "size kept"


def _crop_name(crop: tuple[int, int], crops: int) -> str:
    high, wide = crop
    sides = f"{high}" if high == wide else f"{wide} x {high}"
    return {1: f"centre {sides}", 5: f"five crops of {sides}", 10: f"ten crops of {sides}"}[crops]


def _range_name(range_: Range) -> str:
    return range_.replace("..", " to ")


def _scale_name(value: Preprocessing) -> str:
    mean, std, range_ = value.mean, value.std, value.range
    if set(mean) == {0.0} and set(std) == {1.0}:
        return _range_name(range_)
    on = "" if range_ == "0..1" else f" on {_range_name(range_)}"
    if (mean, std) == (IMAGENET_MEAN, IMAGENET_STD):
        return f"ImageNet mean and std{on}"
    if not on and set(mean) == {0.5} and set(std) == {0.5}:
        return "-1 to 1"
    shown = (",".join(f"{v:.4g}" for v in values) for values in (mean, std))
    return "mean {} std {}".format(*shown) + on


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
        raise unreadable(f"it has the unknown entry {unknown[0]!r}")
    complete = {**known, **data}
    optional = {name: complete[name] is not None for name in ("background", "crop")}
    return Preprocessing(
        exif=_truth(complete, "exif"),
        background=_colour(complete, "background") if optional["background"] else None,
        channels=cast(Channels, one_of("channels", complete["channels"], CHANNELS)),
        resize=cast(Resize, one_of("resize", complete["resize"], RESIZES)),
        size=_pair(complete, "size"),
        interpolation=cast(Interpolation, one_of("interpolation", complete["interpolation"], INTERPOLATIONS)),
        antialias=_truth(complete, "antialias"),
        crop=_pair(complete, "crop") if optional["crop"] else None,
        crops=_crops(complete),
        invert=_truth(complete, "invert"),
        range=cast(Range, one_of("range", complete["range"], RANGES)),
        mean=_numbers(complete, "mean"),
        std=_numbers(complete, "std"),
        fill=_colour(complete, "fill"),
        flatten=_truth(complete, "flatten"),
    )


def unreadable(why: str) -> PreprocessingError:
    """The error for values that make no ``Preprocessing``."""
    return PreprocessingError(
        "These preprocessing values cannot be read.", f"The reason: {why}.", "Choose a preset, such as imagenet."
    )


def one_of(name: str, value: object, allowed: tuple[str, ...]) -> str:
    """A word that is among those allowed.

    Raises:
        PreprocessingError: it is another, or no word.
    """
    if not isinstance(value, str) or value not in allowed:
        raise misread(name, str(value), f"one of {', '.join(allowed)}")
    return value


def misread(name: str, text: str, wanted: str) -> PreprocessingError:
    """The error for a value that is written in a way that is not understood."""
    return PreprocessingError(
        f"The preprocessing's {name} is not understood.", f"It is {text!r}, and should be {wanted}.", "Correct it."
    )


def _truth(data: Mapping[str, object], name: str) -> bool:
    value = data[name]
    if not isinstance(value, bool):
        raise unreadable(f"{name} is {value!r}, and can be true or false")
    return value


def _numbers(data: Mapping[str, object], name: str) -> tuple[float, ...]:
    value = data[name]
    if not isinstance(value, (list, tuple)):
        raise unreadable(f"{name} is not a list of numbers")
    items = cast("Sequence[object]", value)
    if not all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in items):
        raise unreadable(f"{name} holds something that is no number")
    try:
        return tuple(float(cast(float, item)) for item in items)
    except OverflowError:
        raise unreadable(f"{name} holds a number that is too large") from None


def _integers(data: Mapping[str, object], name: str, count: int) -> tuple[int, ...]:
    values = _numbers(data, name)
    if len(values) != count or not all(value.is_integer() for value in values):
        raise unreadable(f"{name} is not {count} whole numbers")
    return tuple(int(value) for value in values)


def _pair(data: Mapping[str, object], name: str) -> tuple[int, int]:
    first, second = _integers(data, name, 2)
    return first, second


def _colour(data: Mapping[str, object], name: str) -> Colour:
    red, green, blue = _integers(data, name, 3)
    return red, green, blue


def _crops(data: Mapping[str, object]) -> Crops:
    value = data["crops"]
    if isinstance(value, bool) or value not in CROPS:
        raise misread("crops", str(value), f"one of {', '.join(map(str, CROPS))}")
    return cast(Crops, value)
