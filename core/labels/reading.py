"""From a label file to what it says, in any of the forms that tools write."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import cast

from core.errors import LabelsError
from core.labels.lines import from_lines
from core.labels.text import brief, read_text, unusable
from core.labels.values import Labels, NameTable, names_of, table_from

_MAX_TEXT = 4 * 1024 * 1024
_ASSIGNED = re.compile(r"\s*[A-Za-z_]\w*\s*(?::[^=\n]*)?=\s*(?=[\[({])")
_YAML_KEY = re.compile(r"(?:^|\n)(?:names|classes|class_names|labels|label_names)[ \t]*:[ \t]*(?:\[|\{|#|\r?\n|$)")
_BY_INDEX = re.compile(r"index|idx|id2", re.IGNORECASE)
"""A file called so leads from indices to names, also where its numbers could be names of folders."""

_YAML = (".yaml", ".yml")


def read_labels(path: Path) -> Labels:
    """Class names in index order, from a label file.

    Text: one name a line, with or without its index before it (``0 cat``, ``0,cat``, ``0: cat``; only where
    the indices of all lines are 0, 1, 2 and so on).  A table (CSV, semicolons or tabs) with a column of indices and
    one of names, in any order, with or without headings.  JSON: a list of names; an object from index to name or
    from name to index; the last item where a name is a list (TorchServe); any of these in an object under a
    usual name such as ``classes``.  A Python list or dict, as text, is read like JSON; YAML likewise, with ``names``
    or ``classes`` as a list or a dictionary of indices.

    Raises:
        LabelsError: the file cannot be read, holds no names, or leaves out an index.
    """
    try:
        return names_of(read_table(path))
    except LabelsError as error:
        if error.what.startswith(path.name):
            raise
        raise LabelsError(f"{path.name} cannot be used for class names.", error.why, error.remedy) from error


def read_table(path: Path) -> NameTable:
    """All that a label file says, names of folders among it; see ``read_labels``.

    Raises:
        LabelsError: the file cannot be read, or nothing in it can be understood.
    """
    text = read_text(path, LabelsError)
    try:
        table = parse_table(text, path.suffix.lower())
    except LabelsError as error:
        raise LabelsError(f"{path.name} cannot be used for class names.", error.why, error.remedy) from error
    if _BY_INDEX.search(path.stem) and all(key.isdecimal() for key in table.readable):
        return replace(table, readable={})
    return table


def parse_labels(text: str, suffix: str = "") -> Labels:
    """Class names in index order, from the text of a label file; see ``read_labels``.

    Args:
        text: of the file.
        suffix: of its name, in lower case, with the dot; empty where there is none.
    """
    return names_of(parse_table(text, suffix))


def parse_table(text: str, suffix: str = "") -> NameTable:
    """All that the text of a label file says; see ``read_labels``.

    Raises:
        LabelsError: nothing in it can be understood.
    """
    if len(text) > _MAX_TEXT:
        raise unusable("it is longer than 4 MB, which no list of class names is")
    start = text.lstrip()[:1]
    if suffix in _YAML:
        return table_from(_yaml(text))
    if start in ("[", "{"):
        return table_from(_object(text))
    if _ASSIGNED.match(text) and (value := _literal(text[text.index("=") + 1 :])) is not None:
        return table_from(value)
    if suffix not in (".csv", ".tsv") and _YAML_KEY.search(text):
        return table_from(_yaml(text))
    return from_lines(text, suffix)


def _yaml(text: str) -> object:
    # Most label files are no YAML, and the library takes a while to load.
    from core.labels.yaml_text import parse_yaml

    return parse_yaml(text)


def _object(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        reason = str(error)
    # "{0: 'tench', 1: 'goldfish'}": ImageNet's names are passed around so.
    value = _literal(text)
    if value is None:
        raise unusable(f"it begins like JSON, but is none ({reason})")
    return value


def _literal(text: str) -> object:
    """A Python literal; ``None`` where it is none."""
    try:
        return cast(object, ast.literal_eval(text.strip()))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object in which each key occurs once; of two that are the same, JSON would keep the last without a word."""
    made = dict(pairs)
    if len(made) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise unusable(f"{brief(twice)} occurs twice")
    return made
