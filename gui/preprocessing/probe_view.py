"""Which preparation a model seems to want: recipes ranked by labelled photos, to look at and to adopt."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QCloseEvent, QFont
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QTableView,
    QWidget,
)

from gui.widgets import theme, wording
from gui.widgets.error_view import button, dialog_column, words_for, wrapped
from gui.widgets.quiet_table import make_quiet
from gui.widgets.theme import UNIT
from gui.widgets.titled_rows import Index, TitledRows

if TYPE_CHECKING:
    from core.preprocessing import Preprocessing
    from core.probes import Probe, Tried


_INVITATION = (
    "With some labelled photos, the usual ways of preparing them are tried, and ranked by how well the model does. "
    "Choose a folder that holds a folder for each class, named as the model's classes are; 20 to 100 photos are enough."
)


class RecipesModel(TitledRows):
    """The recipes that were tried, best first."""

    TITLES = ("Preprocessing", "Right", "True class's score", "")

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._probe: Probe | None = None
        self._used: Preprocessing | None = None

    def show_probe(self, probe: Probe) -> None:
        """Show what was found."""
        self.beginResetModel()
        self._probe = probe
        self.endResetModel()

    def show_used(self, value: Preprocessing) -> None:
        """Mark what is in use now."""
        self._used = value
        if self._probe is not None:
            self.dataChanged.emit(self.index(0, 3), self.index(self.rowCount() - 1, 3))

    def at(self, row: int) -> Tried:
        """The recipe in a row."""
        assert self._probe is not None
        return self._probe.tried[row]

    def count(self) -> int:
        """One a recipe."""
        return 0 if self._probe is None else len(self._probe.tried)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell."""
        if self._probe is None:
            return None
        tried = self._probe.tried[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (
                tried.name,
                f"{tried.right} of {self._probe.images}",
                # The geometric mean: what the logarithms' mean is as a probability.
                wording.percent(math.exp(tried.likelihood)),
                self._remark(index.row(), tried),
            )[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return tried.preprocessing.describe()
        if role == Qt.ItemDataRole.FontRole and index.row() < self._probe.ties:
            font = QFont()
            font.setWeight(QFont.Weight.DemiBold)
            return font
        return None

    def _remark(self, row: int, tried: Tried) -> str:
        assert self._probe is not None
        remarks = ["in use"] if tried.preprocessing == self._used else []
        if self._probe.ties > 1 and row < self._probe.ties:
            remarks.append("best" if row == 0 else "a tie with it")
        elif row == 0:
            remarks.append("best")
        return ", ".join(remarks)


class ProbeView(QDialog):
    """A window beside the main one.

    Attributes:
        table: the recipes.

    Signals:
        data_asked: a person wants to choose labelled photos.
        cancel_asked: a person wants no more.
        chosen: a ``Preprocessing`` to be used.
    """

    data_asked = Signal()
    cancel_asked = Signal()
    chosen = Signal(object)

    def __init__(self, parent: QWidget, model: str) -> None:
        """Args: model: name of the model in use."""
        super().__init__(parent)
        self.setWindowTitle(f"Find the preprocessing {wording.DASH} Whatsit")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._title = wrapped(self)
        self._title.setFont(theme.scaled(self.font(), 1.4, QFont.Weight.DemiBold))
        self._title.setText(f"Which preprocessing does {model} want?")
        self.line = wrapped(self)
        self.line.setText(_INVITATION)
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(UNIT)
        self._model = RecipesModel(self)
        self.table = self._make_table()
        self.choose = button(self, "Choose labelled photos …", self.data_asked.emit)
        self.cancel = button(self, "Cancel", self.cancel_asked.emit)
        self.use = button(self, "Use this preprocessing", self._use, "primary")
        self._arrange()
        self._show_state("invited")
        self.resize(96 * UNIT, 64 * UNIT)

    def show_progress(self, done: int, total: int, text: str) -> None:
        """It is being tried."""
        self._show_state("busy")
        self.line.setText(f"{text} …")
        self._bar.setRange(0, total)
        self._bar.setValue(done)

    def show_probe(self, probe: Probe) -> None:
        """Show what was found."""
        self._model.show_probe(probe)
        self._show_state("found")
        parts = [probe.verdict()]
        if probe.dropped:
            parts.append(f"{probe.dropped} other ways were given up early, far behind.")
        if probe.skipped:
            name, why = probe.skipped[0]
            more = f" and {len(probe.skipped) - 1} more" if len(probe.skipped) > 1 else ""
            parts.append(f"Not used: {wording.file_name(name)}{more} ({why})")
        self.line.setText(" ".join(parts))
        self.table.selectRow(0)
        self.table.setFocus()

    def show_used(self, value: Preprocessing) -> None:
        """Mark what is in use now."""
        self._model.show_used(value)

    def show_error(self, error: BaseException, report: str) -> None:
        """Say why nothing was found."""
        words = words_for(error, report)
        self._show_state("invited")
        self.line.setText(f"{words.what} {words.more}".strip())

    def show_stopped(self) -> None:
        """It was cancelled."""
        self._show_state("invited")
        self.line.setText(_INVITATION)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Nobody looks any more."""
        self.cancel_asked.emit()
        super().closeEvent(event)

    def _show_state(self, state: str) -> None:
        self._bar.setVisible(state == "busy")
        self.cancel.setVisible(state == "busy")
        self.choose.setVisible(state != "busy")
        self.table.setVisible(state == "found")
        self.use.setVisible(state == "found")
        # Return in the table uses the row.
        (self.use if state == "found" else self.choose).setDefault(True)

    def _use(self, _index: QModelIndex | None = None) -> None:
        rows = self.table.selectionModel().selectedRows()
        if rows:
            value: Preprocessing = self._model.at(rows[0].row()).preprocessing
            self.chosen.emit(value)

    def _make_table(self) -> QTableView:
        table = QTableView(self)
        table.setModel(self._model)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = make_quiet(table, 4 * UNIT)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2, 3):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        table.doubleClicked.connect(self._use)
        theme.name(table, "Ways of preparing photos, best first")
        return table

    def _arrange(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.choose)
        row.addWidget(self.cancel)
        row.addStretch()
        row.addWidget(self.use)
        column = dialog_column(self)
        column.addWidget(self._title)
        column.addWidget(self.line)
        column.addWidget(self._bar)
        column.addWidget(self.table, 1)
        column.addStretch()
        column.addLayout(row)
