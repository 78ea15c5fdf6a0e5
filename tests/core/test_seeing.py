"""What the model sees, against torchvision's transforms and against photos whose pixels say where they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torchvision.transforms import InterpolationMode, functional

from core.descriptions import Seen
from core.images import DecodedImage
from core.preprocessing import PRESETS, Channels, Crops, Preprocessing
from core.seeing import see
from tests.core.pictures import scene, turned

tv: Any = functional
PLAIN = PRESETS["none"]
Pixels = NDArray[np.uint8]
Script = Callable[[Image.Image], Image.Image]


def pictures(seen: Seen) -> list[Pixels]:
    return [np.frombuffer(rgb, np.uint8).reshape(seen.height, seen.width, 3) for rgb in seen.pictures]


def script(size: int, crop: int, bicubic: bool = False) -> Script:
    """Shorter side and centre crop, as a torchvision script has them."""
    how = InterpolationMode.BICUBIC if bicubic else InterpolationMode.BILINEAR
    return lambda image: tv.center_crop(tv.resize(image, size, how), crop)


def exactly(side: int) -> Script:
    return lambda image: tv.resize(image, [side, side])


def in_grey(image: Image.Image) -> Image.Image:
    return exactly(28)(image.convert("L")).convert("RGB")


def unchanged(image: Image.Image) -> Image.Image:
    return image


SCRIPTS: dict[str, Script] = {
    "imagenet": script(256, 224),
    "half": script(256, 224),
    "cifar10": script(32, 32),
    "clip": script(224, 224, bicubic=True),
    "inception": script(341, 299, bicubic=True),
    "half32": exactly(32),
    "mnist": in_grey,
    "none": unchanged,
}


@pytest.mark.parametrize("preset", SCRIPTS)
@pytest.mark.parametrize("size", [(320, 240), (211, 407)])
def test_the_pictures_are_those_of_a_script(preset: str, size: tuple[int, int]) -> None:
    image = scene(*size)
    seen = see(DecodedImage(image), PRESETS[preset])
    theirs = SCRIPTS[preset](image)
    assert (seen.width, seen.height) == theirs.size
    assert len(seen.pictures) == 1
    assert np.array_equal(pictures(seen)[0], np.asarray(theirs))
    assert seen.clipped == 0


def test_blue_looks_red_where_the_network_takes_bgr() -> None:
    image = scene(60, 40)
    bgr = replace(PLAIN, channels="bgr", mean=(0.3, 0.2, 0.1), std=(0.5, 0.4, 0.3))
    assert np.array_equal(pictures(see(DecodedImage(image), bgr))[0], np.asarray(image)[:, :, ::-1])


@pytest.mark.parametrize(
    "change",
    [
        {"range": "0..255", "mean": (103.939, 116.779, 123.68), "std": (57.0, 58.0, 59.0)},
        {"range": "-1..1"},
        {"range": "-1..1", "mean": (0.5, 0.0, -0.5), "std": (0.1, 2.0, 0.7)},
    ],
)
def test_any_scale_is_undone(change: dict[str, Any]) -> None:
    image = scene(60, 40)
    seen = see(DecodedImage(image), replace(PLAIN, **change))
    assert np.array_equal(pictures(seen)[0], np.asarray(image))


def test_what_is_inverted_is_shown_inverted() -> None:
    image = scene(60, 40)
    seen = see(DecodedImage(image), replace(PRESETS["imagenet"], resize="none", crop=None, invert=True))
    assert np.array_equal(pictures(seen)[0], 255 - np.asarray(image))


@pytest.mark.parametrize("channels", ["grey", "grey3"])
def test_grey_is_shown_grey(channels: Channels) -> None:
    image = scene(60, 40)
    count = 1 if channels == "grey" else 3
    seen = see(DecodedImage(image), replace(PLAIN, channels=channels, mean=(0.25,) * count, std=(0.5,) * count))
    assert np.array_equal(pictures(seen)[0], np.asarray(image.convert("L").convert("RGB")))


def test_one_row_of_numbers_is_shown_as_the_picture_that_it_was() -> None:
    image = scene(90, 70)
    square = replace(PRESETS["half32"], size=(20, 30))
    row = see(DecodedImage(image), replace(square, flatten=True))
    assert (row.width, row.height) == (30, 20)
    assert row.pictures == see(DecodedImage(image), square).pictures


def test_the_least_and_the_greatest_number_that_enter_are_told() -> None:
    image = Image.new("RGB", (8, 8), (0, 51, 255))
    seen = see(DecodedImage(image), replace(PLAIN, mean=(0.5, 0.2, 0.0), std=(0.25, 1.0, 0.5)))
    assert (seen.low, seen.high) == pytest.approx((-2.0, 2.0))


def places(width: int, height: int) -> Tensor:
    """A photo whose two channels are each pixel's middle, from the left and from the top."""
    across = torch.arange(width, dtype=torch.float32).add(0.5).expand(height, width)
    down = torch.arange(height, dtype=torch.float32).add(0.5)[:, None].expand(height, width)
    return torch.stack([across, down])


def box_of(view: Tensor) -> tuple[float, ...]:
    """Left, top, width and height of what a view shows, from where its pixels say that they are."""
    found: list[tuple[float, float]] = []
    # The middle half, since at the very edge of a photo its last pixel is repeated.
    for line in (view[0, view.shape[1] // 2], view[1, :, view.shape[2] // 2]):
        count = len(line)
        near, far = count // 4, count - 1 - count // 4
        step = float(line[far] - line[near]) / (far - near)
        start = float(line[near]) - (near + 0.5) * step
        found.append((start, step * count) if step > 0 else (start + step * count, -step * count))
    (left, width), (top, height) = found
    return left, top, width, height


def unblended(value: Preprocessing) -> Preprocessing:
    return replace(value, antialias=False)


@pytest.mark.parametrize("size", [(320, 240), (240, 320), (401, 77)])
@pytest.mark.parametrize(("shorter", "crop"), [(256, 224), (64, 64), (75, 40)])
def test_the_crop_lies_where_torchvision_cuts(size: tuple[int, int], shorter: int, crop: int) -> None:
    view = tv.center_crop(tv.resize(places(*size), [shorter], antialias=False), [crop])
    value = unblended(replace(PLAIN, resize="shorter", size=(shorter, shorter), crop=(crop, crop)))
    (box,) = see(DecodedImage(scene(*size)), value).crops
    assert box == pytest.approx(box_of(view), abs=0.01)


@pytest.mark.parametrize("crops", [5, 10])
def test_several_crops_lie_where_torchvision_cuts(crops: Crops) -> None:
    size, resized, crop = (301, 203), (90, 121), (63, 48)
    cut = tv.five_crop if crops == 5 else tv.ten_crop
    views = cut(tv.resize(places(*size), resized, antialias=False), list(crop))
    value = unblended(replace(PLAIN, resize="exact", size=resized, crop=crop, crops=crops))
    seen = see(DecodedImage(scene(*size)), value)
    assert len(seen.crops) == len(seen.pictures) == crops
    for box, view in zip(seen.crops, views, strict=True):
        assert box == pytest.approx(box_of(view), abs=0.01)


@pytest.mark.parametrize("crop", [None, (60, 50), (30, 80)])
@pytest.mark.parametrize("size", [(200, 100), (90, 240)])
def test_a_padded_crop_reaches_as_far_beyond_the_photo_as_its_picture_shows(
    size: tuple[int, int], crop: tuple[int, int] | None
) -> None:
    white = DecodedImage(Image.new("RGB", size, (255, 255, 255)))
    value = replace(PLAIN, resize="pad", size=(60, 50), crop=crop)
    seen = see(white, value)
    lit = pictures(seen)[0][:, :, 0] == 255
    left, top, width, height = seen.crops[0]
    for start, length, along, have, count in (
        (left, width, lit.any(axis=0), size[0], seen.width),
        (top, height, lit.any(axis=1), size[1], seen.height),
    ):
        shown = np.flatnonzero(along)
        step = length / count
        # In pixels of the picture: where the photo begins and ends in it, cut at its edges.
        assert max(0.0, -start / step) == pytest.approx(shown[0], abs=0.01)
        assert min(float(count), (have - start) / step) == pytest.approx(shown[-1] + 1, abs=0.01)


@pytest.mark.parametrize("exif", [True, False])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_crop_lies_on_the_upright_photo_also_where_exif_is_ignored(orientation: int, exif: bool) -> None:
    grid = np.stack(np.meshgrid(np.arange(30), np.arange(20)), axis=-1).astype(np.uint8)
    upright = Image.fromarray(np.concatenate([grid, np.zeros((20, 30, 1), np.uint8)], axis=-1))
    # An odd rest puts the crop nearer to one edge than to the other.
    seen = see(DecodedImage(turned(upright, orientation), orientation), replace(PLAIN, crop=(9, 13), exif=exif))
    left, top, width, height = seen.crops[0]
    cut = upright.crop((int(left), int(top), int(left + width), int(top + height)))
    ours = {tuple(pixel) for pixel in np.asarray(cut).reshape(-1, 3).tolist()}
    theirs = {tuple(pixel) for pixel in pictures(seen)[0].reshape(-1, 3).tolist()}
    assert len(ours) == 9 * 13
    assert ours == theirs
