"""What an evaluation found: the figure that counts, all others, and the images behind each."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.measures.words import metric
from core.showing import isolated
from gui.evaluation import metric_words
from gui.evaluation.confusion_view import ConfusionView
from gui.evaluation.figures_view import (
    classes_table,
    measures_table,
    mixups_table,
    show_classes,
    show_measures,
    show_mixups,
)
from gui.evaluation.gallery import Gallery, Shown
from gui.widgets import theme, wording
from gui.widgets.entries import Combo
from gui.widgets.error_view import button, wrapped
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from core.evaluations import Evaluation, Order
    from core.measures.library import Indices
    from gui.evaluation.testing import Findings
    from gui.photos.thumbnails import Thumbnails

_LISTS = (
    ("surest mistakes", "Surest mistakes"),
    ("least certain", "Least certain"),
    ("likely label errors", "Likely label errors"),
)
_MEANINGS = {
    "surest mistakes": "Wrong answers, those with the highest score first.",
    "least certain": "The two best classes are nearly as likely; those nearest to each other first.",
    "likely label errors": "The model contradicts the label and is as sure as it usually is: the label may be wrong.",
}
_CHOSEN = "chosen"


class EvaluationResults(QWidget):
    """The last page of the window.

    Attributes:
        headline: the figure that counts.
        matrix, mixups, classes, figures: the views.
        gallery: the images.
        rows: which rows of the evaluation the gallery shows.

    Signals:
        opened: an ``ImageSource`` that a person wants to see in full.
        list_asked: a person wants to save what the gallery shows.
    """

    opened = Signal(object)
    list_asked = Signal()

    def __init__(self, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self._findings: Findings | None = None
        self.rows: Indices | None = None
        self._cell = (-1, -1)
        self._pairs: list[tuple[int, int]] = []
        self.headline = QLabel(self)
        self.headline.setFont(theme.scaled(self.font(), 3.2, QFont.Weight.DemiBold))
        self.headline.setTextFormat(Qt.TextFormat.PlainText)
        self.line, self.small = wrapped(self), wrapped(self)
        self.small.setForegroundRole(theme.MUTED)
        self.matrix = ConfusionView(self)
        self.mixups = mixups_table(self)
        self.classes = classes_table(self)
        self.figures = measures_table(self)
        self.look = wrapped(self)
        self.look.setForegroundRole(theme.MUTED)
        self.rates = button(self, "Show percent", self._switch_rates)
        self.gallery = Gallery(thumbnails, self)
        self.lists = Combo(self, "Which images", _LISTS)
        self.about = wrapped(self)
        self.about.setForegroundRole(theme.MUTED)
        self.save_list = button(self, "Save this list …", self.list_asked.emit)
        self._pages = QStackedWidget(self)
        self._tabs = QButtonGroup(self)
        self._tabs_row = QHBoxLayout()
        self._arrange()
        self.matrix.chosen.connect(self.show_cell)
        self.matrix.looked.connect(self.look.setText)
        self.classes.chosen.connect(self.show_cell)
        self.mixups.chosen.connect(self._show_pair)
        self.lists.picked.connect(self._show_list)
        self.gallery.opened.connect(self.opened)

    def show_findings(self, findings: Findings) -> None:
        """Show what was found."""
        self._findings = findings
        evaluation, measures = findings.evaluation, findings.evaluation.measures
        name = metric_words.headline(measures)
        self.headline.setText(metric_words.shown(name, measures.values[name]))
        self.line.setText(_headline_words(evaluation, name))
        self.small.setText(_small_words(evaluation))
        single = len(evaluation.truth) > 0
        show_measures(self.figures, measures)
        show_classes(self.classes, measures, evaluation.labels)
        for place, there in enumerate((single, single, bool(measures.classes), True)):
            self._tabs.button(place).setVisible(there)
        self._tabs.button(0 if single else 3).click()
        self._images_side.setVisible(single)
        if single:
            self._pairs = show_mixups(self.mixups, measures, evaluation.labels)
            self.matrix.show_matrix(measures.confusion, evaluation.labels)
            self.look.setText("Click on a cell or a name, and see its images.")
            self._show_list("surest mistakes" if len(findings.orders["surest mistakes"]) else "least certain")

    def show_cell(self, true: int, predicted: int = -1) -> None:
        """Show the images of a cell, or of a whole class; -1 stands for all."""
        if self._findings is None or not len(self._findings.evaluation.truth):
            return
        evaluation, self._cell = self._findings.evaluation, (true, predicted)
        rows = evaluation.cell(true, predicted)
        is_, said = (isolated(evaluation.labels[index]) if index >= 0 else "" for index in (true, predicted))
        words = [f"of {is_}"] if true >= 0 else []
        words = words or ([] if predicted >= 0 else ["of all classes"])
        words += [f"taken for {said}" if true != predicted else "recognised"] if predicted >= 0 else []
        images = "image" if len(rows) == 1 else "images"
        self.lists.setItemText(self.lists.findData(_CHOSEN), " ".join(["Images", *words]))
        self.lists.show_key(_CHOSEN)
        self._show_rows(rows, f"{len(rows):,} {images} {', '.join(words)}; the surest answers first.")

    def _show_pair(self, place: int) -> None:
        self.show_cell(*self._pairs[place])

    def _show_list(self, order: str) -> None:
        if self._findings is None:
            return
        if order == _CHOSEN:
            self.show_cell(*self._cell)
            return
        self.lists.show_key(order)
        rows = self._findings.orders[cast("Order", order)]
        nothing = "" if len(rows) else "There are none. "
        self._show_rows(rows, f"{nothing}{_MEANINGS[order]}")

    def _show_rows(self, rows: Indices, about: str) -> None:
        assert self._findings is not None
        self.rows = rows
        evaluation = self._findings.evaluation
        self.about.setText(about)
        self.save_list.setEnabled(len(rows) > 0)
        self.gallery.show_images(len(rows), lambda place: _shown(evaluation, int(rows[place])))

    def _switch_rates(self) -> None:
        rates = self.rates.text() == "Show percent"
        self.matrix.show_rates(rates)
        self.rates.setText("Show counts" if rates else "Show percent")

    def _tab(self, place: int, text: str, page: QWidget) -> None:
        made = QPushButton(text, self)
        made.setProperty("kind", "tab")
        made.setCheckable(True)
        made.setAutoDefault(False)
        self._tabs.addButton(made, place)
        self._tabs_row.addWidget(made)
        self._pages.addWidget(page)
        made.clicked.connect(lambda: self._pages.setCurrentIndex(place))

    def _arrange(self) -> None:
        matrix = QWidget(self)
        below = _row(self.look, button(self, "Smaller", lambda: self.matrix.zoom(-1)))
        for widget in (button(self, "Larger", lambda: self.matrix.zoom(1)), button(self, "Fit", self.matrix.fit)):
            below.addWidget(widget)
        below.addWidget(self.rates)
        column = _column(matrix)
        column.addWidget(self.matrix, 1)
        column.addLayout(below)
        for place, (text, page) in enumerate(
            (("Confusion", matrix), ("Mistakes", self.mixups), ("Classes", self.classes), ("Measures", self.figures))
        ):
            self._tab(place, text, page)
        self._tabs_row.addStretch()
        numbers = QWidget(self)
        column = _column(numbers)
        column.addLayout(self._tabs_row)
        column.addWidget(self._pages, 1)
        self.lists.insertSeparator(self.lists.count())
        self.lists.addItem("Images of a cell or class", _CHOSEN)
        self._images_side = QWidget(self)
        column = _column(self._images_side)
        column.addLayout(_row(self.lists, self.save_list))
        column.addWidget(self.about)
        column.addWidget(self.gallery, 1)
        self.split = QSplitter(Qt.Orientation.Horizontal, self)
        self.split.addWidget(numbers)
        self.split.addWidget(self._images_side)
        self.split.setChildrenCollapsible(False)
        self.split.setHandleWidth(3 * UNIT)
        for place, share in enumerate((4, 3)):
            self.split.setStretchFactor(place, share)
        self.split.setSizes([4000, 3000])
        words = QVBoxLayout()
        words.setSpacing(UNIT // 2)
        words.addWidget(self.line)
        words.addWidget(self.small)
        top = QHBoxLayout()
        top.setSpacing(3 * UNIT)
        top.addWidget(self.headline)
        top.addLayout(words, 1)
        column = _column(self)
        column.setSpacing(2 * UNIT)
        column.addLayout(top)
        column.addWidget(self.split, 1)


def _shown(evaluation: Evaluation, row: int) -> Shown:
    return Shown(
        evaluation.source(row),
        evaluation.labels[int(evaluation.truth[row])],
        evaluation.labels[int(evaluation.predicted[row])],
        float(evaluation.confidence[row]),
        bool(evaluation.right[row]),
    )


def _headline_words(evaluation: Evaluation, name: str) -> str:
    measures = evaluation.measures
    if name == "accuracy":
        right = int(evaluation.right.sum())
        parts = [f"{right:,} of {evaluation.count:,} images are answered rightly by {isolated(evaluation.model)}."]
    else:
        parts = [f"{metric(name).title} of {isolated(evaluation.model)} on {evaluation.count:,} images."]
    between = metric_words.between(name, measures)
    if between:
        parts.append(f"On more images of the same kind it would lie between {between.replace(' to ', ' and ')} (95 %).")
    return " ".join(parts)


def _small_words(evaluation: Evaluation) -> str:
    data = evaluation.data
    parts = [f"{wording.file_name(data.root)}{f', part {data.split}' if data.split else ''}"]
    if evaluation.failed:
        name, why = evaluation.skipped[0]
        more = f" and {evaluation.failed - 1:,} more" if evaluation.failed > 1 else ""
        parts.append(f"could not be answered: {wording.file_name(name)}{more} ({why})")
    left = len(evaluation.skipped) - evaluation.failed
    if left:
        parts.append(f"{left:,} of other labels or of none, not scored")
    return "   ·   ".join(parts)


def _column(parent: QWidget) -> QVBoxLayout:
    column = QVBoxLayout(parent)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(UNIT)
    return column


def _row(wide: QWidget, *others: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(UNIT // 2)
    row.addWidget(wide, 1)
    for other in others:
        row.addWidget(other)
    return row
