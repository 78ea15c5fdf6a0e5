from __future__ import annotations

import contextlib
import io
import os
import random
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import ImageError
from core.images import DecodedImage, reading
from core.images.reading import MAX_PIXELS, read_bytes, read_file, readable_suffixes
from tests.core.pictures import encoded, exif, quarters, saved, scene, turned

# Makes Pillow able to write HEIC as well.
readable_suffixes()

KINDS = ["BMP", "DDS", "DIB", "GIF", "HEIF", "ICNS", "ICO", "JPEG", "JPEG2000", "MSP", "PCX", "PNG", "PPM", "SGI",
         "SPIDER", "TGA", "TIFF", "WEBP", "XBM", "AVIF", "QOI"]  # fmt: skip
_MODES = {"GIF": "P", "MSP": "1", "XBM": "1", "SPIDER": "F", "ICO": "RGBA", "ICNS": "RGBA"}


def sample(kind: str) -> bytes:
    image = scene(64, 64)
    mode = _MODES.get(kind, "RGB")
    return encoded(image.convert(mode), kind)


def difference(decoded: DecodedImage, expected: Image.Image) -> float:
    shown = np.asarray(decoded.rgb()).astype(float)
    wanted = np.asarray(expected.convert("RGB")).astype(float)
    assert shown.shape == wanted.shape
    return float(np.abs(shown - wanted).mean())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_decoded_as_pillow_decodes_it(kind: str) -> None:
    data = sample(kind)
    decoded = read_bytes(data, "a")
    with Image.open(io.BytesIO(data)) as plain:
        assert (decoded.width, decoded.height) == plain.size
        if plain.mode not in ("F", "I;16"):
            assert difference(decoded, plain) == 0


@pytest.mark.parametrize("name", ["a.jpg", "a.txt", "a", "a.png"])
def test_the_bytes_count_not_the_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(sample("WEBP"))
    assert read_file(path, name).width == 64


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_of_every_kind_that_has_one(kind: str, orientation: int) -> None:
    upright = quarters(64, 32)
    data = encoded(turned(upright, orientation), kind, exif=exif(orientation), quality=95)
    decoded = read_bytes(data, "a")
    assert (decoded.width, decoded.height) == (64, 32)
    assert difference(decoded, upright) < 8


def test_heic_is_not_turned_twice() -> None:
    data = encoded(turned(quarters(64, 32), 6), "HEIF", exif=exif(6), quality=95)
    decoded = read_bytes(data, "a")
    assert decoded.orientation == 1
    assert difference(decoded, quarters(64, 32)) < 8


@pytest.mark.parametrize("data", [b"Exif\x00\x00II*\x00\xff\xff\xff\xff", b"Exif\x00\x00", b"\x00" * 40])
def test_damaged_exif_does_not_cost_the_pixels(data: bytes) -> None:
    decoded = read_bytes(encoded(scene(20, 10), "JPEG", exif=data), "a")
    assert (decoded.width, decoded.height, decoded.orientation) == (20, 10, 1)


@pytest.mark.parametrize("error", [ValueError(), KeyError(), struct.error(), SyntaxError(), ZeroDivisionError()])
def test_exif_that_cannot_be_read_at_all_does_not_cost_the_pixels(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def getexif(_: object) -> None:
        raise error

    data = encoded(scene(20, 10), "BMP")
    monkeypatch.setattr(Image.Image, "getexif", getexif)
    decoded = read_bytes(data, "a")
    assert (decoded.width, decoded.height, decoded.orientation) == (20, 10, 1)


@pytest.mark.parametrize("value", [0, 9, 77])
def test_a_senseless_orientation_is_ignored(value: int) -> None:
    assert read_bytes(encoded(scene(20, 10), "JPEG", exif=exif(value)), "a").orientation == 1


@pytest.mark.parametrize(("kind", "options"), [("GIF", {}), ("WEBP", {"lossless": True}), ("TIFF", {}), ("PNG", {})])
def test_the_first_frame_of_many(kind: str, options: dict[str, object]) -> None:
    frames = [scene(32, 32, seed).convert("P" if kind == "GIF" else "RGB") for seed in range(3)]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    with Image.open(io.BytesIO(data)) as plain:
        assert getattr(plain, "n_frames", 1) == 3
    decoded = read_bytes(data, "a")
    assert difference(decoded, frames[0]) == 0
    assert difference(decoded, frames[1]) > 1
    assert not getattr(decoded.pixels, "is_animated", False)


@pytest.mark.parametrize("part", [0.5, 0.7, 0.9])
def test_damage_after_the_first_frame_does_no_harm(part: float) -> None:
    frames = [scene(64, 64, seed).convert("P") for seed in range(4)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert difference(read_bytes(data[: int(len(data) * part)], "a.gif"), frames[0]) == 0


def test_other_frames_that_cannot_be_counted_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    def is_animated(_: object) -> bool:
        raise SyntaxError

    data = encoded(scene(20, 10).convert("P"), "GIF")
    monkeypatch.setattr("PIL.GifImagePlugin.GifImageFile.is_animated", property(is_animated))
    assert read_bytes(data, "a.gif").width == 20


# How each kind of image is cut off.


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "HEIF", "AVIF"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_an_error(kind: str, part: float, tmp_path: Path) -> None:
    data = sample(kind)
    path = tmp_path / "cut.jpg"
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(ImageError, match=r"^cut\.jpg (is cut off|is damaged|is not an image)"):
        read_file(path, path.name)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}])
@pytest.mark.parametrize("missing", [2, 10, 1000])
def test_a_truncated_jpeg_is_cut_off_never_grey(options: dict[str, object], missing: int) -> None:
    data = encoded(scene(200, 200), "JPEG", **options)
    with pytest.raises(ImageError, match="is cut off") as caught:
        read_bytes(data[:-missing], "a.jpg")
    assert "again" in caught.value.remedy


def test_an_image_without_pixels_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def identify(_: object) -> Image.Image:
        return Image.new("RGB", (0, 5))

    monkeypatch.setattr("core.images.reading._identify", identify)
    with pytest.raises(ImageError, match="it has no pixels"):
        read_bytes(b"any", "a.gif")


def test_a_damaged_png_is_an_error() -> None:
    data = bytearray(encoded(scene(64, 64), "PNG"))
    data[200:260] = bytes(60)
    with pytest.raises(ImageError, match=r"is damaged|is cut off"):
        read_bytes(bytes(data), "a.png")


@pytest.mark.parametrize("kind", KINDS)
def test_no_damage_brings_anything_but_an_image_error(kind: str) -> None:
    data = sample(kind)
    chance = random.Random(kind)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for turn in range(60):
            broken = bytearray(data)
            if turn % 2:
                del broken[chance.randrange(len(broken)) :]
            for _ in range(chance.randrange(4)):
                if broken:
                    broken[chance.randrange(len(broken))] = chance.randrange(256)
            # Anything but an image error, and any warning, ends this test.
            with contextlib.suppress(ImageError):
                decoded = read_bytes(bytes(broken), "a")
                decoded.rgb()
                decoded.rgb(background=(1, 2, 3))


# Size.


def png_header(width: int, height: int) -> bytes:
    """A PNG file that promises that many pixels and holds none."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(16_000, 16_000), (60_000, 60_000), (2_000_000_000, 1), (500_000_000, 500_000_000)])
def test_a_decompression_bomb_is_refused_before_decoding(size: tuple[int, int]) -> None:
    limit = Image.MAX_IMAGE_PIXELS
    with pytest.raises(ImageError, match=r"too large|damaged"):
        read_bytes(png_header(*size), "bomb.png")
    assert limit == Image.MAX_IMAGE_PIXELS


def test_the_message_on_a_bomb_says_the_size() -> None:
    with pytest.raises(ImageError, match=r"bomb\.png is too large\. It has 60000 x 60000 pixels; at most 250 million"):
        read_bytes(png_header(60_000, 60_000), "bomb.png")


@pytest.mark.parametrize("side", [10_000, 13_500])
def test_images_that_pillow_would_warn_of_or_refuse_are_opened(side: int) -> None:
    """Pillow warns above 89 million pixels, and refuses above 179 million."""
    assert side * side < MAX_PIXELS
    data = encoded(Image.new("1", (side, side)), "PNG")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_bytes(data, "a").width == side


def test_a_huge_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 1000)
    path = saved(tmp_path / "a.bmp", scene(64, 64))
    with pytest.raises(ImageError, match="more than 2 GB"):
        read_file(path, "a.bmp")


# What is no file.


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"^a\.jpg does not exist"):
        read_file(tmp_path / "a.jpg", "a.jpg")


def test_a_path_through_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(ImageError, match="does not exist"):
        read_file(tmp_path / "a" / "b.jpg", "b.jpg")


def test_a_broken_link(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.symlink_to(tmp_path / "gone")
    with pytest.raises(ImageError, match="a link to something that is gone"):
        read_file(path, "a.jpg")


def test_links_in_a_circle(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.symlink_to(path)
    with pytest.raises(ImageError, match="circle"):
        read_file(path, "a.jpg")


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="is a folder"):
        read_file(tmp_path, "a")


@pytest.mark.parametrize("name", ["a\x00b.jpg", "x" * 5000])
def test_an_impossible_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"cannot be opened|does not exist"):
        read_file(tmp_path / name, "a.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_pipe_does_not_keep_anybody_waiting(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    os.mkfifo(path)
    with pytest.raises(ImageError, match="not an ordinary file"):
        read_file(path, "a.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_file_that_becomes_a_pipe_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    os.mkfifo(path)
    (tmp_path / "b").touch()
    regular = (tmp_path / "b").stat()

    def stat(*_: object, **__: object) -> os.stat_result:
        return regular

    monkeypatch.setattr(type(path), "stat", stat)
    with pytest.raises(ImageError, match="not an ordinary file"):
        read_file(path, "a.jpg")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="the system has no such device")
def test_a_device_is_not_read() -> None:
    with pytest.raises(ImageError, match="not an ordinary file"):
        read_file(Path("/dev/zero"), "zero")


def test_no_permission(private_file: Path) -> None:
    with pytest.raises(ImageError, match="refuses permission"):
        read_file(private_file, "a.jpg")


def test_a_folder_without_permission(private_file: Path) -> None:
    with pytest.raises(ImageError, match="This folder is not yours to read"):
        read_file(private_file.parent / "closed", "closed")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "memory"),
        (Image.DecompressionBombError("big"), "too large"),
        (Image.DecompressionBombWarning("big"), "too large"),
        (EOFError(), "cut off"),
        (OSError("image file is truncated"), "cut off"),
        (NotImplementedError("odd"), "damaged"),
        (SyntaxError("odd"), "damaged"),
        (struct.error("odd"), "damaged"),
        (TypeError("odd"), "damaged"),
        (ZeroDivisionError(), "damaged"),
        (RecursionError(), "damaged"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_whatever_a_decoder_raises_becomes_an_image_error(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encoded(scene(8, 8), "PNG")

    def load(_: object) -> None:
        raise error

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    with pytest.raises(ImageError, match=words) as caught:
        read_bytes(data, "a.png")
    assert type(error).__name__ in caught.value.detail


def test_without_the_heif_library_everything_else_works(monkeypatch: pytest.MonkeyPatch) -> None:
    heic = encoded(scene(64, 64), "HEIF")
    monkeypatch.delitem(Image.OPEN, "HEIF")
    monkeypatch.setattr(Image, "ID", [name for name in Image.ID if name != "HEIF"])

    def missing(_: str) -> None:
        raise ImportError

    monkeypatch.setattr("core.images.reading.importlib.import_module", missing)
    assert read_bytes(encoded(scene(9, 9), "TIFF"), "a").width == 9
    with pytest.raises(ImageError, match="pillow-heif"):
        read_bytes(heic, "a.heic")
