"""A CSV, TSV, JSON or JSON-lines file of paths and labels."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast

from core.errors import ColumnError, DataError, shown
from core.labelled.folders import SPLITS, choose_split
from core.labelled.objects import LABELS, PATHS, SEVERAL, Row, rows_of_json
from core.labelled.paths import ListedRow, find_place, looks_like_path, without_repeats
from core.labels import read_text

JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
Wanted = Literal["", "classes", "labels", "values"]
"""What a model gives an image: a class, any number of labels, or a value; empty where that is not known."""
_SPLITS = ("split", "subset", "set", "partition", "fold", "phase")
_BETWEEN = (SEVERAL, ";", ",")
"""What stands between several labels, if the model gives several; else only the first does."""
_COUNTING = ("column 1", "Unnamed: 0")
_SHARES = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}
_SURE_PATHS = 11
"""Of ``PATHS``: names that say more than that something is called so."""
_WANTED = "A table with a column of paths and a column of labels is wanted, such as path,label."


@dataclass(frozen=True)
class Listed:
    """What a file lists; see ``LabelledData``."""

    rows: tuple[ListedRow, ...]
    kind: str
    split: str
    splits: tuple[str, ...]
    unlabelled: tuple[str, ...]
    target: str
    notes: tuple[str, ...]
    targets: tuple[str, ...] = ()
    path_column: str = ""
    path_columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Columns:
    """Which column holds what; ``shares`` are columns of 0 and 1, one for each of several labels.

    ``between`` is what stands between several labels, and ``comma`` says that numbers may have a decimal comma.
    """

    path: str
    target: str
    split: str
    shares: tuple[str, ...] = ()
    between: str = SEVERAL
    comma: bool = False


def read_list(
    path: Path, split: str = "", target: str = "", wanted: Wanted = "", path_column: str = ""
) -> Generator[None, None, Listed]:
    """Read a file of paths and labels; see ``read_labelled``.

    Args:
        path: the file; relative paths in it start from its folder.
        split: which part to take, where a column tells parts apart.
        target: the column of the labels; empty to find it by its name.
        wanted: what the model gives, which decides whether whole numbers are classes or values; empty for classes.
        path_column: the column of the paths; empty to find it.
    """
    text = read_text(path, DataError)
    is_json = path.suffix.lower() in JSON_SUFFIXES
    rows = rows_of_json(text, lines=path.suffix.lower() != ".json") if is_json else _from_csv(path, text)
    yield
    if isinstance(rows, str):
        raise _unusable(path, rows)
    if not rows:
        raise _unusable(path, "It has no rows.")
    columns = _columns(path, rows, target, path_column)
    splits = _splits(rows, columns.split)
    chosen = choose_split(splits, split, path.name) if splits or split else ""
    taken = [row for row in rows if not chosen or row.get(columns.split) == chosen]
    columns = replace(columns, between=_between(taken, columns, wanted), comma=not is_json and "," not in _first(text))
    kind = _kind(taken, columns, wanted)
    place = find_place(path.parent, (row.get(columns.path, "").strip() for row in taken))
    found: list[ListedRow] = []
    unlabelled: list[str] = []
    for number, row in enumerate(taken, 1):
        if number % 2000 == 0:
            yield
        written = row.get(columns.path, "").strip()
        if not written:
            raise _unusable(path, f"Row {number} has no path in the column {shown(columns.path, 30)!r}.")
        labels, value = _truth(path, number, row, columns, kind)
        if not labels and value is None and kind != "several":
            unlabelled.append(written)
            continue
        found.append(ListedRow(place.source(written), labels, value))
    if not found:
        raise _unusable(path, f"No row has a label in the column {shown(columns.target, 30)!r}.")
    target = columns.target or ", ".join(columns.shares[:3])
    if kind == "several" and wanted == "classes" and all(len(row.labels) == 1 for row in found):
        kind = "classes"
    paths = _path_columns(rows)
    kept, repeats, merged = without_repeats(found, merge=wanted == "labels" and kind != "values")
    return Listed(
        rows=tuple(kept),
        kind="several" if merged else kind,
        split=chosen,
        splits=tuple(splits) if chosen else (),
        unlabelled=tuple(unlabelled),
        target=target,
        notes=(*([place.note] if place.note else []), *repeats),
        targets=tuple(name for name in rows[0] if name == target or name not in (*paths, columns.path, columns.split)),
        path_column=columns.path,
        path_columns=paths,
    )


def _truth(path: Path, number: int, row: Row, columns: _Columns, kind: str) -> tuple[tuple[str, ...], float | None]:
    """Labels or value of a row; neither where it has none."""
    if columns.shares:
        return tuple(name for name in columns.shares if _SHARES[row.get(name, "").strip().lower()]), None
    written = row.get(columns.target, "").strip()
    if kind == "values":
        value = _number(written.replace(",", ".") if columns.comma else written)
        if written and (value is None or not math.isfinite(value)):
            raise _unusable(path, f"Row {number} has {shown(written, 30)!r} in {columns.target!r}, which is no number.")
        return (), value
    if kind == "several":
        parts = (part.strip() for part in _unlisted(written).split(columns.between))
        return tuple(dict.fromkeys(_unquoted(part) for part in parts if part)), None
    return ((written,) if written else ()), None


def _kind(rows: Sequence[Row], columns: _Columns, wanted: Wanted) -> str:
    if columns.shares or any(columns.between in _unlisted(row.get(columns.target, "")) for row in rows):
        return "several"
    numbers = [_number(row[columns.target]) for row in rows if row.get(columns.target, "").strip()]
    if wanted == "values" or (
        not wanted and numbers and None not in numbers and not all(cast(float, n).is_integer() for n in numbers)
    ):
        return "values"
    return "classes"


def _between(rows: Sequence[Row], columns: _Columns, wanted: Wanted) -> str:
    """What stands between several labels of an image."""
    cells = [_unlisted(row.get(columns.target, "")) for row in rows]
    marks = _BETWEEN if wanted == "labels" else _BETWEEN[:1]
    listed = any(cell != row.get(columns.target, "").strip() for cell, row in zip(cells, rows, strict=True))
    return next((mark for mark in marks if any(mark in cell for cell in cells)), "," if listed else SEVERAL)


def _unlisted(written: str) -> str:
    """What is in the brackets of a list that was written as text: ``['cat', 'dog']``."""
    written = written.strip()
    return written[1:-1] if written.startswith("[") and written.endswith("]") else written


def _unquoted(part: str) -> str:
    return part[1:-1] if len(part) > 1 and part[0] == part[-1] and part[0] in "'\"" else part


def _first(text: str) -> str:
    return text.partition("\n")[0]


def _path_columns(rows: Sequence[Row]) -> tuple[str, ...]:
    """The columns that may hold paths."""
    return tuple(name for name, cell in rows[0].items() if looks_like_path(cell) or _plain(name) in PATHS[:_SURE_PATHS])


def _plain(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def _columns(path: Path, rows: Sequence[Row], target: str, path_column: str) -> _Columns:
    names = list(rows[0])
    by_plain = {_plain(name): name for name in names if name != target}
    if path_column and path_column not in names:
        raise _unusable(path, f"It has no column {shown(path_column, 30)!r}: it has {_list(names)}.")
    found = path_column or next((by_plain[name] for name in PATHS if name in by_plain), "")
    found = found or next((name for name in names if looks_like_path(rows[0].get(name, ""))), "")
    if not found:
        raise _no_column(path, f"No column holds paths of images: it has {_list(names)}.", names, "path")
    split = next((by_plain[name] for name in _SPLITS if name in by_plain and by_plain[name] != found), "")
    if target:
        if target not in names:
            raise _unusable(path, f"It has no column {shown(target, 30)!r}: it has {_list(names)}.")
        return _Columns(found, target, split)
    rest = [name for name in names if name not in (found, split)]
    if len(rest) > 1 and rest[0] in _COUNTING and all(row.get(rest[0], "").isdecimal() for row in rows):
        # A column that only counts the rows, as pandas writes it, says nothing of the images.
        del rest[0]
    label = next((by_plain[name] for name in LABELS if by_plain.get(name) in rest), "")
    if label:
        return _Columns(found, label, split)
    if len(rest) > 1 and all(row.get(name, "").strip().lower() in _SHARES for row in rows for name in rest):
        return _Columns(found, "", split, tuple(rest))
    if len(rest) == 1:
        return _Columns(found, rest[0], split)
    raise _no_column(path, f"No column holds labels: it has {_list(names)}.", rest, "target")


def _splits(rows: Iterable[Row], column: str) -> list[str]:
    """The parts that a column names, if these are names that parts have."""
    if not column:
        return []
    there = sorted({row.get(column, "").strip() for row in rows} - {""})
    known = {name for names in SPLITS.values() for name in names}
    return there if there and all(name.lower() in known for name in there) else []


def _from_csv(path: Path, text: str) -> list[Row]:
    first = _first(text)
    marks = ",;\t" if any(mark in first for mark in ",;\t") else SEVERAL
    delimiter = "\t" if path.suffix.lower() == ".tsv" else max(marks, key=first.count)
    try:
        table = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row)]
    except csv.Error as error:
        raise _unusable(path, f"It is no table: {error}.") from error
    if not table:
        return []
    head = [cell.strip() for cell in table[0]]
    if any(looks_like_path(cell) for cell in head):
        # No heading: the first row is an image already.
        width = len(head)
        place = next(index for index, cell in enumerate(head) if looks_like_path(cell))
        head = [
            ("path" if index == place else "label" if width == 2 else f"column {index + 1}") for index in range(width)
        ]
        table.insert(0, head)
    # Tables that pandas writes have a first column without a name, which counts the rows.
    head = [cell or f"column {index + 1}" for index, cell in enumerate(head)]
    if len(set(head)) != len(head):
        raise _unusable(path, f"Its columns need a name each, and are named {_list(head)}.")
    for number, row in enumerate(table[1:], 2):
        if len(row) != len(head):
            raise _unusable(path, f"Line {number} has {len(row)} cells, and the first has {len(head)}.")
    return [dict(zip(head, row, strict=True)) for row in table[1:]]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _list(names: Sequence[str]) -> str:
    return ", ".join(shown(name, 30) or "(none)" for name in names[:8]) + (" ..." if len(names) > 8 else "")


def _unusable(path: Path, why: str) -> DataError:
    return DataError(_what(path), why, _WANTED)


def _no_column(path: Path, why: str, columns: Sequence[str], wanted: str) -> ColumnError:
    return ColumnError(_what(path), why, _WANTED, tuple(columns), wanted)


def _what(path: Path) -> str:
    return f"{shown(path.name)} cannot be used as labelled data."
