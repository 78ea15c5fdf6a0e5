"""Pictures that were saved as arrays, in every layout, against the pictures themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.arrays import ANYTHING, Takes
from core.arrays.contents import look
from core.errors import ImageError
from core.images import Decoder, walk
from tests.core.array_files import npy, npz


def picture(path: Path, takes: Takes = ANYTHING, index: int = 0) -> NDArray[Any]:
    sources = list(walk([path], takes))
    assert not any(source.is_row for source in sources)
    return np.asarray(Decoder().decode(sources[index]).rgb())


PHOTOS: NDArray[np.uint8] = np.random.default_rng(1).integers(0, 256, (5, 12, 16, 3), np.uint8)


@pytest.mark.parametrize(
    ("value", "count", "expected"),
    [
        (PHOTOS, 5, PHOTOS[0]),
        (PHOTOS[0], 1, PHOTOS[0]),
        (PHOTOS.transpose(0, 3, 1, 2), 5, PHOTOS[0]),
        (PHOTOS[0].transpose(2, 0, 1), 1, PHOTOS[0]),
        (PHOTOS.astype("float32") / 255, 5, PHOTOS[0]),
        (PHOTOS.astype("float64"), 5, PHOTOS[0]),
        (PHOTOS.astype("int64"), 5, PHOTOS[0]),
        (PHOTOS[..., 0], 5, np.repeat(PHOTOS[0, ..., :1], 3, -1)),
        (PHOTOS[..., :1], 5, np.repeat(PHOTOS[0, ..., :1], 3, -1)),
        (PHOTOS[:, :, :, 0][:, None], 5, np.repeat(PHOTOS[0, ..., :1], 3, -1)),
        (PHOTOS[0, ..., 0], 1, np.repeat(PHOTOS[0, ..., :1], 3, -1)),
        (PHOTOS[0, ..., 0].astype("float32") / 255, 1, np.repeat(PHOTOS[0, ..., :1], 3, -1)),
        (PHOTOS > 127, 5, (PHOTOS[0] > 127) * np.uint8(255)),
        (PHOTOS.astype("uint16") * 257, 5, PHOTOS[0]),
        (PHOTOS[..., 0].astype("uint16") * 257, 5, np.repeat(PHOTOS[0, ..., :1], 3, -1)),
    ],
)
def test_pictures_in_arrays(tmp_path: Path, value: NDArray[Any], count: int, expected: NDArray[Any]) -> None:
    for path in (npy(tmp_path, value), npz(tmp_path, images=value)):
        assert look(path).count == count
        assert np.array_equal(picture(path), expected)


def test_three_grey_pictures_and_one_in_colour(tmp_path: Path) -> None:
    path = npy(tmp_path, PHOTOS[:3, ..., 0])
    assert look(path).count == 1
    assert look(path, Takes(grey=True)).count == 3
    assert np.array_equal(picture(path, Takes(grey=True), 2)[..., 0], PHOTOS[2, ..., 0])


def test_a_scale_is_that_of_the_whole_file(tmp_path: Path) -> None:
    value = np.zeros((3, 9, 9), np.float32)
    value[0, 0, 0], value[2] = 1.0, 200.0
    assert picture(npy(tmp_path, value))[0, 0, 0] == 1
    assert picture(npy(tmp_path, value[:2]))[0, 0, 0] == 255


@pytest.mark.parametrize(
    ("shape", "kind", "takes", "expected"),
    [
        ((28, 28), "uint8", Takes(), "picture"),
        ((28, 28), "normal", Takes(), "row"),
        ((28, 28), "unit", Takes(), "picture"),
        ((28, 28), "uint8", Takes(28), "row"),
        ((28, 28), "uint8", Takes(784), "picture"),
        ((28, 28), "uint8", Takes(784, pictures=False), "row"),
        ((60, 784), "uint8", Takes(784), "row"),
        ((100, 10), "uint8", Takes(), "row"),
        ((4, 4), "uint8", Takes(), "row"),
    ],
)
def test_a_square_of_numbers_may_be_both(
    tmp_path: Path, shape: tuple[int, int], kind: str, takes: Takes, expected: str
) -> None:
    generator = np.random.default_rng(3)
    made = {
        "uint8": generator.integers(0, 255, shape, np.uint8),
        "normal": generator.normal(size=shape),
        "unit": generator.random(shape),
    }
    assert look(npy(tmp_path, made[kind]), takes).kind == expected


@pytest.mark.parametrize("value", [np.random.default_rng(0).normal(size=(2, 3, 8, 8)), np.full((2, 8, 8), np.nan)])
def test_values_that_are_no_pixels(tmp_path: Path, value: NDArray[Any]) -> None:
    with pytest.raises(ImageError, match=r"are no pixels.*before mean and std"):
        picture(npy(tmp_path, value))
