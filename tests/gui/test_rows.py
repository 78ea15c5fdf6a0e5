"""Rows of numbers in the window: dropped, shown, answered, refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage, QPixmap

from core.arrays import Takes
from core.descriptions import ClassifierInfo, ModelSpec
from core.errors import WeightsError, WhatsitError
from core.images import ImageSource
from core.predictions import ImageResult
from gui.answers.row_view import RowView
from gui.photos.dropping import hover_text
from gui.photos.results_model import Entry
from tests.gui.conftest import Opened, files
from tests.gui.fake_workbench import make_info


def vector_info(weights: Path, features: int = 4) -> ClassifierInfo:
    refuses = f"The network takes rows of {features} numbers, not images."
    spec = ModelSpec("file", str(weights))
    return replace(make_info(spec, labels=("no", "yes")), refuses=refuses, features=features)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text("width,height,left,top,label\n1,2.5,-3,4,0\n5,6,7,8,1\n9,nan,11,12,0\n", encoding="utf-8")
    return path


@pytest.fixture
def weights(opened: Opened, tmp_path: Path) -> Path:
    """Of a network that takes rows; nothing is opened yet."""
    path = tmp_path / "mlp.pth"
    path.write_bytes(b"x")
    opened.fake.infos[str(path)] = vector_info(path)
    return path


@pytest.fixture
def vectors(opened: Opened, weights: Path) -> Opened:
    """A window whose model takes rows of four numbers."""
    opened.session.open_weights(weights)
    opened.until(lambda: opened.window.model_bar.model.text() == "mlp.pth")
    return opened


def test_an_open_network_of_rows_says_what_it_waits_for(vectors: Opened) -> None:
    assert vectors.window.scores.answer.label.startswith("Ready. This network takes rows of 4 numbers")
    assert vectors.window.scores.input.value == "4 numbers a row, as they are (float32, not prepared)"
    vectors.window.scores.input.click()
    assert not vectors.window.scores.inputs.isVisible()


def test_each_row_is_an_entry_with_its_numbers_in_the_photos_place(vectors: Opened, rows: Path) -> None:
    assert hover_text(files(rows)) == "Drop to answer its rows"
    assert vectors.drop(files(rows))
    vectors.wait_answered(3)
    names = [entry.source.short_name for entry in vectors.window.results.entries()]
    assert names == ["rows.csv #1", "rows.csv #2", "rows.csv #3"]
    vectors.until(lambda: isinstance(vectors.window.stage.currentWidget(), RowView))
    shown = vectors.window.row
    assert shown is not None
    model = shown.model
    table = [[model.index(row, column).data() for column in range(2)] for row in range(model.rowCount())]
    assert table == [["width", "1"], ["height", "2.5"], ["left", "-3"], ["top", "4"]]
    assert vectors.fake.expanded[-1] == Takes(4, pictures=False)
    assert shown.note == "rows.csv: column 5 (label) is left out."
    vectors.session.images.step(1)
    vectors.until(lambda: model.index(0, 1).data() == "5")


def test_a_row_that_cannot_be_answered_says_why_in_its_own_place(vectors: Opened, rows: Path) -> None:
    vectors.drop(files(rows))
    vectors.wait_answered(3)
    vectors.session.images.go_to(2)
    vectors.until(lambda: vectors.window.stage.currentWidget() is vectors.window.error)
    entry = vectors.session.images.current
    assert entry is not None
    assert entry.answered is not None
    assert "Column 2 (height) is nan" in str(entry.answered.error)
    vectors.session.images.go_to(0)
    vectors.until(lambda: isinstance(vectors.window.stage.currentWidget(), RowView))


def test_a_photo_after_a_row_is_shown_as_a_photo(vectors: Opened, rows: Path, photos: list[Path]) -> None:
    vectors.drop(files(rows, photos[0]))
    vectors.wait_answered(4)
    vectors.session.images.go_to(3)
    vectors.until(lambda: vectors.window.stage.currentWidget() is vectors.window.photo)
    vectors.session.images.go_to(0)
    vectors.until(lambda: isinstance(vectors.window.stage.currentWidget(), RowView))


def test_a_photo_that_was_refused_is_shown_again_by_a_model_that_takes_it(
    opened: Opened, weights: Path, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = opened.fake.answer

    def as_the_engine_does(info: ClassifierInfo, source: ImageSource) -> ImageResult:
        found = answer(info, source)
        return replace(found, prediction=None, error=WhatsitError(info.refuses)) if info.refuses else found

    monkeypatch.setattr(opened.fake, "answer", as_the_engine_does)
    window = opened.window
    opened.drop(files(photos[0]))
    opened.until(lambda: window.stage.currentWidget() is window.photo)
    opened.session.open_weights(weights)
    opened.until(lambda: window.stage.currentWidget() is window.error)
    opened.session.models.open_builtin()
    opened.until(lambda: window.scores.answer.number)
    assert window.stage.currentWidget() is window.photo


def test_rows_dropped_with_their_network_wait_for_it(opened: Opened, weights: Path, tmp_path: Path) -> None:
    """A square of numbers may be a picture: the network on its way decides, not the one before."""
    square = tmp_path / "square.npy"
    np.save(square, np.random.default_rng(0).integers(0, 255, (28, 28), np.uint8))
    opened.fake.infos[str(weights)] = vector_info(weights, 28)
    opened.fake.ready.clear()
    opened.drop(files(weights, square))
    opened.bot.wait(50)
    assert opened.window.results.rowCount() == 0
    opened.fake.ready.set()
    opened.wait_answered(28)
    assert opened.fake.expanded[-1] == Takes(28, pictures=False)


def test_rows_whose_network_cannot_be_opened_are_shown_all_the_same(opened: Opened, rows: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pth"
    broken.write_bytes(b"x")
    opened.fake.failures[str(broken)] = WeightsError("It is empty.")
    opened.drop(files(broken, rows))
    opened.until(lambda: opened.window.results.rowCount() == 3)


def test_a_tile_of_a_row_is_not_that_of_a_photo(vectors: Opened, rows: Path, photos: list[Path]) -> None:
    from PySide6.QtCore import QPoint
    from PySide6.QtGui import QPainter

    from gui.photos.filmstrip_cell import WIDTH, CellPainter, Marks

    vectors.drop(files(rows))
    vectors.wait_answered(3)

    def painted(entry: Entry) -> QImage:
        cells = CellPainter(vectors.window.font())
        target = QPixmap(WIDTH, cells.height)
        target.fill(vectors.window.palette().window().color())
        painter = QPainter(target)
        cells.paint(painter, QPoint(0, 0), entry, Marks(False, False, False), vectors.window.palette())
        painter.end()
        return target.toImage().copy(0, 0, WIDTH, 9 * 8)

    entry = vectors.window.results.entry(0)
    assert entry is not None
    other = Entry(99, replace(entry.source, path=photos[0], place=None))
    assert painted(entry) != painted(other)
