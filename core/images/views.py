"""An image made small enough to show."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

    from core.images.decoded import DecodedImage

_PAPER = (255, 255, 255)
"""What a person sees under transparent pixels."""


@dataclass(frozen=True, slots=True)
class Preview:
    """An upright image for showing.

    Attributes:
        width, height: of ``rgb``, in pixels.
        rgb: one byte each of red, green and blue a pixel, rows from the top, without gaps.
        full_width, full_height: of the upright image in the file.
    """

    width: int
    height: int
    rgb: bytes = field(repr=False)
    full_width: int
    full_height: int


def preview(decoded: DecodedImage, longest_side: int = 4096) -> Preview:
    """The upright image, on white where it is transparent, at most ``longest_side`` pixels long."""
    image = _shrunk(decoded.rgb(background=_PAPER), longest_side)
    return Preview(image.width, image.height, image.tobytes(), decoded.width, decoded.height)


def thumbnail(decoded: DecodedImage, side: int = 192) -> bytes:
    """A small upright JPEG, on white where it is transparent, that fits into ``side`` x ``side`` pixels."""
    from PIL.Image import Resampling

    image = decoded.rgb(background=_PAPER)
    longest = max(image.size)
    if longest > 8 * side:
        # Sixteen samples for each pixel of the thumbnail look as good as all of them, and take a millisecond.
        width, height = (max(1, length * 4 * side // longest) for length in image.size)
        image = image.resize((width, height), Resampling.NEAREST)
    target = io.BytesIO()
    _shrunk(image, side).save(target, "JPEG", quality=80)
    return target.getvalue()


def _shrunk(image: Image, longest_side: int) -> Image:
    from PIL.Image import Resampling

    longest = max(image.size)
    if longest <= longest_side:
        return image
    width, height = (max(1, round(length * longest_side / longest)) for length in image.size)
    return image.resize((width, height), Resampling.BILINEAR, reducing_gap=2.0)
