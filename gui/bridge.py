"""The only place where a job event becomes a Qt signal."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from core.jobs import JobEvent

_SLICE_S = 0.008
"""How long one delivery may keep the event loop; what is left waits for the next round."""

Prepare = Callable[[JobEvent], JobEvent]


class Bridge(QObject):
    """Carries job events from worker threads to the window's thread, in order and in slices.

    ``listen`` is the workbench's listener.  Five hundred events at once cost the worker one wake-up and the
    window a few slices of 8 ms, with painting and input between them.

    Signals:
        happened: a ``JobEvent``, on the thread that this object lives on.
    """

    happened = Signal(object)
    _woken = Signal()

    def __init__(self, prepare: Prepare | None = None, parent: QObject | None = None) -> None:
        """Args: prepare: turns an event into what the window needs, still on the worker's thread."""
        super().__init__(parent)
        self._prepare = prepare
        self._queue: deque[JobEvent] = deque()
        self._pending = False
        self._closed = False
        self._woken.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def listen(self, event: JobEvent) -> None:
        """Take an event; callable from any thread, and still after this object is gone."""
        if self._closed:
            return
        self._queue.append(event if self._prepare is None else self._prepare(event))
        if not self._pending:
            self._pending = True
            self._wake()

    def close(self) -> None:
        """Deliver nothing more."""
        self._closed = True
        self._queue.clear()

    def _wake(self) -> None:
        try:
            self._woken.emit()
        except RuntimeError:
            # Qt's half of this object was destroyed between two events.
            self._closed = True

    def _deliver(self) -> None:
        # Cleared before the queue is read: an event that comes in between wakes us once more.
        self._pending = False
        deadline = time.perf_counter() + _SLICE_S
        while self._queue and not self._closed:
            if time.perf_counter() > deadline:
                QTimer.singleShot(0, self, self._deliver)
                return
            self.happened.emit(self._queue.popleft())
