"""Preprocessing against torchvision's own transforms, value by value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor
from torchvision import transforms
from torchvision.transforms import InterpolationMode, functional

from core.errors import ImageError
from core.images import DecodedImage
from core.preprocessing import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    PRESETS,
    Channels,
    Interpolation,
    Preprocessing,
)
from core.tensors import MAX_PIXELS, resized_size, to_tensor
from tests.core.pictures import scene

SIZES = [(640, 427), (427, 640), (224, 224), (33, 21), (1, 1), (3, 500), (500, 3), (257, 255), (2000, 3)]
UNCHANGED = Preprocessing(resize="none", crop=None, mean=(0.0,) * 3, std=(1.0,) * 3)

Step = Callable[[Image.Image], Image.Image]
tv: Any = functional


def expected(image: Image.Image, *steps: Step, mean: object = IMAGENET_MEAN, std: object = IMAGENET_STD) -> Tensor:
    """What a torchvision script makes of an image."""
    script: Any = transforms.Compose([*steps, transforms.ToTensor(), transforms.Normalize(mean, std)])
    return script(image)


def numbers(values: Tensor) -> list[float]:
    return [float(value) for value in values]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("resize", "crop"), [(256, 224), (224, 224), (64, 300), (32, 33), (235, 224)])
def test_shorter_side_and_crop(size: tuple[int, int], resize: int, crop: int) -> None:
    image = scene(*size)
    ours = to_tensor(DecodedImage(image), Preprocessing(size=(resize, resize), crop=(crop, crop)))
    theirs = expected(image, transforms.Resize(resize), transforms.CenterCrop(crop))
    assert ours.dtype == torch.float32
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize(("channels", "length"), [("grey", 784), ("rgb", 2352), ("bgr", 2352)])
def test_an_image_as_one_row(channels: Channels, length: int) -> None:
    """As ``ToTensor()`` and ``flatten()`` of a plain script."""
    image = scene(200, 100)
    count = 1 if channels == "grey" else 3
    preprocessing = Preprocessing(
        channels=channels, resize="exact", size=(28, 28), crop=None, mean=(0.5,) * count, std=(0.25,) * count
    )
    row = to_tensor(DecodedImage(image), replace(preprocessing, flatten=True))
    plain = image.convert("L") if channels == "grey" else image
    script = expected(plain, transforms.Resize((28, 28)), mean=(0.5,) * count, std=(0.25,) * count)
    if channels == "bgr":
        script = script[[2, 1, 0]]
    assert row.shape == (length,)
    assert torch.equal(row, script.flatten())


@settings(max_examples=60)
@given(
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    resize=st.integers(1, 90),
    crop=st.tuples(st.integers(1, 100), st.integers(1, 100)),
)
def test_any_size(size: tuple[int, int], resize: int, crop: tuple[int, int]) -> None:
    image = scene(*size)
    ours = to_tensor(DecodedImage(image), Preprocessing(size=(resize, resize), crop=crop))
    assert torch.equal(ours, expected(image, transforms.Resize(resize), transforms.CenterCrop(crop)))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("nearest", InterpolationMode.NEAREST),
        ("bilinear", InterpolationMode.BILINEAR),
        ("bicubic", InterpolationMode.BICUBIC),
        ("lanczos", InterpolationMode.LANCZOS),
    ],
)
def test_interpolation(size: tuple[int, int], name: Interpolation, mode: InterpolationMode) -> None:
    image = scene(*size)
    ours = to_tensor(DecodedImage(image), Preprocessing(size=(96, 96), crop=(80, 80), interpolation=name))
    assert torch.equal(ours, expected(image, transforms.Resize(96, mode), transforms.CenterCrop(80)))


@pytest.mark.parametrize("size", SIZES)
def test_exact(size: tuple[int, int]) -> None:
    image = scene(*size)
    ours = to_tensor(DecodedImage(image), Preprocessing(resize="exact", size=(48, 64), crop=None))
    assert ours.shape == (3, 48, 64)
    assert torch.equal(ours, expected(image, transforms.Resize((48, 64))))


@pytest.mark.parametrize("size", SIZES)
def test_none(size: tuple[int, int]) -> None:
    image = scene(*size)
    ours = to_tensor(DecodedImage(image), replace(UNCHANGED, mean=IMAGENET_MEAN, std=IMAGENET_STD))
    assert ours.shape == (3, size[1], size[0])
    assert torch.equal(ours, expected(image))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("crop", [(60, 100), (2, 700), (700, 2)])
def test_a_crop_larger_than_the_image_pads_with_black_before_normalising(
    size: tuple[int, int], crop: tuple[int, int]
) -> None:
    image = scene(*size)
    ours = to_tensor(DecodedImage(image), Preprocessing(resize="none", crop=crop))
    assert torch.equal(ours, expected(image, transforms.CenterCrop(crop)))


def test_black_padding_is_not_zero_after_normalising() -> None:
    ours = to_tensor(DecodedImage(Image.new("RGB", (1, 1), (255, 255, 255))), Preprocessing(resize="none", crop=(3, 3)))
    assert numbers(ours[:, 0, 0]) == pytest.approx([-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225])
    assert numbers(ours[:, 1, 1]) == pytest.approx([0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225])


@pytest.mark.parametrize("size", SIZES)
def test_grey(size: tuple[int, int]) -> None:
    image = scene(*size)
    ours = to_tensor(DecodedImage(image), PRESETS["mnist"])
    theirs = expected(
        image, transforms.Grayscale(1), transforms.Resize((28, 28)), mean=(0.1307,), std=(0.3081,)
    )  # fmt: skip
    assert ours.shape == (1, 28, 28)
    assert torch.equal(ours, theirs)


def test_a_grey_image_stays_as_grey_as_it_is() -> None:
    image = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    grey = replace(UNCHANGED, channels="grey", mean=(0.0,), std=(1.0,))
    ours = to_tensor(DecodedImage(image), grey)
    assert torch.equal(ours[0], torch.arange(256).view(16, 16) / 255)


def test_bgr_is_rgb_backwards_with_mean_and_std_in_the_networks_order() -> None:
    image = scene(40, 30)
    ours = to_tensor(DecodedImage(image), Preprocessing(channels="bgr", resize="none", crop=None))
    flipped = Image.merge("RGB", image.split()[::-1])
    assert torch.equal(ours, expected(flipped))
    assert not torch.equal(ours, expected(image))


@pytest.mark.parametrize("channels", ["rgb", "bgr", "grey"])
def test_values_are_divided_by_255_and_nothing_else(channels: Channels) -> None:
    count = 1 if channels == "grey" else 3
    plain = Preprocessing(
        resize="none", crop=None, channels=channels, mean=(0.0,) * count, std=(1.0,) * count
    )  # fmt: skip
    image = Image.new("RGB", (2, 2), (51, 51, 51))
    assert torch.equal(to_tensor(DecodedImage(image), plain), torch.full((count, 2, 2), 51 / 255))


def fitted(image: Image.Image, height: int, width: int, fill: object) -> Image.Image:
    """timm's ResizeKeepRatio(longest=1) and CenterCropOrPad, from their description."""
    ratio = max(image.height / height, image.width / width)
    small = tv.resize(image, [max(1, round(image.height / ratio)), max(1, round(image.width / ratio))])
    left, top = (width - small.width) // 2, (height - small.height) // 2
    return tv.pad(small, [left, top, width - small.width - left, height - small.height - top], fill=fill)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("fill", [(0, 0, 0), (124, 116, 104)])
@pytest.mark.parametrize("target", [(64, 64), (40, 90)])
def test_pad(size: tuple[int, int], fill: tuple[int, int, int], target: tuple[int, int]) -> None:
    image = scene(*size)
    ours = to_tensor(DecodedImage(image), Preprocessing(resize="pad", size=target, crop=None, fill=fill))
    assert ours.shape == (3, *target)
    assert torch.equal(ours, expected(fitted(image, *target, fill)))


def test_pad_and_crop() -> None:
    """The image is fitted into 72, and 64 of it are kept: cut on the long side, filled on the short one."""
    image = scene(144, 72)
    ours = to_tensor(
        DecodedImage(image), Preprocessing(resize="pad", size=(72, 72), crop=(64, 64), fill=(10, 20, 30))
    )  # fmt: skip
    theirs = transforms.CenterCrop(64)(fitted(image, 72, 72, (10, 20, 30)))
    assert torch.equal(ours, expected(theirs))


def test_pad_fills_grey_with_the_colours_brightness() -> None:
    values = Preprocessing(
        channels="grey", resize="pad", size=(4, 4), crop=None, mean=(0.0,), std=(1.0,), fill=(255, 0, 0)
    )  # fmt: skip
    ours = to_tensor(DecodedImage(Image.new("RGB", (4, 2), (255, 255, 255))), values)
    assert numbers((ours * 255).round()[0, :, 0]) == [76, 255, 255, 76]


def test_shorter_covers_a_size_that_is_not_square() -> None:
    """timm's ResizeKeepRatio(longest=0): 300 x 200 covers 90 x 100 at half of its size."""
    values = Preprocessing(size=(100, 90), crop=(100, 90))
    assert resized_size(300, 200, values) == (150, 100)
    assert resized_size(200, 300, values) == (90, 135)
    image = scene(300, 200)
    ours = to_tensor(DecodedImage(image), values)
    assert torch.equal(ours, expected(image, transforms.Resize((100, 150)), transforms.CenterCrop((100, 90))))


def test_exif_and_background_are_switches() -> None:
    image = Image.new("RGBA", (6, 2), (255, 0, 0, 0))
    sideways = DecodedImage(image, 6)
    assert to_tensor(sideways, UNCHANGED).shape == (3, 6, 2)
    assert to_tensor(sideways, replace(UNCHANGED, exif=False)).shape == (3, 2, 6)
    assert numbers(to_tensor(sideways, UNCHANGED)[:, 0, 0]) == [1, 0, 0]
    assert numbers(to_tensor(sideways, replace(UNCHANGED, background=(0, 255, 0)))[:, 0, 0]) == [0, 1, 0]


def test_the_image_itself_is_not_changed() -> None:
    image = scene(50, 40)
    before = image.tobytes()
    decoded = DecodedImage(image)
    to_tensor(decoded, replace(UNCHANGED, mean=IMAGENET_MEAN, std=IMAGENET_STD)).zero_()
    assert image.tobytes() == before


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "nearest"])
@pytest.mark.parametrize("size", [(3, 2000), (2000, 3), (2, 999)])
def test_of_a_very_long_image_only_the_part_that_is_kept_is_made(
    size: tuple[int, int], interpolation: Interpolation, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = Preprocessing(interpolation=interpolation)
    whole = to_tensor(DecodedImage(scene(*size)), values)
    made: list[tuple[int, int]] = []
    real: Callable[..., Image.Image] = Image.Image.resize

    def resize(self: Image.Image, size: tuple[int, int], *rest: object, **more: object) -> Image.Image:
        made.append(size)
        return real(self, size, *rest, **more)

    monkeypatch.setattr("core.tensors.MAX_PIXELS", 1000)
    monkeypatch.setattr(Image.Image, "resize", resize)
    part = to_tensor(DecodedImage(scene(*size)), values)
    assert made[-1] in ((256, 224), (224, 256), (224, 224))
    # One step of 255 is 0.0175 here: the same picture, but for rounding.
    assert (part - whole).abs().max() < 0.04 if interpolation != "nearest" else part.shape == whole.shape


def test_an_image_that_is_too_long_without_a_crop_is_refused() -> None:
    decoded = DecodedImage(Image.new("RGB", (1, 5000)))
    assert MAX_PIXELS < 256 * 256 * 5000
    with pytest.raises(ImageError, match="256 x 1280000 pixels"):
        to_tensor(decoded, Preprocessing(crop=None))
    assert to_tensor(decoded, Preprocessing()).shape == (3, 224, 224)
