"""Decoded pixels, and the one way from them to plain RGB."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, cast

from core.errors import ImageError

if TYPE_CHECKING:
    from PIL.Image import Image

T = TypeVar("T")
Colour = tuple[int, int, int]
ViewKey = tuple[bool, Colour | None]

_SIDEWAYS = (5, 6, 7, 8)
_ALPHA_MODES = ("LA", "La", "PA", "RGBA", "RGBa")
_BYTES_A_PIXEL = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2}


class _Slot:
    """What was made of an image last, of one kind."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.key: Hashable = None
        self.value: object = None


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """One image, decoded; pixels, alpha and orientation kept apart, so that a switch can decide.

    The pixels, and every image that ``rgb`` returns, are shared between threads: read them only.

    Attributes:
        pixels: the first frame, loaded, in the mode as decoded.
        orientation: the EXIF value, 1 (upright) to 8, that is still to be applied to ``pixels``.
    """

    pixels: Image
    orientation: int = 1
    _views: dict[ViewKey, Image] = field(default_factory=lambda: _no_views(), init=False, repr=False)
    _slots: dict[str, _Slot] = field(default_factory=lambda: _no_slots(), init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @property
    def width(self) -> int:
        """Of the upright image, in pixels."""
        return self.pixels.height if self.orientation in _SIDEWAYS else self.pixels.width

    @property
    def height(self) -> int:
        """Of the upright image, in pixels."""
        return self.pixels.width if self.orientation in _SIDEWAYS else self.pixels.height

    @property
    def has_alpha(self) -> bool:
        """Whether some pixels may be transparent."""
        return self.pixels.mode in _ALPHA_MODES or "transparency" in self.pixels.info

    @property
    def nbytes(self) -> int:
        """Memory that the pixels take, with the RGB views that are usually asked for."""
        area = self.pixels.width * self.pixels.height
        own = area * _BYTES_A_PIXEL.get(self.pixels.mode, 4)
        views = (self.pixels.mode != "RGB" or self.orientation != 1) + self.has_alpha
        return own + 4 * area * views

    def rgb(self, exif: bool = True, background: Colour | None = None) -> Image:
        """The image in mode RGB; made once for each combination, then shared: do not change it.

        16-bit pixels are scaled to 8 bits by dropping the low byte, as Pillow does for 16-bit colour
        and ``torchvision.transforms.v2.functional.to_dtype`` for uint16.

        Args:
            exif: turn it upright as the EXIF orientation says.
            background: colour to composite transparent pixels on; ``None`` drops the transparency, as
                ``convert("RGB")`` does, showing whatever colour lies beneath.

        Raises:
            ImageError: its colours cannot be converted, or there is no memory for it.
        """
        key = (exif and self.orientation != 1, background if self.has_alpha else None)
        with self._lock:
            view = self._views.get(key)
            if view is None:
                try:
                    view = self._views[key] = self._make_view(*key)
                except Exception as error:
                    raise _not_convertible(self.pixels.mode, error) from error
        return view

    def once(self, kind: str, key: Hashable, make: Callable[[], T]) -> T:
        """Something that is made of the image, once for all threads that want it; only the newest of a kind is kept.

        Args:
            kind: what it is.
            key: all that it depends on besides the image.
            make: makes it; what it raises is raised here, and tried again the next time.
        """
        with self._lock:
            slot = self._slots.setdefault(kind, _Slot())
        with slot.lock:
            if slot.value is None or slot.key != key:
                slot.value = None
                slot.key, slot.value = key, make()
            return cast(T, slot.value)

    def _make_view(self, turn: bool, background: Colour | None) -> Image:
        image = _upright(self.pixels, self.orientation) if turn else self.pixels
        return _opaque(image) if background is None else _composited(image, background)


def _no_views() -> dict[ViewKey, Image]:
    return {}


def _no_slots() -> dict[str, _Slot]:
    return {}


def _not_convertible(mode: str, error: Exception) -> ImageError:
    detail = f"{mode}: {type(error).__name__}: {error}"
    if isinstance(error, MemoryError):
        return ImageError(
            "The image does not fit into memory.", "", "Close other programs, or make it smaller.", detail=detail
        )
    return ImageError(
        "The image's colours cannot be converted.",
        f"It stores them in a way that is not supported ({mode}).",
        "Save it as a JPEG or PNG from a photo program.",
        detail=detail,
    )


def _upright(image: Image, orientation: int) -> Image:
    from PIL.Image import Transpose

    method = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }.get(orientation)
    return image if method is None else image.transpose(method)


def _opaque(image: Image) -> Image:
    """``convert("RGB")``, where that keeps the whole range of values."""
    if image.mode == "RGB":
        return image
    if "transparency" in image.info:
        # A transparent value changes no colour, but Pillow warns about some kinds of it.
        image = image.copy()
        del image.info["transparency"]
    if image.mode.startswith("I;16"):
        return _high_byte(image).convert("RGB")
    if image.mode in ("I", "F"):
        return _stretched(image).convert("RGB")
    if image.mode in ("La", "RGBa"):
        image = image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode])
    return image.convert("RGB")


def _composited(image: Image, background: Colour) -> Image:
    from PIL import Image

    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        # No mode holds alpha beside 16 bits: one value may stand for transparent.
        transparent: object = image.info.get("transparency")
        result = _opaque(image)
        if image.mode == "F" or not isinstance(transparent, int) or not 0 <= transparent <= 0xFFFF:
            return result
        mask = image.convert("I").point([0 if value == transparent else 255 for value in range(0x10000)], "L")
        return Image.composite(result, Image.new("RGB", image.size, background), mask)
    if image.mode == "La":
        image = image.convert("LA")
    layer = Image.new("RGBA", image.size, (*background, 255))
    layer.alpha_composite(image.convert("RGBA"))
    return layer.convert("RGB")


def _high_byte(image: Image) -> Image:
    """16-bit grey to 8-bit grey."""
    return image.convert("I").point([value >> 8 for value in range(0x10000)], "L")


def _stretched(image: Image) -> Image:
    """32-bit integers or floats to 8-bit grey.

    Their range is not part of the file, so the values decide: 0..1 (floats), 0..255 and 0..65535 are
    taken for what they look like; anything else is stretched from its least to its greatest value.
    """
    import numpy as np
    from PIL import Image

    values = np.nan_to_num(np.asarray(image, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if image.mode == "F" and low >= 0 and high <= 1:
        scaled = values * 255
    elif low >= 0 and high <= 255:
        scaled = values
    elif low >= 0 and high <= 0xFFFF:
        scaled = values // 256
    else:
        scaled = (values - low) * (255 / (high - low)) if math.isfinite(high - low) and high > low else values * 0
    return Image.fromarray(np.clip(np.round(scaled), 0, 255).astype(np.uint8))
