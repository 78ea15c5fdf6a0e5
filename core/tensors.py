"""Applies a ``Preprocessing`` to an image.

Every step is the one that torchvision takes for Pillow images (``torchvision/transforms/functional.py``:
``resize``, ``center_crop``, ``five_crop``, ``to_tensor``, ``normalize``), so that scores equal those of a training
script.  Without antialiasing, resizing is that of its tensors (``_functional_tensor.py``).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from PIL.Image import Image, Resampling, Transpose, fromarray
from PIL.Image import new as new_image
from torch import Tensor
from torch.nn.functional import interpolate

from core.errors import ImageError
from core.images import DecodedImage
from core.preprocessing import Preprocessing

MAX_PIXELS = 250_000_000
"""Width times height of the largest image that resizing may make."""

_LARGE = 32_000_000
"""Width times height from which on memory counts for more than the last bit of an interpolation."""

_SAMPLING = {
    "nearest": Resampling.NEAREST,
    "bilinear": Resampling.BILINEAR,
    "bicubic": Resampling.BICUBIC,
    "lanczos": Resampling.LANCZOS,
}


def to_tensor(image: DecodedImage, preprocessing: Preprocessing) -> Tensor:
    """The network's input for one image.

    Returns:
        float32, (C, H, W), C being 1 for ``grey`` and 3 otherwise; (C * H * W,) with ``flatten``; with five or
        ten ``crops`` (views, C, H, W), in the order of torchvision's ``FiveCrop`` and ``TenCrop``.

    Raises:
        ImageError: so long and thin that resizing it would fill the memory (and no crop makes it small),
            smaller than one of several crops, or its colours cannot be converted.
    """
    views = [_scaled(view, preprocessing) for view in views_of(image, preprocessing)]
    if preprocessing.crops > 1:
        return torch.as_tensor(np.stack(views))
    return torch.as_tensor(views[0].reshape(-1) if preprocessing.flatten else views[0])


def shared_tensor(image: DecodedImage, preprocessing: Preprocessing) -> Tensor:
    """The same, made once for the network and for whoever looks at what it sees: do not change it."""
    return image.once("tensor", preprocessing, lambda: to_tensor(image, preprocessing))


def views_of(image: DecodedImage, preprocessing: Preprocessing) -> tuple[Image, ...]:
    """What the network gets to see of an image, as pictures: one, or as many as ``crops``.

    Returns:
        In mode L for ``grey`` and ``grey3``, else RGB; before values are inverted and scaled.

    Raises:
        ImageError: see ``to_tensor``.
    """
    pixels = image.rgb(preprocessing.exif, preprocessing.background)
    if preprocessing.channels in ("grey", "grey3"):
        pixels = pixels.convert("L")
    pixels = _resized(pixels, preprocessing)
    if preprocessing.crops == 1 or preprocessing.crop is None:
        return (_cropped(pixels, preprocessing, preprocessing.crop),)
    pixels = _cropped(pixels, preprocessing, None)
    views = _five_crops(pixels, preprocessing.crop)
    if preprocessing.crops == 5:
        return views
    return (*views, *_five_crops(pixels.transpose(Transpose.FLIP_LEFT_RIGHT), preprocessing.crop))


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
        if not preprocessing.antialias:
            return _resized_plainly(pixels, size, preprocessing)
        return pixels.resize(size, sampling)
    if preprocessing.crop is None or preprocessing.crops > 1:
        raise ImageError(
            "The image is too long and thin.",
            f"Resized as the model's preprocessing says, it would have {size[0]} x {size[1]} pixels.",
            "Cut out the part that matters, or choose a preprocessing that resizes to an exact size.",
        )
    # Only the part that the crop keeps is made.  An image becomes that large by being enlarged, where antialiasing
    # changes nothing.
    high, wide = preprocessing.crop
    box: list[float] = []
    kept: list[int] = []
    for have, after, want in ((pixels.width, size[0], wide), (pixels.height, size[1], high)):
        start = max(0, centre_offset(after, want))
        kept.append(min(want, after))
        box += [start * have / after, (start + kept[-1]) * have / after]
    return pixels.resize((kept[0], kept[1]), sampling, (box[0], box[2], box[1], box[3]))


def _resized_plainly(pixels: Image, size: tuple[int, int], preprocessing: Preprocessing) -> Image:
    """Not antialiased: torchvision's ``resize`` of a uint8 tensor with ``antialias=False``.

    The layout in memory is that of torchvision's ``pil_to_tensor``, and grey is on as many channels as in its
    ``Grayscale``: torch adds up another layout in another order, and then some values are rounded otherwise.
    """
    mode = preprocessing.interpolation
    values = np.array(pixels, dtype=np.uint8).reshape(pixels.height, pixels.width, -1)
    if preprocessing.channels == "grey3":
        values = np.repeat(values, 3, axis=2)
    bands = torch.as_tensor(values).permute(2, 0, 1)[None]
    # As float32 a photo is four times as large: of a very large one, each band is resized by itself.
    large = max(pixels.width * pixels.height, size[0] * size[1]) > _LARGE
    made: list[Tensor] = []
    for part in (bands[:, band : band + 1] for band in range(bands.shape[1])) if large else (bands,):
        corners = None if mode == "nearest" else False
        resized = interpolate(part.to(torch.float32), size=size[::-1], mode=mode, align_corners=corners)[0]
        made.append(resized.round_().clamp_(0, 255).to(torch.uint8))
    planes = torch.cat(made).numpy()
    if pixels.mode == "L":
        return fromarray(planes[0])
    return fromarray(np.ascontiguousarray(planes.transpose(1, 2, 0)))


def _cropped(pixels: Image, preprocessing: Preprocessing, target: tuple[int, int] | None) -> Image:
    """A centre crop of that height and width; with ``None`` only what ``pad`` adds."""
    if target is None:
        if preprocessing.resize != "pad":
            return pixels
        target = preprocessing.size
    left, top = (centre_offset(have, want) for have, want in zip(pixels.size, reversed(target), strict=True))
    box = (left, top, left + target[1], top + target[0])
    if preprocessing.resize != "pad" or not any(preprocessing.fill):
        # Pillow fills what lies outside the image with zeros, which is torchvision's padding.
        return pixels.crop(box)
    canvas = new_image("RGB", (target[1], target[0]), preprocessing.fill).convert(pixels.mode)
    canvas.paste(pixels, (-left, -top))
    return canvas


def _five_crops(pixels: Image, crop: tuple[int, int]) -> tuple[Image, ...]:
    """The corners, from the upper left to the lower right, and the centre."""
    high, wide = crop
    right, low = pixels.width - wide, pixels.height - high
    if right < 0 or low < 0:
        raise ImageError(
            "The image is smaller than the crops.",
            f"It has {pixels.width} x {pixels.height} pixels, and {wide} x {high} are cut out at its corners.",
            "Choose a preprocessing that resizes, or one crop from the centre.",
        )
    middle = (centre_offset(pixels.width, wide), centre_offset(pixels.height, high))
    places = ((0, 0), (right, 0), (0, low), (right, low), middle)
    return tuple(pixels.crop((left, top, left + wide, top + high)) for left, top in places)


def centre_offset(have: int, want: int) -> int:
    """Where a centre crop starts along one side; negative where the image is padded."""
    if want > have:
        return -((want - have) // 2)
    return round((have - want) / 2)


def _scaled(pixels: Image, preprocessing: Preprocessing) -> NDArray[np.float32]:
    """(C, H, W), computed by NumPy, whose float32 is torch's to the last bit.

    torch would start threads for it in every thread that prepares images.  As soon as there are more of them than
    processors, those of the network sleep between its layers instead of waiting awake (libgomp's throttled spin
    count), and a forward pass takes up to twice as long.
    """
    values = np.array(pixels, dtype=np.uint8).reshape(pixels.height, pixels.width, -1).transpose(2, 0, 1)
    if preprocessing.invert:
        values = 255 - values
    numbers = values.astype(np.float32, order="C")
    if preprocessing.range == "0..1":
        numbers /= 255
    elif preprocessing.range == "-1..1":
        numbers /= 127.5
        numbers -= 1
    if preprocessing.channels == "bgr":
        numbers = np.ascontiguousarray(numbers[::-1])
    elif preprocessing.channels == "grey3":
        numbers = np.repeat(numbers, 3, axis=0)
    mean, std = (
        np.array(values, dtype=np.float32).reshape(-1, 1, 1) for values in (preprocessing.mean, preprocessing.std)
    )
    numbers -= mean
    numbers /= std
    return numbers
