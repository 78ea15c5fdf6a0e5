"""The first line: which model, which architecture, which device."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from gui.models.model_choices import OPEN, chosen_model, model_choices, natural
from gui.widgets import theme, wording
from gui.widgets.choices import Choice
from gui.widgets.picker import Picker
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from core.descriptions import ClassifierInfo, DeviceInfo, Match, ModelSpec

_BESIDE = "beside"
_MATCHED = "matched:"


class ModelBar(QWidget):
    """Three pickers; a change is asked for, and shown once it has come true.

    Signals:
        model_chosen: a ``ModelSpec``.
        weights_asked: the person wants the file dialog.
        architecture_file_asked: the person wants to name the Python file that defines the network.
        architecture_file_chosen: the person chose the one that lies beside the weights: its path.
        architecture_chosen: an id; empty for the one that fits best.
        device_chosen: ``auto`` or a device's id.
        add_asked: the person wants more photos.
    """

    model_chosen = Signal(object)
    weights_asked = Signal()
    architecture_file_asked = Signal()
    architecture_file_chosen = Signal(Path)
    architecture_chosen = Signal(str)
    device_chosen = Signal(str)
    add_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._info: ClassifierInfo | None = None
        self._recent: tuple[ModelSpec, ...] = ()
        self._devices: tuple[DeviceInfo, ...] = ()
        self._device = "auto"
        self.model = Picker("Model", self._models, self)
        self.architecture = Picker("Architecture", self._architectures, self)
        self.device = Picker("Device", self._device_choices, self)
        self.add = QPushButton("Add photos …", self)
        self.add.setProperty("kind", "quiet")
        self.add.clicked.connect(self.add_asked)
        self.model.chosen.connect(self._choose_model)
        self.architecture.chosen.connect(self._choose_architecture)
        self.device.chosen.connect(self.device_chosen)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * UNIT - 4, UNIT // 2, 2 * UNIT, UNIT // 2)
        row.setSpacing(UNIT)
        row.addWidget(self.model)
        row.addWidget(self.architecture)
        row.addWidget(self.device)
        row.addStretch(1)
        row.addWidget(self.add)
        self.show_info(None)
        self.show_devices(())
        theme.name(self, "Model, architecture and device")

    def show_info(self, info: ClassifierInfo | None) -> None:
        """Show the classifier in use."""
        self._info = info
        self.architecture.setEnabled(info is not None)
        if info is None:
            self.model.set_value("Built-in")
            self.architecture.set_value(wording.DASH)
        else:
            about = info.note or info.checkpoint.file
            self.model.set_value(info.name, about)
            others = " (or alike)" if info.ambiguous else ""
            self.architecture.set_value(info.architecture + others, self._evidence(info))
        self._show_device()

    def show_recent(self, recent: tuple[ModelSpec, ...]) -> None:
        """The models opened lately, the newest first."""
        self._recent = recent

    def show_devices(self, devices: tuple[DeviceInfo, ...]) -> None:
        """What this machine can compute on."""
        self._devices = devices
        # Not only with a model: another device may be what the first one needs.
        self.device.setEnabled(bool(devices))

    def show_device(self, chosen: str) -> None:
        """Which device a person chose: ``auto`` or an id."""
        self._device = chosen
        self._show_device()

    def _show_device(self) -> None:
        if self._info is None:
            self.device.set_value("Automatic" if self._device == "auto" else self._device)
            return
        used = wording.device(self._info.device)
        self.device.set_value(f"Auto: {used}" if self._device == "auto" else used, self._info.device.name)

    @staticmethod
    def _evidence(info: ClassifierInfo) -> str:
        fitting = [match for match in info.matches if match.architecture == info.architecture]
        chosen = "Chosen by you. " if info.spec.architecture else ""
        others = [match.architecture for match in info.matches if match.function and not _same(match, info)]
        alike = f". These fit as well, and would answer otherwise: {', '.join(others)}." if info.ambiguous else ""
        return chosen + (fitting[0].evidence if fitting else "") + alike

    def _choose_model(self, key: str) -> None:
        if key == OPEN:
            self.weights_asked.emit()
        else:
            self.model_chosen.emit(chosen_model(key, self._recent))

    def _choose_architecture(self, key: str) -> None:
        if key == OPEN:
            self.architecture_file_asked.emit()
        elif key == _BESIDE and self._info is not None:
            self.architecture_file_chosen.emit(Path(self._info.code_beside))
        else:
            self.architecture_chosen.emit(key.removeprefix(_MATCHED))

    def _models(self) -> list[Choice]:
        from core.descriptions import ModelSpec

        return model_choices(self._recent, self._info.spec if self._info is not None else ModelSpec())

    def _architectures(self) -> list[Choice]:
        info = self._info
        if info is None:
            return []
        from core import catalogue

        choices: list[Choice] = []
        if info.matches:
            source = PurePath(info.spec.architecture_file).name
            fits = "All of these fit, and some would answer otherwise" if info.ambiguous else "Fits these weights"
            choices.append(Choice("", f"In {source}, what fits best first" if source else fits))
        choices.extend(
            Choice(_MATCHED + name, name, _detail(match, info), name == info.architecture)
            for match in sorted(info.matches, key=lambda match: match.architecture != info.architecture)
            if (name := match.architecture)
        )
        if info.code_beside:
            name = PurePath(info.code_beside).name
            choices.append(Choice(_BESIDE, f"Build it from {name} …", "lies beside the weights; may answer otherwise"))
        if info.spec.kind == "file":
            choices.append(Choice(OPEN, "Open the network's Python file …", "a network of your own"))
        fitting = {match.architecture for match in info.matches}
        entries = sorted(catalogue.architectures(), key=lambda entry: natural(entry.id))
        for source in ("torchvision", "timm"):
            choices.append(Choice("", f"All of {source}'s"))
            choices.extend(
                Choice(entry.id, entry.id, entry.family, entry.id == info.architecture)
                for entry in entries
                if entry.source == source and entry.id not in fitting
            )
        return choices

    def _device_choices(self) -> list[Choice]:
        choices = [Choice("auto", "Automatic", "the fastest that is there", self._device == "auto")]
        for device in self._devices:
            memory = f", {wording.size(device.memory_bytes)}" if device.memory_bytes else ""
            detail = device.name if device.id == "cpu" else device.id + memory
            choices.append(Choice(device.id, wording.device(device), detail, self._device == device.id))
        return choices


def _same(match: Match, info: ClassifierInfo) -> bool:
    """Whether a match is the network in use, or computes the same."""
    used = next((each for each in info.matches if each.architecture == info.architecture), None)
    return match is used or (used is not None and bool(used.function) and match.function == used.function)


def _detail(match: Match, info: ClassifierInfo) -> str:
    """What speaks for a match, and whether it would answer as the one in use does."""
    if match.architecture == info.architecture or not match.function:
        return match.evidence
    return f"answers {'alike' if _same(match, info) else 'otherwise'}, {match.evidence}"
