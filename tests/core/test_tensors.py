"""Preprocessing against torchvision's own transforms, value by value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor
from torchvision import transforms
from torchvision.transforms import InterpolationMode, functional, v2

from core.errors import ImageError
from core.images import DecodedImage
from core.preprocessing import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    PRESETS,
    Channels,
    Crops,
    Interpolation,
    Preprocessing,
    Range,
)
from core.tensors import MAX_PIXELS, resized_size, to_tensor, views_of
from tests.core.pictures import scene

SIZES = [(640, 427), (427, 640), (224, 224), (33, 21), (1, 1), (3, 500), (500, 3), (257, 255), (2000, 3)]
SOME = [(640, 427), (33, 21), (1, 1), (3, 500), (257, 255)]
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


# Not antialiased.


@pytest.mark.parametrize("size", SOME)
@pytest.mark.parametrize("resize", [(96, 80), (32, 33)])
@pytest.mark.parametrize("name", ["nearest", "bilinear", "bicubic"])
def test_without_antialiasing_images_are_resized_as_torchvision_resizes_tensors(
    size: tuple[int, int], resize: tuple[int, int], name: Interpolation
) -> None:
    image, (side, crop) = scene(*size), resize
    values = Preprocessing(size=(side, side), crop=(crop, crop), interpolation=name, antialias=False)
    small = tv.resize(tv.pil_to_tensor(image), [side], InterpolationMode(name), antialias=False)
    assert small.dtype == torch.uint8
    script = tv.normalize(tv.center_crop(small, [crop]).float() / 255, IMAGENET_MEAN, IMAGENET_STD)
    ours = to_tensor(DecodedImage(image), values)
    assert torch.equal(ours, script)
    # torchvision's second version does the same for float32.  For uint8 it computes in whole numbers, and after each
    # direction: bilinear is within one step of 255, bicubic within a few.
    second = v2.functional.resize(tv.pil_to_tensor(image).float(), [side], InterpolationMode(name), antialias=False)
    assert torch.equal(second.round().clamp(0, 255), small)
    if name != "bicubic":
        whole = v2.functional.resize(tv.pil_to_tensor(image), [side], InterpolationMode(name), antialias=False)
        assert (small.int() - whole.int()).abs().max() <= (name == "bilinear")


def test_without_antialiasing_grey_and_exact_sizes_are_the_same_too() -> None:
    image = scene(97, 61)
    values = Preprocessing(channels="grey", resize="exact", size=(28, 20), crop=None, mean=(0.1,), std=(0.3,))
    small = tv.resize(tv.pil_to_tensor(image.convert("L")), [28, 20], antialias=False)
    ours = to_tensor(DecodedImage(image), replace(values, antialias=False))
    assert torch.equal(ours, tv.normalize(small.float() / 255, (0.1,), (0.3,)))
    assert not torch.equal(ours, to_tensor(DecodedImage(image), values))


# Several crops.


@pytest.mark.parametrize("size", SOME)
@pytest.mark.parametrize(("resize", "crop"), [(97, 64), (33, 33)])
@pytest.mark.parametrize(("crops", "cut"), [(5, transforms.FiveCrop), (10, transforms.TenCrop)])
def test_several_crops_are_torchvisions(
    size: tuple[int, int], resize: int, crop: int, crops: Crops, cut: Callable[[int], Any]
) -> None:
    image = scene(*size)
    ours = to_tensor(DecodedImage(image), Preprocessing(size=(resize, resize), crop=(crop, crop), crops=crops))
    views = cut(crop)(transforms.Resize(resize)(image))
    assert ours.shape == (crops, 3, crop, crop)
    assert torch.equal(ours, torch.stack([expected(view) for view in views]))


def test_several_crops_of_a_padded_image_are_cut_out_of_what_was_padded() -> None:
    image = scene(90, 31)
    values = Preprocessing(resize="pad", size=(64, 50), crop=(40, 48), crops=5, fill=(1, 2, 3))
    views = transforms.FiveCrop((40, 48))(fitted(image, 64, 50, (1, 2, 3)))
    assert torch.equal(to_tensor(DecodedImage(image), values), torch.stack([expected(view) for view in views]))


def test_an_image_that_is_smaller_than_its_crops_is_refused() -> None:
    values = Preprocessing(resize="none", crop=(40, 30), crops=5)
    assert to_tensor(DecodedImage(scene(30, 40)), values).shape == (5, 3, 40, 30)
    with pytest.raises(ImageError, match="29 x 40 pixels, and 30 x 40 are cut out"):
        to_tensor(DecodedImage(scene(29, 40)), values)
    with pytest.raises(ImageError, match="too long and thin"):
        to_tensor(DecodedImage(Image.new("RGB", (1, 5000))), Preprocessing(crops=10))


# Channels, ranges and inversion.


@pytest.mark.parametrize("size", SOME)
def test_grey_on_three_channels(size: tuple[int, int]) -> None:
    image = scene(*size)
    ours = to_tensor(DecodedImage(image), Preprocessing(channels="grey3", size=(96, 96), crop=(80, 80)))
    theirs = expected(image, transforms.Grayscale(3), transforms.Resize(96), transforms.CenterCrop(80))
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("channels", ["rgb", "bgr", "grey", "grey3"])
def test_inverted(channels: Channels) -> None:
    image = scene(50, 70)
    count = 1 if channels == "grey" else 3
    values = Preprocessing(
        channels=channels, size=(40, 40), crop=(32, 32), invert=True, mean=(0.3,) * count, std=(0.2,) * count
    )
    grey = [transforms.Grayscale(count)] if channels in ("grey", "grey3") else []
    invert: Any = transforms.RandomInvert(1)
    steps = [*grey, transforms.Resize(40), transforms.CenterCrop(32), invert]
    theirs = expected(image, *steps, mean=(0.3,) * count, std=(0.2,) * count)
    assert torch.equal(to_tensor(DecodedImage(image), values), theirs.flip(0) if channels == "bgr" else theirs)


def test_ranges() -> None:
    image = scene(16, 16)
    raw = np.asarray(image, dtype=np.float32).transpose(2, 0, 1)
    plain = {"0..1": raw / 255, "0..255": raw, "-1..1": raw / np.float32(127.5) - 1}
    for name, values in plain.items():
        ours = to_tensor(DecodedImage(image), replace(UNCHANGED, range=cast(Range, name)))
        assert torch.equal(ours, torch.tensor(values)), name


def test_one_normalisation_in_three_ranges() -> None:
    """Within what float32 tells apart."""
    image = DecodedImage(scene(64, 48))
    base = to_tensor(image, Preprocessing())
    mean, std = np.array(IMAGENET_MEAN), np.array(IMAGENET_STD)
    for name, scale, shift in (("0..255", 255, 0), ("-1..1", 2, -1)):
        values = Preprocessing(range=cast(Range, name), mean=tuple(mean * scale + shift), std=tuple(std * scale))
        assert torch.allclose(to_tensor(image, values), base, atol=1e-5), name


def test_caffes_pixels_are_those_of_its_own_recipe() -> None:
    """``keras.applications.imagenet_utils`` with ``mode="caffe"``, from its description."""
    image = scene(300, 260)
    cut = transforms.CenterCrop(224)(transforms.Resize(256)(image))
    bgr = np.asarray(cut, dtype=np.float32)[:, :, ::-1] - np.array([103.939, 116.779, 123.68], dtype=np.float32)
    ours = to_tensor(DecodedImage(image), PRESETS["caffe"])
    assert torch.equal(ours, torch.tensor(bgr.transpose(2, 0, 1)))


def test_views_are_what_the_network_sees() -> None:
    image = DecodedImage(scene(300, 260))
    for values in (Preprocessing(), Preprocessing(crops=10), Preprocessing(channels="grey3", crops=5)):
        views = views_of(image, replace(values, mean=(0.0,) * 3, std=(1.0,) * 3))
        seen = to_tensor(image, replace(values, mean=(0.0,) * 3, std=(1.0,) * 3)).view(len(views), 3, 224, 224)
        assert [view.mode for view in views] == ["L" if values.channels == "grey3" else "RGB"] * values.crops
        for view, tensor in zip(views, seen, strict=True):
            assert torch.equal(tensor, tv.to_tensor(view.convert("RGB")))


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
