"""The images that were not scored, each with its reason: a list to look at and to save."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QTableView, QVBoxLayout, QWidget

from gui.evaluation.list_words import fit, things
from gui.widgets import theme, wording
from gui.widgets.error_view import button, wrapped
from gui.widgets.quiet_table import make_quiet
from gui.widgets.theme import UNIT
from gui.widgets.titled_rows import Index, ListedRows


class LeftOutModel(ListedRows[tuple[str, str]]):
    """Name and reason of each; virtual, as there may be many."""

    TITLES = ("Image", "Why it has no score")

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell; all of a name as a tooltip."""
        name, why = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return why if index.column() else wording.file_name(name)
        return (why if index.column() else name) if role == Qt.ItemDataRole.ToolTipRole else None


class LeftOutView(QWidget):
    """The list, a line above it, and a button to save it.

    Signals:
        save_asked: a person wants it as a file.
    """

    save_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows = LeftOutModel(self)
        self.line = wrapped(self)
        self.line.setForegroundRole(theme.MUTED)
        self.table = QTableView(self)
        self.table.setModel(self.rows)
        header = make_quiet(self.table, round(3.5 * UNIT))
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.table.setColumnWidth(0, 20 * UNIT)
        theme.name(self.table, "Images that were not scored")
        self.save = button(self, "Save this list …", self.save_asked.emit)
        row = QHBoxLayout()
        row.addWidget(self.line, 1)
        row.addWidget(self.save, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addLayout(row)
        column.addWidget(self.table, 1)

    def show_skipped(self, skipped: tuple[tuple[str, str], ...], failed: int, are_rows: bool) -> None:
        """Args:
        skipped: name and reason of each; those that could not be answered come first.
        failed: how many of them these are.
        are_rows: whether they are rows of numbers.
        """
        self.rows.show_rows(skipped)
        parts = [f"{things(failed)} could not be answered; testing again tries them again."] if failed else []
        left = len(skipped) - failed
        parts += [f"{things(left)} of other labels, or of none."] if left else []
        self.line.setText(fit(" ".join(parts), are_rows))
