"""Long names, narrow windows, small screens: nothing grows out of sight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from core.descriptions import Inspection, Match, ModelSpec, TensorRow
from gui.answers.answer_view import AnswerView
from gui.answers.detail import Detail
from gui.models.about_model import AboutModel
from gui.models.model_bar import ModelBar
from gui.models.opening import Opening
from gui.widgets.error_view import Notice, NoticeBar, Words, wrapped
from tests.gui.conftest import Opened
from tests.gui.fake_workbench import make_info

LONG = "/home/somebody/a_weights_file_with_a_name_" + "x" * 120 + "_epoch_17.pth"


@pytest.fixture
def label(qtbot: QtBot) -> Iterator[QLabel]:
    parent = QWidget()
    qtbot.addWidget(parent)
    yield wrapped(parent)
    parent.close()


def test_a_word_without_an_end_is_broken(label: QLabel) -> None:
    label.setText(f"{LONG} fits no architecture.")
    assert label.minimumSizeHint().width() < 300
    label.setText("Short words stay whole.")
    assert "\u200b" not in QLabel.text(label)


def test_what_is_copied_is_the_name_as_it_is(label: QLabel) -> None:
    label.setText(LONG)
    assert label.text() == LONG
    label.setSelection(0, len(QLabel.text(label)))
    QTest.keyClick(label, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == LONG


class TestNotices:
    WORDS = Words("It fits no architecture exactly.", "The nearest is another one, with other names and shapes. " * 4)

    @pytest.fixture
    def bar(self, qtbot: QtBot) -> Iterator[NoticeBar]:
        parent = QWidget()
        qtbot.addWidget(parent)
        parent.resize(1600, 400)
        made = NoticeBar(parent)
        parent.show()
        yield made
        parent.close()

    def below(self, bar: NoticeBar) -> bool:
        """Whether the buttons stand below the words."""
        words = next(label for label in bar.findChildren(QLabel) if label.text() == self.WORDS.more)
        (button,) = [found for found in bar.findChildren(QPushButton) if found.text() == "Choose its Python file …"]
        return button.mapTo(bar, QPoint()).y() >= words.mapTo(bar, QPoint()).y() + words.height()

    @pytest.mark.parametrize(("width", "below"), [(1500, False), (840, True)])
    def test_buttons_of_a_long_message_go_below_it_where_there_is_no_room(
        self, bar: NoticeBar, qtbot: QtBot, width: int, below: bool
    ) -> None:
        bar.resize(width, 150)
        bar.tell(Notice("model", self.WORDS, "Choose its Python file …", print, "Look inside", print))
        qtbot.waitUntil(lambda: self.below(bar) is below)

    def test_they_move_with_the_window(self, bar: NoticeBar, qtbot: QtBot) -> None:
        bar.resize(1500, 150)
        bar.tell(Notice("model", self.WORDS, "Choose its Python file …", print))
        qtbot.waitUntil(lambda: not self.below(bar))
        bar.resize(700, 150)
        qtbot.waitUntil(lambda: self.below(bar))


def test_all_that_is_known_of_a_model_fits_on_the_screen(opened: Opened) -> None:
    opened.wait_ready()
    opened.fake.inspection = Inspection(
        file=LONG,
        container="state_dict",
        class_names=("a name of many words that goes on and on",) * 30,
        labels_source="the weights file",
        metadata=tuple((f"key{number}", "a long text " * 20) for number in range(12)),
        tensors=tuple(TensorRow(f"layer{number}.weight", (3,), "float32") for number in range(40)),
    )
    info = opened.session.models.info
    assert info is not None
    opened.session.models.describe(replace(info, checkpoint=replace(info.checkpoint, file=LONG)))
    opened.window.actions_by_name["about_model"].trigger()
    (about,) = opened.window.findChildren(AboutModel)
    opened.until(lambda: about.facts and about.table.isVisible())
    room = about.screen().availableSize()
    opened.until(lambda: about.width() <= room.width() and about.height() <= room.height())
    assert about.table.height() >= 120
    assert about.search.hasFocus()
    about.resize(about.minimumSizeHint())
    assert about.height() < 600
    assert about.width() < 900


def test_a_line_without_a_value_has_no_caption(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    line = Detail("Input", parent)
    parent.show()
    line.set_value("", "")
    assert not line.isVisible()
    line.set_value("as they are", "")
    assert line.isVisible()
    parent.close()


@pytest.mark.parametrize("text", ["", "Reading {name}"])
def test_what_is_done_to_a_file_is_said_though_its_name_is_long(text: str) -> None:
    name = LONG.rpartition("/")[2]
    said = Opening(ModelSpec("file", LONG), text.format(name=name)).words(first=False)
    assert len(said) < 60
    assert said.endswith("…")
    assert "reading" in said.lower() or "opening" in said
    assert "epoch_17.pth" in said


def test_the_architecture_in_use_stands_first(qtbot: QtBot) -> None:
    bar = ModelBar()
    qtbot.addWidget(bar)
    matches = tuple(Match(name, 10, 3, "all fit", function="resnet18") for name in ("resnet18", "timm/resnet18"))
    bar.show_info(make_info(architecture="timm/resnet18", matches=matches))
    bar.show()
    bar.architecture.open_list()
    opened = bar.architecture.list
    assert opened is not None
    titles = opened.titles()
    opened.close()
    assert titles[:3] == ["Fits these weights", "timm/resnet18", "resnet18"]


def test_a_longer_name_moves_nothing_below_it(qtbot: QtBot) -> None:
    names = ("cat", "hummingbird", "golden retriever")
    view = AnswerView()
    qtbot.addWidget(view)
    heights: set[int] = set()
    for name in names:
        view.show_answer(name, "93.1 %", 0.931)
        heights.add(view.heightForWidth(320))
    assert len(heights) == 1
    view.show_answer("a name of so many words that one line is never enough for it", "93.1 %", 0.931)
    assert view.heightForWidth(320) > heights.pop()
