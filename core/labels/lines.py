"""Class names in text: a name a line, numbered lines, and tables with commas, semicolons or tabs between."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

from core.errors import LabelsError
from core.labels.text import unusable
from core.labels.values import WORDNET, Labels, NameTable, ordered

_NUMBERED = re.compile(r"(\d{1,9})(?:([,:;]\s*|\t\s*)|\s+)(\S.*)")
_WORDNET_LINE = re.compile(rf"({WORDNET.pattern})(?:\s*[,;:\t]\s*|\s+)(\S.*)")
_WHOLE = re.compile(r"\d{1,9}(\.0+)?")
_MARKS = ("\t", ";", ",")
_MANY = 10
"""So many lines in a row that begin with their number are numbered, even if they count from 1."""

_INDEX_WORDS = frozenset(
    {"", "index", "idx", "id", "classid", "classidx", "classindex", "classnumber", "labelid", "labelidx", "labelindex",
     "number", "no", "nr", "target", "targetid", "code", "output", "unnamed0"}
)  # fmt: skip
_NAME_WORDS = (
    "readable", "readablename", "displayname", "display", "name", "names", "classname", "classnames", "labelname",
    "labelnames", "categoryname", "class", "classes", "label", "labels", "category", "categories", "species", "title",
    "description", "text",
)  # fmt: skip
_FOLDER_WORDS = frozenset({"folder", "foldername", "directory", "dir", "wnid", "synset", "synsetid", "wordnetid"})

Rows = list[list[str]]


def from_lines(text: str, suffix: str = "") -> NameTable:
    """What lines of text say about class names.

    Args:
        text: of a label file.
        suffix: of its name, in lower case: ``.csv`` and ``.tsv`` are tables in any case.

    Raises:
        LabelsError: there are no names in it, or an index or a name is missing.
    """
    lines = [line.strip() for line in re.split(r"\r\n|\r|\n", text)]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise unusable("there are no names in it")
    is_table = suffix in (".csv", ".tsv")
    if not is_table and (numbered := _numbered(lines)):
        return NameTable(numbered)
    if readable := _wordnet(lines):
        return readable
    marks = ("\t",) if suffix == ".tsv" else _MARKS
    for mark in marks:
        table = _table(_rows(text, mark), certain=is_table)
        if table is not None:
            return table
    if is_table:
        return NameTable(_one_column(_rows(text, marks[-1])))
    if "" in lines:
        raise unusable(f"line {lines.index('') + 1} is empty, so the names after it would move up by one")
    return NameTable(tuple(lines))


def is_heading(name: str) -> bool:
    """Whether a name is one that stands above a column of names."""
    return _bare(name) in _NAME_WORDS


def _numbered(lines: Sequence[str]) -> Labels:
    """``0 cat``, ``0,cat`` or ``0: cat`` a line: the names without their numbers, where all count on."""
    parts = [_NUMBERED.fullmatch(line) for line in lines]
    matches = [part for part in parts if part is not None]
    if len(matches) != len(lines):
        return ()
    names = tuple(part[3] for part in matches)
    numbers = [int(part[1]) for part in matches]
    if numbers == list(range(len(lines))):
        return names
    # From 1, a number may as well be part of the name: "1 euro", "2 euro".
    marked = all(part[2] for part in matches)
    sure = marked or (len(lines) >= _MANY and len(set(names)) == len(names))
    return names if sure and numbers == list(range(1, len(lines) + 1)) else ()


def _wordnet(lines: Sequence[str]) -> NameTable | None:
    """``n01440764 tench, Tinca tinca`` a line, as ImageNet's own list has it."""
    matches = [_WORDNET_LINE.fullmatch(line) for line in lines]
    found = [(match[1], match[2].strip(" \"'")) for match in matches if match is not None]
    if len(found) != len(lines):
        return None
    return NameTable(tuple(name for _, name in found), dict(found))


def _rows(text: str, mark: str) -> Rows:
    try:
        rows = csv.reader(re.split(r"(?<=\r\n)|(?<=\n)|(?<=\r)(?!\n)", text), delimiter=mark, skipinitialspace=True)
        cells = [[cell.strip() for cell in row] for row in rows]
    except csv.Error:
        return []
    return [row for row in cells if any(row)]


def _table(rows: Rows, *, certain: bool) -> NameTable | None:
    """Names from a table of two columns or more; ``None`` where it is none."""
    if not rows or len(rows[0]) < 2 or len({len(row) for row in rows}) > 1:
        return None
    header = [_bare(cell) for cell in rows[0]]
    known = _INDEX_WORDS.union(_NAME_WORDS, _FOLDER_WORDS)
    has_header = len(rows) > 1 and sum(word in known for word in header) > 1
    body = rows[1:] if has_header else rows
    header = header if has_header else [""] * len(header)
    columns = [[row[number] for row in body] for number in range(len(header))]
    index = _index_column(columns, header, by_words=has_header)
    folders = next((i for i, cells in enumerate(columns) if _is_folders(cells, header[i])), None)
    if index is None and folders is None:
        if has_header and (names := _name_column(columns, header, ())) is not None:
            return NameTable(_named(columns[names], 2))
        return NameTable(_one_row(rows)) if certain and len(rows) == 1 else None
    names = _name_column(columns, header, tuple(i for i in (index, folders) if i is not None))
    if names is None:
        # The folder names are all the names there are.
        names, folders = folders, None
    if names is None:
        return None
    readable = {} if folders is None else dict(zip(columns[folders], columns[names], strict=True))
    if index is None:
        return NameTable(readable=readable, error=unusable("it names folders, and tells no order of classes"))
    if not readable and header[index] not in _INDEX_WORDS - {""}:
        # Without a heading, the numbers may be names of folders as well.
        readable = dict(zip(columns[index], columns[names], strict=True))
    return _by_index(columns[index], _named(columns[names], 2 if has_header else 1), readable)


def _by_index(indices: list[str], names: Labels, readable: dict[str, str]) -> NameTable:
    numbers = [int(float(cell)) for cell in indices]
    if numbers == list(range(1, len(numbers) + 1)):
        return NameTable(names, readable, note="Its numbers begin at 1, and are taken for the order of the classes.")
    try:
        return NameTable(ordered(list(zip(numbers, names, strict=True))), readable)
    except LabelsError as error:
        return NameTable(readable=readable, error=error)


def _index_column(columns: list[list[str]], header: list[str], *, by_words: bool) -> int | None:
    """The column of indices: whole numbers from 0 or 1 that each occur once; or what its heading calls so."""
    numbers = [i for i, cells in enumerate(columns) if all(_WHOLE.fullmatch(cell) for cell in cells)]
    whole = [i for i in numbers if header[i] not in _FOLDER_WORDS]
    counting = [i for i in whole if _counts(columns[i])]
    called = [i for i in whole if by_words and header[i] in _INDEX_WORDS]
    both = [i for i in counting if i in called]
    return next(iter((*both, *counting, *called)), None)


def _counts(cells: list[str]) -> bool:
    numbers = {int(float(cell)) for cell in cells}
    return len(numbers) == len(cells) and min(numbers) in (0, 1) and max(numbers) - min(numbers) == len(cells) - 1


def _is_folders(cells: list[str], heading: str) -> bool:
    return heading in _FOLDER_WORDS or all(WORDNET.fullmatch(cell) for cell in cells)


def _name_column(columns: list[list[str]], header: list[str], taken: tuple[int, ...]) -> int | None:
    """The column of names: by its heading, else the first that is not all numbers, else any."""
    free = [i for i in range(len(columns)) if i not in taken]
    by_heading = sorted((_NAME_WORDS.index(header[i]), i) for i in free if header[i] in _NAME_WORDS)
    texts = [i for i in free if not all(_WHOLE.fullmatch(cell) for cell in columns[i])]
    called = [i for _, i in by_heading]
    return next(iter((*[i for i in called if i in texts], *texts, *called, *free)), None)


def _one_column(rows: Rows) -> Labels:
    """A table without a second column, with or without a heading."""
    widths = [len(row) for row in rows]
    odd = next((number for number, width in enumerate(widths) if width != widths[0]), None)
    if not rows or odd is not None:
        where = f": line {odd + 1} has {widths[odd]} of them, and line 1 has {widths[0]}" if odd is not None else ""
        raise unusable(f"it is no table of so many columns in each line{where}")
    if widths[0] > 1:
        raise unusable("no column of it counts 0, 1, 2 and so on")
    names = [row[0] for row in rows]
    return _named(names[1:] if len(names) > 1 and is_heading(names[0]) else names, 1)


def _one_row(rows: Rows) -> Labels:
    return _named(rows[0], 1)


def _named(cells: Sequence[str], first_line: int) -> Labels:
    empty = next((number for number, cell in enumerate(cells) if not cell), None)
    if empty is not None:
        raise unusable(f"there is no name in line {empty + first_line}")
    return tuple(cells)


def _bare(heading: str) -> str:
    return re.sub(r"[^a-z0-9]", "", heading.lower())
