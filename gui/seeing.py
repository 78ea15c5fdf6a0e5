"""Keeps the view of what the model sees true: of the photo that is shown, with the preprocessing in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from core.descriptions import Seen
from core.errors import WhatsitError
from core.jobs import Failed, Finished, JobEvent, Stopped
from gui.newest import Newest

if TYPE_CHECKING:
    from core.images import ImageSource
    from core.preprocessing import Preprocessing
    from core.workbench import Workbench

Wish = tuple["ImageSource", "Preprocessing"]


class Seeing(QObject):
    """Asks for what the model sees, whenever that may have changed and somebody looks.

    Signals:
        seen: a ``Seen``; ``None`` where there is nothing to see.
        failed: an error, in place of it.
        broken: a bug and its report.
    """

    seen = Signal(object)
    failed = Signal(object)
    broken = Signal(object, str)

    def __init__(self, workbench: Workbench, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._newest = Newest(workbench.cancel, self)
        self._wish: Wish | None = None

    def look(self, source: ImageSource | None, preprocessing: Preprocessing | None) -> None:
        """See an image, unless that is what is seen or on its way.

        Args:
            source: the image; ``None`` to see nothing.
            preprocessing: how it enters the network; ``None`` to see nothing.
        """
        wish = (source, preprocessing) if source is not None and preprocessing is not None else None
        if wish == self._wish:
            return
        another = wish is None or self._wish is None or wish[0] != self._wish[0]
        self._wish = wish
        if another:
            # What is on screen is of another photo.
            self._newest.drop()
            self.seen.emit(None)
        if wish is not None:
            self._newest.ask(lambda: self._workbench.see(*wish))

    def handle(self, event: JobEvent) -> bool:
        """Take a job's event; whether it was meant for this object."""
        if not self._newest.job or event.job != self._newest.job:
            return False
        superseded = self._newest.superseded
        if isinstance(event, Finished | Failed | Stopped):
            self._newest.ended()
        if isinstance(event, Finished) and isinstance(event.value, Seen):
            self.seen.emit(event.value)
        elif isinstance(event, Failed) and not superseded:
            if isinstance(event.error, WhatsitError):
                self.failed.emit(event.error)
            if event.report:
                self.broken.emit(event.error, event.report)
        return True
