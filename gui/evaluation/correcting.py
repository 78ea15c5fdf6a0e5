"""What a person says that images show, where the data is wrong: said, taken back, and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from core.corrections import Corrections, Truth
    from core.evaluations import Evaluation


class Correcting(QObject):
    """The corrections of one evaluation's data, with their history.

    Attributes:
        evaluation: as the data says, without corrections; ``None`` before there is one.

    Signals:
        changed: another correction was made, or one was taken back.
    """

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.evaluation: Evaluation | None = None
        self._steps: list[Corrections] = []

    def begin(self, evaluation: Evaluation, known: Corrections) -> None:
        """Args:
        evaluation: of the data as it is.
        known: what was corrected before.
        """
        self.evaluation = evaluation
        self._steps = [known]

    @property
    def current(self) -> Corrections:
        """All that are in force."""
        return self._steps[-1]

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return len(self._steps) > 1

    def correct(self, place: int, truth: Truth) -> None:
        """An image, by its place in the data, shows this."""
        assert self.evaluation is not None
        self._take(self.current.having(place, truth, self.evaluation.data))

    def was(self, place: int) -> Truth:
        """What the data itself says of an image."""
        from core.corrections import truth_of

        assert self.evaluation is not None
        return truth_of(self.evaluation.data.images[place])

    def believe(self, place: int) -> None:
        """The data is right about an image after all."""
        self.correct(place, self.was(place))

    def undo(self) -> None:
        """Take the last step back."""
        if self.can_undo:
            self._steps.pop()
            self.changed.emit()

    def _take(self, corrections: Corrections) -> None:
        if corrections != self.current:
            self._steps.append(corrections)
            self.changed.emit()
