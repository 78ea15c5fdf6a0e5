"""The images behind a number: which list, the gallery, and what a person corrects in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from core.showing import isolated
from gui.evaluation.correcting import Correcting
from gui.evaluation.correction_list import ValueLine, chosen, class_choices
from gui.evaluation.corrections_bar import CorrectionsBar
from gui.evaluation.gallery import Gallery, Shown
from gui.evaluation.list_words import CHOSEN, LISTS, fit, names, shown
from gui.widgets import theme
from gui.widgets.choices import Choice
from gui.widgets.entries import Combo
from gui.widgets.error_view import button, wrapped
from gui.widgets.picker_list import PickerList
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from core.corrections import Corrections, Truth
    from core.evaluations import Evaluation
    from core.measures.library import Indices
    from gui.photos.thumbnails import Thumbnails

_ALL = "-1"
_WIDEST = 40 * UNIT


class ImagesSide(QWidget):
    """The half of the results that shows images.

    Attributes:
        gallery: the images.
        lists, labels: which list, and of which label where an image has several.
        rows: which rows of ``listed`` the gallery shows; ``None`` at first.
        listed: the evaluation that these are rows of.
        correcting: what a person corrects.

    Signals:
        opened: an ``ImageSource`` that a person wants to see in full.
        list_asked: a person wants to save what the gallery shows.
        picked: the key of a list, and a label's index or -1.
    """

    opened = Signal(object)
    list_asked = Signal()
    picked = Signal(str, int)

    def __init__(self, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: Indices | None = None
        self.listed: Evaluation | None = None
        self._label = -1
        self._row = 0
        self.correcting = Correcting(self)
        self.gallery = Gallery(thumbnails, self)
        self.lists = Combo(self, "Which images", LISTS["classes"])
        self.labels = Combo(self, "Of which label", ())
        self.about = wrapped(self)
        self.about.setForegroundRole(theme.MUTED)
        self.save_list = button(self, "Save this list …", self.list_asked.emit)
        self.bar = CorrectionsBar(self)
        self._anchor = QWidget(self.gallery.viewport())
        self._anchor.hide()
        self.classes = PickerList(self, "What the image shows")
        self.value = ValueLine(self)
        hint = "Enter shows an image in the main window, F2 says that its label is wrong."
        theme.name(self.gallery, "Images", hint)
        self._arrange()
        self._connect()

    def show_lists(self, kind: str, names: Sequence[str], are_rows: bool = False) -> None:
        """Which lists there are.

        Args:
            kind: of the data.
            names: of the labels that an image may have several of.
            are_rows: whether they are rows of numbers, not images.
        """
        self.lists.clear()
        for key, title in LISTS[kind]:
            self.lists.addItem(title, key)
        if kind != "several":
            self.lists.insertSeparator(self.lists.count())
            chosen = "Images of a cell or class" if kind == "classes" else "Images of a range"
            self.lists.addItem(fit(chosen, are_rows), CHOSEN)
        self.labels.clear()
        self.labels.setVisible(kind == "several")
        if kind == "several":
            self.labels.addItem("Any label", _ALL)
            for index, name in enumerate(names):
                self.labels.addItem(isolated(name), str(index))

    def offer_chosen(self) -> None:
        """There are images that were clicked on: they have a place among the lists."""
        if self.lists.findData(CHOSEN) < 0:
            self.lists.insertSeparator(self.lists.count())
            self.lists.addItem("Images behind the picture", CHOSEN)

    def show_rows(self, evaluation: Evaluation, rows: Indices, about: str, label: int = -1) -> None:
        """Show the images of some rows of an evaluation.

        Args:
            evaluation: whose rows.
            rows: in their order.
            about: what they are.
            label: the label that is looked at, where an image has several; -1 for none.
        """
        self.listed, self.rows, self._label = evaluation, rows, label
        self.about.setText(about)
        self.save_list.setEnabled(len(rows) > 0)
        side = self

        def make(place: int) -> Shown:
            return shown(evaluation, int(rows[place]), side.correcting, label)

        self.gallery.show_images(len(rows), make)

    def begin_correcting(self, evaluation: Evaluation, known: Corrections) -> None:
        """Other data, or another model: what was corrected of it before."""
        self.correcting.begin(evaluation, known)
        self._show_corrections()

    def ask(self, place: int) -> None:
        """Ask what the image at a place of the gallery shows."""
        found = self._at(place)
        if found is None:
            return
        evaluation, self._row = found
        area = self.gallery.place_of(place)
        if evaluation.data.kind == "values":
            now = self._now(evaluation, self._row)
            value = now if isinstance(now, float) else float(evaluation.true_values[self._row])
            self.value.ask(self.gallery.viewport().mapToGlobal(area.bottomLeft()), value)
        else:
            self._anchor.setGeometry(area)
            self.classes.open_at(self._anchor, self._choices(evaluation, self._row))

    def menu_of(self, place: int) -> QMenu | None:
        """What can be done with the image at a place of the gallery."""
        found = self._at(place)
        if found is None:
            return None
        evaluation, row = found
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Show in the main window", lambda: self.opened.emit(evaluation.source(row)))
        menu.addSeparator()
        truth, said = self._predicted(evaluation, row), ""
        if truth is not None and truth != self._now(evaluation, row):
            shown = self.fontMetrics().elidedText(names(truth), Qt.TextElideMode.ElideMiddle, _WIDEST)
            said = f"The label is wrong: it is {shown}"
            menu.addAction(said, lambda: self._correct(evaluation, row, truth))
        value = evaluation.data.kind == "values"
        other = "The value is wrong: it is …" if value else "It is something else …" if said else "The label is wrong …"
        menu.addAction(f"{other}\tF2", lambda: self.ask(place))
        menu.addAction("Leave it out", lambda: self._correct(evaluation, row, None))
        number = int(evaluation.places[row])
        if number in self.correcting.current.changed:
            menu.addAction("The data is right", lambda: self.correcting.believe(number))
        undo = menu.addAction("Undo the last correction\tCtrl+Z", self.correcting.undo)
        undo.setEnabled(self.correcting.can_undo)
        return menu

    def _predicted(self, evaluation: Evaluation, row: int) -> tuple[str, ...] | None:
        """What the data would say if the model were right; ``None`` for a value, which is never exact."""
        from core.corrections import written_as

        if evaluation.data.kind == "values":
            return None
        indices = [int(evaluation.predicted[row])]
        if evaluation.data.kind == "several":
            indices = (evaluation.scores[row] >= 0.5).nonzero()[0].tolist()
        return tuple(written_as(evaluation.alignment, evaluation.labels, index) for index in indices)

    def _at(self, place: int) -> tuple[Evaluation, int] | None:
        if self.listed is None or self.rows is None or not 0 <= place < len(self.rows):
            return None
        return self.listed, int(self.rows[place])

    def _now(self, evaluation: Evaluation, row: int) -> Truth:
        """What an image is said to show, by a person or else by the data."""
        place, changed = int(evaluation.places[row]), self.correcting.current.changed
        return changed[place] if place in changed else self.correcting.was(place)

    def _choices(self, evaluation: Evaluation, row: int) -> list[Choice]:
        was = self.correcting.was(int(evaluation.places[row]))
        return class_choices(evaluation, row, self._now(evaluation, row), was)

    def _correct(self, evaluation: Evaluation, row: int, truth: Truth) -> None:
        self.correcting.correct(int(evaluation.places[row]), truth)

    def _take_class(self, key: str) -> None:
        evaluation, row = self.listed, self._row
        if evaluation is None:
            return
        now, was = self._now(evaluation, row), self.correcting.was(int(evaluation.places[row]))
        self._correct(evaluation, row, chosen(evaluation, now, was, key))
        if evaluation.data.kind == "several" and key.isdecimal():
            # The next label of the same image, until a person closes the list.
            self.classes.open_at(self._anchor, self._choices(evaluation, row))

    def _take_value(self, text: str) -> None:
        if self.listed is not None:
            self._correct(self.listed, self._row, float(text) if text else None)

    def _show_corrections(self) -> None:
        current = self.correcting.current
        evaluation = self.correcting.evaluation
        thing = "value" if evaluation is not None and evaluation.data.kind == "values" else "label"
        self.bar.show_count(len(current), self.correcting.can_undo, thing)
        self.gallery.show_again()

    def _show_menu(self, place: int, where: QPoint) -> None:
        menu = self.menu_of(place)
        if menu is not None:
            menu.popup(where)

    def _pick_list(self, order: str) -> None:
        self.picked.emit(order, int(self.labels.key) if self.labels.count() else -1)

    def _pick_label(self, label: str) -> None:
        self.picked.emit(self.lists.key, int(label))

    def _connect(self) -> None:
        self.gallery.opened.connect(self.opened)
        self.gallery.correct_asked.connect(self.ask)
        self.gallery.menu_asked.connect(self._show_menu)
        self.lists.picked.connect(self._pick_list)
        self.labels.picked.connect(self._pick_label)
        self.classes.chosen.connect(self._take_class)
        self.value.entered.connect(self._take_value)
        self.correcting.changed.connect(self._show_corrections)
        self.bar.undo_asked.connect(self.correcting.undo)
        undo = QShortcut(QKeySequence(QKeySequence.StandardKey.Undo), self)
        undo.setContext(Qt.ShortcutContext.WindowShortcut)
        undo.activated.connect(self.correcting.undo)

    def _arrange(self) -> None:
        first = QHBoxLayout()
        first.setSpacing(UNIT // 2)
        for widget, share in ((self.labels, 1), (self.lists, 1), (self.save_list, 0)):
            first.addWidget(widget, share)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addLayout(first)
        column.addWidget(self.about)
        column.addWidget(self.gallery, 1)
        column.addWidget(self.bar)
