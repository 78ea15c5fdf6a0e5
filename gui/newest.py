"""One request on its way, and the newest one after it: for what a person changes faster than it is answered."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

_PATIENCE_MS = 250


class Newest(QObject):
    """Holds requests back while one is on its way, and of those that wait keeps only the newest.

    So each answer that is quick reaches the screen while a person goes on changing, and nobody waits for one that is
    slow and out of date: after a quarter of a second it is cancelled.

    Attributes:
        job: the one on its way; 0 where there is none.
    """

    def __init__(self, cancel: Callable[[int], None], parent: QObject | None = None) -> None:
        """Args: cancel: asks a job to end."""
        super().__init__(parent)
        self.job = 0
        self._cancel = cancel
        self._waiting: Callable[[], int] | None = None
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._patience.timeout.connect(self._lose_patience)

    @property
    def superseded(self) -> bool:
        """Whether a newer request waits for the one on its way."""
        return self._waiting is not None

    def ask(self, submit: Callable[[], int]) -> None:
        """Make a request, now or as soon as the one before has ended.

        Args:
            submit: starts it, and gives its job's id.
        """
        if not self.job:
            self.job = submit()
            self._patience.start()
            return
        self._waiting = submit
        if not self._patience.isActive():
            self._lose_patience()

    def ended(self) -> None:
        """The job has ended: the newest request has its turn."""
        self.job, waiting, self._waiting = 0, self._waiting, None
        self._patience.stop()
        if waiting is not None:
            self.ask(waiting)

    def drop(self) -> int:
        """Cancel what is on its way, and forget what waits; gives the job that was on its way, or 0."""
        job, self.job, self._waiting = self.job, 0, None
        self._patience.stop()
        if job:
            self._cancel(job)
        return job

    def _lose_patience(self) -> None:
        if self._waiting is not None:
            self._cancel(self.job)
