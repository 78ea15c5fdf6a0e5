"""The presenter: what a person asks for goes to the workbench, what comes back goes to the panels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from core.arrays import ANYTHING, is_array_file
from core.descriptions import ClassifierInfo, ModelSpec
from core.errors import QuestionsError, TrustError
from core.jobs import JobEvent, Listener
from core.questions import TrustRequest
from gui.activity import Activity
from gui.answers.answering import Answering
from gui.answers.saving import Saving
from gui.answers.scripting import Scripting
from gui.evaluation.testing import Testing
from gui.models.looking import Looking
from gui.models.model_keeper import ModelKeeper, differ_in_names_alone
from gui.models.refusal import changed_on_disk, notes, refusal, untrusted
from gui.models.weights_watch import WeightsWatch
from gui.photos.dropping import Dropped, from_paths
from gui.photos.photo_loading import PhotoLoading
from gui.photos.results_model import ResultsModel, State
from gui.preferences import Preferences
from gui.preprocessing.preparing import Preparing
from gui.preprocessing.probing import Probing
from gui.preprocessing.seeing import Seeing
from gui.widgets import wording
from gui.widgets.error_view import Notice, Words, words_for

if TYPE_CHECKING:
    from core.images import ImageSource
    from core.predictions import ImageResult
    from core.trust import TrustEntry
    from core.workbench import Workbench


class Session(QObject):
    """Everything between the workbench and the window.

    Attributes:
        preferences: changed here, saved by ``gui/app.py``.
        models: the model in use and the one on its way.
        images: the images and their answers.
        photos: brings the shown one to the screen.
        activity: what the footer tells of.
        preparing: what a person does to the preprocessing.
        seeing: what the model sees of the shown image.

    Signals:
        info_changed: the classifier in use, or what it assumes, has changed.
        answer_changed: the shown image's answer has changed, or another image is shown.
        about_changed: which image is shown has changed.
        trust_asked: a ``TrustRequest``, the ``ModelSpec`` that needs it, and what to do if a person does not agree.
        questions_asked: a ``QuestionsError`` and the ``ModelSpec`` that needs answers.
        output_asked: a person wants to say what the network's numbers are.
        architecture_file_asked: a person wants to choose a Python file.
        look_asked: a person wants to look at a weights file, by its path.
        noticed: a ``Notice``.
        notice_over: the key of a notice that is no longer true.
        recent_changed: the list of recent models has changed.
    """

    info_changed = Signal()
    answer_changed = Signal()
    about_changed = Signal()
    trust_asked = Signal(object, object, object)
    questions_asked = Signal(object, object)
    output_asked = Signal()
    architecture_file_asked = Signal()
    look_asked = Signal(str)
    noticed = Signal(object)
    notice_over = Signal(str)
    recent_changed = Signal()

    def __init__(
        self,
        workbench: Workbench,
        results: ResultsModel,
        preferences: Preferences,
        listener: Listener,
        parent: QObject | None = None,
    ) -> None:
        """Args:
        workbench: does the work.
        results: the images; empty at first.
        preferences: as they were read.
        listener: the bridge's, for jobs that are not the workbench's.
        parent: Qt's.
        """
        super().__init__(parent)
        self._workbench = workbench
        self.preferences = preferences
        self.models = ModelKeeper(workbench, preferences.device, self)
        self.images = Answering(workbench, results, self)
        self.photos = PhotoLoading(workbench, self)
        self.saving = Saving(listener, self)
        self.looking = Looking(workbench, self)
        self.probing = Probing(workbench, self)
        self.scripting = Scripting(workbench, self)
        self.testing = Testing(workbench, listener, self, preferences.home)
        self.preparing = Preparing(self.models, self)
        self.seeing = Seeing(workbench, self)
        self.watch = WeightsWatch(self)
        self.activity = Activity(self.models, self.images, self.saving, self)
        self._used: ClassifierInfo | None = None
        self._held: list[Path] = []
        self._connect()

    def start(self, paths: list[Path], weights: str = "", architecture: str = "") -> None:
        """Open the first model, and what the command line names.

        Args:
            paths: what could be dropped, too; a weights file among them is opened as the model.
            weights: a weights file; empty for the built-in model.
            architecture: id; empty to match.
        """
        if self.preferences.problem:
            self.tell("settings", Words(self.preferences.problem, "The damaged file is kept beside the new one."))
        named = from_paths(paths)
        wanted, given = Path(weights) if weights else named.weights, (named.architecture_file, named.labels)
        if wanted is not None:
            self.open_weights(wanted, *given, architecture)
            self._tell_left(wanted, named.more_weights)
        else:
            self.open_model(ModelSpec(architecture=architecture))
            self.take(Dropped((), (), None, *given))
        self.models.find_devices()
        self._add_paths(named.paths)

    def handle(self, event: JobEvent) -> None:
        """Give an event to the part that asked for it; those of superseded jobs go nowhere."""
        parts = (self.images, self.models, self.photos, self.seeing, self.saving, self.looking)
        any(part.handle(event) for part in (*parts, self.probing, self.scripting, self.testing))
        self.activity.note()

    def take(self, dropped: Dropped) -> None:
        """Take what was dropped, pasted or chosen."""
        if dropped.weights is not None:
            self.open_weights(dropped.weights, dropped.architecture_file, dropped.labels)
            self._tell_left(dropped.weights, dropped.more_weights)
        elif dropped.architecture_file is not None:
            self.use_architecture_file(dropped.architecture_file)
        elif dropped.labels is not None:
            self.models.choose_labels(dropped.labels)
        self.images.add_sources(dropped.sources)
        self._add_paths(dropped.paths)
        self.activity.note()

    def _tell_left(self, opened: Path, left: Sequence[Path]) -> None:
        """Of several weights files that came together only one is opened: say which."""
        if left:
            self.tell("left", Words(*wording.left(opened, left)))
        else:
            self.notice_over.emit("left")

    def _add_paths(self, paths: Sequence[Path]) -> None:
        """Add what was dropped; files of numbers wait for the model on its way, which decides what they mean."""
        info = self.models.info
        arrays = [path for path in paths if is_array_file(path)]
        if arrays and (info is None or self.models.opening is not None):
            self._held.extend(arrays)
            self.images.add_paths([path for path in paths if path not in arrays])
        else:
            self.images.add_paths(paths, info.takes if info is not None else ANYTHING)

    def _add_held(self) -> None:
        held, self._held = self._held, []
        self._add_paths(held)

    def open_weights(
        self, path: Path, architecture_file: Path | None = None, labels: Path | None = None, architecture: str = ""
    ) -> None:
        """Open a weights file as the model, as it was opened the last time.

        Args:
            path: the weights file.
            architecture_file, labels: its network's Python file and its class names, where a person gave them with it.
            architecture: id, or one of the file's classes; empty to match.
        """
        weights, source, names = (str(each.absolute()) if each else "" for each in (path, architecture_file, labels))
        self.open_model(ModelSpec("file", weights, architecture, architecture_file=source, labels=names))

    def open_model(self, spec: ModelSpec) -> None:
        """Open a model; one of which nothing but its weights is asked for, as it was opened the last time."""
        self.models.open(self.preferences.as_left(spec))

    def use_architecture_file(self, path: Path) -> None:
        """Build the network from a person's Python file."""
        if not self.models.choose_architecture_file(path):
            words = Words(f"{path.name} says how a network is built.", "Now drop the weights file that belongs to it.")
            self.tell("model", words)

    def trust(self, request: TrustRequest, spec: ModelSpec) -> None:
        """A person agreed that a file's code may run: remember it, and open the model that needs it."""
        self._workbench.trust(request)
        self.notice_over.emit("model")
        self.models.open(spec)

    @property
    def trusted(self) -> tuple[TrustEntry, ...]:
        """The files whose code a person agreed to run."""
        return self._workbench.trusted()

    def revoke(self, sha256: str) -> None:
        """A file is trusted no more; a model that is open stays so until it is opened again."""
        self._workbench.revoke(sha256)

    def look_at(self, weights: str) -> None:
        """Find out all about a weights file, in use or not; nothing in it runs."""
        self.looking.look(Path(weights))

    def set_k(self, k: int) -> None:
        """How many classes to show."""
        self.preferences.k = k

    def save(self, path: Path, provenance: bool = False) -> None:
        """Write all answers to a file, whose suffix tells the form; in JSON with their provenance, if wished."""
        self.saving.save(path, tuple(self.images.results.results()), self.preferences.k, provenance)
        self.activity.note()

    def save_names(self, path: Path) -> None:
        """Write the class names to a file; its suffix tells the form."""
        if self.models.info is not None:
            self.saving.save_names(path, self.models.info.labels)
            self.activity.note()

    def copy_all(self) -> None:
        """Put all answers on the clipboard, as CSV."""
        self.saving.copy(tuple(self.images.results.results()), self.preferences.k)

    def close(self) -> bool:
        """Start no more work, and finish what is being written; whether that has ended."""
        self.photos.stop()
        self.preparing.close()
        return self.testing.close() and self.saving.close()

    @property
    def title(self) -> str:
        """For the window."""
        entry, info = self.images.current, self.models.info
        parts = ["Whatsit"]
        if info is not None:
            parts.insert(0, info.name)
        if entry is not None:
            parts.insert(0, entry.source.short_name)
            if entry.answered is not None and entry.answered.prediction is not None:
                parts.insert(0, wording.said(entry.answered.prediction))
        return f" {wording.DASH} ".join(parts)

    @property
    def about(self) -> str:
        """Which image is shown, in one line."""
        entry = self.images.current
        if entry is None:
            return ""
        parts = [entry.source.short_name]
        if entry.result is not None and entry.result.width:
            parts.append(f"{entry.result.width} {wording.TIMES} {entry.result.height}")
        if self.images.results.rowCount() > 1:
            parts.append(f"{self.images.row + 1:,} of {self.images.results.rowCount():,}")
        return "   ·   ".join(parts)

    @property
    def line(self) -> str:
        """The quiet line where there is no answer to show."""
        entry = self.images.current
        if self.models.info is None:
            opening = self.models.opening
            return opening.words(first=True) if opening is not None else "No model is open."
        if entry is None:
            return wording.invitation(self.models.info)
        if entry.answered is not None:
            return "No answer" if entry.answered.error is not None else ""
        return "Not answered" if entry.state is State.STOPPED else "Looking …"

    def _connect(self) -> None:
        models, images = self.models, self.images
        models.changed.connect(self._use_model)
        models.described.connect(self.info_changed)
        models.dressed.connect(self._use_dress)
        models.dress_failed.connect(self._fail_dress)
        models.noticed.connect(self._tell_of_device)
        models.looked_at = self._looked_at
        self.seeing.broken.connect(partial(self._fail, "seeing"))
        models.opening_changed.connect(self.activity.note)
        models.opening_changed.connect(self.answer_changed)
        models.failed.connect(self._fail_model)
        models.described.connect(self._add_held)
        images.current_changed.connect(self._show_current)
        images.current_answered.connect(self.answer_changed)
        images.current_answered.connect(self.about_changed)
        images.results.counted.connect(self.activity.note)
        images.described.connect(models.describe)
        images.noticed.connect(self._tell_of_device)
        images.failed.connect(partial(self._fail, "images"))
        self.photos.broken.connect(partial(self._fail, "photo"))
        self.saving.failed.connect(partial(self._fail, "saving"))
        self.saving.saved.connect(self._tell_saved)
        self.saving.names_saved.connect(self._tell_names_saved)
        models.saved.connect(self._tell_model_saved)
        models.saving_failed.connect(partial(self._fail, "saving"))
        self.looking.failed.connect(partial(self._fail, "looking"))
        self.scripting.failed.connect(partial(self._fail, "script"))
        self.watch.changed.connect(self._offer_reload)

    def _use_model(self, as_asked: bool) -> None:
        info = self.models.info
        assert info is not None
        self.preferences.device = self.models.device
        self.preferences.remember(info.spec)
        self.recent_changed.emit()
        self.watch.watch(Path(info.spec.weights) if info.spec.kind == "file" else None, info.modified_ns)
        for key in ("model", "reload", "notes") if as_asked else ("reload", "notes"):
            self.notice_over.emit(key)
        if info.notices:
            self.noticed.emit(notes(info, self.output_asked.emit, self.use_architecture_file))
        self.info_changed.emit()
        if self._used is not None and differ_in_names_alone(self._used, info):
            self.images.rename(info.labels, info.labels_source)
        else:
            self.images.answer_again()
        self._used = info
        self.photos.features = info.features
        entry = self.images.current
        if entry is not None and entry.source.is_row:
            self.photos.show(entry)
        self._add_held()
        self.answer_changed.emit()
        self.about_changed.emit()

    def _use_dress(self, answer: ImageResult | None) -> None:
        """The same network is prepared for or named otherwise: less is new than with another model."""
        info = self.models.info
        assert info is not None
        self.preferences.remember(info.spec)
        self.recent_changed.emit()
        self.notice_over.emit("model")
        if info.notices and (self._used is None or info.notices != self._used.notices):
            self.noticed.emit(notes(info, self.output_asked.emit, self.use_architecture_file))
        self.info_changed.emit()
        if answer is None and self._used is not None and differ_in_names_alone(self._used, info):
            self.images.rename(info.labels, info.labels_source)
        else:
            self.images.answer_dressed(answer)
        self._used = info
        self.answer_changed.emit()
        self.about_changed.emit()

    def _fail_dress(self, error: BaseException, report: str) -> None:
        if not self.preparing.refuse(error, report):
            self._fail("model", error, report)
        # What is shown goes back to what is in use.
        self.info_changed.emit()

    def _looked_at(self) -> ImageSource | None:
        return self.images.current.source if self.images.current is not None else None

    def _show_current(self) -> None:
        self.activity.tell()
        entry = self.images.current
        if entry is None:
            self.photos.stop()
        else:
            self.photos.show(entry)
        self.answer_changed.emit()
        self.about_changed.emit()

    def tell(self, key: str, words: Words) -> None:
        """Tell a person something; a newer notice with the same key replaces an older one."""
        self.noticed.emit(Notice(key, words))

    def _fail(self, key: str, error: BaseException, report: str) -> None:
        self.tell("bug" if report else key, words_for(error, report))

    def _tell_of_device(self, text: str) -> None:
        self.tell("device", Words(text))

    def _fail_model(self, error: BaseException, report: str) -> None:
        """Ask where an answer would help; else say why."""
        refused, look = self.models.refused, partial(self.look_asked.emit, self.models.refused.weights)
        if isinstance(error, TrustError):
            self._ask_trust(error, refused, look)
            return
        if isinstance(error, QuestionsError):
            self.questions_asked.emit(error, refused)
            return
        open_bare = partial(self.models.open, ModelSpec(refused.kind, refused.weights))
        ways = (self.architecture_file_asked.emit, open_bare, look)
        self.noticed.emit(refusal(error, report, refused, self.models.info, *ways))

    def _ask_trust(self, error: TrustError, refused: ModelSpec, look: Callable[[], object]) -> None:
        """Ask whether code may run; only who says no is told how to be asked once more."""
        ask = partial(self._ask_trust, error, refused, look)
        self.notice_over.emit("model")
        self.trust_asked.emit(
            error.request, refused, lambda: self.noticed.emit(untrusted(error, self.models.info, ask, look))
        )

    def _tell_saved(self, path: str, count: int) -> None:
        self.tell("saving", Words(*wording.saved(path, count, self.images.results.rowCount() - count)))

    def _tell_names_saved(self, path: str, count: int) -> None:
        self.tell("saving", Words(f"The names of {count:,} classes are saved in {path}."))

    def _tell_model_saved(self, paths: tuple[Path, ...]) -> None:
        self.tell("saving", Words(f"The model is saved in {paths[0]}.", wording.beside(paths[1:])))

    def _offer_reload(self, path: str) -> None:
        self.noticed.emit(changed_on_disk(path, self.models.reload))
