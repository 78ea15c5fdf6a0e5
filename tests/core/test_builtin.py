"""The model that comes with Whatsit: what it is said to be, and that it answers as a plain script does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load
from torchvision.models import get_model
from torchvision.transforms import v2

from core.catalogue import architecture
from core.descriptions import ClassifierInfo, ModelSpec
from core.engine import Engine
from core.images import Decoder, ImageSource
from core.jobs import Context, Emitted, JobEvent
from core.opening import BUILTIN
from core.predictions import ImageResult
from tests.core.making import run_steps

PHOTOS = sorted((Path(__file__).resolve().parents[1] / "photos").glob("*.jpg"))
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@pytest.fixture(scope="module")
def opened() -> tuple[Engine, ClassifierInfo]:
    engine = Engine()
    info = run_steps(engine.open(Context(1, lambda _: None), ModelSpec(), "cpu"))
    assert isinstance(info, ClassifierInfo)
    return engine, info


def test_it_opens_with_nothing_to_choose(opened: tuple[Engine, ClassifierInfo]) -> None:
    info = opened[1]
    assert info.labels == CLASSES
    assert info.architecture == architecture(info.architecture).id
    assert [match.architecture for match in info.matches] == [info.architecture]
    assert (info.labels_source, info.preprocessing_source) == ("config.json", "config.json")
    assert "demonstration" in info.note
    assert info.notices == ()


def test_it_is_small() -> None:
    assert BUILTIN.stat().st_size <= 6_000_000


def test_its_card_and_its_sidecar_tell_the_same_figure() -> None:
    figure = json.loads((BUILTIN.parent / "config.json").read_text("utf-8"))["held_out"]["accuracy"]
    assert f"{figure * 100:.1f} %" in (BUILTIN.parent / "README.md").read_text("utf-8")


def test_it_names_photos_that_it_never_saw_as_a_plain_script_does(opened: tuple[Engine, ClassifierInfo]) -> None:
    engine, info = opened
    events: list[JobEvent] = []
    sources = [ImageSource(photo.stem, photo) for photo in PHOTOS]
    run_steps(engine.classify(Context(2, events.append), sources, Decoder(), 0))
    results = [event.value for event in events if isinstance(event, Emitted) and isinstance(event.value, ImageResult)]
    network = get_model(info.architecture, weights=None, num_classes=len(CLASSES)).eval()
    network.load_state_dict({name: value.float() for name, value in load(BUILTIN.read_bytes()).items()})
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    steps = [
        v2.Resize((80, 80), v2.InterpolationMode.BICUBIC),
        v2.PILToTensor(),
        v2.ToDtype(torch.float32, scale=True),
    ]
    transform = v2.Compose([*steps, v2.Normalize(mean, std)])
    with torch.inference_mode():
        expected = torch.softmax(network(torch.stack([transform(Image.open(photo)) for photo in PHOTOS])), dim=1)
    assert [photo.stem for photo in PHOTOS] == list(CLASSES)
    for photo, result, row in zip(PHOTOS, results, expected, strict=True):
        assert result.prediction is not None
        assert list(result.prediction.probabilities) == pytest.approx([float(score) for score in row], abs=1e-5)
        assert result.prediction.top(1)[0].label == photo.stem
