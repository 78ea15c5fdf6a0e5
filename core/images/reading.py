"""Bytes to pixels: the boundary to Pillow's decoders, which may raise anything."""

from __future__ import annotations

import errno
import functools
import importlib
import io
import os
import stat
import struct
import threading
import warnings
from pathlib import Path
from typing import IO, TYPE_CHECKING

from core.arrays import ArrayPlace
from core.errors import ArrayError, ImageError
from core.images import kinds
from core.images.decoded import DecodedImage

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

MAX_PIXELS = 250_000_000
"""Width times height of the largest image that is decoded: 1 GB of memory."""

MAX_FILE_BYTES = 2 * 1024**3

_HEAD = 4096
_ORIENTATION = 0x0112
_UNREADABLE_FORMATS = frozenset({"EPS", "WMF", "MPEG", "BUFR", "GRIB", "HDF5", "FPX", "MIC"})
"""Formats that Pillow only recognises, or reads by starting another program (EPS)."""

_BROKEN = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError,
    SyntaxError, TypeError, ValueError, struct.error,
)  # fmt: skip
"""What Pillow may raise on damage in parts that are not needed: EXIF, frames after the first one."""

# Pillow loads its plugins and reports odd headers through process-wide state: one thread at a time.
_header_lock = threading.Lock()


def read_file(path: Path, name: str) -> DecodedImage:
    """Decode a file.

    Args:
        path: only a regular file is read: a pipe or a device could keep the reader waiting forever.
        name: for messages.

    Raises:
        ImageError: there is no such file, it cannot be read, or is no image.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _not_a_file(path, name)
        with open(path, "rb", opener=_open_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise _not_a_file(path, name)
            if status.st_size > MAX_FILE_BYTES:
                raise _foreign(name, kinds.recognise(file.read(_HEAD)) or kinds.HUGE)
            return _decode(file, name)
    except (OSError, ValueError) as error:
        # ValueError: a null character in the name.
        raise _unreachable(path, name, error) from error


def read_bytes(data: bytes, name: str) -> DecodedImage:
    """Decode the bytes of an image file; see ``read_file``."""
    return _decode(io.BytesIO(data), name)


def read_array(path: Path, place: ArrayPlace, name: str) -> DecodedImage:
    """A picture that was saved as an array.

    Args:
        path: of a file of numbers.
        place: which picture of it.
        name: for messages.

    Raises:
        ArrayError: it cannot be read, or is no picture.
    """
    from PIL import Image

    from core.arrays.contents import look, read_picture

    if place.kind == "row":
        raise ArrayError(f"{name} is a row of numbers.", "It is no picture.", "Use a network that takes rows.")
    if not place.kind:
        # Why it could not be read when it was dropped; or it can be by now, and is what it was not then.
        look(path)
    pixels = read_picture(path, place)
    return DecodedImage(Image.fromarray(pixels))


@functools.cache
def readable_suffixes() -> frozenset[str]:
    """Every file name ending, in lower case and with its dot, of a format that can be read."""
    from PIL import Image

    with _header_lock:
        _load_all_plugins()
        known = Image.registered_extensions()
    return frozenset(end for end, kind in known.items() if kind in Image.OPEN and kind not in _UNREADABLE_FORMATS)


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _decode(file: IO[bytes], name: str) -> DecodedImage:
    head = file.read(_HEAD)
    kind = kinds.recognise(head)
    if kind is not None:
        raise _foreign(name, kind)
    try:
        image = _identify(file)
        if image is None:
            raise _foreign(name, kinds.guess(head))
        if image.width * image.height > MAX_PIXELS:
            raise _too_large(name, f"It has {image.width} x {image.height} pixels")
        if min(image.size) < 1:
            raise _damaged(name, "it has no pixels")
        image.load()
        # An animation keeps its file and its other frames; a copy of the first frame does not.
        return DecodedImage(image.copy() if _is_one_of_many(image) else image, _orientation(image))
    except ImageError:
        raise
    except Exception as error:
        raise _failed(name, error) from error


def _identify(file: IO[bytes]) -> ImageFile | None:
    """What ``Image.open`` does, without its pixel limit, which is lower than ours and warns on the way."""
    from PIL import Image

    file.seek(0)
    prefix = file.read(16)
    tried: set[str] = set(_UNREADABLE_FORMATS)
    with _header_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for load_plugins in (Image.preinit, _load_all_plugins):
            load_plugins()
            for name in [name for name in Image.ID if name not in tried]:
                tried.add(name)
                image = _try_format(file, prefix, name)
                if image is not None:
                    return image
    return None


def _try_format(file: IO[bytes], prefix: bytes, name: str) -> ImageFile | None:
    from PIL import Image

    factory, accept = Image.OPEN[name]
    try:
        accepted = accept(prefix) if accept else True
        if not accepted or isinstance(accepted, str):
            return None
        file.seek(0)
        return factory(file, "")
    except (SyntaxError, IndexError, TypeError, struct.error):
        # How a plugin says "not mine"; Pillow's own loop reads them so.
        return None


def _load_all_plugins() -> None:
    from PIL import Image

    Image.init()
    if "HEIF" not in Image.OPEN:
        try:
            plugin = importlib.import_module("pillow_heif")
        except ImportError:
            # Every other format can still be read; a HEIC file gets its own message.
            return
        plugin.register_heif_opener()


def _is_one_of_many(image: ImageFile) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except _BROKEN:
        # The frames after the first one are damaged.
        return True


def _orientation(image: ImageFile) -> int:
    """The turn that is still to be made: Pillow makes TIFF's itself while loading, pillow_heif HEIC's."""
    with _header_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value: object = image.getexif().get(_ORIENTATION, 1)
        except _BROKEN:
            # The pixels are whole all the same.
            return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _foreign(name: str, kind: kinds.Kind) -> ImageError:
    return ImageError(f"{name} is not an image that can be read.", f"It is {kind.what}.", kind.remedy)


def _too_large(name: str, why: str, detail: str = "") -> ImageError:
    return ImageError(
        f"{name} is too large.",
        f"{why}; at most {MAX_PIXELS // 1_000_000} million can be opened.",
        "Make it smaller in a photo program.",
        detail=detail,
    )


def _damaged(name: str, why: str, detail: str = "") -> ImageError:
    return ImageError(
        f"{name} is damaged.",
        f"The reason: {why}.",
        "Get a new copy of it, or save it again from a photo program.",
        detail=detail,
    )


def _failed(name: str, error: Exception) -> ImageError:
    """What a decoder's exception means for a person."""
    from PIL.Image import DecompressionBombError, DecompressionBombWarning

    detail = f"{type(error).__name__}: {error}"
    text = str(error).lower()
    if isinstance(error, MemoryError):
        return ImageError(
            f"{name} does not fit into memory.", "", "Close other programs, or make it smaller.", detail=detail
        )
    if isinstance(error, (DecompressionBombError, DecompressionBombWarning)):
        return _too_large(name, "It has too many pixels", detail)
    if isinstance(error, EOFError) or "truncated" in text or "unexpected end" in text or "not enough" in text:
        return ImageError(
            f"{name} is cut off.",
            "The file ends before the image is complete, as after a broken download or copy.",
            "Download or copy it again.",
            detail=detail,
        )
    return _damaged(name, "its contents cannot be decoded", detail)


def _not_a_file(path: Path, name: str) -> ImageError:
    if path.is_dir():
        if not os.access(path, os.R_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
            return _no_permission(name, "folder")
        return ImageError(f"{name} is a folder.", "An image is a file.", "Choose the images in it.")
    return ImageError(
        f"{name} is not an ordinary file.",
        "It is a pipe, a socket or a device, and reading it could take forever.",
        "Save the image to a file first.",
    )


def _no_permission(name: str, kind: str = "file") -> ImageError:
    return ImageError(
        f"{name} cannot be opened.",
        f"This {kind} is not yours to read: the system refuses permission.",
        "Change its permissions, or copy it to a folder of yours.",
    )


def _unreachable(path: Path, name: str, error: OSError | ValueError) -> ImageError:
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return ImageError(
            f"{name} does not exist.",
            f"There is nothing at {path}." if not path.is_symlink() else "It is a link to something that is gone.",
            "It may have been moved, renamed or deleted; choose it again.",
        )
    if isinstance(error, PermissionError):
        return _no_permission(name)
    reasons = {errno.ELOOP: "its links lead in a circle", errno.ENAMETOOLONG: "its name is too long"}
    number = error.errno if isinstance(error, OSError) else None
    why = reasons.get(number or 0, "the system cannot read it")
    return ImageError(
        f"{name} cannot be opened.", f"The reason: {why}.", "Copy it to this computer's own disk.", detail=str(error)
    )
