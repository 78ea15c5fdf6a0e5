"""Label files beside a weights file, by the names that trainers give them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from core.errors import LabelsError
from core.labels.reading import read_table
from core.labels.values import Labels, NameTable

_STEM = ("{stem}.txt", "{stem}.names", "{stem}_labels.txt", "{stem}_classes.txt", "{stem}.labels.txt", "{stem}.yaml")
"""Called after the weights, so that no other model's can be meant."""

NAME_FILES = (
    "index_to_name.json", "labels.txt", "classes.txt", "class_names.txt", "names.txt", "signature.json",
    "class_to_idx.json", "idx_to_class.json", "class_indices.json", "class_index.json", "id2label.json",
    "class_names.json", "classes.json", "labels.json", "label_map.json", "imagenet_class_index.json", "names.yaml",
    "classes.yaml", "labels.yaml", "data.yaml", "dataset.yaml", "labels.csv", "classes.csv", "class_names.csv",
    "class_labels.txt", "classnames.txt", "label_names.txt", "categories.txt", "imagenet_classes.txt",
    "class_mapping.json", "label_mapping.json", "idx_to_label.json", "label2id.json", "categories.json",
    "labels.tsv", "synset.txt", "synsets.txt", "LOC_synset_mapping.txt",
)  # fmt: skip
"""General names: they may belong to another model in the same folder, so their count decides."""

_READABLE = ("cat_to_name.json", "class_to_name.json", "folder_to_name.json", "label_to_name.json", "words.txt")
"""A readable name for each folder's name."""

_MAY_SAY_NOTHING = (".yaml", ".yml", ".csv", ".tsv")
"""Files of these kinds are often about something else than class names."""


@dataclass(frozen=True)
class FoundNames:
    """Class names in a file.

    Attributes:
        file: its path.
        table: what it says.
    """

    file: str
    table: NameTable

    @property
    def labels(self) -> Labels:
        """In index order; empty where it names folders alone."""
        return self.table.names


@dataclass(frozen=True)
class NamesBeside:
    """The label files beside a weights file.

    Attributes:
        found: those with names, the most believable first.
        readable: those that name folders.
        problems: why others are not used, one sentence each.
    """

    found: tuple[FoundNames, ...] = ()
    readable: tuple[FoundNames, ...] = ()
    problems: tuple[str, ...] = field(default=())


def label_files(weights: Path) -> list[Path]:
    """Where ``names_beside`` looks, whether there is anything or not."""
    own = [pattern.format(stem=weights.stem) for pattern in _STEM]
    return [weights.with_name(name) for name in dict.fromkeys((*own, *NAME_FILES, *_READABLE))]


def names_beside(weights: Path) -> NamesBeside:
    """Read the label files beside a weights file; never raises."""
    found: list[FoundNames] = []
    readable: list[FoundNames] = []
    problems: list[str] = []
    for path in label_files(weights):
        if not path.is_file():
            continue
        try:
            table = read_table(path)
        except LabelsError as error:
            if path.suffix not in _MAY_SAY_NOTHING:
                problems.append(str(error))
            continue
        names_folders = path.name in _READABLE
        if table.names and not names_folders:
            found.append(FoundNames(str(path), table))
        elif table.error is not None and not names_folders and path.suffix not in _MAY_SAY_NOTHING:
            problems.append(f"{path.name} cannot be used for class names. {table.error.why} {table.error.remedy}")
        if table.readable and (table.names or names_folders):
            readable.append(FoundNames(str(path), table))
    return NamesBeside(tuple(found), tuple(readable), tuple(problems))
