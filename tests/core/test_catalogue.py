"""The table says what the installed torchvision says."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest
from torchvision import models
from torchvision.models import WeightsEnum
from torchvision.transforms import InterpolationMode

from core.catalogue import (
    architecture,
    architectures,
    assumed_preprocessing,
    imagenet_labels,
    pretrained,
    published,
)
from core.errors import UsageError
from core.tables import TORCHVISION, timm_table
from resources.make_torchvision_table import make_table


def weights_of(name: str) -> list[WeightsEnum]:
    return list(cast("list[WeightsEnum]", models.get_model_weights(name)))  # pyright: ignore[reportUnknownMemberType]


def test_the_table_is_what_its_script_makes_now() -> None:
    stored = json.loads(TORCHVISION.read_text(encoding="utf-8"))
    made = make_table()
    assert {**stored, "torchvision": ""} == {**made, "torchvision": ""}
    assert TORCHVISION.stat().st_size < 400_000


def test_all_of_torchvisions_classifiers_are_listed() -> None:
    listed = [entry for entry in architectures() if entry.source == "torchvision"]
    assert [entry.id for entry in listed] == models.list_models(module=models)
    assert len(listed) == 80
    assert listed == list(architectures()[:80])
    assert architecture("resnet50").family == architecture("wide_resnet50_2").family == "ResNet"
    assert architecture("vit_b_16").family == "Vision Transformer"


def test_published_weights_are_torchvisions() -> None:
    ours = {entry.id: entry for entry in pretrained()}
    theirs = {
        f"{name}/{weights.name}": weights for name in models.list_models(module=models) for weights in weights_of(name)
    }
    # The one that is no classifier.
    assert theirs.keys() - ours.keys() == {"vgg16/IMAGENET1K_FEATURES"}
    assert ours.keys() <= theirs.keys()
    for key, entry in ours.items():
        weights = theirs[key]
        transforms = weights.transforms()
        used = entry.preprocessing
        assert entry.architecture == key.partition("/")[0]
        assert entry.url == weights.url
        assert f"-{entry.sha256_prefix}.pth" in entry.url
        assert entry.accuracy == weights.meta["_metrics"]["ImageNet-1K"]["acc@1"]
        assert entry.bytes == pytest.approx(weights.meta["_file_size"] * 2**20, abs=600)
        assert entry.num_classes == len(weights.meta["categories"])
        assert used.resize == "shorter"
        assert used.size == (transforms.resize_size[0],) * 2
        assert used.crop == (transforms.crop_size[0],) * 2
        assert InterpolationMode(used.interpolation) == transforms.interpolation
        assert list(used.mean) == transforms.mean
        assert list(used.std) == transforms.std
        assert transforms.antialias


def test_an_architecture_assumes_its_first_weights_preprocessing() -> None:
    by_id = {entry.id: entry for entry in pretrained()}
    for entry in (entry for entry in architectures() if entry.source == "torchvision"):
        first = by_id.get(f"{entry.id}/IMAGENET1K_V1")
        assert entry.preprocessing.crop == (entry.input_size, entry.input_size)
        if first is not None:
            assert entry.preprocessing == first.preprocessing
        else:
            assert entry.input_size == 224
    assert architecture("inception_v3").input_size == 299


def test_a_vision_transformer_of_another_size_assumes_that_size() -> None:
    assert assumed_preprocessing("vit_b_16") == assumed_preprocessing("vit_b_16", 224)
    published_at_384 = next(entry for entry in pretrained() if entry.id == "vit_b_16/IMAGENET1K_SWAG_E2E_V1")
    assert assumed_preprocessing("vit_b_16", 384) == published_at_384.preprocessing
    assert assumed_preprocessing("vit_b_16", 96).crop == (96, 96)
    assert assumed_preprocessing("vit_b_16", 96).size == (96, 96)


def test_imagenets_names_are_torchvisions() -> None:
    assert list(imagenet_labels()) == models.ResNet50_Weights.IMAGENET1K_V2.meta["categories"]


@pytest.mark.parametrize("collects", [True, False])
def test_reading_a_table_leaves_the_garbage_collector_as_it_was(collects: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if collects else gc.disable)()
        table = timm_table.__wrapped__()
        assert gc.isenabled() == collects
    finally:
        (gc.enable if before else gc.disable)()
    assert table == timm_table()


def test_a_published_file_is_known_by_its_hash() -> None:
    found = published("11ad3fa6" + "0" * 56)
    assert found is not None
    assert found.id == "resnet50/IMAGENET1K_V2"
    assert published("0" * 64) is None
    assert published("") is None


@pytest.mark.parametrize(
    ("wanted", "close"), [("resnet5", "resnet50"), ("ViT-B-16", "vit_b_16"), ("zzz", "No name is close")]
)
def test_an_unknown_architecture_is_refused_with_close_names(wanted: str, close: str) -> None:
    with pytest.raises(UsageError, match=close):
        architecture(wanted)


def test_the_catalogue_is_read_without_torch() -> None:
    code = (
        "import sys, core.catalogue, core.fingerprints; core.catalogue.architectures(); core.catalogue.pretrained();"
        "core.fingerprints.exact_fits({'conv1.weight': (1,)});"
        "sys.exit('torch' in sys.modules or 'timm' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False, timeout=60).returncode == 0
