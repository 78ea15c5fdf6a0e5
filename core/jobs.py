"""Work off the window's thread: jobs that start, report, give way to urgent ones, and end exactly once.

A job is a generator function of one ``Context``.  Each ``yield`` is a place where it can be cancelled or
give way to a more urgent job; a job that yields a ``Future`` rests until that is done, and any other job may
go on meanwhile.  Its ``return`` value is the result.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
import traceback
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from core.errors import Cancelled, WhatsitError

_log = logging.getLogger(__name__)


class Priority(IntEnum):
    """Who goes first; within one priority, who came first."""

    NOW = 0
    SOON = 1
    LONG = 2


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Something that happened to a job.

    Attributes:
        job: the id that ``JobRunner.submit`` gave.
    """

    job: int


@dataclass(frozen=True, slots=True)
class Progressed(JobEvent):
    """How far the job is; ``total`` is 0 where nobody knows."""

    done: int
    total: int
    text: str


@dataclass(frozen=True, slots=True)
class Emitted(JobEvent):
    """A part of the result, ahead of the end."""

    value: object


@dataclass(frozen=True, slots=True)
class Finished(JobEvent):
    """The job came to its end with this result."""

    value: object


@dataclass(frozen=True, slots=True)
class Failed(JobEvent):
    """The job ended with an error.

    Attributes:
        error: one of the family, or, where ``report`` is not empty, a bug.
        report: the traceback of a bug, for a person to copy; empty for the family.
    """

    error: BaseException
    report: str


@dataclass(frozen=True, slots=True)
class Stopped(JobEvent):
    """The job was cancelled."""


Listener = Callable[[JobEvent], None]
"""Called on a worker thread; must return soon and must not raise."""


class Context:
    """What a running job may call.

    Attributes:
        job: the job's id.
    """

    def __init__(self, job: int, listener: Listener) -> None:
        self.job = job
        self._listener = listener
        self._cancelled = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether someone asked the job to end."""
        return self._cancelled.is_set()

    def check(self) -> None:
        """Raise ``Cancelled`` if someone asked the job to end; for places that cannot yield."""
        if self.cancelled:
            raise Cancelled

    def progress(self, done: int, total: int = 0, text: str = "") -> None:
        """Say how far the job is."""
        self.tell(Progressed(self.job, done, total, text))

    def emit(self, value: object) -> None:
        """Give a part of the result."""
        self.tell(Emitted(self.job, value))

    def cancel(self) -> None:
        """Ask the job to end."""
        self._cancelled.set()

    def tell(self, event: JobEvent) -> None:
        """Hand an event to the listener; one that raises must not end the worker."""
        try:
            self._listener(event)
        except Exception:
            _log.exception("a listener failed on %r", event)


Steps = Generator[Future[Any] | None, None, object]
Work = Callable[[Context], Steps]


class _Job:
    """A job on its way.

    Attributes:
        context: what its steps may call.
        order: who goes first.
        awaited: what it wants to rest for, since its last step; ``None`` to go on at once.
    """

    def __init__(self, number: int, work: Work, priority: Priority, listener: Listener) -> None:
        self.context = Context(number, listener)
        self.order = (priority, number)
        self.awaited: Future[Any] | None = None
        self._work = work
        self._steps: Steps | None = None

    def __lt__(self, other: _Job) -> bool:
        return self.order < other.order

    def step(self) -> bool:
        """Go on to the next yield; whether there is more to do.  The one place that catches everything."""
        context = self.context
        try:
            if context.cancelled:
                self.end()
                raise Cancelled
            if self._steps is None:
                self._steps = self._work(context)
            self.awaited = next(self._steps)
            return True
        except StopIteration as stop:
            context.tell(Finished(context.job, stop.value))
        except Cancelled:
            context.tell(Stopped(context.job))
        except WhatsitError as error:
            context.tell(Failed(context.job, error, ""))
        # A person's own file may even call exit(): the worker outlives that, too.
        except BaseException as error:
            context.tell(Failed(context.job, error, traceback.format_exc()))
        return False

    def end(self) -> None:
        """Let an unfinished job clean up after itself."""
        if self._steps is not None:
            self._steps.close()


class JobRunner:
    """Runs jobs on its own threads, the most urgent first.

    With one thread, jobs never run at the same time, and need no locks among themselves.
    """

    def __init__(self, name: str, listener: Listener, threads: int = 1) -> None:
        self._listener = listener
        self._changed = threading.Condition()
        self._waiting: list[_Job] = []
        self._resting: set[_Job] = set()
        self._alive: dict[int, _Job] = {}
        self._closing = False
        self._threads = [threading.Thread(target=self._run, name=f"{name}-{i}", daemon=True) for i in range(threads)]
        for thread in self._threads:
            thread.start()

    _numbers = itertools.count(1)

    def submit(self, work: Work, priority: Priority, listener: Listener | None = None) -> int:
        """Queue a job; its events go to ``listener``, or to the runner's own.

        After ``close`` a job is stopped before it starts.

        Returns:
            The job's id, unique in this process.
        """
        job = _Job(next(self._numbers), work, priority, listener or self._listener)
        with self._changed:
            closing = self._closing
            if not closing:
                self._alive[job.context.job] = job
                heapq.heappush(self._waiting, job)
                self._changed.notify()
        if closing:
            job.context.tell(Stopped(job.context.job))
        return job.context.job

    def cancel(self, job: int) -> None:
        """Ask a job to end; one that has ended, or never was, is left alone."""
        with self._changed:
            if job in self._alive:
                self._alive[job].context.cancel()
                self._wake(self._alive[job])

    def close(self, timeout_s: float) -> bool:
        """Cancel all jobs and wait for the threads.

        Returns:
            Whether all threads ended in time.
        """
        with self._changed:
            self._closing = True
            for job in self._alive.values():
                job.context.cancel()
                self._wake(job)
            self._changed.notify_all()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        while (job := self._next()) is not None:
            while job.step():
                if job.awaited is not None:
                    self._rest(job, job.awaited)
                    break
                with self._changed:
                    if self._waiting and self._waiting[0] < job:
                        job = heapq.heappushpop(self._waiting, job)
            else:
                with self._changed:
                    del self._alive[job.context.job]
                    self._changed.notify_all()

    def _rest(self, job: _Job, awaited: Future[Any]) -> None:
        """Let other jobs go on until the future is done, or the job is cancelled."""
        with self._changed:
            self._resting.add(job)
            if job.context.cancelled:
                self._wake(job)
        awaited.add_done_callback(lambda _: self._wake(job))

    def _wake(self, job: _Job) -> None:
        """Queue a job that rests; one that does not is left alone."""
        with self._changed:
            if job in self._resting:
                self._resting.discard(job)
                heapq.heappush(self._waiting, job)
                self._changed.notify()

    def _next(self) -> _Job | None:
        with self._changed:
            while not self._waiting:
                if self._closing and not self._alive:
                    return None
                self._changed.wait()
            return heapq.heappop(self._waiting)
