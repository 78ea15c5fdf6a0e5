from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from core.errors import ImageError
from core.images import DecodedImage
from tests.core.pictures import quarters, scene, turned


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_rgb_is_upright_as_exif_says(orientation: int) -> None:
    upright = quarters(64, 40)
    decoded = DecodedImage(turned(upright, orientation), orientation)
    assert (decoded.width, decoded.height) == (64, 40)
    assert np.array_equal(pixels(decoded.rgb()), pixels(upright))


@pytest.mark.parametrize("orientation", range(2, 9))
def test_exif_can_be_left_alone(orientation: int) -> None:
    stored = turned(quarters(), orientation)
    assert np.array_equal(pixels(DecodedImage(stored, orientation).rgb(exif=False)), pixels(stored))


def test_rgb_pixels_are_not_copied() -> None:
    image = scene(20, 10)
    assert DecodedImage(image).rgb() is image


@pytest.mark.parametrize(("mode", "orientation"), [("RGB", 6), ("L", 1), ("RGBA", 8)])
def test_a_view_is_made_once(mode: str, orientation: int) -> None:
    decoded = DecodedImage(scene(20, 10).convert(mode), orientation)
    assert decoded.rgb() is decoded.rgb()
    assert decoded.rgb(exif=False) is decoded.rgb(exif=False)


def test_without_alpha_a_background_changes_nothing() -> None:
    decoded = DecodedImage(scene(20, 10))
    assert decoded.rgb(background=(1, 2, 3)) is decoded.rgb()


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    values = np.array([[0, 255, 256, 511, 512, 0x7FFF, 0x8000, 0xFF00, 0xFFFF]], dtype=np.uint16)
    decoded = DecodedImage(Image.fromarray(values))
    assert decoded.pixels.mode == "I;16"
    assert pixels(decoded.rgb())[0, :, 1].tolist() == [0, 0, 1, 1, 2, 0x7F, 0x80, 0xFF, 0xFF]


def test_sixteen_bit_bytes_may_come_in_either_order() -> None:
    values = np.array([[0x1234, 0xFEDC]], dtype=">u2")
    image = Image.frombytes("I;16B", (2, 1), values.tobytes())
    assert pixels(DecodedImage(image).rgb())[0, :, 0].tolist() == [0x12, 0xFE]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 100, 255], [0, 100, 255]),
        ([0, 25700, 65535], [0, 100, 255]),
        ([-100, 0, 300], [0, 64, 255]),
        ([0, 1_000_000, 4_000_000], [0, 64, 255]),
        ([70_000, 70_000, 70_000], [0, 0, 0]),
    ],
)
def test_integers_are_scaled_by_their_range(values: list[int], expected: list[int]) -> None:
    image = Image.fromarray(np.array([values], dtype=np.int32))
    assert image.mode == "I"
    assert pixels(DecodedImage(image).rgb())[0, :, 2].tolist() == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 100.4, 255.0], [0, 100, 255]),
        ([float("nan"), 0.5, float("inf")], [0, 128, 0]),
        ([-1.0, 0.0, 3.0], [0, 64, 255]),
        ([-1e38, 0.0, 3e38], [0, 64, 255]),
    ],
)
def test_floats_are_scaled_by_their_range(values: list[float], expected: list[int]) -> None:
    image = Image.fromarray(np.array([values], dtype=np.float32))
    assert image.mode == "F"
    assert pixels(DecodedImage(image).rgb())[0, :, 0].tolist() == expected


def translucent() -> Image.Image:
    image = Image.new("RGBA", (3, 1), (200, 100, 50, 255))
    image.putpixel((1, 0), (200, 100, 50, 0))
    image.putpixel((2, 0), (200, 100, 50, 51))
    return image


def test_transparency_is_dropped_showing_the_colour_beneath() -> None:
    decoded = DecodedImage(translucent())
    assert decoded.has_alpha
    assert pixels(decoded.rgb())[0].tolist() == [[200, 100, 50]] * 3


def test_transparency_is_composited_on_a_background() -> None:
    result = pixels(DecodedImage(translucent()).rgb(background=(0, 0, 250)))[0]
    # 20 % of the colour over 80 % of the background.
    assert np.abs(result - [[200, 100, 50], [0, 0, 250], [40, 20, 210]]).max() <= 1


def palette_with_clear_entry(clear: int | bytes) -> Image.Image:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    image.info["transparency"] = clear
    return image


@pytest.mark.parametrize("clear", [1, b"\xff\x00"])
def test_a_transparent_palette_entry(clear: int | bytes) -> None:
    decoded = DecodedImage(palette_with_clear_entry(clear))
    assert pixels(decoded.rgb())[0].tolist() == [[10, 20, 30], [200, 100, 50]]
    assert pixels(decoded.rgb(background=(1, 2, 3)))[0].tolist() == [[10, 20, 30], [1, 2, 3]]
    assert decoded.pixels.info["transparency"] == clear


def test_a_transparent_sixteen_bit_grey() -> None:
    image = Image.fromarray(np.array([[0x1234, 0x8000]], dtype=np.uint16))
    image.info["transparency"] = 0x1234
    decoded = DecodedImage(image)
    assert pixels(decoded.rgb())[0, :, 0].tolist() == [0x12, 0x80]
    assert pixels(decoded.rgb(background=(9, 8, 7)))[0].tolist() == [[9, 8, 7], [0x80] * 3]


@pytest.mark.parametrize("transparent", ["odd", 70_000, (1, 2, 3)])
def test_sixteen_bit_with_senseless_transparency_is_left_opaque(transparent: object) -> None:
    image = Image.fromarray(np.array([[0x1234, 0x8000]], dtype=np.uint16))
    image.info["transparency"] = transparent
    assert pixels(DecodedImage(image).rgb(background=(9, 8, 7)))[0, :, 0].tolist() == [0x12, 0x80]


MODES = ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", "I", "F",
         "I;16", "I;16B", "I;16L"]  # fmt: skip


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("background", [None, (255, 255, 255)])
@pytest.mark.parametrize("mode", MODES)
def test_every_mode_becomes_rgb(mode: str, background: tuple[int, int, int] | None, orientation: int) -> None:
    decoded = DecodedImage(Image.new(mode, (4, 2)), orientation)
    result = decoded.rgb(background=background)
    assert result.mode == "RGB"
    assert result.size == (decoded.width, decoded.height)


@pytest.mark.parametrize("mode", ["La", "RGBa"])
def test_premultiplied_colours_are_divided_by_alpha(mode: str) -> None:
    # Half transparent, stored as 50: the colour itself is 100.
    image = Image.new(mode, (1, 1), (50, 128) if mode == "La" else (50, 50, 50, 128))
    assert np.abs(pixels(DecodedImage(image).rgb()) - 100).max() <= 1


def failing(error: Exception) -> Callable[..., Image.Image]:
    def convert(*_: object, **__: object) -> Image.Image:
        raise error

    return convert


@pytest.mark.parametrize(("error", "words"), [(MemoryError(), "memory"), (ValueError("odd"), "colours")])
def test_what_cannot_be_converted_is_said(error: Exception, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    image = scene(4, 4).convert("CMYK")
    monkeypatch.setattr(image, "convert", failing(error))
    with pytest.raises(ImageError, match=words):
        DecodedImage(image).rgb()


def test_threads_share_one_conversion() -> None:
    decoded = DecodedImage(scene(800, 600).convert("CMYK"), 6)
    results: list[Image.Image] = []
    threads = [threading.Thread(target=lambda: results.append(decoded.rgb())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert len({id(result) for result in results}) == 1


def test_memory_counts_the_views() -> None:
    plain, sideways = DecodedImage(scene(100, 50)), DecodedImage(scene(100, 50), 6)
    grey = DecodedImage(scene(100, 50).convert("L"))
    assert (plain.nbytes, sideways.nbytes, grey.nbytes) == (20_000, 40_000, 25_000)


class TestOnce:
    def test_the_same_is_made_once_for_all_threads(self) -> None:
        image = DecodedImage(scene(8, 6))
        made: list[int] = []
        begun, go = threading.Event(), threading.Event()

        def slow() -> object:
            begun.set()
            assert go.wait(5)
            made.append(1)
            return made

        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(image.once, "list", "a", slow)
            assert begun.wait(5)
            second = pool.submit(image.once, "list", "a", slow)
            go.set()
            assert first.result(5) is second.result(5)
        assert made == [1]

    def test_another_key_makes_it_anew_and_another_kind_keeps_it(self) -> None:
        image = DecodedImage(scene(8, 6))
        assert image.once("number", 1, lambda: "one") == "one"
        assert image.once("colour", 1, lambda: "red") == "red"
        assert image.once("number", 1, lambda: "changed") == "one"
        assert image.once("number", 2, lambda: "two") == "two"
        assert image.once("number", 1, lambda: "one again") == "one again"

    def test_a_failure_is_tried_again(self) -> None:
        image = DecodedImage(scene(8, 6))

        def fail() -> str:
            raise ImageError("It is too long.")

        with pytest.raises(ImageError):
            image.once("number", 1, fail)
        assert image.once("number", 1, lambda: "one") == "one"
