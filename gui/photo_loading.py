"""Brings the photo that is shown from its file to the screen."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from core.jobs import Failed, Finished, JobEvent, Stopped
from gui.picture import Picture, from_thumbnail
from gui.results_model import Entry, State

if TYPE_CHECKING:
    from core.workbench import Workbench

_KEPT_BYTES = 200_000_000
_SHARPEN_MS = 300
"""How long a photo must be shown before all its pixels are made ready, for zooming."""
_PATIENCE = 10
"""How many times as long that waits for the photo's answer, which goes first."""

Room = Callable[[], tuple[int, int]]


class PhotoLoading(QObject):
    """Loads one photo, or one row of numbers, at a time, and keeps a few photos for coming back to.

    A photo comes in two steps: at once as many pixels as the screen shows of it, and a moment later all of them.

    Attributes:
        room: tells width and height of the photo's place, in pixels of the screen; ``None`` where nobody knows,
            and all pixels come at once.
        features: how many numbers of a row the model takes; 0 where it takes none.

    Signals:
        shown: a ``Picture`` and whether it is a sharper copy of the one before.
        row_shown: a ``Row``.
        started: nothing to show yet.
        failed: an error in the image's place.
        broken: a bug and its report.
    """

    shown = Signal(object, bool)
    row_shown = Signal(object)
    started = Signal()
    failed = Signal(object)
    broken = Signal(object, str)

    def __init__(self, workbench: Workbench, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self.features = 0
        self.room: Room | None = None
        self._kept: OrderedDict[int, Picture] = OrderedDict()
        self._job = 0
        self._key = 0
        self._entry: Entry | None = None
        self._waited = 0
        self._stand_in = False
        self._sharpening = False
        self._later = QTimer(self, singleShot=True, interval=_SHARPEN_MS)
        self._later.timeout.connect(self._sharpen)

    def show(self, entry: Entry) -> None:
        """Show an image: as kept, or its thumbnail until it is read."""
        self.stop()
        self._key, self._entry, self._waited = entry.key, entry, 0
        kept = self._kept.get(entry.key)
        if kept is not None:
            self._kept.move_to_end(entry.key)
            self._show(kept, sharper=False)
            return
        result = entry.result
        if result is not None and result.error is not None and not result.width:
            self.failed.emit(result.error)
            return
        stand_in = from_thumbnail(result.thumbnail, result.width, result.height) if result is not None else None
        self._stand_in = stand_in is not None
        if stand_in is not None:
            self.shown.emit(stand_in, False)
        elif not entry.source.is_row:
            # The row before stays until this one is read, which takes no time.
            self.started.emit()
        room = self.room() if self.room is not None else None
        self._job = self._workbench.preview(entry.source, self.features, room)

    def stop(self) -> None:
        """Load no more."""
        if self._job:
            self._workbench.cancel(self._job)
        self._job = 0
        self._sharpening = False
        self._later.stop()

    def handle(self, event: JobEvent) -> bool:
        """Take a job's event; whether it was meant for this object."""
        if not self._job or event.job != self._job:
            return False
        sharpening = self._sharpening
        if isinstance(event, Finished | Failed | Stopped):
            self._job, self._sharpening = 0, False
        if isinstance(event, Finished) and isinstance(event.value, Picture):
            self._keep(self._key, event.value)
            self._show(event.value, sharper=self._stand_in or sharpening)
        elif isinstance(event, Finished):
            self.row_shown.emit(event.value)
        elif isinstance(event, Failed):
            # A file that is gone by now stays on screen as it was shown.
            if not sharpening:
                self.failed.emit(event.error)
            if event.report:
                self.broken.emit(event.error, event.report)
        return True

    def _show(self, picture: Picture, sharper: bool) -> None:
        self.shown.emit(picture, sharper)
        if not picture.whole:
            self._later.start()

    def _sharpen(self) -> None:
        if self._entry is None or self._job:
            return
        self._waited += 1
        if self._entry.state is State.WAITING and self._waited < _PATIENCE:
            self._later.start()
            return
        self._sharpening = True
        self._job = self._workbench.preview(self._entry.source)

    def _keep(self, key: int, picture: Picture) -> None:
        self._kept[key] = picture
        while len(self._kept) > 1 and sum(kept.bytes for kept in self._kept.values()) > _KEPT_BYTES:
            self._kept.popitem(last=False)
