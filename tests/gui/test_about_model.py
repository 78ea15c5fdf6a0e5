"""All that is known of a weights file, searchable."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from core.descriptions import Inspection, Match, TensorRow
from core.preprocessing import Preprocessing
from gui.models.about_model import AboutModel
from tests.gui.conftest import Opened

ROWS = tuple(TensorRow(f"layer{n}.conv.weight", (n + 1, 3, 3, 3), "float32") for n in range(40))
FOUND = Inspection(
    file="/models/best.pth",
    container="state_dict",
    sha256="ab" * 32,
    bytes=45_000_000,
    unwrapped=("ckpt", "state_dict"),
    prefix="module.",
    sets=("state_dict", "state_dict_ema"),
    matches=(Match("resnet18", 3, 3, "all 102 names and shapes fit"), Match("timm/resnet18", 3, 3, "the same tensors")),
    architecture="resnet18",
    num_classes=3,
    input_channels=3,
    class_names=("cat", "dog", "eel"),
    labels_source="the weights file",
    preprocessing=Preprocessing(),
    preprocessing_source="assumed: usual for resnet18",
    parameters=11_000_000,
    tensors=ROWS,
    metadata=(("epoch", "7"), ("arch", "resnet18")),
)


@pytest.fixture
def about(opened: Opened) -> AboutModel:
    opened.wait_ready()
    opened.fake.inspection = FOUND
    opened.window.actions_by_name["about_model"].trigger()
    (found,) = opened.window.findChildren(AboutModel)
    opened.until(lambda: found.facts)
    return found


def test_it_says_what_the_file_is(about: AboutModel) -> None:
    facts = about.facts
    used, photos = facts["In use as"].splitlines()
    assert used == "shufflenet_v2_x1_0: all 320 names and shapes fit"
    assert photos.startswith("photos: ")
    assert facts["Taken from"] == "ckpt > state_dict, prefix module."
    assert facts["Architecture"] == "resnet18: all 102 names and shapes fit"
    assert facts["Also fits"].startswith("timm/resnet18")
    assert facts["Classes"] == "3"
    assert facts["Class names"] == "cat, dog, eel (the weights file)"
    assert "45 MB" in facts["Size"]
    assert facts["Runs code"] == "No"
    assert facts["sha256"] == "ab" * 32
    assert "epoch: 7" in facts["Saved with it"]
    assert "Left out" not in facts


def test_tensors_are_searched_and_sorted(about: AboutModel, opened: Opened) -> None:
    assert about.shown_tensors == 40
    about.search.setText("LAYER7.")
    opened.until(lambda: about.shown_tensors == 1)
    about.search.setText("layer")
    opened.until(lambda: about.shown_tensors == 40)
    about.table.sortByColumn(3, Qt.SortOrder.DescendingOrder)
    assert about.table.model().index(0, 0).data() == "layer39.conv.weight"
    assert about.table.model().index(0, 3).data() == f"{40 * 27:,}"


def test_the_facts_are_copied(about: AboutModel) -> None:
    about.copy_all()
    assert "Container: state dict (.pth)" in QGuiApplication.clipboard().text().splitlines()


def test_what_is_no_model_is_said(opened: Opened) -> None:
    opened.wait_ready()
    opened.fake.inspection = Inspection("", error="a.pth is a web page.", blocked=("os.system",))
    opened.window.actions_by_name["about_model"].trigger()
    (about,) = opened.window.findChildren(AboutModel)
    opened.until(lambda: "os.system" in about.facts.get("Runs code", ""))
    assert not about.table.isVisible()
    (title,) = [label for label in about.findChildren(QLabel) if label.text().endswith(".safetensors")][:1]
    opened.until(lambda: title.geometry().bottom() < 10 * 8)


def test_what_the_file_names_goes_first_and_the_set_in_use_is_said(opened: Opened) -> None:
    opened.wait_ready()
    info = opened.session.models.info
    assert info is not None
    sets = ("state_dict", "state_dict_ema")
    opened.session.models.describe(replace(info, checkpoint=replace(info.checkpoint, sets=sets)))
    opened.fake.inspection = replace(FOUND, architecture="timm/resnet18")
    opened.window.actions_by_name["about_model"].trigger()
    (about,) = opened.window.findChildren(AboutModel)
    opened.until(lambda: about.facts)
    assert about.facts["Architecture"] == "timm/resnet18: the same tensors"
    assert about.facts["Also fits"].startswith("resnet18")
    assert "with the weights state_dict" in about.facts["In use as"].splitlines()
