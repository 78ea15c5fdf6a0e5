"""The window that tests the model, with the fake workbench behind it."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from core.evaluations import Evaluation
from core.images import ImageSource
from core.measures.library import Indices
from gui.evaluation.confusion_view import ConfusionView
from gui.evaluation.gallery import Shown
from gui.evaluation.testing import Findings, find
from gui.evaluation.window import EvaluationWindow
from gui.widgets.entries import Combo
from tests.core.evaluated import of_classes, of_several, of_values
from tests.gui.conftest import Opened
from tests.gui.fake_workbench import TEN


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve pictures of three labels, one of which is none of the model's.

    The fake takes an image for the class that its name's length tells.
    """
    base = tmp_path / "labelled"
    for label, count in (("cat", 6), ("Dog", 4), ("kitty", 2)):
        (base / label).mkdir(parents=True)
        for number in range(count):
            name = f"{'x' * number}.png" if number else "y.png"
            Image.new("RGB", (40, 30), (20 * number, 90, 160)).save(base / label / name)
    return base


def view_of(opened: Opened) -> EvaluationWindow:
    opened.window.actions_by_name["test_model"].trigger()
    return next(iter(opened.window.findChildren(EvaluationWindow)))


def choose(opened: Opened, view: EvaluationWindow, path: Path) -> None:
    view.folder.click()
    dialog = view.findChildren(QFileDialog)[-1]
    dialog.filesSelected.emit([str(path)])
    opened.until(lambda: (view.start.isVisible() and view.start.text() == "Start") or "no " in view.line.text())


def cells(view: EvaluationWindow) -> list[list[str]]:
    model = view.alignment.labels
    return [
        [str(model.index(row, column).data()) for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def shown(view: EvaluationWindow) -> list[Shown]:
    images = view.results.gallery.images
    return [images.at(row) for row in range(images.rowCount())]


def evaluated(opened: Opened, folder: Path) -> EvaluationWindow:
    view = view_of(opened)
    choose(opened, view, folder)
    view.start.click()
    opened.until(lambda: view.results.isVisible())
    return view


def found(evaluation: Evaluation) -> Findings:
    """An evaluation, with its images sorted."""
    steps = find(evaluation, lambda: None)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def predicted(source: ImageSource) -> str:
    return TEN[len(source.name) % len(TEN)]


def test_labels_are_shown_before_anything_is_answered(opened: Opened, folder: Path) -> None:
    view = view_of(opened)
    choose(opened, view, folder)
    assert cells(view) == [
        ["kitty", "2", "none: not scored", "no class has this name"],
        ["Dog", "4", "dog", "same name but for case and spelling"],
        ["cat", "6", "cat", "same name"],
    ]
    assert "10 images of 2 labels" in view.line.text()
    assert "1 label has no class" in view.line.text()
    assert "airplane, automobile, bird, deer and 4 more" in view.more.text()
    assert not opened.fake.evaluated
    view.alignment.labels.choose(0, TEN.index("cat"))
    assert "12 images of 3 labels" in view.line.text()
    view.start.click()
    opened.until(lambda: view.results.isVisible())
    # "cat" keeps its class although a person gave the same one to another label.
    assert dict(opened.fake.evaluated[0].chosen) == {"kitty": 3, "cat": 3}
    assert "of 12 images" in view.results.line.text()


def test_the_class_is_chosen_in_the_row(opened: Opened, folder: Path) -> None:
    view = view_of(opened)
    choose(opened, view, folder)
    view.alignment.setFocus()
    QTest.keyClick(view.alignment, Qt.Key.Key_Return)
    assert view.start.isVisible()
    assert not opened.fake.evaluated
    (editor,) = view.alignment.viewport().findChildren(Combo)
    assert editor.itemText(0) == "Leave it out"
    editor.hidePopup()
    editor.setCurrentIndex(0)
    editor.activated.emit(0)
    assert cells(view)[0] == ["kitty", "2", "not scored", "left out by you"]
    assert "no class" not in view.line.text()
    assert view.alignment.labels.choices == (("kitty", -1),)


def test_figures_and_the_images_behind_them(opened: Opened, folder: Path) -> None:
    view = evaluated(opened, folder)
    sources = {source.name: label for label in ("cat", "Dog") for source in _sources(folder, label)}
    right = sum(TEN[len(name) % 10] == label.lower() for name, label in sources.items())
    assert view.results.headline.text() == f"{10 * right:.1f} %"
    assert f"{right} of 10 images are answered rightly" in view.results.line.text()
    mistakes = shown(view)
    assert len(mistakes) == 10 - right
    assert all(each.predicted == predicted(each.source) != each.true for each in mistakes)
    view.results.matrix.chosen.emit(TEN.index("cat"), -1)
    assert sorted(each.source.name for each in shown(view)) == sorted(source.name for source in _sources(folder, "cat"))
    assert view.results.about.text() == "6 images of cat; the surest answers first."
    view.results.lists.picked.emit("least certain")
    assert len(shown(view)) == 10
    assert len(opened.fake.evaluated) == 1


def test_an_image_is_shown_in_the_main_window(opened: Opened, folder: Path) -> None:
    view = evaluated(opened, folder)
    gallery = view.results.gallery
    source = shown(view)[1].source
    gallery.activated.emit(gallery.images.index(1))
    opened.until(lambda: opened.session.images.current is not None)
    gallery.activated.emit(gallery.images.index(1))
    assert [entry.source for entry in opened.window.results.entries()] == [source]


def test_pictures_are_made_of_what_is_in_sight(opened: Opened, folder: Path) -> None:
    view = evaluated(opened, folder)
    before = len(opened.fake.previews)
    sources = [each.source for each in shown(view)]
    many = [Shown(source, "cat", "dog", 0.5, right=False) for source in sources] * 1000
    view.results.gallery.show_images(len(many), many.__getitem__)
    opened.until(lambda: all(_is_made(opened, source) for source in sources))
    assert len(opened.fake.previews) - before <= len(sources)


def test_wrong_answers_come_while_it_runs_and_it_can_be_paused(opened: Opened, folder: Path) -> None:
    opened.fake.go_long.clear()
    opened.fake.gate = 5
    view = view_of(opened)
    choose(opened, view, folder)
    view.start.click()
    opened.until(lambda: "5 of 10" in view.line.text())
    assert "So far" in view.more.text()
    wrong = view.live.images.rowCount()
    assert wrong
    assert f", {wrong} wrong." in view.more.text()
    view.cancel.click()
    opened.until(lambda: view.start.isVisible())
    assert view.start.text() == "Continue"
    assert view.line.text().startswith("Paused. 5 of 10")
    opened.fake.go_long.set()
    view.start.click()
    opened.until(lambda: view.results.isVisible())


def test_what_is_no_data_is_said_in_its_place(opened: Opened, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    view = view_of(opened)
    choose(opened, view, tmp_path / "empty")
    assert "no class folders" in view.line.text()
    assert not view.start.isVisible()
    assert view.folder.isVisible()


def test_labels_that_match_nothing_cannot_be_started(opened: Opened, tmp_path: Path) -> None:
    (tmp_path / "data" / "teapot").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(tmp_path / "data" / "teapot" / "a.png")
    view = view_of(opened)
    choose(opened, view, tmp_path / "data")
    assert "No label of the data (teapot ...)" in view.line.text()
    assert not view.start.isEnabled()
    view.alignment.labels.choose(0, 3)
    assert view.start.isEnabled()


def test_results_are_saved(opened: Opened, folder: Path, tmp_path: Path) -> None:
    view = evaluated(opened, folder)
    view.save.click()
    view.findChildren(QFileDialog)[-1].filesSelected.emit([str(tmp_path / "found.json")])
    opened.until(lambda: "found.json" in view.results.small.text())
    record = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert record["count"] == 10
    assert f"{100 * record['metrics']['accuracy']:.1f} %" == view.results.headline.text()
    view.results.show_cell(TEN.index("dog"))
    view.results.save_list.click()
    view.findChildren(QFileDialog)[-1].filesSelected.emit([str(tmp_path / "list.csv")])
    opened.until(lambda: "list.csv" in view.results.small.text())
    rows = list(csv.DictReader((tmp_path / "list.csv").read_text("utf-8").splitlines()))
    assert [row["image"] for row in rows] == [each.source.name for each in shown(view)]
    assert {row["true"] for row in rows} == {"dog"}
    view.save.click()
    view.findChildren(QFileDialog)[-1].filesSelected.emit([str(tmp_path / "report.html")])
    opened.until(lambda: "report.html" in view.results.small.text())
    assert view.results.headline.text() in (tmp_path / "report.html").read_text("utf-8")


def test_a_file_that_cannot_be_written_is_said(opened: Opened, folder: Path, tmp_path: Path) -> None:
    view = evaluated(opened, folder)
    view.save.click()
    view.findChildren(QFileDialog)[-1].filesSelected.emit([str(tmp_path / "nowhere" / "found.json")])
    opened.until(lambda: "nowhere" in view.results.small.text())
    assert "not written" in view.results.small.text()


def test_closing_ends_it(opened: Opened, folder: Path) -> None:
    opened.fake.go_long.clear()
    view = view_of(opened)
    choose(opened, view, folder)
    view.start.click()
    opened.until(lambda: view.cancel.isVisible())
    view.close()
    opened.until(lambda: not opened.session.testing.busy)
    assert view_of(opened).folder.isVisible()


def test_no_single_class_means_no_matrix(opened: Opened) -> None:
    view = view_of(opened)
    truth = np.array([[True, False, True], [False, True, False]])
    scores = np.array([[0.9, 0.2, 0.8], [0.1, 0.4, 0.3]], np.float32)
    view.show_findings(found(of_several(truth, scores, ("x", "y", "z"))))
    view.results.tabs.choose("measures")
    assert view.results.headline.text() == "50.0 %"
    assert view.results.figures.isVisible()
    assert not view.results.matrix.isVisible()
    view.show_findings(found(of_values(np.array([0.0, 1, 2, 3]), np.array([0.0, 1.5, 2, 3]))))
    view.results.tabs.choose("measures")
    assert view.results.headline.text() == "0.95"
    assert view.results.figures.isVisible()
    assert not view.results.matrix.isVisible()


def test_a_thousand_classes(qtbot: QtBot) -> None:
    counts = np.diag(np.full(1000, 7))
    counts[998, 3] = 2
    view = matrix(qtbot, counts)
    chosen: list[tuple[int, int]] = []

    def note(true: int, said: int) -> None:
        chosen.append((true, said))

    view.chosen.connect(note)
    QTest.keyClick(view, Qt.Key.Key_End)
    for key, times in ((Qt.Key.Key_Home, 1), (Qt.Key.Key_Right, 3), (Qt.Key.Key_PageDown, 999), (Qt.Key.Key_Up, 1)):
        for _ in range(times):
            QTest.keyClick(view, key)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert chosen == [(998, 3)]
    assert view.describe(998, 3) == "2 of 9 images of class 998 are taken for class 3 (22.2 %)."
    for _ in range(12):
        QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.horizontalScrollBar().maximum() > 50_000


def test_a_click_finds_its_cell(qtbot: QtBot) -> None:
    counts = np.array([[5, 1, 0], [0, 6, 0], [2, 0, 3]])
    view = matrix(qtbot, counts)
    chosen: list[tuple[int, int]] = []

    def note(true: int, said: int) -> None:
        chosen.append((true, said))

    view.chosen.connect(note)
    picture = view.viewport().grab().toImage()
    red = [
        (x, y)
        for y in range(0, picture.height(), 3)
        for x in range(0, picture.width(), 3)
        if _is_reddish(picture, x, y)
    ]
    assert red
    below = max(red, key=lambda place: place[1])
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(*below))
    assert chosen == [(2, 0)]


def test_another_order_leaves_a_person_at_their_cell(qtbot: QtBot) -> None:
    view = matrix(qtbot, np.array([[5, 1, 0], [0, 1, 0], [2, 0, 4]]))
    view.show_order([2, 0, 1])
    assert view.describe(view.row, view.column) == "4 of 6 images of class 2 are recognised (66.7 %)."
    view.show_order([0, 1, 2])
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Return):
        QTest.keyClick(view, key)
    for order in ([1, 2, 0], [2, 0, 1]):
        view.show_order(order)
        assert view.describe(view.row, view.column) == "1 of 6 images of class 0 are taken for class 1 (16.7 %)."
    assert view.describe(2, 2) == "1 of 1 image of class 1 is recognised (100.0 %)."


def test_the_window_comes_back_and_names_its_model(opened: Opened, folder: Path) -> None:
    view = evaluated(opened, folder)
    assert view.windowTitle().startswith("Test Built-in")
    view.showMinimized()
    opened.window.actions_by_name["test_model"].trigger()
    assert not view.isMinimized()
    evaluation = of_classes(np.array([0]), np.array([[0.9, 0.1]], np.float32), ("ant", "bee"))
    opened.session.testing.found.emit(found(replace(evaluation, model="mine.pth")))
    assert view.windowTitle().startswith("Test mine.pth ")
    assert "1 of 1 image is answered rightly by mine.pth" in view.results.line.text()


def test_rates_are_written_in_place_of_counts(qtbot: QtBot) -> None:
    view = matrix(qtbot, np.array([[150, 50], [1, 199]]))
    before = view.viewport().grab().toImage()
    view.show_rates(True)
    assert view.viewport().grab().toImage() != before


def matrix(qtbot: QtBot, counts: Indices) -> ConfusionView:
    view = ConfusionView()
    qtbot.addWidget(view)
    view.resize(500, 500)
    view.show_matrix(counts, [f"class {index}" for index in range(len(counts))])
    view.show()
    return view


def _sources(folder: Path, label: str) -> list[ImageSource]:
    return [ImageSource(path.as_posix(), path) for path in sorted((folder / label).iterdir())]


def _is_made(opened: Opened, source: ImageSource) -> bool:
    return opened.session.testing.thumbnails.get(source) is not None


def _is_reddish(picture: QImage, x: int, y: int) -> bool:
    colour = picture.pixelColor(x, y)
    return colour.red() > colour.blue() + 30 and colour.red() > colour.green() + 30


def test_weights_dropped_before_there_are_results_are_the_model_to_test(
    opened: Opened, folder: Path, tmp_path: Path
) -> None:
    view = view_of(opened)
    choose(opened, view, folder)
    weights = tmp_path / "mine.pth"
    weights.write_bytes(b"weights")
    view.dropped.emit(weights)
    models = opened.session.models
    opened.until(lambda: models.info is not None and models.info.spec.weights == str(weights))
    assert view.alignment.isVisible()
    assert {row[0] for row in cells(view)} == {"Dog", "cat", "kitty"}
