"""The system's dialogs: what they ask, and what comes of the answer.  None of them stops the window."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QMenu

from core.descriptions import ModelSpec
from tests.gui.conftest import Opened


def dialog_of(opened: Opened, action: str) -> QFileDialog:
    """Choose in the menu, and find the dialog that opens."""
    opened.until(opened.window.actions_by_name[action].isEnabled)
    opened.window.actions_by_name[action].trigger()
    (dialog,) = [found for found in opened.window.findChildren(QFileDialog) if found.isVisible()]
    return dialog


def test_photos_are_chosen(opened: Opened, photos: list[Path]) -> None:
    dialog = dialog_of(opened, "open_photos")
    assert dialog.fileMode() is QFileDialog.FileMode.ExistingFiles
    dialog.filesSelected.emit([str(path) for path in photos[:2]])
    dialog.close()
    opened.wait_answered(2)
    assert opened.app.preferences.folder == str(photos[0].parent)


def test_a_folder_is_chosen(opened: Opened, photos: list[Path]) -> None:
    dialog = dialog_of(opened, "open_folder")
    assert dialog.fileMode() is QFileDialog.FileMode.Directory
    dialog.filesSelected.emit([str(photos[0].parent)])
    dialog.close()
    opened.wait_answered(5)


def test_weights_are_chosen(opened: Opened, tmp_path: Path) -> None:
    dialog = dialog_of(opened, "open_weights")
    dialog.filesSelected.emit([str(tmp_path / "m.pth")])
    dialog.close()
    opened.until(lambda: opened.fake.opened[-1][0] == ModelSpec("file", str(tmp_path / "m.pth")))


def test_class_names_are_chosen(opened: Opened, tmp_path: Path) -> None:
    opened.window.scores.labels_asked.emit()
    (dialog,) = [found for found in opened.window.findChildren(QFileDialog) if found.isVisible()]
    dialog.filesSelected.emit([str(tmp_path / "names.txt")])
    dialog.close()
    opened.until(
        lambda: opened.fake.dresses and opened.fake.dresses[-1] == ModelSpec(labels=str(tmp_path / "names.txt"))
    )


@pytest.mark.parametrize(("chosen", "suffix"), [("CSV table (*.csv)", "csv"), ("JSON lines (*.jsonl)", "jsonl")])
def test_results_get_the_suffix_of_the_form(opened: Opened, photos: list[Path], chosen: str, suffix: str) -> None:
    opened.show_photos(photos[0])
    dialog = dialog_of(opened, "save")
    assert dialog.acceptMode() is QFileDialog.AcceptMode.AcceptSave
    dialog.filterSelected.emit(chosen)
    assert dialog.defaultSuffix() == suffix
    target = photos[0].parent / f"out.{suffix}"
    dialog.filesSelected.emit([str(target)])
    dialog.close()
    opened.until(target.exists)


def test_the_filmstrips_menu_offers_what_can_be_done(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(*photos)
    opened.window.filmstrip.menu_asked.emit(opened.window.mapToGlobal(opened.window.rect().center()))
    menus = [menu for menu in opened.window.findChildren(QMenu) if menu.isVisible()]
    names = [action.text().replace("&", "") for action in menus[-1].actions() if action.text()]
    menus[-1].close()
    assert names == ["Copy answer", "Copy all results as CSV", "Save results …", "Remove photo", "Remove all photos"]
