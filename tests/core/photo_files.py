"""Image files of every kind, and how a training script reads them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from tests.core.pictures import encoded, exif, quarters, scene, turned


@dataclass
class Photos:
    """Files of every kind, by what is special about them."""

    folder: Path
    large: bool = True

    def __post_init__(self) -> None:
        photo = scene(320, 240)
        self._write("jpeg.jpg", encoded(photo, "JPEG", quality=90))
        self._write("progressive.jpg", encoded(photo, "JPEG", progressive=True, quality=70))
        self._write("rgb.png", encoded(photo, "PNG"))
        alpha = photo.copy()
        alpha.putalpha(Image.linear_gradient("L").resize(photo.size))
        self._write("alpha.png", encoded(alpha, "PNG"))
        self._write("alpha.webp", encoded(alpha, "WEBP", lossless=True, exact=True))
        self._write("grey.jpg", encoded(photo.convert("L"), "JPEG"))
        self._write("grey.png", encoded(photo.convert("L"), "PNG"))
        self._write("grey_alpha.png", encoded(alpha.convert("LA"), "PNG"))
        self._write("palette.png", encoded(photo.quantize(64), "PNG"))
        self._write("palette_clear_entry.png", encoded(photo.quantize(64), "PNG", transparency=3))
        self._write("palette_alpha.png", encoded(photo.quantize(64), "PNG", transparency=bytes(range(0, 256, 4))))
        self._write("palette.gif", encoded(photo.quantize(64), "GIF", transparency=5))
        self._write("bilevel.png", encoded(photo.convert("1"), "PNG"))
        self._write("cmyk.jpg", encoded(photo.convert("CMYK"), "JPEG", quality=90))
        self._write("photo.bmp", encoded(photo, "BMP"))
        self._write("photo.tiff", encoded(photo, "TIFF", compression="tiff_lzw"))
        if self.large:
            self._write("large.jpg", encoded(scene(6000, 4000), "JPEG"))
            self._write("large.png", encoded(scene(2100, 2900), "PNG", compress_level=1))
        self._write("single_pixel.png", encoded(scene(1, 1), "PNG"))
        self._write("thin.png", encoded(scene(3, 500), "PNG"))
        self._write("flat.jpg", encoded(scene(500, 3), "JPEG"))
        for orientation in range(1, 9):
            stored = turned(quarters(300, 200), orientation)
            self._write(f"turned{orientation}.jpg", encoded(stored, "JPEG", exif=exif(orientation)))

    def _write(self, name: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)

    def __iter__(self) -> Iterator[Path]:
        return iter(sorted(self.folder.iterdir()))


def opened(path: Path) -> Image.Image:
    """The upright RGB image, as a script gets it."""
    with warnings.catch_warnings():
        # On a palette with alpha, which a script would let pass.
        warnings.simplefilter("ignore")
        return ImageOps.exif_transpose(Image.open(path)).convert("RGB")
