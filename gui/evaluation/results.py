"""What an evaluation found: the figure that counts, all others, and the images behind each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from core.measures.words import metric
from core.showing import isolated
from gui.evaluation import metric_words
from gui.evaluation.figures_view import (
    classes_table,
    measures_table,
    mixups_table,
    show_classes,
    show_measures,
    show_mixups,
)
from gui.evaluation.images_side import ImagesSide
from gui.evaluation.left_out import LeftOutView
from gui.evaluation.list_tables import LABEL_COLUMNS, labels_table, ranges_table, show_labels, show_ranges
from gui.evaluation.list_words import CHOSEN, are_rows, fit, meaning, things
from gui.evaluation.matrix_page import MatrixPage
from gui.evaluation.pictures_view import PicturesView
from gui.evaluation.tabs import Tabs
from gui.widgets import theme, wording
from gui.widgets.error_view import wrapped
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from core.behind import Behind
    from core.evaluations import Evaluation
    from core.measures.library import Indices
    from core.selecting import Range
    from gui.evaluation.testing import Findings
    from gui.photos.thumbnails import Thumbnails

_TABS = {
    "classes": ("confusion", "mistakes", "classes", "measures", "pictures"),
    "several": ("labels", "measures", "pictures"),
    "values": ("ranges", "measures", "pictures"),
}
"""The tabs of each kind of data, the first in front."""


class EvaluationResults(QWidget):
    """The last page of the window.

    Attributes:
        headline: the figure that counts.
        matrix, mixups, classes, labels, ranges, figures, pictures, left_out: the views.
        images: the gallery, with what belongs to it.
        findings: what is shown, with a person's corrections where these are counted in; ``None`` at first.

    Signals:
        opened: an ``ImageSource`` that a person wants to see in full.
        list_asked: a person wants to save what the gallery shows.
        left_out_asked: a person wants to save what was not scored.
        corrected: a person corrected something, or took it back, or wants it counted in or not.
        corrections_asked: a person wants to save the corrected labels.
    """

    opened = Signal(object)
    list_asked = Signal()
    left_out_asked = Signal()
    corrected = Signal()
    corrections_asked = Signal()

    def __init__(self, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self.findings: Findings | None = None
        self._base: Findings | None = None
        self._cell = (-1, -1)
        self._pairs: list[tuple[int, int]] = []
        self._ranges: tuple[Range, ...] = ()
        self._range = 0
        self._behind: tuple[Evaluation, Behind] | None = None
        self.headline = QLabel(self)
        self.headline.setFont(theme.scaled(self.font(), 3.2, QFont.Weight.DemiBold))
        self.headline.setTextFormat(Qt.TextFormat.PlainText)
        self.line, self.small = wrapped(self), wrapped(self)
        self.small.setForegroundRole(theme.MUTED)
        self.confusion = MatrixPage(self)
        self.matrix, self.look = self.confusion.matrix, self.confusion.look
        self.mixups = mixups_table(self)
        self.classes = classes_table(self)
        self.labels = labels_table(self)
        self.ranges = ranges_table(self)
        self.figures = measures_table(self)
        self.pictures = PicturesView(self)
        self.left_out = LeftOutView(self)
        self.images = ImagesSide(thumbnails, self)
        self.gallery, self.lists = self.images.gallery, self.images.lists
        self.about, self.save_list = self.images.about, self.images.save_list
        self.tabs = Tabs(self)
        self._arrange()
        self._connect()

    @property
    def rows(self) -> Indices | None:
        """Which rows of the evaluation the gallery shows."""
        return self.images.rows

    @property
    def counts_corrections(self) -> bool:
        """Whether a person wants corrections counted in."""
        return self.images.bar.count.isChecked()

    def show_findings(self, findings: Findings) -> None:
        """Show what was found, as the data says."""
        self._base, self._behind = findings, None
        evaluation = findings.evaluation
        kind, names = evaluation.data.kind, evaluation.labels
        self.images.bar.count.setChecked(False)
        self.images.begin_correcting(evaluation, findings.corrections)
        self.images.show_lists(kind, names, are_rows(evaluation.data))
        self._show_figures(findings)
        self.tabs.choose(_TABS[kind][0])
        self._show_look("Click on a cell or a name, and see its images.")
        if kind == "classes":
            self._show_list("surest mistakes" if len(findings.orders["surest mistakes"]) else "least certain")
        else:
            first = next(key for key, rows in findings.orders.items() if len(rows) or key == "nearest")
            self._show_list(first)

    def show_recounted(self, findings: Findings | None = None) -> None:
        """Show the same with a person's corrections, or without; the gallery stays as it is.

        Args:
            findings: with corrections counted in; as the data says if not given.
        """
        wanted = findings or self._base
        if wanted is not None:
            self._show_figures(wanted)

    def show_rows(self, rows: Indices, about: str, label: int = -1) -> None:
        """Show the images of some rows of the evaluation that is shown.

        Args:
            rows: in their order.
            about: what they are.
            label: the label that is looked at, where an image has several; -1 for none.
        """
        assert self.findings is not None
        evaluation = self.findings.evaluation
        self.images.show_rows(evaluation, rows, fit(about, are_rows(evaluation.data)), label)

    def show_cell(self, true: int, predicted: int = -1) -> None:
        """Show the images of a cell, or of a whole class; -1 stands for all."""
        if self.findings is None or not len(self.findings.evaluation.truth):
            return
        evaluation, self._cell = self.findings.evaluation, (true, predicted)
        self._behind = None
        rows = evaluation.cell(true, predicted)
        is_, said = (isolated(evaluation.labels[index]) if index >= 0 else "" for index in (true, predicted))
        words = [f"of {is_}"] if true >= 0 else []
        words = words or ([] if predicted >= 0 else ["of all classes"])
        words += [f"taken for {said}" if true != predicted else "recognised"] if predicted >= 0 else []
        self._name_chosen(" ".join(["Images", *words]))
        self.show_rows(rows, f"{things(len(rows))} {', '.join(words)}; the surest answers first.")

    def show_label(self, label: int, column: int = 0) -> None:
        """Show the images behind a number of a label's row."""
        self._show_list(LABEL_COLUMNS.get(column, "surest mistakes"), label)

    def show_range(self, place: int) -> None:
        """Show the images of a range of values."""
        one, self._range = self._ranges[place], place
        self._behind = None
        ends = f"{wording.value(one.low)} to {wording.value(one.high)}"
        self._name_chosen(f"Images from {ends}")
        self.show_rows(one.rows, f"{things(len(one.rows))} with true values from {ends}; the furthest off first.")

    def show_behind(self, evaluation: Evaluation, behind: Behind) -> None:
        """Show the images behind a place of a picture, unless other findings are shown by now."""
        if self.findings is None or evaluation is not self.findings.evaluation:
            return
        self._behind = evaluation, behind
        self.images.offer_chosen()
        self._name_chosen("Images behind the picture")
        self._show_behind(evaluation, behind)

    def _show_behind(self, evaluation: Evaluation, behind: Behind) -> None:
        if evaluation.data.kind == "several":
            self.images.labels.show_key(str(behind.label))
        self.images.show_rows(evaluation, behind.rows, fit(behind.text, are_rows(evaluation.data)), behind.label)

    def _show_figures(self, findings: Findings) -> None:
        self.findings = findings
        evaluation, measures = findings.evaluation, findings.evaluation.measures
        kind, rows = evaluation.data.kind, are_rows(evaluation.data)
        name = metric_words.headline(measures)
        self.headline.setText(metric_words.shown(name, measures.values[name]))
        with_them = _corrections_words(self._base, findings, len(self.images.correcting.current))
        self.line.setText(fit(f"{_headline_words(evaluation, name)}{with_them}", rows))
        self.small.setText(fit(_small_words(evaluation), rows))
        tabs = [*_TABS[kind], *(["left out"] if evaluation.skipped else [])]
        self.tabs.show_only(tabs)
        self.tabs.name_tab("left out", f"Left out ({len(evaluation.skipped):,})")
        self.left_out.show_skipped(evaluation.skipped, evaluation.failed, rows)
        show_measures(self.figures, measures, rows)
        self.pictures.show_evaluation(evaluation)
        if kind == "classes":
            show_classes(self.classes, measures, evaluation.labels, rows)
            self._pairs = show_mixups(self.mixups, measures, evaluation.labels, rows)
            self.confusion.show_evaluation(evaluation)
        elif kind == "several" and findings.labels is not None:
            show_labels(self.labels, measures, evaluation.labels, findings.counts, rows)
        elif findings.values is not None:
            self._ranges = findings.values.ranges()
            show_ranges(self.ranges, self._ranges, rows)

    def _name_chosen(self, text: str) -> None:
        rows = self.findings is not None and are_rows(self.findings.evaluation.data)
        self.lists.setItemText(self.lists.findData(CHOSEN), fit(text, rows))
        self.lists.show_key(CHOSEN)

    def _show_look(self, text: str) -> None:
        rows = self.findings is not None and are_rows(self.findings.evaluation.data)
        self.look.setText(fit(text, rows))

    def _show_pair(self, place: int) -> None:
        self.show_cell(*self._pairs[place])

    def _show_list(self, order: str, label: int = -1) -> None:
        if self.findings is None:
            return
        findings, kind = self.findings, self.findings.evaluation.data.kind
        if order == CHOSEN and self._behind is not None:
            # Of the evaluation that they were chosen from: corrections may have been counted in since.
            self.lists.show_key(CHOSEN)
            self._show_behind(*self._behind)
            return
        if order == CHOSEN:
            self.show_cell(*self._cell) if kind == "classes" else self.show_range(self._range)
            return
        self.lists.show_key(order)
        if kind == "several":
            self.images.labels.show_key(str(label))
        rows = findings.rows(order, label)
        nothing = "" if len(rows) else "There are none. "
        of = f"{things(len(rows))}, {isolated(findings.evaluation.labels[label])}. " if label >= 0 and len(rows) else ""
        self.show_rows(rows, f"{nothing}{of}{meaning(kind, order)}", label)

    def _connect(self) -> None:
        self.matrix.chosen.connect(self.show_cell)
        self.matrix.looked.connect(self._show_look)
        self.confusion.changed.connect(self.pictures.show_matrix_look)
        self.pictures.order_picked.connect(self.confusion.choose_order)
        self.pictures.rates_asked.connect(self.confusion.switch_rates)
        self.classes.chosen.connect(self.show_cell)
        self.mixups.chosen.connect(self._show_pair)
        self.labels.cell_chosen.connect(self.show_label)
        self.ranges.chosen.connect(self.show_range)
        self.left_out.save_asked.connect(self.left_out_asked)
        self.images.opened.connect(self.opened)
        self.images.list_asked.connect(self.list_asked)
        self.images.picked.connect(self._show_list)
        self.images.correcting.changed.connect(self.corrected)
        self.images.bar.counted.connect(self.corrected)
        self.images.bar.save_asked.connect(self.corrections_asked)

    def _arrange(self) -> None:
        for key, text, page in (
            ("confusion", "Confusion", self.confusion),
            ("mistakes", "Mistakes", self.mixups),
            ("classes", "Classes", self.classes),
            ("labels", "Labels", self.labels),
            ("ranges", "By value", self.ranges),
            ("measures", "Measures", self.figures),
            ("pictures", "Pictures", self.pictures),
            ("left out", "Left out", self.left_out),
        ):
            self.tabs.add(key, text, page)
        self.split = QSplitter(Qt.Orientation.Horizontal, self)
        self.split.addWidget(self.tabs)
        self.split.addWidget(self.images)
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


def _headline_words(evaluation: Evaluation, name: str) -> str:
    measures, images = evaluation.measures, things(evaluation.count)
    if name == "accuracy":
        right = int(evaluation.right.sum())
        are = "is" if evaluation.count == 1 else "are"
        parts = [f"{right:,} of {images} {are} answered rightly by {isolated(evaluation.model)}."]
    elif name == "exact_match":
        right = round((measures.values[name] or 0.0) * evaluation.count)
        parts = [f"{isolated(evaluation.model)} gets every label right of {right:,} of {images}."]
    else:
        parts = [f"{metric(name).title} of {isolated(evaluation.model)} on {images}."]
    between = metric_words.between(name, measures)
    if between:
        parts.append(f"On more images of the same kind it would lie between {between.replace(' to ', ' and ')} (95 %).")
    elif name == "r2":
        off = metric_words.shown("mae", measures.values["mae"])
        parts.append(f"1 would be perfect, 0 no better than always the mean. Off by {off} in the mean.")
    return " ".join(parts)


def _corrections_words(base: Findings | None, findings: Findings, count: int) -> str:
    if base is None or findings is base:
        return ""
    name = metric_words.headline(base.evaluation.measures)
    before = metric_words.shown(name, base.evaluation.measures.values[name])
    return f" With your {wording.corrections(count)} counted in; {before} without."


def _small_words(evaluation: Evaluation) -> str:
    data = evaluation.data
    parts = [f"{wording.file_name(data.root)}{f', part {data.split}' if data.split else ''}"]
    if evaluation.failed:
        parts.append(f"{things(evaluation.failed)} could not be answered: see Left out")
    left = len(evaluation.skipped) - evaluation.failed
    if left:
        parts.append(f"{left:,} of other labels or of none, not scored")
    return "   ·   ".join(parts)


def _column(parent: QWidget) -> QVBoxLayout:
    column = QVBoxLayout(parent)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(UNIT)
    return column
