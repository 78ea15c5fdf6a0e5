"""Comparing the model with another one, in the window that tests it."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from core.comparing import LISTS, compare_evaluations
from core.descriptions import ModelSpec
from core.errors import MatchError, QuestionsError, TrustError, WeightsError
from core.evaluations import Evaluation
from core.questions import Question, TrustRequest
from gui.evaluation.comparing import Changes
from gui.evaluation.comparison_view import ComparisonView, ShownPair
from gui.evaluation.pace import Pace
from gui.evaluation.window import EvaluationWindow
from gui.models.asking import QuestionsDialog, TrustDialog
from gui.widgets.picker_list import PickerList
from tests.core.evaluated import of_classes, of_several, of_values, random_scores
from tests.gui.conftest import Opened, files
from tests.gui.fake_workbench import TEN, make_info

LONG = "a-model-with-a-name-of-sixty-characters-that-somebody-gave-it.pth"
TURNED = (*TEN[1:], TEN[0])
"""The second model has its classes in another order, and so gives other answers."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures of two labels; the fake takes one for the class that its name's length tells.

    Whatever the length of the folder's name, one of the two models is right about some of them.
    """
    base = tmp_path / "labelled"
    for label, names in (("cat", ("xxx", "xx", "x", "xxxx", "xxxxxx", "xxxxxxxx")), ("dog", ("xxxxx", "xxxx", "xx"))):
        (base / label).mkdir(parents=True)
        for number, name in enumerate(names):
            Image.new("RGB", (40, 30), (20 * number, 90, 160)).save(base / label / f"{name}.png")
    return base


@pytest.fixture
def other(opened: Opened, tmp_path: Path) -> Path:
    """A second weights file, as the fake knows it."""
    path = tmp_path / LONG
    path.write_bytes(b"weights")
    opened.fake.infos[str(path)] = make_info(ModelSpec("file", str(path)), TURNED)
    return path


def evaluated(opened: Opened, folder: Path) -> EvaluationWindow:
    opened.window.actions_by_name["test_model"].trigger()
    view = next(iter(opened.window.findChildren(EvaluationWindow)))
    view.dropped.emit(folder)
    opened.until(lambda: view.start.isVisible() and view.start.text() == "Start")
    view.start.click()
    opened.until(lambda: view.results.isVisible())
    return view


def drop(view: EvaluationWindow, path: Path) -> None:
    """Drag a file over the window and let go."""
    place, copy, button = QPointF(200, 200), Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    mime, none = files(path), Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place.toPoint(), copy, mime, button, none)
    QApplication.sendEvent(view, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(view, QDropEvent(place, copy, mime, button, none))


def compared(opened: Opened, view: EvaluationWindow, path: Path) -> ComparisonView:
    drop(view, path)
    assert view.comparison.isVisible()
    opened.until(lambda: view.comparison.changes is not None)
    return view.comparison


def held(opened: Opened, folder: Path, other: Path) -> EvaluationWindow:
    """The second model has answered two images, and waits."""
    view = evaluated(opened, folder)
    opened.fake.go_long.clear()
    opened.fake.gate = 2
    drop(view, other)
    opened.until(lambda: "of 9 images" in view.comparison.line.text())
    return view


def shown(page: ComparisonView) -> list[ShownPair]:
    images = page.gallery.images
    return [cast("ShownPair", images.at(row)) for row in range(images.rowCount())]


def choices(view: EvaluationWindow) -> tuple[PickerList, list[str]]:
    view.compare.click()
    lists = [each for each in view.findChildren(PickerList) if each.isVisible()]
    return lists[0], lists[0].titles()


def answers(folder: Path) -> list[tuple[str, str, str]]:
    """True class, and what either model says, of each picture."""
    paths = [path for label in ("cat", "dog") for path in sorted((folder / label).iterdir())]
    places = [(path.parent.name, len(path.as_posix()) % 10) for path in paths]
    return [(true, TEN[place], TURNED[place]) for true, place in places]


def test_what_changes_with_another_model(opened: Opened, folder: Path, other: Path) -> None:
    view = evaluated(opened, folder)
    in_use, asked = opened.session.models.info, len(opened.fake.opened)
    page = compared(opened, view, other)
    assert opened.session.models.info is in_use
    assert opened.fake.current is in_use
    assert len(opened.fake.opened) == asked
    said = answers(folder)
    only = [sum(a == t != b for t, a, b in said), sum(b == t != a for t, a, b in said)]
    assert sum(only) > 0
    assert [page.lists.itemText(row) for row in range(5)] == [
        f"Only A is right ({only[0]})",
        f"Only B is right ({only[1]})",
        f"Their answers differ ({len(said)})",
        f"Both are wrong ({sum(a != t != b for t, a, b in said)})",
        "Both are right (0)",
    ]
    assert page.headline.text() == "A and B cannot be told apart on these 9 images."
    assert f"A alone is right about {only[0]}, B alone about {only[1]}" in page.line.text()
    assert "on fewer than 6 nothing can tell two models apart" in page.line.text()
    assert f"A: Built-in: CIFAR-10   ·   B: {LONG}" in page.small.text()
    figures = page.figures.model()
    row = [str(figures.index(0, column).data()) for column in range(figures.columnCount())]
    right = [sum(t == each for t, *both in said for each in (both[place],)) / 9 for place in (0, 1)]
    assert row[:3] == ["Accuracy", f"{100 * right[0]:.1f} %", f"{100 * right[1]:.1f} %"]
    assert row[5].startswith("yes, p = ")
    page.lists.picked.emit("changed")
    assert sorted((each.true, each.first.split()[1], each.second.split()[1]) for each in shown(page)) == sorted(said)
    assert view.results.headline.text() == f"{100 * right[0]:.1f} %"


def test_corrections_that_are_counted_in_count_here_too(opened: Opened, folder: Path, other: Path) -> None:
    view = evaluated(opened, folder)
    said, images = answers(folder), view.results.images
    place, (true, first, _) = next((place, each) for place, each in enumerate(said) if each[0] != each[1])
    images.correcting.correct(place, (first,))
    images.bar.count.click()
    opened.until(lambda: "counted in" in view.results.line.text())
    page = compared(opened, view, other)
    assert "with your 1 correction counted in" in page.small.text()
    figures = page.figures.model()
    right = [
        sum(each == (first if at == place else t) for at, (t, *both) in enumerate(said) for each in (both[k],))
        for k in (0, 1)
    ]
    assert [figures.index(0, column).data() for column in (1, 2)] == [f"{100 * each / 9:.1f} %" for each in right]
    page.back.click()
    images.bar.count.click()
    opened.until(lambda: "counted in" not in view.results.line.text())
    page.changes = None
    assert "counted in" not in compared(opened, view, other).small.text()
    assert true != first


def test_an_image_is_shown_in_the_main_window(opened: Opened, folder: Path, other: Path) -> None:
    page = compared(opened, evaluated(opened, folder), other)
    page.lists.picked.emit("changed")
    source = shown(page)[2].source
    page.gallery.activated.emit(page.gallery.images.index(2))
    opened.until(lambda: opened.session.images.current is not None)
    assert [entry.source for entry in opened.window.results.entries()] == [source]


def test_it_is_chosen_from_the_models_of_the_dropdown(opened: Opened, folder: Path, other: Path) -> None:
    opened.session.preferences.remember(ModelSpec("file", str(other)))
    view = evaluated(opened, folder)
    dropdown, titles = choices(view)
    assert titles[:4] == ["Open weights file …", "Built-in: CIFAR-10", "Opened lately", LONG]
    dropdown.close()
    dropdown.chosen.emit("file:0")
    opened.until(lambda: view.comparison.changes is not None)
    assert opened.fake.others[0][0].weights == str(other)
    view.comparison.back.click()
    assert view.results.isVisible()
    dropdown, _ = choices(view)
    dropdown.close()
    dropdown.chosen.emit("open")
    view.findChildren(QFileDialog)[-1].filesSelected.emit([str(other)])
    opened.until(lambda: view.comparison.changes is not None)


def test_labels_that_only_the_first_knows_are_asked_for(opened: Opened, folder: Path, other: Path) -> None:
    names = tuple("feline" if name == "cat" else name for name in TURNED)
    opened.fake.infos[str(other)] = make_info(ModelSpec("file", str(other)), names)
    view = evaluated(opened, folder)
    drop(view, other)
    page = view.comparison
    opened.until(lambda: page.alignment.isVisible())
    assert page.headline.text() == f"{LONG} does not know cat."
    assert page.line.text().startswith("3 images can be compared. 6 are of labels without a class")
    assert len(opened.fake.evaluated) == 1
    page.alignment.labels.choose(0, names.index("feline"))
    assert page.line.text() == "9 images can be compared."
    page.go.click()
    opened.until(lambda: page.changes is not None)
    assert dict(opened.fake.evaluated[1].chosen) == {"cat": names.index("feline")}
    assert page.changes is not None
    assert len(page.changes.compared.rows) == 9


def test_choices_made_for_the_first_hold_for_the_second(opened: Opened, folder: Path, other: Path) -> None:
    (folder / "kitty").mkdir()
    Image.new("RGB", (40, 30)).save(folder / "kitty" / "a.png")
    names = tuple("hound" if name == "dog" else name for name in TURNED)
    opened.fake.infos[str(other)] = make_info(ModelSpec("file", str(other)), names)
    opened.window.actions_by_name["test_model"].trigger()
    view = next(iter(opened.window.findChildren(EvaluationWindow)))
    view.dropped.emit(folder)
    opened.until(lambda: view.start.isVisible() and view.start.text() == "Start")
    view.alignment.labels.choose(0, TEN.index("cat"))
    view.start.click()
    opened.until(lambda: view.results.isVisible())
    drop(view, other)
    opened.until(lambda: view.comparison.alignment.isVisible())
    assert view.comparison.headline.text() == f"{LONG} does not know dog."
    view.comparison.alignment.labels.choose(0, names.index("hound"))
    view.comparison.go.click()
    opened.until(lambda: view.comparison.changes is not None)
    cat = names.index("cat")
    assert dict(opened.fake.evaluated[1].chosen) == {"kitty": cat, "cat": cat, "dog": names.index("hound")}


def test_without_a_class_only_the_other_images_are_compared(opened: Opened, folder: Path, other: Path) -> None:
    names = tuple("feline" if name == "cat" else name for name in TURNED)
    opened.fake.infos[str(other)] = make_info(ModelSpec("file", str(other)), names)
    view = evaluated(opened, folder)
    drop(view, other)
    opened.until(lambda: view.comparison.alignment.isVisible())
    view.comparison.go.click()
    opened.until(lambda: view.comparison.changes is not None)
    assert "3 images of labelled; 6 were answered by one alone, and are left out" in view.comparison.small.text()


def test_it_can_be_paused_and_taken_up_again(opened: Opened, folder: Path, other: Path) -> None:
    view = evaluated(opened, folder)
    in_use, page = opened.session.models.info, view.comparison
    opened.fake.go_long.clear()
    opened.fake.gate = 4
    drop(view, other)
    opened.until(lambda: "4 of 9 images" in page.line.text())
    page.cancel.click()
    opened.until(lambda: page.go.isVisible())
    assert page.line.text().startswith("Paused. 4 of 9")
    assert opened.fake.current is in_use
    opened.fake.go_long.set()
    page.go.click()
    opened.until(lambda: page.changes is not None)
    assert opened.fake.current is in_use


def test_escape_pauses_then_goes_back(opened: Opened, folder: Path, other: Path) -> None:
    view = held(opened, folder, other)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    opened.until(lambda: not view.comparison.busy)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.results.isVisible()
    assert view.isVisible()


def test_going_back_ends_it(opened: Opened, folder: Path, other: Path) -> None:
    view = held(opened, folder, other)
    view.comparison.back.click()
    assert view.results.isVisible()
    assert not opened.session.testing.comparing.busy
    opened.fake.go_long.set()
    opened.fake.wait_idle()
    assert view.comparison.changes is None


def test_what_cannot_be_opened_is_said(opened: Opened, folder: Path, other: Path) -> None:
    opened.fake.failures[str(other)] = WeightsError("It is a Keras file.", "", "Convert it.")
    view = evaluated(opened, folder)
    in_use = opened.fake.current
    drop(view, other)
    opened.until(lambda: view.comparison.line.text() == "It is a Keras file.")
    assert view.comparison.small.text() == "Convert it."
    assert not view.comparison.help.isVisible()
    assert opened.fake.current is in_use
    view.comparison.back.click()
    assert view.results.isVisible()


def test_code_runs_only_after_a_persons_word(opened: Opened, folder: Path, other: Path) -> None:
    request = TrustRequest(str(other), "torchscript", "ab" * 32, ("A program.",))
    opened.fake.failures[str(other)] = TrustError(
        "It would run code.", "It is a program.", "Trust it.", request=request
    )
    view = evaluated(opened, folder)
    drop(view, other)
    opened.until(lambda: view.findChildren(TrustDialog))
    (dialog,) = view.findChildren(TrustDialog)
    dialog.refuse.click()
    assert view.comparison.line.text() == "It would run code."
    assert view.comparison.small.text() == "It runs only if you trust it: it is a program."
    assert not opened.fake.agreed
    view.comparison.help.click()
    opened.until(lambda: view.findChildren(TrustDialog))
    view.findChildren(TrustDialog)[-1].agree.click()
    opened.until(lambda: view.comparison.changes is not None)
    assert opened.fake.agreed == [request]


def test_a_network_of_ones_own_asks_what_nothing_tells(opened: Opened, folder: Path, other: Path) -> None:
    opened.fake.failures[str(other)] = QuestionsError(
        "The network wants a value.", "", "", architecture="Net", questions=(Question("width"),)
    )
    view = evaluated(opened, folder)
    drop(view, other)
    opened.until(lambda: view.findChildren(QuestionsDialog))
    (dialog,) = view.findChildren(QuestionsDialog)
    del opened.fake.failures[str(other)]
    dialog.fields["width"].setText("8")
    dialog.answer()
    opened.until(lambda: view.comparison.changes is not None)
    assert (opened.fake.others[-1][0].architecture, opened.fake.others[-1][0].arguments) == ("Net", (("width", "8"),))


def test_a_network_of_ones_own_is_built_from_its_file(opened: Opened, folder: Path, other: Path) -> None:
    opened.fake.failures[str(other)] = MatchError("No architecture fits.", "", "Choose its Python file.")
    view = evaluated(opened, folder)
    drop(view, other)
    opened.until(lambda: view.comparison.help.isVisible())
    del opened.fake.failures[str(other)]
    view.comparison.help.click()
    view.findChildren(QFileDialog)[-1].filesSelected.emit([str(folder / "nets.py")])
    opened.until(lambda: view.comparison.changes is not None)
    assert opened.fake.others[-1][0].architecture_file == str(folder / "nets.py")


def test_what_was_tested_before_is_compared_with_at_once(opened: Opened, folder: Path, other: Path) -> None:
    view = evaluated(opened, folder)
    assert not view.what_changed.isVisible()
    before = opened.session.models.info
    opened.session.open_model(ModelSpec("file", str(other)))
    opened.until(lambda: opened.session.models.info is not before)
    view.start.click()
    opened.until(lambda: view.start.text() == "Start")
    view.start.click()
    opened.until(lambda: view.what_changed.isVisible())
    assert view.change.text().startswith(
        "A and B cannot be told apart on these 9 images. A: Built-in: CIFAR-10, tested"
    )
    assert not opened.fake.others
    view.what_changed.click()
    assert view.comparison.isVisible()
    assert f"A: Built-in: CIFAR-10   ·   B: {LONG}" in view.comparison.small.text()
    view.comparison.back.click()
    dropdown, titles = choices(view)
    dropdown.close()
    assert titles[:3] == ["Tested on this data before", "Built-in: CIFAR-10", "Another model"]
    dropdown.chosen.emit("tested:1")
    opened.until(lambda: view.comparison.changes is not None)
    assert not opened.fake.others


def test_files(opened: Opened, folder: Path, other: Path, tmp_path: Path) -> None:
    view = evaluated(opened, folder)
    page = compared(opened, view, other)
    for name in ("found.json", "found.html"):
        page.save.click()
        view.findChildren(QFileDialog)[-1].filesSelected.emit([str(tmp_path / name)])
        opened.until(lambda name=name: name in page.small.text())
    record = json.loads((tmp_path / "found.json").read_text("utf-8"))["comparison"]
    assert record["verdict"].startswith(page.headline.text())
    assert page.headline.text() in (tmp_path / "found.html").read_text("utf-8")
    page.lists.picked.emit("neither")
    page.save_list.click()
    view.findChildren(QFileDialog)[-1].filesSelected.emit([str(tmp_path / "list.csv")])
    opened.until(lambda: "list.csv" in page.small.text())
    rows = list(csv.DictReader((tmp_path / "list.csv").read_text("utf-8").splitlines()))
    assert [row["image"] for row in rows] == [each.source.name for each in shown(page)]
    assert {row["right"] for row in rows} == {"neither"}


def test_closing_the_window_ends_it(opened: Opened, folder: Path, other: Path) -> None:
    view = held(opened, folder, other)
    view.close()
    opened.until(lambda: not opened.session.testing.comparing.busy)


def changes(first: Evaluation, second: Evaluation) -> Changes:
    found = compare_evaluations(first, second)
    return Changes(found, {which: found.places(which) for which in LISTS})


def test_other_kinds_of_data(opened: Opened) -> None:
    opened.window.actions_by_name["test_model"].trigger()
    view = next(iter(opened.window.findChildren(EvaluationWindow)))
    page = view.comparison
    view.show_comparison()
    truth = np.arange(20.0)
    page.show_changes(changes(of_values(truth, truth + 2), of_values(truth, truth - 0.5)))
    assert page.headline.text() == "B is nearer to the truth: off by 0.5 in the mean, not by 2."
    assert [page.lists.itemText(row) for row in range(page.lists.count())] == [
        "A is nearer (0)",
        "B is nearer (20)",
        "Furthest apart (20)",
        "Equally near (0)",
    ]
    first = shown(page)[0]
    assert first.lines == ("A  2", "B  \N{MINUS SIGN}0.5", "is 0")
    assert first.tones == ((True, True), (True, False), (False, False))
    labels = np.array([[True, False], [False, True], [True, True]])
    scores = np.where(labels, 0.9, 0.1).astype(np.float32)
    page.show_changes(changes(of_several(labels, scores, ("x", "y")), of_several(labels, 1 - scores, ("x", "y"))))
    assert page.lists.itemText(0) == "Only A is right (3)"
    assert {each.lines for each in shown(page)} == {
        ("A  x", "B  y", "is x"),
        ("A  y", "B  x", "is y"),
        ("A  x, y", "B  no label", "is x, y"),
    }


def test_a_download_is_told_in_bytes() -> None:
    assert Pace(5_000_000, 45_000_000, "Downloading resnet18/V1").words == "Downloading resnet18/V1: 5.0 MB of 45 MB"
    assert Pace(5, 45, "Evaluating", 2.0, 20).words == "5 of 45 images   ·   2 a second   ·   20 s left"


def test_a_thousand_classes_and_equal_results(opened: Opened) -> None:
    opened.window.actions_by_name["test_model"].trigger()
    view = next(iter(opened.window.findChildren(EvaluationWindow)))
    truth, scores = random_scores(600, 1000, sure=4)
    evaluation = of_classes(truth, scores, [f"class {index}" for index in range(1000)])
    view.show_comparison()
    view.comparison.show_changes(changes(evaluation, replace(evaluation, model=LONG)))
    right = int((scores.argmax(axis=1) == truth).sum())
    assert view.comparison.headline.text() == f"A and B are right about the same {right:,} of 600 images."
    assert view.comparison.lists.key == "neither"
    assert len(shown(view.comparison)) == 600 - right
    # The window may be as narrow as without it.
    assert view.comparison.minimumSizeHint().width() <= 720 - 48
