"""The window that tests the model: choose data, see what is which, wait or not, and look at what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QFont, QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from core.errors import ColumnError
from core.showing import isolated
from gui.evaluation.alignment_view import AlignmentView
from gui.evaluation.comparison_view import ComparisonView
from gui.evaluation.gallery import Gallery, Shown
from gui.evaluation.list_words import are_rows, fit, things
from gui.evaluation.results import EvaluationResults
from gui.evaluation.source_bar import SourceBar
from gui.widgets import theme, wording
from gui.widgets.error_view import button, words_for, wrapped
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from core.kept import Kept
    from core.labelled import Alignment, LabelledData
    from gui.evaluation.judging import Judge
    from gui.evaluation.pace import Pace
    from gui.evaluation.testing import Findings, Testing
    from gui.photos.thumbnails import Thumbnails

_INVITATION = (
    "Choose images of which you know what they show: a folder that holds a folder for each class, a table (CSV or "
    "JSON) of paths and labels or values, or arrays (.npz with X and y). Before anything is answered you see which "
    "label is taken for which class."
)
_CHANGED = (
    "This data was tested with this model before, but images, choices or preprocessing have changed since: all are "
    "answered anew."
)
_PAUSED = "What was answered is kept, also when this window or Whatsit is closed."
_LIVE = 120
"""Wrong answers that are shown while it runs."""


class EvaluationWindow(QDialog):
    """A window beside the main one.

    Attributes:
        alignment: the table of labels and classes.
        live: wrong answers, while it runs.
        results: what was found.
        comparison: what changes with another model.

    Signals:
        folder_asked, file_asked: a person wants to choose data.
        compare_asked: a person wants to compare with another model.
        start_asked: it may begin, or go on.
        cancel_asked: a person wants no more of it for now.
        save_asked: a person wants a file of the results.
        list_asked: a person wants a file of the images that are shown.
        opened: an ``ImageSource`` that a person wants to see in full.
        dropped: the ``Path`` of data that a person dropped here.
        left_out_asked: a person wants a file of what was not scored.
        corrected: a person corrected a label, or took it back, or wants it counted in or not.
        corrections_asked: a person wants a file of the corrected labels.
        source_changed: part, column of labels and column of paths that a person wants.
    """

    folder_asked = Signal()
    file_asked = Signal()
    start_asked = Signal()
    compare_asked = Signal()
    cancel_asked = Signal()
    save_asked = Signal()
    list_asked = Signal()
    opened = Signal(object)
    dropped = Signal(object)
    source_changed = Signal(str, str, str)
    left_out_asked = Signal()
    corrected = Signal()
    corrections_asked = Signal()

    def __init__(self, parent: QWidget, thumbnails: Thumbnails) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._thumbnails = thumbnails
        self._state = "invited"
        self._rows = self._same = False
        self._title = wrapped(self)
        self._title.setFont(theme.scaled(self.font(), 1.4, QFont.Weight.DemiBold))
        self.line, self.more = wrapped(self), wrapped(self)
        self.more.setForegroundRole(theme.MUTED)
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(UNIT)
        self.source = SourceBar(self)
        self.source.changed.connect(self.source_changed)
        self.alignment = AlignmentView(self)
        self.alignment.labels.dataChanged.connect(self._count)
        self.live = Gallery(thumbnails, self)
        self.live.opened.connect(self.opened)
        theme.name(self.live, "Wrong answers so far", "Enter shows an image in the main window.")
        self.results = self._make_results()
        self.folder = button(self, "Choose a folder …", self.folder_asked.emit)
        self.file = button(self, "Choose a file …", self.file_asked.emit)
        self.cancel = button(self, "Pause", self.cancel_asked.emit)
        self.save = button(self, "Save the results …", self.save_asked.emit)
        self.start = button(self, "Start", self.start_asked.emit, "primary")
        self.compare = button(self, "Compare with …", self.compare_asked.emit)
        self.compare.setToolTip("Compare with another model, or with one that was tested before, on the same data.")
        self.comparison = ComparisonView(thumbnails, self)
        self.comparison.opened.connect(self.opened)
        self.comparison.back_asked.connect(lambda: self._show_state("found"))
        self.change = wrapped(self)
        self.what_changed = button(self, "What changed …", self.show_comparison)
        self._data: LabelledData | None = None
        self._problem = self._kept = ""
        self.setAcceptDrops(True)
        self._arrange()
        self.show_invitation("the model")
        self.setMinimumSize(90 * UNIT, 66 * UNIT)
        self.resize(140 * UNIT, 92 * UNIT)

    def show_invitation(self, model: str) -> None:
        """Nothing is chosen yet."""
        self.show_model(model)
        self._title.setText(f"How good is {isolated(model)}?")
        self.line.setText(_INVITATION)
        self.more.setText("")
        self._show_state("invited")

    def show_model(self, model: str) -> None:
        """Name the model that is tested, or was, in the title."""
        self.setWindowTitle(f"Test {model} {wording.DASH} Whatsit")

    @property
    def paused(self) -> bool:
        """Whether there is something to go on with."""
        return self._state == "paused"

    def show_reading(self, name: str, same: bool = False) -> None:
        """Other data is being read.

        Args:
            name: of the data.
            same: whether it is another part of what is there, or other columns of it.
        """
        self._data, self._kept, self._same = None, "", same
        self._title.setText(name)
        self.alignment.labels.clear()
        self.show_start()
        self.cancel.setText("Cancel")

    def show_start(self) -> None:
        """It is about to begin."""
        self._show_state("busy")
        self.more.setText("")
        self.live.clear()
        self.cancel.setText("Pause")
        self._bar.setRange(0, 0)

    def show_survey(self, data: LabelledData, alignment: Alignment, names: tuple[str, ...]) -> None:
        """Show which label is which class."""
        self._data, self._problem = data, alignment.problem
        self._rows = are_rows(data)
        self.source.show_data(data)
        self.alignment.labels.show_alignment(alignment, names, self._rows)
        self._show_state("aligned")
        self._title.setText(f"{wording.file_name(data.root)}{f', part {data.split}' if data.split else ''}")
        self._count()
        self.alignment.setVisible(bool(alignment.rows))
        if alignment.rows:
            self.alignment.setCurrentIndex(self.alignment.labels.index(0, 0))
        self.start.setFocus()

    def show_pace(self, pace: Pace) -> None:
        """It runs."""
        self._bar.setRange(0, pace.total)
        self._bar.setValue(pace.done)
        self.line.setText(fit(pace.words, self._rows))

    def show_judged(self, judge: Judge) -> None:
        """How it goes so far."""
        if judge.are_values:
            told = f"So far off by {wording.value(float(f'{judge.off:.4g}'))} in the mean of {things(judge.count)}."
            self.more.setText(fit(f"{told} The first of them:" if judge.count > _LIVE else told, self._rows))
            return
        right, count = judge.right, judge.count
        shown = min(count - right, _LIVE)
        first = f" The first {shown:,} of them:" if count - right > shown else ""
        self.more.setText(
            f"So far {right:,} of {count:,} are right ({wording.percent(right / count)}), {count - right:,} wrong."
            f"{first}"
        )

    def add_missed(self, shown: Shown) -> None:
        """A wrong answer, or any value, while it runs."""
        if self.live.images.rowCount() < _LIVE:
            self.live.add(shown)

    def show_kept(self, kept: Kept) -> None:
        """How many of the images were answered in an earlier run."""
        if kept.answered:
            told = "Start shows the results" if kept.answered == kept.total else "Start goes on from there"
            many = "All" if kept.answered == kept.total else f"{kept.answered:,}"
            self._kept = f"{many} of them were answered before by this very model: {told}."
        elif kept.changed:
            self._kept = _CHANGED

    def show_findings(self, findings: Findings) -> None:
        """It is done."""
        self.change.setText("")
        self._show_state("found")
        self.results.show_findings(findings)

    @property
    def comparing(self) -> bool:
        """Whether the comparison with another model is shown."""
        return self._state == "compared"

    def show_comparison(self) -> None:
        """Show the comparison with another model in place of the results."""
        self._show_state("compared")

    def show_change(self, text: str) -> None:
        """Say below the results what differs from a model that was tested before; empty for nothing."""
        if self._state in ("found", "compared"):
            self.change.setText(text)
            self._show_state(self._state)

    def show_error(self, error: BaseException, report: str) -> None:
        """Say why there is nothing, where it would be."""
        words = words_for(error, report)
        self._show_state("aligned" if self._data is not None else "invited")
        if isinstance(error, ColumnError):
            # A person may know what nothing in the table tells.
            self.source.ask(error.columns, error.wanted)
        elif self._same:
            # The part or column that a person chose is no good: another may be.
            self.source.setVisible(self.source.has_choices)
        self.line.setText(words.what)
        self.line.setForegroundRole(theme.ERROR)
        self.more.setText(words.more)

    def show_stopped(self, testing: Testing) -> None:
        """It was paused, or nothing came of it; a newer wish is under way already where ``testing`` is busy."""
        if testing.busy or self._state != "busy":
            return
        if self._data is not None:
            self._show_state("paused")
            self.line.setText(f"Paused. {self.line.text()}")
            self.more.setText(f"{self.more.text()} {_PAUSED}".strip())
        else:
            self._show_state("invited")
            self.line.setText(_INVITATION)

    def show_saved(self, path: str, count: int) -> None:
        """A file was written."""
        data = self._data
        self._say_saved(fit(f"{things(count)} saved in {path}.", data is not None and are_rows(data)))

    def show_unsaved(self, error: BaseException, report: str) -> None:
        """A file could not be written."""
        words = words_for(error, report)
        self._say_saved(f"{words.what} {words.more}".strip())

    def _say_saved(self, text: str) -> None:
        (self.comparison if self.comparing else self.results).small.setText(text)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Nobody looks any more."""
        self.cancel_asked.emit()
        super().closeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter belongs to what has the focus, and Escape never throws away what was found."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()
        elif event.key() == Qt.Key.Key_Escape and self._state in ("busy", "paused", "found"):
            if self._state == "busy":
                self.cancel_asked.emit()
            event.accept()
        elif event.key() == Qt.Key.Key_Escape and self.comparing:
            (self.comparison.cancel if self.comparison.busy else self.comparison.back).click()
            event.accept()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A folder or a table of one's own."""
        if self._state != "busy" and _dropped(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Take it as the data."""
        path = _dropped(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.dropped.emit(path)

    def _count(self) -> None:
        """What will be scored, in words."""
        data = self._data
        if data is None:
            return
        rows, names = self.alignment.labels.rows, self.alignment.labels.names
        if data.kind == "values":
            where = "array" if data.root.lower().endswith(".npz") else "column"
            told = f"{things(len(data.images))} with values in the {where} {isolated(data.target)} will be scored."
            self.line.setText(fit(told, self._rows))
            quiet = [*data.notes, *_unlabelled(data), *([self._kept] if self._kept else [])]
            self.more.setText(fit(" ".join(quiet), self._rows))
            self.start.setEnabled(True)
            return
        known = [row for row in rows if row.index >= 0]
        images = sum(row.count for row in known)
        undecided = sum(1 for row in rows if row.index < 0 and row.count and not row.how)
        parts = [f"{things(images)} of {len(known):,} {'label' if len(known) == 1 else 'labels'} will be scored."]
        if data.kind == "several":
            parts = [f"{things(len(data.images))} with any of {len(known):,} labels will be scored."]
        if undecided:
            labels = "1 label has" if undecided == 1 else f"{undecided:,} labels have"
            parts.append(f"{labels} no class of the model: choose it in the row, or leave it out.")
        nothing = f"{self._problem} You can choose a label's class in its row." if self._problem else ""
        self.line.setText(fit(" ".join(parts) if known or not nothing else nothing, self._rows))
        used = {row.index for row in known if row.count}
        absent = [name for index, name in enumerate(names) if index not in used]
        quiet: list[str] = [self._kept] if self._kept else []
        if absent:
            more = f" and {len(absent) - 4:,} more" if len(absent) > 4 else ""
            listed = ", ".join(map(isolated, absent[:4]))
            quiet.append(f"Classes of the model without images: {listed}{more}.")
        self.more.setText(fit(" ".join([*quiet, *_unlabelled(data), *data.notes]), self._rows))
        self.start.setEnabled(bool(known) and images > 0)

    def _show_state(self, state: str) -> None:
        self._state = state
        running = state in ("busy", "paused")
        for widget, there in (
            (self._bar, running),
            (self.cancel, state == "busy"),
            (self.start, state in ("aligned", "paused", "found")),
            (self.folder, state not in ("busy", "compared")),
            (self.file, state not in ("busy", "compared")),
            (self.save, state == "found"),
            (self.compare, state == "found"),
            (self.change, state == "found" and bool(self.change.text())),
            (self.what_changed, state == "found" and bool(self.change.text())),
            (self.head, state not in ("found", "compared")),
            (self.source, state == "aligned" and self.source.has_choices),
        ):
            widget.setVisible(there)
        self.start.setText({"paused": "Continue", "found": "Test again …"}.get(state, "Start"))
        self.line.setForegroundRole(self.line.palette().ColorRole.WindowText)
        self.start.setEnabled(True)
        for widget, loud in ((self.folder, state == "invited"), (self.start, state != "found")):
            widget.setProperty("kind", "primary" if loud else "quiet")
            widget.style().polish(widget)
            widget.updateGeometry()
        pages = {"aligned": self.alignment, "found": self.results, "invited": self._empty, "compared": self.comparison}
        self._pages.setCurrentWidget(pages.get(state, self.live))

    def _make_results(self) -> EvaluationResults:
        made = EvaluationResults(self._thumbnails, self)
        made.opened.connect(self.opened)
        made.list_asked.connect(self.list_asked)
        made.corrected.connect(self.corrected)
        made.left_out_asked.connect(self.left_out_asked)
        made.corrections_asked.connect(self.corrections_asked)
        return made

    def _arrange(self) -> None:
        self.head = QWidget(self)
        words = QVBoxLayout(self.head)
        words.setContentsMargins(0, 0, 0, 0)
        words.setSpacing(UNIT)
        for widget in (self._title, self.source, self.line, self._bar, self.more):
            words.addWidget(widget)
        self._pages = QStackedWidget(self)
        self._empty = QLabel("Drop a folder of class folders here, a table, or an .npz file.", self)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setForegroundRole(theme.MUTED)
        for page in (self._empty, self.alignment, self.live, self.results, self.comparison):
            self._pages.addWidget(page)
        row = QHBoxLayout()
        for widget in (self.folder, self.file, self.cancel):
            row.addWidget(widget)
        row.addStretch()
        row.addWidget(self.compare)
        row.addWidget(self.save)
        row.addWidget(self.start)
        column = QVBoxLayout(self)
        column.setContentsMargins(3 * UNIT, 3 * UNIT, 3 * UNIT, 2 * UNIT)
        column.setSpacing(UNIT + UNIT // 2)
        column.addWidget(self.head)
        column.addWidget(self._pages, 1)
        changed = QHBoxLayout()
        changed.addWidget(self.change, 1)
        changed.addWidget(self.what_changed)
        column.addLayout(changed)
        column.addLayout(row)


def _unlabelled(data: LabelledData) -> list[str]:
    return [f"Images without a label, left out: {len(data.unlabelled):,}."] if data.unlabelled else []


def _dropped(mime: QMimeData) -> Path | None:
    files = [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]
    return Path(files[0]) if files else None
