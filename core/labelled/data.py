"""Labelled data in the forms that people keep it in."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from core.arrays import ANYTHING, Takes
from core.errors import DataError
from core.images import ImageSource
from core.labelled.folders import Found, read_folders
from core.labelled.lists import JSON_SUFFIXES, Wanted, read_list
from core.labelled.rows import holds_rows, read_archive, read_labelled_table

_ROW_SUFFIXES = frozenset({".npz", ".npy"})
LIST_SUFFIXES = frozenset({".csv", ".tsv", *JSON_SUFFIXES})


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """One image and what it is said to show.

    Attributes:
        source: the image.
        labels: as written, mostly one; several where an image may show several; empty where ``value`` is set.
        value: the number to be predicted, for a regression; ``None`` for classes.
    """

    source: ImageSource
    labels: tuple[str, ...] = ()
    value: float | None = None


@dataclass(frozen=True, slots=True)
class LabelledData:
    """Images with their labels.

    Attributes:
        root: the folder or file that was named.
        form: ``folders``, ``csv``, ``json`` or ``arrays``.
        kind: ``classes`` (one label an image), ``several`` (any number of labels an image) or ``values``.
        images: all that have a label, in the order of the folders' names or of the file's rows.
        classes: the labels as written, sorted; with those that no image has.
        split: which part was taken, such as ``test``; empty where there are no parts.
        splits: which parts there are.
        unlabelled: images that lie beside the class folders, or rows without a label.
        target: the column or array that the labels come from; empty for folders.
        notes: what a person should know of how it was read, in sentences.
        targets: the columns or arrays that the labels could come from.
        path_column: the column that the paths come from; empty where there is none.
        path_columns: the columns that they could come from.
    """

    root: str
    form: str
    kind: str
    images: tuple[LabelledImage, ...]
    classes: tuple[str, ...]
    split: str = ""
    splits: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] = ()
    target: str = ""
    notes: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    path_column: str = ""
    path_columns: tuple[str, ...] = ()

    def counts(self) -> dict[str, int]:
        """How many images each class has, in the order of ``classes``."""
        counts = dict.fromkeys(self.classes, 0)
        for image in self.images:
            for label in image.labels:
                counts[label] += 1
        return counts


def read_labelled(
    path: Path,
    split: str = "",
    target: str = "",
    wanted: Wanted = "",
    takes: Takes = ANYTHING,
    path_column: str = "",
) -> Generator[None, None, LabelledData]:
    """Find labelled images; a generator, so that a job can be cancelled between folders and rows.

    Args:
        path: a folder of class folders, with or without ``train``, ``val`` and ``test`` above them; or a CSV, TSV,
            JSON or JSON-lines file of paths and labels, whose paths start from its own folder; or rows of numbers with
            a label each: an ``.npz`` with X and y, or a table, for a network that takes rows.
        split: which part to take; empty takes ``test``, else ``val``, else what there is.
        target: the column of the labels, or of the numbers for a regression; empty to find it.
        wanted: what the model gives; empty where that is not known.
        takes: what the network takes, which tells a table of rows from one of paths.
        path_column: the column of the paths, of a table of these; empty to find it.

    Returns:
        The data; at least one image.

    Raises:
        ArrayError: rows of numbers cannot be read, or are not as long as the network wants them.
        DataError: there are no labelled images, or the file makes no sense; says what was found instead.
    """
    suffix, is_file = path.suffix.lower(), not path.is_dir()
    if is_file and (suffix in _ROW_SUFFIXES or (suffix in (".csv", ".tsv") and holds_rows(path, takes))):
        return (yield from _rows(path, split, target, wanted, takes))
    if suffix in LIST_SUFFIXES and is_file:
        return (yield from _listed(path, split, target, wanted, path_column))
    return (yield from _in_folders(path, split))


def _rows(path: Path, split: str, target: str, wanted: Wanted, takes: Takes) -> Generator[None, None, LabelledData]:
    read = read_archive if path.suffix.lower() in _ROW_SUFFIXES else read_labelled_table
    if split:
        raise DataError(f"There is no part {split!r} in {path.name}.", "It has no parts.", "Name none.")
    table = yield from read(path, target, wanted, takes)
    images = tuple(LabelledImage(row.source, row.labels, row.value) for row in table.rows)
    return LabelledData(
        root=path.as_posix(),
        form="arrays",
        kind=table.kind,
        images=images,
        classes=_classes(images),
        unlabelled=table.unlabelled,
        target=table.target,
        targets=table.targets,
    )


def _listed(
    path: Path, split: str, target: str, wanted: Wanted, path_column: str
) -> Generator[None, None, LabelledData]:
    listed = yield from read_list(path, split, target, wanted, path_column)
    images = tuple(LabelledImage(row.source, row.labels, row.value) for row in listed.rows)
    return LabelledData(
        root=path.as_posix(),
        form="json" if path.suffix.lower() in JSON_SUFFIXES else "csv",
        kind=listed.kind,
        images=images,
        classes=_classes(images),
        split=listed.split,
        splits=listed.splits,
        unlabelled=listed.unlabelled,
        target=listed.target,
        notes=listed.notes,
        targets=listed.targets,
        path_column=listed.path_column,
        path_columns=listed.path_columns,
    )


def _in_folders(path: Path, split: str) -> Generator[None, None, LabelledData]:
    found: Found = yield from read_folders(path, split)
    if not found.images:
        raise DataError(
            f"There are no labelled images in {path.as_posix()}.",
            "A folder for each class is wanted, with its images in it; these folders are empty.",
            "Choose the folder that holds the class folders.",
        )
    return LabelledData(
        root=path.as_posix(),
        form="folders",
        kind="classes",
        images=tuple(LabelledImage(source, (label,)) for source, label in found.images),
        classes=found.classes,
        split=found.split,
        splits=found.splits,
        unlabelled=found.unlabelled,
        notes=found.notes,
    )


def _classes(images: tuple[LabelledImage, ...]) -> tuple[str, ...]:
    return tuple(sorted({label for image in images for label in image.labels}))
