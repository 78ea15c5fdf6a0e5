"""Which names a model gets, and what is said of them: with weights files as trainers leave them."""

from __future__ import annotations

import csv
import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core.catalogue import imagenet_labels
from core.checkpoints import open_checkpoint
from core.descriptions import ClassifierInfo, ModelSpec
from core.errors import LabelsError
from core.inspecting import inspect_file
from core.jobs import Context
from core.naming import IMAGENET, Naming, choose_names, imagenet_names
from core.opening import build_network, dress
from core.sidecars import read_sidecar

FLOWERS = {"1": "pink primrose", "10": "globe thistle", "2": "hard-leaved pocket orchid"}
TO_INDEX = {folder: index for index, folder in enumerate(sorted(FLOWERS))}
READABLE = tuple(FLOWERS[folder] for folder in sorted(FLOWERS))


def weights(folder: Path, classes: int = 3, **beside: object) -> Path:
    """A small ResNet's weights, with what a course's notebook saves beside them."""
    from torchvision.models import get_model

    state = get_model("shufflenet_v2_x0_5", weights=None, num_classes=classes).state_dict()
    torch.save({"state_dict": state, "arch": "shufflenet_v2_x0_5", **beside}, folder / "model.pth")
    return folder / "model.pth"


def opened(path: Path, **changes: object) -> ClassifierInfo:
    spec = replace(ModelSpec("file", str(path)), **changes)
    return dress(build_network(Context(1, lambda _: None), spec, open_checkpoint(path), None), spec)


def named(folder: Path, count: int, metadata: dict[str, object] | None = None, **changes: object) -> Naming:
    """Without a network: only what lies in a folder and in a checkpoint."""
    spec = replace(ModelSpec("file", str(folder / "model.pth")), **changes)
    return choose_names(spec, count, metadata or {}, read_sidecar(folder / "model.pth"))


def put(folder: Path, name: str, value: object) -> Path:
    (folder / name).write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return folder / name


def test_the_pair_of_course_work_shows_readable_names(tmp_path: Path) -> None:
    path = weights(tmp_path, class_to_idx=TO_INDEX)
    put(tmp_path, "cat_to_name.json", FLOWERS)
    info = opened(path)
    assert info.labels == READABLE
    assert info.folders == tuple(sorted(FLOWERS))
    assert info.labels_source == "cat_to_name.json, over the folder names in the weights file"
    found = inspect_file(path)
    assert (found.class_names, found.labels_source) == (READABLE, info.labels_source)


def test_the_pair_with_a_chosen_file(tmp_path: Path) -> None:
    path = weights(tmp_path, class_to_idx=TO_INDEX)
    (tmp_path / "elsewhere").mkdir()
    chosen = put(tmp_path / "elsewhere", "flowers.json", FLOWERS)
    info = opened(path, labels=str(chosen))
    assert (info.labels, info.labels_source) == (
        READABLE,
        "flowers.json, over the folder names in the weights file",
    )


def test_the_readable_names_may_be_in_the_checkpoint(tmp_path: Path) -> None:
    info = opened(weights(tmp_path, class_to_idx=TO_INDEX, cat_to_name=FLOWERS))
    assert (info.labels, info.labels_source) == (READABLE, "the weights file, over its folder names")


def test_both_files_may_lie_beside_the_weights(tmp_path: Path) -> None:
    put(tmp_path, "class_to_idx.json", TO_INDEX)
    put(tmp_path, "cat_to_name.json", FLOWERS)
    naming = named(tmp_path, 3)
    assert naming.labels == READABLE
    assert naming.source == "cat_to_name.json, over the folder names in class_to_idx.json"


def test_names_of_folders_alone_are_not_used_and_that_is_said(tmp_path: Path) -> None:
    put(tmp_path, "cat_to_name.json", {str(number): f"flower {number}" for number in range(1, 103)})
    naming = named(tmp_path, 102)
    assert naming.labels[:2] == ("0", "1")
    assert "nothing tells in which order" in " ".join(naming.notices)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("signature.json", {"classes": {"Label": ["cat", "dog"]}, "inputs": {"Image": {"shape": [None, 224, 224, 3]}}}),
        ("labels.json", ["cat", "dog"]),
        ("classes.json", {"cat": 0, "dog": 1}),
        ("class_names.json", {"0": "cat", "1": "dog"}),
        ("class_to_idx.json", {"dog": 1, "cat": 0}),
        ("class_indices.json", {"cat": 0, "dog": 1}),
        ("names.yaml", "names: [cat, dog]\n"),
        ("data.yaml", "nc: 2\nnames:\n  0: cat\n  1: dog\n"),
        ("labels.csv", "index,name\n1,dog\n0,cat\n"),
        ("model_labels.txt", "cat\ndog\n"),
    ],
)
def test_label_files_beside_the_weights(name: str, value: object, tmp_path: Path) -> None:
    put(tmp_path, name, value)
    naming = named(tmp_path, 2)
    assert (naming.labels, naming.source, naming.notices) == (("cat", "dog"), name, ())


def test_of_several_files_the_one_that_fits_counts(tmp_path: Path) -> None:
    put(tmp_path, "labels.txt", "a\nb\nc\n")
    put(tmp_path, "classes.txt", "cat\ndog\n")
    naming = named(tmp_path, 2)
    assert (naming.labels, naming.source) == (("cat", "dog"), "classes.txt")
    assert naming.notices == (
        "The class names in labels.txt are not used: There are 3 names, and the model tells 2 classes apart.",
    )


def test_a_base_models_config_gives_way_to_names_that_fit(tmp_path: Path) -> None:
    put(tmp_path, "config.json", {"id2label": {str(number): f"thing {number}" for number in range(5)}})
    put(tmp_path, "labels.txt", "cat\ndog\n")
    assert named(tmp_path, 2).labels == ("cat", "dog")


def test_a_file_about_something_else_is_no_problem(tmp_path: Path) -> None:
    put(tmp_path, "data.yaml", "path: ../data\ntrain: images\n")
    put(tmp_path, "labels.csv", "image,label\na.jpg,cat\nb.jpg,dog\n")
    assert read_sidecar(tmp_path / "model.pth") is None


def test_what_a_person_wrote_goes_first(tmp_path: Path) -> None:
    put(tmp_path, "labels.txt", "cat\ndog\n")
    naming = named(tmp_path, 2, {"class_names": ["n01", "n02"]}, names=("Katze", "Hund"))
    assert (naming.labels, naming.source, naming.folders) == (("Katze", "Hund"), "you", ("n01", "n02"))
    with pytest.raises(LabelsError, match="3 classes"):
        named(tmp_path, 3, names=("Katze", "Hund"))


@pytest.mark.parametrize(
    ("count", "first", "last"), [(1000, "tench", "toilet tissue"), (1001, "background", "toilet tissue")]
)
def test_imagenets_names_are_assumed_by_the_count(tmp_path: Path, count: int, first: str, last: str) -> None:
    naming = named(tmp_path, count)
    assert (naming.labels[0], naming.labels[-1], len(naming.labels)) == (first, last, count)
    assert naming.source.endswith(f"assumed from {count:,} classes")
    assert naming.labels[-1000:] == imagenet_labels()


def test_imagenets_names_can_be_chosen_over_others(tmp_path: Path) -> None:
    metadata: dict[str, object] = {"class_names": [f"thing {number}" for number in range(1000)]}
    assert named(tmp_path, 1000, metadata).source == "the weights file"
    naming = named(tmp_path, 1000, metadata, labels=IMAGENET)
    assert (naming.labels, naming.source) == (imagenet_labels(), "ImageNet's, chosen by you")
    with pytest.raises(LabelsError, match="ImageNet's names"):
        named(tmp_path, 7, labels=IMAGENET)


def timm_lines(name: str) -> list[str]:
    spec = importlib.util.find_spec("timm")
    if spec is None or spec.origin is None:
        pytest.skip("timm is not installed")
    return (Path(spec.origin).parent / "data" / "_info" / name).read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("count", "synsets"), [(21_843, "imagenet21k_goog_synsets.txt"), (21_841, "imagenet22k_synsets.txt")]
)
def test_larger_heads_get_timms_names(count: int, synsets: str) -> None:
    ids = timm_lines(synsets)
    words = dict(csv.reader(timm_lines("imagenet_synset_to_lemma.txt"), delimiter="\t", quoting=csv.QUOTE_NONE))
    found = imagenet_names(count)
    assert found is not None
    labels, _ = found
    assert len(labels) == count
    assert all(words[each].startswith(label) for each, label in zip(ids, labels, strict=True))


def test_no_other_size_is_imagenets() -> None:
    assert [count for count in (1, 10, 999, 1002, 21_840) if imagenet_names(count)] == []


def test_wordnet_ids_become_words_where_timm_has_them(tmp_path: Path) -> None:
    timm_lines("imagenet_synset_to_lemma.txt")
    naming = named(tmp_path, 2, {"class_names": ["n01440764", "n02102040"]})
    assert (naming.labels, naming.folders) == (("tench", "English springer"), ("n01440764", "n02102040"))
    assert "over the folder names in the weights file" in naming.source
