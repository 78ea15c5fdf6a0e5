"""The confusion matrix: rows are what images are, columns what the model takes them for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from core.showing import counted, isolated
from gui.evaluation.zoomed import Zoomed
from gui.widgets import theme, wording
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from core.measures.library import Indices

_SIZES = (2, 3, 4, 6, 8, 11, 16, 22, 30, 40, 54, 72)
"""Sides of a cell in pixels, from a thousand classes to ten."""

_FEWEST, _LEGIBLE = 11, 30
_SHADES = 48
_LONGEST = 14 * UNIT
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_CENTRED = Qt.AlignmentFlag.AlignCenter
_BOTTOM = Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight


class ConfusionView(Zoomed):
    """A matrix that is read at ten classes and found one's way in at a thousand.

    A cell's colour is its share of its row: the accent where the model is right, the errors' colour where it is not.

    Attributes:
        row, column: the cell that the keyboard is at.

    Signals:
        chosen: true and predicted class, as indices of the head; -1 stands for all.
        looked: a sentence about the cell that is looked at.
    """

    chosen = Signal(int, int)
    looked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._classes: list[int] = []
        self._confusion: Indices | None = None
        self._counts: Indices | None = None
        self._totals: list[int] = []
        self._rates = False
        self._cell = 0
        self._fitted = True
        self._head = (0, 0)
        self._image: QImage | None = None
        self._shades: dict[tuple[bool, int, bool], QColor] = {}
        self.row = self.column = 0
        self._looked_at = False
        theme.name(self, "Confusion matrix", "Arrow keys move between the cells, Enter shows a cell's images.")

    def show_matrix(self, confusion: Indices, names: Sequence[str]) -> None:
        """Show the classes that occur.

        Args:
            confusion: (classes, classes), rows true, columns predicted, in head order.
            names: of the classes, in head order.
        """
        occurs = (confusion.sum(axis=0) + confusion.sum(axis=1)).nonzero()[0]
        self._names = tuple(names)
        self._confusion = confusion
        self._arrange([int(index) for index in occurs])
        self.row = self.column = 0
        self._fitted, self._looked_at = True, False
        self._fit()

    def show_order(self, classes: Sequence[int]) -> None:
        """Let the classes stand in another order, and look at its start; the cell that a person is at stays theirs.

        Args:
            classes: those that occur, as indices of the head.
        """
        at = [self._classes[place] for place in (self.row, self.column)] if self._looked_at else []
        self._arrange(list(classes))
        self.row, self.column = map(self._classes.index, at) if at else (0, 0)
        self._fit()
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.setValue(0)

    def show_rates(self, on: bool) -> None:
        """Shares of the row in place of counts."""
        self._rates = on
        self.viewport().update()

    def zoom(self, by: int) -> None:
        """So many steps larger; negative for smaller."""
        self._fitted = False
        step = _SIZES.index(self._cell) if self._cell in _SIZES else 0
        self._resize_cells(_SIZES[max(0, min(step + by, len(_SIZES) - 1))])
        self._show_cell()

    def fit(self) -> None:
        """As large as there is room."""
        self._fitted = True
        self._fit()

    def describe(self, row: int, column: int) -> str:
        """A cell in one sentence."""
        count, total = self._count(row, column), self._totals[row]
        true, said = (isolated(self._names[self._classes[place]]) for place in (row, column))
        some = f"{count:,} of {counted(total, 'image')} of {true} {'is' if total == 1 else 'are'}"
        words = f"{some} recognised" if row == column else f"{some} taken for {said}"
        return f"{words} ({wording.percent(count / total)})." if total else f"There are no images of {true}."

    def _arrange(self, classes: list[int]) -> None:
        assert self._confusion is not None
        self._classes = classes
        self._counts = self._confusion[classes][:, classes]
        self._totals = [int(total) for total in self._counts.sum(axis=1)]
        self._image = None

    def _count(self, row: int, column: int) -> int:
        return int(self._counts[row, column]) if self._counts is not None else 0

    def _fit(self) -> None:
        if not self._classes:
            return
        metrics = QFontMetrics(theme.small(self.font()))
        longest = min(_LONGEST, max(metrics.horizontalAdvance(self._names[i]) for i in self._classes[:200]) + UNIT)
        longest = max(longest, metrics.horizontalAdvance("said →") + 2 * UNIT)
        self._head = (longest, longest)
        if self._fitted:
            room = min(self.viewport().width(), self.viewport().height()) - longest - 2
            fitting = [size for size in _SIZES if size * len(self._classes) <= room]
            self._cell = fitting[-1] if fitting else _SIZES[0]
            if len(self._classes) <= 24:
                # The room is used to the last pixel where names and numbers are to be read.
                self._cell = max(_LEGIBLE - 6, min(72, room // max(1, len(self._classes))))
        self._resize_cells(self._cell)

    def _resize_cells(self, cell: int) -> None:
        self._cell = cell
        whole = cell * len(self._classes)
        for bar, room, head in (
            (self.horizontalScrollBar(), self.viewport().width(), self._head[0]),
            (self.verticalScrollBar(), self.viewport().height(), self._head[1]),
        ):
            bar.setRange(0, max(0, whole - (room - head)))
            bar.setPageStep(max(1, room - head))
            bar.setSingleStep(max(cell, 2 * UNIT))
        self.viewport().update()

    def _origin(self) -> QPoint:
        return QPoint(
            self._head[0] - self.horizontalScrollBar().value(), self._head[1] - self.verticalScrollBar().value()
        )

    def _place(self, point: QPoint) -> tuple[int, int]:
        """Row and column at a place; -1 in the heads; -2 beyond."""
        inside = point - self._origin()
        found: list[int] = []
        for at, value, head in ((point.y(), inside.y(), self._head[1]), (point.x(), inside.x(), self._head[0])):
            place = -1 if at < head else value // self._cell
            found.append(place if place < len(self._classes) else -2)
        return found[0], found[1]

    def _area(self, row: int, column: int) -> QRect:
        corner = self._origin()
        return QRect(corner.x() + column * self._cell, corner.y() + row * self._cell, self._cell, self._cell)

    def _show_cell(self) -> None:
        """Bring the cell that the keyboard is at into sight."""
        self.bring_into_sight(QRectF(self._area(self.row, self.column)), QPoint(*self._head))
        self.viewport().update()
        words = self.describe(self.row, self.column)
        self.setAccessibleDescription(f"{words} Enter shows these images.")
        self.looked.emit(words)

    # Painting.

    def _colour(self, row: int, column: int) -> QColor:
        count = self._count(row, column)
        # The root lifts what is rare: one mistake among a hundred is to be seen.
        share = (count / self._totals[row]) ** 0.5 if count else 0.0
        return self._shade(row == column, round(_SHADES * share), bool(count))

    def _shade(self, right: bool, step: int, there: bool) -> QColor:
        found = self._shades.get((right, step, there))
        if found is None:
            roles = theme.HOVER, theme.ACCENT if right else theme.ERROR
            behind, full = (self.palette().color(role) for role in roles)
            alpha = 0.12 + 0.88 * step / _SHADES if there else 0.0
            pairs = ((behind.red(), full.red()), (behind.green(), full.green()), (behind.blue(), full.blue()))
            found = self._shades[right, step, there] = QColor(*(round(b * (1 - alpha) + f * alpha) for b, f in pairs))
        return found

    def _whole(self) -> QImage:
        """All cells, a pixel each."""
        if self._image is None:
            count = len(self._classes)
            image = QImage(count, count, QImage.Format.Format_RGB32)
            image.fill(self.palette().color(theme.HOVER))
            if self._counts is not None:
                # As many colours as there are shades, and each cell's found at once: there may be a million cells.
                pixels = np.ndarray((count, image.bytesPerLine() // 4), np.uint32, image.bits())
                rows, columns = self._counts.nonzero()
                totals = np.asarray(self._totals, np.float64)
                steps = np.rint(_SHADES * np.sqrt(self._counts[rows, columns] / totals[rows])).astype(np.int64)
                for right in (True, False):
                    shades = np.asarray(
                        [self._shade(right, step, True).rgb() for step in range(_SHADES + 1)], np.uint32
                    )
                    inside = (rows == columns) == right
                    pixels[rows[inside], columns[inside]] = shades[steps[inside]]
            self._image = image
        return self._image

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The cells in sight, then the names."""
        if not self._classes:
            return
        painter = QPainter(self.viewport())
        corner, count, left, top = self._origin(), len(self._classes), *self._head
        first_row, first_column = ((head - at) // self._cell for head, at in ((top, corner.y()), (left, corner.x())))
        rows = range(max(0, first_row), min(count, first_row + self.viewport().height() // self._cell + 2))
        columns = range(max(0, first_column), min(count, first_column + self.viewport().width() // self._cell + 2))
        painter.save()
        painter.setClipRect(QRect(left, top, self.viewport().width(), self.viewport().height()))
        painter.drawImage(QRect(corner.x(), corner.y(), count * self._cell, count * self._cell), self._whole())
        if self._cell >= _FEWEST:
            self._paint_cells(painter, rows, columns)
        self._paint_current(painter)
        painter.restore()
        self._paint_names(painter, rows, columns)

    def _paint_cells(self, painter: QPainter, rows: range, columns: range) -> None:
        gap = QPen(self.palette().color(self.palette().ColorRole.Window), 2 if self._cell >= _LEGIBLE else 1)
        painter.setFont(theme.small(self.font()))
        metrics = painter.fontMetrics()
        legible = self._cell >= _LEGIBLE - 6
        for row in rows:
            for column in columns:
                area = self._area(row, column)
                painter.setPen(gap)
                painter.drawRect(area)
                number = self._count(row, column)
                if not (legible and number):
                    continue
                text = f"{number:,}"
                if self._rates:
                    share = 100 * number / self._totals[row]
                    text = f"{share:.0f}" if share >= 1 else "<1"
                if metrics.horizontalAdvance(text) <= area.width() - 2:
                    painter.setPen(_on(self._colour(row, column)))
                    painter.drawText(area, _CENTRED, text)

    def _paint_current(self, painter: QPainter) -> None:
        area = self._area(self.row, self.column)
        colour = self.palette().color(self.palette().ColorRole.Text)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour if self.hasFocus() else theme.with_alpha(colour, 0.45), 2))
        painter.drawRect(area.adjusted(0, 0, 0, 0))

    def _paint_names(self, painter: QPainter, rows: range, columns: range) -> None:
        painter.setFont(theme.small(self.font()))
        metrics, (left, top) = painter.fontMetrics(), self._head
        # Where cells are smaller than letters, each so many-th class has its name.
        every = max(1, -(-metrics.height() // self._cell))
        for row in rows:
            if row % every and row != self.row:
                continue
            area = self._area(row, 0)
            centre = area.center().y()
            if every > 1 and row != self.row and abs(row - self.row) < every:
                continue
            self._paint_name(
                painter, QRect(0, centre - metrics.height() // 2, left - UNIT, metrics.height()), row, True
            )
        painter.rotate(-90)
        for column in columns:
            if every > 1 and column != self.column and (column % every or abs(column - self.column) < every):
                continue
            centre = self._area(0, column).center().x()
            area = QRect(-top + UNIT, centre - metrics.height() // 2, top - UNIT, metrics.height())
            self._paint_name(painter, area, column, False)
        painter.resetTransform()
        painter.setPen(self.palette().color(theme.MUTED))
        painter.drawText(QRect(0, 0, left - UNIT, top - UNIT // 2), _BOTTOM, "is ↓")
        painter.drawText(QRect(0, 0, left - UNIT, top - UNIT // 2 - metrics.height()), _BOTTOM, "said →")

    def _paint_name(self, painter: QPainter, area: QRect, place: int, is_row: bool) -> None:
        current = place == (self.row if is_row else self.column)
        painter.setPen(self.palette().color(self.palette().ColorRole.Text if current else theme.MUTED))
        name = self._names[self._classes[place]]
        shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, area.width())
        painter.drawText(area, _RIGHT if is_row else _LEFT, shown)

    # What a person does.

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More or less room."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Other colours."""
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._image = None
            self._shades.clear()
        super().changeEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """What lies under the mouse."""
        if event.type() == QEvent.Type.Leave and self._classes:
            self.looked.emit(self.describe(self.row, self.column))
        return super().viewportEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what a cell is."""
        if not self._classes:
            return
        row, column = self._place(event.position().toPoint())
        if row >= 0 and column >= 0:
            self.looked.emit(self.describe(row, column))
        elif max(row, column) >= 0 and min(row, column) == -1:
            QToolTip.showText(event.globalPosition().toPoint(), self._names[self._classes[max(row, column)]], self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a cell, or by its name a whole row or column."""
        if not self._classes or event.button() is not Qt.MouseButton.LeftButton:
            return
        row, column = self._place(event.position().toPoint())
        if -2 in (row, column) or row == column == -1:
            return
        self.row, self.column = (row if row >= 0 else self.row), (column if column >= 0 else self.column)
        self._show_cell()
        self._choose(row, column)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move, Enter chooses, plus and minus zoom."""
        last, page = len(self._classes) - 1, max(1, self.viewport().height() // max(1, self._cell) - 2)
        if last < 0:
            return
        steps = {
            Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0),
            Qt.Key.Key_PageUp: (-page, 0), Qt.Key.Key_PageDown: (page, 0),
            Qt.Key.Key_Home: (0, -last), Qt.Key.Key_End: (0, last),
        }  # fmt: skip
        key = Qt.Key(event.key())
        if key in steps:
            down, right = steps[key]
            self.row, self.column = max(0, min(self.row + down, last)), max(0, min(self.column + right, last))
            self._looked_at = True
            self._show_cell()
        else:
            super().keyPressEvent(event)

    def choose_current(self) -> None:
        """Show the images of the cell that the keyboard is at."""
        self._choose(self.row, self.column)

    def _choose(self, row: int, column: int) -> None:
        self._looked_at = True
        true, predicted = (self._classes[place] if place >= 0 else -1 for place in (row, column))
        self.chosen.emit(true, predicted)


def _on(behind: QColor) -> QColor:
    """Black or white, whichever stands out more (WCAG 2's relative luminance)."""
    light = behind.redF(), behind.greenF(), behind.blueF()
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in light]
    luminance = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    return QColor("#ffffff" if luminance < 0.179 else "#000000")
