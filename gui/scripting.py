"""The model in use as a script or notebook: to the clipboard, or to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from core.jobs import Failed, Finished, JobEvent, Stopped

if TYPE_CHECKING:
    from core.descriptions import ClassifierInfo
    from core.images import ImageSource
    from core.workbench import Workbench


class Scripting(QObject):
    """Has scripts written, one at a time; a newer wish goes before an older one.

    Signals:
        written: the file, or an empty text for the clipboard.
        failed: an error, and a bug's report or an empty text.
    """

    written = Signal(str)
    failed = Signal(object, str)

    def __init__(self, workbench: Workbench, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._job = 0
        self._target: Path | None = None

    def write(self, info: ClassifierInfo, source: ImageSource | None, target: Path | None = None) -> None:
        """Write a script.

        Args:
            info: the classifier.
            source: the picture that it is to classify.
            target: the file; one that ends in ``.ipynb`` becomes a notebook.  ``None`` for the clipboard.
        """
        if self._job:
            self._workbench.cancel(self._job)
        self._target = target
        form = "ipynb" if target is not None and target.suffix.lower() == ".ipynb" else "py"
        self._job = self._workbench.script(info, source, form, target)

    def handle(self, event: JobEvent) -> bool:
        """Take a job's event; whether it was meant for this object."""
        if not self._job or event.job != self._job:
            return False
        if isinstance(event, Finished | Failed | Stopped):
            self._job = 0
        if isinstance(event, Finished) and isinstance(event.value, str):
            if self._target is None:
                QGuiApplication.clipboard().setText(event.value)
            self.written.emit(str(self._target) if self._target is not None else "")
        elif isinstance(event, Failed):
            self.failed.emit(event.error, event.report)
        return True
