"""The presenter: what a person asks for goes to the workbench, what comes back goes to the panels."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from core.descriptions import ModelSpec
from core.errors import DeviceError, MatchError, NoClassifierError, QuestionsError, TrustError, UnsafeError
from core.jobs import JobEvent, Listener
from core.questions import TrustRequest
from gui import wording
from gui.answering import Answering
from gui.dropping import Dropped, from_paths
from gui.error_view import Notice, Words, words_for
from gui.looking import Looking
from gui.model_keeper import ModelKeeper
from gui.photo_loading import PhotoLoading
from gui.preferences import Preferences
from gui.results_model import ResultsModel, State
from gui.saving import Saving
from gui.weights_watch import WeightsWatch

if TYPE_CHECKING:
    from core.trust import TrustEntry
    from core.workbench import Workbench

_FEW = 16
_READABLE = (MatchError, NoClassifierError, TrustError, UnsafeError)
"""What is wrong with files that can be read all the same."""
_SOON_MS = 30


class Session(QObject):
    """Everything between the workbench and the window.

    Attributes:
        preferences: changed here, saved by ``gui/app.py``.
        models: the model in use and the one on its way.
        images: the images and their answers.
        photos: brings the shown one to the screen.

    Signals:
        info_changed: the classifier in use, or what it assumes, has changed.
        answer_changed: the shown image's answer has changed, or another image is shown.
        about_changed: which image is shown has changed.
        activity_changed: text, share 0..1 or ``None``, and whether it can be cancelled.
        trust_asked: a ``TrustRequest`` and the ``ModelSpec`` that needs it.
        questions_asked: a ``QuestionsError`` and the ``ModelSpec`` that needs answers.
        architecture_file_asked: a person wants to choose a Python file.
        look_asked: a person wants to look at a weights file, by its path.
        noticed: a ``Notice``.
        notice_over: the key of a notice that is no longer true.
        recent_changed: the list of recent models has changed.
        counted: images or answers came or went; told once for many.
    """

    info_changed = Signal()
    answer_changed = Signal()
    about_changed = Signal()
    activity_changed = Signal(str, object, bool)
    trust_asked = Signal(object, object)
    questions_asked = Signal(object, object)
    architecture_file_asked = Signal()
    look_asked = Signal(str)
    noticed = Signal(object)
    notice_over = Signal(str)
    recent_changed = Signal()
    counted = Signal()

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
        self.watch = WeightsWatch(self)
        self._soon = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._soon.timeout.connect(self._tell_activity)
        self._connect()

    def start(self, paths: list[Path], weights: str = "", architecture: str = "") -> None:
        """Open the first model, and what the command line names.

        Args:
            paths: images and folders; a weights file among them is opened as the model.
            weights: a weights file; empty for the built-in model.
            architecture: id; empty to match.
        """
        if self.preferences.problem:
            self._tell("settings", Words(self.preferences.problem, "The damaged file is kept beside the new one."))
        named = from_paths(paths)
        wanted = Path(weights) if weights else named.weights
        if wanted is not None:
            self.models.open(ModelSpec("file", str(wanted.absolute()), architecture))
        else:
            self.models.open(ModelSpec(architecture=architecture))
        self.models.find_devices()
        self.images.add_paths(named.paths)

    def handle(self, event: JobEvent) -> None:
        """Give an event to the part that asked for it; those of superseded jobs go nowhere."""
        for part in (self.images, self.models, self.photos, self.saving, self.looking):
            if part.handle(event):
                break
        self._note_activity()

    def take(self, dropped: Dropped) -> None:
        """Take what was dropped, pasted or chosen."""
        if dropped.weights is not None:
            self.open_weights(dropped.weights, dropped.architecture_file)
        elif dropped.architecture_file is not None:
            self.use_architecture_file(dropped.architecture_file)
        self.images.add_sources(dropped.sources)
        self.images.add_paths(dropped.paths)
        self._note_activity()

    def open_weights(self, path: Path, architecture_file: Path | None = None) -> None:
        """Open a weights file as the model, as it was opened the last time.

        Args:
            path: the weights file.
            architecture_file: the Python file that defines its network, where a person gave one with it.
        """
        weights = str(path.absolute())
        if architecture_file is not None:
            self.models.open(ModelSpec("file", weights, architecture_file=str(architecture_file.absolute())))
            return
        known = (spec for spec in self.preferences.recent if (spec.kind, spec.weights) == ("file", weights))
        self.models.open(next(known, ModelSpec("file", weights)))

    def use_architecture_file(self, path: Path) -> None:
        """Build the network from a person's Python file."""
        if not self.models.choose_architecture_file(path):
            words = Words(f"{path.name} says how a network is built.", "Drop the weights file with it, or before it.")
            self._tell("model", words)

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

    def cancel_activity(self) -> None:
        """End what the footer tells of."""
        if self.models.opening is not None:
            self.models.cancel()
        elif self.images.busy:
            self.images.stop()
        else:
            self.saving.cancel()
        self._note_activity()

    def save(self, path: Path) -> None:
        """Write all answers to a file; its suffix tells the form."""
        self.saving.save(path, tuple(self.images.results.results()), self.preferences.k)
        self._note_activity()

    def copy_all(self) -> None:
        """Put all answers on the clipboard, as CSV."""
        self.saving.copy(tuple(self.images.results.results()), self.preferences.k)

    def close(self) -> bool:
        """Start no more work, and finish what is being written; whether that has ended."""
        self.photos.stop()
        return self.saving.close()

    @property
    def title(self) -> str:
        """For the window."""
        entry, info = self.images.current, self.models.info
        parts = ["Whatsit"]
        if info is not None:
            parts.insert(0, info.name)
        if entry is not None:
            parts.insert(0, entry.source.short_name)
            if entry.best is not None:
                parts.insert(0, f"{entry.best.label}, {wording.percent(entry.best.score)}")
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
            return self._opening_text() or "No model is open."
        if entry is None:
            return self.models.info.refuses or _introduction(self.models.info.labels)
        if entry.answered is not None:
            return "No answer" if entry.answered.error is not None else ""
        return "Not answered" if entry.state is State.STOPPED else "Looking …"

    def _connect(self) -> None:
        models, images = self.models, self.images
        models.changed.connect(self._use_model)
        models.described.connect(self.info_changed)
        models.opening_changed.connect(self._note_activity)
        models.opening_changed.connect(self.answer_changed)
        models.failed.connect(self._fail_model)
        images.current_changed.connect(self._show_current)
        images.current_answered.connect(self.answer_changed)
        images.current_answered.connect(self.about_changed)
        images.results.counted.connect(self._note_activity)
        images.described.connect(models.describe)
        images.noticed.connect(self._tell_of_device)
        images.failed.connect(partial(self._fail, "images"))
        self.photos.broken.connect(partial(self._fail, "photo"))
        self.saving.failed.connect(partial(self._fail, "saving"))
        self.saving.saved.connect(self._tell_saved)
        models.saved.connect(self._tell_model_saved)
        models.saving_failed.connect(partial(self._fail, "saving"))
        self.looking.failed.connect(partial(self._fail, "looking"))
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
            self._tell("notes", Words(info.notices[0], " ".join(info.notices[1:])))
        self.info_changed.emit()
        self.images.answer_again()
        self.answer_changed.emit()
        self.about_changed.emit()

    def _show_current(self) -> None:
        self._tell_activity()
        entry = self.images.current
        if entry is None:
            self.photos.stop()
        else:
            self.photos.show(entry)
        self.answer_changed.emit()
        self.about_changed.emit()

    def _opening_text(self) -> str:
        opening = self.models.opening
        if opening is None:
            return ""
        if opening.spec.kind == "builtin" and self.models.info is None:
            return "Getting the built-in model ready …"
        name = Path(opening.spec.weights).name if opening.spec.kind == "file" else opening.spec.weights
        name = name or "The built-in model"
        text = opening.text if name in opening.text else f"{name}: {(opening.text or 'opening').lower()}"
        if opening.total > 1_000_000:
            return f"{text}: {wording.size(opening.done)} of {wording.size(opening.total)}"
        return f"{text} …"

    def _note_activity(self) -> None:
        """Many events a moment are told once."""
        if not self._soon.isActive():
            self._soon.start()

    def _tell_activity(self) -> None:
        self.counted.emit()
        opening, results = self.models.opening, self.images.results
        if opening is not None:
            share = opening.done / opening.total if opening.total else None
            first = self.models.info is None and opening.spec.kind == "builtin"
            self.activity_changed.emit(self._opening_text(), share, not first)
        elif self.images.busy and results.rowCount() > 1:
            count = results.rowCount()
            self.activity_changed.emit(f"{results.answered:,} of {count:,} answered", results.answered / count, True)
        elif self.saving.busy:
            self.activity_changed.emit("Saving …", None, True)
        else:
            self.activity_changed.emit("", None, False)

    def _tell(self, key: str, words: Words) -> None:
        self.noticed.emit(Notice(key, words))

    def _fail(self, key: str, error: BaseException, report: str) -> None:
        self._tell("bug" if report else key, words_for(error, report))

    def _tell_of_device(self, text: str) -> None:
        self._tell("device", Words(text))

    def _fail_model(self, error: BaseException, report: str) -> None:
        """Choices that a file was remembered with may be what it does not fit any more."""
        refused, info = self.models.refused, self.models.info
        look = partial(self.look_asked.emit, refused.weights)
        # What can be read can be looked at, whatever is wrong with it.
        inside = "Look inside" if refused.kind == "file" and isinstance(error, _READABLE) else ""
        if isinstance(error, TrustError):
            ask = partial(self.trust_asked.emit, error.request, refused)
            words = Words(error.what, f"It runs only if you trust it: {error.why[:1].lower()}{error.why[1:]}")
            self.noticed.emit(Notice("model", words, "Read what is in it …", ask, inside, look))
            ask()
            return
        if isinstance(error, QuestionsError):
            self.questions_asked.emit(error, refused)
            return
        bare = ModelSpec(refused.kind, refused.weights)
        just_chosen = info is not None and info.spec.weights == refused.weights and info.spec != refused
        words = words_for(error, report)
        if isinstance(error, MatchError) and refused == bare and refused.kind == "file":
            action = self.architecture_file_asked.emit
            self.noticed.emit(Notice("model", words, "Choose its Python file …", action, inside, look))
            return
        if report or just_chosen or refused.kind != "file" or refused == bare or isinstance(error, DeviceError):
            self.noticed.emit(Notice("bug" if report else "model", words, "", None, inside, look))
            return
        self.noticed.emit(Notice("model", words, "Open with what fits", partial(self.models.open, bare), inside, look))

    def _tell_saved(self, path: str, count: int) -> None:
        waiting = self.images.results.rowCount() - count
        more = f"{waiting:,} photos are not answered yet, and are not in it." if waiting > 0 else ""
        answers = "1 answer" if count == 1 else f"{count:,} answers"
        if path:
            self._tell("saving", Words(f"{answers} saved in {path}.", more))
        else:
            self._tell("saving", Words(f"{answers} copied as CSV.", more))

    def _tell_model_saved(self, paths: tuple[Path, ...]) -> None:
        weights, config = paths
        words = Words(f"The model is saved in {weights}.", f"{config.name} beside it holds all that it assumes.")
        self._tell("saving", words)

    def _offer_reload(self, path: str) -> None:
        words = Words(f"{Path(path).name} has changed on disk.", "The answers are still those of the version before.")
        self.noticed.emit(Notice("reload", words, "Reload", self.models.reload))


def _introduction(labels: tuple[str, ...]) -> str:
    """What a model that waits for its first photo knows."""
    if len(labels) > _FEW:
        return f"Ready. This model knows {len(labels):,} kinds of things."
    if all(label == str(index) for index, label in enumerate(labels)):
        return f"Ready. This model tells {len(labels)} kinds of things apart, and brings no names for them."
    *first, last = labels
    return f"Ready. This model knows {', '.join(first)} and {last}." if first else f"Ready. This model knows {last}."
