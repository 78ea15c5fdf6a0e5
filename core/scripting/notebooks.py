"""A script in sections, as a Python file and as a notebook (nbformat 4.5)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A part of a script.

    Attributes:
        title: what it does, for a notebook's reader; may be empty.
        lines: of Python.
    """

    title: str
    lines: tuple[str, ...]


def to_file(about: Sequence[str], sections: Iterable[Section]) -> str:
    """A Python file: what it is about as its docstring, then its sections.

    Args:
        about: lines of text, without three double quotes in a row.
        sections: in order.
    """
    parts = ["\n".join(('"""' + about[0], *about[1:], '"""'))]
    parts += ["\n".join(section.lines).strip("\n") for section in sections if any(section.lines)]
    text = parts[0] + "\n\n" + parts[1]
    for part in parts[2:]:
        blank = "\n\n\n" if part.startswith(("def ", "class ", "@", "if __name__")) else "\n\n"
        text += blank + part
    return text + "\n"


def to_notebook(about: Sequence[str], sections: Iterable[Section]) -> str:
    """A notebook: what it is about, then a heading and a cell of code for each section.

    Args:
        about: lines of Markdown.
        sections: in order.
    """
    cells: list[dict[str, object]] = [_cell(0, "markdown", "\n".join(about))]
    for section in sections:
        code = "\n".join(section.lines).strip("\n")
        if section.title:
            cells.append(_cell(len(cells), "markdown", section.title))
        if code:
            cells.append(_cell(len(cells), "code", code))
    document = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _cell(number: int, kind: str, text: str) -> dict[str, object]:
    # The same script has the same ids each time it is made.
    name = hashlib.sha256(f"{number} {text}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
    cell: dict[str, object] = {"cell_type": kind, "id": name, "metadata": {}, "source": text.splitlines(keepends=True)}
    if kind == "code":
        cell["execution_count"], cell["outputs"] = None, []
    return cell
