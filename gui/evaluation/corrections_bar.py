"""A line below a gallery: how many labels a person corrected, and what can be done with them."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui.widgets import theme
from gui.widgets.entries import Check
from gui.widgets.error_view import button
from gui.widgets.theme import UNIT


class CorrectionsBar(QWidget):
    """Hidden while there are none.

    Signals:
        counted: whether a person wants them counted in.
        undo_asked, save_asked: a person wants the last one back, or all as a file.
    """

    counted = Signal(bool)
    undo_asked = Signal()
    save_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.line = QLabel(self)
        self.line.setForegroundRole(theme.ACCENT)
        hint = "All figures as if the data said what you say. Nothing is answered again."
        self.count = Check(self, "Count them in", "Count your corrections in", hint)
        self.count.picked.connect(self._tell)
        self.undo = button(self, "Undo", self.undo_asked.emit)
        self.undo.setToolTip("Take the last correction back (Ctrl+Z)")
        self.save = button(self, "Save corrected labels …", self.save_asked.emit)
        first, second = QHBoxLayout(), QHBoxLayout()
        for row, widgets in ((first, (self.line, self.count)), (second, (self.undo, self.save))):
            row.setSpacing(UNIT)
            row.addWidget(widgets[0])
            if row is first:
                row.addStretch()
            row.addWidget(widgets[1])
        second.insertStretch(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(first)
        column.addLayout(second)
        self.hide()

    def _tell(self, key: str) -> None:
        self.counted.emit(key == "on")

    def show_count(self, count: int, can_undo: bool, thing: str = "label") -> None:
        """Args:
        count: of corrections.
        can_undo: whether there is something to take back.
        thing: what is corrected, ``label`` or ``value``.
        """
        self.setVisible(count > 0 or can_undo)
        told = f"1 {thing}" if count == 1 else f"{count:,} {thing}s"
        self.line.setText(f"{told} corrected by you." if count else "Nothing corrected.")
        self.save.setText(f"Save corrected {thing}s …")
        self.undo.setEnabled(can_undo)
        self.save.setEnabled(count > 0)
        self.count.setEnabled(count > 0 or self.count.isChecked())
