"""Connects the panels' wishes to the session, and the session's news to the panels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from core import VERSION
from core.descriptions import DeviceInfo, ModelSpec
from core.errors import QuestionsError
from core.questions import TrustRequest
from gui.actions import keyboard_help
from gui.main_window import MainWindow
from gui.models.about_model import AboutModel, used_as
from gui.models.asking import Answers, QuestionsDialog, TrustDialog
from gui.models.trusted_files import TrustedFiles
from gui.photos.dropping import from_paths, read
from gui.photos.picture import Picture
from gui.photos.results_model import State
from gui.preferences import APPEARANCES
from gui.session import Session
from gui.widgets import dialogs, theme, wording
from gui.widgets.error_view import Details, Notice, Words, copy
from gui.wiring.evaluation import EvaluationWiring
from gui.wiring.naming import Naming
from gui.wiring.preprocessing import PreprocessingWiring
from gui.wiring.probe import ProbeWiring
from gui.wiring.work import WorkWiring

if TYPE_CHECKING:
    from core.arrays.contents import Row

_NEED_A_PHOTO = ("copy", "remove", "clear", "zoom_in", "zoom_out", "fit", "actual_size")
_NEED_AN_ANSWER = ("save", "copy_all", "why")
_NEED_SEVERAL = ("previous", "next")
_NEED_A_MODEL = (
    "choose_architecture", "choose_names", "edit_names", "save_names", "choose_preprocessing", "edit_preprocessing",
    "find_preprocessing", "test_model", "load_preprocessing", "save_preprocessing", "choose_output", "reload",
    "about_model", "save_model", "copy_script", "save_script",
)  # fmt: skip


class Wiring(QObject):
    """Lives as long as the window; see ``connect``."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._naming = Naming(window, session, self)
        self._connect_panels()
        self._connect_actions()
        self._connect_session()
        self._show_all()
        PreprocessingWiring(window, session)
        ProbeWiring(window, session)
        EvaluationWiring(window, session)
        WorkWiring(window, session)

    def _show_all(self) -> None:
        window, session = self._window, self._session
        window.scores.set_k(session.preferences.k)
        window.model_bar.show_recent(session.preferences.recent)
        window.model_bar.show_device(session.models.device)
        window.actions_by_name[session.preferences.appearance].setChecked(True)
        self._show_devices(session.models.devices)
        self._show_info()
        self._show_counts()

    def _connect_panels(self) -> None:
        window, session = self._window, self._session
        bar, scores = window.model_bar, window.scores
        bar.model_chosen.connect(session.open_model)
        bar.weights_asked.connect(self._choose_weights)
        bar.architecture_file_asked.connect(self._choose_architecture_file)
        bar.architecture_file_chosen.connect(session.use_architecture_file)
        bar.architecture_chosen.connect(session.models.choose_architecture)
        bar.device_chosen.connect(session.models.choose_device)
        bar.add_asked.connect(self._choose_photos)
        window.drops.dropped.connect(session.take)
        window.drop_zone.choose_asked.connect(self._choose_photos)
        window.drop_zone.paste_asked.connect(self._paste)
        window.photo.step_asked.connect(session.images.step)
        window.filmstrip.chosen.connect(session.images.go_to)
        window.filmstrip.removal_asked.connect(session.images.remove)
        window.filmstrip.menu_asked.connect(window.show_photo_menu)
        window.footer.cancel_asked.connect(session.activity.cancel)
        scores.k_changed.connect(session.set_k)
        scores.copy_asked.connect(self._copy)
        scores.device_asked.connect(bar.device.open_list)
        scores.tensors_chosen.connect(session.models.choose_tensors)
        scores.activation_chosen.connect(session.models.choose_activation)

    def _connect_actions(self) -> None:
        window, session, images = self._window, self._session, self._session.images
        photo, bar = window.photo, window.model_bar
        done: dict[str, Callable[[], object]] = {
            "open_photos": self._choose_photos,
            "open_folder": self._choose_folder,
            "open_weights": self._choose_weights,
            "open_architecture": self._choose_architecture_file,
            "save": self._choose_target,
            "quit": window.close,
            "paste": self._paste,
            "copy": self._copy,
            "copy_all": session.copy_all,
            "remove": lambda: images.remove(window.filmstrip.selected_rows() or [images.row]),
            "clear": images.clear,
            "previous": lambda: images.step(-1),
            "next": lambda: images.step(1),
            "zoom_in": photo.zoom_in,
            "zoom_out": photo.zoom_out,
            "fit": photo.fit,
            "actual_size": photo.actual_size,
            "full_screen": self._toggle_full_screen,
            "choose_model": bar.model.open_list,
            "choose_architecture": bar.architecture.open_list,
            "choose_device": bar.device.open_list,
            "choose_names": window.scores.names.click,
            "edit_names": self._naming.edit,
            "save_names": self._naming.save,
            "choose_preprocessing": window.scores.input.click,
            "choose_output": window.scores.output.click,
            "reload": session.models.reload,
            "about_model": self._show_about_model,
            "save_model": self._choose_model_target,
            "trusted": lambda: TrustedFiles(window, session.trusted, session.revoke).show(),
            "keys": lambda: self._explain("The keyboard", keyboard_help()),
            "about": self._show_about,
        }
        for appearance in APPEARANCES:
            done[appearance] = lambda appearance=appearance: self._set_appearance(appearance)
        for name, act in done.items():
            window.actions_by_name[name].triggered.connect(partial(_run, act))

    def _connect_session(self) -> None:
        window, session = self._window, self._session
        session.info_changed.connect(self._show_info)
        session.answer_changed.connect(self._show_answer)
        session.about_changed.connect(self._show_about_photo)
        session.activity.changed.connect(window.footer.show_activity)
        session.noticed.connect(window.tell)
        session.trust_asked.connect(self._ask_trust)
        session.questions_asked.connect(self._ask_questions)
        session.architecture_file_asked.connect(self._choose_architecture_file)
        session.output_asked.connect(window.scores.output.click)
        session.look_asked.connect(partial(self._look_inside, self._window))
        session.notice_over.connect(window.notices.drop)
        session.recent_changed.connect(lambda: window.model_bar.show_recent(session.preferences.recent))
        session.models.devices_found.connect(self._show_devices)
        session.images.current_changed.connect(self._show_current)
        session.activity.counted.connect(self._show_counts)
        session.photos.room = window.photo_room
        session.photos.shown.connect(self._show_picture)
        session.photos.row_shown.connect(self._show_row)
        session.photos.started.connect(self._show_nothing_yet)
        session.photos.failed.connect(window.show_error)

    def _show_info(self) -> None:
        info = self._session.models.info
        self._window.model_bar.show_device(self._session.models.device)
        self._window.model_bar.show_info(info)
        self._window.scores.show_info(info)
        self._window.actions_by_name.enable(_NEED_A_MODEL, info is not None)
        self._window.setWindowTitle(self._session.title)
        self._show_answer()

    def _show_devices(self, devices: tuple[DeviceInfo, ...]) -> None:
        self._window.model_bar.show_devices(devices)
        self._window.actions_by_name.enable(("choose_device",), bool(devices))

    def _show_answer(self) -> None:
        scores, entry = self._window.scores, self._session.images.current
        result = entry.answered if entry is not None else None
        if result is not None and result.prediction is not None:
            self._show_photo_again(entry is not None and entry.source.is_row)
            scores.show_prediction(result.prediction)
        elif entry is None or result is not None or self._session.models.info is None:
            scores.show_line(self._session.line)
            if result is not None and result.error is not None:
                self._window.show_error(result.error)
        else:
            old = entry.result if entry.state is State.WAITING else None
            scores.show_waiting(self._session.line, old.prediction if old is not None else None)

    def _show_photo_again(self, row: bool) -> None:
        """What the model before refused, and so had its error in its place, is answered by this one."""
        window = self._window
        if not row and window.stage.currentWidget() is window.error and window.photo.picture is not None:
            window.show_photo()

    def _show_current(self) -> None:
        row = self._session.images.row
        if row < 0:
            self._window.photo.show_picture(None)
            self._window.show_empty()
        else:
            self._window.filmstrip.go_to(row)

    def _show_about_photo(self) -> None:
        self._window.footer.show_about(self._session.about)
        self._window.setWindowTitle(self._session.title)

    def _show_picture(self, picture: Picture, sharper: bool) -> None:
        entry = self._session.images.current
        self._window.photo.show_picture(picture, entry.source.name if entry is not None else "", sharper)
        if entry is None or entry.answered is None or entry.answered.error is None:
            self._window.show_photo()

    def _show_row(self, row: Row) -> None:
        entry = self._session.images.current
        if entry is not None and (entry.answered is None or entry.answered.error is None):
            self._window.show_row(row, entry.source.name)

    def _show_nothing_yet(self) -> None:
        self._window.photo.show_picture(None)
        self._window.show_photo()

    def _show_counts(self) -> None:
        results, actions = self._session.images.results, self._window.actions_by_name
        actions.enable(_NEED_A_PHOTO, results.rowCount() > 0)
        actions.enable(_NEED_AN_ANSWER, results.answered > 0)
        actions.enable(_NEED_SEVERAL, results.rowCount() > 1)
        self._window.model_bar.add.setVisible(results.rowCount() > 0)

    def _copy(self) -> None:
        entry = self._session.images.current
        if entry is not None and entry.answered is not None:
            copy(wording.scores(entry.answered, self._window.scores.shown_k))

    def _paste(self) -> None:
        dropped = read(QGuiApplication.clipboard().mimeData())
        if dropped:
            self._session.take(dropped)
        else:
            words = Words("There is no picture on the clipboard.", "Copy an image, image files or a link to one first.")
            self._window.notices.tell(Notice("paste", words))

    def _choose_photos(self) -> None:
        dialogs.choose_photos(self._window, self._folder(), self._take_paths)

    def _choose_folder(self) -> None:
        dialogs.choose_folder(self._window, self._folder(), self._take_paths)

    def _choose_weights(self) -> None:
        dialogs.choose_weights(
            self._window, self._folder(), lambda paths: self._session.open_weights(self._remember(paths)[0])
        )

    def _choose_architecture_file(self) -> None:
        dialogs.choose_architecture_file(
            self._window, self._folder(), lambda paths: self._session.use_architecture_file(self._remember(paths)[0])
        )

    def _ask_trust(self, request: TrustRequest, spec: ModelSpec, refuse: Callable[[], object]) -> None:
        dialog = TrustDialog(self._window, request, partial(self._session.trust, request, spec), spec.weights)
        dialog.look_asked.connect(partial(self._look_inside, dialog, spec.weights))
        dialog.rejected.connect(partial(_run, refuse))
        dialog.open()

    def _ask_questions(self, error: QuestionsError, spec: ModelSpec) -> None:
        def answer(arguments: Answers) -> None:
            source = spec.architecture_file or error.source
            given = replace(spec, architecture=error.architecture, architecture_file=source, arguments=arguments)
            self._session.models.open(given)

        QuestionsDialog(self._window, Words(error.what, f"{error.why} {error.remedy}"), error.questions, answer).open()

    def _choose_model_target(self) -> None:
        info = self._session.models.info
        name = f"{Path(info.checkpoint.file).stem}.safetensors" if info is not None else "model.safetensors"
        dialogs.choose_model_target(
            self._window, self._folder(), name, lambda paths: self._session.models.save(self._remember(paths)[0])
        )

    def _show_about_model(self) -> None:
        info = self._session.models.info
        if info is None:
            return
        self._look_inside(self._window, info.checkpoint.file, used_as(info))

    def _look_inside(self, parent: QWidget, weights: str, used: str = "") -> None:
        about = AboutModel(parent, weights, used)
        self._session.looking.found.connect(about.show_inspection)
        self._session.look_at(weights)
        about.show()

    def _choose_target(self) -> None:
        def save(paths: list[Path], provenance: bool) -> None:
            self._session.save(self._remember(paths)[0], provenance)

        dialogs.choose_target(self._window, self._folder(), save)

    def _take_paths(self, paths: list[Path]) -> None:
        self._session.take(from_paths(self._remember(paths)))

    def _folder(self) -> str:
        return self._session.preferences.folder

    def _remember(self, paths: list[Path]) -> list[Path]:
        self._session.preferences.folder = str(paths[0].parent)
        return paths

    def _toggle_full_screen(self) -> None:
        if self._window.isFullScreen():
            self._window.showNormal()
        else:
            self._window.showFullScreen()

    def _set_appearance(self, appearance: str) -> None:
        self._session.preferences.appearance = appearance
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, theme.is_dark(appearance))

    def _show_about(self) -> None:
        self._explain(
            f"Whatsit {VERSION}",
            "Drop a photo on the window, see what a PyTorch classifier makes of it.\n"
            "Everything is computed on this machine: photos go nowhere.\n\nMIT licence.",
        )

    def _explain(self, title: str, text: str) -> None:
        Details(self._window, Words(title, detail=text)).show()


def _run(act: Callable[[], object], _checked: bool = False) -> None:
    """A menu says whether its action is checked; nobody here wants to know."""
    act()
