"""The facade that both faces talk to.

Every method returns at once, with a job's id; what comes of it arrives as job events at the listener, on
a worker thread.  torch is imported by the first job that needs it, never by the caller.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from core.descriptions import ModelSpec
from core.errors import Cancelled
from core.images import Decoder, ImageSource, preview, walk
from core.jobs import (
    Context,
    Failed,
    Finished,
    JobEvent,
    JobRunner,
    Listener,
    Priority,
    Progressed,
    Steps,
    Stopped,
    Work,
)
from core.questions import TrustRequest
from core.trust import Consent, GivenFor, TrustEntry, TrustStore

if TYPE_CHECKING:
    from core.engine import Engine

_CHUNK = 200
_POLL_S = 0.1


class Workbench:
    """Opens classifiers, answers images.

    Attributes:
        decoder: decodes images once for all who need them.
    """

    def __init__(self, listener: Listener, given: Iterable[str] = ()) -> None:
        """Args:
        listener: called on worker threads with every job event.
        given: files for which a person already said that their code may run, as on a command line.
        """
        self.decoder = Decoder()
        self._trust = TrustStore()
        self._consents: tuple[Consent, ...] = (self._trust, GivenFor(given))
        self._engine_jobs = JobRunner("engine", listener)
        self._file_jobs = JobRunner("files", listener, threads=2)
        self._download_jobs = JobRunner("downloads", listener)
        self._engine: Engine | None = None

    def list_devices(self) -> int:
        """Finishes with ``tuple[DeviceInfo, ...]``, the CPU last."""
        return self._engine_jobs.submit(lambda context: self._get_engine().devices(context), Priority.SOON)

    def open(self, spec: ModelSpec, device: str = "auto") -> int:
        """Make a classifier the current one; finishes with its ``ClassifierInfo``.

        A failure leaves the previous classifier in use.

        Args:
            spec: which model.
            device: ``auto`` or a ``DeviceInfo.id``.
        """
        if spec.kind == "pretrained":
            return self._download_jobs.submit(
                lambda context: self._download_and_open(context, spec, device), Priority.SOON
            )
        return self._engine_jobs.submit(self._opening(spec, device), Priority.SOON)

    def classify(
        self, sources: tuple[ImageSource, ...], priority: Priority = Priority.LONG, batch_size: int = 0
    ) -> int:
        """Answer images with the classifier that is current when the job starts.

        Emits an ``ImageResult`` each, in order; finishes with how many there were.

        Args:
            sources: the images.
            priority: ``NOW`` for what a person waits for.
            batch_size: images in one forward pass; 0 chooses by itself.
        """
        return self._engine_jobs.submit(
            lambda context: self._get_engine().classify(context, sources, self.decoder, batch_size), priority
        )

    def save_model(self, path: Path) -> int:
        """Write the current classifier to a .safetensors and its config; finishes with the paths written.

        The weights on disk are left alone; overwriting them is the person's own choice of ``path``.
        """
        return self._engine_jobs.submit(lambda context: self._get_engine().save(context, path), Priority.SOON)

    def expand(self, paths: tuple[Path, ...], read_first: bool = False) -> int:
        """Find the images below paths: emits ``tuple[ImageSource, ...]`` in parts, finishes with their count.

        A file is taken as it is; a folder is walked, recursively and in order.

        Args:
            paths: files and folders.
            read_first: start to decode the first image as soon as it is found, before anyone asks for it.
        """

        def work(context: Context) -> Steps:
            part: list[ImageSource] = []
            count = 0
            for source in walk(paths):
                if read_first and not count:
                    self._read_ahead(source)
                part.append(source)
                count += 1
                if len(part) == _CHUNK:
                    context.emit(tuple(part))
                    part = []
                    yield
            if part:
                context.emit(tuple(part))
            return count

        return self._file_jobs.submit(work, Priority.SOON)

    def preview(self, source: ImageSource, cover: tuple[int, int] | None = None) -> int:
        """Finishes with the upright image as a ``Preview``, for showing.

        Args:
            source: the image.
            cover: pixels of the place where it is shown, for as many as fill that; ``None`` for all.
        """

        def work(context: Context) -> Steps:
            context.check()
            yield
            return preview(self.decoder.decode(source, context.check), cover=cover)

        return self._file_jobs.submit(work, Priority.NOW)

    def inspect(self, path: Path) -> int:
        """Find out what a weights file is, running nothing in it; finishes with an ``Inspection``."""
        return self._engine_jobs.submit(lambda context: self._get_engine().inspect(context, path), Priority.SOON)

    def trust(self, request: TrustRequest) -> None:
        """A person agreed that the code of this file may run."""
        self._trust.trust(request)

    def trusted(self) -> tuple[TrustEntry, ...]:
        """The files whose code may run."""
        return self._trust.entries()

    def revoke(self, sha256: str) -> None:
        """The code of a file may run no more."""
        self._trust.revoke(sha256)

    def cancel(self, job: int) -> None:
        """Ask a job to end; one that has ended is left alone."""
        for jobs in (self._engine_jobs, self._file_jobs, self._download_jobs):
            jobs.cancel(job)

    def close(self, timeout_s: float = 5.0) -> bool:
        """Cancel everything and join the threads; whether they ended in time."""
        deadline = time.monotonic() + timeout_s
        ended = [
            jobs.close(max(0.0, deadline - time.monotonic()))
            for jobs in (self._engine_jobs, self._file_jobs, self._download_jobs)
        ]
        if all(ended) and self._engine is not None:
            self._engine.close()
        return all(ended)

    def _read_ahead(self, source: ImageSource) -> None:
        """Decode an image that somebody is about to ask for, and will then share."""

        def work(context: Context) -> Steps:
            context.check()
            yield
            self.decoder.decode(source, context.check)

        # Whoever asks for an image that cannot be read is told so then.
        self._file_jobs.submit(work, Priority.NOW, lambda _: None)

    def _opening(self, spec: ModelSpec, device: str) -> Work:
        return lambda context: self._get_engine().open(context, spec, device)

    def _download_and_open(self, context: Context, spec: ModelSpec, device: str) -> Steps:
        """Fetch on a thread that nobody waits for, then open on the engine's: one job to whoever asked."""
        from core.hub import fetch_pretrained

        fetch_pretrained(spec.weights, context.progress, context.check)
        yield
        events: queue.SimpleQueue[JobEvent] = queue.SimpleQueue()
        inner = self._engine_jobs.submit(self._opening(spec, device), Priority.SOON, events.put)
        while True:
            if context.cancelled:
                self._engine_jobs.cancel(inner)
            try:
                event = events.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            match event:
                case Progressed(done=done, total=total, text=text):
                    context.progress(done, total, text)
                case Finished(value=value):
                    return value
                case Failed(error=error):
                    raise error
                case Stopped():
                    raise Cancelled
                case _:
                    context.emit(event)

    def _get_engine(self) -> Engine:
        if self._engine is None:
            from core.engine import Engine

            self._engine = Engine(self._consents)
        return self._engine
