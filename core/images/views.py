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
        whole: whether nothing more can be shown; ``False`` for one that was made to cover a part of a screen.
    """

    width: int
    height: int
    rgb: bytes = field(repr=False)
    full_width: int
    full_height: int
    whole: bool = True


def preview(decoded: DecodedImage, longest_side: int = 4096, cover: tuple[int, int] | None = None) -> Preview:
    """The upright image, on white where it is transparent.

    Args:
        decoded: the image.
        longest_side: the most pixels that it may be long.
        cover: width and height, in pixels, of a place on a screen.  An image that is more than twice as large
            as fits in there is averaged over squares of pixels, to something a little larger than fits: a quarter
            of the work, or less.  ``None`` for all pixels.
    """
    image = decoded.rgb(background=_PAPER)
    factor = 1 if cover is None else max(image.width // max(1, cover[0]), image.height // max(1, cover[1]))
    if factor > 1:
        image = image.reduce(factor)
    image = _shrunk(image, longest_side)
    return Preview(image.width, image.height, image.tobytes(), decoded.width, decoded.height, factor <= 1)


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
