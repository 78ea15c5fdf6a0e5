"""What a person does to the preprocessing in use: at once, and undoable."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from core.descriptions import ModelSpec
from gui.error_view import Words, words_for
from gui.model_keeper import ModelKeeper

if TYPE_CHECKING:
    from core.preprocessing import Preprocessing

_ONE_GO_S = 1.0
"""Changes of the same value that follow each other this fast are undone together."""


class Preparing(QObject):
    """Holds what a person wants, what was before, and why the network may not take it.

    Attributes:
        stack: what can be undone.
        wanted: what a person asked for last; ``None`` for what the model brings.
        origin: what that was before it was edited, such as ``ImageNet``; empty for what the model brings.
        refusal: why it is not in use; ``None`` where it is, or may be in a moment.
        watched: whether the editor is on screen, which says itself why something is refused.

    Signals:
        changed: any of these has changed, or what is in use.
    """

    changed = Signal()

    def __init__(self, models: ModelKeeper, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._models = models
        self._network = ModelSpec().network
        self.stack = QUndoStack(self)
        self.wanted: Preprocessing | None = None
        self.origin = ""
        self.refusal: Words | None = None
        self.watched = False
        models.changed.connect(self._follow_model)
        models.dressed.connect(self.changed)

    def close(self) -> None:
        """Tell nobody any more: a stack that is destroyed says that it is empty."""
        self.stack.blockSignals(True)

    @property
    def shown(self) -> Preprocessing | None:
        """The values that a person looks at: those wanted, or what the model brings; ``None`` without a model."""
        if self.wanted is not None:
            return self.wanted
        return self._models.info.preprocessing if self._models.info is not None else None

    @property
    def in_use(self) -> Preprocessing | None:
        """The values that answers rest on, or will in a moment."""
        if self.refusal is None:
            return self.shown
        return self._models.info.preprocessing if self._models.info is not None else None

    def choose(self, value: Preprocessing | None, what: str, origin: str | None = None) -> None:
        """Prepare images otherwise from now on.

        Args:
            value: how; ``None`` for what the model brings.
            what: what is changed, as the end of ``Undo ...``; quick changes of the same are undone together.
            origin: the name of what it starts from; ``None`` where the value before is edited.
        """
        if value == self.wanted and origin is None:
            return
        after = (value, self.origin if origin is None else origin)
        self.stack.push(_Change(self, (self.wanted, self.origin), after, what))

    def refuse(self, error: BaseException, report: str) -> bool:
        """The network does not take what is wanted; whether a person is told here.

        Where the editor is not on screen the change is taken back, as nobody would see it.
        """
        info = self._models.info
        if report or info is None or self.wanted == info.spec.preprocessing:
            return False
        if self.watched:
            self.refusal = words_for(error)
            self.changed.emit()
            return True
        self.wanted = info.spec.preprocessing
        command = self.stack.command(self.stack.index() - 1)
        if isinstance(command, _Change):
            command.give_up()
            self.stack.undo()
        self.changed.emit()
        return False

    def want(self, value: Preprocessing | None, origin: str) -> None:
        """For the commands of the stack: ask for it."""
        self.wanted, self.origin, self.refusal = value, origin, None
        self._models.choose_preprocessing(value)
        self.changed.emit()

    def _follow_model(self) -> None:
        """Another model is in use: what was done to the one before cannot be undone on this one."""
        info = self._models.info
        assert info is not None
        if info.spec.network != self._network:
            self._network = info.spec.network
            self.stack.clear()
            self.origin = ""
        self.wanted, self.refusal = info.spec.preprocessing, None
        self.changed.emit()


_State = tuple["Preprocessing | None", str]


class _Change(QUndoCommand):
    """From one preprocessing to another."""

    def __init__(self, preparing: Preparing, before: _State, after: _State, what: str) -> None:
        super().__init__(what)
        self._preparing = preparing
        self._before, self._after, self._what = before, after, what
        self._when = time.monotonic()
        self._given_up = False

    def give_up(self) -> None:
        """It never came true: taking it back changes nothing, and it cannot be done again."""
        self._given_up = True
        self.setObsolete(True)

    def redo(self) -> None:
        """Also called when the change is made."""
        self._preparing.want(*self._after)

    def undo(self) -> None:
        """Back."""
        if not self._given_up:
            self._preparing.want(*self._before)

    def id(self) -> int:
        """All changes may merge."""
        return 1

    def mergeWith(self, other: QUndoCommand) -> bool:
        """A value that is dragged or typed is one change."""
        if not isinstance(other, _Change) or other._what != self._what or other._when - self._when > _ONE_GO_S:
            return False
        self._after, self._when = other._after, other._when
        return True
