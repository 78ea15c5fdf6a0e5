"""Every preset, every published recipe and any combination of values against torchvision's and timm's own transforms.

Tensors are equal where nothing else is said: torchvision's first version and timm, on images, in float32.
torchvision's second version multiplies by 1/255 instead of dividing (within 1e-6); on uint8 tensors it resizes in
whole numbers, which is within one 8-bit step of its own result on images for ``bilinear``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pytest
import torch
import torchvision
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from timm import data
from timm.data import transforms as steps_of_timm
from timm.models import get_pretrained_cfg
from torch import Tensor
from torchvision import transforms
from torchvision.transforms import InterpolationMode, functional, v2

from core.catalogue import architectures, pretrained
from core.images import DecodedImage, Decoder, ImageSource
from core.preprocessing import PRESETS, Channels, Interpolation, Preprocessing
from core.preprocessing.configs import parse_preprocessing, to_timm
from core.recipes import read_preprocessing
from core.tensors import to_tensor
from tests.core.photo_files import Photos, opened
from tests.core.pictures import scene

ULP = 1e-6
BICUBIC = InterpolationMode.BICUBIC
IMAGENET = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
tv: Any = functional
timm_data: Any = data
timms_steps: Any = steps_of_timm

Script = Callable[[Image.Image], Tensor]


def script(*steps: object) -> Script:
    return cast(Script, transforms.Compose(cast(Any, steps)))


# Images.


@dataclass(frozen=True)
class Pair:
    """One image: as our own rooms give it, and as a training script reads it."""

    name: str
    ours: DecodedImage
    theirs: Image.Image


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> list[Pair]:
    """Files of every kind and orientation, tiny and long ones, and 16 bits."""
    folder = tmp_path_factory.mktemp("photos")
    paths = list(Photos(folder, large=False))
    made = [Pair(path.name, Decoder().decode(ImageSource(path.name, path)), opened(path)) for path in paths]
    sixteen = np.random.default_rng(0).integers(0, 65536, (40, 50)).astype(np.uint16)
    Image.fromarray(sixteen).save(folder / "sixteen.png")
    # A script has to scale: convert("RGB") would clip.
    eight = Image.fromarray((sixteen >> 8).astype(np.uint8)).convert("RGB")
    path = folder / "sixteen.png"
    return [*made, Pair(path.name, Decoder().decode(ImageSource(path.name, path)), eight)]


def one_step(value: Preprocessing) -> float:
    """How far apart neighbours among 8-bit pixels are in the tensor.

    Without antialiasing torch's own ``interpolate`` is not exact: on a tie it rounds up or down as the memory layout
    and the number of its threads have it.
    """
    if value.antialias:
        return 0.0
    return {"0..1": 1 / 255, "-1..1": 2 / 255, "0..255": 1.0}[value.range] / min(value.std) * 1.0001


def check(pairs: Iterable[Pair], value: Preprocessing, wanted: Script, tolerance: float = 0.0) -> None:
    tolerance = max(tolerance, one_step(value))
    for pair in pairs:
        ours, theirs = to_tensor(pair.ours, value), wanted(pair.theirs)
        assert ours.shape == theirs.shape, pair.name
        assert (ours - theirs).abs().max() <= tolerance, pair.name


def few(pairs: Iterable[Pair]) -> list[Pair]:
    """Without what is like another, and what becomes very long."""
    return [
        pair for pair in pairs if pair.name[:4] not in ("turn", "flat", "thin", "phot") or pair.name == "turned6.jpg"
    ]


# Presets.


def caffes(pixels: Tensor) -> Tensor:
    return pixels.flip(0).float() - torch.tensor([103.939, 116.779, 123.68]).view(3, 1, 1)


def kerass(pixels: Tensor) -> Tensor:
    return tv.resize(pixels, [224, 224], antialias=False).float() / 127.5 - 1


SCRIPTS: dict[str, Script] = {
    "imagenet": cast(Script, torchvision.models.ResNet18_Weights.IMAGENET1K_V1.transforms()),
    "half": script(transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(), HALF),
    "half32": script(transforms.Resize((32, 32)), transforms.ToTensor(), HALF),
    "cifar10": script(
        transforms.Resize(32),
        transforms.CenterCrop(32),
        transforms.ToTensor(),
        transforms.Normalize((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    ),
    "cifar100": script(
        transforms.Resize(32),
        transforms.CenterCrop(32),
        transforms.ToTensor(),
        transforms.Normalize((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)),
    ),
    "mnist": script(
        transforms.Grayscale(),
        transforms.Resize((28, 28)),
        transforms.ToTensor(),
        transforms.Normalize((0.1307,), (0.3081,)),
    ),
    "fashion_mnist": script(
        transforms.Grayscale(),
        transforms.Resize((28, 28)),
        transforms.ToTensor(),
        transforms.Normalize((0.2860,), (0.3530,)),
    ),
    "clip": script(
        transforms.Resize(224, BICUBIC),
        transforms.CenterCrop(224),
        transforms.ToTensor(),
        transforms.Normalize((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    ),
    "siglip": script(transforms.Resize((224, 224), BICUBIC), transforms.ToTensor(), HALF),
    "inception": timm_data.create_transform(299, interpolation="bicubic", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
    "caffe": script(
        transforms.Resize(256),
        transforms.CenterCrop(224),
        transforms.PILToTensor(),
        caffes,
    ),
    "keras": script(
        transforms.PILToTensor(),
        kerass,
    ),
    "none": script(transforms.ToTensor()),
}


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_equals_its_script(name: str, pairs: list[Pair]) -> None:
    check(pairs if name in ("half32", "imagenet") else few(pairs), PRESETS[name], SCRIPTS[name])


@pytest.mark.parametrize("name", ["imagenet", "keras", "caffe", "clip"])
def test_large_photos(name: str) -> None:
    image = scene(2900, 2100)
    check([Pair("large", DecodedImage(image), image)], PRESETS[name], SCRIPTS[name])


SECOND: dict[str, list[object]] = {
    "imagenet": [v2.Resize(256), v2.CenterCrop(224)],
    "half32": [v2.Resize((32, 32))],
    "clip": [v2.Resize(224, BICUBIC), v2.CenterCrop(224)],
    "mnist": [v2.Grayscale(), v2.Resize((28, 28))],
}


@pytest.mark.parametrize("name", SECOND)
def test_torchvisions_second_version(name: str, pairs: list[Pair]) -> None:
    preset = PRESETS[name]
    scale = [v2.ToDtype(torch.float32, scale=True), v2.Normalize(list(preset.mean), list(preset.std))]
    on_images = cast(Script, v2.Compose(cast(Any, [*SECOND[name], v2.ToImage(), *scale])))
    some = [pair for pair in pairs if pair.name in ("jpeg.jpg", "cmyk.jpg", "thin.png", "grey_alpha.png")]
    check(some, preset, on_images, 10 * ULP)
    if name in ("imagenet", "half32"):
        on_tensors = cast(Script, v2.Compose(cast(Any, [v2.PILToTensor(), *SECOND[name], *scale])))
        check(some, preset, on_tensors, 1.001 / 255 / min(preset.std))


# Published recipes.

WEIGHTS = {entry.preprocessing: entry.id for entry in pretrained()}
"""Each different preprocessing of torchvision's weights, with one that has it."""


@pytest.mark.parametrize("weights", sorted(WEIGHTS.values()))
def test_the_preprocessing_of_torchvisions_weights(weights: str, pairs: list[Pair]) -> None:
    architecture, name = weights.split("/")
    published = cast(Any, torchvision.models).get_model_weights(architecture)[name].transforms()
    some = [pair for pair in pairs if pair.name in ("alpha.png", "thin.png", "turned6.jpg")]
    check(some, read_preprocessing(weights), cast(Script, published))


def timms() -> list[str]:
    """Of timm's models, one for each way to prepare images: sizes apart, and only the smallest of these."""
    found: dict[object, tuple[int, str]] = {}
    for entry in architectures():
        value = entry.preprocessing
        if entry.source == "timm":
            share = round((value.crop or value.size)[0] / value.size[0], 2)
            key = (value.resize, value.size[0] == value.size[1], share, value.interpolation, value.mean, value.std)
            found[key] = min(found.get(key, (10_000, "")), (value.size[0], entry.id))
    return sorted(name for _, name in found.values())


@pytest.mark.parametrize("name", timms())
def test_the_preprocessing_of_timms_models(name: str, pairs: list[Pair]) -> None:
    published: Any = get_pretrained_cfg(name.removeprefix("timm/"))
    config = timm_data.resolve_data_config(pretrained_cfg=published.to_dict(), use_test_size=True)
    some = [pair for pair in pairs if pair.name in ("alpha.png", "turned6.jpg")]
    check(some, read_preprocessing(name), cast(Script, timm_data.create_transform(**config)))


@pytest.mark.parametrize("mode", ["center", "squash", "border"])
@pytest.mark.parametrize("size", [(3, 48, 48), (3, 40, 64), (1, 28, 28)])
@pytest.mark.parametrize("share", [0.875, 0.9, 1.0])
def test_timms_configurations(mode: str, size: tuple[int, int, int], share: float, pairs: list[Pair]) -> None:
    count = size[0]
    config = {
        "input_size": size,
        "crop_pct": share,
        "crop_mode": mode,
        "interpolation": "bicubic",
        "mean": (0.1, 0.2, 0.3)[:count],
        "std": (0.3, 0.2, 0.1)[:count],
    }
    value = parse_preprocessing(config)
    assert value is not None
    wanted = cast(Script, timm_data.create_transform(**timm_data.resolve_data_config(pretrained_cfg=config)))
    if count == 1:
        if mode == "border":
            # A grey image cannot be filled with timm's list of one number.
            return
        wanted = script(transforms.Grayscale(), wanted)
    some = [pair for pair in pairs if pair.name in ("jpeg.jpg", "turned6.jpg", "single_pixel.png")]
    check(some, value, wanted)


# Any combination.

SIDES = st.tuples(st.integers(8, 60), st.integers(8, 60))


@st.composite
def combinations(draw: st.DrawFn) -> Preprocessing:
    channels = draw(st.sampled_from(["rgb", "bgr", "grey", "grey3"]))
    resize = draw(st.sampled_from(["shorter", "exact", "pad", "none"]))
    side = draw(st.integers(8, 60))
    size = draw(SIDES | st.just((side, side)))
    crops = draw(st.sampled_from([1, 1, 5, 10]))
    crop = draw(SIDES | st.none()) if crops == 1 else tuple(draw(st.integers(1, min(side, 8))) for side in size)
    antialias = draw(st.booleans())
    count = 1 if channels == "grey" else 3
    return Preprocessing(
        channels=cast(Any, channels),
        resize=cast(Any, resize),
        size=size,
        crop=cast(Any, crop),
        crops=cast(Any, crops),
        antialias=antialias,
        interpolation=draw(st.sampled_from(["nearest", "bilinear", "bicubic", *(["lanczos"] if antialias else [])])),
        invert=draw(st.booleans()),
        range=draw(st.sampled_from(["0..1", "0..255", "-1..1"])),
        mean=(0.1, 0.2, 0.3)[:count],
        std=(0.3, 0.2, 0.1)[:count],
        fill=draw(st.sampled_from([(0, 0, 0), (90, 90, 90)])),
    )


@functools.cache
def picture(width: int, height: int) -> Image.Image:
    return scene(width, height)


def resized(image: Image.Image, value: Preprocessing) -> Image.Image:
    mode = InterpolationMode(value.interpolation)
    if value.resize == "none":
        return image
    sides: list[int] = list(value.size)
    if value.resize == "pad" or (value.resize == "shorter" and sides[0] != sides[1]):
        sides = timms_steps.ResizeKeepRatio.get_params(image, value.size, 1.0 if value.resize == "pad" else 0.0)
        assume(min(sides) > 0)
    elif value.resize == "shorter":
        sides = sides[:1]
    if value.antialias:
        return tv.resize(image, sides, mode)
    return tv.to_pil_image(tv.resize(tv.pil_to_tensor(image), sides, mode, antialias=False))


def reference(image: Image.Image, value: Preprocessing) -> Tensor:
    """The same as torchvision and timm do it, step by step."""
    if value.channels in ("grey", "grey3"):
        image = transforms.Grayscale(3 if value.channels == "grey3" else 1)(image)
    image = resized(image, value)
    if value.resize == "pad":
        target = value.size if value.crop is None or value.crops > 1 else value.crop
        fill: Any = value.fill if image.mode == "RGB" else value.fill[0]
        image = timms_steps.CenterCropOrPad(list(target), fill=fill)(image)
    views: tuple[Image.Image, ...] = (image,)
    if value.crop is not None and value.crops > 1:
        views = (tv.five_crop if value.crops == 5 else tv.ten_crop)(image, list(value.crop))
    elif value.crop is not None and value.resize != "pad":
        views = (tv.center_crop(image, list(value.crop)),)
    made: list[Tensor] = []
    for view in views:
        pixels = tv.pil_to_tensor(tv.invert(view) if value.invert else view).float()
        scaled = {"0..1": pixels / 255, "0..255": pixels, "-1..1": pixels / 127.5 - 1}[value.range]
        made.append(tv.normalize(scaled.flip(0) if value.channels == "bgr" else scaled, value.mean, value.std))
    return torch.stack(made) if value.crops > 1 else made[0]


@pytest.mark.parametrize("channels", ["rgb", "bgr", "grey", "grey3"])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(8, 33), (17, 90), (64, 64)])
def test_resizing_without_antialiasing_is_the_same_to_the_last_step(
    channels: Channels, interpolation: Interpolation, size: tuple[int, int]
) -> None:
    ones = 1 if channels == "grey" else 3
    value = Preprocessing(
        resize="exact",
        size=size,
        interpolation=interpolation,
        antialias=False,
        crop=None,
        channels=channels,
        mean=(0.1, 0.2, 0.3)[:ones],
        std=(0.3, 0.2, 0.1)[:ones],
    )
    for sides in ((8, 24), (33, 64), (200, 131)):
        image = picture(*sides)
        assert torch.equal(to_tensor(DecodedImage(image), value), reference(image, value))


@settings(max_examples=150)
@given(combinations(), st.tuples(st.integers(8, 90), st.integers(8, 90)))
def test_any_combination(value: Preprocessing, size: tuple[int, int]) -> None:
    image = picture(*size)
    assert torch.equal(to_tensor(DecodedImage(image), value), reference(image, value))


@settings(max_examples=60)
@given(combinations())
def test_what_is_written_for_timm_is_the_same(value: Preprocessing) -> None:
    config = to_timm(value)
    if config is None:
        return
    wanted = cast(Script, timm_data.create_transform(**timm_data.resolve_data_config(pretrained_cfg=config)))
    image = picture(70, 50).convert("L") if value.channels == "grey" else picture(70, 50)
    assert torch.allclose(
        to_tensor(DecodedImage(image), value), wanted(image), atol=1e-3 if value.range != "0..1" else ULP
    )


def test_timm_can_say_what_it_does_itself() -> None:
    for value in (Preprocessing(), PRESETS["siglip"], PRESETS["inception"], PRESETS["clip"], PRESETS["half32"]):
        config = to_timm(value)
        assert config is not None
        read = parse_preprocessing(config)
        assert read is not None
        assert replace(read, crop=value.crop, mean=value.mean, std=value.std) == value
    for value in (
        PRESETS["caffe"],
        PRESETS["keras"],
        PRESETS["none"],
        Preprocessing(crops=5),
        Preprocessing(crop=None),
    ):
        assert to_timm(value) is None
    on_255 = Preprocessing(range="0..255", mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))
    assert cast(Any, to_timm(on_255))["mean"] == pytest.approx([0.485, 0.456, 0.406])
