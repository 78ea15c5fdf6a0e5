"""Networks that normalise their input themselves: the reference is the plain network, normalisation and all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision import models
from torchvision.transforms import v2

from core.building import build
from core.checkpoints import open_checkpoint
from core.descriptions import ClassifierInfo, ModelSpec
from core.engine import Engine
from core.images import Decoder, ImageSource
from core.inspecting import inspect_file
from core.jobs import Context, Emitted, JobEvent
from core.matching import rank
from core.predictions import ImageResult
from core.preprocessing import PRESETS
from core.trust import TrustRequest
from tests.core.architectures.opening import plain, write
from tests.core.checkpoints.test_dialects import CifarResNet18
from tests.core.making import run_steps, write_photo
from tests.core.weights import network, save

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)


class Normalize(nn.Module):
    """As people write it, with buffers of some shape."""

    mean: Tensor
    std: Tensor

    def __init__(self, shape: tuple[int, ...] = (1, 3, 1, 1)) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN).reshape(shape))
        self.register_buffer("std", torch.tensor(STD).reshape(shape))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean.reshape(1, 3, 1, 1)) / self.std.reshape(1, 3, 1, 1)


class Wrapped(nn.Module):
    def __init__(self, inside: nn.Module, name: str) -> None:
        super().__init__()
        self.add_module(name, Normalize((3, 1, 1)))
        self.model = inside
        self.first = name

    def forward(self, x: Tensor) -> Tensor:
        return self.model(self.get_submodule(self.first)(x))


class Sigma(nn.Module):
    """RobustBench's way."""

    mu: Tensor
    sigma: Tensor

    def __init__(self, inside: nn.Module) -> None:
        super().__init__()
        self.register_buffer("mu", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("sigma", torch.tensor(STD).view(1, 3, 1, 1))
        self.model = inside

    def forward(self, x: Tensor) -> Tensor:
        return self.model((x - self.mu) / self.sigma)


def resnet() -> nn.Module:
    return network("resnet18", 5)


CASES = {
    "normalizer beside model": lambda: Wrapped(resnet(), "normalizer"),
    "normalize beside model": lambda: Wrapped(resnet(), "normalize"),
    "in a row": lambda: nn.Sequential(Normalize(), resnet()),
    "a list of three": lambda: nn.Sequential(Normalize((3,)), resnet()),
    "mu and sigma": lambda: Sigma(resnet()),
    "of a CIFAR collection": lambda: Wrapped(CifarResNet18(5), "normalize"),
}


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


def opened(engine: Engine, spec: ModelSpec) -> ClassifierInfo:
    info = run_steps(engine.open(Context(1, lambda _: None), spec, "cpu"))
    assert isinstance(info, ClassifierInfo)
    return info


def answer(engine: Engine, path: Path) -> list[float]:
    events: list[JobEvent] = []
    run_steps(engine.classify(Context(1, events.append), [ImageSource("photo", path)], Decoder(), 0))
    result = next(e.value for e in events if isinstance(e, Emitted) and isinstance(e.value, ImageResult))
    assert result.prediction is not None
    return list(result.prediction.probabilities)


@pytest.mark.parametrize("case", CASES)
def test_scores_are_the_plain_networks(case: str, engine: Engine, tmp_path: Path) -> None:
    whole = CASES[case]().eval()
    path = save({"state_dict": whole.state_dict(), "epoch": 1}, tmp_path / "w.pth")
    photo = write_photo(tmp_path / "photo.png")
    info = opened(engine, ModelSpec("file", str(path)))
    assert info.architecture == "resnet18"
    assert info.preprocessing.mean == pytest.approx(MEAN)
    assert info.preprocessing.std == pytest.approx(STD)
    assert "mean and std from the weights file" in info.preprocessing_source
    assert info.checkpoint.left_out == ()
    assert "its own normalisation" in info.matches[0].evidence
    used = info.preprocessing
    side = [v2.Resize(min(used.size), antialias=True)] if used.resize == "shorter" else [v2.Resize(used.size)]
    crop = [v2.CenterCrop(used.crop)] if used.crop else []
    prepare = v2.Compose([*side, *crop, v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
    with Image.open(photo) as image, torch.inference_mode():
        wanted = whole(prepare(image.convert("RGB"))[None]).softmax(1)[0]
    assert answer(engine, photo) == pytest.approx(wanted.tolist(), abs=1e-4)
    assert max(wanted) < 0.999, "else the scores would say little"


def test_inspect_says_the_same(tmp_path: Path) -> None:
    found = inspect_file(save(nn.Sequential(Normalize(), resnet()).state_dict(), tmp_path / "w.pth"))
    assert found.architecture == "resnet18"
    assert found.preprocessing is not None
    assert found.preprocessing.mean == pytest.approx(MEAN)


def test_a_person_may_choose_another(engine: Engine, tmp_path: Path) -> None:
    path = save(nn.Sequential(Normalize(), resnet()).state_dict(), tmp_path / "w.pth")
    info = opened(engine, ModelSpec("file", str(path), preprocessing=PRESETS["imagenet"]))
    assert info.preprocessing == PRESETS["imagenet"]
    assert any("own normalisation" in notice for notice in info.notices)


@pytest.mark.parametrize("std", [0.0, float("nan")])
def test_a_std_that_is_none_is_said(std: float, engine: Engine, tmp_path: Path) -> None:
    state = nn.Sequential(Normalize(), resnet()).state_dict()
    state["0.std"] = torch.full((3,), std)
    info = opened(engine, ModelSpec("file", str(save(state, tmp_path / "w.pth"))))
    assert any("normalisation in the weights file is not used" in notice for notice in info.notices)


@pytest.mark.parametrize(
    "beside",
    [
        {"target_scaler.mean": torch.ones(3), "target_scaler.std": torch.ones(3)},
        {"denormalize.mean": torch.ones(3), "denormalize.std": torch.ones(3)},
        {"normalize.mean": torch.ones(5), "normalize.std": torch.ones(5)},
        {"normalize.mean": torch.ones(3)},
        {"normalize.mean": torch.ones(3), "normalize.std": torch.ones(1)},
        {"normalize.mean": torch.ones(3), "normalize.std": torch.ones(3), "extra.weight": torch.ones(3)},
    ],
)
def test_what_else_lies_beside_is_no_normalisation(beside: dict[str, Tensor], tmp_path: Path) -> None:
    state = {f"model.{name}": each for name, each in models.resnet18(num_classes=5).state_dict().items()}
    checkpoint = open_checkpoint(save({**state, **beside}, tmp_path / "w.pth"))
    assert checkpoint.normalisation is None
    assert not rank(checkpoint)


SOURCE = """
import torch
from torch import nn
from torchvision.models import resnet18

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.4, 0.5, 0.6]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.2, 0.3, 0.4]).view(1, 3, 1, 1))
        self.model = resnet18(num_classes=4)

    def forward(self, x):
        return self.model((x - self.mean) / self.std)
"""


class Agreed:
    def trusted(self, request: TrustRequest) -> bool:
        del request
        return True


def test_a_persons_own_class_normalises_by_itself(tmp_path: Path) -> None:
    source = write(tmp_path, SOURCE)
    net = plain(SOURCE, "Net")
    path = save(net.state_dict(), tmp_path / "w.pth")
    spec = ModelSpec("file", str(path), architecture_file=str(source))
    built = build(spec, open_checkpoint(path), (), [Agreed()])
    images = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(built.network(images), net(images))
    assert not built.assembled
