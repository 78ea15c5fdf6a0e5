"""A row of numbers in the place of a photo: what goes into the network, number by number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QLabel, QTableView, QVBoxLayout, QWidget

from gui.widgets import row_chart, theme
from gui.widgets.quiet_table import make_quiet
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from core.arrays.contents import Row

Index = QModelIndex | QPersistentModelIndex

_CHART = 14 * UNIT


class RowChart(QWidget):
    """The numbers as bars from a line at zero; so many that they do not fit are drawn as their range."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._values: tuple[float, ...] = ()
        self.setFixedHeight(_CHART)

    def show_values(self, values: tuple[float, ...]) -> None:
        """Show other numbers."""
        self._values = values
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(40 * UNIT, _CHART)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Bars in the accent colour, a hairline at zero."""
        if not self._values:
            return
        row_chart.draw(QPainter(self), QRectF(self.rect()), self._values, self.palette())


class RowModel(QAbstractTableModel):
    """Number, name of the column where it has one, value."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._values: tuple[float, ...] = ()
        self._names: tuple[str, ...] = ()

    def show_row(self, values: tuple[float, ...], names: tuple[str, ...]) -> None:
        """Show other numbers."""
        self.beginResetModel()
        self._values, self._names = values, names
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        """One a number."""
        return 0 if parent is not None and parent.isValid() else len(self._values)

    def columnCount(self, parent: Index | None = None) -> int:
        """What it is called, and its value."""
        return 0 if parent is not None and parent.isValid() else 2

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Titles above, nothing beside."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return ("Column" if self._names else "Number", "Value")[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(section)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell."""
        row = index.row()
        if role == Qt.ItemDataRole.DisplayRole:
            named = self._names[row] if row < len(self._names) else ""
            return f"{self._values[row]:.6g}" if index.column() else named or str(row + 1)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(index.column())
        return None


class RowView(QWidget):
    """One row of numbers: a small chart, and the numbers below it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._title = QLabel(self)
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setFont(theme.scaled(self.font(), 1.2, QFont.Weight.DemiBold))
        self._note = QLabel(self, wordWrap=True)
        self._note.setTextFormat(Qt.TextFormat.PlainText)
        self._note.setForegroundRole(theme.MUTED)
        self.chart = RowChart(self)
        self.model = RowModel(self)
        self.table = QTableView(self)
        self.table.setModel(self.model)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setMaximumWidth(56 * UNIT)
        header = make_quiet(self.table, 3 * UNIT)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.setColumnWidth(1, 16 * UNIT)
        theme.name(self.table, "The numbers of this row")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, UNIT, 0, 0)
        column.setSpacing(UNIT)
        for widget in (self._title, self._note, self.chart, self.table):
            column.addWidget(widget)

    @property
    def note(self) -> str:
        """What was left out of the file's row; empty where nothing was."""
        return self._note.text()

    def show_row(self, row: Row, name: str) -> None:
        """Show a row.

        Args:
            row: its numbers, as they go into the network.
            name: for assistive technology.
        """
        values: tuple[float, ...] = tuple(row.values.tolist())
        count = len(values)
        self._title.setText(f"{count:,} numbers, as they go in" if count != 1 else "1 number, as it goes in")
        self._note.setText(row.note)
        self._note.setVisible(bool(row.note))
        self.chart.show_values(values)
        self.model.show_row(values, row.names)
        theme.name(self, f"Row: {name}")


def _side(column: int) -> Qt.AlignmentFlag:
    """Names stand at the left, values at the right."""
    side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
