"""Preprocessing that a person names: a preset, or a file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, cast

import pytest
import timm
import torchvision

from core.errors import PreprocessingError
from core.preprocessing import PRESETS, Preprocessing, to_dict
from core.recipes import named_preprocessing, read_preprocessing
from tests.core.sidecar_samples import CENTRE, HALF, TIMM, VIT, put


@pytest.mark.parametrize("name", PRESETS)
def test_presets_by_name(name: str) -> None:
    assert read_preprocessing(name) == PRESETS[name]
    assert read_preprocessing(f" {name.upper()} ") == PRESETS[name]


@pytest.mark.parametrize("weights", ["resnet50/IMAGENET1K_V1", "resnet50/IMAGENET1K_V2", "vit_b_16/IMAGENET1K_V1"])
def test_that_of_torchvisions_weights(weights: str) -> None:
    architecture, name = weights.split("/")
    published = cast(Any, torchvision.models).get_model_weights(architecture)[name].transforms()
    for written in (weights, f"torchvision/{weights}", weights.lower()):
        found = read_preprocessing(written)
        assert (found.size[0], found.crop) == (published.resize_size[0], (published.crop_size[0],) * 2)
        assert (list(found.mean), list(found.std)) == (published.mean, published.std)
        assert found.interpolation == published.interpolation.value


@pytest.mark.parametrize("name", ["resnet50", "vit_base_patch16_siglip_224", "eva02_base_patch14_448"])
def test_that_of_timms_models(name: str) -> None:
    published: Any = timm.get_pretrained_cfg(name)
    found = read_preprocessing(f"timm/{name}")
    assert found == read_preprocessing(f"TIMM/{name}")
    height, width = (published.test_input_size or published.input_size)[1:]
    assert (found.crop, found.interpolation) == ((height, width), published.interpolation)
    assert (found.mean, found.std) == (published.mean, published.std)
    pct = published.test_crop_pct or published.crop_pct
    assert found.size == (math.floor(height / pct), math.floor(width / pct))


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("imagenett", r"neither a preset nor a file\. Did you mean imagenet\?"),
        ("cifar", "Did you mean cifar10 or cifar100"),
        ("fashion-mnist", "Did you mean fashion_mnist"),
        ("resnet50", "Did you mean resnet50/IMAGENET1K_V1 or resnet50/IMAGENET1K_V2"),
        ("resnet50/IMAGENET1K_V3", "Did you mean resnet50/IMAGENET1K_V1 or resnet50/IMAGENET1K_V2"),
        ("torchvision/resnet5", "Did you mean resnet50/IMAGENET1K_V1"),
        ("timm/resnet50.a1_in1k", "Did you mean timm/resnet50 or"),
        ("timm/vit_base_patch16", "timm/vit_base_patch16_224"),
        ("/no/such/file.json", "Presets are imagenet, cifar10.*resnet50/IMAGENET1K_V2.*timm/resnet50"),
        ("timm/", "Presets are imagenet"),
        ("", "Presets are|It is a folder"),
    ],
)
def test_preprocessing_that_does_not_exist(written: str, words: str) -> None:
    assert named_preprocessing(written) is None
    with pytest.raises(PreprocessingError, match=words):
        read_preprocessing(written)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (TIMM, CENTRE),
        ({"size": 224, "resample": 2, **HALF}, VIT),
        (to_dict(PRESETS["clip"]), PRESETS["clip"]),
        ({"resize": "exact", "size": [32, 32], "crop": None}, Preprocessing(resize="exact", size=(32, 32), crop=None)),
    ],
)
def test_preprocessing_from_a_file(content: object, expected: Preprocessing, tmp_path: Path) -> None:
    put(tmp_path, any__json=content)
    assert read_preprocessing(str(tmp_path / "any.json")) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"learning_rate": 3}, "describes no preprocessing"),
        ("cat\ndog", "describes no preprocessing"),
        ([1], "describes no preprocessing"),
        ({"crop_pct": "half"}, "'half' is no number"),
        ({"crop_pct": True}, "True is no number"),
        ({"crop_pct": 1e-9}, "8192"),
        ({"crop_pct": -1}, "8192"),
        ({"input_size": [3, 224]}, "input_size has 2 numbers, and should have 3"),
        ({"input_size": [3, 224.5, 224]}, "224.5 is no whole number"),
        ({"interpolation": "hamming", "mean": [0.5]}, "the interpolation 'hamming' is not supported"),
        ({"mean": [0.5, 0.5]}, "mean is not usable"),
        ({"std": [0.0, 1.0, 1.0]}, "above 0"),
        ({"do_resize": True, "size": {"longest_edge": 3}}, "size names no height and width"),
        ({"do_resize": True, "resample": 5}, "the interpolation 5 is not supported"),
        ({"resize": "exact", "size": [1]}, "size is not 2 whole numbers"),
        ({"preprocessing": {"colour": 3}}, "unknown entry 'colour'"),
    ],
)
def test_preprocessing_files_that_make_no_sense(content: object, words: str, tmp_path: Path) -> None:
    put(tmp_path, any__json=content)
    with pytest.raises(PreprocessingError, match=words):
        read_preprocessing(str(tmp_path / "any.json"))


def test_a_folder_is_no_preprocessing(tmp_path: Path) -> None:
    with pytest.raises(PreprocessingError, match="It is a folder"):
        read_preprocessing(str(tmp_path))
