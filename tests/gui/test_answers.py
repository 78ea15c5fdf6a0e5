"""Many photos: their order, their answers, and what is dropped on the way."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from core.descriptions import ModelSpec
from core.errors import DeviceError
from core.images import ImageSource
from core.jobs import Emitted
from core.predictions import ImageResult
from gui.photos.results_model import State
from tests.gui.conftest import Opened, files
from tests.gui.fake_workbench import make_info, make_prediction


def test_arrow_keys_move_through_the_filmstrip(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(*photos)
    strip = opened.window.filmstrip
    strip.setFocus()
    QTest.keyClick(strip, Qt.Key.Key_Right)
    QTest.keyClick(strip, Qt.Key.Key_Right)
    assert opened.session.images.row == 2
    assert photos[2].name in opened.window.windowTitle()
    QTest.keyClick(strip, Qt.Key.Key_End)
    assert opened.session.images.row == 4
    QTest.keyClick(strip, Qt.Key.Key_Home)
    assert opened.session.images.row == 0


def test_arrow_keys_move_on_wherever_the_focus_is(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(*photos)
    window = opened.window
    window.activateWindow()
    for place in (window.model_bar.model, window.model_bar.device, window.scores.copy, window.photo, window.filmstrip):
        opened.session.images.go_to(1)
        place.setFocus()
        QTest.keyClick(place, Qt.Key.Key_Right)
        assert opened.session.images.row == 2, place
        QTest.keyClick(place, Qt.Key.Key_Left)
        assert opened.session.images.row == 1, place


def test_arrow_keys_pan_a_zoomed_photo(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(*photos)
    view = opened.window.photo
    opened.until(lambda: view.zoom > 0)
    view.actual_size()
    for _ in range(8):
        view.zoom_in()
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert opened.session.images.row == 0


def test_a_click_shows_that_photo(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(*photos)
    strip = opened.window.filmstrip
    place = strip.visualRect(strip.model().index(3, 0)).center()
    QTest.mouseClick(strip.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    assert opened.session.images.row == 3
    # The names' lengths tell the answers apart.
    entry = opened.session.images.current
    assert entry is not None
    assert entry.best is not None
    assert opened.window.scores.answer.label == entry.best.label


def test_delete_takes_the_photo_and_the_next_one_is_shown(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(*photos)
    opened.session.images.go_to(2)
    strip = opened.window.filmstrip
    strip.setFocus()
    QTest.keyClick(strip, Qt.Key.Key_Delete)
    assert opened.window.results.rowCount() == 4
    entry = opened.session.images.current
    assert entry is not None
    assert entry.source.path == photos[3]
    assert strip.currentIndex().row() == opened.session.images.row == 2


def test_removing_the_last_photo_empties_the_window(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(photos[0])
    opened.window.actions_by_name["remove"].trigger()
    assert opened.window.stage.currentWidget() is opened.window.drop_zone
    opened.until(lambda: not opened.window.actions_by_name["remove"].isEnabled())
    assert "Ready" in opened.window.scores.answer.label
    assert opened.window.footer.about == ""


def test_remove_all(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(*photos)
    opened.window.actions_by_name["clear"].trigger()
    assert opened.window.results.rowCount() == 0
    assert not opened.window.filmstrip.isVisible()
    opened.show_photos(photos[1])
    assert opened.session.images.row == 0


def test_answers_of_a_superseded_job_are_dropped(opened: Opened, photos: list[Path]) -> None:
    opened.fake.go_long.clear()
    opened.drop(files(*photos))
    opened.until(lambda: len(opened.fake.asked) == 2)
    opened.session.models.open(ModelSpec("file", "other"))
    opened.until(lambda: opened.window.model_bar.model.text() == "other")
    opened.fake.go_long.set()
    opened.wait_answered(5)
    results = list(opened.window.results.results())
    assert {r.prediction.provenance.weights for r in results if r.prediction is not None} == {"other"}


def test_events_of_unknown_jobs_change_nothing(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(photos[0])
    before = list(opened.window.results.results())
    source = ImageSource("ghost.jpg")
    ghost = ImageResult(source, make_prediction(make_info(), 1), None)
    opened.session.handle(Emitted(10**9, ghost))
    assert list(opened.window.results.results()) == before


def test_removed_while_waiting(opened: Opened, photos: list[Path]) -> None:
    opened.fake.go_long.clear()
    opened.drop(files(*photos))
    opened.until(lambda: len(opened.fake.asked) == 2)
    opened.session.images.remove([1, 2])
    opened.fake.go_long.set()
    opened.wait_answered(3)
    for row, path in enumerate([photos[0], photos[3], photos[4]]):
        entry = opened.window.results.entry(row)
        assert entry is not None
        assert entry.answered is not None
        assert entry.answered.source.path == entry.source.path == path


def test_stopping_leaves_the_rest_and_going_there_answers_it(opened: Opened, photos: list[Path]) -> None:
    opened.fake.go_long.clear()
    opened.fake.go.clear()
    opened.drop(files(*photos))
    opened.until(lambda: "0 of 5" in opened.window.footer.activity)
    opened.window.footer.cancel_asked.emit()
    opened.until(lambda: not opened.window.footer.activity)
    assert len(opened.window.results.keys(State.STOPPED)) == 5
    opened.fake.go.set()
    opened.session.images.go_to(3)
    opened.wait_answered(1)
    assert opened.window.scores.answer.number == "50.0 %"
    opened.session.images.go_to(0)
    assert opened.window.scores.answer.label == "Not answered"


def test_an_unanswered_photo_that_is_looked_at_goes_first(opened: Opened, photos: list[Path]) -> None:
    opened.fake.go_long.clear()
    opened.drop(files(*photos))
    opened.until(lambda: len(opened.fake.asked) == 2)
    opened.session.images.go_to(4)
    opened.wait_answered(2)
    assert opened.fake.asked[-1] == (str(photos[4]),)
    assert opened.window.scores.answer.number == "50.0 %"


def test_a_job_that_fails_as_a_whole_says_why_at_each_photo(opened: Opened, photos: list[Path]) -> None:
    opened.fake.classify_failure = DeviceError("There is not enough memory.", "It ran out.", "Close other programs.")
    opened.drop(files(*photos))
    opened.until(lambda: opened.window.results.answered == 5)
    errors = [result.error for result in opened.window.results.results()]
    assert all(error is not None and error.what == "There is not enough memory." for error in errors)
    assert opened.window.stage.currentWidget() is opened.window.error


def test_a_bug_in_a_job_brings_a_report_and_the_window_lives_on(opened: Opened, photos: list[Path]) -> None:
    opened.fake.classify_failure = KeyError("no such thing")
    opened.drop(files(photos[0]))
    opened.until(lambda: opened.window.notices.current)
    notice = opened.window.notices.current
    assert notice is not None
    assert "did not expect" in notice.words.what
    assert "KeyError: 'no such thing'" in notice.words.detail
    assert "Traceback" in notice.words.detail
    opened.fake.classify_failure = None
    opened.drop(files(photos[1]))
    opened.wait_answered(2)
    assert opened.window.scores.answer.number == "50.0 %"


def test_copy_puts_the_shown_classes_on_the_clipboard(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(photos[0])
    opened.window.scores.set_k(2)
    opened.window.scores.copy.click()
    first, second = QGuiApplication.clipboard().text().split("\n")
    assert first == f"{opened.window.scores.answer.label}\t50.0 %"
    assert second.endswith("\t25.0 %")


def test_results_are_saved_as_csv_and_json(opened: Opened, photos: list[Path], tmp_path: Path) -> None:
    opened.show_photos(*photos)
    opened.session.set_k(3)
    opened.session.save(tmp_path / "out.csv")
    opened.until(lambda: opened.window.notices.current)
    notice = opened.window.notices.current
    assert notice is not None
    assert "5 answers saved" in notice.words.what
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text("utf-8-sig").splitlines()))
    assert {row["filename"] for row in rows} == {path.as_posix() for path in photos}
    assert len(rows) == 15
    opened.session.save(tmp_path / "out.json")
    opened.until((tmp_path / "out.json").exists)
    records = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert [len(record["predictions"]) for record in records] == [3] * 5


def test_a_place_that_cannot_be_written_is_said(opened: Opened, photos: list[Path], tmp_path: Path) -> None:
    opened.show_photos(photos[0])
    opened.session.save(tmp_path / "missing" / "out.csv")
    opened.until(lambda: opened.window.notices.current)
    notice = opened.window.notices.current
    assert notice is not None
    assert notice.words.failed


def test_all_results_are_copied_as_csv(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(*photos)
    opened.until(opened.window.actions_by_name["copy_all"].isEnabled)
    opened.window.actions_by_name["copy_all"].trigger()
    opened.until(lambda: opened.window.notices.current)
    assert len(list(csv.DictReader(QGuiApplication.clipboard().text().splitlines()))) == 25
