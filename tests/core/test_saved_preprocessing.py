"""Preprocessing that training runs leave in checkpoints, against the transforms that they ran."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from timm.data.transforms_factory import create_transform
from torch import Tensor, nn
from torchvision import models, transforms
from torchvision.transforms import InterpolationMode, v2

from core.checkpoints import open_checkpoint
from core.images import DecodedImage
from core.preprocessing import PRESETS, Preprocessing, to_dict
from core.preprocessing.saved import Saved, saved_preprocessing
from core.tensors import to_tensor
from tests.core.pictures import scene
from tests.core.sidecar_samples import CENTRE, TIMM_VALUES

USUAL = Preprocessing(size=(232, 232))
TIMMS = Preprocessing(size=(235, 235), interpolation="bicubic")
MEAN, STD = (0.1, 0.2, 0.3), (0.3, 0.2, 0.1)
NORMALIZE = transforms.Normalize(MEAN, STD)


def usual(name: str) -> Preprocessing:
    return TIMMS if name else USUAL


def read(metadata: Mapping[str, object]) -> Saved | None:
    problems: list[str] = []
    found = saved_preprocessing(metadata, usual, problems)
    assert problems == []
    return found


def through_a_file(folder: Path, **beside: object) -> Mapping[str, object]:
    """What is left of values that were saved beside a network's tensors."""
    path = folder / "checkpoint.pth"
    torch.save({"state_dict": nn.Sequential(*(nn.Linear(2, 2) for _ in range(5))).state_dict(), **beside}, path)
    return open_checkpoint(path).metadata


# Transforms.

SCRIPTS: dict[str, Callable[[], Any]] = {
    "imagenet": lambda: transforms.Compose(
        [transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(), NORMALIZE]
    ),
    "exact": lambda: transforms.Compose(
        [transforms.Resize((64, 48), InterpolationMode.BICUBIC), transforms.ToTensor(), NORMALIZE]
    ),
    "shorter side only": lambda: transforms.Compose([transforms.Resize(40), transforms.ToTensor(), NORMALIZE]),
    "grey": lambda: transforms.Compose(
        [transforms.Grayscale(), transforms.Resize((28, 28)), transforms.ToTensor(), transforms.Normalize(0.5, 0.25)]
    ),
    "grey on three": lambda: transforms.Compose(
        [transforms.Grayscale(3), transforms.Resize((28, 28)), transforms.ToTensor()]
    ),
    "pixels to 255": lambda: transforms.Compose([transforms.Resize((32, 32)), transforms.PILToTensor()]),
    "second version": lambda: v2.Compose(
        [v2.Resize((50, 60)), v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
    ),
    "tensors, not antialiased": lambda: v2.Compose(
        [v2.PILToTensor(), v2.Resize((50, 60), antialias=False), v2.ToDtype(torch.float32, scale=True)]
    ),
    "torchvision's own": lambda: models.ResNet50_Weights.IMAGENET1K_V2.transforms(),
    "timm's": lambda: create_transform((3, 96, 96), interpolation="bicubic", crop_pct=0.9, mean=MEAN, std=STD),
}


def check_against(script: Callable[[Any], Tensor], found: Saved | None, *, step: float = 0.0) -> None:
    """That what was read prepares images as the script does, to within a step of 255."""
    assert found is not None
    assert found.complete
    for size in ((120, 90), (40, 77), (300, 200)):
        image = scene(*size)
        wanted = script(image).float()
        ours = to_tensor(DecodedImage(image), found.preprocessing)
        assert ours.shape == wanted.shape
        assert (ours - wanted).abs().max() <= 1e-6 + step


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_text_of_transforms(name: str) -> None:
    script = SCRIPTS[name]()
    for metadata in ({"transform": str(script)}, {"hyper_parameters": {"val_transform": repr(script)}}):
        # v2 resizes uint8 tensors in whole numbers.
        check_against(script, read(metadata), step=1 / 255 if "not antialiased" in name else 0)


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name not in ("torchvision's own",)])
def test_pickled_transforms(name: str, tmp_path: Path) -> None:
    script = SCRIPTS[name]()
    metadata = through_a_file(tmp_path, transforms=script)
    check_against(script, read(metadata), step=1 / 255 if "not antialiased" in name else 0)


def test_the_text_of_a_script() -> None:
    text = (
        "transforms.Compose([transforms.Resize((28, 28)), transforms.CenterCrop(20), transforms.ToTensor(), "
        "transforms.Normalize((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))])"
    )
    found = read({"preprocess": text})
    wanted = Preprocessing(resize="exact", size=(28, 28), crop=(20, 20), mean=(0.5,) * 3, std=(0.25,) * 3)
    assert found == Saved(wanted, "preprocess", complete=True)


def test_transforms_for_evaluation_go_before_those_for_training() -> None:
    training, testing = (f"Compose(Resize(size=({n}, {n})) ToTensor())" for n in (30, 40))
    found = read({"train_transform": training, "transforms": {"test": testing}, "test_transforms": testing})
    assert found is not None
    assert (found.preprocessing.size, found.place, found.complete) == ((40, 40), "test_transforms", True)
    alone = read({"train_transform": training})
    assert alone is not None
    assert (alone.preprocessing.size, alone.complete) == ((30, 30), False)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (
            [transforms.RandomResizedCrop(64), transforms.RandomHorizontalFlip(), transforms.ToTensor(), NORMALIZE],
            replace(USUAL, size=(73, 73), crop=(64, 64), mean=MEAN, std=STD),
        ),
        (
            [transforms.RandomCrop(32, padding=4), transforms.ToTensor(), NORMALIZE],
            replace(USUAL, size=(32, 32), crop=(32, 32), mean=MEAN, std=STD),
        ),
        ([transforms.ToTensor(), NORMALIZE], replace(USUAL, mean=MEAN, std=STD)),
    ],
)
def test_what_transforms_leave_open_is_as_usual(steps: list[Any], expected: Preprocessing) -> None:
    assert read({"transform": str(transforms.Compose(steps))}) == Saved(expected, "transform", complete=False)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Compose(Normalize(mean=[0.5], std=[0.5]) Normalize(mean=[0.5], std=[0.5]))", "normalises twice"),
        ("Compose(CenterCrop(size=(5, 5)) Resize(size=(3, 3)))", "crops before it resizes"),
        ("Resize(size=256, max_size=300)", "largest size"),
        ("Normalize(mean=[0.5, 0.5, 0.5], std=[0.0, 1.0, 1.0])", "above 0"),
        ("Resize(size=(99999, 3))", "8192"),
        ("Resize(size=224, interpolation=hamming)", "'hamming' is not supported"),
    ],
)
def test_transforms_that_make_no_sense_are_said(text: str, words: str) -> None:
    problems: list[str] = []
    assert saved_preprocessing({"transform": text}, usual, problems) is None
    assert len(problems) == 1
    assert words in problems[0]


def test_a_mean_that_was_saved_as_a_tensor(tmp_path: Path) -> None:
    found = read(through_a_file(tmp_path, mean=torch.tensor(MEAN).view(1, 3, 1, 1), std=torch.tensor(STD)))
    assert found is not None
    assert found.preprocessing.mean == pytest.approx(MEAN)
    assert found.preprocessing.std == pytest.approx(STD)


# Configurations and arguments.


@pytest.mark.parametrize(
    ("metadata", "place"),
    [
        ({"pretrained_cfg": TIMM_VALUES}, "pretrained_cfg"),
        ({"default_cfg": json.dumps(TIMM_VALUES)}, "default_cfg"),
        ({"args": {"data_config": TIMM_VALUES}}, "args.data_config"),
    ],
)
def test_timms_configuration(metadata: Mapping[str, object], place: str) -> None:
    assert read(metadata) == Saved(CENTRE, place, complete=True)


@pytest.mark.parametrize("preset", ["caffe", "fashion_mnist", "keras"])
def test_whatsits_own_values(preset: str) -> None:
    values = to_dict(PRESETS[preset])
    for metadata in ({"preprocessing": values}, {"preprocessing": json.dumps(values)}):
        assert read(metadata) == Saved(PRESETS[preset], "preprocessing", complete=True)


def test_the_arguments_of_torchvisions_training_script(tmp_path: Path) -> None:
    """``references/classification``: its evaluation resizes, crops, and takes ImageNet's mean and std."""
    arguments = argparse.Namespace(
        model="resnet50", interpolation="bicubic", val_resize_size=232, val_crop_size=200, train_crop_size=176
    )
    found = read(through_a_file(tmp_path, args=arguments, epoch=3))
    script = transforms.Compose(
        [
            transforms.Resize(232, InterpolationMode.BICUBIC),
            transforms.CenterCrop(200),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    check_against(cast("Callable[[Any], Tensor]", script), found)
    assert found is not None
    assert found.place == "args"


def timm_arguments(**given: object) -> argparse.Namespace:
    open_ = dict.fromkeys(("img_size", "input_size", "crop_pct", "mean", "std"))
    return argparse.Namespace(
        **{"model": "resnet50.a1_in1k", "interpolation": "", "train_interpolation": "random", **open_, **given}
    )


@pytest.mark.parametrize(
    ("given", "changes"),
    [
        ({}, {}),
        ({"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}, {"mean": (0.5,) * 3, "std": (0.25,) * 3}),
        ({"interpolation": "bilinear"}, {"interpolation": "bilinear"}),
        # 128 / 0.9 = 142.2; 128 * 235 / 224 = 134.3; 224 / 0.8 = 280
        ({"img_size": 128, "crop_pct": 0.9}, {"size": (142, 142), "crop": (128, 128)}),
        ({"input_size": [3, 128, 128]}, {"size": (134, 134), "crop": (128, 128)}),
        ({"crop_pct": 0.8}, {"size": (280, 280)}),
    ],
)
def test_the_arguments_of_timms_training_script(
    given: dict[str, object], changes: dict[str, Any], tmp_path: Path
) -> None:
    found = read(through_a_file(tmp_path, args=timm_arguments(**given), arch="resnet50"))
    assert found == Saved(replace(TIMMS, **changes), "args", complete=False)


def test_ultralytics_arguments() -> None:
    found = read({"train_args": {"task": "classify", "imgsz": 64, "mode": "train"}})
    assert found is not None
    assert (found.preprocessing.size, found.preprocessing.crop, found.complete) == ((64, 64), (64, 64), False)
    assert read({"train_args": {"task": "detect"}}) is None


# Single values.

EXACT = replace(USUAL, resize="exact", size=(64, 64), crop=None)


@pytest.mark.parametrize(
    ("metadata", "expected", "place"),
    [
        ({"mean": list(MEAN), "std": list(STD)}, replace(USUAL, mean=MEAN, std=STD), "mean"),
        ({"mean": "[0.5]", "std": "[0.25]"}, replace(USUAL, mean=(0.5,) * 3, std=(0.25,) * 3), "mean"),
        (
            {"pixel_mean": [123.675, 116.28, 103.53], "pixel_std": [58.395, 57.12, 57.375]},
            replace(USUAL, range="0..255", mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375)),
            "pixel_mean",
        ),
        ({"normalize": [list(MEAN), list(STD)]}, replace(USUAL, mean=MEAN, std=STD), "normalize"),
        (
            {"hyper_parameters": {"normalize": "cifar10"}},
            replace(USUAL, mean=PRESETS["cifar10"].mean, std=PRESETS["cifar10"].std),
            "hyper_parameters.normalize",
        ),
        (
            {"hyper_parameters": {"data": {"mean": list(MEAN), "std": list(STD), "img_size": 64}}},
            replace(EXACT, mean=MEAN, std=STD),
            "hyper_parameters.data.mean, hyper_parameters.data.img_size",
        ),
        ({"img_size": 64}, EXACT, "img_size"),
        ({"config": {"image_size": [64, 64]}}, EXACT, "config.image_size"),
        ({"input_size": (3, 64, 64)}, EXACT, "input_size"),
        ({"input_size": 64}, EXACT, "input_size"),
        ({"img_size": 64, "interpolation": "nearest"}, replace(EXACT, interpolation="nearest"), "img_size"),
        ({"resize": 72, "crop_size": 64}, replace(USUAL, size=(72, 72), crop=(64, 64)), "crop_size"),
    ],
)
def test_single_values(metadata: Mapping[str, object], expected: Preprocessing, place: str) -> None:
    assert read(metadata) == Saved(expected, place, complete=False)


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"mean": 0.5, "std": 0.2},
        {"mean": [0.5, 0.5], "std": [0.5, 0.5]},
        {"mean": [0.5] * 3},
        {"std": [0.0] * 3, "mean": [0.5] * 3},
        # The length of a row of numbers.
        {"input_size": 784, "hidden_layers": [512, 256], "output_size": 10},
        {"img_size": 3},
        {"img_size": True},
        {"img_size": 2.5},
        {"img_size": [1, 2, 3, 4]},
        {"transform": "none"},
        {"transforms": {"kind": "strong"}},
        {"normalize": True},
        {"normalize": "batch"},
        {"epoch": 3, "class_to_idx": {"transform": 0, "mean": 1}},
    ],
)
def test_what_says_nothing_about_images(metadata: Mapping[str, object]) -> None:
    assert read(metadata) is None


def test_a_grey_network_keeps_one_channel() -> None:
    grey = PRESETS["mnist"]
    problems: list[str] = []
    found = saved_preprocessing({"mean": [0.25], "std": [0.5]}, lambda _: grey, problems)
    assert found == Saved(replace(grey, mean=(0.25,), std=(0.5,)), "mean", complete=False)
    found = saved_preprocessing({"mean": [0.1, 0.2, 0.3], "std": [0.2] * 3}, lambda _: grey, problems)
    assert found is not None
    assert found.preprocessing.mean == pytest.approx((0.2,))


KEYS = st.sampled_from(
    ["transform", "val_transform", "preprocessing", "args", "mean", "std", "img_size", "input_size", "normalize",
     "data", "resize", "crop_size", "pretrained_cfg", "crop_pct", "train_interpolation", "val_crop_size", "task",
     "val_resize_size", "imgsz", "interpolation", "size", "exif", "transforms"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.from_regex(r"(Resize|Normalize|CenterCrop|Grayscale)\((size=|mean=)?[\[(]?-?[0-9.,]{0,6}[\])]?\)"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


@given(st.dictionaries(KEYS, VALUES))
def test_nothing_that_was_saved_stops_the_weights(metadata: dict[str, object]) -> None:
    problems: list[str] = []
    found = saved_preprocessing(metadata, usual, problems)
    assert found is None or isinstance(found.preprocessing, Preprocessing)
    assert all("\n" not in problem for problem in problems)
