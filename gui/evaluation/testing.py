"""Testing the model on labelled data: what a person asks for goes to the workbench, news come back as signals."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Signal

from core.jobs import Context, Emitted, Failed, Finished, JobEvent, JobRunner, Listener, Priority, Progressed, Stopped
from core.kept import Kept
from core.labelled import Alignment, EvaluationRequest, LabelledData
from core.predictions import ImageResult
from gui.evaluation.comparing import Comparing
from gui.evaluation.judging import Judge
from gui.evaluation.pace import Pacer
from gui.evaluation.picture_work import PictureWork
from gui.photos.thumbnails import Thumbnails

if TYPE_CHECKING:
    from core.comparing import Compared
    from core.corrections import Corrections
    from core.evaluations import Evaluation, Order
    from core.measures.library import Indices
    from core.selecting import LabelList, LabelLists, ValueList, ValueLists
    from core.workbench import Workbench

ORDERS: tuple[Order, ...] = ("surest mistakes", "least certain", "likely label errors")
_LABEL_ORDERS: tuple[LabelList, ...] = (
    "surest mistakes", "missed", "false alarms", "found", "least certain", "likely label errors", "with it",
)  # fmt: skip
_VALUE_ORDERS: tuple[ValueList, ...] = ("furthest off", "too high", "too low", "nearest")


def _no_corrections() -> Corrections:
    from core.corrections import Corrections

    return Corrections()


@dataclass(frozen=True, slots=True)
class Findings:
    """An evaluation, with its images in the orders that a person may ask for.

    Attributes:
        evaluation: what was found.
        orders: rows by the name of an order.
        labels: the lists of a label, where an image may have several.
        counts: how many images of each label are found, missed and false alarms.
        values: the lists of values.
        corrections: what a person corrected in this data before.
    """

    evaluation: Evaluation
    orders: dict[str, Indices]
    labels: LabelLists | None = None
    counts: tuple[Indices, ...] = ()
    values: ValueLists | None = None
    corrections: Corrections = field(default_factory=_no_corrections)

    def rows(self, order: str, label: int = -1) -> Indices:
        """The rows of a list; of one label alone where that is not -1."""
        if label >= 0 and self.labels is not None:
            return self.labels.rows(cast("LabelList", order), label)
        return self.orders[order]


def find(evaluation: Evaluation, check: Callable[[], None]) -> Generator[None, None, Findings]:
    """Sort an evaluation's images in all orders.

    Args:
        evaluation: what was found.
        check: called between parts; may raise to end it.
    """
    from core.selecting import LabelLists, ValueLists

    orders: dict[str, Indices] = {}
    if evaluation.data.kind == "several":
        labels = LabelLists(evaluation, check)
        for order in _LABEL_ORDERS:
            yield
            orders[order] = labels.rows(order)
        return Findings(evaluation, orders, labels, labels.counts())
    if evaluation.data.kind == "values":
        values = ValueLists(evaluation)
        orders = {order: values.rows(order) for order in _VALUE_ORDERS}
        return Findings(evaluation, orders, values=values)
    for order in ORDERS:
        yield
        orders[order] = evaluation.ordered(order)
    return Findings(evaluation, orders)


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
        pictures: draws what was found, and finds the images behind it.

    Signals:
        surveyed: ``LabelledData`` and its ``Alignment``.
        progressed: a ``Pace``.
        missed: a ``Shown``: an image that is answered wrongly; of values, any.
        judged: a ``Judge``: how it goes so far, since the start or the continuation.
        found: ``Findings``.
        recounted: ``Findings`` with a person's corrections counted in.
        kept: ``Kept``: how many of the images were answered before, in an earlier run.
        saved: the file, and how many images are in it.
        stopped: it was cancelled.
        failed, saving_failed: an error, and a bug's report or an empty text.
    """

    surveyed = Signal(object, object)
    progressed = Signal(object)
    missed = Signal(object)
    judged = Signal(object)
    found = Signal(object)
    recounted = Signal(object)
    kept = Signal(object)
    saved = Signal(str, int)
    stopped = Signal()
    failed = Signal(object, str)
    saving_failed = Signal(object, str)

    def __init__(
        self, workbench: Workbench, listener: Listener, parent: QObject | None = None, home: Path | None = None
    ) -> None:
        """Args:
        workbench: does the work.
        listener: the bridge's, for jobs of its own.
        parent: Qt's.
        home: the folder that keeps what a person corrected; the usual one if not given.
        """
        super().__init__(parent)
        self._kept_in = home / "corrections" if home is not None else None
        self._workbench = workbench
        self._listener = listener
        self._runner: JobRunner | None = None
        self.thumbnails = Thumbnails(workbench, self)
        self.pictures = PictureWork(self._own_runner, self)
        self._job = self._saving = self._keeping = self._recounting = 0
        self._evaluating = self._is_sorting = False
        self._names: tuple[str, ...] = ()
        self._judge: Judge | None = None
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
        self._names, self._judge = names, None
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

    def save_left_out(self, path: Path, evaluation: Evaluation) -> None:
        """Write a table of the images that were not scored."""

        def write() -> int:
            from core.reporting import save_left_out

            return save_left_out(path, evaluation)

        self._save(path, write)

    def save_corrected(self, path: Path, evaluation: Evaluation, corrections: Corrections) -> None:
        """Write the labels as a person corrected them."""

        def write() -> int:
            from core.corrections import save_corrected

            return save_corrected(path, evaluation.data, corrections)

        self._save(path, write)

    def keep(self, evaluation: Evaluation, corrections: Corrections) -> None:
        """Keep what a person corrected, for the next time."""
        folder = self._kept_in

        def work(context: Context) -> Generator[None, None, None]:
            from core.corrections import remember

            context.check()
            yield
            remember(evaluation.data, corrections, folder)

        self._keeping = self._own_runner().submit(work, Priority.NOW)

    def recount(self, evaluation: Evaluation, corrections: Corrections) -> None:
        """Measure again with a person's corrections; nothing is answered again, and a newer wish goes first."""

        def work(context: Context) -> Generator[None, None, Findings]:
            from core.corrections import corrected

            yield
            found = yield from find(corrected(evaluation, corrections, context.check), context.check)
            return replace(found, corrections=corrections)

        self.stop_recounting()
        self._recounting = self._own_runner().submit(work, Priority.SOON)

    def stop_recounting(self) -> None:
        """What is being measured again is wanted no more."""
        if self._recounting and self._runner is not None:
            self._runner.cancel(self._recounting)
        self._recounting = 0

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
        elif event.job in (self._saving, self._keeping) and event.job:
            self._handle_saving(event)
        elif self._recounting and event.job == self._recounting:
            self._handle_recount(event)
        else:
            parts = (self.comparing, self.pictures, self.thumbnails)
            return any(part.handle(event) for part in parts)
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

    def _handle_recount(self, event: JobEvent) -> None:
        if isinstance(event, Finished | Failed | Stopped):
            self._recounting = 0
        if isinstance(event, Finished) and isinstance(event.value, Findings):
            self.recounted.emit(event.value)
        elif isinstance(event, Failed):
            self.saving_failed.emit(event.error, event.report)

    def _take_part(self, value: object) -> None:
        match value:
            case Kept() as kept:
                self.kept.emit(kept)
            case (LabelledData() as data, Alignment() as alignment):
                self._judge = Judge(data, alignment, self._names) if self._evaluating else None
            case (int() as row, ImageResult() as result) if self._judge is not None:
                self._take_answer(self._judge, row, result)
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

    def _take_answer(self, judge: Judge, row: int, result: ImageResult) -> None:
        shown = judge.judge(row, result)
        if shown is not None:
            self.missed.emit(shown)
        if result.prediction is not None:
            self.judged.emit(judge)

    def _sort(self, value: object) -> None:
        """Sorting many thousand images takes time that the window does not have."""
        folder = self._kept_in

        def work(context: Context) -> Generator[None, None, Findings]:
            from core.corrections import recall
            from core.evaluations import Evaluation

            assert isinstance(value, Evaluation)
            context.progress(value.count, value.count, "Sorting")
            found = yield from find(value, context.check)
            return replace(found, corrections=recall(value.data, folder))

        self._job = self._own_runner().submit(work, Priority.SOON)
        self._is_sorting = True

    def _own_runner(self) -> JobRunner:
        if self._runner is None:
            self._runner = JobRunner("findings", self._listener)
        return self._runner
