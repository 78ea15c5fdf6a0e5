"""Finding out what a weights file is, for a person who wants to look at it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from core.descriptions import Inspection
from core.jobs import Failed, Finished, JobEvent, Stopped

if TYPE_CHECKING:
    from core.workbench import Workbench


class Looking(QObject):
    """Looks at one file at a time; a newer wish goes before an older one.

    Signals:
        found: an ``Inspection``.
        failed: an error, and a bug's report or an empty text.
    """

    found = Signal(object)
    failed = Signal(object, str)

    def __init__(self, workbench: Workbench, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._job = 0

    def look(self, path: Path) -> None:
        """Find out what a file is."""
        if self._job:
            self._workbench.cancel(self._job)
        self._job = self._workbench.inspect(path)

    def handle(self, event: JobEvent) -> bool:
        """Take a job's event; whether it was meant for this object."""
        if not self._job or event.job != self._job:
            return False
        if isinstance(event, Finished | Failed | Stopped):
            self._job = 0
        if isinstance(event, Finished) and isinstance(event.value, Inspection):
            self.found.emit(event.value)
        elif isinstance(event, Failed):
            self.failed.emit(event.error, event.report)
        return True
