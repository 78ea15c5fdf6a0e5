"""The pictures in the window that tests a model: what a place shows, how classes stand, and what is saved."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from core import drawing
from core.errors import ExportError
from core.evaluations import Evaluation
from core.measures import reliability
from core.measures.curves import Bin
from core.measures.library import Floats, Truths
from core.plots import LIGHT, Between, Cell, HitArea, OfClass, Picture, Row, Threshold
from gui.evaluation.figures_view import FiguresView, classes_table, show_classes
from gui.evaluation.picture_canvas import PictureCanvas
from gui.evaluation.picture_files import painted, save_picture
from gui.evaluation.window import EvaluationWindow
from gui.widgets import theme
from tests.core.evaluated import of_classes, of_several, of_values, random_scores
from tests.gui.conftest import Opened
from tests.gui.test_evaluation import found as findings_of
from tests.gui.test_evaluation import view_of

LABELS = ("n10", "zebra", "Apple", "n9", "<b>bold</b>", "cat")
true_classes, all_scores = random_scores(400, len(LABELS), seed=6, sure=1.4)
said_classes, confidences = all_scores.argmax(axis=1), all_scores.max(axis=1).astype(np.float64)


@pytest.fixture
def found() -> Evaluation:
    return of_classes(true_classes, all_scores, LABELS)


def show(opened: Opened, evaluation: Evaluation) -> EvaluationWindow:
    """A window with findings, at its pictures."""
    view = view_of(opened)
    view.show_findings(findings_of(evaluation))
    tab = next(button for button in view.results.findChildren(QPushButton) if button.text() == "Pictures")
    tab.click()
    return view


def picture_of(opened: Opened, view: EvaluationWindow, kind: str) -> Picture:
    """Choose a picture, and wait until it is on screen."""
    page = view.results.pictures
    page.kinds.setCurrentIndex(page.kinds.findData(kind))
    page.kinds.activated.emit(page.kinds.currentIndex())
    opened.until(lambda: page.save.isEnabled() and page.canvas.image is not None)
    picture = page.canvas.picture
    assert picture is not None
    return picture


def on_top(canvas: PictureCanvas, picture: Picture) -> Iterator[HitArea]:
    """Places that lie on top of all others where a click on their middle goes."""
    for area in picture.areas:
        pixel, place = middle(canvas, area), canvas.place_of(area)
        across, down = (pixel.x() - place.x()) / canvas.scale, (pixel.y() - place.y()) / canvas.scale
        if picture.at(area.x + across, area.y + down) is area:
            yield area


def middle(canvas: PictureCanvas, area: HitArea) -> QPoint:
    return canvas.place_of(area).center().toPoint()


def click(opened: Opened, view: EvaluationWindow, area: HitArea) -> list[int]:
    """Click on a place; the rows that are shown then."""
    canvas, results = view.results.pictures.canvas, view.results
    results.about.setText("")
    QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=middle(canvas, area))
    opened.until(lambda: results.about.text())
    assert results.rows is not None
    assert results.gallery.images.rowCount() == len(results.rows)
    return results.rows.tolist()


def expected(area: HitArea) -> set[int]:
    """The images behind a place, by its meaning alone."""
    match area.stands:
        case Cell(true, said):
            inside = np.isin(true_classes, true or range(9)) & np.isin(said_classes, said or range(9))
        case OfClass(index, measure):
            inside = {
                "precision": said_classes == index,
                "f1": (said_classes == index) | (true_classes == index),
            }.get(measure, true_classes == index)
        case Threshold(index, score):
            inside = (true_classes == index) != (all_scores[:, index].astype(np.float64) >= score)
        case Between(low, high, right):
            inside = (low < confidences) & (high >= confidences)
            if right is not None:
                inside &= (said_classes == true_classes) == right
        case Row():
            raise AssertionError
    return set(np.flatnonzero(inside).tolist())


@pytest.mark.parametrize("kind", ["confusion", "classes", "roc", "pr", "reliability", "scores"])
def test_a_click_shows_exactly_the_images_behind_it(opened: Opened, found: Evaluation, kind: str) -> None:
    view = show(opened, found)
    picture = picture_of(opened, view, kind)
    shown = on_top(view.results.pictures.canvas, picture)
    there = [area for area in shown if not (isinstance(area.stands, OfClass) and area.stands.index < 0)]
    for area in there[:: max(1, len(there) // 5)]:
        assert set(click(opened, view, area)) == expected(area), area.text


def test_values_and_points_on_top_of_each_other(opened: Opened) -> None:
    truth = np.asarray([0.0, 10.0, 10.0, 20.0])
    said = np.asarray([1.0, 17.0, 17.0, 20.0])
    view = show(opened, of_values(truth, said))
    picture = picture_of(opened, view, "values")
    for row, there in ((0, {0}), (1, {1, 2}), (3, {3})):
        area = next(area for area in picture.areas if area.stands == Row(row))
        assert set(click(opened, view, area)) == there
    assert "true 20, predicted 20" in view.results.about.text()
    picture = picture_of(opened, view, "errors")
    assert click(opened, view, picture.areas[-1]) == [1, 2]
    assert sum(int(re.findall(r": (\d+) images?$", area.text)[0]) for area in picture.areas) == 4


def test_several_labels_have_pictures(opened: Opened) -> None:
    random = np.random.default_rng(8)
    truth = random.random((60, 3)) < 0.4
    scores = np.clip(0.4 * truth + 0.6 * random.random((60, 3)), 0, 1).astype(np.float32)
    view = show(opened, of_several(truth, scores, list("xyz")))
    page = view.results.pictures
    assert [page.kinds.itemData(row) for row in range(page.kinds.count())] == ["classes", "roc", "pr", "scores"]
    picture = picture_of(opened, view, "classes")
    assert "3 of 3 classes" in picture.title
    assert page.order.isVisible()
    assert page.order.findData("together") < 0
    recall = next(area for area in picture.areas if area.stands == OfClass(1, "recall"))
    assert set(click(opened, view, recall)) == set(np.flatnonzero(truth[:, 1]).tolist())
    lists = view.results.lists
    assert lists.currentText() == "Images behind the picture"
    # The list of the place is gone back to, after another one.
    shown = view.results.about.text()
    for text in ("Missed", "Images behind the picture"):
        lists.setCurrentText(text)
        lists.activated.emit(lists.currentIndex())
        assert (view.results.about.text() == shown) == (text != "Missed")


def test_the_keyboard_reaches_every_place(opened: Opened, found: Evaluation) -> None:
    view = show(opened, found)
    picture = picture_of(opened, view, "confusion")
    canvas, page = view.results.pictures.canvas, view.results.pictures
    canvas.setFocus()
    seen: list[int] = []
    for _ in picture.areas:
        QTest.keyClick(canvas, Qt.Key.Key_PageDown)
        seen.append(canvas.current)
        assert page.look.text() == picture.areas[canvas.current].text
        assert picture.areas[canvas.current].text in canvas.accessibleDescription()
    assert seen == list(range(len(picture.areas)))
    cells = {area.stands: number for number, area in enumerate(picture.areas)}
    QTest.keyClick(canvas, Qt.Key.Key_Home)
    start = cells[Cell((0,), (0,))]
    while canvas.current != start:
        QTest.keyClick(canvas, Qt.Key.Key_PageDown)
    for key, stands in (
        (Qt.Key.Key_Right, Cell((0,), (1,))),
        (Qt.Key.Key_Down, Cell((1,), (1,))),
        (Qt.Key.Key_Down, Cell((2,), (1,))),
        (Qt.Key.Key_Left, Cell((2,), (0,))),
        (Qt.Key.Key_Up, Cell((1,), (0,))),
    ):
        QTest.keyClick(canvas, key)
        assert picture.areas[canvas.current].stands == stands
    view.results.about.setText("")
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    opened.until(lambda: view.results.about.text())
    assert view.results.rows is not None
    assert set(view.results.rows.tolist()) == set(np.flatnonzero((true_classes == 1) & (said_classes == 0)).tolist())
    assert view.isVisible()


def test_a_place_of_one_pixel_can_be_met(opened: Opened) -> None:
    scores = np.asarray([[0.97, 0.03]] * 1001, np.float32)
    view = show(opened, of_classes(np.asarray([0] * 1000 + [1]), scores, ["a", "b"]))
    picture = picture_of(opened, view, "scores")
    canvas = view.results.pictures.canvas
    wrong = next(a for a in picture.areas if isinstance(a.stands, Between) and a.stands.right is False)
    place = canvas.place_of(wrong)
    assert place.height() < 1
    QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=place.center().toPoint() - QPoint(0, 3))
    opened.until(lambda: view.results.rows is not None and view.results.rows.tolist() == [1000])
    # A place without anything stays without.
    view.results.about.setText("")
    QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=place.center().toPoint() - QPoint(60, 0))
    assert canvas.current == picture.areas.index(wrong)


def test_what_is_under_the_mouse_is_said(opened: Opened, found: Evaluation) -> None:
    view = show(opened, found)
    picture = picture_of(opened, view, "confusion")
    canvas, page = view.results.pictures.canvas, view.results.pictures
    cell = next(a for a in picture.areas if a.stands == Cell((4,), (4,)))
    move(canvas, middle(canvas, cell))
    count, whole = int(((true_classes == 4) & (said_classes == 4)).sum()), int((true_classes == 4).sum())
    assert page.look.text() == f"<b>bold</b>, rightly said: {count}, {100 * count / whole:.1f} % of {whole}"
    # A class's name is no markup.
    assert "&lt;b&gt;bold" in QToolTip.text()
    move(canvas, QPoint(1, 1))
    assert "Click on a place" in page.look.text()


def test_pictures_follow_the_colour_scheme(opened: Opened, found: Evaluation) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    view = show(opened, found)
    picture_of(opened, view, "reliability")
    canvas = view.results.pictures.canvas
    try:
        for dark, colours in ((True, theme.DARK), (False, theme.LIGHT)):
            theme.apply(app, dark)
            opened.until(lambda colours=colours: corner(canvas.image) == colours.window)
    finally:
        theme.apply(app, False)


def test_as_many_pixels_as_the_screen_has(opened: Opened, found: Evaluation) -> None:
    view = show(opened, found)
    picture = picture_of(opened, view, "roc")
    canvas = view.results.pictures.canvas
    for change in (lambda: canvas.zoom(3), canvas.fit, lambda: view.resize(1000, 640)):
        change()
        sides = [round(side * canvas.scale * canvas.devicePixelRatioF()) for side in (picture.width, picture.height)]
        opened.until(lambda sides=sides: canvas.image is not None and size(canvas.image) == sides)
    # Fitted again, it is in sight as a whole.
    assert canvas.horizontalScrollBar().maximum() == canvas.verticalScrollBar().maximum() == 0
    room = canvas.viewport().size()
    assert max(sides[0] / room.width(), sides[1] / room.height()) == pytest.approx(1, abs=0.02)


def test_the_last_wish_wins(opened: Opened, found: Evaluation) -> None:
    view = show(opened, found)
    page = view.results.pictures
    for kind in ("roc", "pr", "roc", "classes", "pr", "scores"):
        page.kinds.setCurrentIndex(page.kinds.findData(kind))
        page.kinds.activated.emit(page.kinds.currentIndex())
    opened.until(lambda: page.canvas.image is not None)
    assert page.canvas.picture is not None
    assert page.canvas.picture.title.startswith("Confidence: ")


def test_closing_while_a_picture_is_drawn(opened: Opened, found: Evaluation, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go = threading.Event(), threading.Event()
    measured = reliability

    def wait(confidence: Floats, right: Truths) -> tuple[Bin, ...]:
        begun.set()
        assert go.wait(20)
        return measured(confidence, right)

    monkeypatch.setattr(drawing, "reliability", wait)
    view = show(opened, found)
    page = view.results.pictures
    page.kinds.setCurrentIndex(page.kinds.findData("reliability"))
    page.kinds.activated.emit(page.kinds.currentIndex())
    opened.until(begun.is_set)
    gone: list[bool] = []
    view.destroyed.connect(lambda: gone.append(True))
    view.close()
    opened.until(lambda: gone)
    go.set()
    # The next window has its pictures, and nothing of the one before.
    picture = picture_of(opened, show(opened, of_values(np.arange(9.0), np.arange(9.0) + 1)), "errors")
    assert "9 predicted values" in picture.title


def test_a_picture_that_cannot_be_drawn_is_said(
    opened: Opened, found: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = show(opened, found)
    picture_of(opened, view, "roc")

    def fail(*_: object, **__: object) -> Picture:
        raise ExportError("The scores are gone.", "Somebody deleted them.", "Test again.")

    monkeypatch.setattr(drawing, "draw", fail)
    page = view.results.pictures
    page.kinds.setCurrentIndex(page.kinds.findData("pr"))
    page.kinds.activated.emit(page.kinds.currentIndex())
    opened.until(lambda: "The scores are gone. Somebody deleted them." in page.canvas.accessibleName())
    assert not page.save.isEnabled()
    monkeypatch.undo()
    picture_of(opened, view, "roc")


def test_other_findings_have_their_own_pictures(opened: Opened, found: Evaluation) -> None:
    view = show(opened, found)
    picture_of(opened, view, "scores")
    view.show_findings(findings_of(of_values(np.arange(5.0), np.arange(5.0) + 1)))
    page = view.results.pictures
    assert [page.kinds.itemData(row) for row in range(page.kinds.count())] == ["values", "errors"]
    assert page.canvas.picture is None


def test_what_a_place_showed_is_gone_back_to(opened: Opened, found: Evaluation) -> None:
    view = show(opened, found)
    picture = picture_of(opened, view, "confusion")
    rows = click(opened, view, next(area for area in picture.areas if area.stands == Cell((0,), (0,))))
    # As with corrections that leave the first images out: rows have other places in what is shown now.
    view.results.show_recounted(findings_of(of_classes(true_classes[9:], all_scores[9:], LABELS)))
    lists, results = view.results.lists, view.results
    for text in ("Least certain", "Images behind the picture"):
        lists.setCurrentText(text)
        lists.activated.emit(lists.currentIndex())
    assert results.rows is not None
    assert results.rows.tolist() == rows
    assert results.images.listed is found
    # Other data has none of it.
    view.show_findings(findings_of(of_classes(true_classes[:5], all_scores[:5], LABELS)))
    assert [lists.itemText(row) for row in range(lists.count())][-1] == "Images of a cell or class"
    lists.setCurrentIndex(lists.count() - 1)
    lists.activated.emit(lists.currentIndex())
    assert results.rows.tolist() != rows
    assert results.images.listed is not found


SORTED: dict[str, Callable[[int], float]] = {
    "head": lambda index: index,
    "name": lambda index: ["<b>bold</b>", "Apple", "cat", "n9", "n10", "zebra"].index(LABELS[index]),
    "right": lambda index: float((said_classes[true_classes == index] == index).mean()),
    "count": lambda index: -int((true_classes == index).sum()),
}


@pytest.mark.parametrize("order", SORTED)
def test_classes_of_the_matrix_stand_as_a_person_wants(
    opened: Opened, found: Evaluation, tmp_path: Path, order: str
) -> None:
    view = show(opened, found)
    results = view.results
    choice = results.confusion.order
    choice.setCurrentIndex(choice.findData(order))
    choice.activated.emit(choice.currentIndex())
    results.confusion.rates.click()
    wanted = sorted(range(len(LABELS)), key=SORTED[order])
    said = [results.matrix.describe(row, row) for row in range(len(LABELS))]
    assert [re.findall(r" of (\S+) are", words)[0] for words in said] == [LABELS[index] for index in wanted]
    for row, index in enumerate(wanted):
        assert f"of {int((true_classes == index).sum())} images" in said[row]
    picture = picture_of(opened, view, "confusion")
    assert results.pictures.order.key == order
    assert rows_of(picture.svg) == [LABELS[index] for index in wanted]
    save_by_dialog(opened, view, tmp_path / "matrix.svg")
    svg = (tmp_path / "matrix.svg").read_text("utf-8")
    assert rows_of(svg) == [LABELS[index] for index in wanted]
    assert "Per cent of the true class." in svg


def test_the_order_is_chosen_at_either_place(opened: Opened, found: Evaluation) -> None:
    view = show(opened, found)
    page, results = view.results.pictures, view.results
    picture_of(opened, view, "confusion")
    page.order.setCurrentIndex(page.order.findData("name"))
    page.order.activated.emit(page.order.currentIndex())
    page.rates.click()
    assert results.confusion.order.key == "name"
    assert results.confusion.rates.text() == page.rates.text() == "Show counts"
    assert "Apple" in results.matrix.describe(1, 1)
    opened.until(lambda: page.canvas.picture is not None and rows_of(page.canvas.picture.svg)[1] == "Apple")
    # Bars have an order of their own.
    picture = picture_of(opened, view, "classes")
    assert page.order.key == "f1"
    assert not page.rates.isVisible()
    page.order.setCurrentIndex(page.order.findData("count"))
    page.order.activated.emit(page.order.currentIndex())
    opened.until(lambda: page.canvas.picture is not picture)
    assert page.canvas.picture is not None
    counts = [int(words) for words in re.findall(r">(\d+) images<", page.canvas.picture.svg)]
    assert counts == sorted(np.bincount(true_classes).tolist(), reverse=True)
    assert results.confusion.order.key == "name"


def test_the_curve_of_any_class(opened: Opened, found: Evaluation) -> None:
    view = show(opened, found)
    page = view.results.pictures
    picture = picture_of(opened, view, "roc")
    assert len({area.stands.index for area in picture.areas if isinstance(area.stands, Threshold)}) == 5
    texts = [page.classes.itemText(row) for row in range(page.classes.count())]
    assert texts == ["The worst five", "<b>bold</b>", "Apple", "cat", "n9", "n10", "zebra"]
    page.classes.setCurrentIndex(2)
    page.classes.activated.emit(2)
    opened.until(lambda: page.canvas.picture is not picture)
    assert page.canvas.picture is not None
    points = {area.stands.index for area in page.canvas.picture.areas if isinstance(area.stands, Threshold)}
    assert points == {LABELS.index("Apple")}


def test_a_picture_is_saved_in_each_form(opened: Opened, found: Evaluation, tmp_path: Path) -> None:
    view = show(opened, found)
    picture = picture_of(opened, view, "classes")
    for ending in ("png", "svg", "pdf"):
        save_by_dialog(opened, view, tmp_path / f"bars.{ending}")
    image = QImage(str(tmp_path / "bars.png"))
    assert size(image) == [round(2 * picture.width), round(2 * picture.height)]
    assert corner(image) == "#ffffff"
    assert not image.hasAlphaChannel()
    accent = {image.pixelColor(x, y).name() for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}
    assert LIGHT.accent in accent
    assert round(image.dotsPerMeterX() * 0.0254) == 192
    root = ElementTree.fromstring((tmp_path / "bars.svg").read_text("utf-8"))
    assert str(root.get("font-family")).startswith("system-ui, ")
    words = {node.text for node in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {*LABELS, "Precision", "Recall", "F1"} <= words
    pdf = (tmp_path / "bars.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-")
    # Words are words, with a font, and nothing is made of pixels.
    assert b"/FontFile" in pdf
    assert b"/Subtype /Image" not in pdf
    assert b"/Subtype/Image" not in pdf
    box = re.findall(rb"/MediaBox \[([\d. ]+)\]", pdf)
    assert [float(side) for side in box[0].split()] == pytest.approx(
        [0, 0, picture.width * 0.75, picture.height * 0.75], abs=1
    )
    assert not list(tmp_path.glob("*.part"))


def test_what_cannot_be_saved_is_said(opened: Opened, found: Evaluation, tmp_path: Path) -> None:
    view = show(opened, found)
    picture_of(opened, view, "scores")
    look = view.results.pictures.look
    view.results.pictures.save.click()
    view.findChildren(QFileDialog)[-1].filesSelected.emit([str(tmp_path / "nowhere" / "a.png")])
    opened.until(lambda: "Its folder does not exist" in look.text())
    (tmp_path / "a.jpg").write_text("mine")
    view.results.pictures.save.click()
    view.findChildren(QFileDialog)[-1].filesSelected.emit([str(tmp_path / "a.jpg")])
    opened.until(lambda: ".png, .svg or .pdf" in look.text())
    assert (tmp_path / "a.jpg").read_text() == "mine"
    assert view.results.pictures.canvas.picture is not None


def test_names_that_mean_harm_are_only_names(qtbot: QtBot, tmp_path: Path) -> None:
    del qtbot
    names = ["</text><script>", "a\x00b\x1b[31m\u202egnp\ud800\uffff", "x" * 3000, "خنزير", "& &amp; \"'", "飞机"]
    found = of_classes(true_classes, all_scores, names)
    for kind in drawing.kinds(found):
        picture = drawing.draw(found, kind, LIGHT)
        assert corner(painted(picture, 400, 300)) == LIGHT.window
        for ending in ("pdf", "png"):
            save_picture(tmp_path / f"a.{ending}", picture)
            assert (tmp_path / f"a.{ending}").stat().st_size > 2000


def test_a_thousand_classes_are_drawn_and_painted(qtbot: QtBot, tmp_path: Path) -> None:
    del qtbot
    truth, scores = random_scores(3000, 1000, sure=3)
    picture = drawing.draw(of_classes(truth, scores, [f"c{i}" for i in range(1000)]), "confusion", LIGHT)
    image = painted(picture, 964, 680)
    block = next(a for a in picture.areas if isinstance(a.stands, Cell) and a.stands.true == a.stands.predicted)
    colour = image.pixelColor(round(block.x + 1.5), round(block.y + 1.5))
    assert colour.blue() > colour.red() + 20
    save_picture(tmp_path / "a.pdf", picture)
    assert (tmp_path / "a.pdf").stat().st_size < 1_000_000


def test_the_classes_are_sorted_by_any_column(qtbot: QtBot) -> None:
    # Class 0 is said but never true: it has no recall and no ROC AUC.
    truth = np.asarray([1] * 12 + [2] * 3 + [10] * 5)
    scores = np.full((20, 11), 0.01, np.float32)
    said = np.asarray([1] * 9 + [0] * 3 + [2] * 2 + [1] + [10] * 5)
    scores[np.arange(20), said] = 0.9
    found = of_classes(truth, scores, [f"class {index}" for index in range(11)])
    holder = QWidget()
    qtbot.addWidget(holder)
    view = classes_table(holder)
    show_classes(view, found.measures, found.labels)
    view.resize(600, 300)
    holder.show()
    recall = {"class 1": 9 / 12, "class 2": 2 / 3, "class 10": 1.0}
    for column, wanted in (
        (0, ["class 0", "class 1", "class 2", "class 10"]),
        (1, ["class 0", "class 2", "class 10", "class 1"]),
        (2, [*sorted(recall, key=lambda name: recall[name]), "class 0"]),
    ):
        header = view.horizontalHeader()
        place = QPoint(header.sectionViewportPosition(column) + 20, header.height() // 2)
        for last in (False, True):
            QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
            undefined = [name for name in wanted if name == "class 0" and column == 2]
            known = [name for name in wanted if name not in undefined]
            assert names(view) == [*(reversed(known) if last else known), *undefined]
        QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert names(view) == ["class 0", "class 1", "class 2", "class 10"]
    view.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    chosen: list[int] = []
    view.chosen.connect(chosen.append)
    view.setCurrentIndex(view.model().index(1, 0))
    view.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    # What a person stands on stays what it is.
    assert view.currentIndex().row() == 0
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(view.model().index(3, 0)).center())
    assert chosen == [0]
    assert math.isnan(found.measures.classes[0].recall or math.nan)


def move(canvas: PictureCanvas, place: QPoint) -> None:
    here, none = QPointF(place), Qt.MouseButton.NoButton
    there = QPointF(canvas.viewport().mapToGlobal(place))
    event = QMouseEvent(QEvent.Type.MouseMove, here, there, none, none, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(canvas.viewport(), event)


def test_every_tab_can_be_read_in_a_narrow_window(opened: Opened, found: Evaluation) -> None:
    view = show(opened, found)
    lines: list[int] = []
    for width in (1400, 720):
        view.resize(width, 560)
        opened.until(lambda width=width: view.width() == width)
        tabs = [made for made in view.results.tabs.findChildren(QPushButton) if made.property("kind") == "tab"]
        shown = [made for made in tabs if made.isVisible()]
        assert [made.text() for made in shown][:2] == ["Confusion", "Mistakes"]
        for made in shown:
            assert made.width() >= made.sizeHint().width()
            assert made.visibleRegion().boundingRect() == made.rect()
        lines.append(len({made.y() for made in shown}))
    assert lines == [1, 2]


def names(view: FiguresView) -> list[str]:
    return [str(view.model().index(row, 0).data()) for row in range(view.model().rowCount())]


def rows_of(svg: str) -> list[str]:
    """The names beside a matrix, from its top."""
    root = ElementTree.fromstring(svg)
    beside = [node for node in root.iter("{http://www.w3.org/2000/svg}text") if node.get("text-anchor") == "end"]
    return [node.text or "" for node in beside if node.text in LABELS]


def save_by_dialog(opened: Opened, view: EvaluationWindow, path: Path) -> None:
    view.results.pictures.save.click()
    view.findChildren(QFileDialog)[-1].filesSelected.emit([str(path)])
    opened.until(lambda: str(path) in view.results.pictures.look.text())


def size(image: QImage) -> list[int]:
    return [image.width(), image.height()]


def corner(image: QImage | None) -> str:
    return "" if image is None else image.pixelColor(1, 1).name()
