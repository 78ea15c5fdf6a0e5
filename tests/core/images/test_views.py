from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from core.images import DecodedImage, preview, thumbnail
from tests.core.pictures import quarters, scene, turned


def test_a_small_image_is_previewed_as_it_is() -> None:
    image = scene(33, 21)
    result = preview(DecodedImage(image))
    assert (result.width, result.height, result.full_width, result.full_height) == (33, 21, 33, 21)
    assert result.rgb == np.asarray(image).tobytes()


def test_a_large_image_is_previewed_smaller() -> None:
    result = preview(DecodedImage(scene(600, 400)), longest_side=150)
    assert (result.width, result.height, result.full_width, result.full_height) == (150, 100, 600, 400)
    assert len(result.rgb) == 150 * 100 * 3
    expected = np.asarray(scene(600, 400).resize((150, 100), Image.Resampling.BOX)).astype(int)
    shown = np.frombuffer(result.rgb, np.uint8).reshape(100, 150, 3).astype(int)
    assert np.abs(shown - expected).mean() < 4


@pytest.mark.parametrize("size", [(1, 9000), (9000, 1)])
def test_a_preview_has_at_least_one_pixel_a_side(size: tuple[int, int]) -> None:
    result = preview(DecodedImage(scene(*size)), longest_side=100)
    assert sorted((result.width, result.height)) == [1, 100]


def test_a_preview_for_a_place_on_the_screen_is_the_mean_of_squares_of_pixels() -> None:
    image = scene(600, 400)
    result = preview(DecodedImage(image), cover=(200, 150))
    assert (result.width, result.height, result.full_width, result.full_height) == (200, 134, 600, 400)
    assert not result.whole
    squares = np.asarray(image).astype(float)[:399].reshape(133, 3, 200, 3, 3)
    shown = np.frombuffer(result.rgb, np.uint8).reshape(134, 200, 3)[:133].astype(float)
    assert np.abs(shown - squares.mean(axis=(1, 3))).max() <= 1


@pytest.mark.parametrize("size", [(600, 400), (399, 800), (1000, 30), (1, 9000), (150, 149), (40, 30)])
@pytest.mark.parametrize("place", [(200, 150), (640, 480), (1, 1), (0, 0)])
def test_a_preview_for_a_place_is_no_smaller_than_what_fits(size: tuple[int, int], place: tuple[int, int]) -> None:
    image = scene(*size)
    result = preview(DecodedImage(image), cover=place)
    scale = min(1.0, place[0] / size[0], place[1] / size[1])
    assert result.width >= size[0] * scale
    assert result.height >= size[1] * scale
    assert result.whole == (result.rgb == preview(DecodedImage(image)).rgb)


def test_previews_are_upright() -> None:
    result = preview(DecodedImage(turned(quarters(64, 48), 6), 6))
    assert (result.width, result.height) == (64, 48)
    assert result.rgb == quarters(64, 48).tobytes()


def test_transparent_pixels_are_shown_on_white() -> None:
    decoded = DecodedImage(Image.new("RGBA", (2, 2), (0, 0, 0, 0)))
    assert preview(decoded).rgb == b"\xff" * 12
    assert np.asarray(Image.open(io.BytesIO(thumbnail(decoded)))).min() > 250


@pytest.mark.parametrize(
    ("size", "expected"),
    [((100, 60), (100, 60)), ((600, 400), (192, 128)), ((6000, 3000), (192, 96)), ((5, 8000), (1, 192))],
)
def test_a_thumbnail_fits_its_square(size: tuple[int, int], expected: tuple[int, int]) -> None:
    picture = Image.open(io.BytesIO(thumbnail(DecodedImage(scene(*size)))))
    assert picture.format == "JPEG"
    assert picture.size == expected


@pytest.mark.parametrize("size", [(700, 500), (4000, 3000)])
def test_a_thumbnail_looks_like_its_image(size: tuple[int, int]) -> None:
    picture = Image.open(io.BytesIO(thumbnail(DecodedImage(scene(*size)))))
    expected = scene(*size).resize(picture.size, Image.Resampling.BOX)
    assert np.abs(np.asarray(picture).astype(int) - np.asarray(expected).astype(int)).mean() < 6


def test_a_thumbnail_is_upright() -> None:
    picture = Image.open(io.BytesIO(thumbnail(DecodedImage(turned(quarters(3000, 2000), 8), 8))))
    assert picture.size == (192, 128)
    corner = picture.getpixel((10, 10))
    assert isinstance(corner, tuple)
    assert corner[0] > 200
    assert max(corner[1:3]) < 60
