"""Connects the window that finds a model's preprocessing with the session."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from core.preprocessing import Preprocessing
from gui.main_window import MainWindow
from gui.session import Session
from gui.widgets import dialogs

if TYPE_CHECKING:
    from gui.preprocessing.probe_view import ProbeView


class ProbeWiring(QObject):
    """Lives as long as the window.

    Attributes:
        view: the window; ``None`` while it is closed.
    """

    def __init__(self, window: MainWindow, session: Session) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self.view: ProbeView | None = None
        window.actions_by_name["find_preprocessing"].triggered.connect(lambda: self.open())

    def open(self) -> None:
        """Open the window, or bring it to the front."""
        from gui.preprocessing.probe_view import ProbeView

        info, probing = self._session.models.info, self._session.probing
        if info is None:
            return
        if self.view is None:
            self.view = view = ProbeView(self._window, info.name)
            view.data_asked.connect(self._choose_data)
            view.cancel_asked.connect(probing.cancel)
            view.chosen.connect(self._adopt)
            view.destroyed.connect(self._forget)
            probing.progressed.connect(view.show_progress)
            probing.found.connect(view.show_probe)
            probing.failed.connect(view.show_error)
            probing.stopped.connect(view.show_stopped)
            self._session.models.changed.connect(view.close)
            self._session.info_changed.connect(self._show_used)
            self._show_used()
        dialogs.to_front(self.view)

    def _choose_data(self) -> None:
        if self.view is not None:
            dialogs.choose_labelled(self.view, self._session.preferences.folder, self._probe)

    def _probe(self, paths: list[Path]) -> None:
        self._session.preferences.folder = str(paths[0].parent)
        self._session.probing.probe(paths[0])

    def _adopt(self, value: Preprocessing) -> None:
        self._session.preparing.choose(value, "preprocessing", "found by probing")

    def _show_used(self) -> None:
        info = self._session.models.info
        if self.view is not None and info is not None:
            self.view.show_used(info.preprocessing)

    def _forget(self) -> None:
        self.view = None
