"""The measures of an evaluation as two quiet tables: of the whole, and of each class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from core.measures.words import metric
from core.showing import isolated
from gui.evaluation import metric_words
from gui.evaluation.list_words import fit
from gui.widgets import theme, wording
from gui.widgets.quiet_table import make_quiet
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from core.measures import Measures

Index = QModelIndex | QPersistentModelIndex
Cell = tuple[str, float]
"""What is shown, and what it is sorted by; NaN for what is undefined."""
Row = tuple[int, str, str, tuple[Cell, ...]]
"""Key, name, tooltip and numbers."""

_MOST_MIXUPS = 500
_KEY_ROLE = int(Qt.ItemDataRole.UserRole)
_NUMBER = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class FiguresModel(QAbstractTableModel):
    """Rows of one name and several numbers."""

    def __init__(self, titles: Sequence[str], parent: QWidget) -> None:
        super().__init__(parent)
        self._titles = tuple(titles)
        self._given: list[Row] = []
        self._rows: list[Row] = []
        self._sorting = -1, Qt.SortOrder.AscendingOrder
        self._are_rows = False

    def show_rows(self, rows: list[Row], are_rows: bool = False) -> None:
        """Args:
        rows: as they stand until a person sorts them.
        are_rows: whether what is counted are rows of numbers, not images.
        """
        self.beginResetModel()
        self._given, self._are_rows = rows, are_rows
        self._rows = self._in_order()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By a column, what is undefined last either way; as they were given where the column is negative."""
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        chosen = [self._rows[index.row()][0] for index in before]
        self._sorting = column, order
        self._rows = self._in_order()
        places = {row[0]: place for place, row in enumerate(self._rows)}
        after = [self.index(places[key], index.column()) for key, index in zip(chosen, before, strict=True)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _in_order(self) -> list[Row]:
        column, order = self._sorting
        falling = order is Qt.SortOrder.DescendingOrder
        if column < 0:
            return list(self._given)
        if column == 0:
            from core.plots import name_key

            return sorted(self._given, key=lambda row: name_key(row[1]), reverse=falling)

        def key(row: Row) -> tuple[bool, float]:
            value = row[3][column - 1][1]
            return math.isnan(value), 0.0 if math.isnan(value) else -value if falling else value

        return sorted(self._given, key=key)

    def rowCount(self, parent: Index | None = None) -> int:
        """As they were given."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        """See the titles."""
        return 0 if parent is not None and parent.isValid() else len(self._titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Titles above, nothing beside."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole and section:
            return _NUMBER
        return fit(self._titles[section], self._are_rows) if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell."""
        key, name, meaning, cells = self._rows[index.row()]
        column = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return cells[column - 1][0] if column else name
        if role == _KEY_ROLE:
            return key
        if role == Qt.ItemDataRole.ToolTipRole:
            return meaning or None
        if role == Qt.ItemDataRole.TextAlignmentRole and column:
            return _NUMBER
        return None


class FiguresView(QTableView):
    """A table of figures.

    Signals:
        chosen: the key of the row that a person chose.
        cell_chosen: the same, and the column.
    """

    chosen = Signal(int)
    cell_chosen = Signal(int, int)

    def __init__(self, titles: Sequence[str], name: str, parent: QWidget, sortable: bool = False) -> None:
        super().__init__(parent)
        self.figures = FiguresModel(titles, self)
        self.setModel(self.figures)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = make_quiet(self, round(3.5 * UNIT))
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setResizeContentsPrecision(50)
        header.setMinimumSectionSize(8 * UNIT)
        self.setSortingEnabled(sortable)
        if sortable:
            header.setSortIndicatorClearable(True)
            self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.clicked.connect(self._choose)
        self.activated.connect(self._choose)
        theme.name(self, name)

    def sizeHintForColumn(self, column: int) -> int:
        """With some air between the numbers."""
        return super().sizeHintForColumn(column) + UNIT

    def _choose(self, index: QModelIndex) -> None:
        key = int(index.data(_KEY_ROLE))
        self.chosen.emit(key)
        self.cell_chosen.emit(key, index.column())


def measures_table(parent: QWidget) -> FiguresView:
    """Of the whole."""
    return FiguresView(("Measure", "Value", "95 % interval"), "Measures", parent)


def show_measures(view: FiguresView, measures: Measures, are_rows: bool = False) -> None:
    """Fill the table of the whole."""
    rows: list[Row] = []
    for place, (name, value) in enumerate(measures.values.items()):
        words = metric(name)
        cells = (metric_words.in_table(name, value), value or 0.0), (metric_words.between(name, measures), 0.0)
        rows.append((place, words.title, fit(words.meaning, are_rows), cells))
    view.figures.show_rows(rows, are_rows)


def classes_table(parent: QWidget) -> FiguresView:
    """Of each class."""
    titles = ("Class", "Images", "Recall", "Precision", "F1", "ROC AUC")
    return FiguresView(titles, "Measures of each class", parent, sortable=True)


def show_classes(view: FiguresView, measures: Measures, names: Sequence[str], are_rows: bool = False) -> None:
    """Fill the table of the classes that occur."""
    rows: list[Row] = []
    for one in measures.classes:
        if not (one.count or one.predicted):
            continue
        name = names[one.index]
        recall = "" if one.recall is None else f"{wording.percent(one.recall)} of its images are found. "
        meaning = f"{name}: {recall}{wording.percent(one.precision)} of {one.predicted:,} answers for it are right."
        cells = (
            (f"{one.count:,}", float(one.count)),
            share(one.recall),
            share(one.precision),
            share(one.f1),
            (wording.DASH, math.nan) if one.roc_auc is None else (f"{one.roc_auc:.3f}", one.roc_auc),
        )
        rows.append((one.index, name, meaning, cells))
    view.figures.show_rows(rows, are_rows)


def mixups_table(parent: QWidget) -> FiguresView:
    """Of the classes that are taken for others."""
    return FiguresView(
        ("Is, and is taken for", "Images", "Of its class"), "Most frequent mistakes", parent, sortable=True
    )


def show_mixups(
    view: FiguresView, measures: Measures, names: Sequence[str], are_rows: bool = False
) -> list[tuple[int, int]]:
    """Fill the table of mistakes, the most frequent first; the classes of each row by its key."""
    counts = measures.confusion
    totals = counts.sum(axis=1)
    true, said = (places.tolist() for places in counts.nonzero())
    found = [(int(counts[i, j]), i, j) for i, j in zip(true, said, strict=True) if i != j]
    found.sort(key=lambda each: -each[0])
    rows: list[Row] = []
    for place, (count, i, j) in enumerate(found[:_MOST_MIXUPS]):
        name = f"{isolated(names[i])} → {isolated(names[j])}"
        rows.append((place, name, name, ((f"{count:,}", float(count)), share(count / int(totals[i])))))
    view.figures.show_rows(rows, are_rows)
    return [(i, j) for _, i, j in found[:_MOST_MIXUPS]]


def share(value: float | None) -> Cell:
    """A share as a cell; a dash where there is none."""
    return (wording.DASH, math.nan) if value is None else (wording.percent(value), value)
