"""Facts, a caption and a text each, in the form of a dialog."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QLabel, QWidget

from gui import theme
from gui.error_view import wrapped
from gui.theme import UNIT


class FactsForm(QFormLayout):
    """Captions in a column, and texts that can be selected beside them.

    Attributes:
        facts: each fact's text, by its caption.
    """

    def __init__(self, widget: QWidget) -> None:
        """Args: widget: what the labels are in."""
        super().__init__()
        self._widget = widget
        self.facts: dict[str, str] = {}
        self.setHorizontalSpacing(2 * UNIT)
        self.setVerticalSpacing(UNIT // 2)
        self.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)

    def show_facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Show others; those without a text are left out."""
        while self.rowCount():
            self.removeRow(0)
        self.facts = {caption: text for caption, text in facts if text}
        for caption, text in self.facts.items():
            label = QLabel(caption, self._widget)
            label.setForegroundRole(theme.MUTED)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
            value = wrapped(self._widget)
            value.setText(text)
            self.addRow(label, value)
