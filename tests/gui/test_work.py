"""What shows how an answer came about: why, the script, the notebook, results with their provenance."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from gui.why_dialog import WhyDialog
from tests.gui.conftest import Opened


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


def notice(opened: Opened) -> str:
    current = opened.window.notices.current
    return current.words.as_text() if current is not None else ""


def why(opened: Opened) -> WhyDialog:
    opened.window.scores.why.click()
    (dialog,) = opened.window.findChildren(WhyDialog)
    return dialog


def chosen(opened: Opened, action: str, path: Path, kind: str) -> None:
    """Choose a file in the dialog that an action opens."""
    opened.until(opened.window.actions_by_name[action].isEnabled)
    opened.window.actions_by_name[action].trigger()
    (dialog,) = opened.window.findChildren(QFileDialog)
    dialog.selectNameFilter(next(each for each in dialog.nameFilters() if kind in each))
    dialog.filesSelected.emit([str(path)])
    dialog.close()


def test_why_says_what_the_answer_rests_on_and_follows_the_photo(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(*photos[:2])
    dialog = why(opened)
    assert not dialog.isModal()
    assert dialog.form.facts["sha256"] == "ab" * 32
    assert dialog.form.facts["Weights"].endswith("model.safetensors")
    dialog.copy_text()
    assert clipboard().startswith(f"Image: {photos[0].as_posix()}\n")
    opened.window.actions_by_name["next"].trigger()
    dialog.copy_json()
    assert json.loads(clipboard())["image"] == photos[1].as_posix()
    opened.window.actions_by_name["clear"].trigger()
    assert dialog.form.facts == {}


def test_a_second_wish_to_know_why_opens_no_second_window(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(photos[0])
    assert why(opened) is why(opened)
    why(opened).close()
    opened.until(lambda: not opened.window.findChildren(WhyDialog))
    assert why(opened).isVisible()


def test_the_model_is_copied_as_a_script_for_the_shown_photo(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(photos[0])
    opened.window.actions_by_name["copy_script"].trigger()
    opened.until(lambda: clipboard().startswith("py of"))
    assert clipboard() == f"py of Built-in: CIFAR-10 for {photos[0].as_posix()}"
    opened.until(lambda: "copied as a Python script" in notice(opened))


def test_a_notebook_is_saved(opened: Opened, tmp_path: Path) -> None:
    opened.wait_ready()
    target = tmp_path / "classify.ipynb"
    chosen(opened, "save_script", target, "*.ipynb")
    opened.until(lambda: target.exists() and "saved as" in notice(opened))
    assert target.read_text(encoding="utf-8") == "ipynb of Built-in: CIFAR-10 for nothing"


def test_what_cannot_be_a_script_says_why(opened: Opened) -> None:
    opened.wait_ready()
    opened.fake.unwritable.add("")
    opened.window.actions_by_name["copy_script"].trigger()
    opened.until(lambda: "cannot be written as a plain script" in notice(opened))


def test_results_are_saved_with_where_they_came_from(opened: Opened, photos: list[Path], tmp_path: Path) -> None:
    opened.show_photos(photos[0])
    for name, kind in (("plain.json", "JSON ("), ("full.json", "came from")):
        target = tmp_path / name
        chosen(opened, "save", target, kind)
        opened.until(target.exists)
    (plain,), (full,) = (json.loads((tmp_path / name).read_text("utf-8")) for name in ("plain.json", "full.json"))
    assert set(plain) == {"image", "predictions", "error"}
    assert full["provenance"]["sha256"] == "ab" * 32
    assert {key: full[key] for key in plain} == plain


def test_why_stands_only_beside_an_answer(opened: Opened, photos: list[Path]) -> None:
    assert not opened.window.scores.why.isVisible()
    opened.show_photos(photos[0])
    assert opened.window.scores.why.isVisible()
