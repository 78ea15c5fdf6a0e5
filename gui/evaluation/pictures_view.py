"""The pictures of an evaluation, one at a time: which one, in which order, and what its places say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QImage, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.showing import printable
from gui.evaluation.list_words import are_rows, fit
from gui.evaluation.picture_canvas import PictureCanvas
from gui.evaluation.picture_work import Look
from gui.widgets import theme
from gui.widgets.entries import Combo
from gui.widgets.error_view import button, words_for, wrapped
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from core.drawing import Kind
    from core.evaluations import Evaluation
    from core.plots import ClassOrder, Palette, Picture

_CURVES = ("roc", "pr")
_READ = {
    "roc": "Thick is the mean of all classes, and the dotted diagonal is guessing.",
    "pr": "Thick is the mean of all classes.",
}
_HINT = "Click on a place, and see its images."


class PicturesView(QWidget):
    """A page with one picture.

    Attributes:
        kinds: which picture.
        order, rates, classes: how its classes stand, in what cells are told, and whose curves are drawn; each only
            where the picture has it.
        canvas: the picture.
        look: what the place says that is looked at.

    Signals:
        draw_asked: an ``Evaluation`` and the ``Look`` of a picture that is to be drawn.
        paint_asked: a ``Picture``, and how many pixels wide and high it is to be painted.
        behind_asked: an ``Evaluation``, the kind of picture, and the places whose images a person wants to see.
        save_asked: an ``Evaluation`` and the ``Look`` of a picture that a person wants to keep.
        order_picked: the order of the confusion matrix that a person chose.
        rates_asked: a person wants the confusion matrix in the other unit.
    """

    draw_asked = Signal(object, object)
    paint_asked = Signal(object, int, int)
    behind_asked = Signal(object, str, object)
    save_asked = Signal(object, object)
    order_picked = Signal(str)
    rates_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._evaluation: Evaluation | None = None
        self._asked: Look | None = None
        self._matrix_order, self._bar_order, self._rates = "head", "", False
        self.kinds = Combo(self, "Which picture", ())
        self.order = Combo(self, "Order of the classes", ())
        self.classes = Combo(self, "Whose curves", ())
        self.rates = button(self, "Show percent", self.rates_asked.emit)
        self.canvas = PictureCanvas(self)
        self.look = wrapped(self)
        self.look.setForegroundRole(theme.MUTED)
        self.look.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        # Of one height, whatever it says: else the picture would jump with it.
        self.look.setFixedHeight(2 * self.look.fontMetrics().lineSpacing())
        self.save = button(self, "Save picture …", self._ask_save)
        self._arrange()
        self.kinds.picked.connect(self._switch)
        self.order.picked.connect(self._pick_order)
        self.classes.picked.connect(self._ask)
        self.canvas.size_wanted.connect(self.paint_asked)
        self.canvas.chosen.connect(self._choose)
        self.canvas.looked.connect(self._say)

    @property
    def kind(self) -> Kind:
        """Of the picture."""
        return cast("Kind", self.kinds.key)

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Show the pictures of an evaluation; each is drawn when it is looked at."""
        from core import drawing, plots

        self._evaluation, self._asked = evaluation, None
        before, whose = self.kinds.key, self.classes.key
        self.kinds.clear()
        for kind in drawing.kinds(evaluation):
            self.kinds.addItem(drawing.TITLES[kind], kind)
        self.kinds.show_key(before)
        self.classes.clear()
        self.classes.addItem("The worst five", "")
        for one in sorted(evaluation.measures.classes, key=lambda one: plots.name_key(evaluation.labels[one.index])):
            if one.count:
                self.classes.addItem(printable(evaluation.labels[one.index]), str(one.index))
        self.classes.show_key(whose)
        if self._bar_order not in drawing.orders(evaluation, "classes"):
            self._bar_order = ""
        self._switch()

    def show_matrix_look(self, order: str, rates: bool) -> None:
        """Take over how the confusion matrix is shown elsewhere."""
        self._matrix_order, self._rates = order, rates
        self.rates.setText("Show counts" if rates else "Show percent")
        if self.kinds.key == "confusion":
            self.order.show_key(order)
            self._ask()

    def show_picture(self, evaluation: Evaluation, look: Look, picture: Picture) -> None:
        """Show what was drawn, unless another one is wanted by now."""
        if evaluation is self._evaluation and look == self._asked:
            self.canvas.show_picture(picture)
            self._say("")
            self.save.setEnabled(True)

    def show_image(self, picture: Picture, image: QImage) -> None:
        """Show what was painted."""
        self.canvas.show_image(picture, image)

    def show_error(self, error: BaseException, report: str) -> None:
        """Say why there is no picture, where it would be."""
        words = words_for(error, report)
        self.canvas.show_message(f"{words.what} {words.more}".strip())

    def show_saved(self, path: str) -> None:
        """A file was written."""
        self.look.setText(f"The picture is saved in {path}.")

    def show_undone(self, error: BaseException, report: str) -> None:
        """Something else did not work; the picture stays."""
        words = words_for(error, report)
        self.look.setText(f"{words.what} {words.more}".strip())

    def showEvent(self, event: QShowEvent) -> None:
        """A picture is drawn when it is looked at."""
        super().showEvent(event)
        self._ask()

    def changeEvent(self, event: QEvent) -> None:
        """Other colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._ask()

    def _palette(self) -> Palette:
        from core.plots import DARK, LIGHT

        dark = self.palette().color(self.palette().ColorRole.Window).lightness() < 128
        return replace(DARK if dark else LIGHT, font=self.font().family())

    def _current_order(self) -> ClassOrder | None:
        if self.kinds.key == "confusion":
            return cast("ClassOrder", self._matrix_order)
        return cast("ClassOrder", self._bar_order) if self.kinds.key == "classes" and self._bar_order else None

    def _switch(self) -> None:
        """Another picture: what can be chosen of it, and a clean sheet."""
        from core import drawing

        if self._evaluation is None:
            return
        orders = drawing.orders(self._evaluation, self.kind)
        self.order.clear()
        for order in orders:
            self.order.addItem(drawing.ORDERS[order], order)
        self.order.show_key(self._current_order() or "")
        self.order.setVisible(bool(orders))
        self.rates.setVisible(self.kinds.key == "confusion")
        self.classes.setVisible(self.kinds.key in _CURVES)
        self.save.setEnabled(False)
        self._asked = None
        self.canvas.show_message("Drawing …")
        self.look.setText("")
        self._ask()

    def _ask(self) -> None:
        """Ask for the picture, unless it is there or on its way, or nobody looks."""
        if self._evaluation is None or not self.isVisible():
            return
        chosen = (int(self.classes.key),) if self.kind in _CURVES and self.classes.key else ()
        rates = self._rates and self.kind == "confusion"
        look = Look(self.kind, self._palette(), rates, self._current_order(), chosen)
        if look != self._asked:
            self._asked = look
            self.draw_asked.emit(self._evaluation, look)

    def _pick_order(self, order: str) -> None:
        if self.kinds.key == "confusion":
            self.order_picked.emit(order)
        else:
            self._bar_order = order
            self._ask()

    def _choose(self, places: object) -> None:
        if self._evaluation is not None:
            self.behind_asked.emit(self._evaluation, self.kinds.key, places)

    def _say(self, text: str) -> None:
        from core.drawing import CAPTIONS

        words = text or f"{_READ.get(self.kind, CAPTIONS.get(self.kind, ''))} {_HINT}".strip()
        if self._evaluation is not None:
            words = fit(words, are_rows(self._evaluation.data))
        self.look.setText(words)
        self.look.setToolTip(words)

    def _ask_save(self) -> None:
        from core.plots import PAPER

        if self._evaluation is not None and self._asked is not None:
            palette = replace(PAPER, font=self.font().family())
            self.save_asked.emit(self._evaluation, replace(self._asked, palette=palette))

    def _arrange(self) -> None:
        top, below = QHBoxLayout(), QHBoxLayout()
        for row in (top, below):
            row.setSpacing(UNIT // 2)
        for widget, share in ((self.kinds, 3), (self.order, 2), (self.classes, 2), (self.rates, 0)):
            top.addWidget(widget, share)
        for text, act in (
            ("Smaller", lambda: self.canvas.zoom(-1)),
            ("Larger", lambda: self.canvas.zoom(1)),
            ("Fit", self.canvas.fit),
        ):
            below.addWidget(button(self, text, act))
        below.addStretch()
        below.addWidget(self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addLayout(top)
        column.addWidget(self.canvas, 1)
        column.addWidget(self.look)
        column.addLayout(below)
