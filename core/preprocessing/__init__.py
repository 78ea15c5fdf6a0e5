"""The values that turn an image into a tensor, their presets, and the ecosystem's ways to write them.

Data, never code; applied in ``core/tensors.py``.
"""

from core.preprocessing.overrides import OVERRIDES, parse_overrides
from core.preprocessing.presets import PRESET_NAMES, PRESETS, preset_of
from core.preprocessing.values import (
    CHANNELS,
    CROPS,
    IMAGENET_MEAN,
    IMAGENET_STD,
    INTERPOLATIONS,
    RANGES,
    RESIZES,
    Channels,
    Colour,
    Crops,
    Interpolation,
    Preprocessing,
    Range,
    Resize,
    Triple,
    from_dict,
    to_dict,
)

__all__ = [
    "CHANNELS",
    "CROPS",
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "INTERPOLATIONS",
    "OVERRIDES",
    "PRESETS",
    "PRESET_NAMES",
    "RANGES",
    "RESIZES",
    "Channels",
    "Colour",
    "Crops",
    "Interpolation",
    "Preprocessing",
    "Range",
    "Resize",
    "Triple",
    "from_dict",
    "parse_overrides",
    "preset_of",
    "to_dict",
]
