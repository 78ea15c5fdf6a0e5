"""Which model is in use, which is being opened, and what to do when that fails."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Signal

from core.descriptions import ClassifierInfo, DeviceInfo, ModelSpec, Notice
from core.errors import DeviceError, MatchError
from core.jobs import Emitted, Failed, Finished, JobEvent, Progressed, Stopped
from core.predictions import ImageResult
from gui.models.opening import Opening
from gui.widgets.newest import Newest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.images import ImageSource
    from core.preprocessing import Preprocessing
    from core.workbench import Workbench

AUTO = "auto"


class ModelKeeper(QObject):
    """Opens models; the one in use stays until the next is whole.

    Attributes:
        info: the classifier in use; ``None`` until the first is ready.
        opening: the one on its way, if any.
        refused: the one that failed last; the built-in one where none failed since the one in use was opened.
        looked_at: gives the image that a person looks at, whose answer cannot wait.
        device: what a person chose: ``auto`` or an id.
        devices: what this machine has; empty until it is known.

    Signals:
        changed: another classifier is in use, and whether it is the one that was asked for, not one that
            stands in for a failure; images want new answers.
        described: the one in use runs elsewhere now, such as after a step down.
        dressed: the one in use has other labels or another preprocessing; the ``ImageResult`` of the image that a
            person looks at, or ``None``.
        dress_failed: it does not take them, and stays as it was; an error, and a bug's report or an empty text.
        noticed: a sentence that a person should know.
        opening_changed: ``opening`` has changed.
        failed: an error, and a bug's report or an empty text.
        devices_found: a tuple of ``DeviceInfo``.
        saved: the files that the model in use was written to.
        saving_failed: an error, and a bug's report or an empty text; the model stays in use.
    """

    changed = Signal(bool)
    described = Signal()
    dressed = Signal(object)
    dress_failed = Signal(object, str)
    noticed = Signal(str)
    opening_changed = Signal()
    failed = Signal(object, str)
    devices_found = Signal(object)
    saved = Signal(object)
    saving_failed = Signal(object, str)

    def __init__(self, workbench: Workbench, device: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self.info: ClassifierInfo | None = None
        self.opening: Opening | None = None
        self.refused = ModelSpec()
        self.device = device
        self.devices: tuple[DeviceInfo, ...] = ()
        self._wanted_device = device
        self._wanted = ModelSpec()
        self._job = 0
        self._devices_job = 0
        self._save_job = 0
        self._lists_job = 0
        self._superseded: set[int] = set()
        self._made: ClassifierInfo | None = None
        self._standing_in = False
        self._kept_source: Path | None = None
        self.looked_at: Callable[[], ImageSource | None] = lambda: None
        self._dress = Newest(workbench.cancel, self)
        self._answer: ImageResult | None = None

    def find_devices(self) -> None:
        """Ask for the list of devices."""
        self._devices_job = self._workbench.list_devices()

    def open(self, spec: ModelSpec, device: str = "") -> None:
        """Open a model; one that was on its way is given up.

        Args:
            spec: which.
            device: ``auto`` or an id; empty for the chosen one.
        """
        if self._job:
            self._superseded.add(self._job)
            self._workbench.cancel(self._job)
        if dressing := self._dress.drop():
            self._superseded.add(dressing)
        self._standing_in = False
        self._wanted_device = device or self.device
        self._job = self._workbench.open(spec, self._wanted_device)
        self._set_opening(Opening(spec))

    def open_builtin(self) -> None:
        """Back to the built-in one."""
        self.open(ModelSpec())

    def reload(self) -> None:
        """Open the same again, from the file as it is now."""
        if self.info is not None:
            self.open(self.info.spec)

    def choose_device(self, device: str) -> None:
        """Move to another device."""
        self.open(self._latest_spec(), device)

    def choose_architecture(self, architecture: str) -> None:
        """Build the weights into another architecture."""
        if self.opening is not None or self.info is None or architecture != self.info.architecture:
            self.open(replace(self._latest_spec(), architecture=architecture))

    def choose_architecture_file(self, path: Path) -> bool:
        """Build the network from a person's Python file: for the weights that were refused last, or those in use.

        Where there are none, it is kept for the next weights that fit nothing else.

        Returns:
            Whether there are any.
        """
        spec = self.refused if self.refused.kind == "file" else self._latest_spec()
        if spec.kind != "file":
            # The weights that it is for may be next.
            self._kept_source = path
            return False
        self._open_with(spec, path)
        return True

    def _open_with(self, spec: ModelSpec, source: Path) -> None:
        self._kept_source = None
        self.open(replace(spec, architecture="", architecture_file=str(source.absolute()), arguments=()))

    def choose_tensors(self, tensors: str) -> None:
        """Take another set of tensors of the same file, such as the averaged ones."""
        self.open(replace(self._latest_spec(), tensors=tensors))

    def choose_labels(self, path: Path | None) -> None:
        """Take the class names from a file, or from the model."""
        self.dress(replace(self._latest_spec(), labels=str(path) if path is not None else "", names=()))

    def choose_imagenet_names(self) -> None:
        """Take ImageNet's class names, for a head of its size."""
        self.dress(replace(self._latest_spec(), labels="imagenet", names=()))

    def choose_names(self, names: tuple[str, ...]) -> None:
        """Take class names that a person wrote, in head order."""
        self.dress(replace(self._latest_spec(), labels="", names=names))

    def choose_preprocessing(self, preprocessing: Preprocessing | None) -> None:
        """Prepare images in another way, or as the model brings it."""
        self.dress(replace(self._latest_spec(), preprocessing=preprocessing))

    def dress(self, spec: ModelSpec) -> None:
        """Give the model in use other labels or another preprocessing, which takes no longer than an answer does.

        Args:
            spec: as that of the model in use, or of the one on its way, but for these.
        """
        if self.opening is not None or self.info is None:
            self.open(spec)
            return
        self._wanted, in_use = spec, self.info.spec
        # Other names alone change no score.
        same = (spec.preprocessing, spec.activation) == (in_use.preprocessing, in_use.activation)
        self._dress.ask(lambda: self._workbench.dress(spec, None if same else self.looked_at(), self.device))

    def choose_activation(self, kind: str) -> None:
        """Read the network's numbers as another kind of output; empty as it is recognised."""
        self.dress(replace(self._latest_spec(), activation=kind))

    @property
    def dressing(self) -> bool:
        """Whether the one in use is about to have other labels or another preprocessing."""
        return bool(self._dress.job)

    def save(self, path: Path) -> None:
        """Write the model in use, with all that it assumes, to files."""
        self._save_job = self._workbench.save_model(path)

    def cancel(self) -> None:
        """Give up what is being opened."""
        if self._job:
            self._workbench.cancel(self._job)

    def describe(self, info: ClassifierInfo) -> None:
        """Take over what the worker says of the classifier in use."""
        self.info = info
        self.described.emit()

    def handle(self, event: JobEvent) -> bool:
        """Take a job's event; whether it was meant for this object."""
        if event.job in self._superseded:
            self._handle_superseded(event)
        elif event.job == self._devices_job:
            self._handle_devices(event)
        elif event.job == self._save_job:
            self._handle_saving(event)
        elif event.job == self._lists_job:
            if isinstance(event, Failed):
                self.failed.emit(event.error, event.report)
        elif event.job == self._job:
            self._handle_opening(event)
        elif event.job == self._dress.job:
            self._handle_dressing(event)
        else:
            return False
        return True

    def _latest_spec(self) -> ModelSpec:
        if self.opening is not None:
            return self.opening.spec
        if self._dress.job:
            return self._wanted
        return self.info.spec if self.info is not None else ModelSpec()

    def _handle_devices(self, event: JobEvent) -> None:
        if isinstance(event, Finished):
            self.devices = cast("tuple[DeviceInfo, ...]", event.value)
            self.devices_found.emit(self.devices)
        elif isinstance(event, Failed):
            self.failed.emit(event.error, event.report)

    def _handle_saving(self, event: JobEvent) -> None:
        if isinstance(event, Finished):
            self.saved.emit(event.value)
        elif isinstance(event, Failed):
            self.saving_failed.emit(event.error, event.report)

    def _handle_superseded(self, event: JobEvent) -> None:
        if isinstance(event, Finished) and isinstance(event.value, ClassifierInfo):
            # It came into use before it could be given up: so it is what answers, should the next one fail.
            self._made = event.value
        if isinstance(event, Finished | Failed | Stopped):
            self._superseded.discard(event.job)

    def _handle_dressing(self, event: JobEvent) -> None:
        if isinstance(event, Emitted):
            if isinstance(event.value, ImageResult):
                self._answer = event.value
            elif isinstance(event.value, Notice):
                self.noticed.emit(event.value.text)
            return
        superseded, answer = self._dress.superseded, self._answer
        if not isinstance(event, Finished | Failed | Stopped):
            return
        self._answer = None
        self._dress.ended()
        if isinstance(event, Finished) and isinstance(event.value, ClassifierInfo):
            self.info = event.value
            self.dressed.emit(answer)
        elif isinstance(event, Failed) and not superseded:
            self.dress_failed.emit(event.error, event.report)

    def _handle_opening(self, event: JobEvent) -> None:
        if isinstance(event, Progressed) and self.opening is not None:
            self._set_opening(replace(self.opening, text=event.text, done=event.done, total=event.total))
        elif isinstance(event, Finished) and isinstance(event.value, ClassifierInfo):
            self._job, self._made = 0, None
            self.device = self._wanted_device
            self.info = event.value
            if not self._standing_in:
                self.refused = ModelSpec()
            self._set_opening(None)
            self.changed.emit(not self._standing_in)
            if not self._lists_job:
                # Not earlier: until here a person waits for the model.
                self._lists_job = self._workbench.prepare_lists()
        elif isinstance(event, Failed | Stopped):
            self._give_up(event)

    def _give_up(self, event: JobEvent) -> None:
        tried = self.opening.spec if self.opening is not None else ModelSpec()
        self._job = 0
        self._set_opening(None)
        fits_nothing = isinstance(event, Failed) and isinstance(event.error, MatchError) and not tried.architecture_file
        if self._kept_source is not None and fits_nothing and tried.kind == "file":
            self._open_with(tried, self._kept_source)
            return
        if isinstance(event, Failed):
            self.refused = tried
            self.failed.emit(event.error, event.report)
        if self._made is not None:
            self.info, self._made = self._made, None
            self.changed.emit(False)
        elif self.info is not None:
            # The pickers go back to what is in use.
            self.described.emit()
        elif isinstance(event, Failed) and isinstance(event.error, DeviceError) and self._wanted_device != AUTO:
            self._stand_in(tried)
        elif tried != ModelSpec() or self.device != AUTO:
            self._stand_in(ModelSpec())

    def _stand_in(self, spec: ModelSpec) -> None:
        """Open something rather than nothing; the error stays on screen."""
        self.device = AUTO
        self.open(spec)
        self._standing_in = True

    def _set_opening(self, opening: Opening | None) -> None:
        self.opening = opening
        self.opening_changed.emit()


def differ_in_names_alone(one: ClassifierInfo, other: ClassifierInfo) -> bool:
    """Whether two classifiers answer the same but for what the classes are called."""
    spec = replace(other.spec, labels=one.spec.labels, names=one.spec.names)
    alike = replace(
        other,
        spec=spec,
        labels=one.labels,
        labels_source=one.labels_source,
        folders=one.folders,
        notices=one.notices,
    )
    return alike == one and len(one.labels) == len(other.labels)
