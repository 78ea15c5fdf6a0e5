"""What is going on, told in the footer."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from gui.answers.answering import Answering
from gui.answers.saving import Saving
from gui.models.model_keeper import ModelKeeper

_SOON_MS = 30
_PATIENCE_MS = 250
"""How long images must be waited for before the footer counts them: most answers come sooner."""


class Activity(QObject):
    """Tells of a model on its way before images on theirs, and of these before a file that is written.

    Signals:
        changed: text, share 0..1 or ``None``, and whether it can be cancelled.
        counted: images or answers came or went; told once for many.
    """

    changed = Signal(str, object, bool)
    counted = Signal()

    def __init__(self, models: ModelKeeper, images: Answering, saving: Saving, parent: QObject) -> None:
        super().__init__(parent)
        self._models, self._images, self._saving = models, images, saving
        self._soon = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._soon.timeout.connect(self.tell)
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._patience.timeout.connect(self._count)
        self._counting = False

    def note(self) -> None:
        """Tell soon; many events a moment are told once."""
        if not self._soon.isActive():
            self._soon.start()

    def cancel(self) -> None:
        """End what is told of."""
        if self._models.opening is not None:
            self._models.cancel()
        elif self._images.busy:
            self._images.stop()
        else:
            self._saving.cancel()
        self.note()

    def tell(self) -> None:
        """Tell at once."""
        self.counted.emit()
        opening, results = self._models.opening, self._images.results
        if not self._images.busy:
            self._counting = False
            self._patience.stop()
        elif not self._counting and not self._patience.isActive():
            self._patience.start()
        if opening is not None:
            share = opening.done / opening.total if opening.total else None
            first = self._models.info is None
            self.changed.emit(opening.words(first=first), share, not (first and opening.spec.kind == "builtin"))
        elif self._counting and results.rowCount() > 1:
            count = results.rowCount()
            self.changed.emit(f"{results.answered:,} of {count:,} answered", results.answered / count, True)
        elif self._saving.busy:
            self.changed.emit("Saving …", None, True)
        else:
            self.changed.emit("", None, False)

    def _count(self) -> None:
        self._counting = True
        self.tell()
