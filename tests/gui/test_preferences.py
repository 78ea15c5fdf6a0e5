from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QSettings

from core.descriptions import ModelSpec
from core.preprocessing import PRESETS
from gui.preferences import Preferences, load, save


def filled() -> Preferences:
    return Preferences(
        k=7,
        device="cuda:0",
        appearance="dark",
        recent=(
            ModelSpec("file", "/models/fünf Klassen.pth", "resnet18", "/models/labels.txt", PRESETS["half"]),
            ModelSpec("pretrained", "resnet50/IMAGENET1K_V2"),
            ModelSpec(
                "file",
                "/models/own.pt",
                "Net",
                architecture_file="/models/nets.py",
                arguments=(("hidden", "[512, 256]"), ("name", "'x'")),
                tensors="state_dict_ema",
            ),
        ),
        folder="/home/anna/Bilder",
        geometry=b"\x00\x01\xffgeometry",
    )


def test_all_of_it_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "whatsit.ini"
    assert save(path, filled())
    assert load(path) == filled()


def test_without_a_file_there_are_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "none.ini") == Preferences()


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\xff\xfe garbage \x01\x02" * 40, b"[General\nk", b"<html></html>", b"[General]\nk=3\n"],
    ids=["empty", "binary", "cut", "html", "no version"],
)
def test_a_damaged_file_gives_defaults_and_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "whatsit.ini"
    path.write_bytes(content)
    found = load(path)
    assert found.device == "auto"
    assert found.recent == ()
    assert "damaged" in found.problem
    assert path.with_suffix(".damaged").read_bytes() == content
    assert save(path, found)
    assert load(path).problem == ""


@pytest.mark.parametrize(
    ("key", "value", "default"),
    [
        ("k", "many", 5),
        ("k", "-3", 5),
        ("device", "toaster; rm -rf", "auto"),
        ("appearance", "pink", "system"),
        ("recent", "{not json", ()),
        ("recent", '"text"', ()),
        ("recent", '[{"kind": "magic", "weights": "x"}]', ()),
        ("geometry", "plain text", b""),
    ],
)
def test_one_bad_value_costs_only_itself(tmp_path: Path, key: str, value: str, default: object) -> None:
    path = tmp_path / "whatsit.ini"
    save(path, filled())
    writing = QSettings(str(path), QSettings.Format.IniFormat)
    writing.setValue(key, value)
    writing.sync()
    found = load(path)
    assert getattr(found, key) == default
    assert key in found.problem
    for name in {"k", "device", "appearance", "recent", "geometry", "folder"} - {key}:
        assert getattr(found, name) == getattr(filled(), name)


def test_one_bad_recent_model_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "whatsit.ini"
    save(path, filled())
    writing = QSettings(str(path), QSettings.Format.IniFormat)
    entries = json.loads(str(writing.value("recent")))
    writing.setValue("recent", json.dumps([{"kind": "file"}, *entries, 7]))
    writing.sync()
    assert load(path).recent == filled().recent


def test_recent_models_stand_once_and_are_few() -> None:
    preferences = Preferences()
    preferences.remember(ModelSpec())
    assert preferences.recent == ()
    for number in range(30):
        preferences.remember(ModelSpec("file", f"/m/{number}.pth"))
    preferences.remember(ModelSpec("file", "/m/25.pth", "resnet18"))
    assert preferences.recent[0] == ModelSpec("file", "/m/25.pth", "resnet18")
    assert len(preferences.recent) == 12
    assert len({spec.weights for spec in preferences.recent}) == 12


def test_a_place_that_cannot_be_written_is_no_crash(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert not save(blocked / "whatsit.ini", Preferences())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=400))
def test_no_file_is_too_strange(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "whatsit.ini"
    path.write_bytes(content)
    found = load(path)
    assert 1 <= found.k <= 100_000
