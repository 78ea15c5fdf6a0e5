"""What an answer rests on, beside the photos: it follows the one that is shown, and blocks nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QWidget

from core.provenance import facts, to_json, to_text
from gui import theme, wording
from gui.error_view import button, copy, dialog_column, wrapped
from gui.facts import FactsForm
from gui.theme import UNIT

if TYPE_CHECKING:
    from core.predictions import ImageResult


class WhyDialog(QDialog):
    """A window beside the main one.

    Attributes:
        form: the facts.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Why this answer {wording.DASH} Whatsit")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._result: ImageResult | None = None
        self._title = wrapped(self)
        self._title.setFont(theme.scaled(self.font(), 1.4, QFont.Weight.DemiBold))
        self._image = wrapped(self)
        self._image.setForegroundRole(theme.MUTED)
        self.form = FactsForm(self)
        self._as_text = button(self, "Copy as text", self.copy_text)
        self._as_json = button(self, "Copy as JSON", self.copy_json)
        self._arrange()
        self.resize(88 * UNIT, 42 * UNIT)

    def show_result(self, result: ImageResult | None) -> None:
        """Show what an answer rests on; ``None`` where there is none yet."""
        prediction = result.prediction if result is not None else None
        self._result = result if prediction is not None else None
        self._image.setText(result.source.name if result is not None else "")
        if result is None or prediction is None:
            self._title.setText(wording.answer(result) if result is not None else "No answer yet")
            self.form.show_facts(())
        else:
            self._title.setText(wording.answer(result))
            self.form.show_facts(facts(prediction.provenance))
        for each in (self._as_text, self._as_json):
            each.setEnabled(self._result is not None)
        self._grow()

    def showEvent(self, event: QShowEvent) -> None:
        """Only now the labels know their fonts."""
        super().showEvent(event)
        self._grow()

    def _grow(self) -> None:
        """Long paths take several lines: none of them is cut."""
        needed = self._column.totalHeightForWidth(self.width())
        if needed > self.height():
            self.resize(self.width(), needed)

    def copy_text(self) -> None:
        """Put the facts on the clipboard, one a line."""
        if self._result is not None and self._result.prediction is not None:
            copy(to_text(self._result.prediction.provenance, self._result.source.name))

    def copy_json(self) -> None:
        """Put all of it on the clipboard, for programs."""
        if self._result is not None and self._result.prediction is not None:
            copy(to_json(self._result.prediction.provenance, self._result.source.name))

    def _arrange(self) -> None:
        close = button(self, "Close", self.close, "primary")
        close.setDefault(True)
        close.setFocus()
        row = QHBoxLayout()
        row.addWidget(self._as_text)
        row.addWidget(self._as_json)
        row.addStretch()
        row.addWidget(close)
        self._column = column = dialog_column(self)
        column.addWidget(self._title)
        column.addWidget(self._image)
        column.addLayout(self.form)
        column.addStretch(1)
        column.addLayout(row)
        column.setAlignment(self.form, Qt.AlignmentFlag.AlignTop)
