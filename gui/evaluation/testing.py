"""Testing the model on labelled data: what a person asks for goes to the workbench, news come back as signals."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from core.jobs import Context, Emitted, Failed, Finished, JobEvent, JobRunner, Listener, Priority, Progressed, Stopped
from core.labelled import Alignment, EvaluationRequest, LabelledData, scored
from core.predictions import ImageResult
from gui.evaluation.comparing import Comparing
from gui.evaluation.pace import Pacer
from gui.photos.thumbnails import Thumbnails

if TYPE_CHECKING:
    from core.comparing import Compared
    from core.evaluations import Evaluation, Order
    from core.measures.library import Indices
    from core.workbench import Workbench

ORDERS: tuple[Order, ...] = ("surest mistakes", "least certain", "likely label errors")


@dataclass(frozen=True, slots=True)
class Findings:
    """An evaluation, with its images in the orders that a person may ask for.

    Attributes:
        evaluation: what was found.
        orders: rows by the name of an order; empty where an image has no single class.
    """

    evaluation: Evaluation
    orders: dict[Order, Indices]


@dataclass(frozen=True, slots=True)
class _Saved:
    """Where how many images went."""

    path: str
    count: int


class Testing(QObject):
    """Surveys and evaluates, one at a time; a newer wish goes before an older one.

    Attributes:
        thumbnails: brings small pictures of the images that are looked at.
        comparing: compares the model with another one.

    Signals:
        surveyed: ``LabelledData`` and its ``Alignment``.
        progressed: a ``Pace``.
        missed: an ``ImageResult`` that is wrong, and the name of the true class.
        judged: how many images were right so far, and how many there were; since the start or the continuation.
        found: ``Findings``.
        saved: the file, and how many images are in it.
        stopped: it was cancelled.
        failed, saving_failed: an error, and a bug's report or an empty text.
    """

    surveyed = Signal(object, object)
    progressed = Signal(object)
    missed = Signal(object, str)
    judged = Signal(int, int)
    found = Signal(object)
    saved = Signal(str, int)
    stopped = Signal()
    failed = Signal(object, str)
    saving_failed = Signal(object, str)

    def __init__(self, workbench: Workbench, listener: Listener, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._listener = listener
        self._runner: JobRunner | None = None
        self.thumbnails = Thumbnails(workbench, self)
        self._job = self._saving = 0
        self._evaluating = self._is_sorting = False
        self._truths: list[int] = []
        self._names: tuple[str, ...] = ()
        self._right = self._judged = 0
        self._pacer = Pacer()
        self.comparing = Comparing(workbench, self._own_runner, self)

    @property
    def busy(self) -> bool:
        """Whether data is read or images are answered."""
        return bool(self._job)

    def survey(self, request: EvaluationRequest) -> None:
        """Find out what the data is, and which of the model's classes its labels are."""
        self.cancel()
        self._evaluating = False
        self._job = self._workbench.survey(request)

    def evaluate(self, request: EvaluationRequest, names: tuple[str, ...]) -> None:
        """Answer all images that were not answered yet, and measure.

        Args:
            request: with a person's choices.
            names: of the model's classes, in head order.
        """
        self.cancel()
        self._evaluating = True
        self._names, self._truths = names, []
        self._right = self._judged = 0
        self._pacer = Pacer()
        self._job = self._workbench.evaluate(request)

    def cancel(self) -> None:
        """Give up; what was answered is kept, and taken up when it is asked for again."""
        if self._job:
            (self._runner if self._runner is not None and self._is_sorting else self._workbench).cancel(self._job)

    def save(self, path: Path, evaluation: Evaluation, rows: Indices | None = None) -> None:
        """Write an evaluation, or a table of some of its images; the file's ending tells the form."""

        def write() -> int:
            from core.evaluation_export import save_evaluation

            return save_evaluation(path, evaluation, rows)

        self._save(path, write)

    def save_compared(self, path: Path, compared: Compared, places: Indices | None = None) -> None:
        """Write what was compared, or a table of some of its images; the file's ending tells the form."""

        def write() -> int:
            from core.evaluation_export import save_compared

            return save_compared(path, compared, places)

        self._save(path, write)

    def _save(self, path: Path, write: Callable[[], int]) -> None:
        def work(context: Context) -> Generator[None, None, _Saved]:
            context.check()
            yield
            return _Saved(str(path), write())

        self._saving = self._own_runner().submit(work, Priority.NOW)

    def close(self, timeout_s: float = 1.0) -> bool:
        """Start no more; whether what is being written has ended."""
        self.thumbnails.clear()
        return self._runner is None or self._runner.close(timeout_s)

    def handle(self, event: JobEvent) -> bool:
        """Take a job's event; whether it was meant for this object."""
        if self._job and event.job == self._job:
            self._handle_job(event)
        elif self._saving and event.job == self._saving:
            self._handle_saving(event)
        else:
            return self.comparing.handle(event) or self.thumbnails.handle(event)
        return True

    def _handle_job(self, event: JobEvent) -> None:
        if isinstance(event, Finished | Failed | Stopped):
            self._job = 0
            self._is_sorting = False
        if isinstance(event, Progressed):
            self.progressed.emit(self._pacer.pace(event))
        elif isinstance(event, Emitted):
            self._take_part(event.value)
        elif isinstance(event, Finished):
            self._take_end(event.value)
        elif isinstance(event, Failed):
            self.failed.emit(event.error, event.report)
        elif isinstance(event, Stopped):
            self.stopped.emit()

    def _handle_saving(self, event: JobEvent) -> None:
        if isinstance(event, Finished) and isinstance(event.value, _Saved):
            self.saved.emit(event.value.path, event.value.count)
        elif isinstance(event, Failed):
            self.saving_failed.emit(event.error, event.report)

    def _take_part(self, value: object) -> None:
        match value:
            case (LabelledData() as data, Alignment() as alignment):
                indices = alignment.indices
                single = data.kind == "classes"
                self._truths = [indices[data.images[place].labels[0]] for place in scored(data, alignment) if single]
            case (int() as row, ImageResult() as result):
                self._judge(row, result)
            case _:
                pass

    def _take_end(self, value: object) -> None:
        match value:
            case (LabelledData() as data, Alignment() as alignment):
                self.surveyed.emit(data, alignment)
            case Findings():
                self.found.emit(value)
            case _ if self._evaluating:
                self._sort(value)
            case _:
                pass

    def _judge(self, row: int, result: ImageResult) -> None:
        if not self._truths or result.prediction is None:
            return
        truth = self._truths[row]
        right = result.prediction.top(1)[0].index == truth
        self._judged += 1
        self._right += right
        if not right:
            self.missed.emit(result, self._names[truth])
        self.judged.emit(self._right, self._judged)

    def _sort(self, value: object) -> None:
        """Sorting many thousand images takes time that the window does not have."""

        def work(context: Context) -> Generator[None, None, Findings]:
            from core.evaluations import Evaluation

            assert isinstance(value, Evaluation)
            context.progress(value.count, value.count, "Sorting")
            orders: dict[Order, Indices] = {}
            for order in ORDERS if len(value.truth) else ():
                yield
                orders[order] = value.ordered(order)
            return Findings(value, orders)

        self._job = self._own_runner().submit(work, Priority.SOON)
        self._is_sorting = True

    def _own_runner(self) -> JobRunner:
        if self._runner is None:
            self._runner = JobRunner("findings", self._listener)
        return self._runner
