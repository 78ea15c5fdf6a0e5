"""Small pictures of images on disk, made for those in sight alone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QPixmap

from core.jobs import Failed, Finished, JobEvent, Stopped
from gui.photos.picture import Picture

if TYPE_CHECKING:
    from core.images import ImageSource
    from core.workbench import Workbench

_KEPT = 600
_AT_ONCE = 3


class Thumbnails(QObject):
    """Asks for the pictures of what is being painted, a few at a time, the newest wish first.

    Attributes:
        side: of the square that a picture is shown in, in pixels of the screen.
        features: how many numbers of a row the model takes; 0 for all.

    Signals:
        come: the name of an image whose picture is there, or which turned out to have none.
    """

    come = Signal(str)

    def __init__(self, workbench: Workbench, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self.side = 96
        self.features = 0
        self._rows: OrderedDict[str, tuple[float, ...]] = OrderedDict()
        self._kept: OrderedDict[str, QPixmap] = OrderedDict()
        self._wanted: OrderedDict[str, ImageSource] = OrderedDict()
        self._jobs: dict[int, str] = {}
        self._row_jobs: set[int] = set()
        self.in_sight: Callable[[str], bool] = lambda _: True

    def get(self, source: ImageSource) -> QPixmap | None:
        """An image's picture, null for one that has none; ``None`` until it is known, and then ``come`` tells."""
        found = self._kept.get(source.name)
        if found is not None:
            self._kept.move_to_end(source.name)
            return found
        if source.is_row:
            return QPixmap()
        self._want(source)
        return None

    def row(self, source: ImageSource) -> tuple[float, ...] | None:
        """A row's numbers, none for one that cannot be read; ``None`` until they are known, and then ``come`` tells."""
        found = self._rows.get(source.name)
        if found is None:
            self._want(source)
        else:
            self._rows.move_to_end(source.name)
        return found

    def _want(self, source: ImageSource) -> None:
        if source.name not in self._jobs.values():
            self._wanted[source.name] = source
            self._wanted.move_to_end(source.name)
            self._ask()

    def clear(self) -> None:
        """Nothing is looked at any more."""
        self._wanted.clear()
        for job in self._jobs:
            self._workbench.cancel(job)
        self._kept.clear()
        self._rows.clear()

    def handle(self, event: JobEvent) -> bool:
        """Take a job's event; whether it was meant for this object."""
        name = self._jobs.get(event.job)
        if name is None:
            return False
        if isinstance(event, Finished | Failed | Stopped):
            del self._jobs[event.job]
            is_row = event.job in self._row_jobs
            self._row_jobs.discard(event.job)
            if not isinstance(event, Stopped):
                value = event.value if isinstance(event, Finished) else None
                (self._keep_row if is_row else self._keep)(name, value)
            self._ask()
        return True

    def _keep(self, name: str, value: object) -> None:
        pixmap = QPixmap()
        if isinstance(value, Picture):
            size = QSize(self.side, self.side)
            ways = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            pixmap = QPixmap.fromImage(value.level_for(self.side).scaled(size, *ways))
        self._kept[name] = pixmap
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        self.come.emit(name)

    def _keep_row(self, name: str, value: object) -> None:
        from core.arrays.contents import Row

        numbers: tuple[float, ...] = tuple(value.values.tolist()) if isinstance(value, Row) else ()
        self._rows[name] = numbers
        if len(self._rows) > _KEPT:
            self._rows.popitem(last=False)
        self.come.emit(name)

    def _ask(self) -> None:
        while self._wanted and len(self._jobs) < _AT_ONCE:
            name, source = self._wanted.popitem()
            # Scrolled past: it will be asked for when it is painted again.
            if self.in_sight(name):
                job = self._workbench.preview(source, self.features, (self.side, self.side))
                self._jobs[job] = name
                if source.is_row:
                    self._row_jobs.add(job)
