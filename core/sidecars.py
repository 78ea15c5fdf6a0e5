"""What lies beside a weights file and says more about it: architecture, class names, preprocessing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

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
from core.preprocessing import Preprocessing
from core.preprocessing.configs import parse_preprocessing

Json = Mapping[str, object]

_MAX_JSON = 8 * 1024 * 1024
_TRANSFORMERS = ("vit", "deit", "swin", "beit", "dinov2", "siglip", "siglip_vision_model")
"""The ``model_type`` of those whose layers are as their configuration says."""


@dataclass(frozen=True)
class LayerSettings:
    """What a configuration of Hugging Face's says of the layers of a transformer.

    Attributes:
        file: name of the configuration.
        kind: its word for the family, such as ``dinov2``.
        layer_norm_eps: what layer normalisations add to the variance; 0 where it does not say.
        heads: attention heads in each layer; 0 where it does not say, or says it a stage.
        activation: its word for it, such as ``gelu``; empty where it does not say.
    """

    file: str
    kind: str
    layer_norm_eps: float = 0.0
    heads: int = 0
    activation: str = ""


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
        preprocessing_assumed: whether it was only assumed when Whatsit wrote that file.
        output: what the network's numbers are: the very kind from Whatsit's own files, from Hugging Face's
            ``problem_type`` whether one class is right, or several labels, or none; ``None`` where nothing says.
        folders: what ``labels`` were called in training, where readable names took their place; else empty.
        layers: of a transformer of Hugging Face's.
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
    preprocessing_assumed: bool = False
    output: Said | None = None
    folders: Labels = field(default=(), compare=False)
    layers: LayerSettings | None = None
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
        self.preprocessing_assumed = False
        self.note = ""
        self.num_classes = 0
        self.output: Said | None = None
        self.problems: list[str] = []
        self.layers: LayerSettings | None = None

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
            preprocessing_assumed=self.preprocessing_assumed,
            output=self.output,
            folders=self.folders,
            layers=self.layers,
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
    found.layers = found.layers or layer_settings(path.name, config)
    if found.layers is not None:
        found.file = found.file or path
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
            own = config.get("whatsit")
            found.preprocessing_assumed = isinstance(own, dict) and cast(Json, own).get("preprocessing_assumed") is True
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


def layer_settings(file: str, config: Json) -> LayerSettings | None:
    """What a configuration says of the layers of one of the transformers that open; ``None`` if it is none of those."""
    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in _TRANSFORMERS:
        return None
    inside = config.get("vision_config")
    place = {**config, **cast("dict[str, object]", inside)} if isinstance(inside, dict) else config
    epsilon, heads, activation = (place.get(key) for key in ("layer_norm_eps", "num_attention_heads", "hidden_act"))
    found = LayerSettings(
        file,
        kind,
        float(epsilon) if isinstance(epsilon, (int, float)) and 0 < epsilon < 1 else 0.0,
        heads if isinstance(heads, int) else 0,
        activation if isinstance(activation, str) else "",
    )
    # Of a DINOv2 the kind alone tells something.
    return found if kind == "dinov2" or found != LayerSettings(file, kind) else None


def _note(config: Json) -> str:
    note = config.get("note")
    return note.strip() if isinstance(note, str) else ""


def parse_json(text: str) -> Json | None:
    """The object in a JSON text; ``None`` where it is something else, or longer than any configuration."""
    if len(text) > _MAX_JSON:
        return None
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast(Json, value) if isinstance(value, dict) else None
