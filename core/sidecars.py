"""What lies beside a weights file and says more about it: architecture, class names, preprocessing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from core.errors import LabelsError, PreprocessingError
from core.labels import (
    LIST_KEYS,
    Labels,
    NamesBeside,
    label_files,
    labels_from,
    names_beside,
    read_text,
    readable_names,
    table_from,
)
from core.outputs import Said, said_beside
from core.preprocessing import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    INTERPOLATIONS,
    PRESETS,
    Interpolation,
    Preprocessing,
    from_dict,
    to_dict,
)

Json = Mapping[str, object]

_TIMM_KEYS = ("input_size", "crop_pct", "crop_mode", "interpolation", "mean", "std")
_HUGGING_FACE_KEYS = (
    "image_mean", "do_resize", "do_normalize", "do_rescale", "image_processor_type", "feature_extractor_type",
)  # fmt: skip
_OWN_KEYS = frozenset(to_dict(Preprocessing()))
_RESAMPLE = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
_SHORTER_EDGE_TYPES = ("CLIP", "ConvNext", "Levit", "MobileNet", "MobileViT", "PoolFormer", "Bit")
"""Hugging Face image processors that take a bare ``size`` for the shorter side; all others for both."""


@dataclass(frozen=True)
class Sidecar:
    """What the files beside a weights file say.  Files with general names may belong to another model.

    Attributes:
        file: the file that says most, as a path.
        architecture: as written there; in a timm file it is timm's name.  Empty where none is named.
        labels: class names in index order; empty where there are none.
        preprocessing: ``None`` where none is described.
        note: one line that a person must know; may be empty.
        problem: why something in these files is not used; may be empty.
        num_classes: size of the head that the files speak of; 0 where they do not.
        labels_file: the file that the class names come from; may be empty.
        preprocessing_file: the file that the preprocessing comes from; may be empty.
        output: what the network's numbers are: the very kind from Whatsit's own files, from Hugging Face's
            ``problem_type`` whether one class is right, or several labels, or none; ``None`` where nothing says.
        folders: what ``labels`` were called in training, where readable names took their place; else empty.
        names: all label files, for where ``labels`` do not fit the head or are names of folders.
    """

    file: str
    architecture: str = ""
    labels: Labels = ()
    preprocessing: Preprocessing | None = None
    note: str = ""
    problem: str = ""
    num_classes: int = 0
    labels_file: str = ""
    preprocessing_file: str = ""
    output: Said | None = None
    folders: Labels = field(default=(), compare=False)
    names: NamesBeside = field(default=NamesBeside(), compare=False)

    def fits(self, num_classes: int) -> bool:
        """Whether the files can speak of a model with that many classes."""
        return self.num_classes in (0, num_classes)


def _configs(weights: Path) -> list[Path]:
    names = dict.fromkeys((f"{weights.stem}.json", "config.json", "preprocessor_config.json"))
    return [weights.with_name(name) for name in names]


def sidecar_files(weights: Path) -> list[Path]:
    """Where ``read_sidecar`` looks, whether there is anything or not."""
    return [*_configs(weights), *label_files(weights)]


def read_sidecar(weights: Path) -> Sidecar | None:
    """Gather what lies beside a weights file; never raises.

    Looked at, each only for what those before it left open: ``<stem>.json``, ``config.json`` (timm's new
    and flat form, Hugging Face), ``preprocessor_config.json``, and label files such as ``index_to_name.json``,
    ``labels.txt``, ``signature.json`` or ``data.yaml`` (``core/labels/beside.py``).

    Returns:
        ``None`` where there is nothing that says anything.
    """
    found = _Gathered()
    for path in _configs(weights):
        _gather_config(path, found)
    found.set_names(names_beside(weights))
    return found.result()


def parse_preprocessing(config: Json) -> Preprocessing | None:
    """Preprocessing from a configuration in any of the forms that are known: timm's, Hugging Face's, Whatsit's own.

    Returns:
        ``None`` where the configuration does not speak of it.

    Raises:
        PreprocessingError: it does, but makes no sense.
    """
    own = config.get("preprocessing")
    if isinstance(own, dict):
        return from_dict(cast(Json, own))
    if "resize" in config and set(config) <= _OWN_KEYS:
        return from_dict(config)
    try:
        # First, since some of these processors have timm's crop_pct, too.
        if any(key in config for key in _HUGGING_FACE_KEYS):
            return _from_hugging_face(config)
        nested = config.get("pretrained_cfg")
        timm = {**config, **cast(Json, nested)} if isinstance(nested, dict) else config
        if any(key in timm for key in _TIMM_KEYS):
            return _from_timm(timm)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError, AttributeError) as error:
        raise PreprocessingError(
            "The preprocessing in the configuration cannot be read.",
            f"The reason: {error}.",
            f"Choose a preset: {', '.join(PRESETS)}.",
        ) from error
    return None


class _Gathered:
    """What has been found so far."""

    def __init__(self) -> None:
        self.file: Path | None = None
        self.architecture = ""
        self.labels: Labels = ()
        self.labels_file = ""
        self.folders: Labels = ()
        self.names = NamesBeside()
        self.preprocessing: Preprocessing | None = None
        self.preprocessing_file = ""
        self.note = ""
        self.num_classes = 0
        self.output: Said | None = None
        self.problems: list[str] = []

    def set_labels(self, path: Path, labels: Labels, folders: Labels = ()) -> None:
        """Take over class names."""
        self.labels, self.labels_file, self.folders = labels, str(path), folders
        self.num_classes = self.num_classes or len(labels)
        self.file = self.file or path

    def set_names(self, names: NamesBeside) -> None:
        """Take over label files; the first counts where no configuration brought names."""
        self.names = names
        if self.labels:
            return
        self.problems.extend(names.problems)
        if names.found:
            path, count = Path(names.found[0].file), self.num_classes
            self.set_labels(path, names.found[0].labels)
            if self.preprocessing is not None:
                # Files with general names may belong to another model: that is no reason to doubt the others.
                self.num_classes = count
        elif names.readable:
            self.file = self.file or Path(names.readable[0].file)

    def result(self) -> Sidecar | None:
        """``None`` where nothing was found, not even a problem."""
        if self.file is None and not self.problems:
            return None
        return Sidecar(
            file=str(self.file or ""),
            architecture=self.architecture,
            labels=self.labels,
            preprocessing=self.preprocessing,
            note=self.note,
            problem=" ".join(self.problems),
            num_classes=self.num_classes,
            labels_file=self.labels_file,
            preprocessing_file=self.preprocessing_file,
            output=self.output,
            folders=self.folders,
            names=self.names,
        )


def _gather_config(path: Path, found: _Gathered) -> None:
    """Take from a JSON file what nothing has said yet."""
    if not path.is_file():
        return
    try:
        config = parse_json(read_text(path, LabelsError))
    except LabelsError as error:
        found.problems.append(str(error))
        return
    if config is None:
        found.problems.append(f"{path.name} beside the weights is not used: it is no JSON object.")
        return
    count = _num_classes(config)
    if found.num_classes and count and count != found.num_classes:
        # It speaks of another model than the file that was read first.
        return
    architecture = config.get("architecture")
    if isinstance(architecture, str):
        found.architecture = found.architecture or architecture
    if count or isinstance(architecture, str):
        found.file = found.file or path
    found.num_classes = found.num_classes or count
    found.note = found.note or _note(config)
    output = said_beside(path.name, config, count)
    if output is not None:
        found.output = found.output or output
        found.file = found.file or path
    _gather_values(path, config, found)


def _gather_values(path: Path, config: Json, found: _Gathered) -> None:
    """Preprocessing and class names; what is wrong with one does not stop the other."""
    if found.preprocessing is None:
        try:
            found.preprocessing = parse_preprocessing(config)
        except PreprocessingError as error:
            found.problems.append(f"The preprocessing in {path.name} is not used. {error.why}")
        if found.preprocessing is not None:
            found.preprocessing_file = str(path)
            found.file = found.file or path
    if found.labels:
        return
    try:
        labels = _labels(config)
    except LabelsError as error:
        found.problems.append(f"The class names in {path.name} are not used. {error.why}")
        return
    over = readable_names(labels, table_from(config).readable) if labels else None
    if over is not None:
        # The names are WordNet ids then, such as n01440764.
        found.set_labels(path, over.names, labels)
    elif labels:
        found.set_labels(path, labels)


def _labels(config: Json) -> Labels:
    """Class names in a configuration; empty where it has none, or only ``LABEL_0`` and so on."""
    if not any(isinstance(config.get(key), (list, dict)) for key in LIST_KEYS):
        return ()
    labels = labels_from(config)
    return () if all(label == f"LABEL_{index}" for index, label in enumerate(labels)) else labels


def _num_classes(config: Json) -> int:
    for key in ("num_classes", "num_labels"):
        count = config.get(key)
        if isinstance(count, int) and not isinstance(count, bool) and count > 0:
            return count
    names = config.get("id2label")
    return len(cast("Mapping[str, object]", names)) if isinstance(names, dict) else 0


def _note(config: Json) -> str:
    note = config.get("note")
    return note.strip() if isinstance(note, str) else ""


def parse_json(text: str) -> Json | None:
    """The object in a JSON text; ``None`` where it is something else."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast(Json, value) if isinstance(value, dict) else None


def _from_timm(config: Json) -> Preprocessing:
    """timm's evaluation transform (``timm/data/transforms_factory.py``); the ``test_*`` values win."""
    size = config.get("test_input_size") or config.get("input_size") or (3, 224, 224)
    channels, height, width = (_whole(number) for number in _sequence("input_size", size, 3))
    crop_pct = _real(config.get("test_crop_pct") or config.get("crop_pct") or 0.875)
    scale = (math.floor(height / crop_pct), math.floor(width / crop_pct))
    interpolation = _interpolation(config.get("interpolation") or "bicubic")
    mode = config.get("crop_mode") or "center"
    count = 1 if channels == 1 else 3
    mean = _scale_values("mean", config.get("mean") or IMAGENET_MEAN, count)
    std = _scale_values("std", config.get("std") or IMAGENET_STD, count)
    shared: dict[str, Any] = {
        "channels": "grey" if channels == 1 else "rgb",
        "size": scale,
        "crop": (height, width),
        "mean": mean,
        "std": std,
    }
    if mode == "squash":
        return Preprocessing(resize="exact", interpolation=interpolation, **shared)
    if mode == "border":
        fill = tuple(min(255, max(0, round(255 * value))) for value in (mean * 3 if count == 1 else mean))
        return Preprocessing(
            resize="pad", interpolation=interpolation, fill=cast("tuple[int, int, int]", fill), **shared
        )
    if mode != "center":
        raise ValueError(f"the crop mode {mode!r} is not known")
    # Where the sides differ, timm forgets the interpolation and takes bilinear.
    return Preprocessing(interpolation=interpolation if scale[0] == scale[1] else "bilinear", **shared)


def _from_hugging_face(config: Json) -> Preprocessing:
    """An image processor of Hugging Face's transformers: resize, centre crop, rescale, normalise."""
    changes: dict[str, Any] = {"resize": "none", "crop": None}
    if config.get("do_resize", True):
        changes.update(_hugging_face_resize(config))
    if config.get("do_center_crop") and config.get("crop_size") is not None:
        changes["crop"] = _sides("crop_size", config["crop_size"])
    # A pixel p from 0 to 255 becomes (p * factor - mean) / std; ours is (p / 255 - mean) / std.
    factor = 255 * _real(config.get("rescale_factor") or 1 / 255) if config.get("do_rescale", True) else 255.0
    factor = 1.0 if math.isclose(factor, 1.0, rel_tol=1e-4) else factor
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    if config.get("do_normalize", True):
        mean = _scale_values("image_mean", config.get("image_mean") or IMAGENET_MEAN, 3)
        std = _scale_values("image_std", config.get("image_std") or IMAGENET_STD, 3)
    changes["mean"] = tuple(value / factor for value in mean)
    changes["std"] = tuple(value / factor for value in std)
    return Preprocessing(**changes)


def _hugging_face_resize(config: Json) -> dict[str, object]:
    kind = str(config.get("image_processor_type") or config.get("feature_extractor_type") or "")
    size: object = config.get("size", 224)
    interpolation = _interpolation(config.get("resample", 2))
    by_shorter = isinstance(size, int) and kind.startswith(_SHORTER_EDGE_TYPES)
    if isinstance(size, dict) and "shortest_edge" in cast(Json, size):
        by_shorter = True
    height, width = _sides("size", cast(object, size))
    if not by_shorter:
        return {"resize": "exact", "size": (height, width), "interpolation": interpolation}
    is_convnext = kind.startswith("ConvNext")
    crop_pct = config.get("crop_pct") or (224 / 256 if is_convnext else None)
    if is_convnext and height >= 384:
        # It warps large inputs, and crops small ones.
        return {"resize": "exact", "size": (height, height), "interpolation": interpolation}
    if crop_pct:
        scale = int(height / _real(crop_pct))
        resized: dict[str, object] = {"resize": "shorter", "size": (scale, scale), "interpolation": interpolation}
        return {**resized, "crop": (height, height)} if is_convnext else resized
    if kind.startswith("Levit"):
        height = int(height * 256 / 224)
    return {"resize": "shorter", "size": (height, height), "interpolation": interpolation}


def _sides(name: str, value: object) -> tuple[int, int]:
    """Height and width from ``224``, ``[224, 224]``, ``{height, width}`` or ``{shortest_edge}``."""
    if isinstance(value, dict):
        entries = cast(Json, value)
        if "shortest_edge" in entries:
            value = entries["shortest_edge"]
        elif "height" in entries and "width" in entries:
            return _whole(entries["height"]), _whole(entries["width"])
        else:
            raise ValueError(f"{name} names no height and width")
    if isinstance(value, (list, tuple)):
        height, width = _sequence(name, cast(object, value), 2)
        return _whole(height), _whole(width)
    return _whole(value), _whole(value)


def _interpolation(value: object) -> Interpolation:
    name = _RESAMPLE.get(value, "") if isinstance(value, int) else value
    if not isinstance(name, str) or name not in INTERPOLATIONS:
        raise ValueError(f"the interpolation {value!r} is not supported")
    return cast(Interpolation, name)


def _scale_values(name: str, value: object, count: int) -> tuple[float, ...]:
    numbers = tuple(_real(number) for number in _sequence(name, value))
    if len(numbers) == count:
        return numbers
    if len(numbers) == 1:
        return numbers * count
    return (sum(numbers) / len(numbers),) * count if count == 1 else numbers


def _sequence(name: str, value: object, count: int = 0) -> Sequence[object]:
    if isinstance(value, (int, float)) and not count:
        return (value,)
    if not isinstance(value, (list, tuple)) or not value:
        raise ValueError(f"{name} is no list of numbers")
    items = cast("Sequence[object]", value)
    if count and len(items) != count:
        raise ValueError(f"{name} has {len(items)} numbers, and should have {count}")
    return items


def _real(value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _whole(value: object) -> int:
    number = _real(value)
    if not number.is_integer():
        raise ValueError(f"{value!r} is no whole number")
    return int(number)
