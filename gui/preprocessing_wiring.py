"""Connects the editor of the preprocessing and the view of what the model sees with the session."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from core.descriptions import Seen
from core.errors import WhatsitError
from core.preprocessing import PRESET_NAMES, PRESETS, Preprocessing, preset_of
from gui import dialogs
from gui.error_view import Words
from gui.main_window import MainWindow
from gui.session import Session

if TYPE_CHECKING:
    from gui.preprocessing_editor import PreprocessingEditor

_SLOW_MS = 200
_OWN = "As the model brings it"


class PreprocessingWiring(QObject):
    """Lives as long as the window."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._preparing = session.preparing
        self._editor: PreprocessingEditor | None = None
        self._saw_before = False
        self._slow = QTimer(self, singleShot=True, interval=_SLOW_MS)
        self._connect()
        self._see(session.preferences.sees)
        self._show_history()

    def _connect(self) -> None:
        window, session, preparing = self._window, self._session, self._preparing
        actions, stack = window.actions_by_name, preparing.stack
        window.scores.preprocessing_chosen.connect(self._choose)
        window.scores.editing_asked.connect(self._open)
        actions["edit_preprocessing"].triggered.connect(lambda: self._open())
        actions["load_preprocessing"].triggered.connect(lambda: self._ask_file())
        actions["save_preprocessing"].triggered.connect(lambda: self._ask_target())
        actions["undo"].triggered.connect(lambda: stack.undo())
        actions["redo"].triggered.connect(lambda: stack.redo())
        actions["see"].triggered.connect(self._see)
        window.photo.see.clicked.connect(self._see)
        stack.indexChanged.connect(self._show_history)
        preparing.changed.connect(self._show)
        stack.indexChanged.connect(lambda: self._slow.start())
        self._slow.timeout.connect(self._show_old)
        session.info_changed.connect(self._show)
        session.images.current_changed.connect(self._look)
        session.seeing.seen.connect(self._show_seen)
        session.seeing.failed.connect(self._show_unseen)
        session.saving.kept.connect(self._tell_kept)
        session.saving.preprocessing_read.connect(self._take_file)

    def _choose(self, value: Preprocessing | None) -> None:
        """A preset, or what the model brings."""
        if value is None:
            self._preparing.choose(None, "preprocessing", "")
        else:
            self._preparing.choose(value, "preprocessing", _name_of(value))

    def _choose_preset(self, key: str) -> None:
        self._choose(PRESETS[key])

    def _open(self) -> None:
        if self._session.models.info is None:
            return
        if self._editor is None:
            self._editor = self._make()
            self._show_history()
        if not self._preparing.watched:
            self._preparing.watched = True
            self._saw_before = self._window.seen_wanted
            self._see(True, keep=False)
        self._show()
        self._window.show_editor(self._editor)
        self._editor.preset.setFocus()

    def _make(self) -> PreprocessingEditor:
        from gui.preprocessing_editor import PreprocessingEditor

        editor, preparing = PreprocessingEditor(self._window), self._preparing
        editor.edited.connect(preparing.choose)
        editor.preset_chosen.connect(self._choose_preset)
        editor.reset_asked.connect(lambda: self._choose(None))
        editor.load_asked.connect(self._ask_file)
        editor.save_asked.connect(self._ask_target)
        editor.undo_asked.connect(preparing.stack.undo)
        editor.redo_asked.connect(preparing.stack.redo)
        editor.close_asked.connect(self._close)
        return editor

    def _close(self) -> None:
        self._preparing.watched = False
        self._window.show_editor(None)
        if not self._saw_before and not self._session.preferences.sees:
            self._see(False, keep=False)
        self._window.scores.input.setFocus()

    def _show(self) -> None:
        """What is wanted, in the editor; and what is in use, as the model sees it."""
        info, preparing = self._session.models.info, self._preparing
        if self._editor is not None and info is not None and preparing.shown is not None:
            value = preparing.shown
            source = "" if preparing.wanted is not None else info.preprocessing_source
            source = source if source.startswith("assumed") or not source else f"from {source}"
            self._editor.show_value(value, self._title(value), source, preparing.wanted is not None)
            self._editor.show_problem(preparing.refusal)
        self._look()

    def _title(self, value: Preprocessing) -> str:
        if self._preparing.wanted is None:
            return _OWN
        name = _name_of(value)
        if name:
            return name
        origin = self._preparing.origin
        return f"changed from {origin}" if origin else "changed from the model's"

    def _show_old(self) -> None:
        """The answer to what was changed is long in coming: the one on screen is no longer that of these values."""
        if self._session.models.dressing and self._session.images.current is not None:
            self._window.scores.fade()

    def _show_history(self, _index: int = 0) -> None:
        stack, actions = self._preparing.stack, self._window.actions_by_name
        for name, text, can in (
            ("undo", f"&Undo {stack.undoText()}", stack.canUndo()),
            ("redo", f"&Redo {stack.redoText()}", stack.canRedo()),
        ):
            actions[name].setText(text.strip())
            actions[name].setEnabled(can)
        if self._editor is not None:
            self._editor.show_history(stack.canUndo(), stack.canRedo())

    def _see(self, on: bool, keep: bool = True) -> None:
        """Show what the model sees, or not; and remember that, where a person said so."""
        if keep:
            self._session.preferences.sees = self._saw_before = on
        self._window.actions_by_name["see"].setChecked(on)
        self._window.photo.see.setChecked(on)
        self._window.want_seen(on)
        self._look()

    def _look(self) -> None:
        session, info = self._session, self._session.models.info
        entry = session.images.current
        seeable = self._window.seen_wanted and info is not None and not info.refuses
        source = entry.source if entry is not None and seeable and not entry.source.is_row else None
        session.seeing.look(source, self._preparing.in_use)

    def _show_seen(self, seen: Seen | None) -> None:
        if seen is None:
            self._window.photo.show_crops(())
            self._window.seen.show_line("")
        else:
            self._window.photo.show_crops(seen.crops)
            self._window.seen.show_seen(seen)

    def _show_unseen(self, error: WhatsitError) -> None:
        self._window.photo.show_crops(())
        self._window.seen.show_line(error.what)

    def _ask_file(self) -> None:
        dialogs.choose_preprocessing(
            self._window, self._folder(), lambda paths: self._session.saving.read_preprocessing(self._kept(paths))
        )

    def _take_file(self, path: str, value: Preprocessing) -> None:
        self._preparing.choose(value, "loading", Path(path).name)

    def _ask_target(self) -> None:
        value = self._preparing.shown
        if value is not None:
            keep = partial(self._keep, value)
            dialogs.choose_preprocessing_target(self._window, self._folder(), keep)

    def _keep(self, value: Preprocessing, paths: list[Path]) -> None:
        self._session.saving.keep_preprocessing(self._kept(paths), value)

    def _tell_kept(self, path: str) -> None:
        words = Words(f"The preprocessing is saved in {path}.", "The command line takes it with --preprocessing FILE.")
        self._session.tell("saving", words)

    def _folder(self) -> str:
        return self._session.preferences.folder

    def _kept(self, paths: list[Path]) -> Path:
        self._session.preferences.folder = str(paths[0].parent)
        return paths[0]


def _name_of(value: Preprocessing) -> str:
    """The preset's name; empty where it is none."""
    key = preset_of(value)
    return PRESET_NAMES.get(key, key)
