"""The facade that both faces talk to.

Every method returns at once, with a job's id; what comes of it arrives as job events at the listener, on
a worker thread.  torch is imported by the first job that needs it, never by the caller.
"""

from __future__ import annotations

import gc
import queue
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from core.arrays import ANYTHING, Takes
from core.descriptions import ClassifierInfo, ModelSpec
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
    from core.labelled import EvaluationRequest
    from core.preprocessing import Preprocessing
    from core.scripting import Form

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
        return self._submit_for(spec, self._opening(spec, device), Priority.SOON)

    def dress(self, spec: ModelSpec, source: ImageSource | None = None, device: str = "auto") -> int:
        """Give the current classifier other labels or preprocessing; finishes with its ``ClassifierInfo``.

        Nothing is read or built for it, and it goes before all that is not as urgent.  Emits, before it finishes, the
        ``ImageResult`` of an image.  A failure leaves the classifier in use as it was.

        Args:
            spec: as the current classifier's, with other labels or preprocessing; another network is opened first.
            source: the image that a person looks at; ``None`` where there is none.
            device: for a network that has to be opened first.
        """
        return self._engine_jobs.submit(
            lambda context: self._get_engine().dress(context, spec, device, source, self.decoder), Priority.NOW
        )

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

    def script(
        self, info: ClassifierInfo, source: ImageSource | None = None, form: Form = "py", target: Path | None = None
    ) -> int:
        """Write a classifier as plain PyTorch; finishes with the text of a script or notebook.

        Args:
            info: the classifier; its weights file is read once more.
            source: the picture that it is to classify.
            form: ``py`` or ``ipynb``.
            target: a file to write it to.
        """

        def work(context: Context) -> Steps:
            return self._get_engine().script(context, info, source, form, target, self.decoder)

        return self._engine_jobs.submit(work, Priority.SOON)

    def expand(self, paths: tuple[Path, ...], takes: Takes = ANYTHING, read_first: bool = False) -> int:
        """Find the images below paths: emits ``tuple[ImageSource, ...]`` in parts, finishes with their count.

        A file is taken as it is; a folder is walked, recursively and in order; a file of numbers gives its rows or
        pictures.

        Args:
            paths: files and folders.
            takes: what the network takes, which decides where an array may be read in two ways.
            read_first: start to decode the first image as soon as it is found, before anyone asks for it.
        """

        def work(context: Context) -> Steps:
            part: list[ImageSource] = []
            count = 0
            for source in walk(paths, takes):
                if read_first and not count and not source.is_row:
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

    def preview(self, source: ImageSource, features: int = 0, cover: tuple[int, int] | None = None) -> int:
        """Finishes with the upright image as a ``Preview``, or with a row of numbers as a ``Row``, for showing.

        Args:
            source: the image or row.
            features: how many numbers of a row the network takes; 0 for all there are.
            cover: pixels of the place where an image is shown, for as many as fill that; ``None`` for all.
        """

        def work(context: Context) -> Steps:
            context.check()
            yield
            if source.is_row and source.path is not None and source.place is not None:
                from core.arrays.contents import read_row

                return read_row(source.path, source.place, source.short_name, features)
            return preview(self.decoder.decode(source, context.check), cover=cover)

        return self._file_jobs.submit(work, Priority.NOW)

    def see(self, source: ImageSource, preprocessing: Preprocessing) -> int:
        """Find out what a network gets to see of an image; finishes with a ``Seen``."""

        def work(context: Context) -> Steps:
            from core.seeing import see

            image = self.decoder.decode(source, context.check)
            yield
            return see(image, preprocessing)

        return self._file_jobs.submit(work, Priority.NOW)

    def prepare_lists(self) -> int:
        """Read the tables of what can be chosen, so that asking ``core.catalogue`` takes no time from then on.

        Finishes with how many architectures there are.
        """

        def work(context: Context) -> Steps:
            from core import catalogue

            catalogue.pretrained()
            context.check()
            yield
            count = len(catalogue.architectures())
            _settle_memory()
            return count

        return self._file_jobs.submit(work, Priority.LONG)

    def inspect(self, path: Path) -> int:
        """Find out what a weights file is, running nothing in it; finishes with an ``Inspection``."""
        return self._engine_jobs.submit(lambda context: self._get_engine().inspect(context, path), Priority.SOON)

    def probe(self, path: Path, split: str = "") -> int:
        """Find out how the current classifier wants images prepared; finishes with a ``Probe``.

        Args:
            path: a folder of class folders, or a file of paths and labels.
            split: which part of them; see ``core.labelled.read_labelled``.
        """
        return self._engine_jobs.submit(
            lambda context: self._get_engine().probe(context, path, split, self.decoder), Priority.LONG
        )

    def survey(self, request: EvaluationRequest) -> int:
        """Read labelled data and align it with the current classifier; nothing is answered.

        Finishes with ``(LabelledData, Alignment)``.
        """
        return self._engine_jobs.submit(lambda context: self._get_engine().survey(context, request), Priority.SOON)

    def evaluate(self, request: EvaluationRequest) -> int:
        """Measure the current classifier on labelled data; finishes with an ``Evaluation``.

        Emits the ``LabelledData`` with its ``Alignment`` first, then ``(row, ImageResult)`` as they come.
        """
        return self._engine_jobs.submit(
            lambda context: self._get_engine().evaluate(context, request, self.decoder), Priority.LONG
        )

    def survey_other(self, spec: ModelSpec, device: str, request: EvaluationRequest, names: tuple[str, ...]) -> int:
        """Align labelled data with another model than the current one, which stays in use.

        Finishes with ``(ClassifierInfo, LabelledData, Alignment)``.

        Args:
            spec, device: the other model; see ``open``.
            request: its choices are of the classes in ``names``.
            names: class names by whose order they were made.
        """

        def work(context: Context) -> Steps:
            return self._get_engine().survey_other(context, spec, device, request, names)

        return self._submit_for(spec, work, Priority.SOON)

    def evaluate_other(self, spec: ModelSpec, device: str, request: EvaluationRequest) -> int:
        """Measure another model than the current one, which stays in use; see ``evaluate``."""

        def work(context: Context) -> Steps:
            return self._get_engine().evaluate_other(context, spec, device, request, self.decoder)

        return self._submit_for(spec, work, Priority.LONG)

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

    def _submit_for(self, spec: ModelSpec, work: Work, priority: Priority) -> int:
        """Do what needs a model, which may have to be downloaded first."""
        if spec.kind == "pretrained":
            return self._download_jobs.submit(
                lambda context: self._download_first(context, spec, work, priority), Priority.SOON
            )
        return self._engine_jobs.submit(work, priority)

    def _download_first(self, context: Context, spec: ModelSpec, work: Work, priority: Priority) -> Steps:
        """Fetch on a thread that nobody waits for, then go on on the engine's: one job to whoever asked."""
        from core.hub import fetch_pretrained

        fetch_pretrained(spec.weights, context.progress, context.check)
        yield
        events: queue.SimpleQueue[JobEvent] = queue.SimpleQueue()
        inner = self._engine_jobs.submit(work, priority, events.put)
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
            _settle_memory()
        return self._engine


def _settle_memory() -> None:
    """Spare the collector what stays for good: looking through torch's million objects stops all threads for 0.3 s."""
    gc.freeze()
