"""Connects what shows how an answer came about: the script, the notebook, and why."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from gui.widgets import dialogs
from gui.widgets.error_view import Words

if TYPE_CHECKING:
    from gui.answers.why_dialog import WhyDialog
    from gui.main_window import MainWindow
    from gui.session import Session


class WorkWiring(QObject):
    """Lives as long as the window.

    Attributes:
        why: what the shown answer rests on; ``None`` while it is closed.
    """

    def __init__(self, window: MainWindow, session: Session) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self.why: WhyDialog | None = None
        actions = window.actions_by_name
        actions["copy_script"].triggered.connect(lambda: self._write())
        actions["save_script"].triggered.connect(lambda: self._ask_target())
        actions["why"].triggered.connect(lambda: self._explain())
        window.scores.why_asked.connect(self._explain)
        session.scripting.written.connect(self._tell_written)
        session.answer_changed.connect(self._follow)

    def _write(self, target: Path | None = None) -> None:
        session = self._session
        entry = session.images.current
        if session.models.info is not None:
            session.scripting.write(session.models.info, entry.source if entry is not None else None, target)

    def _ask_target(self) -> None:
        info, preferences = self._session.models.info, self._session.preferences
        if info is not None:
            name = f"{Path(info.checkpoint.file).stem or 'model'}.py"
            dialogs.choose_script_target(self._window, preferences.folder, name, self._take_target)

    def _take_target(self, paths: list[Path]) -> None:
        self._session.preferences.folder = str(paths[0].parent)
        self._write(paths[0])

    def _tell_written(self, path: str) -> None:
        more = "It gives the same scores without Whatsit. The paths of this computer stand at its top."
        what = f"The model is saved as {path}." if path else "The model is copied as a Python script."
        self._session.tell("script", Words(what, more))

    def _explain(self) -> None:
        from gui.answers.why_dialog import WhyDialog

        if self.why is None:
            self.why = WhyDialog(self._window)
            self.why.destroyed.connect(partial(setattr, self, "why", None))
        self._follow()
        dialogs.to_front(self.why)

    def _follow(self) -> None:
        if self.why is not None:
            entry = self._session.images.current
            self.why.show_result(entry.answered if entry is not None else None)
