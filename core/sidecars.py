"""What lies beside a weights file and says more about it: architecture, class names, preprocessing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from core.errors import LabelsError, PreprocessingError
from core.labels import LIST_KEYS, Labels, labels_from, read_labels, read_text
from core.preprocessing import Preprocessing
from core.preprocessing.configs import parse_preprocessing

Json = Mapping[str, object]


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

    def fits(self, num_classes: int) -> bool:
        """Whether the files can speak of a model with that many classes."""
        return self.num_classes in (0, num_classes)


def _configs(weights: Path) -> list[Path]:
    names = dict.fromkeys((f"{weights.stem}.json", "config.json", "preprocessor_config.json"))
    return [weights.with_name(name) for name in names]


def _names(weights: Path) -> list[Path]:
    return [weights.with_name(name) for name in ("index_to_name.json", "labels.txt", "classes.txt")]


def sidecar_files(weights: Path) -> list[Path]:
    """Where ``read_sidecar`` looks, whether there is anything or not."""
    return [*_configs(weights), *_names(weights)]


def read_sidecar(weights: Path) -> Sidecar | None:
    """Gather what lies beside a weights file; never raises.

    Looked at, each only for what those before it left open: ``<stem>.json``, ``config.json`` (timm's new
    and flat form, Hugging Face), ``preprocessor_config.json``, ``index_to_name.json``, ``labels.txt`` and
    ``classes.txt``.

    Returns:
        ``None`` where there is nothing that says anything.
    """
    found = _Gathered()
    for path in _configs(weights):
        _gather_config(path, found)
    for path in _names(weights):
        if not found.labels and path.is_file():
            try:
                found.set_labels(path, read_labels(path))
            except LabelsError as error:
                found.problems.append(str(error))
    return found.result()


class _Gathered:
    """What has been found so far."""

    def __init__(self) -> None:
        self.file: Path | None = None
        self.architecture = ""
        self.labels: Labels = ()
        self.labels_file = ""
        self.preprocessing: Preprocessing | None = None
        self.preprocessing_file = ""
        self.note = ""
        self.num_classes = 0
        self.problems: list[str] = []

    def set_labels(self, path: Path, labels: Labels) -> None:
        """Take over class names."""
        self.labels, self.labels_file = labels, str(path)
        self.num_classes = self.num_classes or len(labels)
        self.file = self.file or path

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
    if labels:
        found.set_labels(path, labels)


def _labels(config: Json) -> Labels:
    """Class names in a configuration; empty where it has none, or only ``LABEL_0`` and so on."""
    if not any(isinstance(config.get(key), (list, dict)) for key in LIST_KEYS):
        return ()
    labels = labels_from(config)
    if all(label == f"LABEL_{index}" for index, label in enumerate(labels)):
        return ()
    described = config.get("label_descriptions")
    if isinstance(described, dict) and "label_names" in config:
        # The names are WordNet ids then, such as n01440764.
        words = cast(Json, described)
        return tuple(str(words.get(label, label)) for label in labels)
    return labels


def _num_classes(config: Json) -> int:
    count = config.get("num_classes")
    if isinstance(count, int) and not isinstance(count, bool) and count > 0:
        return count
    names = config.get("id2label")
    return len(cast("Mapping[str, object]", names)) if isinstance(names, dict) else 0


def _note(config: Json) -> str:
    if config.get("problem_type") == "multi_label_classification":
        return "These weights give an image several labels at once; the scores shown here share 100 % between them."
    note = config.get("note")
    return note.strip() if isinstance(note, str) else ""


def parse_json(text: str) -> Json | None:
    """The object in a JSON text; ``None`` where it is something else."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast(Json, value) if isinstance(value, dict) else None
