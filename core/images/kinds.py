"""What a file is that is no image, told by its first bytes."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    Attributes:
        what: with its article, such as ``a PDF document``.
        remedy: one sentence, what to do.
    """

    what: str
    remedy: str


_CHOOSE = "Choose a photo, such as a .jpg or .png."
_FETCH_AGAIN = "Download it again, and check that it opens in another program."
_EXPORT = "Export it as a JPEG or PNG from the program that made it."
_WEIGHTS = "To use it as a model, open it as a weights file; to classify, choose a photo."
_FRAME = "Save a single frame of it as an image."

HUGE = Kind("a file of more than 2 GB, which is larger than any image that can be read", _CHOOSE)
_EMPTY = Kind("an empty file, without a single byte", "Copy or download it again.")
_ZEROS = Kind("a file that holds only zeros, as after a failed copy or a disk error", "Copy or download it again.")
_TEXT = Kind("a text file", _CHOOSE)
_VIDEO = Kind("a video", _FRAME)
_SOUND = Kind("a sound file", _CHOOSE)
_PICKLE = Kind("a Python pickle, as PyTorch saves weights", _WEIGHTS)
_ARCHIVE = Kind("an archive of files", "Unpack it, and choose the images in it.")
_RAW = Kind("a camera's raw photo", _EXPORT)
_PROGRAM = Kind("a program", _CHOOSE)
_UNKNOWN = Kind("none of the kinds of image that are known here, or badly damaged", _FETCH_AGAIN)

_STARTS: tuple[tuple[bytes, Kind], ...] = (
    (b"%PDF", Kind("a PDF document", "Save the page as an image first.")),
    (b"%!PS", Kind("a PostScript drawing", _EXPORT)),
    (b"\xc5\xd0\xd3\xc6", Kind("a PostScript drawing", _EXPORT)),
    (b"version https://git-lfs", Kind("a Git LFS pointer: the real file was not fetched", "Run: git lfs pull.")),
    (b"\x89HDF\r\n\x1a\n", Kind("an HDF5 file, as Keras saves weights", _CHOOSE)),
    (b"GGUF", Kind("a GGUF file, which holds weights", _CHOOSE)),
    (b"\x93NUMPY", Kind("a NumPy array", "Give it a name that ends in .npy.")),
    (b"\x1aE\xdf\xa3", _VIDEO),
    (b"FLV\x01", _VIDEO),
    (b"\x00\x00\x01\xba", _VIDEO),
    (b"\x00\x00\x01\xb3", _VIDEO),
    (b"OggS", Kind("a sound or video file", _CHOOSE)),
    (b"ID3", _SOUND),
    (b"fLaC", _SOUND),
    (b"FUJIFILMCCD-RAW", _RAW),
    (b"II*\x00\x10\x00\x00\x00CR", _RAW),
    (b"\xff\x0a", Kind("a JPEG XL image, which cannot be read yet", _EXPORT)),
    (b"\x00\x00\x00\x0cJXL ", Kind("a JPEG XL image, which cannot be read yet", _EXPORT)),
    (b"\x1f\x8b", _ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (b"Rar!\x1a\x07", _ARCHIVE),
    (b"BZh", _ARCHIVE),
    (b"\xfd7zXZ\x00", _ARCHIVE),
    (b"\x7fELF", _PROGRAM),
    (b"SQLite format 3\x00", Kind("a database", _CHOOSE)),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind("an old Office document", "Save the picture in it as an image.")),
)

_VIDEO_BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"qt  ", b"M4V ", b"M4VP",
                 b"MSNV", b"dash", b"3gp", b"3g2", b"f4v ", b"XAVC", b"hvc1")  # fmt: skip


_IMAGE_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8", "JPEG"),
    (b"\x89PNG", "PNG"),
    (b"GIF8", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"8BPS", "Photoshop"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
)


_CONTROL = re.compile(r"[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f]")


def recognise(head: bytes) -> Kind | None:
    """What the bytes certainly are, if that is no image.

    Args:
        head: the first bytes of the file; 4096 are enough.

    Returns:
        ``None`` where an image decoder should try.
    """
    if not head:
        return _EMPTY
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[4:8] == b"ftyp":
        return _media(head[8:12])
    if head.startswith(b"RIFF"):
        return {b"AVI ": _VIDEO, b"WAVE": _SOUND}.get(head[8:12])
    if head.startswith(b"PK\x03\x04"):
        return _zip(head)
    if re.match(rb"\x80[\x02-\x05][}\]\(c\x8a\x95KX]", head):
        return _PICKLE
    if head[8:10] in (b'{"', b"{ ") and int.from_bytes(head[:8], "little") < 100_000_000:
        return Kind("a safetensors file, which holds weights", _WEIGHTS)
    return _markup(head)


def guess(head: bytes) -> Kind:
    """The best word for bytes that no image decoder wanted; see ``recognise``."""
    if not head.strip(b"\x00"):
        return _ZEROS
    if head.startswith(b"MZ"):
        return _PROGRAM
    if head[257:262] == b"ustar":
        return _ARCHIVE
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc", b"hevx"):
        return Kind(
            "a HEIC photo that is damaged, or the library that reads these is not installed",
            "Run: python -m pip install pillow-heif; or export the photo as a JPEG.",
        )
    name = "WebP" if head[8:12] == b"WEBP" else "AVIF" if head[8:12] == b"avif" else ""
    for start, its_name in _IMAGE_STARTS:
        name = its_name if head.startswith(start) else name
    if name:
        return Kind(f"the beginning of a {name} image, damaged or cut off early", "Download or copy it again.")
    return _TEXT if _is_text(head) else _UNKNOWN


def _media(brand: bytes) -> Kind | None:
    if brand == b"crx ":
        return _RAW
    if brand in (b"M4A ", b"M4B "):
        return _SOUND
    return _VIDEO if brand.startswith(_VIDEO_BRANDS) else None


def _zip(head: bytes) -> Kind:
    if b"data.pkl" in head or b"/byteorder" in head or b".format_version" in head:
        return Kind("a weights file of PyTorch", _WEIGHTS)
    if b"[Content_Types].xml" in head or b"mimetypeapplication/" in head:
        return Kind("an Office document", "Save the picture in it as an image.")
    return _ARCHIVE


def _markup(head: bytes) -> Kind | None:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:2048].lower()
    if not start.startswith(b"<"):
        return None
    if b"<svg" in start:
        return Kind("an SVG drawing, which has no pixels", _EXPORT)
    if b"<!doctype html" in start or b"<html" in start or b"<head" in start or b"<body" in start:
        return Kind("a web page, not the image that it shows", "Open the page, and save or drag the image itself.")
    return Kind("an XML text", _CHOOSE) if start.startswith(b"<?xml") else None


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    try:
        # Not final: a character of several bytes may be cut at the end.
        text = codecs.getincrementaldecoder("utf-8")().decode(head, final=False)
    except UnicodeDecodeError:
        return False
    return bool(text) and _CONTROL.search(text) is None
