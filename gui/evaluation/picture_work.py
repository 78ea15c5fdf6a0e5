"""Pictures of an evaluation, made off the window's thread; of several wishes the last one wins."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Signal

from core.jobs import Context, Failed, Finished, JobEvent, JobRunner, Priority, Stopped
from gui.widgets.newest import Newest

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from core.behind import Behind
    from core.drawing import Kind
    from core.evaluations import Evaluation
    from core.plots import ClassOrder, Palette, Picture, Stands


@dataclass(frozen=True, slots=True)
class Look:
    """Which picture, and how it looks.

    Attributes:
        kind: which one.
        palette: its colours.
        rates: whether a confusion matrix shows shares.
        order: of its classes; ``None`` for those that have a fixed one.
        chosen: classes whose curves are drawn; those with the smallest area if empty.
    """

    kind: Kind
    palette: Palette
    rates: bool = False
    order: ClassOrder | None = None
    chosen: tuple[int, ...] = ()

    def draw(self, evaluation: Evaluation, check: Callable[[], None]) -> Picture:
        """Make the picture.

        Args:
            evaluation: of what.
            check: called now and then; may raise to end it.
        """
        from core import drawing

        return drawing.draw(
            evaluation,
            self.kind,
            self.palette,
            rates=self.rates,
            order=self.order,
            chosen=self.chosen,
            check=check,
        )


class PictureWork(QObject):
    """Draws, paints, finds images and saves, one after the other.

    Signals:
        drawn: the ``Evaluation``, the ``Look`` and the ``Picture``.
        painted: the ``Picture`` and its ``QImage``.
        found: the ``Evaluation`` and what is ``Behind`` a place.
        saved: the file.
        failed, undone: why there is no picture, or why nothing came of what was asked of it: an error, and a bug's
            report or an empty text.
    """

    drawn = Signal(object, object, object)
    painted = Signal(object, object)
    found = Signal(object, object)
    saved = Signal(str)
    failed = Signal(object, str)
    undone = Signal(object, str)

    def __init__(self, runner: Callable[[], JobRunner], parent: QObject) -> None:
        """Args: runner: makes, or gives, what the work runs on."""
        super().__init__(parent)
        self._runner = runner
        self._saving = 0
        self._drawing, self._painting, self._finding = (Newest(self._cancel, self) for _ in range(3))

    def draw(self, evaluation: Evaluation, look: Look) -> None:
        """Make a picture."""

        def work(context: Context) -> Generator[None, None, tuple[Evaluation, Look, Picture]]:
            yield
            return evaluation, look, look.draw(evaluation, context.check)

        self._drawing.ask(lambda: self._runner().submit(work, Priority.SOON))

    def paint(self, picture: Picture, width: int, height: int) -> None:
        """Turn a picture into so many pixels."""

        def work(_context: Context) -> Generator[None, None, tuple[Picture, QImage]]:
            from gui.evaluation.picture_files import painted

            yield
            return picture, painted(picture, width, height)

        self._painting.ask(lambda: self._runner().submit(work, Priority.NOW))

    def find(self, evaluation: Evaluation, kind: Kind, places: tuple[Stands, ...]) -> None:
        """Find the images behind a place."""

        def work(_context: Context) -> Generator[None, None, tuple[Evaluation, Behind]]:
            from core.behind import images_behind

            yield
            return evaluation, images_behind(evaluation, kind, *places)

        self._finding.ask(lambda: self._runner().submit(work, Priority.NOW))

    def save(self, path: Path, evaluation: Evaluation, look: Look) -> None:
        """Write a picture; the file's ending tells the form."""

        def work(context: Context) -> Generator[None, None, str]:
            from core.plots import PAPER
            from gui.evaluation.picture_files import save_picture

            yield
            # Pixels and PDF have the window's own font in them; a drawing is shown with that of whoever looks at it.
            wanted = replace(look, palette=PAPER) if path.suffix.lower() == ".svg" else look
            save_picture(path, wanted.draw(evaluation, context.check))
            return str(path)

        self._saving = self._runner().submit(work, Priority.NOW)

    def handle(self, event: JobEvent) -> bool:
        """Take a job's event; whether it was meant for this object."""
        if self._saving and event.job == self._saving:
            if isinstance(event, Finished):
                self.saved.emit(event.value)
            elif isinstance(event, Failed):
                self.undone.emit(event.error, event.report)
            return True
        for newest, signal, trouble in (
            (self._drawing, self.drawn, self.failed),
            (self._painting, self.painted, self.failed),
            (self._finding, self.found, self.undone),
        ):
            if newest.job and event.job == newest.job:
                if isinstance(event, Finished | Failed | Stopped):
                    newest.ended()
                if isinstance(event, Finished):
                    signal.emit(*cast("tuple[object, ...]", event.value))
                elif isinstance(event, Failed):
                    trouble.emit(event.error, event.report)
                return True
        return False

    def _cancel(self, job: int) -> None:
        self._runner().cancel(job)
