"""Choosing part and columns, the images behind labels and values, corrected labels, and what was left out."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from core.arrays import ArrayPlace
from core.errors import DataError
from core.evaluations import Evaluation
from core.images import ImageSource
from core.labelled import LabelledImage
from core.predictions import ImageResult, prediction
from gui.evaluation.gallery import Shown
from gui.evaluation.judging import Judge
from gui.evaluation.window import EvaluationWindow
from gui.wiring.evaluation import EvaluationWiring
from tests.core.evaluated import PROVENANCE, of_classes, of_several, of_values
from tests.core.labelled.making import folders, read
from tests.gui.conftest import Opened
from tests.gui.fake_workbench import TEN
from tests.gui.test_evaluation import found, shown, view_of


def survey(opened: Opened, path: Path) -> EvaluationWindow:
    view = view_of(opened)
    wiring_of(opened).survey(path)
    opened.until(lambda: not opened.session.testing.busy)
    return view


def measured(opened: Opened, path: Path) -> EvaluationWindow:
    view = survey(opened, path)
    view.start.click()
    opened.until(view.results.isVisible)
    return view


def wiring_of(opened: Opened) -> EvaluationWiring:
    (wiring,) = opened.window.findChildren(EvaluationWiring)
    return wiring


def pick(opened: Opened, combo: str, key: str, view: EvaluationWindow) -> None:
    chosen = getattr(view.source, combo)
    chosen.show_key(key)
    chosen.picked.emit(key)
    opened.until(lambda: not opened.session.testing.busy)


def save(opened: Opened, view: EvaluationWindow, click: Callable[[], object], path: Path) -> list[dict[str, str]]:
    click()
    view.findChildren(QFileDialog)[-1].filesSelected.emit([str(path)])
    opened.until(lambda: path.name in view.results.small.text())
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


def table(path: Path, head: str, *rows: str) -> Path:
    for number in range(len(rows)):
        Image.new("RGB", (8, 8), (9 * number, 0, 0)).save(path.parent / f"{'x' * (number + 1)}.png")
    lines = (f"{'x' * (number + 1)}.png,{row}" for number, row in enumerate(rows))
    path.write_text("\n".join((head, *lines)) + "\n", "utf-8")
    return path


def action(view: EvaluationWindow, place: int, text: str) -> QAction:
    menu = view.results.images.menu_of(place)
    assert menu is not None
    return next(each for each in menu.actions() if text in each.text())


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    for part, counts in (("train", {"cat": 4, "kitty": 1}), ("val", {"cat": 2, "dog": 1}), ("test", {"cat": 3})):
        folders(tmp_path / "data" / part, counts)
    return tmp_path / "data"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folders(tmp_path / "photos", {"cat": 4, "dog": 3, "ship": 2})


class TestSource:
    def test_another_part_is_looked_at_at_once(self, opened: Opened, parts: Path) -> None:
        view = survey(opened, parts)
        assert (view.source.part.key, view.source.part.isVisible()) == ("test", True)
        assert not view.source.target.isVisible()
        assert "3 images of 1 label" in view.line.text()
        pick(opened, "part", "val", view)
        assert view.source.part.key == "val"
        assert "3 images of 2 labels" in view.line.text()
        view.start.click()
        opened.until(view.results.isVisible)
        assert opened.fake.evaluated[0].split == "val"
        # Once more is the same part.
        view.start.click()
        opened.until(lambda: view.start.text() == "Start" and not opened.session.testing.busy)
        assert view.source.part.key == "val"

    def test_what_a_person_chose_of_labels_stays(self, opened: Opened, parts: Path) -> None:
        view = survey(opened, parts)
        pick(opened, "part", "train", view)
        view.alignment.labels.choose(0, TEN.index("dog"))
        pick(opened, "part", "val", view)
        pick(opened, "part", "train", view)
        assert dict(view.alignment.labels.choices)["kitty"] == TEN.index("dog")
        assert "5 images of 2 labels" in view.line.text()

    def test_choices_among_other_classes_are_forgotten(self, opened: Opened, parts: Path) -> None:
        view = survey(opened, parts)
        pick(opened, "part", "train", view)
        view.alignment.labels.choose(0, TEN.index("dog"))
        view.start.click()
        opened.until(view.results.isVisible)
        # Other classes: number 5 is not the dog any more.
        opened.session.models.choose_names(tuple(reversed(TEN)))
        opened.until(lambda: opened.session.models.info and opened.session.models.info.labels[0] == "truck")
        view.start.click()
        opened.until(lambda: view.start.text() == "Start" and not opened.session.testing.busy)
        assert [(row.written, row.label) for row in view.alignment.labels.rows] == [("kitty", ""), ("cat", "cat")]

    def test_data_without_parts_and_columns_has_no_choices(self, opened: Opened, folder: Path) -> None:
        assert not survey(opened, folder).source.isVisible()

    def test_columns_of_a_table(self, opened: Opened, tmp_path: Path) -> None:
        path = table(tmp_path / "t.csv", "file,label,other", "cat,ship", "dog,ship", "dog,truck")
        view = survey(opened, path)
        assert view.source.target.key == "label"
        assert "3 images of 2 labels" in view.line.text()
        pick(opened, "target", "other", view)
        assert [row.written for row in view.alignment.labels.rows] == ["ship", "truck"]

    def test_a_column_that_nothing_tells_is_asked_for(self, opened: Opened, tmp_path: Path) -> None:
        view = survey(opened, table(tmp_path / "t.csv", "file,A,B", "cat,7", "dog,8", "dog,9"))
        assert "No column holds labels" in view.more.text()
        assert view.source.target.isVisible()
        assert [view.source.target.itemData(row) for row in range(3)] == ["", "A", "B"]
        pick(opened, "target", "A", view)
        assert "3 images of 2 labels" in view.line.text()
        assert view.start.isEnabled()

    def test_what_was_answered_before_is_said(self, opened: Opened, folder: Path) -> None:
        opened.fake.kept = 4
        assert "4 of them were answered before" in survey(opened, folder).more.text()
        opened.fake.kept = 9
        assert "Start shows the results" in survey(opened, folder).more.text()
        opened.fake.kept, opened.fake.changed = 0, True
        assert "all are answered anew" in survey(opened, folder).more.text()
        opened.fake.changed = False
        assert "before" not in survey(opened, folder).more.text()


class TestLabels:
    truth = np.array([[1, 0, 1], [0, 1, 0], [1, 1, 0], [0, 0, 0]], bool)
    scores = np.array([[0.9, 0.2, 0.3], [0.6, 0.4, 0.1], [0.8, 0.9, 0.2], [0.1, 0.2, 0.3]], np.float32)

    def view(self, opened: Opened) -> EvaluationWindow:
        view = view_of(opened)
        view.show_findings(found(of_several(self.truth, self.scores, ("x", "y", "z"))))
        return view

    def test_a_number_of_a_label_shows_its_images(self, opened: Opened) -> None:
        view = self.view(opened)
        table = view.results.labels
        model = table.model()
        given = self.scores >= 0.5
        expected = {2: self.truth & given, 3: self.truth & ~given, 4: ~self.truth & given}
        for label in range(3):
            for column, inside in expected.items():
                assert model.index(label, column).data() == str(inside[:, label].sum())
                table.clicked.emit(model.index(label, column))
                names = {f"/nowhere/{row}.png" for row in np.flatnonzero(inside[:, label])}
                assert {each.source.name for each in shown(view)} == names
        assert (view.results.images.labels.key, view.results.lists.key) == ("2", "false alarms")
        assert view.results.about.text().startswith("There are none.")

    def test_true_and_predicted_labels_are_below_the_image(self, opened: Opened) -> None:
        view = self.view(opened)
        (first,) = [each for each in shown(view) if each.source.short_name == "1.png"]
        assert first.lines == ("60.0 % x", "said x", "is y")
        view.results.images.labels.show_key("1")
        view.results.images.labels.picked.emit("1")
        (first,) = [each for each in shown(view) if each.source.short_name == "1.png"]
        assert first.lines[0] == "40.0 % y"

    def test_labels_are_switched_one_by_one(self, opened: Opened) -> None:
        view = self.view(opened)
        images = view.results.images
        place = [each.source.short_name for each in shown(view)].index("1.png")
        images.ask(place)
        assert "x" in images.classes.titles()
        images.classes.chosen.emit("2")
        assert images.classes.isVisible()
        images.classes.chosen.emit("1")
        images.classes.close()
        assert dict(images.correcting.current.changed) == {1: ("z",)}
        assert shown(view)[place].lines[-1] == "corrected: z"


class TestValues:
    truth = np.array([0.0, 1.0, 2.0, 3.0, 50.0])
    said = np.array([0.5, 0.0, 2.0, 7.0, 40.0])

    def view(self, opened: Opened) -> EvaluationWindow:
        view = view_of(opened)
        view.show_findings(found(of_values(self.truth, self.said)))
        return view

    def test_the_furthest_off_come_first(self, opened: Opened) -> None:
        view = self.view(opened)
        assert [each.source.short_name for each in shown(view)] == ["4.png", "3.png", "1.png", "0.png", "2.png"]
        assert shown(view)[0].lines == ("said 40", "10 too low", "is 50")
        view.results.lists.picked.emit("too high")
        assert [each.source.short_name for each in shown(view)] == ["3.png", "0.png"]

    def test_a_range_shows_its_images(self, opened: Opened) -> None:
        view = self.view(opened)
        model = view.results.ranges.model()
        last = model.rowCount() - 1
        view.results.ranges.clicked.emit(model.index(last, 0))
        assert [each.source.short_name for each in shown(view)] == ["4.png"]
        assert model.index(last, 2).data() == "10"
        assert "Images from 50" in view.results.lists.currentText()

    def test_a_value_is_written_in_a_line(self, opened: Opened) -> None:
        view = self.view(opened)
        images = view.results.images
        images.ask(0)
        line = images.value
        assert line.edit.text() == "50"
        line.edit.setText("many")
        QTest.keyClick(line.edit, Qt.Key.Key_Return)
        assert line.isVisible()
        assert not len(images.correcting.current)
        line.edit.setText("40,5")
        QTest.keyClick(line.edit, Qt.Key.Key_Return)
        assert not line.isVisible()
        assert dict(images.correcting.current.changed) == {4: 40.5}
        assert "corrected: 40.5" in shown(view)[0].words
        assert "was 50" in shown(view)[0].words


class TestWhileItRuns:
    """An image is judged as it comes, before anything is measured."""

    def judge(self, evaluation: Evaluation, activation: str, *rows: list[float]) -> tuple[Judge, list[Shown | None]]:
        judge = Judge(evaluation.data, evaluation.alignment, evaluation.labels)
        provenance = replace(PROVENANCE, activation=activation)
        results = [
            ImageResult(image.source, prediction(array("f", row), evaluation.labels, 0.1, provenance), None)
            for image, row in zip(evaluation.data.images, rows, strict=True)
        ]
        return judge, [judge.judge(row, result) for row, result in enumerate(results)]

    def test_several_labels(self) -> None:
        truth, scores = np.array([[True, True, False], [False, False, True]]), np.zeros((2, 3), np.float32)
        judge, shown = self.judge(
            of_several(truth, scores, ("x", "y", "z")), "sigmoid", [0.9, 0.6, 0.1], [0.2, 0.7, 0.4]
        )
        assert (judge.right, judge.count) == (1, 2)
        assert shown[0] is None
        assert shown[1] is not None
        assert shown[1].lines == ("70.0 % y", "said y", "is z")

    def test_values(self) -> None:
        evaluation = of_values(np.array([1.0, 2.0]), np.array([0.0, 0.0]))
        judge, shown = self.judge(evaluation, "regression", [1.5], [-1.0])
        assert (judge.are_values, judge.count, judge.off) == (True, 2, 1.75)
        assert [each.lines for each in shown if each is not None] == [
            ("said 1.5", "0.5 too high", "is 1"),
            ("said \N{MINUS SIGN}1", "3 too low", "is 2"),
        ]

    def test_one_without_an_answer_counts_for_nothing(self) -> None:
        evaluation = of_values(np.array([1.0, 2.0]), np.array([0.0, 0.0]))
        judge = Judge(evaluation.data, evaluation.alignment, evaluation.labels)
        assert judge.judge(0, ImageResult(evaluation.source(0), None, DataError("Broken."))) is None
        assert judge.count == 0


class TestRows:
    def view(self, opened: Opened, tmp_path: Path) -> EvaluationWindow:
        np.savez(tmp_path / "rows.npz", X=np.arange(12, dtype=np.float32).reshape(4, 3), y=np.arange(4) % 2)
        truth = np.arange(4) % 2
        evaluation = of_classes(
            truth, np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.1, 0.9]], np.float32), ("a", "b")
        )
        images = tuple(
            LabelledImage(self.source(tmp_path, row), image.labels) for row, image in enumerate(evaluation.data.images)
        )
        view = view_of(opened)
        view.show_findings(found(_with_images(evaluation, images)))
        return view

    def source(self, tmp_path: Path, row: int) -> ImageSource:
        path = tmp_path / "rows.npz"
        return ImageSource(f"{path.as_posix()} X #{row + 1}", path, place=ArrayPlace("row", row, "X"))

    def test_each_is_a_line_with_its_numbers(self, opened: Opened, tmp_path: Path) -> None:
        view = self.view(opened, tmp_path)
        gallery, thumbnails = view.results.gallery, opened.session.testing.thumbnails
        assert view.results.headline.text() == "75.0 %"
        assert "3 of 4 rows are answered rightly" in view.results.line.text()
        view.results.show_cell(-1)
        assert view.results.about.text() == "4 rows of all classes; the surest answers first."
        opened.until(lambda: thumbnails.row(self.source(tmp_path, 3)) is not None)
        assert thumbnails.row(self.source(tmp_path, 3)) == (9.0, 10.0, 11.0)
        first, second = gallery.place_of(0), gallery.place_of(1)
        assert first.width() > gallery.viewport().width() * 0.9
        assert second.top() >= first.bottom()
        header = view.results.classes.figures
        assert header.headerData(1, Qt.Orientation.Horizontal) == "Rows"
        view.resize(900, 600)
        opened.until(lambda: gallery.place_of(0).width() <= gallery.viewport().width())


class TestCorrections:
    def test_a_label_is_corrected_and_counted_in(self, opened: Opened, folder: Path) -> None:
        view = measured(opened, folder)
        results, first = view.results, shown(view)[0]
        before = results.headline.text()
        right = float(before.split()[0])
        assert not results.images.bar.isVisible()
        action(view, 0, f"it is {first.predicted}").trigger()
        assert shown(view)[0].lines[-1] == f"corrected: {first.predicted}"
        assert results.images.bar.line.text() == "1 label corrected by you."
        assert results.headline.text() == before
        results.images.bar.count.click()
        opened.until(lambda: "counted in" in results.line.text())
        assert float(results.headline.text().split()[0]) == pytest.approx(right + 100 / 9, abs=0.1)
        assert f"{before} without" in results.line.text()
        # The gallery stays where it was.
        assert shown(view)[0].source == first.source
        assert len(opened.fake.evaluated) == 1
        QTest.keyClick(view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        opened.until(lambda: results.headline.text() == before)
        assert shown(view)[0].lines[-1] == f"is {first.true}"

    def test_what_the_data_says_is_known_when_corrections_are_counted_in(self, opened: Opened, folder: Path) -> None:
        view = measured(opened, folder)
        results, first = view.results, shown(view)[0]
        action(view, 0, "it is").trigger()
        results.images.bar.count.click()
        opened.until(lambda: "counted in" in results.line.text())
        results.show_cell(TEN.index(first.predicted), TEN.index(first.predicted))
        place = [each.source for each in shown(view)].index(first.source)
        assert f"(was {first.true})" in shown(view)[place].words
        results.images.ask(place)
        assert f"The data says {first.true}. It is" in results.images.classes.titles()
        results.images.classes.chosen.emit("data")
        results.images.classes.close()
        assert not len(results.images.correcting.current)

    def test_the_keyboard_is_enough(self, opened: Opened, folder: Path) -> None:
        view = measured(opened, folder)
        images = view.results.images
        view.results.gallery.setFocus()
        QTest.keyClick(view.results.gallery, Qt.Key.Key_F2)
        assert images.classes.isVisible()
        QTest.keyClicks(images.classes.search, "truck")
        QTest.keyClick(images.classes.search, Qt.Key.Key_Return)
        assert [truth for truth in images.correcting.current.changed.values()] == [("truck",)]
        action(view, 0, "The data is right").trigger()
        assert not len(images.correcting.current)

    def test_the_corrected_table_is_taken_again(self, opened: Opened, folder: Path, tmp_path: Path) -> None:
        view = measured(opened, folder)
        first, second = shown(view)[:2]
        action(view, 0, "it is").trigger()
        action(view, 1, "Leave it out").trigger()
        target = tmp_path / "fixed.csv"
        rows = save(opened, view, view.results.images.bar.save.click, target)
        assert list(rows[0]) == ["path", "label"]
        again = {image.source.name: image.labels[0] for image in read(target).images}
        assert again[first.source.name] == first.predicted
        assert second.source.name not in again
        assert len(again) == 8
        assert len(list(folder.rglob("*.png"))) == 9

    def test_corrections_are_there_when_the_data_is_tested_again(self, opened: Opened, folder: Path) -> None:
        view = measured(opened, folder)
        action(view, 0, "it is").trigger()
        opened.until(lambda: list((_settings(opened) / "corrections").glob("*.json")))
        view.close()
        opened.until(lambda: wiring_of(opened).view is None)
        view = measured(opened, folder)
        assert view.results.images.bar.line.text() == "1 label corrected by you."
        assert not view.results.images.bar.undo.isEnabled()
        action(view, 0, "The data is right").trigger()
        opened.until(lambda: not list((_settings(opened) / "corrections").glob("*.json")))

    def test_all_left_out_is_said(self, opened: Opened, folder: Path) -> None:
        view = measured(opened, folder)
        results = view.results
        results.show_cell(-1)
        results.images.bar.count.setChecked(True)
        for place in range(9):
            action(view, place, "Leave it out").trigger()
        opened.until(lambda: "leave all images out" in results.small.text())


class TestLeftOut:
    def test_each_with_its_reason(self, opened: Opened, tmp_path: Path) -> None:
        view = view_of(opened)
        scores = np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)
        evaluation = of_classes(np.array([0, 1]), scores, ("a", "b"))
        skipped = (("/data/a/broken.png", "It is a text file."), ("/data/c.png", "It has no label."))
        view.show_findings(found(replace(evaluation, skipped=skipped, failed=1)))
        assert "1 image could not be answered" in view.results.small.text()
        view.results.tabs.choose("left out")
        model = view.results.left_out.rows
        assert [[model.index(row, column).data() for column in range(2)] for row in range(2)] == [
            ["broken.png", "It is a text file."],
            ["c.png", "It has no label."],
        ]
        rows = save(opened, view, view.results.left_out.save.click, tmp_path / "left.csv")
        assert [tuple(row.values()) for row in rows] == list(skipped)
        view.show_findings(found(replace(evaluation, skipped=(), failed=0)))
        assert not view.results.left_out.isVisible()


def test_a_list_has_its_score(opened: Opened, folder: Path, tmp_path: Path) -> None:
    view = measured(opened, folder)
    rows = save(opened, view, view.results.save_list.click, tmp_path / "list.csv")
    assert list(rows[0])[:5] == ["image", "true", "predicted", "score", "right"]
    assert [float(row["score"]) for row in rows] == pytest.approx([each.score for each in shown(view)])


def _settings(opened: Opened) -> Path:
    home = opened.session.preferences.home
    assert home is not None
    return home


def _with_images(evaluation: Evaluation, images: tuple[LabelledImage, ...]) -> Evaluation:
    return replace(evaluation, data=replace(evaluation.data, images=images))
