"""The row of photos below the large one, each with its answer, its progress or its error."""

from __future__ import annotations

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QRegion, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QWidget

from gui.photos.filmstrip_cell import WIDTH, CellPainter, Marks
from gui.photos.results_model import ResultsModel
from gui.widgets import theme

Index = QModelIndex | QPersistentModelIndex
_Action = QAbstractItemView.CursorAction
_Hint = QAbstractItemView.ScrollHint
_BAR = 12


class Filmstrip(QAbstractItemView):
    """All photos, side by side.

    All cells are alike, so each place is a multiplication: nothing here takes longer with more photos.
    (A ``QListView`` lays out all its rows again whenever one of them changes.)

    Signals:
        chosen: the row that a person moved to.
        removal_asked: rows to take away.
        menu_asked: a place on the screen.
    """

    chosen = Signal(int)
    removal_asked = Signal(object)
    menu_asked = Signal(QPoint)

    def __init__(self, model: ResultsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._results = model
        self._cells = CellPainter(self.font())
        self.setModel(model)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setFrameShape(QAbstractItemView.Shape.NoFrame)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._ask_menu)
        self.setFixedHeight(self._cells.height + _BAR)
        theme.name(self, "Photos", "Left and right move between the photos; Delete takes the selected ones away.")
        self.selectionModel().currentChanged.connect(self._choose)
        # Hidden while there is nothing to choose between.
        model.rowsInserted.connect(self._show_when_useful)
        model.rowsRemoved.connect(self._show_when_useful)
        model.modelReset.connect(self._show_when_useful)
        self._show_when_useful()

    def go_to(self, row: int) -> None:
        """Make a photo the current one."""
        index = self._results.index(row, 0)
        if index.isValid() and index != self.currentIndex():
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if index.isValid():
            self.scrollTo(index)

    def selected_rows(self) -> list[int]:
        """The rows that a person marked, the current one at least."""
        rows = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        return rows or ([self.currentIndex().row()] if self.currentIndex().isValid() else [])

    # What every view must know: where its rows are.

    def horizontalOffset(self) -> int:
        """How far the strip is scrolled, in pixels."""
        return self.horizontalScrollBar().value()

    def verticalOffset(self) -> int:
        """It never is, downwards."""
        return 0

    def visualRect(self, index: Index) -> QRect:
        """The place of a photo in the viewport."""
        if not index.isValid():
            return QRect()
        return QRect(index.row() * WIDTH - self.horizontalOffset(), 0, WIDTH, self._cells.height)

    def indexAt(self, point: QPoint) -> QModelIndex:
        """The photo at a place of the viewport."""
        if not 0 <= point.y() < self._cells.height:
            return QModelIndex()
        return self._results.index((point.x() + self.horizontalOffset()) // WIDTH, 0)

    def isIndexHidden(self, _index: Index) -> bool:
        """No photo is."""
        return False

    def scrollTo(self, index: Index, hint: QAbstractItemView.ScrollHint = _Hint.EnsureVisible) -> None:
        """Bring a photo into sight, with a part of its neighbour where there is one."""
        self.updateGeometries()
        bar, place, margin = self.horizontalScrollBar(), self.visualRect(index), WIDTH // 3
        if hint is _Hint.PositionAtCenter:
            bar.setValue(bar.value() + place.center().x() - self.viewport().width() // 2)
        elif place.left() < 0:
            bar.setValue(bar.value() + place.left() - margin)
        elif place.right() > self.viewport().width():
            bar.setValue(bar.value() + place.right() + margin - self.viewport().width())

    def moveCursor(self, action: QAbstractItemView.CursorAction, _modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """Where the keyboard leads."""
        last = self._results.rowCount() - 1
        page = max(1, self.viewport().width() // WIDTH)
        row = self.currentIndex().row()
        ways = {
            _Action.MoveLeft: row - 1,
            _Action.MoveUp: row - 1,
            _Action.MovePrevious: row - 1,
            _Action.MoveRight: row + 1,
            _Action.MoveDown: row + 1,
            _Action.MoveNext: row + 1,
            _Action.MoveHome: 0,
            _Action.MoveEnd: last,
            _Action.MovePageUp: row - page,
            _Action.MovePageDown: row + page,
        }
        return self._results.index(max(0, min(ways[action], last)), 0)

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        """Mark the photos that a rectangle touches."""
        last = self._results.rowCount() - 1
        ends = sorted((rect.left() + self.horizontalOffset(), rect.right() + self.horizontalOffset()))
        first, final = (max(0, min(end // WIDTH, last)) for end in ends)
        if last >= 0:
            chosen = QItemSelection(self._results.index(first, 0), self._results.index(final, 0))
            self.selectionModel().select(chosen, command)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        """What to paint anew when marks change."""
        region = QRegion()
        for part in selection.toList():
            left, right = self.visualRect(part.topLeft()), self.visualRect(part.bottomRight())
            region += left.united(right)
        return region & self.viewport().rect()

    def updateGeometries(self) -> None:
        """Fit the scroll bar to the photos."""
        width, bar = self.viewport().width(), self.horizontalScrollBar()
        bar.setRange(0, max(0, self._results.rowCount() * WIDTH - width))
        bar.setPageStep(width)
        bar.setSingleStep(WIDTH // 2)
        super().updateGeometries()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More or fewer photos are in sight."""
        super().resizeEvent(event)
        self.updateGeometries()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The photos in sight, and no others."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        offset, selection, current = self.horizontalOffset(), self.selectionModel(), self.currentIndex().row()
        first = (event.rect().left() + offset) // WIDTH
        last = (event.rect().right() + offset) // WIDTH
        for row in range(max(0, first), last + 1):
            entry = self._results.entry(row)
            if entry is None:
                break
            chosen = selection.isSelected(self._results.index(row, 0))
            marks = Marks(row == current, chosen, self.hasFocus())
            self._cells.paint(painter, QPoint(row * WIDTH - offset, 0), entry, marks, self.palette())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete takes away; all else moves."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removal_asked.emit(self.selected_rows())
            return
        super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """A wheel that only turns up and down moves the strip sideways."""
        turned = event.angleDelta()
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - (turned.x() or turned.y()))
        event.accept()

    def _ask_menu(self, place: QPoint) -> None:
        self.menu_asked.emit(self.mapToGlobal(place))

    def _choose(self, index: QModelIndex) -> None:
        self.chosen.emit(index.row())

    def _show_when_useful(self) -> None:
        self.setVisible(self._results.rowCount() > 1)
