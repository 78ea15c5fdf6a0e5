"""Pages under a row of names, of which some may be hidden."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtWidgets import QButtonGroup, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from gui.widgets.flow import Flow
from gui.widgets.theme import UNIT


class Tabs(QWidget):
    """One page is shown."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._pages = QStackedWidget(self)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        self._row = Flow(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addLayout(self._row)
        column.addWidget(self._pages, 1)

    def add(self, key: str, text: str, page: QWidget) -> None:
        """One more at the end."""
        made = QPushButton(text, self)
        made.setProperty("kind", "tab")
        made.setCheckable(True)
        made.setAutoDefault(False)
        self._group.addButton(made)
        self._buttons[key] = made
        self._row.addWidget(made)
        self._pages.addWidget(page)
        made.clicked.connect(lambda: self._pages.setCurrentWidget(page))

    def show_only(self, keys: Collection[str]) -> None:
        """Hide the others; the page in front stays there where it may, else the first is."""
        for key, made in self._buttons.items():
            made.setVisible(key in keys)
        if self.current not in keys:
            self.choose(next(key for key in self._buttons if key in keys))

    @property
    def current(self) -> str:
        """The key of the page in front; empty where none was chosen."""
        return next((key for key, made in self._buttons.items() if made.isChecked()), "")

    def choose(self, key: str) -> None:
        """Show a page."""
        self._buttons[key].click()

    def name_tab(self, key: str, text: str) -> None:
        """Call a page otherwise."""
        self._buttons[key].setText(text)
