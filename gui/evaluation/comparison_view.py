"""What changes with another model: which is better, measure by measure, and the images behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from core.showing import isolated
from gui.evaluation import metric_words
from gui.evaluation.alignment_view import AlignmentView
from gui.evaluation.figures_view import Cell, FiguresView
from gui.evaluation.gallery import Gallery, Shown
from gui.evaluation.list_words import are_rows, fit, things
from gui.widgets import theme, wording
from gui.widgets.entries import Combo
from gui.widgets.error_view import Words, button, wrapped
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.comparing import Compared, Which
    from core.images import ImageSource
    from core.labelled import Alignment
    from core.measures.library import Indices
    from gui.evaluation.comparing import Changes
    from gui.evaluation.pace import Pace
    from gui.photos.thumbnails import Thumbnails

_TITLES = ("Measure", "A", "B", f"B {wording.MINUS} A", "95 % interval", "Chance?")
_MEANINGS = {
    "only_first": "A is right and B is not; B's surest mistakes first.",
    "only_second": "B is right and A is not; A's surest mistakes first.",
    "changed": "They say different things, right or wrong; the surest answers first.",
    "neither": "Neither is right; the surest mistakes first.",
    "both": "Both are right; the least certain answers first.",
}
_OF_VALUES = {
    "only_first": "A is nearer to the true value; where that makes most of a difference first.",
    "only_second": "B is nearer to the true value; where that makes most of a difference first.",
    "changed": "All images; those first on which the two values are furthest apart.",
    "both": "Both are as far off.",
}
_NONE_KNOWN = (
    "No image can be compared. Choose classes in the rows; or open this model in the main window, give it its class "
    "names and test it there: what was tested on the same data before can be compared with."
)
_HALF = 0.5
_TABLE_WIDTH = 72 * UNIT
_MOST_UNKNOWN = 4


@dataclass(frozen=True, slots=True)
class ShownPair(Shown):
    """One image with two answers, a line each; what else ``Shown`` has is the first model's.

    Attributes:
        second_right: whether the second is right; of values, nearer.
    """

    second_right: bool = False

    @property
    def tones(self) -> tuple[tuple[bool, bool], ...]:
        """Of each line: whether it is in bold type, and whether it is wrong."""
        return (True, not self.right), (True, not self.second_right), (False, False)


def _pair(source: ImageSource, true: str, first: tuple[str, bool], second: tuple[str, bool]) -> ShownPair:
    """Args: first, second: what either model says, and whether that is right."""
    lines = f"A  {first[0]}", f"B  {second[0]}", f"is {isolated(true)}"
    return ShownPair(source, true, first[0], 0.0, first[1], *lines, second_right=second[1])


class ComparisonView(QWidget):
    """A page of the window that tests the model.

    Attributes:
        headline, line, small: what was found, in words; what is compared, or was saved.
        figures: measure by measure.
        lists, gallery: the images.
        alignment: labels of the data and the second model's classes, where it does not know them all.
        changes: what is shown; ``None`` before it is found.

    Signals:
        back_asked: a person wants the results again.
        other_asked: a person wants to compare with another model.
        cancel_asked: a person wants no more of it for now.
        go_on_asked: it may go on, or be tried again.
        answered: the choices of the second model's classes.
        helped: a person wants to answer what stands in the way.
        save_asked, list_asked: a person wants a file of all, or of the images that are shown.
        opened: an ``ImageSource`` that a person wants to see in full.
    """

    back_asked = Signal()
    other_asked = Signal()
    cancel_asked = Signal()
    go_on_asked = Signal()
    answered = Signal(object)
    helped = Signal()
    save_asked = Signal()
    list_asked = Signal()
    opened = Signal(object)

    def __init__(self, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self.changes: Changes | None = None
        self._state = "idle"
        self._which: Which = "only_first"
        self.headline, self.line, self.small = wrapped(self), wrapped(self), wrapped(self)
        self.headline.setFont(theme.scaled(self.font(), 1.4, QFont.Weight.DemiBold))
        self.small.setForegroundRole(theme.MUTED)
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(UNIT)
        self.alignment = AlignmentView(self)
        self.alignment.labels.dataChanged.connect(self._count)
        self.figures = FiguresView(_TITLES, "Measures of both models", self)
        self.lists = Combo(self, "Which images", ())
        self.lists.picked.connect(self._pick_list)
        self.about = wrapped(self)
        self.about.setForegroundRole(theme.MUTED)
        self.gallery = Gallery(thumbnails, self)
        self.gallery.opened.connect(self.opened)
        self.save_list = button(self, "Save this list …", self.list_asked.emit)
        self.back = button(self, "Back to the results", self.back_asked.emit)
        self.other = button(self, "Another model …", self.other_asked.emit)
        self.cancel = button(self, "Pause", self.cancel_asked.emit)
        self.save = button(self, "Save the comparison …", self.save_asked.emit)
        self.help = button(self, "", self.helped.emit, "primary")
        self.go = button(self, "", self._go_on, "primary")
        self._pages = QStackedWidget(self)
        self._nothing = QWidget(self)
        self._arrange()
        self._show_state("idle")

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        return self._state == "busy"

    @property
    def places(self) -> Indices | None:
        """The images that are shown."""
        return self.changes.lists[self._which] if self.changes is not None else None

    def show_start(self, first: str, second: str) -> None:
        """It is about to begin, with models of these names."""
        self.changes = None
        self.headline.setText(f"Comparing {isolated(first)} with {isolated(second)}")
        self.small.setText("The model in use stays in use. What was answered is kept: you can go on later.")
        self.show_going_on()

    def show_going_on(self) -> None:
        """It goes on."""
        self._bar.setRange(0, 0)
        self._say("")
        self._show_state("busy")

    def show_pace(self, pace: Pace) -> None:
        """It runs."""
        self._bar.setRange(0, pace.total)
        self._bar.setValue(pace.done)
        self._say(pace.words)

    def show_stopped(self) -> None:
        """It was paused."""
        self._say(f"Paused. {self.line.text()}".strip())
        self._show_state("paused")

    def show_question(
        self, unknown: tuple[str, ...], alignment: Alignment, second: str, names: tuple[str, ...]
    ) -> None:
        """Ask which classes of the second model some labels are.

        Args:
            unknown: labels that only the first model knows.
            alignment: the labels and the second model's classes.
            second: its name.
            names: its classes, in head order.
        """
        listed = ", ".join(map(isolated, unknown[:_MOST_UNKNOWN]))
        more = f" and {len(unknown) - _MOST_UNKNOWN:,} more" if len(unknown) > _MOST_UNKNOWN else ""
        self.headline.setText(f"{isolated(second)} does not know {listed}{more}.")
        self.alignment.labels.show_alignment(alignment, names)
        self._show_state("asked")
        self._count()
        self.alignment.setCurrentIndex(self.alignment.labels.index(0, 0))

    def show_error(self, words: Words, helps: str = "") -> None:
        """Say why it cannot be; and what would help, where a click does."""
        self._say(words.what, wrong=True)
        self.small.setText(words.more)
        self.help.setText(helps)
        self._show_state("failed")

    def show_changes(self, changes: Changes) -> None:
        """Show what was found."""
        from core.comparing import list_title
        from core.measures import verdict

        self.changes = changes
        compared = changes.compared
        said, kind = verdict(compared.comparison), compared.kind
        rows = are_rows(compared.first.data)
        self.headline.setText(fit(said.what, rows))
        self._say(fit(said.more, rows))
        self.small.setText(_legend(compared, changes.corrected))
        self._show_figures(compared)
        shown: list[Which] = [which for which in changes.lists if list_title(which, kind)]
        self.lists.clear()
        for which in shown:
            self.lists.addItem(f"{list_title(which, kind)} ({len(changes.lists[which]):,})", which)
        filled: list[Which] = [which for which in shown if len(changes.lists[which])]
        self._show_state("found")
        self.show_list(filled[0] if filled else shown[0])
        self.lists.setFocus()

    def show_list(self, which: Which) -> None:
        """Show the images of a list."""
        if self.changes is None:
            return
        self._which = which
        self.lists.show_key(which)
        compared, places = self.changes.compared, self.changes.lists[which]
        meanings = _OF_VALUES if compared.kind == "values" else _MEANINGS
        nothing = "" if len(places) else "There are none. "
        self.about.setText(fit(f"{nothing}{meanings[which]}", are_rows(compared.first.data)))
        self.save_list.setEnabled(len(places) > 0)
        make = _maker(compared)
        self.gallery.show_images(len(places), lambda place: make(int(places[place])))

    def _pick_list(self, key: str) -> None:
        self.show_list(cast("Which", key))

    def _go_on(self) -> None:
        if self._state == "asked":
            self.answered.emit(self.alignment.labels.choices)
        else:
            self.go_on_asked.emit()

    def _count(self) -> None:
        """What can be compared, in words."""
        if self._state != "asked":
            return
        rows = self.alignment.labels.rows
        known = sum(row.count for row in rows if row.index >= 0)
        left = sum(row.count for row in rows if row.index < 0)
        parts = [f"{things(known)} can be compared."]
        if left:
            parts.append(f"{left:,} are of labels without a class: choose it in the row, or go on without them.")
        self._say(" ".join(parts) if known else _NONE_KNOWN)
        self.go.setEnabled(known > 0)

    def _say(self, text: str, wrong: bool = False) -> None:
        self.line.setForegroundRole(theme.ERROR if wrong else self.line.palette().ColorRole.WindowText)
        self.line.setText(text)

    def _show_figures(self, compared: Compared) -> None:
        from core.measures import chance
        from core.measures.words import metric
        from core.reporting import step_written

        rows: list[tuple[int, str, str, tuple[Cell, ...]]] = []
        for place, change in enumerate(compared.comparison.changes):
            words, (step, ends) = metric(change.name), step_written(change)
            texts = (
                metric_words.in_table(change.name, change.first),
                metric_words.in_table(change.name, change.second),
                step,
                ends or "unknown",
                chance(change.p),
            )
            unit = " The difference is in percentage points." if words.share else ""
            meaning = f"{words.title}. {words.meaning}{unit} Tested by: {change.test}."
            rows.append((place, words.title, meaning, tuple((text, 0.0) for text in texts)))
        self.figures.figures.show_rows(rows)

    def _show_state(self, state: str) -> None:
        self._state = state
        for widget, states in (
            (self._bar, ("busy", "paused")),
            (self.cancel, ("busy",)),
            (self.go, ("asked", "paused")),
            (self.save, ("found",)),
            (self.save_list, ("found",)),
            (self.other, ("asked", "paused", "failed", "found")),
            (self.help, ("failed",) if self.help.text() else ()),
        ):
            widget.setVisible(state in states)
        self.go.setText("Compare" if state == "asked" else "Continue")
        self.go.setEnabled(True)
        self.small.setVisible(state != "asked")
        pages = {"asked": self.alignment, "found": self.split}
        self._pages.setCurrentWidget(pages.get(state, self._nothing))
        if state != "failed":
            self.help.setText("")

    def _arrange(self) -> None:
        images = QWidget(self)
        column = QVBoxLayout(images)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addWidget(self.lists)
        column.addWidget(self.about)
        column.addWidget(self.gallery, 1)
        self.split = QSplitter(Qt.Orientation.Horizontal, self)
        self.split.addWidget(self.figures)
        self.split.addWidget(images)
        self.split.setChildrenCollapsible(False)
        self.split.setHandleWidth(3 * UNIT)
        # More room is for more pictures.
        self.split.setStretchFactor(1, 1)
        self.split.setSizes([_TABLE_WIDTH, 1])
        for page in (self._nothing, self.alignment, self.split):
            self._pages.addWidget(page)
        row = QHBoxLayout()
        for widget in (self.back, self.other):
            row.addWidget(widget)
        row.addStretch()
        for widget in (self.cancel, self.save_list, self.save, self.help, self.go):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        for widget in (self.headline, self.line, self._bar, self.small):
            column.addWidget(widget)
        column.addWidget(self._pages, 1)
        column.addLayout(row)


def _legend(compared: Compared, corrected: int) -> str:
    names = "   ·   ".join(f"{letter}: {isolated(title)}" for letter, title in zip("AB", compared.titles, strict=True))
    data = compared.first.data
    left = max(compared.first.count, compared.second.count) - len(compared.rows)
    less = f"; {left:,} were answered by one alone, and are left out" if left else ""
    part = f", part {data.split}" if data.split else ""
    images = fit(things(len(compared.rows)), are_rows(data))
    counted = f"; with your {wording.corrections(corrected)} counted in" if corrected else ""
    return f"{names}\n{images} of {wording.file_name(data.root)}{part}{less}{counted}"


def _maker(compared: Compared) -> Callable[[int], Shown]:
    """Makes what is shown of an image, by its place."""
    both = tuple(zip((compared.first, compared.second), compared.rows.T, strict=True))

    def of_class(place: int) -> Shown:
        said: list[tuple[str, bool]] = []
        for each, rows in both:
            row = int(rows[place])
            label = isolated(each.labels[int(each.predicted[row])])
            said.append((f"{label} {wording.percent(float(each.confidence[row]))}", bool(each.right[row])))
        row = int(compared.rows[place, 0])
        true = compared.first.labels[int(compared.first.truth[row])]
        return _pair(compared.first.source(row), true, *said)

    def of_value(place: int) -> Shown:
        row = int(compared.rows[place, 0])
        value = compared.first.data.images[int(compared.first.places[row])].value or 0.0
        first, second = (float(each.scores[rows[place], 0]) for each, rows in both)
        off = abs(first - value), abs(second - value)
        said = (wording.value(first), off[0] <= off[1]), (wording.value(second), off[1] <= off[0])
        return _pair(compared.first.source(row), wording.value(value), *said)

    def of_several(place: int) -> Shown:
        row = int(compared.rows[place, 0])
        true = compared.first.data.images[int(compared.first.places[row])].labels
        said: list[tuple[str, bool]] = []
        for each, rows in both:
            scores, indices = np.asarray(each.scores[rows[place]]), each.alignment.indices
            given = {int(index) for index in np.flatnonzero(scores >= _HALF)}
            names = ", ".join(isolated(each.labels[index]) for index in sorted(given)) or "no label"
            said.append((names, given == {indices[label] for label in true if label in indices}))
        return _pair(compared.first.source(row), ", ".join(true) or "none of these", *said)

    return {"values": of_value, "several": of_several}.get(compared.kind, of_class)
