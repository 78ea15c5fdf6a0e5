"""The reference test: our scores equal those of a plain torchvision script, whatever the file."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from torch import Tensor, nn
from torchvision import transforms
from torchvision.transforms import InterpolationMode

from core.images import Decoder, ImageSource
from core.preprocessing import PRESETS, Preprocessing
from core.tensors import to_tensor
from tests.core.photo_files import Photos, opened
from tests.core.pictures import scene

TOLERANCE = 1e-5
NOTICED = 50 * TOLERANCE
ARCHITECTURES = ("resnet18", "mobilenet_v3_small", "shufflenet_v2_x0_5", "mnasnet0_5")
NORMALIZE = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
IMAGENET: Callable[[Image.Image], Tensor] = cast(
    Any,
    transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(), NORMALIZE]),
)


class Network(nn.Module):
    """A torchvision architecture with random weights, whose scores tell images apart as trained ones do.

    Random weights answer all images nearly alike: batch norm is given the statistics of pictures, the outputs
    are brought to a spread of 1 over them, and large ones are held back, so that no score sticks at 0 or 1.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        cast(Any, torch).manual_seed(sum(name.encode()))
        self.inner: nn.Module = torchvision.models.get_model(name, weights=None, num_classes=12)
        pictures = torch.stack([IMAGENET(scene(240, 240, seed)) for seed in range(20, 36)])
        for module in self.inner.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = None
        with torch.no_grad():
            self.inner.train()
            self.inner(pictures)
            outputs = self.inner.eval()(pictures)
        self.centre, self.spread = outputs.mean(0), outputs.std(0)
        assert (self.spread / self.centre.abs().max()).min() > 1e-3, "these weights answer everything alike"
        self.eval()

    def forward(self, batch: Tensor) -> Tensor:
        return torch.asinh((self.inner(batch) - self.centre) / self.spread)


@functools.cache
def network(name: str) -> Network:
    return Network(name)


@pytest.fixture(scope="module", params=ARCHITECTURES)
def model(request: pytest.FixtureRequest) -> Network:
    return network(str(request.param))


@torch.inference_mode()
def scores(model: Network, *images: Tensor) -> Tensor:
    return torch.softmax(model(torch.stack(images)), dim=1)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Photos:
    return Photos(tmp_path_factory.mktemp("photos"))


def ours(path: Path, preprocessing: Preprocessing) -> Tensor:
    """The network's input through our own rooms."""
    return to_tensor(Decoder().decode(ImageSource(path.as_posix(), path)), preprocessing)


@dataclass
class Inputs:
    """The same files prepared by us and by a plain torchvision script."""

    names: list[str]
    ours: list[Tensor]
    script: list[Tensor]


@pytest.fixture(scope="module")
def inputs(photos: Photos) -> Inputs:
    paths = list(photos)
    return Inputs(
        [path.name for path in paths],
        [ours(path, PRESETS["imagenet"]) for path in paths],
        [IMAGENET(opened(path)) for path in paths],
    )


def test_scores_equal_those_of_a_torchvision_script(model: Network, inputs: Inputs) -> None:
    assert len(inputs.names) == 29
    difference = (scores(model, *inputs.ours) - scores(model, *inputs.script)).abs().amax(1)
    far = {name: float(value) for name, value in zip(inputs.names, difference, strict=True) if value > TOLERANCE}
    assert far == {}


def test_the_networks_would_notice(model: Network, photos: Photos) -> None:
    """That the test above can fail: a slightly different preparation is beyond the tolerance by far."""
    path, lying = photos.folder / "jpeg.jpg", photos.folder / "turned6.jpg"
    right, *wrong, upright, sideways = scores(
        model,
        ours(path, PRESETS["imagenet"]),
        ours(path, Preprocessing(interpolation="bicubic")),
        ours(path, Preprocessing(size=(255, 255))),
        ours(path, Preprocessing(resize="exact")),
        ours(path, Preprocessing(channels="bgr")),
        ours(path, PRESETS["half"]),
        ours(lying, Preprocessing()),
        ours(lying, Preprocessing(exif=False)),
    )
    assert [float((right - other).abs().max()) > NOTICED for other in wrong] == [True] * 5
    assert (upright - sideways).abs().max() > NOTICED


def test_sixteen_bits_are_scaled_to_eight(model: Network, tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 300 * 200).reshape(200, 300)
    waves = (np.sin(np.arange(300) / 9) * 9000).astype(int)
    values = np.clip(ramp + waves, 0, 65535).astype(np.uint16)
    path = tmp_path / "sixteen.png"
    Image.fromarray(values).save(path)
    # The high byte of each value, as Pillow gives 16-bit colour; convert("RGB") would clip at 255.
    scaled, clipped = (
        Image.fromarray(np.stack([eight.astype(np.uint8)] * 3, axis=2))
        for eight in (values // 256, np.minimum(values, 255))
    )
    got, wanted, wrong = scores(model, ours(path, PRESETS["imagenet"]), IMAGENET(scaled), IMAGENET(clipped))
    assert (got - wanted).abs().max() <= TOLERANCE
    assert (got - wrong).abs().max() > NOTICED


BICUBIC = InterpolationMode.BICUBIC
VARIANTS = {
    "exact": (
        Preprocessing(resize="exact", size=(200, 160), crop=None),
        [transforms.Resize((200, 160))],
    ),
    "crop larger than the image": (
        Preprocessing(size=(128, 128), crop=(160, 160)),
        [transforms.Resize(128), transforms.CenterCrop(160)],
    ),
    "bicubic": (
        Preprocessing(size=(160, 160), crop=(128, 128), interpolation="bicubic"),
        [transforms.Resize(160, BICUBIC), transforms.CenterCrop(128)],
    ),
    "lanczos": (
        Preprocessing(size=(160, 160), crop=(128, 128), interpolation="lanczos"),
        [transforms.Resize(160, InterpolationMode.LANCZOS), transforms.CenterCrop(128)],
    ),
    "nearest": (
        Preprocessing(size=(160, 160), crop=(128, 128), interpolation="nearest"),
        [transforms.Resize(160, InterpolationMode.NEAREST), transforms.CenterCrop(128)],
    ),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_other_preparations_equal_a_script_too(variant: str, photos: Photos) -> None:
    model = network("shufflenet_v2_x0_5")
    preprocessing, steps = VARIANTS[variant]
    transform: Any = transforms.Compose([*steps, transforms.ToTensor(), NORMALIZE])
    names = ("jpeg.jpg", "alpha.png", "cmyk.jpg", "thin.png", "single_pixel.png", "turned5.jpg")
    paths = [photos.folder / name for name in names]
    got = scores(model, *(ours(path, preprocessing) for path in paths))
    wanted = scores(model, *(transform(opened(path)) for path in paths))
    assert (got - wanted).abs().max() <= TOLERANCE


@pytest.mark.parametrize("architecture", ["resnet18", "mobilenet_v3_small", "swin_t"])
def test_the_published_transforms_of_torchvisions_weights(architecture: str, photos: Photos) -> None:
    """Against ``Weights.transforms()`` itself, without downloading weights."""
    published = cast(Any, torchvision.models).get_model_weights(architecture).DEFAULT.transforms()
    interpolation = "bicubic" if published.interpolation == BICUBIC else "bilinear"
    side, crop = published.resize_size[0], published.crop_size[0]
    preprocessing = Preprocessing(size=(side, side), crop=(crop, crop), interpolation=interpolation)
    for name in ("jpeg.jpg", "palette_alpha.png", "turned8.jpg"):
        path = photos.folder / name
        assert torch.allclose(ours(path, preprocessing), published(opened(path)), atol=1e-6), name
