"""Connects all that changes class names: the list of choices, the editor, files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from gui.answers.names_editor import NamesEditor
from gui.widgets import dialogs

if TYPE_CHECKING:
    from gui.main_window import MainWindow
    from gui.session import Session


class Naming(QObject):
    """Lives as long as the window.

    Attributes:
        editor: the window in which names are written; ``None`` while it is closed.
    """

    def __init__(self, window: MainWindow, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._window = window
        self._session = session
        self.editor: NamesEditor | None = None
        scores = window.scores
        scores.labels_asked.connect(self.load)
        scores.labels_reset.connect(self.reset)
        scores.names_edit_asked.connect(self.edit)
        scores.names_save_asked.connect(self.save)
        scores.imagenet_names_asked.connect(session.models.choose_imagenet_names)
        session.info_changed.connect(self._show_info)

    def edit(self) -> None:
        """Open the editor, or bring it to the front."""
        info = self._session.models.info
        if info is None:
            return
        if self.editor is None:
            self.editor = NamesEditor(self._window)
            self.editor.edited.connect(self._session.models.choose_names)
            self.editor.reset_asked.connect(self.reset)
            self.editor.load_asked.connect(self.load)
            self.editor.save_asked.connect(self.save)
            self.editor.destroyed.connect(self._forget)
            self.editor.show_info(info)
        dialogs.to_front(self.editor)

    def load(self) -> None:
        """Ask for a label file."""
        dialogs.choose_labels(
            self._parent(), self._folder(), lambda paths: self._session.models.choose_labels(self._remember(paths)[0])
        )

    def save(self) -> None:
        """Ask where to save the names."""
        dialogs.choose_names_target(
            self._parent(), self._folder(), lambda paths: self._session.save_names(self._remember(paths)[0])
        )

    def reset(self) -> None:
        """Take the names that the model brings."""
        self._session.models.choose_labels(None)

    def _show_info(self) -> None:
        info = self._session.models.info
        # What was written since then is on its way: names in between would take it for somebody else's.
        if self.editor is not None and info is not None and not self._session.models.dressing:
            self.editor.show_info(info)

    def _forget(self) -> None:
        self.editor = None

    def _parent(self) -> MainWindow | NamesEditor:
        return self.editor if self.editor is not None and self.editor.isVisible() else self._window

    def _folder(self) -> str:
        return self._session.preferences.folder

    def _remember(self, paths: list[Path]) -> list[Path]:
        self._session.preferences.folder = str(paths[0].parent)
        return paths
