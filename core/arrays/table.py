"""Rows of numbers in ``.csv`` and ``.tsv`` files, found by their places and read one at a time."""

from __future__ import annotations

import csv
import functools
import itertools
import math
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.arrays import wording
from core.errors import ArrayError, shown

_MAX_BYTES = 4 * 1024**3
_MAX_LINE = 16 * 1024**2
_SAMPLE = 50
_MARKS = ("\t", ";", ",")
_MISSING = frozenset({"", "na", "n/a", "null", "none", "?", "-"})
_LABEL_WORDS = frozenset(
    {"label", "labels", "target", "targets", "class", "classes", "classid", "classname", "y", "species", "category"}
)
_INDEX_WORDS = frozenset({"", "index", "idx", "id", "unnamed0", "row", "rowid", "sample", "sampleid"})


@dataclass(frozen=True)
class Table:
    """A table whose rows are read when they are asked for.

    Attributes:
        path: of the file.
        mark: between cells; a blank stands for any run of blanks.
        header: names of the columns; empty where the file has none.
        columns: how many there are.
        starts: where each row begins, in bytes.
        texts: columns that hold texts in every row looked at.
        counting: the column that counts the rows from 0 or 1; -1 where none does.
    """

    path: Path
    mark: str
    header: tuple[str, ...]
    columns: int
    starts: array[int]
    texts: tuple[int, ...]
    counting: int

    def cells(self, row: int) -> list[str]:
        """The cells of a row.

        Raises:
            ArrayError: the file cannot be read any more.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(self.starts[row])
                return _split(_text(file.readline(_MAX_LINE)), self.mark)
        except OSError as error:
            raise wording.unreadable(self.path, error) from error

    def numbers(self, row: int, columns: Sequence[int], name: str) -> list[float]:
        """The numbers of a row, in some columns.

        Args:
            row: which, from 0.
            columns: which, from 0.
            name: of the row, for messages.

        Raises:
            ArrayError: a cell is empty or no number, or the row has more or fewer cells than the others.
        """
        cells = self.cells(row)
        if len(cells) != self.columns:
            why = f"It has {len(cells)} cells, and the other rows have {self.columns}."
            raise ArrayError(f"{name} is not like the other rows.", why, "Correct that line of the file.")
        return [self._number(cells[column], column, name) for column in columns]

    def title(self, column: int) -> str:
        """What a person calls a column: its number, and its name where it has one."""
        named = self.header[column] if column < len(self.header) else ""
        return f"{column + 1} ({shown(named, 30)})" if named else f"{column + 1}"

    def choose(self, features: int, name: str, target: int = -1) -> tuple[tuple[int, ...], str]:
        """Which columns go into a network that takes so many numbers, and what is left out, in words.

        Args:
            features: numbers in a row; 0 for all that are numbers.
            name: of the row, for messages.
            target: a column that is known to be the label, and is left out; -1 for none.

        Raises:
            ArrayError: there are more or fewer, and nothing tells which to leave out.
        """
        numeric = [column for column in range(self.columns) if column not in self.texts and column != target]
        if not numeric:
            why = f"Its cells are texts such as {shown(self.cells(0)[0], 30)!r}."
            raise ArrayError(f"{self.path.name} holds no numbers.", why, "Choose a table of numbers.")
        words = [_bare(self.header[column]) if column < len(self.header) else None for column in numeric]
        labelled = [column for column, word in zip(numeric, words, strict=True) if word in _LABEL_WORDS]
        indices = [column for column, word in zip(numeric, words, strict=True) if word in _INDEX_WORDS]
        if not self.header and self.counting in numeric:
            indices.append(self.counting)
        spare = len(numeric) - features if features else 0
        nothing: list[int] = []
        choices = (nothing, labelled, indices, [*labelled, *indices])
        dropped = next((choice for choice in choices if len(choice) == spare), None)
        if dropped is None or (spare and len(labelled) == len(indices) == spare):
            raise self._wrong_count(len(numeric), features, name)
        own = [target] if target >= 0 else list[int]()
        left_out = sorted({*dropped, *self.texts, *own})
        kept = tuple(column for column in numeric if column not in dropped)
        return kept, f"{self.path.name}: {self._left_out(left_out)}" if left_out else ""

    def _left_out(self, columns: Sequence[int]) -> str:
        titles = [self.title(column) for column in columns[:4]]
        if len(columns) > 4:
            titles.append(f"{len(columns) - 4} more")
        if len(titles) == 1:
            return f"column {titles[0]} is left out."
        return f"columns {', '.join(titles[:-1])} and {titles[-1]} are left out."

    def _wrong_count(self, count: int, features: int, name: str) -> ArrayError:
        remedy = "Choose the table that belongs to these weights."
        if count > features:
            remedy = "If it holds a label or an index as well, take that column out, or call it so in a first line."
        return ArrayError(
            f"{name} has {count:,} numbers, and the network takes {features:,}.",
            f"The network was made for rows of exactly {features:,} numbers.",
            remedy,
        )

    def _number(self, cell: str, column: int, name: str) -> float:
        value = to_number(cell, self.mark)
        if value is not None and math.isfinite(value):
            return value
        where = f"Column {self.title(column)}"
        if cell.lower() in _MISSING:
            raise ArrayError(f"{name} is not complete.", f"{where} is empty.", "Fill it in, or leave that row out.")
        if value is not None:
            raise not_finite(name, f"{where} is {shown(cell, 20)}.")
        remedy = "Take that column out, or write numbers in place of its texts."
        raise ArrayError(f"{name} has a text among its numbers.", f"{where} is {shown(cell, 40)!r}.", remedy)


def not_finite(name: str, why: str) -> ArrayError:
    """NaN or infinity among the numbers."""
    return ArrayError(f"{name} has a value that is no number.", why, "Fill it in, or leave that row out.")


def to_number(cell: str, mark: str = ",") -> float | None:
    """The number that a cell holds, NaN and infinity among them; ``None`` where it is none."""
    if "_" in cell:
        return None
    if mark != "," and "," in cell and "." not in cell:
        # "0,5;1,25", as a spreadsheet in many languages writes it.
        cell = cell.replace(",", ".", 1)
    try:
        return float(cell)
    except ValueError:
        return None


def read_table(path: Path, stamp: tuple[int, int]) -> Table:
    """Find the rows of a table; that of the file used last is kept.

    Args:
        path: of the file.
        stamp: changes when the file does.

    Raises:
        ArrayError: it cannot be read, is too large, or is no table.
    """
    if stamp[1] > _MAX_BYTES:
        raise wording.too_large(path, "It is larger than 4 GB.", "Split it into several files.")
    return _read_table(path, stamp)


@functools.lru_cache(maxsize=2)
def _read_table(path: Path, _stamp: tuple[int, int]) -> Table:
    starts = array("Q")
    lines: list[str] = []
    comment = ""
    try:
        with path.open("rb") as file:
            place = 0
            while line := file.readline(_MAX_LINE):
                if len(line) == _MAX_LINE:
                    raise wording.too_large(path, "One line of it takes more than 16 MB.", "Check that it is a table.")
                if b"\0" in line:
                    raise ArrayError(f"{path.name} is no text.", "It holds bytes that no table has.", "Save it as CSV.")
                if line.strip() and not line.startswith(b"#"):
                    starts.append(place)
                    if len(lines) <= _SAMPLE:
                        lines.append(_text(line))
                    if len(starts) > wording.MAX_ROWS + 1:
                        raise wording.too_many(path, len(starts))
                elif not lines and line.startswith(b"#"):
                    comment = _text(line)[1:]
                place += len(line)
    except OSError as error:
        raise wording.unreadable(path, error) from error
    return _table(path, lines, comment, starts)


def _table(path: Path, lines: list[str], comment: str, starts: array[int]) -> Table:
    if not lines:
        raise ArrayError(f"{path.name} is empty.", "There is no row in it.", "Choose a table of numbers.")
    mark = _mark(path, lines)
    rows = [_split(line, mark) for line in lines]
    header: tuple[str, ...] = ()
    if _is_header(rows, mark):
        header, rows, starts = tuple(rows[0]), rows[1:], starts[1:]
    elif comment and len(_split(comment, mark)) == len(rows[0]):
        # numpy.savetxt puts its header behind a "#".
        header = tuple(_split(comment, mark))
    if not rows:
        raise ArrayError(f"{path.name} is empty.", "There is only a line of headings in it.", "Add rows of numbers.")
    count = max((len(row) for row in rows), key=[len(row) for row in rows].count)
    if len(header) == count - 1:
        # R has no heading above the names of its rows.
        header = ("", *header) if header else ()
    elif len(header) != count:
        header = ()
    whole = [row for row in rows if len(row) == count]
    columns = [[row[column] for row in whole] for column in range(count)]
    texts = tuple(number for number, cells in enumerate(columns) if all(_is_text(cell, mark) for cell in cells))
    counting = next((number for number, cells in enumerate(columns) if _counts(cells)), -1)
    return Table(path, mark, header, count, starts, texts, counting if counting in (0, count - 1) else -1)


def _mark(path: Path, lines: Sequence[str]) -> str:
    """What stands between the cells."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    for mark in _MARKS:
        counts = {line.count(mark) for line in lines[:5]}
        if counts != {0} and (len(counts) == 1 or mark == ","):
            return mark
    return " " if len(lines[0].split()) > 1 else ","


def _split(line: str, mark: str) -> list[str]:
    if mark == " ":
        return line.split()
    try:
        rows = list(csv.reader([line], delimiter=mark, skipinitialspace=True))
    except csv.Error:
        rows = [line.split(mark)]
    return [cell.strip() for cell in rows[0]] if rows else []


def _text(line: bytes) -> str:
    return line.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace").rstrip("\r\n")


def _is_header(rows: Sequence[Sequence[str]], mark: str) -> bool:
    """Whether the first row holds texts where the next ones hold numbers."""
    first = rows[0]
    counted = first[1:] if first[0] == "" else first
    if len(counted) > 2 and len(rows) > 1 and counted == [str(number) for number in range(len(counted))]:
        # Columns that have no names, as pandas writes them.
        return True
    if not any(_is_text(cell, mark) for cell in first):
        return False
    if len(rows) == 1:
        return all(_is_text(cell, mark) or not cell for cell in first)
    pairs = [(cell, [row[number] for row in rows[1:] if number < len(row)]) for number, cell in enumerate(first)]
    over_numbers = [cell for cell, below in pairs if any(to_number(each, mark) is not None for each in below)]
    return any(_is_text(cell, mark) for cell in over_numbers) and not any(
        to_number(cell, mark) is not None for cell in over_numbers
    )


def _is_text(cell: str, mark: str) -> bool:
    return to_number(cell, mark) is None and cell.lower() not in _MISSING


def _counts(cells: Sequence[str]) -> bool:
    """Whether cells are 0, 1, 2 or 1, 2, 3 and so on."""
    if len(cells) < 3 or not all(re.fullmatch(r"\d{1,9}", cell) for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    return numbers[0] in (0, 1) and all(after - before == 1 for before, after in itertools.pairwise(numbers))


def _bare(heading: str) -> str:
    return re.sub(r"[^a-z0-9]", "", heading.lower())
