"""Results on their way to a file or to the clipboard, written away from the window's thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from core.jobs import Context, Failed, Finished, JobEvent, JobRunner, Listener, Priority, Steps, Stopped, Work
from core.predictions import ImageResult

if TYPE_CHECKING:
    from core.preprocessing import Preprocessing


@dataclass(frozen=True, slots=True)
class _Saved:
    """How many results, or class names, went where: to a file, or as text to the clipboard."""

    count: int
    path: str = ""
    text: str = ""
    names: bool = False


@dataclass(frozen=True, slots=True)
class _Kept:
    """A file that a preprocessing was written to, or read from."""

    path: str
    read: Preprocessing | None = None


class Saving(QObject):
    """Writes results, and writes and reads a preprocessing.

    Signals:
        saved: the file, or an empty text for the clipboard, and how many results.
        names_saved: the file, and how many class names.
        kept: the file that a preprocessing was written to.
        preprocessing_read: the file, and the ``Preprocessing`` in it.
        failed: an error, and a bug's report or an empty text.
    """

    saved = Signal(str, int)
    names_saved = Signal(str, int)
    kept = Signal(str)
    preprocessing_read = Signal(str, object)
    failed = Signal(object, str)

    def __init__(self, listener: Listener, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._listener = listener
        self._runner: JobRunner | None = None
        self._job = 0

    @property
    def busy(self) -> bool:
        """Whether something is being written."""
        return bool(self._job)

    def save(self, path: Path, results: tuple[ImageResult, ...], k: int, provenance: bool = False) -> None:
        """Write a file, whose suffix tells the form; in JSON with where each answer came from, if wished."""

        def work(context: Context) -> Steps:
            from core.export import save_results

            context.check()
            yield
            save_results(path, results, k, provenance=provenance)
            return _Saved(len(results), path=str(path))

        self._submit(work)

    def save_names(self, path: Path, labels: tuple[str, ...]) -> None:
        """Write class names; the file's suffix tells the form."""

        def work(context: Context) -> Steps:
            from core.export import write_text
            from core.labels import labels_text

            context.check()
            yield
            write_text(path, labels_text(labels, path.suffix))
            return _Saved(len(labels), path=str(path), names=True)

        self._submit(work)

    def copy(self, results: tuple[ImageResult, ...], k: int) -> None:
        """Put CSV on the clipboard."""

        def work(context: Context) -> Steps:
            from core.export import to_csv

            context.check()
            yield
            return _Saved(len(results), text=to_csv(results, k))

        self._submit(work)

    def keep_preprocessing(self, path: Path, value: Preprocessing) -> None:
        """Write a preprocessing, as the command line's ``--preprocessing`` takes it."""

        def work(context: Context) -> Steps:
            import json

            from core.export import write_bytes
            from core.preprocessing import to_dict

            context.check()
            yield
            write_bytes(path, (json.dumps(to_dict(value), indent=2) + "\n").encode("utf-8"))
            return _Kept(str(path))

        self._submit(work)

    def read_preprocessing(self, path: Path) -> None:
        """Read a preprocessing in any form that the command line's ``--preprocessing`` takes."""

        def work(context: Context) -> Steps:
            from core.recipes import read_preprocessing

            context.check()
            yield
            return _Kept(str(path), read_preprocessing(str(path)))

        self._submit(work)

    def cancel(self) -> None:
        """Give up what has not begun."""
        if self._runner is not None:
            self._runner.cancel(self._job)

    def close(self, timeout_s: float = 1.0) -> bool:
        """Wait for what is being written; whether it ended in time."""
        return self._runner is None or self._runner.close(timeout_s)

    def handle(self, event: JobEvent) -> bool:
        """Take a job's event; whether it was meant for this object."""
        if event.job != self._job:
            return False
        if isinstance(event, Finished | Failed | Stopped):
            self._job = 0
        if isinstance(event, Failed):
            self.failed.emit(event.error, event.report)
        elif isinstance(event, Finished) and isinstance(event.value, _Saved):
            if event.value.text:
                QGuiApplication.clipboard().setText(event.value.text)
            told = self.names_saved if event.value.names else self.saved
            told.emit(event.value.path, event.value.count)
        elif isinstance(event, Finished) and isinstance(event.value, _Kept):
            if event.value.read is None:
                self.kept.emit(event.value.path)
            else:
                self.preprocessing_read.emit(event.value.path, event.value.read)
        return True

    def _submit(self, work: Work) -> None:
        if self._runner is None:
            self._runner = JobRunner("save", self._listener)
        self._job = self._runner.submit(work, Priority.NOW)
