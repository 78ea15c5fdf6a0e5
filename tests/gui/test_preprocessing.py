"""The editor of the preprocessing, and what the model sees, in the window."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from core.descriptions import ClassifierInfo, ModelSpec, Seen
from core.preprocessing import PRESETS, Preprocessing, to_dict
from core.recipes import read_preprocessing
from gui.entries import Check, Combo, Entry
from gui.photo_view import PhotoView
from gui.preferences import Preferences, load, save
from gui.preprocessing_editor import PreprocessingEditor
from gui.preprocessing_form import FIELDS
from gui.seen_view import SeenView
from tests.gui.conftest import MakeApp, Opened, files
from tests.gui.test_panels import picture

W = TypeVar("W", bound=QWidget)
OWN = Preprocessing(size=(73, 73), crop=(64, 64))
"""What the fake's built-in model brings."""


class Editing:
    """A window with the editor open."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        opened.window.actions_by_name["edit_preprocessing"].trigger()
        editor = opened.window.findChild(PreprocessingEditor)
        assert editor is not None
        self.editor = editor

    @property
    def info(self) -> ClassifierInfo:
        info = self.opened.session.models.info
        assert info is not None
        return info

    @property
    def dressed(self) -> list[Preprocessing | None]:
        """What was asked of the engine."""
        return [spec.preprocessing for spec in self.opened.fake.dresses]

    def entry(self, name: str) -> Entry:
        found = self.editor.inputs[name]
        assert isinstance(found, Entry)
        return found

    def write(self, name: str, text: str) -> None:
        """As a person does: into the field, and on to the next."""
        entry = self.entry(name)
        entry.setFocus()
        entry.selectAll()
        QTest.keyClicks(entry, text)
        QTest.keyClick(entry, Qt.Key.Key_Return)

    def pick(self, name: str, text: str) -> None:
        combo = self.editor.inputs[name]
        assert isinstance(combo, Combo)
        row = combo.findText(text)
        assert row >= 0
        combo.setCurrentIndex(row)
        combo.activated.emit(row)

    def switch(self, name: str) -> None:
        box = self.editor.inputs[name]
        assert isinstance(box, Check)
        box.click()

    def wait_for(self, value: Preprocessing) -> None:
        """Until a value is in use."""
        self.opened.until(lambda: self.info.preprocessing == value and not self.opened.session.models.dressing)

    def undo(self) -> None:
        QTest.keyClick(self.opened.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)


@pytest.fixture
def editing(opened: Opened, photos: list[Path]) -> Editing:
    opened.show_photos(*photos[:2])
    return Editing(opened)


def shown(qtbot: QtBot, widget: W, width: int, height: int) -> W:
    """A panel by itself, on screen."""
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    return widget


def rows(opened: Opened) -> list[str]:
    """Which photos have an answer."""
    results = opened.window.results
    return [entry.source.name for entry in results.entries() if entry.answered is not None]


class TestEditing:
    def test_the_details_line_leads_to_it(self, opened: Opened) -> None:
        opened.window.scores.input.click()
        QTest.keyClick(opened.window.scores.inputs.view, Qt.Key.Key_Home)
        QTest.keyClick(opened.window.scores.inputs.view, Qt.Key.Key_Return)
        editor = opened.window.findChild(PreprocessingEditor)
        assert editor is not None
        assert editor.isVisible()
        assert QApplication.activeModalWidget() is None
        assert editor.value == OWN
        assert editor.preset.text() == "As the model brings it"
        assert "model.json" in editor.source.text()

    def test_a_change_acts_at_once_and_opens_nothing(self, editing: Editing) -> None:
        opened = editing.opened
        before = len(opened.fake.opened)
        opened.fake.asked.clear()
        editing.write("crop", "48")
        smaller = replace(OWN, crop=(48, 48))
        editing.wait_for(smaller)
        assert editing.dressed == [smaller]
        assert len(opened.fake.opened) == before
        # The photo that is shown has its answer already, and nobody asked for it again.
        entry = opened.session.images.current
        assert entry is not None
        assert entry.answered is not None
        assert entry.answered.prediction is not None
        assert entry.answered.prediction.provenance.preprocessing == smaller
        opened.wait_answered(2)
        others = [row.source.name for row in opened.window.results.entries() if row is not entry]
        assert opened.fake.asked == [tuple(others)]

    def test_what_is_written(self, editing: Editing) -> None:
        value = OWN
        for name, text, change in (
            ("size", "96", {"size": (96, 96)}),
            ("size", "120 x 90", {"size": (90, 120)}),
            ("crop", "40x50", {"crop": (50, 40)}),
            ("mean", "0.1 0.2 0.3", {"mean": (0.1, 0.2, 0.3)}),
            ("std", "0.5", {"std": (0.5, 0.5, 0.5)}),
        ):
            editing.write(name, text)
            value = replace(value, **change)
            editing.wait_for(value)

    def test_what_is_chosen(self, editing: Editing) -> None:
        value = OWN
        for name, text, change in (
            ("resize", "exactly", {"resize": "exact"}),
            ("interpolation", "lanczos", {"interpolation": "lanczos"}),
            ("crops", "10 averaged", {"crops": 10}),
            ("crops", "none", {"crop": None, "crops": 1}),
            ("channels", "BGR", {"channels": "bgr"}),
            ("transparency", "on a colour", {"background": (255, 255, 255)}),
            ("range", "0 to 255", {"range": "0..255", "mean": (0.0,) * 3, "std": (1.0,) * 3}),
        ):
            editing.pick(name, text)
            value = replace(value, **change)
            editing.wait_for(value)

    def test_what_is_switched(self, editing: Editing) -> None:
        value = OWN
        for name in ("antialias", "invert", "exif"):
            editing.switch(name)
            value = replace(value, **{name: not getattr(value, name)})
            editing.wait_for(value)

    def test_padding_has_a_colour(self, editing: Editing) -> None:
        assert not editing.editor.inputs["fill"].isVisible()
        editing.pick("resize", "padded to")
        assert editing.editor.inputs["fill"].isVisible()
        editing.write("fill", "#ff8000")
        editing.wait_for(replace(OWN, resize="pad", fill=(255, 128, 0)))

    def test_grey_has_one_mean_and_the_field_shows_it(self, editing: Editing) -> None:
        editing.write("mean", "0.1, 0.2, 0.3")
        editing.pick("channels", "grey")
        assert editing.entry("mean").text() == "0.2"
        editing.opened.until(lambda: editing.info.preprocessing.mean == (0.2,))

    def test_one_row_of_numbers(self, editing: Editing) -> None:
        editing.switch("flatten")
        editing.wait_for(replace(OWN, flatten=True))

    def test_keys_count_a_size_up_and_down(self, editing: Editing) -> None:
        entry = editing.entry("size")
        entry.setFocus()
        for _ in range(3):
            QTest.keyClick(entry, Qt.Key.Key_Up)
        editing.wait_for(replace(OWN, size=(76, 76)))
        QTest.keyClick(entry, Qt.Key.Key_Down)
        editing.wait_for(replace(OWN, size=(75, 75)))
        assert entry.text() == "75"

    def test_typing_need_not_be_ended_by_a_key(self, editing: Editing) -> None:
        entry = editing.entry("crop")
        entry.setFocus()
        entry.selectAll()
        QTest.keyClicks(entry, "32")
        editing.wait_for(replace(OWN, crop=(32, 32)))
        assert entry.text() == "32"

    def test_a_preset_by_its_name_and_what_was_changed_of_it(self, editing: Editing) -> None:
        editing.editor.preset_chosen.emit("cifar10")
        assert editing.editor.preset.text() == "CIFAR-10"
        editing.wait_for(PRESETS["cifar10"])
        assert editing.entry("mean").text() == "0.4914, 0.4822, 0.4465"
        editing.write("crop", "30")
        assert editing.editor.preset.text() == "changed from CIFAR-10"
        editing.editor.reset.click()
        editing.wait_for(OWN)
        assert editing.editor.preset.text() == "As the model brings it"
        assert editing.dressed[-1] is None

    def test_it_is_all_reached_and_named_with_the_keyboard(self, editing: Editing) -> None:
        editor = editing.editor
        wanted = {widget for widget in editor.inputs.values() if widget.isVisible() and widget.isEnabled()}
        seen: list[QWidget] = []
        editor.preset.setFocus()
        for _ in range(60):
            focused = QApplication.focusWidget()
            assert focused is not None
            seen.append(focused)
            QTest.keyClick(focused, Qt.Key.Key_Tab)
        assert wanted <= set(seen)
        assert editing.opened.window.photo.see in seen
        assert {editor.undo, editor.redo, editor.close_button, editor.load, editor.save} - set(seen) <= {
            editor.undo,
            editor.redo,
        }
        names = [widget.accessibleName() for widget in editor.inputs.values()]
        assert all(names)
        assert len(set(names)) == len(names)
        for button in editor.findChildren(QAbstractButton):
            assert button.accessibleName() or button.text()

    def test_escape_closes_it_and_brings_the_details_back(self, editing: Editing) -> None:
        scores = editing.opened.window.scores
        assert not scores.input.isVisible()
        QTest.keyClick(editing.entry("size"), Qt.Key.Key_Escape)
        assert not editing.editor.isVisible()
        assert scores.input.isVisible()
        assert scores.input.hasFocus()

    def test_the_answer_photo_and_pixels_stay_in_sight(self, editing: Editing) -> None:
        window = editing.opened.window
        for size in ((900, 600), (720, 528), (1500, 1000), (760, 1200)):
            window.resize(*size)
            QApplication.processEvents()
            assert window.size().toTuple() == size
            for widget in (window.photo, window.seen, window.scores.answer, editing.editor):
                assert widget.isVisible()
                area = widget.rect().translated(widget.mapTo(window, widget.rect().topLeft()))
                assert window.rect().contains(area)
                assert area.width() > 100
                assert area.height() > 80

    def test_what_is_below_stays_where_it_is_when_a_value_changes(self, editing: Editing) -> None:
        crop = editing.entry("crop")
        places: list[QPoint] = []

        def settled() -> bool:
            """Whether nothing has moved for a while: the window is laid out, and the answer is there."""
            places.append(crop.mapTo(editing.opened.window, crop.rect().topLeft()))
            return len(places) > 20 and all(place == places[-1] for place in places[-20:])

        editing.opened.until(settled)
        before = places[-1]
        editing.write("crop", "48")
        editing.wait_for(replace(OWN, crop=(48, 48)))
        assert "model.json" not in editing.editor.source.text()
        places.clear()
        editing.opened.until(settled)
        assert places[-1] == before


class TestInvalid:
    def test_it_is_marked_in_place_and_changes_nothing(self, editing: Editing) -> None:
        for name, text, reason in (
            ("crop", "huge", "such as 224"),
            ("crop", "0", "1 to 8192"),
            ("size", "99999", "1 to 8192"),
            ("mean", "0.5, oops", "numbers"),
            ("mean", "0.1, 0.2", "3 finite"),
            ("mean", "123.7, 116.3, 103.5", "0..255"),
            ("std", "0", "above 0"),
            ("std", "", "numbers"),
        ):
            entry = editing.entry(name)
            entry.setFocus()
            entry.selectAll()
            QTest.keyClick(entry, Qt.Key.Key_Delete)
            QTest.keyClicks(entry, text)
            QTest.keyClick(entry, Qt.Key.Key_Return)
            assert reason in entry.reason
            assert reason in editing.editor.reason(name)
            assert reason in entry.accessibleDescription()
            assert entry.text() == text
        assert editing.editor.value == OWN == editing.info.preprocessing
        assert editing.dressed == []

    def test_the_other_fields_go_on_and_the_mark_stays_until_it_is_right(self, editing: Editing) -> None:
        editing.write("mean", "x")
        editing.write("crop", "32")
        editing.wait_for(replace(OWN, crop=(32, 32)))
        assert editing.entry("mean").reason
        assert editing.entry("mean").text() == "x"
        editing.write("mean", "0.5")
        assert not editing.entry("mean").reason
        assert not editing.editor.reason("mean")
        editing.wait_for(replace(OWN, crop=(32, 32), mean=(0.5, 0.5, 0.5)))

    def test_a_choice_that_makes_no_sense_with_the_rest_says_so(self, editing: Editing) -> None:
        editing.switch("flatten")
        editing.wait_for(replace(OWN, flatten=True))
        editing.pick("crops", "none")
        assert "flatten" in editing.editor.reason("crops")
        assert editing.info.preprocessing == replace(OWN, flatten=True)

    def test_undo_takes_the_mark_away(self, editing: Editing) -> None:
        editing.write("crop", "32")
        editing.wait_for(replace(OWN, crop=(32, 32)))
        editing.write("mean", "x")
        editing.editor.undo.click()
        editing.wait_for(OWN)
        assert not editing.entry("mean").reason
        assert editing.entry("mean").text() == "0.485, 0.456, 0.406"


class TestRefusal:
    def test_it_is_said_in_the_editor_and_the_last_good_one_stays(self, editing: Editing) -> None:
        opened = editing.opened
        small = replace(OWN, crop=(3, 3))
        opened.fake.refused.append(small)
        editing.write("crop", "3")
        opened.until(lambda: editing.editor.problem.isVisible())
        assert "does not take it" in editing.editor.problem.text()
        assert opened.window.notices.current is None
        assert editing.info.preprocessing == OWN
        assert opened.window.results.answered == 2
        editing.write("crop", "48")
        editing.wait_for(replace(OWN, crop=(48, 48)))
        assert not editing.editor.problem.isVisible()

    def test_what_is_seen_goes_back_to_what_is_in_use(self, editing: Editing) -> None:
        small = replace(OWN, crop=(3, 3))
        editing.opened.fake.refused.append(small)
        editing.write("crop", "3")
        editing.opened.until(lambda: editing.editor.problem.isVisible())
        assert [value for _, value in editing.opened.fake.seen][-1] == OWN

    def test_without_the_editor_it_is_told_and_taken_back(self, opened: Opened) -> None:
        opened.fake.refused.append(PRESETS["mnist"])
        opened.window.scores.preprocessing_chosen.emit(PRESETS["mnist"])
        opened.until(lambda: opened.window.notices.current)
        notice = opened.window.notices.current
        assert notice is not None
        assert "does not take it" in notice.words.what
        assert opened.session.preparing.shown == OWN
        assert not opened.window.actions_by_name["undo"].isEnabled()
        assert not opened.window.actions_by_name["redo"].isEnabled()


class TestUndo:
    def test_back_and_forth(self, editing: Editing) -> None:
        actions = editing.opened.window.actions_by_name
        assert not actions["undo"].isEnabled()
        first, second = replace(OWN, invert=True), replace(OWN, invert=True, exif=False)
        editing.switch("invert")
        editing.wait_for(first)
        editing.switch("exif")
        editing.wait_for(second)
        assert "turned upright" in actions["undo"].text()
        editing.undo()
        editing.wait_for(first)
        editing.undo()
        editing.wait_for(OWN)
        assert editing.dressed[-1] is None
        both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        for value in (first, second):
            QTest.keyClick(editing.opened.window, Qt.Key.Key_Z, both)
            editing.wait_for(value)
        assert not actions["redo"].isEnabled()

    def test_a_value_in_one_go_is_taken_back_in_one(self, editing: Editing) -> None:
        entry = editing.entry("size")
        entry.setFocus()
        for _ in range(9):
            QTest.keyClick(entry, Qt.Key.Key_Up)
        editing.wait_for(replace(OWN, size=(82, 82)))
        # The field has nothing typed to take back, so the key is not its own.
        QTest.keyClick(entry, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        editing.wait_for(OWN)
        assert entry.text() == "73"

    def test_a_text_field_takes_back_what_is_typed_in_it(self, editing: Editing) -> None:
        entry = editing.entry("mean")
        entry.setFocus()
        entry.end(False)
        QTest.keyClicks(entry, "x")
        QTest.keyClick(entry, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert entry.text() == "0.485, 0.456, 0.406"
        assert editing.dressed == []

    def test_presets_too(self, opened: Opened) -> None:
        opened.window.scores.preprocessing_chosen.emit(PRESETS["half"])
        opened.until(lambda: "chosen by you" in opened.window.scores.input.value)
        opened.window.actions_by_name["undo"].trigger()
        opened.until(lambda: "model.json" in opened.window.scores.input.value)

    def test_another_model_begins_anew(self, editing: Editing, tmp_path: Path) -> None:
        editing.switch("invert")
        editing.wait_for(replace(OWN, invert=True))
        editing.opened.session.open_model(ModelSpec("file", str(tmp_path / "other.pth")))
        editing.opened.until(lambda: editing.info.name == "other.pth")
        assert not editing.opened.window.actions_by_name["undo"].isEnabled()
        assert editing.editor.value == OWN


class TestLive:
    def test_while_one_is_on_its_way_only_the_newest_waits(self, editing: Editing) -> None:
        fake = editing.opened.fake
        fake.ready.clear()
        for crop in (60, 50, 40, 30):
            editing.write("crop", str(crop))
        assert editing.dressed == [replace(OWN, crop=(60, 60))]
        fake.ready.set()
        editing.wait_for(replace(OWN, crop=(30, 30)))
        assert editing.dressed == [replace(OWN, crop=(60, 60)), replace(OWN, crop=(30, 30))]

    def test_a_slow_one_that_is_superseded_is_cancelled(self, editing: Editing) -> None:
        fake = editing.opened.fake
        fake.ready.clear()
        editing.write("crop", "60")
        fake.cancelled.clear()
        editing.write("crop", "50")
        editing.opened.until(lambda: len(editing.dressed) == 2)
        assert len(fake.cancelled) == 1
        assert editing.info.preprocessing == OWN
        fake.ready.set()
        editing.wait_for(replace(OWN, crop=(50, 50)))

    def test_the_other_photos_wait_until_a_person_rests(self, opened: Opened, photos: list[Path]) -> None:
        opened.show_photos(*photos)
        editing = Editing(opened)
        opened.fake.asked.clear()
        for crop in (60, 50, 40):
            editing.write("crop", str(crop))
            editing.wait_for(replace(OWN, crop=(crop, crop)))
            assert opened.fake.asked == []
            assert rows(opened) == [str(photos[0])]
        opened.wait_answered(5)
        assert opened.fake.asked == [tuple(str(photo) for photo in photos[1:])]

    def test_a_photo_that_is_gone_to_meanwhile_is_asked_for(self, opened: Opened, photos: list[Path]) -> None:
        opened.show_photos(*photos[:3])
        editing = Editing(opened)
        opened.fake.ready.clear()
        editing.write("crop", "60")
        opened.session.images.go_to(2)
        opened.fake.asked.clear()
        opened.fake.ready.set()
        editing.wait_for(replace(OWN, crop=(60, 60)))
        assert opened.fake.asked[0] == (str(photos[2]),)
        opened.wait_answered(3)
        for entry in opened.window.results.entries():
            assert entry.answered is not None
            assert entry.answered.prediction is not None
            assert entry.answered.prediction.provenance.preprocessing == replace(OWN, crop=(60, 60))

    def test_another_model_supersedes_it(self, editing: Editing, tmp_path: Path) -> None:
        editing.opened.fake.ready.clear()
        editing.write("crop", "60")
        editing.opened.session.open_model(ModelSpec("file", str(tmp_path / "other.pth")))
        editing.opened.fake.ready.set()
        editing.opened.until(lambda: editing.info.name == "other.pth")
        assert editing.info.preprocessing == OWN
        assert editing.editor.value == OWN

    def test_an_old_answer_turns_pale(self, editing: Editing) -> None:
        fake, answer = editing.opened.fake, editing.opened.window.scores.answer
        before = answer.grab().toImage()
        fake.ready.clear()
        editing.write("crop", "60")
        assert answer.grab().toImage() == before
        editing.opened.until(lambda: answer.grab().toImage() != before)
        fake.ready.set()
        editing.wait_for(replace(OWN, crop=(60, 60)))
        assert answer.grab().toImage() == before


class TestSeeing:
    def test_it_is_switched_in_the_menu_and_at_the_photo(self, opened: Opened, photos: list[Path]) -> None:
        window = opened.window
        opened.show_photos(photos[0])
        assert not window.seen.isVisible()
        assert opened.fake.seen == []
        window.actions_by_name["see"].trigger()
        assert window.photo.see.isChecked()
        assert window.seen.isVisible()
        opened.until(lambda: window.seen.images)
        assert window.seen.caption == f"64 {chr(215)} 64, what the model sees\nvalues {chr(8722)}1.5 to 2"
        assert window.photo.crops == (QRectF(0, 0, 32, 48),)
        window.photo.see.click()
        assert not window.actions_by_name["see"].isChecked()
        assert not window.seen.isVisible()
        assert window.photo.crops == ()

    def test_it_survives_a_restart(self, make_app: MakeApp, tmp_path: Path) -> None:
        settings = tmp_path / "s.ini"
        opened = make_app(settings=settings)
        opened.window.actions_by_name["see"].trigger()
        opened.window.close()
        assert opened.app.close()
        assert make_app(settings=settings).window.actions_by_name["see"].isChecked()

    def test_it_comes_with_the_editor_and_goes_with_it(self, editing: Editing) -> None:
        window = editing.opened.window
        assert window.seen.isVisible()
        editing.editor.close_button.click()
        assert not window.seen.isVisible()
        assert not editing.opened.app.preferences.sees
        window.actions_by_name["see"].trigger()
        Editing(editing.opened).editor.close_button.click()
        assert window.seen.isVisible()

    def test_it_follows_the_photo_and_the_values(self, editing: Editing, photos: list[Path]) -> None:
        fake, window = editing.opened.fake, editing.opened.window
        editing.opened.until(lambda: window.seen.images)
        editing.write("size", "99")
        editing.opened.until(lambda: window.seen.images and window.seen.images[0].pixelColor(5, 5).red() == 99)
        assert fake.seen == [(str(photos[0]), OWN), (str(photos[0]), replace(OWN, size=(99, 99)))]
        editing.opened.session.images.go_to(1)
        assert window.photo.crops == ()
        editing.opened.until(lambda: window.photo.crops)
        assert fake.seen[2:] == [(str(photos[1]), replace(OWN, size=(99, 99)))]
        assert window.photo.crops == (QRectF(0, 0, 65 / 2, 48),)

    def test_pixels_do_not_wait_for_the_answer(self, editing: Editing) -> None:
        window = editing.opened.window
        editing.opened.fake.ready.clear()
        editing.write("size", "99")
        editing.opened.until(lambda: window.seen.images and window.seen.images[0].pixelColor(5, 5).red() == 99)
        assert editing.info.preprocessing == OWN

    def test_only_the_newest_is_seen(self, editing: Editing) -> None:
        fake, window = editing.opened.fake, editing.opened.window
        editing.opened.until(lambda: window.seen.images)
        fake.sight.clear()
        fake.seen.clear()
        for size in (90, 91, 92, 93):
            editing.write("size", str(size))
        fake.sight.set()
        editing.opened.until(lambda: window.seen.images[0].pixelColor(5, 5).red() == 93)
        assert [value.size[0] for _, value in fake.seen] == [90, 93]

    def test_a_model_that_takes_no_images_sees_nothing(self, opened: Opened, photos: list[Path]) -> None:
        info = opened.session.models.info
        assert info is not None
        opened.fake.infos["rows.pth"] = replace(info, spec=ModelSpec("file", "rows.pth"), refuses="It takes rows.")
        opened.session.models.open(ModelSpec("file", "rows.pth"))
        opened.until(lambda: opened.session.models.info is not info)
        opened.window.actions_by_name["see"].trigger()
        opened.drop(files(photos[0]))
        opened.wait_answered(1)
        assert opened.fake.seen == []


class TestSeenView:
    @pytest.fixture
    def view(self, qtbot: QtBot) -> SeenView:
        return shown(qtbot, SeenView(), 200, 300)

    @staticmethod
    def seen(*pictures: bytes, clipped: float = 0.0) -> Seen:
        return Seen(2, 2, pictures, ((0, 0, 2, 2),) * len(pictures), 0.0, 1.0, clipped)

    def test_each_pixel_is_a_sharp_square(self, view: SeenView) -> None:
        view.show_seen(self.seen(bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255])))
        shown = view.grab().toImage()
        colours = [QColor(name).rgb() for name in ("#ff0000", "#00ff00", "#0000ff", "#ffffff")]
        counts = Counter(shown.pixel(x, y) for x in range(shown.width()) for y in range(shown.height()))
        # Squares of whole pixels, less the hairline around them: nothing is blended.
        sides = {round(counts[colour] ** 0.5) for colour in colours}
        assert min(sides) > 60
        assert max(sides) - min(sides) <= 1

    def test_several_crops_are_several_pictures(self, view: SeenView) -> None:
        view.show_seen(self.seen(*[bytes(12)] * 10))
        assert len(view.images) == 10
        assert view.caption.startswith("10 crops of 2")
        view.grab()

    def test_what_is_cut_off_is_said(self, view: SeenView) -> None:
        view.show_seen(self.seen(bytes(12), clipped=0.034))
        assert "3.4 %" in view.caption
        assert "cut off" in view.accessibleDescription()


class TestCropOnThePhoto:
    @pytest.fixture
    def view(self, qtbot: QtBot) -> PhotoView:
        made = shown(qtbot, PhotoView(), 400, 300)
        made.show_picture(picture(800, 600), "a.jpg")
        made.show_crops([(200.0, 0.0, 400.0, 600.0)])
        return made

    @staticmethod
    def bright(image: QImage) -> list[int]:
        """The columns of the middle row where the photo is as it is."""
        return [x for x in range(image.width()) if image.pixelColor(x, 140).name() == "#336699"]

    def test_the_rest_is_dimmed(self, view: PhotoView) -> None:
        columns = self.bright(view.grab().toImage())
        # Half a screen pixel a photo pixel: columns 100 to 300, less the line on either side.
        assert (columns[0], columns[-1]) == (102, 297)
        assert len(columns) == 196

    def test_it_zooms_with_the_photo(self, view: PhotoView) -> None:
        view.actual_size()
        crop = view.widget_rect(view.crops[0])
        for corner, place in ((crop.topLeft(), (200.0, 0.0)), (crop.bottomRight(), (600.0, 600.0))):
            assert view.photo_point(corner).toTuple() == pytest.approx(place)
        assert crop.width() == pytest.approx(400)

    def test_what_lies_beyond_the_photo_fits_as_well(self, view: PhotoView) -> None:
        before = view.zoom
        view.show_crops([(0.0, -100.0, 800.0, 800.0)])
        assert view.zoom == pytest.approx(before * 600 / 800)
        assert QRectF(view.rect()).contains(view.widget_rect(view.crops[0]))

    def test_another_photo_begins_without(self, view: PhotoView) -> None:
        view.show_picture(picture(300, 300), "a.jpg", same=True)
        assert view.crops
        view.show_picture(picture(300, 300), "b.jpg")
        assert view.crops == ()


class TestKeeping:
    def test_it_is_remembered_for_each_model(self, make_app: MakeApp, tmp_path: Path) -> None:
        settings = tmp_path / "s.ini"
        opened = make_app(settings=settings)
        opened.wait_ready()
        specs = [ModelSpec(), ModelSpec("pretrained", "resnet18/IMAGENET1K_V1"), ModelSpec("file", "/models/a.pth")]
        values = [PRESETS["half"], PRESETS["clip"], PRESETS["siglip"]]
        for spec, value in zip(specs, values, strict=True):
            opened.session.open_model(spec)
            opened.until(lambda: opened.session.models.opening is None)
            opened.session.preparing.choose(value, "preset", "")
            opened.until(lambda: not opened.session.models.dressing)
            assert opened.session.models.info is not None
            assert opened.session.models.info.spec == replace(spec, preprocessing=value)
        opened.window.close()
        assert opened.app.close()
        again = make_app(settings=settings)
        again.wait_ready()
        for spec, value in zip(specs, values, strict=True):
            again.session.open_model(spec)
            assert again.fake.opened[-1][0] == replace(spec, preprocessing=value)
        # What the window began with was the built-in one, as it was left.
        assert again.fake.opened[0][0] == ModelSpec(preprocessing=PRESETS["half"])

    def test_what_the_model_brings_is_remembered_as_nothing(self, tmp_path: Path) -> None:
        path, preferences = tmp_path / "s.ini", Preferences()
        preferences.remember(ModelSpec(preprocessing=PRESETS["half"]))
        save(path, preferences)
        assert load(path).as_left(ModelSpec()) == ModelSpec(preprocessing=PRESETS["half"])
        preferences.remember(ModelSpec())
        save(path, preferences)
        assert load(path).as_left(ModelSpec()) == ModelSpec()

    def test_a_file_of_it_is_one_for_the_command_line(self, editing: Editing, tmp_path: Path) -> None:
        editing.write("crop", "48")
        target = tmp_path / "mine.json"
        editing.editor.save.click()
        self.choose(editing, target)
        editing.opened.until(target.exists)
        editing.opened.until(lambda: editing.opened.window.notices.current)
        assert read_preprocessing(str(target)) == replace(OWN, crop=(48, 48))
        assert json.loads(target.read_text(encoding="utf-8")) == to_dict(replace(OWN, crop=(48, 48)))

    def test_a_file_is_loaded_and_undone(self, editing: Editing, tmp_path: Path) -> None:
        source = tmp_path / "siglip.json"
        source.write_text(json.dumps(to_dict(replace(PRESETS["siglip"], invert=True))), encoding="utf-8")
        editing.editor.load.click()
        self.choose(editing, source)
        editing.wait_for(replace(PRESETS["siglip"], invert=True))
        assert editing.editor.preset.text() == "changed from siglip.json"
        editing.editor.undo.click()
        editing.wait_for(OWN)

    def test_a_file_that_says_nothing_of_it_is_an_error(self, editing: Editing, tmp_path: Path) -> None:
        source = tmp_path / "other.json"
        source.write_text("{}", encoding="utf-8")
        editing.opened.window.actions_by_name["load_preprocessing"].trigger()
        self.choose(editing, source)
        editing.opened.until(lambda: editing.opened.window.notices.current)
        notice = editing.opened.window.notices.current
        assert notice is not None
        assert "other.json" in notice.words.what
        assert editing.dressed == []

    @staticmethod
    def choose(editing: Editing, path: Path) -> None:
        dialog = editing.opened.window.findChild(QFileDialog)
        assert dialog is not None
        dialog.filesSelected.emit([str(path)])
        dialog.close()


def test_every_field_reads_what_it_shows() -> None:
    """Writing what already stands there changes nothing, for any preset."""
    for value in PRESETS.values():
        for name, field in FIELDS.items():
            if field.used(value) and field.shown(value):
                assert field.change(value, field.shown(value)) == value, name


def test_a_photo_with_an_error_shows_no_pixels(opened: Opened, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo")
    good = tmp_path / "good.png"
    Image.new("RGB", (20, 20)).save(good)
    opened.window.actions_by_name["see"].trigger()
    opened.drop(files(broken, good))
    opened.wait_answered(2)
    assert opened.window.stage.currentWidget() is opened.window.error
    assert not opened.window.seen.isVisible()
    opened.session.images.go_to(1)
    opened.until(lambda: opened.window.seen.isVisible())
