"""Pictures for tests, made on the spot."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

ORIENTATION = 0x0112


def scene(width: int, height: int, seed: int = 0) -> Image.Image:
    """Something like a photo: soft shapes with grain, in RGB."""
    rng = np.random.default_rng(seed)
    soft = Image.fromarray(rng.integers(0, 256, (7, 9, 3), dtype=np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    tile = rng.integers(-12, 13, (min(height, 256), min(width, 256), 3))
    grain = np.resize(tile, (height, width, 3)) if height * width < 1_000_000 else 0
    return Image.fromarray(np.clip(np.asarray(soft, dtype=np.int16) + grain, 0, 255).astype(np.uint8))


def quarters(width: int = 64, height: int = 48) -> Image.Image:
    """Red, green, blue and yellow quarters, from the upper left to the lower right, in RGB."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    top, left = height // 2, width // 2
    pixels[:top, :left], pixels[:top, left:] = (255, 0, 0), (0, 255, 0)
    pixels[top:, :left], pixels[top:, left:] = (0, 0, 255), (255, 255, 0)
    return Image.fromarray(pixels)


def turned(upright: Image.Image, orientation: int) -> Image.Image:
    """The pixels that a camera stores beside that EXIF orientation, so that they show as ``upright``."""
    pixels = np.asarray(upright)
    stored = {
        1: pixels,
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: pixels.swapaxes(0, 1),
        6: np.rot90(pixels),
        7: np.rot90(pixels, 2).swapaxes(0, 1),
        8: np.rot90(pixels, -1),
    }[orientation]
    return Image.fromarray(np.ascontiguousarray(stored))


def exif(orientation: int) -> bytes:
    """EXIF data with nothing but an orientation."""
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    return tags.tobytes()


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """The bytes of an image file."""
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def saved(path: Path, image: Image.Image) -> Path:
    """Write an image file of the kind that the name says."""
    image.save(path)
    return path
