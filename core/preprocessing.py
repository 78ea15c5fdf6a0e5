"""The values that turn an image into a tensor.  Data, never code; applied in ``core/tensors.py``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

from core.errors import PreprocessingError

Resize = Literal["shorter", "exact", "pad", "none"]
Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos"]
Channels = Literal["rgb", "bgr", "grey"]
Triple = tuple[float, ...]

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How an image becomes a network's input, in the order of the fields.

    Attributes:
        exif: turn the image upright as its EXIF orientation says.
        background: colour (red, green, blue, 0..255) under transparent pixels; ``None`` drops the
            transparency as training loaders do, showing whatever colour lies beneath.
        channels: order and number of channels that the network takes.
        resize: ``shorter`` brings the shorter side to ``size``, keeping proportions; ``exact`` makes
            height and width ``size``; ``pad`` fits the longer side and fills the rest; ``none`` leaves it.
        size: height and width in pixels; for ``shorter`` both are the same number.
        interpolation: how pixels are blended; antialias is always on, as torchvision has it.
        crop: height and width in pixels of a centre crop; ``None`` for no crop.
        mean, std: subtracted and divided by, a value a channel, on a 0..1 scale.
    """

    exif: bool = True
    background: tuple[int, int, int] | None = None
    channels: Channels = "rgb"
    resize: Resize = "shorter"
    size: tuple[int, int] = (256, 256)
    interpolation: Interpolation = "bilinear"
    crop: tuple[int, int] | None = (224, 224)
    mean: Triple = IMAGENET_MEAN
    std: Triple = IMAGENET_STD

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

    def describe(self) -> str:
        """One short line for a person, such as ``shorter side 256, crop 224, ImageNet mean and std``."""
        height, width = self.size
        sides = f"{height}" if height == width else f"{width} x {height}"
        parts = {
            "shorter": [f"shorter side {height}"],
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
        if not self.exif:
            parts.append("EXIF ignored")
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
    "cifar10": Preprocessing(
        size=(32, 32), crop=(32, 32), mean=(0.4914, 0.4822, 0.4465), std=(0.2470, 0.2435, 0.2616)
    ),
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
        "crop": None if value.crop is None else list(value.crop),
        "mean": list(value.mean),
        "std": list(value.std),
    }


def from_dict(data: Mapping[str, object]) -> Preprocessing:
    """Read what ``to_dict`` wrote.

    Raises:
        PreprocessingError: a key is missing, unknown or of the wrong kind.
    """
    base = Preprocessing()
    unknown = set(data) - set(to_dict(base))
    if unknown:
        raise _unreadable(f"it has the unknown entry {sorted(unknown)[0]!r}")
    try:
        channels, resize, interpolation = (
            _one_of(data, "channels", ("rgb", "bgr", "grey"), base.channels),
            _one_of(data, "resize", ("shorter", "exact", "pad", "none"), base.resize),
            _one_of(data, "interpolation", ("nearest", "bilinear", "bicubic", "lanczos"), base.interpolation),
        )
        background, crop = (_numbers(data, name) for name in ("background", "crop"))
        size = _numbers(data, "size") or base.size
        return replace(
            base,
            exif=bool(data.get("exif", base.exif)),
            background=cast("tuple[int, int, int] | None", background and tuple(int(v) for v in background)),
            channels=cast(Channels, channels),
            resize=cast(Resize, resize),
            size=(int(size[0]), int(size[1])),
            interpolation=cast(Interpolation, interpolation),
            crop=base.crop if "crop" not in data else crop and (int(crop[0]), int(crop[1])),
            mean=_numbers(data, "mean") or base.mean,
            std=_numbers(data, "std") or base.std,
        )
    except (TypeError, ValueError, IndexError) as error:
        raise _unreadable(str(error)) from error


def _unreadable(why: str) -> PreprocessingError:
    return PreprocessingError(
        "These preprocessing values cannot be read.", f"The reason: {why}.", "Choose a preset, such as imagenet."
    )


def _one_of(data: Mapping[str, object], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = data.get(name, default)
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}, and can be {', '.join(allowed)}")
    return str(value)


def _numbers(data: Mapping[str, object], name: str) -> tuple[float, ...] | None:
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, list):
        raise ValueError(f"{name} is not a list of numbers")
    return tuple(float(v) for v in cast("list[float]", value))
