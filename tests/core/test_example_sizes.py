"""A program of torch.export is given images of the size that it was exported with, read without running it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn
from torchvision import models
from torchvision.transforms import v2

from core.checkpoints import open_checkpoint
from core.descriptions import ModelSpec
from core.inspecting import inspect_file
from core.jobs import Context, JobEvent
from core.opening import build_network, dress
from core.predictions import Prediction
from tests.core.architectures.test_habits import Agreed
from tests.core.making import write_photo
from tests.core.test_engine import Room

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIZES = [(1, 96, 128), (2, 320, 320), (1, 224, 224)]


class Small(nn.Module):
    """Takes images of any size, and answers otherwise at each."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, 2)
        self.fc = nn.Linear(4, 3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.fc(torch.relu(self.conv(images)).amax((2, 3)))


def expected(network: nn.Module, photo: Path, height: int, width: int) -> list[float]:
    steps: list[nn.Module] = [v2.Resize((height, width), antialias=True)]
    if (height, width) == (224, 224):
        steps = [v2.Resize(256, antialias=True), v2.CenterCrop(224)]
    elif height == width:
        steps = [v2.Resize(height, antialias=True), v2.CenterCrop(height)]
    with Image.open(photo) as image:
        pixels = v2.Compose([v2.PILToTensor(), *steps, v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])
        batch = pixels(image.convert("RGB"))[None]
    with torch.inference_mode():
        return network(batch).softmax(1)[0].tolist()


@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize(("count", "height", "width"), SIZES)
def test_a_known_architecture(count: int, height: int, width: int, dynamic: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]
    network = models.squeezenet1_1(num_classes=3).eval()
    path, photo = tmp_path / "net.pt2", tmp_path / "photo.png"
    write_photo(photo)
    free = ({0: torch.export.Dim.AUTO, 2: torch.export.Dim.AUTO, 3: torch.export.Dim.AUTO},) if dynamic else None
    torch.export.save(torch.export.export(network, (torch.rand(count, 3, height, width),), dynamic_shapes=free), path)
    room = Room()
    info = room.open(ModelSpec("file", str(path)))
    assert inspect_file(path).preprocessing == info.preprocessing
    assert f"at the {width} x {height} pixels that the program was exported with" in info.preprocessing_source
    assert info.preprocessing_assumed
    prediction = room.classify(photo)[0].prediction
    assert isinstance(prediction, Prediction)
    assert list(prediction.probabilities) == pytest.approx(expected(network, photo, height, width), abs=2e-3)


def test_a_program_that_takes_any_size(tmp_path: Path) -> None:
    path = tmp_path / "net.pt2"
    auto = torch.export.Dim.AUTO
    free = ({0: auto, 2: auto, 3: auto},)
    torch.export.save(torch.export.export(Small().eval(), (torch.rand(2, 3, 48, 64),), dynamic_shapes=free), path)
    checkpoint = open_checkpoint(path)
    assert checkpoint.program is not None
    assert checkpoint.program.example == (2, 3, 48, 64)
    spec = ModelSpec("file", str(path))
    assembly = build_network(Context(1, list[JobEvent]().append), spec, checkpoint, None, (Agreed(),))
    info = dress(assembly, spec)
    assert "at the 64 x 48 pixels that the program was exported with" in info.preprocessing_source
    assert (info.preprocessing.crop or info.preprocessing.size) == (48, 64)


def test_rows_are_no_images(tmp_path: Path) -> None:
    path = tmp_path / "net.pt2"
    torch.export.save(torch.export.export(nn.Sequential(nn.Linear(4, 3)), (torch.rand(2, 4),)), path)
    program = open_checkpoint(path).program
    assert program is not None
    assert (program.example, program.image_size) == ((2, 4), None)
