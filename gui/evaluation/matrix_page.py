"""The confusion matrix with what can be chosen of it: how its classes stand, counts or per cent, and how large."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gui.evaluation.confusion_view import ConfusionView
from gui.widgets import theme
from gui.widgets.entries import Combo
from gui.widgets.error_view import button, wrapped
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from core.evaluations import Evaluation
    from core.plots import ClassOrder


class MatrixPage(QWidget):
    """A page of the results.

    Attributes:
        matrix: the cells.
        order, rates: how the classes stand, and in what cells are told.
        look: a sentence about the cell that is looked at.

    Signals:
        changed: the order by its key, and whether shares are shown.
    """

    changed = Signal(str, bool)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._evaluation: Evaluation | None = None
        self.matrix = ConfusionView(self)
        self.order = Combo(self, "Order of the classes", ())
        self.rates = button(self, "Show percent", self.switch_rates)
        self.look = wrapped(self)
        self.look.setForegroundRole(theme.MUTED)
        self.order.picked.connect(self.choose_order)
        self._arrange()

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Show its matrix; the order that a person chose stays."""
        from core import drawing

        self._evaluation = evaluation
        self.matrix.show_matrix(evaluation.measures.confusion, evaluation.labels)
        before = self.order.key
        self.order.clear()
        for key in drawing.orders(evaluation, "confusion"):
            self.order.addItem(drawing.ORDERS[key], key)
        self.choose_order(before if self.order.findData(before) >= 0 else "head")

    def choose_order(self, key: str) -> None:
        """Let the classes stand in another order."""
        from core.plots import class_order

        if self._evaluation is None:
            return
        measures, labels = self._evaluation.measures, self._evaluation.labels
        self.order.show_key(key)
        self.matrix.show_order(class_order(measures.confusion, labels, cast("ClassOrder", key)))
        self._tell()

    def switch_rates(self) -> None:
        """Shares in place of counts, or counts in place of shares."""
        rates = self.rates.text() == "Show percent"
        self.matrix.show_rates(rates)
        self.rates.setText("Show counts" if rates else "Show percent")
        self._tell()

    def _tell(self) -> None:
        self.changed.emit(self.order.key, self.rates.text() == "Show counts")

    def _arrange(self) -> None:
        above, below = QHBoxLayout(), QHBoxLayout()
        above.addWidget(self.order, 1)
        above.addWidget(self.rates)
        below.addWidget(self.look, 1)
        for text, act in (
            ("Smaller", lambda: self.matrix.zoom(-1)),
            ("Larger", lambda: self.matrix.zoom(1)),
            ("Fit", self.matrix.fit),
        ):
            below.addWidget(button(self, text, act))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        for row in (above, below):
            row.setSpacing(UNIT // 2)
        column.addLayout(above)
        column.addWidget(self.matrix, 1)
        column.addLayout(below)
