"""Comparing the model with another one on the same data: the one in use stays in use."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from core.descriptions import ClassifierInfo, ModelSpec
from core.jobs import Context, Failed, Finished, JobEvent, JobRunner, Priority, Progressed, Stopped
from core.labelled import AlignedClass, Alignment, EvaluationRequest, LabelledData
from gui.evaluation.pace import Pacer

if TYPE_CHECKING:
    from core.comparing import Compared, Which
    from core.corrections import Corrections
    from core.evaluations import Evaluation
    from core.measures.library import Indices
    from core.questions import TrustRequest
    from core.workbench import Workbench

Chosen = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """Two models on the same images, with the images of each list.

    Attributes:
        compared: the two.
        lists: places by the name of a list.
        corrected: how many of a person's corrections are counted in.
    """

    compared: Compared
    lists: dict[Which, Indices]
    corrected: int = 0


class Comparing(QObject):
    """Opens and measures a second model, and compares; one at a time, a newer wish goes before an older one.

    Attributes:
        spec: the second model that was asked for last; ``None`` before the first, and for one tested before.
        info: what it turned out to be; ``None`` until it is open.
        corrections: a person's, of the data of both, which are counted in; ``None`` for none.

    Signals:
        opened: the ``ClassifierInfo`` of the second model.
        asked: labels that the first model knows and this one does not; the ``Alignment`` with this one's classes.
        progressed: a ``Pace``.
        found: ``Changes``.
        stopped: it was cancelled.
        failed: an error, and a bug's report or an empty text.
    """

    opened = Signal(object)
    asked = Signal(object, object)
    progressed = Signal(object)
    found = Signal(object)
    stopped = Signal()
    failed = Signal(object, str)

    def __init__(self, workbench: Workbench, runner: Callable[[], JobRunner], parent: QObject) -> None:
        """Args:
        workbench: opens and measures the second model.
        runner: gives the one whose thread compares.
        parent: Qt's.
        """
        super().__init__(parent)
        self._workbench = workbench
        self._own_runner = runner
        self._job = 0
        self._own = False
        self._first: Evaluation | None = None
        self._second: Evaluation | None = None
        self._request = EvaluationRequest("")
        self._chosen: Chosen | None = None
        self._carried: Chosen = ()
        self._device = ""
        self._pacer = Pacer()
        self.spec: ModelSpec | None = None
        self.info: ClassifierInfo | None = None
        self.corrections: Corrections | None = None

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        return bool(self._job)

    def begin(self, first: Evaluation, request: EvaluationRequest, spec: ModelSpec, device: str) -> None:
        """Compare with another model.

        Args:
            first: what was found of the model in use.
            request: by which that was asked for, with a person's choices.
            spec, device: the other model; see ``Workbench.open``.
        """
        self.cancel()
        self.spec, self.info, self._device = spec, None, device
        self._first, self._second = first, None
        self._request, self._chosen, self._carried = request, None, ()
        self._pacer = Pacer()
        self._job = self._workbench.survey_other(spec, device, request, first.labels)
        self._own = False

    def answer(self, chosen: Chosen) -> None:
        """Measure the second model, with a person's choices of its classes, and those made for the first."""
        if self.spec is not None:
            self.cancel()
            self._chosen = tuple({**dict(self._carried), **dict(chosen)}.items())
            self._pacer = Pacer()
            request = replace(self._request, chosen=self._chosen)
            self._job = self._workbench.evaluate_other(self.spec, self._device, request)
            self._own = False

    def go_on(self) -> None:
        """Take up what was paused, or try again what failed; what was answered is kept."""
        if self._first is not None and self._second is not None:
            self.compare(self._first, self._second)
        elif self._chosen is not None:
            self.answer(self._chosen)
        elif self._first is not None and self.spec is not None:
            self.begin(self._first, self._request, self.spec, self._device)

    def again_as(self, spec: ModelSpec) -> None:
        """Try again, with more known of how the second model is made."""
        if self._first is not None:
            self.begin(self._first, self._request, spec, self._device)

    def compare(self, first: Evaluation, second: Evaluation) -> None:
        """Compare two evaluations that are there."""
        self.cancel()
        self.spec = self.info = None
        self._first, self._second = first, second
        self._compare(first, second)

    def cancel(self) -> None:
        """Give up; what was answered is kept, and taken up when it is asked for again."""
        if self._job:
            (self._own_runner() if self._own else self._workbench).cancel(self._job)

    def drop(self) -> None:
        """Give up, and hear no more of it."""
        self.cancel()
        self._job = 0

    def trust(self, request: TrustRequest) -> None:
        """A person agreed that the second model's code may run: remember it, and try again."""
        self._workbench.trust(request)
        self.go_on()

    def handle(self, event: JobEvent) -> bool:
        """Take a job's event; whether it was meant for this object."""
        if self._job and event.job == self._job:
            self._handle_job(event)
            return True
        return False

    def _handle_job(self, event: JobEvent) -> None:
        if isinstance(event, Progressed):
            self.progressed.emit(self._pacer.pace(event))
        elif isinstance(event, Finished):
            self._job = 0
            self._take(event.value)
        elif isinstance(event, Failed):
            self._job = 0
            self.failed.emit(event.error, event.report)
        elif isinstance(event, Stopped):
            self._job = 0
            self.stopped.emit()

    def _take(self, value: object) -> None:
        match value:
            case (ClassifierInfo() as info, LabelledData(), Alignment() as alignment):
                self._take_survey(info, alignment)
            case Changes():
                self.found.emit(value)
            case _:
                from core.evaluations import Evaluation

                if isinstance(value, Evaluation) and self._first is not None:
                    self._compare(self._first, value)

    def _take_survey(self, info: ClassifierInfo, alignment: Alignment) -> None:
        assert self._first is not None
        self.info = info
        self.opened.emit(info)
        # What a person chose for the first model, by this one's numbers.
        self._carried = tuple((row.written, row.index) for row in alignment.rows if row.how.endswith("by you"))
        there = {row.written: row for row in alignment.rows}
        unknown = [row.written for row in self._first.alignment.rows if _is_missing(row, there)]
        if unknown:
            self.asked.emit(tuple(unknown), alignment)
            return
        self.answer(())

    def _compare(self, first: Evaluation, second: Evaluation) -> None:
        """Drawing many thousand images anew takes time that the window does not have."""
        corrections = self.corrections

        def work(context: Context) -> Generator[None, None, Changes]:
            from core.comparing import LISTS, compare_evaluations
            from core.corrections import Corrections, corrected

            context.progress(0, 0, "Comparing")
            yield
            said = corrections or Corrections()
            one, other = (corrected(each, said, context.check) for each in (first, second))
            compared = compare_evaluations(one, other, context.check)
            yield
            return Changes(compared, {which: compared.places(which) for which in LISTS}, len(said))

        self._job = self._own_runner().submit(work, Priority.SOON)
        self._own = True


def _is_missing(row: AlignedClass, there: dict[str, AlignedClass]) -> bool:
    """Whether a label that the first model knows has images, and is no class of the second, nor left out."""
    other = there.get(row.written)
    return row.index >= 0 and row.count > 0 and other is not None and other.index < 0 and not other.how
