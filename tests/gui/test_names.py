"""Class names in the window: written, pasted, taken back, remembered, saved."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QWidget

from core.descriptions import ModelSpec
from gui.answers import names_choices
from gui.answers.names_editor import NamesEditor
from gui.models.model_keeper import differ_in_names_alone
from gui.preferences import Preferences, load, save
from tests.gui.conftest import MakeApp, Opened, files
from tests.gui.fake_workbench import GPU, TEN, make_info

GERMAN = ("Flugzeug", "Auto", "Vogel", "Katze", "Reh", "Hund", "Frosch", "Pferd", "Schiff", "Laster")


@pytest.fixture
def edit(opened: Opened) -> Callable[[], NamesEditor]:
    """Opens the editor as a person does."""

    def make() -> NamesEditor:
        opened.window.actions_by_name["edit_names"].trigger()
        return next(each for each in opened.window.findChildren(NamesEditor))

    return make


def write(editor: NamesEditor, row: int, name: str) -> None:
    """Type a name into a row."""
    index = editor.table.model().index(row, 1)
    editor.table.setCurrentIndex(index)
    editor.table.edit(index)
    field = editor.table.indexWidget(index)
    assert isinstance(field, QLineEdit)
    field.setText(name)
    QTest.keyClick(field, Qt.Key.Key_Return)
    # The field hands its text over when the key press is done with.
    while cast("QWidget | None", editor.table.indexWidget(index)) is not None:
        QApplication.processEvents()


def shown(editor: NamesEditor) -> tuple[str, ...]:
    model = editor.table.model()
    return tuple(str(model.index(row, 1).data()) for row in range(model.rowCount()))


def test_a_name_changes_on_the_answer_at_once(
    opened: Opened, edit: Callable[[], NamesEditor], photos: list[Path]
) -> None:
    opened.show_photos(*photos)
    before = opened.window.scores.answer.label
    row = TEN.index(before)
    asked = len(opened.fake.asked)
    editor = edit()
    write(editor, row, "something else")
    opened.until(lambda: opened.window.scores.answer.label == "something else")
    # The same scores with another name: nothing was computed again.
    assert len(opened.fake.asked) == asked
    entry = opened.session.images.current
    assert entry is not None
    assert entry.answered is not None
    assert entry.answered.prediction is not None
    assert entry.answered.prediction.provenance.labels == "you"
    assert opened.window.scores.names.value == "10 classes, named by you"
    assert opened.fake.dresses[-1].names[row] == "something else"


def test_photos_that_wait_are_answered_with_the_new_names(
    opened: Opened, edit: Callable[[], NamesEditor], photos: list[Path]
) -> None:
    editor = edit()
    opened.fake.go_long.clear()
    opened.session.images.add_paths(photos)
    opened.until(lambda: opened.window.results.rowCount() == len(photos))
    for row, name in enumerate(GERMAN):
        write(editor, row, name)
    opened.until(lambda: opened.session.models.info and opened.session.models.info.labels == GERMAN)
    opened.fake.go_long.set()
    opened.wait_answered(len(photos))
    labels = {entry.best.label for entry in opened.window.results.entries() if entry.best is not None}
    assert labels <= set(GERMAN)


def test_what_was_written_can_be_undone_and_taken_back(opened: Opened, edit: Callable[[], NamesEditor]) -> None:
    editor = edit()
    write(editor, 0, "plane")
    write(editor, 9, "lorry")
    editor.stack.undo()
    opened.until(lambda: opened.fake.dresses[-1].names == ("plane", *TEN[1:]))
    editor.stack.redo()
    opened.until(lambda: opened.fake.dresses[-1].names == ("plane", *TEN[1:9], "lorry"))
    editor.reset_asked.emit()
    opened.until(lambda: shown(editor) == TEN)
    assert opened.fake.dresses[-1].names == ()
    editor.stack.undo()
    opened.until(lambda: opened.fake.dresses[-1].names == ("plane", *TEN[1:9], "lorry"))


def test_a_name_that_is_empty_or_the_same_changes_nothing(opened: Opened, edit: Callable[[], NamesEditor]) -> None:
    editor = edit()
    count = len(opened.fake.dresses)
    write(editor, 0, "   ")
    write(editor, 0, TEN[0])
    assert shown(editor) == TEN
    assert len(opened.fake.dresses) == count
    assert not editor.stack.canUndo()


@pytest.mark.parametrize(
    "text",
    ["\n".join(GERMAN), json.dumps(GERMAN), "\n".join(f"{number}\t{name}" for number, name in enumerate(GERMAN))],
)
def test_a_list_is_pasted(opened: Opened, edit: Callable[[], NamesEditor], text: str) -> None:
    editor = edit()
    QGuiApplication.clipboard().setText(text)
    editor.table.setCurrentIndex(editor.table.model().index(4, 1))
    editor.paste()
    assert shown(editor) == GERMAN
    opened.until(lambda: opened.fake.dresses[-1].names == GERMAN)


def test_a_part_of_a_list_is_pasted_from_the_chosen_row_on(edit: Callable[[], NamesEditor]) -> None:
    editor = edit()
    editor.table.setCurrentIndex(editor.table.model().index(7, 1))
    QGuiApplication.clipboard().setText("Pferd\nSchiff\n")
    editor.paste()
    assert shown(editor) == (*TEN[:7], "Pferd", "Schiff", TEN[9])
    QGuiApplication.clipboard().setText("a\nb\nc\nd\n")
    editor.paste()
    assert "There are 4 names on the clipboard" in editor.problem.text()
    assert shown(editor) == (*TEN[:7], "Pferd", "Schiff", TEN[9])


def test_another_model_begins_anew(opened: Opened, edit: Callable[[], NamesEditor], tmp_path: Path) -> None:
    editor = edit()
    write(editor, 0, "plane")
    weights = tmp_path / "three.pth"
    weights.write_bytes(b"x")
    opened.fake.infos[str(weights)] = make_info(ModelSpec("file", str(weights)), labels=("a", "b", "c"))
    opened.session.models.open(ModelSpec("file", str(weights)))
    opened.until(lambda: shown(editor) == ("a", "b", "c"))
    assert not editor.stack.canUndo()


def test_names_of_training_are_shown_beside_readable_ones(edit: Callable[[], NamesEditor]) -> None:
    editor = edit()
    assert editor.table.model().columnCount() == 2
    info = make_info(labels=("tench", "springer"), folders=("n01440764", "n02102040"))
    editor.show_info(info)
    model = editor.table.model()
    assert [model.index(1, column).data() for column in range(3)] == ["1", "springer", "n02102040"]


def test_written_names_are_remembered_with_their_weights(make_app: MakeApp, tmp_path: Path) -> None:
    settings, weights = tmp_path / "kept.ini", tmp_path / "mine.pth"
    weights.write_bytes(b"x")
    opened = make_app(settings=settings)
    opened.wait_ready()
    opened.session.open_weights(weights)
    opened.until(lambda: opened.window.model_bar.model.text() == "mine.pth")
    opened.session.models.choose_names(GERMAN)
    opened.until(lambda: opened.window.scores.names.value == "10 classes, named by you")
    assert save(settings, opened.app.preferences)
    again = make_app(settings=settings)
    again.wait_ready()
    again.session.open_weights(weights)
    again.until(lambda: again.window.model_bar.model.text() == "mine.pth")
    assert again.fake.opened[-1][0] == ModelSpec("file", str(weights), names=GERMAN)


def test_names_in_damaged_settings_take_nothing_else_with_them(tmp_path: Path) -> None:
    settings = tmp_path / "whatsit.ini"
    good = ModelSpec("file", "/a.pth", names=("ä", "b\nc"))
    assert save(settings, Preferences(k=7, recent=(good, ModelSpec("file", "/b.pth", names=("x",)))))
    assert load(settings).recent[0] == good
    text = settings.read_text(encoding="utf-8").replace('[\\"x\\"]', "3")
    settings.write_text(text, encoding="utf-8")
    assert load(settings).recent == (good,)


@pytest.mark.parametrize("name", ["names.txt", "names.json"])
def test_names_are_saved(opened: Opened, tmp_path: Path, name: str) -> None:
    opened.window.actions_by_name["save_names"].trigger()
    dialog = next(iter(opened.window.findChildren(QFileDialog)))
    dialog.filesSelected.emit([str(tmp_path / name)])
    dialog.close()
    opened.until((tmp_path / name).exists)
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert (tuple(json.loads(text).values()) if name.endswith("json") else tuple(text.splitlines())) == TEN
    opened.until(lambda: opened.window.notices.current)
    assert opened.window.notices.current is not None
    assert "The names of 10 classes are saved" in opened.window.notices.current.words.what


def test_imagenets_names_are_offered_for_a_head_of_its_size(opened: Opened) -> None:
    def titles(count: int) -> list[str]:
        info = make_info(labels=tuple(map(str, range(count))))
        return [choice.title for choice in names_choices.choices(info)]

    assert "ImageNet's names" in titles(1000)
    assert "ImageNet's names" in titles(1001)
    assert "ImageNet's names" not in titles(10)
    assert "ImageNet's names" not in titles(1002)
    opened.window.scores.imagenet_names_asked.emit()
    opened.until(lambda: opened.fake.dresses[-1] == ModelSpec(labels="imagenet"))


def test_the_choice_that_is_so_now_is_marked() -> None:
    specs = {
        names_choices.OWN: ModelSpec(),
        names_choices.EDIT: ModelSpec(names=TEN),
        names_choices.FILE: ModelSpec(labels="/names.txt"),
        names_choices.IMAGENET: ModelSpec(labels="imagenet"),
    }
    for key, spec in specs.items():
        info = replace(make_info(spec), labels=tuple(map(str, range(1000))))
        assert [choice.key for choice in names_choices.choices(info) if choice.current] == [key]


def test_only_names_may_differ_for_answers_to_stay() -> None:
    one = make_info(ModelSpec("file", "/a.pth"))
    assert differ_in_names_alone(one, make_info(ModelSpec("file", "/a.pth", names=GERMAN)))
    assert differ_in_names_alone(one, make_info(ModelSpec("file", "/a.pth", labels="/n.txt"), labels=GERMAN))
    assert not differ_in_names_alone(one, make_info(ModelSpec("file", "/b.pth")))
    assert not differ_in_names_alone(one, make_info(ModelSpec("file", "/a.pth", architecture="resnet18")))
    assert not differ_in_names_alone(one, replace(one, device=GPU))
    assert not differ_in_names_alone(one, replace(one, modified_ns=7))


def test_a_file_of_names_is_dropped_on_the_window(opened: Opened, tmp_path: Path) -> None:
    opened.wait_ready()
    names = tmp_path / "names.txt"
    names.write_text("\n".join("abcdefghij"), encoding="utf-8")
    opened.drop(files(names))
    opened.until(lambda: "names.txt" in opened.window.scores.names.value)
    assert [spec.labels for spec in opened.fake.dresses] == [str(names)]
    assert opened.window.results.rowCount() == 0
    weights = tmp_path / "elsewhere" / "m.pth"
    opened.drop(files(names, weights))
    opened.until(lambda: opened.fake.opened[-1][0].weights == str(weights))
    assert opened.fake.opened[-1][0].labels == str(names)
