"""Preprocessing that a person names: a preset, or a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import PreprocessingError
from core.preprocessing import PRESETS, Preprocessing, to_dict
from core.sidecars import read_preprocessing
from tests.core.sidecar_samples import CENTRE, HALF, TIMM, VIT, put


@pytest.mark.parametrize("name", PRESETS)
def test_presets_by_name(name: str) -> None:
    assert read_preprocessing(name) == PRESETS[name]
    assert read_preprocessing(f" {name.upper()} ") == PRESETS[name]


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


def test_preprocessing_that_does_not_exist() -> None:
    with pytest.raises(PreprocessingError, match=r"neither a preset nor a file\. Did you mean imagenet"):
        read_preprocessing("imagenett")
    with pytest.raises(PreprocessingError, match="Presets are imagenet, cifar10"):
        read_preprocessing("/no/such/file.json")


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
