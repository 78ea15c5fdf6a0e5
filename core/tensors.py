"""Applies a ``Preprocessing`` to an image.

Every step is the one that torchvision takes for Pillow images (``torchvision/transforms/functional.py``:
``resize``, ``center_crop``, ``to_tensor``, ``normalize``), so that scores equal those of a training script.
"""

from __future__ import annotations

import numpy as np
import torch
from PIL.Image import Image, Resampling
from PIL.Image import new as new_image
from torch import Tensor

from core.errors import ImageError
from core.images import DecodedImage
from core.preprocessing import Preprocessing

MAX_PIXELS = 250_000_000
"""Width times height of the largest image that resizing may make."""

_SAMPLING = {
    "nearest": Resampling.NEAREST,
    "bilinear": Resampling.BILINEAR,
    "bicubic": Resampling.BICUBIC,
    "lanczos": Resampling.LANCZOS,
}


def to_tensor(image: DecodedImage, preprocessing: Preprocessing) -> Tensor:
    """The network's input for one image.

    Returns:
        float32, (C, H, W), C being 1 for ``grey`` and 3 otherwise; (C * H * W,) with ``flatten``.

    Raises:
        ImageError: so long and thin that resizing it would fill the memory (and no crop makes it small),
            or its colours cannot be converted.
    """
    pixels = image.rgb(preprocessing.exif, preprocessing.background)
    if preprocessing.channels == "grey":
        pixels = pixels.convert("L")
    pixels = _cropped(_resized(pixels, preprocessing), preprocessing)
    tensor = _normalised(pixels, preprocessing)
    return tensor.flatten() if preprocessing.flatten else tensor


def resized_size(width: int, height: int, preprocessing: Preprocessing) -> tuple[int, int]:
    """Width and height after the resize step, in pixels, before any padding or crop."""
    high, wide = preprocessing.size
    if preprocessing.resize == "exact":
        return wide, high
    if preprocessing.resize == "none":
        return width, height
    if preprocessing.resize == "shorter" and high == wide:
        # torchvision cuts the longer side down to a whole number; it does not round.
        return (wide, int(wide * height / width)) if width <= height else (int(high * width / height), high)
    # timm's ResizeKeepRatio: cover the size, or fit into it.
    choose = min if preprocessing.resize == "shorter" else max
    ratio = choose(height / high, width / wide)
    return max(1, round(width / ratio)), max(1, round(height / ratio))


def _resized(pixels: Image, preprocessing: Preprocessing) -> Image:
    size = resized_size(*pixels.size, preprocessing)
    if size == pixels.size:
        return pixels
    sampling = _SAMPLING[preprocessing.interpolation]
    if size[0] * size[1] <= MAX_PIXELS:
        return pixels.resize(size, sampling)
    if preprocessing.crop is None:
        raise ImageError(
            "The image is too long and thin.",
            f"Resized as the model's preprocessing says, it would have {size[0]} x {size[1]} pixels.",
            "Cut out the part that matters, or choose a preprocessing that resizes to an exact size.",
        )
    # Only the part that the crop keeps is made.
    high, wide = preprocessing.crop
    box: list[float] = []
    kept: list[int] = []
    for have, after, want in ((pixels.width, size[0], wide), (pixels.height, size[1], high)):
        start = max(0, _offset(after, want))
        kept.append(min(want, after))
        box += [start * have / after, (start + kept[-1]) * have / after]
    return pixels.resize((kept[0], kept[1]), sampling, (box[0], box[2], box[1], box[3]))


def _cropped(pixels: Image, preprocessing: Preprocessing) -> Image:
    target = preprocessing.crop
    if target is None:
        if preprocessing.resize != "pad":
            return pixels
        target = preprocessing.size
    left, top = (_offset(have, want) for have, want in zip(pixels.size, reversed(target), strict=True))
    box = (left, top, left + target[1], top + target[0])
    if preprocessing.resize != "pad" or not any(preprocessing.fill):
        # Pillow fills what lies outside the image with zeros, which is torchvision's padding.
        return pixels.crop(box)
    canvas = new_image("RGB", (target[1], target[0]), preprocessing.fill).convert(pixels.mode)
    canvas.paste(pixels, (-left, -top))
    return canvas


def _offset(have: int, want: int) -> int:
    """Where a centre crop starts along one side; negative where the image is padded."""
    if want > have:
        return -((want - have) // 2)
    return round((have - want) / 2)


def _normalised(pixels: Image, preprocessing: Preprocessing) -> Tensor:
    values = torch.as_tensor(np.array(pixels, dtype=np.uint8))
    values = values.view(pixels.height, pixels.width, -1).permute(2, 0, 1).contiguous()
    tensor = values.to(torch.float32).div_(255)
    if preprocessing.channels == "bgr":
        tensor = tensor.flip(0)
    mean, std = (torch.tensor(numbers).view(-1, 1, 1) for numbers in (preprocessing.mean, preprocessing.std))
    return tensor.sub_(mean).div_(std)
