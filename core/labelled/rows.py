"""Rows of numbers, or pictures in arrays, with their labels: ``.npz`` with X and y, and tables with a target column."""

from __future__ import annotations

import zipfile
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.arrays import ArrayPlace, Takes
from core.arrays.contents import look, read_row
from core.arrays.stored import stamp
from core.arrays.table import Table, read_table, to_number
from core.errors import ArrayError, ColumnError, DataError, shown
from core.images import ImageSource
from core.labelled.paths import ListedRow, looks_like_path

_PARTNERS = (("x", "y"), ("images", "labels"), ("data", "target"), ("data", "labels"), ("features", "target"),
             ("features", "labels"), ("inputs", "targets"), ("arr_0", "arr_1"))  # fmt: skip
_TARGETS = (
    "y",
    "label",
    "labels",
    "target",
    "targets",
    "y_test",
    "y_val",
    "y_train",
    "test_labels",
    "classes",
    "arr_1",
)
_COLUMNS = ("label", "target", "class", "y", "species", "category", "value", "labels", "classname", "targets")
_KINDS = "biufUS"
_WANTED = "An .npz file with X and y is wanted, or a table with a column of labels."

Kind = Literal["classes", "several", "values"]


@dataclass(frozen=True)
class LabelledRows:
    """What a file of numbers holds; see ``LabelledData``."""

    rows: tuple[ListedRow, ...]
    kind: Kind
    target: str
    unlabelled: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


def holds_rows(path: Path, takes: Takes) -> bool:
    """Whether a table is one of rows for a network that takes them, not one of paths."""
    if not takes.features:
        return False
    try:
        table = read_table(path, stamp(path))
        cells = table.cells(0)
    except ArrayError:
        # Reading it as a table of paths says what is wrong.
        return False
    if any(looks_like_path(cell) for cell in cells):
        return False
    return table.columns > takes.features or not takes.pictures


def read_archive(path: Path, target: str, wanted: str, takes: Takes) -> Generator[None, None, LabelledRows]:
    """Read an ``.npz`` file with an array of rows or pictures, and one of labels or values.

    Args:
        path: of the file.
        target: name of the labels' array; empty to find it.
        wanted: what the model gives, see ``core.labelled.lists.Wanted``.
        takes: what the network takes, which tells its array from others.

    Raises:
        ArrayError: it cannot be read.
        DataError: there are no labels in it, or more or fewer than rows.
    """
    contents = look(path, takes)
    name, truth, targets = _find_target(path, contents.member, target, contents.count)
    yield
    if truth.ndim == 2 and truth.shape[1] == 1:
        truth = truth[:, 0]
    if truth.ndim > 2 or len(truth) != contents.count:
        raise _unusable(
            path, f"{contents.member} has {contents.count:,} rows, and the shape of {name} is {truth.shape}."
        )
    if contents.kind == "row":
        # The first row says whether they are as long as the network wants them.
        read_row(path, ArrayPlace("row", 0, contents.member, contents.alone), path.name, takes.features)
    kind, labels, values = _meaning(path, name, truth, wanted)
    rows: list[ListedRow] = []
    for index in range(contents.count):
        place = ArrayPlace(contents.kind, index, contents.member, contents.alone)
        source = ImageSource(f"{path.as_posix()} {contents.member} #{index + 1}", path, place=place)
        rows.append(ListedRow(source, labels[index] if labels else (), values[index] if values else None))
        if index % 5000 == 0:
            yield
    return LabelledRows(tuple(rows), kind, name, targets=targets)


def read_labelled_table(path: Path, target: str, wanted: str, takes: Takes) -> Generator[None, None, LabelledRows]:
    """Read a table of numbers in which one column is the label or the value.

    Args and errors: as for ``read_archive``.
    """
    table = read_table(path, stamp(path))
    column = _column(table, target)
    name = table.header[column] if table.header else f"column {column + 1}"
    numeric = column not in table.texts
    place = ArrayPlace("row", target=column if numeric else -1)
    read_row(path, place, f"{path.name} #1", takes.features)
    rows: list[ListedRow] = []
    unlabelled: list[str] = []
    cells = [_cell(table, index, column) for index in range(len(table.starts))]
    kind: Kind = "values" if wanted == "values" or (numeric and not wanted and not _all_whole(cells)) else "classes"
    for index, cell in enumerate(cells):
        source = ImageSource(f"{path.as_posix()} #{index + 1}", path, place=replace(place, index=index))
        if index % 2000 == 0:
            yield
        if not cell:
            unlabelled.append(source.name)
        elif kind == "values":
            value = to_number(cell, table.mark)
            if value is None or not np.isfinite(value):
                raise _unusable(
                    path, f"Row {index + 1} has {shown(cell, 30)!r} in {name!r}, and the model gives values."
                )
            rows.append(ListedRow(source, (), value))
        else:
            rows.append(ListedRow(source, (cell,), None))
    if not rows:
        raise _unusable(path, f"No row has a label in {name!r}.")
    return LabelledRows(tuple(rows), kind, name, tuple(unlabelled), tuple(part.strip() for part in table.header))


def _cell(table: Table, index: int, column: int) -> str:
    cells = table.cells(index)
    return cells[column] if column < len(cells) else ""


def _all_whole(cells: list[str]) -> bool:
    numbers = [to_number(cell) for cell in cells if cell]
    return all(number is None or number.is_integer() for number in numbers)


def _column(table: Table, target: str) -> int:
    header = [name.strip() for name in table.header]
    if target:
        if target in header:
            return header.index(target)
        has = ", ".join(shown(name, 30) for name in header[:8]) or "no headings"
        raise _unusable(table.path, f"It has no column {shown(target, 30)!r}: it has {has}.")
    plain = [name.lower().replace("_", "").replace(" ", "") for name in header]
    found = next((plain.index(name) for name in _COLUMNS if name in plain), -1)
    if found < 0 and len(table.texts) == 1:
        found = table.texts[0]
    if found < 0:
        why, remedy = "Nothing tells which column is the label.", "Name it with --target, or in its heading."
        raise ColumnError(_what(table.path), why, remedy, tuple(header))
    return found


def _find_target(path: Path, member: str, target: str, count: int) -> tuple[str, NDArray[Any], tuple[str, ...]]:
    """Name of the array of labels, the array, and the names of all that are as long."""
    if path.suffix.lower() != ".npz":
        raise _unusable(path, "There is one array in it, and no labels.")
    try:
        with np.load(path, allow_pickle=False) as archive:
            names: list[str] = [name for name in archive.files if name != member]
            name = _named(names, member, target)
            fitting = [each for each in names if len(_array(archive, each)) == count]
            if not name:
                name = fitting[0] if len(fitting) == 1 else ""
            found: NDArray[Any] = _array(archive, name) if name else np.zeros(0)
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise _unusable(
            path, f"Its labels cannot be read: {error}.", "Save them with numpy.savez as numbers."
        ) from error
    if not name or found.dtype.kind not in _KINDS:
        has = ", ".join(shown(each, 30) for each in [member, *names][:6])
        told = f"It holds {has}, and nothing tells which are the labels of {member}."
        if target:
            raise _unusable(path, f"It has no array {shown(target, 30)!r}: it holds {has}.")
        raise ColumnError(_what(path), told, _WANTED, tuple(fitting))
    return name, found, tuple(fitting)


def _array(archive: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    found = archive[name]
    return found if found.ndim else found.reshape(1)


def _named(names: list[str], member: str, target: str) -> str:
    if target:
        return target if target in names else ""
    plain = {name.lower(): name for name in names}
    for ours, theirs in _PARTNERS:
        partner = member.lower().replace(ours, theirs)
        if ours in member.lower() and partner in plain:
            return plain[partner]
    return next((plain[name] for name in _TARGETS if name in plain), "")


def _meaning(
    path: Path, name: str, truth: NDArray[Any], wanted: str
) -> tuple[Kind, list[tuple[str, ...]], list[float]]:
    """What an array of labels says: labels or values, one a row."""
    if truth.dtype.kind in "US":
        return (
            "classes",
            [(text if isinstance(text, str) else text.decode("utf-8", "replace"),) for text in truth.tolist()],
            [],
        )
    if truth.ndim == 2:
        if not np.isin(truth, (0, 1)).all():
            raise _unusable(path, f"{name} has {truth.shape[1]} numbers a row, and these are not 0 or 1.")
        labels = [tuple(str(place) for place in np.flatnonzero(row)) for row in truth]
        return "classes" if all(len(row) == 1 for row in labels) else "several", labels, []
    numbers = truth.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise _unusable(path, f"There are values in {name} that are no numbers (NaN or infinite).")
    if wanted == "values" or not (numbers == np.floor(numbers)).all():
        return "values", [], [float(value) for value in numbers]
    return "classes", [(str(int(value)),) for value in numbers], []


def _unusable(path: Path, why: str, remedy: str = "") -> DataError:
    return DataError(_what(path), why, remedy or _WANTED)


def _what(path: Path) -> str:
    return f"{shown(path.name)} cannot be used as labelled data."
