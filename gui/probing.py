"""Finding out how a model wants its photos prepared, for a person who has some labelled ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from core.jobs import Failed, Finished, JobEvent, Progressed, Stopped
from core.probes import Probe

if TYPE_CHECKING:
    from core.workbench import Workbench


class Probing(QObject):
    """Probes with one folder at a time; a newer wish goes before an older one.

    Signals:
        progressed: done, total (0 where nobody knows) and what is being tried.
        found: a ``Probe``.
        failed: an error, and a bug's report or an empty text.
        stopped: it was cancelled.
    """

    progressed = Signal(int, int, str)
    found = Signal(object)
    failed = Signal(object, str)
    stopped = Signal()

    def __init__(self, workbench: Workbench, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._job = 0

    @property
    def busy(self) -> bool:
        """Whether it is at it."""
        return bool(self._job)

    def probe(self, path: Path) -> None:
        """Begin with a folder of class folders, or a file of paths and labels."""
        self.cancel()
        self._job = self._workbench.probe(path)

    def cancel(self) -> None:
        """Give up."""
        if self._job:
            self._workbench.cancel(self._job)

    def handle(self, event: JobEvent) -> bool:
        """Take a job's event; whether it was meant for this object."""
        if not self._job or event.job != self._job:
            return False
        if isinstance(event, Finished | Failed | Stopped):
            self._job = 0
        if isinstance(event, Progressed):
            self.progressed.emit(event.done, event.total, event.text)
        elif isinstance(event, Finished) and isinstance(event.value, Probe):
            self.found.emit(event.value)
        elif isinstance(event, Failed):
            self.failed.emit(event.error, event.report)
        elif isinstance(event, Stopped):
            self.stopped.emit()
        return True
