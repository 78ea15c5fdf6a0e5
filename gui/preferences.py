"""What is kept across starts: QSettings in one small file, read value by value."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from PySide6.QtCore import QByteArray, QSettings, QStandardPaths

from core.errors import PreprocessingError

if TYPE_CHECKING:
    from core.descriptions import ModelSpec

_log = logging.getLogger(__name__)
_VERSION = 1
_MOST_RECENT = 12
_KINDS = ("file", "pretrained")
_SPEC_TEXTS = ("kind", "weights", "architecture", "labels", "architecture_file", "tensors", "activation")
APPEARANCES = ("system", "light", "dark")

T = TypeVar("T")


@dataclass(slots=True)
class Preferences:
    """What a person chose.

    Attributes:
        k: how many classes to show.
        device: ``auto`` or a device's id.
        appearance: ``system``, ``light`` or ``dark``.
        recent: models opened lately, the newest first; the built-in one is not among them.
        builtin: the built-in one, with what a person changed of it.
        sees: whether to show what the model sees beside the photo.
        folder: where the last file dialog was.
        geometry: the window's place and size, as Qt writes it.
        home: the folder of the settings, for what else a person would miss; ``None`` for the usual one.
        problem: what could not be read, one sentence for a person; empty where all was well.
    """

    k: int = 5
    device: str = "auto"
    appearance: str = "system"
    recent: tuple[ModelSpec, ...] = ()
    builtin: ModelSpec | None = None
    sees: bool = False
    folder: str = ""
    geometry: bytes = field(default=b"", repr=False)
    home: Path | None = None
    problem: str = ""

    def remember(self, spec: ModelSpec) -> None:
        """Put a model in front of the recent ones; the same weights stand there once."""
        if spec.kind not in _KINDS:
            self.builtin = spec
            return
        others = [old for old in self.recent if (old.kind, old.weights) != (spec.kind, spec.weights)]
        self.recent = (spec, *others)[:_MOST_RECENT]

    def as_left(self, spec: ModelSpec) -> ModelSpec:
        """A model as it was used the last time; one for which something else than its weights is asked stays so."""
        from core.descriptions import ModelSpec

        if spec != ModelSpec(spec.kind, spec.weights):
            return spec
        known = (old for old in self.recent if (old.kind, old.weights) == (spec.kind, spec.weights))
        return next(known, spec) if spec.kind in _KINDS else self.builtin or spec


def default_path() -> Path:
    """Where the system keeps such files."""
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericConfigLocation)
    return Path(folder) / "whatsit" / "whatsit.ini"


def load(path: Path) -> Preferences:
    """Read the settings; what cannot be read falls back to its default, and ``problem`` says so.

    A damaged file is kept beside itself, as ``.damaged``, since the next ``save`` writes a new one.
    """
    if not path.exists():
        return Preferences()
    bad: list[str] = []
    settings = QSettings(str(path), QSettings.Format.IniFormat)
    whole = settings.status() is QSettings.Status.NoError and settings.value("version") is not None

    def read(name: str, convert: Callable[[object], T], default: T) -> T:
        value = settings.value(name)
        if value is None:
            return default
        try:
            return convert(value)
        except (ValueError, TypeError, PreprocessingError, RecursionError):
            bad.append(name)
            return default

    found = Preferences(
        k=read("k", _to_k, 5),
        device=read("device", _to_device, "auto"),
        appearance=read("appearance", _to_appearance, "system"),
        recent=read("recent", _to_recent, ()),
        builtin=read("builtin", _to_builtin, None),
        sees=read("sees", _to_truth, False),
        folder=read("folder", str, ""),
        geometry=read("geometry", _to_bytes, b""),
    )
    if whole and not bad:
        return found
    import shutil

    with contextlib.suppress(OSError):
        shutil.copyfile(path, path.with_suffix(".damaged"))
        path.unlink()
    lost = f"({', '.join(bad)}) " if bad else ""
    found.problem = f"The settings file was damaged, so some settings {lost}are back at their defaults."
    return found


def save(path: Path, preferences: Preferences) -> bool:
    """Write the settings; whether that worked.  The file is replaced as a whole, or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _log.warning("settings cannot be saved: %s", error)
        return False
    import json

    settings = QSettings(str(path), QSettings.Format.IniFormat)
    settings.setValue("version", _VERSION)
    settings.setValue("k", preferences.k)
    settings.setValue("device", preferences.device)
    settings.setValue("appearance", preferences.appearance)
    settings.setValue("recent", json.dumps([_from_spec(spec) for spec in preferences.recent]))
    if preferences.builtin is not None:
        settings.setValue("builtin", json.dumps(_from_spec(preferences.builtin)))
    settings.setValue("sees", preferences.sees)
    settings.setValue("folder", preferences.folder)
    settings.setValue("geometry", QByteArray(preferences.geometry))
    settings.sync()
    if settings.status() is not QSettings.Status.NoError:
        _log.warning("settings cannot be saved at %s", path)
        return False
    return True


def _to_k(value: object) -> int:
    k = int(str(value))
    if not 1 <= k <= 100_000:
        raise ValueError(k)
    return k


def _to_device(value: object) -> str:
    device = str(value)
    if device not in ("auto", "cpu", "mps") and not (device.startswith("cuda") and len(device) < 12):
        raise ValueError(device)
    return device


def _to_appearance(value: object) -> str:
    if value not in APPEARANCES:
        raise ValueError(value)
    return str(value)


def _to_bytes(value: object) -> bytes:
    if not isinstance(value, QByteArray):
        raise TypeError(type(value))
    return bytes(value.data())


def _to_recent(value: object) -> tuple[ModelSpec, ...]:
    """Models that can be read; one bad entry does not take the others with it."""
    import json

    entries: object = json.loads(str(value))
    if not isinstance(entries, list):
        raise TypeError("not a list")
    found: list[ModelSpec] = []
    for entry in cast("list[object]", entries):
        with contextlib.suppress(ValueError, TypeError, PreprocessingError):
            found.append(_to_spec(entry))
    if entries and not found:
        raise ValueError("none can be read")
    return tuple(found)


def _to_builtin(value: object) -> ModelSpec | None:
    import json

    return _to_spec(json.loads(str(value)), kinds=("builtin",))


def _to_truth(value: object) -> bool:
    if str(value).lower() not in ("true", "false"):
        raise ValueError(value)
    return str(value).lower() == "true"


def _to_spec(entry: object, kinds: tuple[str, ...] = _KINDS) -> ModelSpec:
    from core.descriptions import ModelSpec
    from core.preprocessing import from_dict

    if not isinstance(entry, dict):
        raise TypeError("not an object")
    values = cast("dict[str, object]", entry)
    texts = {name: values.get(name, "") for name in _SPEC_TEXTS}
    named = texts["kind"] in kinds and bool(texts["weights"]) == (texts["kind"] in _KINDS)
    if not named or not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("not a model")
    preprocessing = values.get("preprocessing")
    chosen = from_dict(cast("dict[str, object]", preprocessing)) if isinstance(preprocessing, dict) else None
    arguments = cast("dict[str, object]", values.get("arguments") or {})
    names: object = values.get("names", [])
    if not isinstance(names, list):
        raise TypeError("no list of class names")
    return ModelSpec(
        **{name: str(text) for name, text in texts.items()},
        preprocessing=chosen,
        arguments=tuple((str(name), str(literal)) for name, literal in arguments.items()),
        names=tuple(str(name) for name in cast("list[object]", names)),
    )


def _from_spec(spec: ModelSpec) -> dict[str, object]:
    from core.preprocessing import to_dict

    return {
        **{name: getattr(spec, name) for name in _SPEC_TEXTS},
        "arguments": dict(spec.arguments),
        "names": list(spec.names),
        "preprocessing": None if spec.preprocessing is None else to_dict(spec.preprocessing),
    }
