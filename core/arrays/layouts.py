"""Arrays that are pictures: which side is what, and their values as pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ArrayError

_CHANNELS = (1, 3, 4)
_SMALLEST = 8
"""Of a two-dimensional array, both sides must have so many numbers to be taken for a picture."""
_THINNEST = 4
_BYTE, _WORD = 255, 65535


@dataclass(frozen=True)
class Layout:
    """How pictures lie in an array.

    Attributes:
        count: how many.
        alone: whether the array is one picture, without a side that counts them.
        first: whether channels come before height and width.
    """

    count: int
    alone: bool
    first: bool = False

    def channels_last(self, picture: NDArray[Any]) -> NDArray[Any]:
        """One picture as (H, W) or (H, W, channels)."""
        turned = np.moveaxis(picture, 0, -1) if self.first and picture.ndim == 3 else picture
        return turned[..., 0] if turned.ndim == 3 and turned.shape[-1] == 1 else turned


def layout_of(shape: tuple[int, ...], grey: bool = False) -> Layout | None:
    """The layout that a shape means; ``None`` where it is none of pictures.

    (H, W), (H, W, C), (C, H, W), (N, H, W), (N, H, W, C) and (N, C, H, W), with 1, 3 or 4 channels at the end, and 1
    or 3 at the beginning.

    Args:
        shape: of the array.
        grey: whether (3, H, W) is three grey pictures, not one in colour.
    """
    if len(shape) == 2:
        return Layout(1, alone=True)
    if len(shape) == 3:
        if shape[2] in _CHANNELS and min(shape[:2]) > 1:
            return Layout(1, alone=True)
        if shape[0] == 3 and not grey:
            return Layout(1, alone=True, first=True)
        return Layout(shape[0], alone=False)
    if len(shape) == 4:
        if shape[3] in _CHANNELS:
            return Layout(shape[0], alone=False)
        if shape[1] in (1, 3):
            return Layout(shape[0], alone=False, first=True)
    return None


def looks_like_picture(shape: tuple[int, ...], kind: str, is_fraction: Callable[[], bool]) -> bool:
    """Whether a two-dimensional array is rather one picture than rows of numbers.

    Args:
        shape: its two sides.
        kind: of its elements, as NumPy has it.
        is_fraction: whether its values run from 0 to 1; asked only where it matters.
    """
    if min(shape) < _SMALLEST or max(shape) > _THINNEST * min(shape):
        return False
    return kind in "bu" or is_fraction()


def as_pixels(path: Path, picture: NDArray[Any], is_fraction: bool) -> NDArray[Any]:
    """Values as 8-bit pixels, or 16-bit where grey ones are so.

    Args:
        path: for messages.
        picture: (H, W) or (H, W, channels).
        is_fraction: whether the values of the whole file run from 0 to 1.

    Raises:
        ArrayError: the values are no pixels.
    """
    if picture.dtype == np.uint8:
        return np.ascontiguousarray(picture)
    if picture.dtype.kind == "b":
        return picture.astype(np.uint8) * _BYTE
    values = picture.astype(np.float64)
    if not np.isfinite(values).all():
        raise _no_pixels(path, "There are values among them that are no numbers (NaN or infinite).")
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if is_fraction and low >= 0 and high <= 1:
        return np.round(values * _BYTE).astype(np.uint8)
    if picture.dtype.itemsize == 2 and picture.dtype.kind == "u":
        return picture.astype(np.uint16) if picture.ndim == 2 else (picture >> 8).astype(np.uint8)
    if low >= 0 and high <= _BYTE:
        return np.round(values).astype(np.uint8)
    if picture.dtype.kind in "iu" and low >= 0 and high <= _WORD and picture.ndim == 2:
        return picture.astype(np.uint16)
    raise _no_pixels(path, f"They run from {low:.4g} to {high:.4g}.")


def _no_pixels(path: Path, why: str) -> ArrayError:
    return ArrayError(
        f"The values in {path.name} are no pixels.",
        f"{why} Pixels run from 0 to 255, or from 0 to 1.",
        "Save the pictures before mean and std are applied: the model's own preprocessing does that.",
    )
