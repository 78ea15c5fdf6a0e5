"""What a network gets to see of an image: the numbers that enter it, turned back into pictures, and where they lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.descriptions import Seen
from core.images import DecodedImage
from core.preprocessing import Preprocessing
from core.tensors import centre_offset, resized_size, shared_tensor

Box = tuple[float, float, float, float]
"""Left, top, width and height, in pixels."""

_TOLERANCE = 1e-3
"""How far beyond what a picture can show a value may lie by rounding alone, on a scale from 0 to 1."""


def see(image: DecodedImage, preprocessing: Preprocessing) -> Seen:
    """The pictures that enter the network, made from its very input.

    Args:
        image: as decoded.
        preprocessing: how it enters.

    Raises:
        ImageError: as ``to_tensor`` does.
    """
    crops = crop_boxes(image, preprocessing)
    numbers = shared_tensor(image, preprocessing).numpy()
    channels = len(preprocessing.mean)
    height, width = _shape(numbers, preprocessing)
    values = _undone(numbers.reshape(-1, channels, height, width), preprocessing)
    beyond = np.abs(values - np.clip(values, 0, 1)) > _TOLERANCE
    shown = np.round(np.clip(values, 0, 1) * 255).astype(np.uint8)
    if channels == 1:
        shown = shown.repeat(3, axis=1)
    return Seen(
        width,
        height,
        tuple(picture.transpose(1, 2, 0).tobytes() for picture in shown),
        crops,
        float(numbers.min()),
        float(numbers.max()),
        float(beyond.mean()),
    )


def crop_boxes(image: DecodedImage, preprocessing: Preprocessing) -> tuple[Box, ...]:
    """What each view shows of the upright image, beyond whose edges a view may reach where it is padded."""
    if preprocessing.exif:
        width, height = image.width, image.height
    else:
        width, height = image.pixels.size
    after = resized_size(width, height, preprocessing)
    scale = (width / after[0], height / after[1])
    boxes = [
        (left * scale[0], top * scale[1], wide * scale[0], high * scale[1])
        for left, top, wide, high in _resized_boxes(after, preprocessing)
    ]
    if preprocessing.exif:
        return tuple(boxes)
    return tuple(_upright(box, width, height, image.orientation) for box in boxes)


def _undone(numbers: NDArray[np.float32], preprocessing: Preprocessing) -> NDArray[np.float64]:
    """Without mean, std and range: from 0 to 1."""
    mean, std = (np.array(each).reshape(1, -1, 1, 1) for each in (preprocessing.mean, preprocessing.std))
    values = numbers.astype(np.float64) * std + mean
    if preprocessing.range == "0..255":
        return values / 255
    return (values + 1) / 2 if preprocessing.range == "-1..1" else values


def _shape(numbers: NDArray[np.float32], preprocessing: Preprocessing) -> tuple[int, int]:
    """Height and width of each view."""
    if preprocessing.flatten:
        return preprocessing.crop or preprocessing.size
    return numbers.shape[-2], numbers.shape[-1]


def _resized_boxes(size: tuple[int, int], preprocessing: Preprocessing) -> list[Box]:
    """Left, top, width and height of each view, in pixels of the resized image before any padding."""
    crop = preprocessing.crop
    left, top, (width, height) = 0, 0, size
    if preprocessing.resize == "pad" and (crop is None or preprocessing.crops > 1):
        height, width = preprocessing.size
        left, top = centre_offset(size[0], width), centre_offset(size[1], height)
    if crop is None:
        return [(left, top, width, height)]
    high, wide = crop
    middle = (left + centre_offset(width, wide), top + centre_offset(height, high))
    if preprocessing.crops == 1:
        return [(*middle, wide, high)]
    right, low = left + width - wide, top + height - high
    five = [(left, top), (right, top), (left, low), (right, low)]
    places = [*five, middle]
    if preprocessing.crops == 10:
        # Those of the mirror image: what lies on its left comes from the right.
        places += [(left + right - x, y) for x, y in five]
        mirrored = left + width - wide - centre_offset(width, wide)
        places.append((mirrored, middle[1]))
    return [(x, y, wide, high) for x, y in places]


def _upright(box: Box, width: int, height: int, orientation: int) -> Box:
    """A box of the image as it lies in the file, once that is turned as its EXIF orientation says."""
    left, top, wide, high = box
    right, low = width - left - wide, height - top - high
    return {
        2: (right, top, wide, high),
        3: (right, low, wide, high),
        4: (left, low, wide, high),
        5: (top, left, high, wide),
        6: (low, left, high, wide),
        7: (low, right, high, wide),
        8: (top, right, high, wide),
    }.get(orientation, box)
