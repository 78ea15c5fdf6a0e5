from __future__ import annotations

import random

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester

from core.errors import ImageError, WhatsitError
from core.images import ImageSource
from core.predictions import ImageResult
from gui.photos.results_model import ENTRY_ROLE, ResultsModel, State
from tests.gui.fake_workbench import make_info, make_prediction

INFO = make_info()


def sources(count: int, start: int = 0) -> list[ImageSource]:
    return [ImageSource(f"folder/{number}.jpg") for number in range(start, start + count)]


def add(model: ResultsModel, count: int) -> list[int]:
    """The keys of new images."""
    return [entry.key for entry in model.add(sources(count))]


def result(source: ImageSource, seed: int = 5) -> ImageResult:
    return ImageResult(source, make_prediction(INFO, seed), None, 10, 10, b"")


pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def model() -> ResultsModel:
    made = ResultsModel()
    tester = QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Warning)
    tester.setParent(made)
    return made


def test_rows_come_in_order_and_wait(model: ResultsModel) -> None:
    keys = add(model, 3)
    assert model.keys() == keys
    assert [model.row_of(key) for key in keys] == [0, 1, 2]
    assert model.keys(State.WAITING) == keys
    assert model.index(1).data(ENTRY_ROLE).source.name == "folder/1.jpg"
    assert model.index(1).data() == "waiting"


def test_an_answer_is_shown_and_counted_once(model: ResultsModel) -> None:
    (key,) = add(model, 1)
    assert model.set_result(key, result(sources(1)[0]))
    assert model.set_result(key, result(sources(1)[0], 3))
    assert model.answered == 1
    assert model.index(0).data() == "cat, 50.0 %"
    entry = model.find(key)
    assert entry is not None
    assert entry.best is not None
    assert entry.best.label == "cat"


def test_an_error_is_an_answer(model: ResultsModel) -> None:
    (key,) = add(model, 1)
    model.set_result(key, ImageResult(sources(1)[0], None, ImageError("0.jpg is empty.")))
    assert model.index(0).data() == "0.jpg is empty."
    assert model.answered == 1


def test_an_answer_for_a_removed_image_is_dropped(model: ResultsModel) -> None:
    first, second, third = add(model, 3)
    model.remove([1])
    assert not model.set_result(second, result(sources(3)[1]))
    assert model.set_result(third, result(sources(3)[2]))
    assert model.keys() == [first, third]
    assert model.answered == 1


def test_fail_leaves_answers_alone(model: ResultsModel) -> None:
    first, second = add(model, 2)
    model.set_result(first, result(sources(2)[0]))
    model.fail([first, second], WhatsitError("Out of memory."))
    assert [model.index(row).data() for row in (0, 1)] == ["dog, 50.0 %", "Out of memory."]


def test_wait_again_keeps_the_thumbnail_but_hides_the_answer(model: ResultsModel) -> None:
    (key,) = add(model, 1)
    model.set_result(key, ImageResult(sources(1)[0], make_prediction(INFO), None, 1, 1, b"jpeg"))
    model.wait_again()
    entry = model.find(key)
    assert entry is not None
    assert entry.answered is None
    assert entry.best is None
    assert model.answered == 0
    assert entry.result is not None
    assert entry.result.thumbnail == b"jpeg"
    assert list(model.results()) == []


def test_stop_waiting_marks_only_those_that_wait(model: ResultsModel) -> None:
    first, second = add(model, 2)
    model.set_result(first, result(sources(2)[0]))
    model.stop_waiting()
    states = [entry.state for key in (first, second) if (entry := model.find(key)) is not None]
    assert states == [State.DONE, State.STOPPED]


@pytest.mark.parametrize("seed", range(5))
def test_removing_any_rows_keeps_the_rest_in_order(model: ResultsModel, seed: int) -> None:
    chance = random.Random(seed)
    keys = add(model, 60)
    for key in keys[::3]:
        model.set_result(key, result(sources(1)[0]))
    gone = chance.sample(range(60), 25)
    model.remove(gone)
    left = [key for row, key in enumerate(keys) if row not in gone]
    assert model.keys() == left
    assert [model.row_of(key) for key in left] == list(range(len(left)))
    assert model.answered == sum(key in keys[::3] for key in left)


def test_clear_takes_all_and_keys_are_not_used_again(model: ResultsModel) -> None:
    before = add(model, 2)
    model.clear()
    assert model.rowCount() == 0
    assert model.answered == 0
    assert not set(before) & set(add(model, 2))


def test_assistive_technology_hears_name_and_answer(model: ResultsModel) -> None:
    (key,) = add(model, 1)
    assert model.index(0).data(Qt.ItemDataRole.AccessibleTextRole) == "0.jpg: waiting"
    model.set_result(key, result(sources(1)[0]))
    assert model.index(0).data(Qt.ItemDataRole.AccessibleTextRole) == "0.jpg: dog, 50.0 %"


def test_a_name_that_looks_like_html_is_shown_as_it_is(model: ResultsModel) -> None:
    model.add([ImageSource("<b>x</b>.jpg")])
    assert "&lt;b>" in str(model.index(0).data(Qt.ItemDataRole.ToolTipRole))
