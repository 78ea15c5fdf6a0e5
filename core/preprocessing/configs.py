"""Preprocessing as configurations of timm, of Hugging Face's transformers and of Whatsit describe it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from core.errors import PreprocessingError
from core.preprocessing.plain import interpolation_of, numbers_of, real, sequence, sides_of, whole
from core.preprocessing.presets import PRESETS
from core.preprocessing.values import IMAGENET_MEAN, IMAGENET_STD, Preprocessing, from_dict, to_dict

Json = Mapping[str, object]

_TIMM_KEYS = ("input_size", "crop_pct", "crop_mode", "interpolation", "mean", "std")
_HUGGING_FACE_KEYS = (
    "image_mean", "do_resize", "do_normalize", "do_rescale", "image_processor_type", "feature_extractor_type",
)  # fmt: skip
_OWN_KEYS = frozenset(to_dict(Preprocessing()))
_SHORTER_EDGE_TYPES = ("CLIP", "ConvNext", "Levit", "MobileNet", "MobileViT", "PoolFormer", "Bit")
"""Hugging Face image processors that take a bare ``size`` for the shorter side; all others for both."""


def parse_preprocessing(config: Json) -> Preprocessing | None:
    """Preprocessing from a configuration in any of the forms that are known: timm's, Hugging Face's, Whatsit's own.

    Returns:
        ``None`` where the configuration does not speak of it.

    Raises:
        PreprocessingError: it does, but makes no sense.
    """
    own = config.get("preprocessing")
    if isinstance(own, dict):
        return from_dict(cast(Json, own))
    if "resize" in config and set(config) <= _OWN_KEYS:
        return from_dict(config)
    nested = config.get("pretrained_cfg")
    timm = {**config, **cast(Json, nested)} if isinstance(nested, dict) else config
    try:
        # Some of Hugging Face's processors have timm's crop_pct, too, and one of them holds all that timm says.
        if any(key in config for key in _HUGGING_FACE_KEYS) and not isinstance(nested, dict):
            return _from_hugging_face(config)
        if any(key in timm for key in _TIMM_KEYS):
            return _from_timm(timm)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError, AttributeError) as error:
        raise PreprocessingError(
            "The preprocessing in the configuration cannot be read.",
            f"The reason: {error}.",
            f"Choose a preset: {', '.join(PRESETS)}.",
        ) from error
    return None


def _from_timm(config: Json) -> Preprocessing:
    """timm's evaluation transform (``timm/data/transforms_factory.py``); the ``test_*`` values win."""
    size = config.get("test_input_size") or config.get("input_size") or (3, 224, 224)
    channels, height, width = (whole(number) for number in sequence("input_size", size, 3))
    crop_pct = real(config.get("test_crop_pct") or config.get("crop_pct") or 0.875)
    scale = (math.floor(height / crop_pct), math.floor(width / crop_pct))
    interpolation = interpolation_of(config.get("interpolation") or "bicubic")
    mode = config.get("crop_mode") or "center"
    count = 1 if channels == 1 else 3
    mean = numbers_of("mean", config.get("mean") or IMAGENET_MEAN, count)
    std = numbers_of("std", config.get("std") or IMAGENET_STD, count)
    shared: dict[str, Any] = {
        "channels": "grey" if channels == 1 else "rgb",
        "size": scale,
        "crop": (height, width),
        "mean": mean,
        "std": std,
    }
    if mode == "squash":
        return Preprocessing(resize="exact", interpolation=interpolation, **shared)
    if mode == "border":
        fill = tuple(min(255, max(0, round(255 * value))) for value in (mean * 3 if count == 1 else mean))
        return Preprocessing(
            resize="pad", interpolation=interpolation, fill=cast("tuple[int, int, int]", fill), **shared
        )
    if mode != "center":
        raise ValueError(f"the crop mode {mode!r} is not known")
    return Preprocessing(interpolation=interpolation, **shared)


def _from_hugging_face(config: Json) -> Preprocessing:
    """An image processor of Hugging Face's transformers: resize, centre crop, rescale, normalise."""
    kind = _kind(config)
    changes: dict[str, Any] = {"resize": "none", "crop": None}
    if config.get("do_resize", True):
        changes.update(_hugging_face_resize(config))
    if config.get("do_center_crop") and config.get("crop_size") is not None:
        changes["crop"] = sides_of("crop_size", config["crop_size"])
    is_mobile_vit = kind.startswith("MobileViT")
    if config.get("do_flip_channel_order", is_mobile_vit):
        changes["channels"] = "bgr"
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    if config.get("do_normalize", not is_mobile_vit):
        mean = numbers_of("image_mean", config.get("image_mean") or IMAGENET_MEAN, 3)
        std = numbers_of("image_std", config.get("image_std") or IMAGENET_STD, 3)
        if kind.startswith("EfficientNet") and config.get("include_top"):
            # It divides by the std a second time, as its original was trained with.
            std = tuple(value * value for value in std)
    if config.get("do_grayscale"):
        changes["channels"] = "grey3"
    return Preprocessing(**changes, **_hugging_face_scale(config, mean, std))


def _hugging_face_scale(config: Json, mean: tuple[float, ...], std: tuple[float, ...]) -> dict[str, Any]:
    """Range, mean and std: a pixel p from 0 to 255 becomes (p * factor - offset - mean) / std."""
    if not config.get("do_rescale", True):
        return {"range": "0..255", "mean": mean, "std": std}
    factor = 255 * real(config.get("rescale_factor") or 1 / 255)
    offset = 1.0 if config.get("rescale_offset") else 0.0
    if offset and math.isclose(factor, 2.0, rel_tol=1e-4):
        return {"range": "-1..1", "mean": mean, "std": std}
    factor = 1.0 if math.isclose(factor, 1.0, rel_tol=1e-4) else factor
    return {"mean": tuple((v + offset) / factor for v in mean), "std": tuple(v / factor for v in std)}


def _kind(config: Json) -> str:
    """Which image processor it is, such as ``CLIPImageProcessor``."""
    return str(config.get("image_processor_type") or config.get("feature_extractor_type") or "")


def _hugging_face_resize(config: Json) -> dict[str, object]:
    kind = _kind(config)
    size: object = config.get("size", 224)
    interpolation = interpolation_of(config.get("resample", 2))
    by_shorter = isinstance(size, int) and kind.startswith(_SHORTER_EDGE_TYPES)
    if isinstance(size, dict) and "shortest_edge" in cast(Json, size):
        by_shorter = True
    height, width = sides_of("size", cast(object, size))
    if not by_shorter:
        return {"resize": "exact", "size": (height, width), "interpolation": interpolation}
    is_convnext = kind.startswith("ConvNext")
    crop_pct = config.get("crop_pct") or (224 / 256 if is_convnext else None)
    if is_convnext and height >= 384:
        # It warps large inputs, and crops small ones.
        return {"resize": "exact", "size": (height, height), "interpolation": interpolation}
    if crop_pct:
        scale = int(height / real(crop_pct))
        resized: dict[str, object] = {"resize": "shorter", "size": (scale, scale), "interpolation": interpolation}
        return {**resized, "crop": (height, height)} if is_convnext else resized
    if kind.startswith("Levit"):
        height = int(height * 256 / 224)
    return {"resize": "shorter", "size": (height, height), "interpolation": interpolation}


_CROP_MODES = {"shorter": "center", "exact": "squash", "pad": "border"}


def to_timm(preprocessing: Preprocessing) -> dict[str, object] | None:
    """timm's ``pretrained_cfg`` of the same preprocessing.

    timm knows neither the orientation of photos nor what lies under transparent pixels; these are left out.

    Returns:
        ``None`` where timm cannot say it: blue before red, several crops, rows, inverted or not antialiased pixels,
        other sizes and colours than its own.
    """
    value = preprocessing
    unknown = (
        value.channels in ("bgr", "grey3"), value.crops > 1, value.flatten, value.invert, not value.antialias,
        value.resize == "none", value.resize == "shorter" and value.crop is None,
    )  # fmt: skip
    if any(unknown):
        return None
    crop = value.crop or value.size
    crop_pct = _crop_pct(crop, value.size)
    # Of what is from 0 to 255 and from -1 to 1, the same from 0 to 1.
    scale, shift = {"0..1": (1.0, 0.0), "0..255": (255.0, 0.0), "-1..1": (2.0, 1.0)}[value.range]
    config: dict[str, object] = {
        "input_size": [len(value.mean), *crop],
        "fixed_input_size": False,
        "interpolation": value.interpolation,
        "crop_pct": crop_pct,
        "crop_mode": _CROP_MODES[value.resize],
        "mean": [(number + shift) / scale for number in value.mean],
        "std": [number / scale for number in value.std],
    }
    read = _from_timm(config)
    # A crop that cuts nothing is none; the scale is what was converted.
    same = replace(value, exif=True, background=None, crop=crop, range="0..1", mean=read.mean, std=read.std)
    if value.resize != "pad":
        same = replace(same, fill=read.fill)
    return config if read == same else None


def _crop_pct(crop: tuple[int, int], size: tuple[int, int]) -> float:
    """The share for which timm's floor(crop / share) is the size, in as few digits as will do; 1.0 if there is none."""
    for share in (*(round(crop[0] / size[0], digits) for digits in range(1, 8)), crop[0] / (size[0] + 0.5)):
        if share > 0 and all(math.floor(side / share) == wanted for side, wanted in zip(crop, size, strict=True)):
            return share
    return 1.0
