"""Facts, a caption and a text each, in the form of a dialog."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFormLayout, QFrame, QLabel, QScrollArea, QSizePolicy, QWidget

from gui.widgets import theme
from gui.widgets.error_view import wrapped
from gui.widgets.theme import UNIT


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
        self._widget.updateGeometry()


class FactsArea(QScrollArea):
    """Facts that take the room they need, and can be scrolled where there is less.

    Attributes:
        form: the facts.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        inside = QWidget(self)
        self.form = FactsForm(inside)
        self.form.setContentsMargins(0, 0, 0, 0)
        inside.setLayout(self.form)
        self.setWidget(inside)
        theme.name(self, "What is known of it")

    def sizeHint(self) -> QSize:
        """As high as all facts are at this width."""
        width = self.viewport().width()
        return QSize(width, self.form.totalHeightForWidth(width))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width breaks lines elsewhere."""
        super().resizeEvent(event)
        self.updateGeometry()
