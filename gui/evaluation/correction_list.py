"""Asking a person what an image shows: a list of classes that drops down beside it, or a line for a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QWidget

from gui.evaluation.list_words import names
from gui.widgets import theme, wording
from gui.widgets.choices import Choice
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from core.corrections import Truth
    from core.evaluations import Evaluation

LEAVE_OUT = "out"
BELIEVE = "data"


def class_choices(evaluation: Evaluation, row: int, now: Truth, was: Truth) -> list[Choice]:
    """The classes by their scores, the likeliest first; what the data says, and leaving it out, at the end.

    Args:
        evaluation: with the scores.
        row: the image.
        now: what it is said to show.
        was: what the data says.
    """
    from core.corrections import written_as

    scores = evaluation.scores[row]
    several = evaluation.data.kind == "several"
    there: set[str] = set(now) if isinstance(now, tuple) else set()
    choices: list[Choice] = []
    order: list[int] = (-scores).argsort(kind="stable").tolist()
    for index in order:
        written = written_as(evaluation.alignment, evaluation.labels, index)
        score = wording.percent(float(scores[index]))
        choices.append(Choice(str(index), evaluation.labels[index], score, written in there))
    said = names(was) if isinstance(was, tuple) else ""
    ends = [Choice(LEAVE_OUT, "Leave it out", "not scored, and not in the table", now is None)]
    if now != was:
        ends.insert(0, Choice(BELIEVE, "The data is right", said))
    title = "It shows, each one switched on or off" if several else f"The data says {said}. It is"
    return [Choice("", title), *choices, Choice("", "Or"), *ends]


def chosen(evaluation: Evaluation, now: Truth, was: Truth, key: str) -> Truth:
    """What a person's choice makes of an image.

    Args:
        evaluation: with its classes.
        now: what the image is said to show.
        was: what the data says.
        key: of one of ``class_choices``.
    """
    from core.corrections import written_as

    if key == LEAVE_OUT:
        return None
    if key == BELIEVE:
        return was
    label = written_as(evaluation.alignment, evaluation.labels, int(key))
    if evaluation.data.kind != "several":
        return (label,)
    there = now if isinstance(now, tuple) else was if isinstance(was, tuple) else ()
    return tuple(known for known in there if known != label) if label in there else (*there, label)


class ValueLine(QFrame):
    """A line for the true value of an image.

    Signals:
        entered: a number, as text that ``float`` takes; empty leaves the image out.
    """

    entered = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.edit = QLineEdit(self)
        self.edit.setMinimumWidth(14 * UNIT)
        theme.name(self.edit, "True value", "Enter takes it; an empty line leaves the image out.")
        self._hint = QLabel(self)
        self._hint.setForegroundRole(theme.MUTED)
        row = QHBoxLayout(self)
        row.setContentsMargins(UNIT, UNIT, UNIT, UNIT)
        row.addWidget(QLabel("It is", self))
        row.addWidget(self.edit)
        row.addWidget(self._hint)

    def ask(self, place: QPoint, value: float) -> None:
        """Open at a place of the screen."""
        self.edit.setText(f"{value:.10g}")
        self.edit.selectAll()
        self._hint.setText("empty: leave it out")
        self.adjustSize()
        self.move(place)
        self.show()
        self.edit.setFocus(Qt.FocusReason.PopupFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter takes a number, and nothing else."""
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
            return
        text = self.edit.text().strip().replace(",", ".").replace(wording.MINUS, "-")
        if text and not is_number(text):
            self._hint.setText("that is no number")
            return
        self.close()
        self.entered.emit(text)


def is_number(text: str) -> bool:
    """Whether ``float`` makes a number of it that is one."""
    try:
        return abs(float(text)) < float("inf")
    except ValueError:
        return False
