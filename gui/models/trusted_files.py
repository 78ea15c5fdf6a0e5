"""The files whose code a person agreed to run, and taking that back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QListWidget, QListWidgetItem, QWidget

from gui.widgets import theme
from gui.widgets.error_view import button, dialog_column, wrapped
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from core.trust import TrustEntry


class TrustedFiles(QDialog):
    """A list, and a button that forgets what is chosen in it.

    Attributes:
        list: a line for each file.
    """

    def __init__(self, parent: QWidget, entries: Sequence[TrustEntry], revoke: Callable[[str], object]) -> None:
        """Args:
        entries: what is trusted.
        revoke: called with the sha256 of a file that is trusted no more.
        """
        super().__init__(parent)
        self.setWindowTitle("Trusted files")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._revoke = revoke
        self._about = wrapped(self)
        self.list = QListWidget(self)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setSpacing(UNIT // 2)
        theme.name(self.list, "Trusted files")
        for entry in entries:
            item = QListWidgetItem(f"{entry.name}\n{entry.date}, sha256 {entry.sha256[:16]}…", self.list)
            item.setData(Qt.ItemDataRole.UserRole, entry.sha256)
            item.setToolTip(entry.sha256)
        self.forget = button(self, "Trust it no more", self._forget)
        close = button(self, "Close", self.close, "primary")
        close.setDefault(True)
        row = QHBoxLayout()
        row.addWidget(self.forget)
        row.addStretch()
        row.addWidget(close)
        column = dialog_column(self)
        column.addWidget(self._about)
        column.addWidget(self.list, 1)
        column.addLayout(row)
        # Else the arrows would do nothing where there is one file, and the button could not be reached.
        self.list.setCurrentRow(0)
        self.list.itemSelectionChanged.connect(self._sync)
        self._sync()
        self.resize(72 * UNIT, 44 * UNIT)

    def _sync(self) -> None:
        some = self.list.count() > 0
        self._about.setText(
            "The code of these files may run. Each is known by its content: a copy that differs asks again."
            if some
            else "No file is trusted: none brought code that had to run."
        )
        self.list.setVisible(some)
        self.forget.setVisible(some)
        self.forget.setEnabled(bool(self.list.selectedItems()))

    def _forget(self) -> None:
        for item in self.list.selectedItems():
            self._revoke(str(item.data(Qt.ItemDataRole.UserRole)))
            self.list.takeItem(self.list.row(item))
        self._sync()
