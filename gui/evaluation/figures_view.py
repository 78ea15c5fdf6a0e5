"""The measures of an evaluation as two quiet tables: of the whole, and of each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from core.measures.words import metric
from core.showing import isolated
from gui.evaluation import metric_words
from gui.widgets import theme, wording
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from core.measures import Measures

Index = QModelIndex | QPersistentModelIndex
Cell = tuple[str, float]
"""What is shown, and what it is sorted by."""

_MOST_MIXUPS = 500
_SORT_ROLE = int(Qt.ItemDataRole.UserRole)
_KEY_ROLE = _SORT_ROLE + 1
_NUMBER = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class FiguresModel(QAbstractTableModel):
    """Rows of one name and several numbers."""

    def __init__(self, titles: Sequence[str], parent: QWidget) -> None:
        super().__init__(parent)
        self._titles = tuple(titles)
        self._rows: list[tuple[int, str, str, tuple[Cell, ...]]] = []

    def show_rows(self, rows: list[tuple[int, str, str, tuple[Cell, ...]]]) -> None:
        """Args: rows: key, name, tooltip and numbers of each."""
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

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
        return self._titles[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell."""
        key, name, meaning, cells = self._rows[index.row()]
        column = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return cells[column - 1][0] if column else name
        if role == _SORT_ROLE:
            return cells[column - 1][1] if column else name.casefold()
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
    """

    chosen = Signal(int)

    def __init__(self, titles: Sequence[str], name: str, parent: QWidget, sortable: bool = False) -> None:
        super().__init__(parent)
        self.figures = FiguresModel(titles, self)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self.figures)
        self._sorted.setSortRole(_SORT_ROLE)
        self.setModel(self._sorted)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(round(3.5 * UNIT))
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setResizeContentsPrecision(50)
        header.setMinimumSectionSize(8 * UNIT)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
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
        self.chosen.emit(int(index.data(_KEY_ROLE)))


def measures_table(parent: QWidget) -> FiguresView:
    """Of the whole."""
    return FiguresView(("Measure", "Value", "95 % interval"), "Measures", parent)


def show_measures(view: FiguresView, measures: Measures) -> None:
    """Fill the table of the whole."""
    rows: list[tuple[int, str, str, tuple[Cell, ...]]] = []
    for place, (name, value) in enumerate(measures.values.items()):
        words = metric(name)
        cells = (metric_words.shown(name, value), value or 0.0), (metric_words.between(name, measures), 0.0)
        rows.append((place, words.title, words.meaning, cells))
    view.figures.show_rows(rows)


def classes_table(parent: QWidget) -> FiguresView:
    """Of each class."""
    titles = ("Class", "Images", "Recall", "Precision", "F1", "ROC AUC")
    return FiguresView(titles, "Measures of each class", parent, sortable=True)


def show_classes(view: FiguresView, measures: Measures, names: Sequence[str]) -> None:
    """Fill the table of the classes that occur."""
    rows: list[tuple[int, str, str, tuple[Cell, ...]]] = []
    for one in measures.classes:
        if not (one.count or one.predicted):
            continue
        name = names[one.index]
        recall = "" if one.recall is None else f"{wording.percent(one.recall)} of its images are found. "
        meaning = f"{name}: {recall}{wording.percent(one.precision)} of {one.predicted:,} answers for it are right."
        cells = (
            (f"{one.count:,}", float(one.count)),
            _share(one.recall),
            _share(one.precision),
            _share(one.f1),
            (wording.DASH, -1.0) if one.roc_auc is None else (f"{one.roc_auc:.3f}", one.roc_auc),
        )
        rows.append((one.index, name, meaning, cells))
    view.figures.show_rows(rows)


def mixups_table(parent: QWidget) -> FiguresView:
    """Of the classes that are taken for others."""
    return FiguresView(
        ("Is, and is taken for", "Images", "Of its class"), "Most frequent mistakes", parent, sortable=True
    )


def show_mixups(view: FiguresView, measures: Measures, names: Sequence[str]) -> list[tuple[int, int]]:
    """Fill the table of mistakes, the most frequent first; the classes of each row by its key."""
    counts = measures.confusion
    totals = counts.sum(axis=1)
    true, said = (places.tolist() for places in counts.nonzero())
    found = [(int(counts[i, j]), i, j) for i, j in zip(true, said, strict=True) if i != j]
    found.sort(key=lambda each: -each[0])
    rows: list[tuple[int, str, str, tuple[Cell, ...]]] = []
    for place, (count, i, j) in enumerate(found[:_MOST_MIXUPS]):
        name = f"{isolated(names[i])} → {isolated(names[j])}"
        rows.append((place, name, name, ((f"{count:,}", float(count)), _share(count / int(totals[i])))))
    view.figures.show_rows(rows)
    return [(i, j) for _, i, j in found[:_MOST_MIXUPS]]


def _share(value: float | None) -> Cell:
    return (wording.DASH, -1.0) if value is None else (wording.percent(value), value)
