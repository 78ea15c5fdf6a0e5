"""The order in which it is believed what images are prepared with, and that what is assumed says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torchvision.models import get_model

from core.architectures.input_form import InputForm
from core.catalogue import pretrained
from core.descriptions import ClassifierInfo, Match, ModelSpec
from core.engine import Engine
from core.errors import MatchError
from core.inspecting import inspect_file
from core.jobs import Context
from core.preparing import Prepared, Takes, prepare, takes_of_form, takes_of_match
from core.preprocessing import PRESETS, Preprocessing, to_dict
from core.sidecars import Sidecar
from tests.core.making import run_steps

MATCH = Match("resnet50", 7, 3, "")
TAKES = takes_of_match(MATCH)
CHOSEN, SAVED, BESIDE = PRESETS["caffe"], PRESETS["clip"], PRESETS["half"]
V2 = next(entry for entry in pretrained() if entry.id == "resnet50/IMAGENET1K_V2")
METADATA = {"preprocessing": to_dict(SAVED)}
SIDECAR = Sidecar("config.json", preprocessing=BESIDE, preprocessing_file="folder/config.json")


def test_the_order_of_belief() -> None:
    """Each without those before it."""
    found = [
        prepare(TAKES, METADATA, SIDECAR, V2, CHOSEN),
        prepare(TAKES, METADATA, SIDECAR, V2),
        prepare(TAKES, {}, SIDECAR, V2),
        prepare(TAKES, {}, None, V2),
        prepare(TAKES, {}),
    ]
    assert found == [
        Prepared(CHOSEN, "chosen by you"),
        Prepared(SAVED, "the weights file (preprocessing)"),
        Prepared(BESIDE, "config.json"),
        Prepared(V2.preprocessing, "torchvision resnet50/IMAGENET1K_V2"),
        Prepared(Preprocessing(), "assumed: usual for resnet50", assumed=True),
    ]


def test_published_weights_that_were_asked_for_by_name_are_what_was_asked_for() -> None:
    assert prepare(TAKES, METADATA, SIDECAR, V2, by_name=True).preprocessing == V2.preprocessing
    assert prepare(TAKES, METADATA, SIDECAR, V2, CHOSEN, by_name=True).preprocessing == CHOSEN


def test_what_lies_beside_another_models_weights_is_not_believed() -> None:
    assert prepare(TAKES, {}, replace(SIDECAR, num_classes=8)).assumed
    assert not prepare(TAKES, {}, replace(SIDECAR, num_classes=7)).assumed


def test_what_is_saved_in_part_says_what_the_rest_is() -> None:
    found = prepare(TAKES, {"mean": [0.1, 0.2, 0.3], "std": [0.3, 0.2, 0.1]}, SIDECAR)
    assert found.preprocessing == Preprocessing(mean=(0.1, 0.2, 0.3), std=(0.3, 0.2, 0.1))
    assert found.source == "the weights file (mean); the rest assumed: usual for resnet50"
    assert found.assumed


def test_what_makes_no_sense_is_said_and_the_next_is_believed() -> None:
    found = prepare(TAKES, {"transform": "Normalize(mean=[0.5], std=[0.0])"}, SIDECAR)
    assert (found.preprocessing, found.source) == (BESIDE, "config.json")
    assert "above 0" in found.notices[0]


@pytest.mark.parametrize(
    ("match", "words", "changes"),
    [
        (MATCH, "usual for resnet50", {}),
        (replace(MATCH, architecture="timm/resnet50"), "usual for timm/resnet50",
         {"size": (288, 288), "crop": (288, 288), "interpolation": "bicubic"}),
        (replace(MATCH, architecture="vit_b_16", input_size=384),
         "usual for vit_b_16, at the 384 pixels that its weights take",
         {"size": (384, 384), "crop": (384, 384), "interpolation": "bicubic"}),
        (replace(MATCH, architecture="vit_b_16", input_size=224), "usual for vit_b_16", {}),
        (replace(MATCH, input_channels=1), "usual for resnet50",
         {"channels": "grey", "mean": (0.449,), "std": (0.226,)}),
    ],
)  # fmt: skip
def test_what_is_usual(match: Match, words: str, changes: dict[str, Any]) -> None:
    found = takes_of_match(match).usual
    assert found.source == f"assumed: {words}"
    value = found.preprocessing
    rounded = replace(value, mean=tuple(round(v, 6) for v in value.mean), std=tuple(round(v, 6) for v in value.std))
    assert rounded == replace(Preprocessing(), **changes)


def test_a_network_for_small_images_is_assumed_to_take_cifars() -> None:
    found = takes_of_match(replace(MATCH, architecture="resnet18", small_images=True)).usual
    assert found.preprocessing == PRESETS["cifar10"]
    assert found.source == "assumed: CIFAR-10's, as this resnet18 is made for small images"


def test_channels_that_photos_do_not_have() -> None:
    with pytest.raises(MatchError, match="takes 4 channels"):
        takes_of_match(replace(MATCH, input_channels=4))


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (InputForm("image", 3, 32, 32), "assumed: the size that the network takes, 32 x 32, and otherwise a default"),
        (InputForm("image", 3, 224, 224, any=True), "assumed: a default, as nothing tells"),
        (InputForm("flat", 1, 28, 28, 784), "assumed: the size that the network takes, 28 x 28"),
    ],
)
def test_a_network_of_ones_own(form: InputForm, words: str) -> None:
    found = takes_of_form(form, 10).usual
    assert words in found.source
    assert found.assumed


def of_size(*size: int) -> Takes:
    return takes_of_form(InputForm("image", 3, size[0], size[1]), 10)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Resize(size=(32, 32)) ToTensor()", {"resize": "exact", "size": (32, 32), "crop": None}),
        # Written for square images.
        ("Resize(size=32) ToTensor()", {"resize": "shorter", "size": (32, 32), "crop": (32, 32)}),
        ("Resize(size=36) CenterCrop(size=(32, 32)) ToTensor()", {"size": (36, 36), "crop": (32, 32)}),
    ],
)
def test_a_fixed_size_is_kept(text: str, expected: dict[str, Any]) -> None:
    found = prepare(of_size(32, 32), {"transform": f"Compose({text})"})
    plain = Preprocessing(mean=(0.0,) * 3, std=(1.0,) * 3)
    assert found.preprocessing == replace(plain, **expected)
    assert not found.assumed


def test_a_size_that_the_network_does_not_take_is_not_used() -> None:
    found = prepare(of_size(32, 32), {"transform": "Compose(Resize(size=(64, 64)) ToTensor())"})
    assert found.source.startswith("assumed")
    assert "other sizes than the network takes" in found.notices[0]
    # What people call the size of an image may be that of the file: mean and std are used all the same.
    found = prepare(of_size(32, 32), {"img_size": 64, "mean": [0.1] * 3, "std": [0.2] * 3})
    assert (found.preprocessing.size, found.preprocessing.mean, found.assumed) == ((32, 32), (0.1,) * 3, True)


def test_rows_stay_rows() -> None:
    takes = takes_of_form(InputForm("flat", 1, 28, 28, 784), 10)
    for metadata in (
        {"mean": [0.2], "std": [0.3]},
        {"transform": "Resize(size=28) ToTensor() Normalize(mean=0.2, std=0.3)"},
    ):
        value = prepare(takes, metadata).preprocessing
        assert (value.flatten, value.channels, value.mean, value.std) == (True, "grey", (0.2,), (0.3,))
        assert (value.crop or value.size) == (28, 28)


# From files, opened and inspected.


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


def both(engine: Engine, path: Path) -> ClassifierInfo:
    """What opening tells, having checked that inspecting tells the same."""
    info = run_steps(engine.open(Context(1, lambda _: None), ModelSpec("file", str(path)), "cpu"))
    assert isinstance(info, ClassifierInfo)
    found = inspect_file(path)
    assert (found.preprocessing, found.preprocessing_source, found.preprocessing_assumed) == (
        info.preprocessing,
        info.preprocessing_source,
        info.preprocessing_assumed,
    )
    return info


def test_files(engine: Engine, tmp_path: Path) -> None:
    state = get_model("squeezenet1_1", weights=None, num_classes=3).state_dict()
    path = tmp_path / "model.pth"
    torch.save(state, path)
    info = both(engine, path)
    assert (info.preprocessing_source, info.preprocessing_assumed) == ("assumed: usual for squeezenet1_1", True)
    (tmp_path / "config.json").write_text(json.dumps({"preprocessing": to_dict(BESIDE)}), encoding="utf-8")
    info = both(engine, path)
    assert (info.preprocessing, info.preprocessing_source, info.preprocessing_assumed) == (BESIDE, "config.json", False)
    torch.save({"model": state, "transform": "Compose(Resize(size=(40, 50)) ToTensor())"}, path)
    info = both(engine, path)
    assert (info.preprocessing.size, info.preprocessing_assumed) == ((40, 50), False)
    assert info.preprocessing_source == "the weights file (transform)"
