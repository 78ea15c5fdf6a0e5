"""The images in the window and the jobs that answer them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, QTimer, Signal

from core.arrays import ANYTHING, Takes
from core.descriptions import ClassifierInfo, Notice
from core.errors import WhatsitError
from core.images import ImageSource
from core.jobs import Emitted, Failed, Finished, JobEvent, Priority, Stopped
from core.predictions import ImageResult
from gui.error_view import words_for
from gui.results_model import Entry, ResultsModel, State

if TYPE_CHECKING:
    from core.workbench import Workbench

_SETTLE_MS = 120
"""How long a person must stay on an image before it is answered out of turn."""

_REST_MS = 300
"""How long a person must leave the preprocessing alone before the images that are not shown are answered."""


@dataclass(slots=True)
class _Batch:
    """A job's images, in the order of its answers, and how many of them have come."""

    keys: list[int]
    come: int = 0


class Answering(QObject):
    """Adds, removes and answers images, and knows the one that is shown.

    Attributes:
        results: the images and their answers.
        ready: whether there is a model to answer.

    Signals:
        current_changed: another image is shown, or none.
        current_answered: the shown one has an answer.
        noticed: a sentence that a person should know.
        described: a ``ClassifierInfo`` that changed on the way, such as after a step down.
        failed: an error, and a bug's report or an empty text.
    """

    current_changed = Signal()
    current_answered = Signal()
    noticed = Signal(str)
    described = Signal(object)
    failed = Signal(object, str)

    def __init__(self, workbench: Workbench, results: ResultsModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self.results = results
        self.ready = False
        self._batches: dict[int, _Batch] = {}
        self._expanding: dict[int, bool] = {}
        self._current = 0
        self._removing = False
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(self._ask_current)
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._ask_rest)

    @property
    def current(self) -> Entry | None:
        """The image that is shown."""
        return self.results.find(self._current)

    @property
    def row(self) -> int:
        """Its row; -1 where none is shown."""
        return self.results.row_of(self._current)

    @property
    def busy(self) -> bool:
        """Whether images are being looked for or answered."""
        return bool(self._batches or self._expanding or self._rest.isActive())

    def add_paths(self, paths: Sequence[Path], takes: Takes = ANYTHING) -> None:
        """Add files, what is in folders, and the rows of files of numbers.

        Args:
            paths: files and folders.
            takes: what the model takes, which decides where an array may be read in two ways.
        """
        if paths:
            self._expanding[self._workbench.expand(tuple(paths), takes, read_first=True)] = True

    def add_sources(self, sources: Sequence[ImageSource]) -> None:
        """Add images, show the first of them, and have all answered."""
        if sources:
            self._take(sources, show=True)

    def go_to(self, row: int) -> None:
        """Show the image in a row."""
        entry = self.results.entry(row)
        if entry is None or self._removing or entry.key == self._current:
            return
        self._current = entry.key
        self.current_changed.emit()
        if entry.answered is None:
            self._settle.start()

    def step(self, by: int) -> None:
        """Show the image so many rows on; stays at the ends."""
        self.go_to(max(0, min(self.row + by, self.results.rowCount() - 1)))

    def remove(self, rows: Sequence[int]) -> None:
        """Take images away; the next one is shown."""
        if not rows:
            return
        row = self.row
        self._removing = True
        self.results.remove(rows)
        self._removing = False
        if self.results.rowCount() == 0:
            self.clear()
        elif self.row < 0:
            before = sum(gone < row for gone in set(rows))
            self.go_to(min(row - before, self.results.rowCount() - 1))
        else:
            self.current_changed.emit()

    def clear(self) -> None:
        """Take all images away."""
        self._drop_jobs()
        self._current = 0
        self.results.clear()
        self.current_changed.emit()

    def stop(self) -> None:
        """Answer no more; an image that a person goes to is still answered."""
        self._drop_jobs()
        self.results.stop_waiting()

    def answer_again(self) -> None:
        """Another model is in use: all answers are asked for anew, the shown image's first."""
        self._forget_answers()
        self._ask_shown()
        self._ask_rest()

    def answer_dressed(self, known: ImageResult | None) -> None:
        """The model has another preprocessing or other labels: the images that are not shown have time.

        Args:
            known: the answer to the image that was shown when the change was asked for.
        """
        self._forget_answers()
        current = self.current
        if current is not None and known is not None and known.source == current.source:
            self.results.set_result(current.key, known)
        else:
            self._ask_shown()
        self._rest.start()

    def rename(self, labels: tuple[str, ...], source: str) -> None:
        """The classes have other names now: answers stay, and what is still to be answered is asked for anew."""
        for job in list(self._batches):
            self._workbench.cancel(job)
        self._batches.clear()
        self.results.rename(labels, source)
        waiting = [entry for entry in self.results.entries() if entry.state is State.WAITING]
        self._ask([entry for entry in waiting if entry.key == self._current], Priority.NOW)
        self._ask([entry for entry in waiting if entry.key != self._current], Priority.LONG)

    def handle(self, event: JobEvent) -> bool:
        """Take a job's event; whether it was meant for this object."""
        if event.job in self._expanding:
            self._handle_expanding(event)
        elif event.job in self._batches:
            self._handle_batch(event, self._batches[event.job])
        else:
            return False
        return True

    def _take(self, sources: Sequence[ImageSource], show: bool) -> None:
        entries = self.results.add(sources)
        if not show:
            self._ask(entries, Priority.LONG)
            return
        self._current = entries[0].key
        # Before all that changes on screen: the first image is read meanwhile.
        self._ask(entries[:1], Priority.NOW)
        self.current_changed.emit()
        self._ask(entries[1:], Priority.LONG)

    def _ask(self, entries: list[Entry], priority: Priority) -> None:
        links = [entry for entry in entries if entry.source.url]
        # Each link has a job of its own: one that hangs holds up nobody else's answer.
        for part in ([entry for entry in entries if not entry.source.url], *([entry] for entry in links)):
            self._submit(part, priority)

    def _submit(self, entries: list[Entry], priority: Priority) -> None:
        if self.ready and entries:
            job = self._workbench.classify(tuple(entry.source for entry in entries), priority)
            self._batches[job] = _Batch([entry.key for entry in entries])

    def _ask_current(self) -> None:
        entry = self.current
        if entry is not None and entry.answered is None:
            self.results.wait_again([entry.key])
            self._ask([entry], Priority.NOW)

    def _forget_answers(self) -> None:
        self.ready = True
        for job in list(self._batches):
            self._workbench.cancel(job)
        self._batches.clear()
        self._rest.stop()
        self.results.wait_again()

    def _ask_shown(self) -> None:
        if self.current is not None:
            self._ask([self.current], Priority.NOW)

    def _ask_rest(self) -> None:
        """All that wait and were not asked for."""
        asked = {key for batch in self._batches.values() for key in batch.keys}
        waiting = [entry for entry in self.results.entries() if entry.state is State.WAITING]
        self._ask([entry for entry in waiting if entry.key not in asked], Priority.LONG)

    def _drop_jobs(self) -> None:
        self._rest.stop()
        for job in (*self._batches, *self._expanding):
            self._workbench.cancel(job)
        self._batches.clear()
        self._expanding.clear()

    def _handle_expanding(self, event: JobEvent) -> None:
        if isinstance(event, Emitted):
            show, self._expanding[event.job] = self._expanding[event.job], False
            self._take(cast("tuple[ImageSource, ...]", event.value), show)
        elif isinstance(event, Finished | Failed | Stopped):
            del self._expanding[event.job]
            self.results.counted.emit()
            if isinstance(event, Failed):
                self.failed.emit(event.error, event.report)

    def _handle_batch(self, event: JobEvent, batch: _Batch) -> None:
        if isinstance(event, Emitted):
            self._handle_part(event.value, batch)
        elif isinstance(event, Finished | Failed | Stopped):
            del self._batches[event.job]
            self.results.counted.emit()
            if isinstance(event, Failed):
                self._fail(event, batch)

    def _handle_part(self, value: object, batch: _Batch) -> None:
        if isinstance(value, ImageResult):
            key = batch.keys[batch.come]
            batch.come += 1
            if self.results.set_result(key, value) and key == self._current:
                self.current_answered.emit()
        elif isinstance(value, ClassifierInfo):
            self.described.emit(value)
        elif isinstance(value, Notice):
            self.noticed.emit(value.text)

    def _fail(self, event: Failed, batch: _Batch) -> None:
        """A whole job failed: each of its images says why, in its own place."""
        error = event.error
        if not isinstance(error, WhatsitError):
            words = words_for(error, event.report)
            error = WhatsitError(words.what, words.more, detail=words.detail)
        left = batch.keys[batch.come :]
        self.results.fail(left, error)
        if self._current in left:
            self.current_answered.emit()
        self.failed.emit(event.error, event.report)
