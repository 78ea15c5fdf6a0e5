"""The text of a person's Python file, and of the files beside it that it imports; nothing runs."""

from __future__ import annotations

import ast
import io
import json
import re
import sys
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from core.checkpoints.values import as_dict, shown
from core.errors import UsageError

MAX_BYTES = 5_000_000
MAX_STATEMENTS = 10_000
"""In one file, outside of classes and functions."""
MAX_IMPORTS = 2000
MAX_FILES = 200
_CHOOSE = "Choose the Python file in which the network's class is written."
_INSTALLED = frozenset({"torch", "torchvision", "timm", "numpy", "PIL"})
_CELL = re.compile(r"\s*%%(\w+)")
_AROUND = frozenset({"time", "timeit", "capture", "prun", "python3", "python"})
"""Magics around a cell that is Python all the same."""
_ASSIGNED = re.compile(r"(\s*[\w, ]+\s*=\s*)[!%]\w")
_HELP = re.compile(r"\s*[\w.]+\?{1,2}\s*$")
_MOST_BESIDE = 40
_ABOVE = 2
"""How many folders above a file its project's own modules are looked for."""


@dataclass(frozen=True)
class Text:
    """A Python file as text.

    Attributes:
        path: where it lies.
        data: its bytes.
        tree: what Python makes of it.
        cells: for a notebook, the number of the cell (from 1) and of the line in it, for each line; else empty.
    """

    path: Path
    data: bytes
    tree: ast.Module
    cells: tuple[tuple[int, int], ...] = ()

    def where(self, line: int) -> str:
        """A line as a person finds it: ``line 12``, or ``cell 3, line 2``."""
        if not self.cells:
            return f"line {line}"
        cell, within = self.cells[max(0, min(line, len(self.cells)) - 1)]
        return f"cell {cell}, line {within}"

    @cached_property
    def imports(self) -> tuple[ast.Import | ast.ImportFrom, ...]:
        """All import statements, those within functions too."""
        return tuple(node for node in ast.walk(self.tree) if isinstance(node, ast.Import | ast.ImportFrom))


@dataclass(frozen=True)
class Place:
    """A module among a person's files: a file, or a folder that is a package without ``__init__.py``.

    Attributes:
        path: the .py file, or the folder.
        folder: where its submodules lie; ``None`` if it can have none.
    """

    path: Path
    folder: Path | None = None


def python_files(folder: Path) -> list[Path]:
    """The .py files and notebooks of a folder, sorted; not more than some dozens, and none where it cannot be read."""
    try:
        return sorted([*folder.glob("*.py"), *folder.glob("*.ipynb")])[:_MOST_BESIDE]
    except OSError:
        return []


def read_text(path: Path) -> Text:
    """Read a .py file or a notebook.

    Raises:
        UsageError: it is missing, no text, too large, or no Python.
    """
    name = shown(path.name or path)
    try:
        if path.is_dir():
            raise UsageError(f"{name} is a folder.", "A network is defined in a file.", _CHOOSE)
        if path.exists() and not path.is_file():
            raise UsageError(f"{name} is no plain file, but a device or a pipe.", "", _CHOOSE)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise UsageError(f"{name} does not exist.", f"There is nothing at {shown(path, 300)}.", _CHOOSE) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{name} cannot be read.", f"The system says: {error}.", _CHOOSE) from error
    if len(data) > MAX_BYTES:
        why = f"Code that people write is smaller than {MAX_BYTES // 1_000_000} MB."
        raise UsageError(f"{name} is too large to be a network's code.", why, _CHOOSE)
    if data[:5].lstrip()[:1] == b"{" and path.suffix.lower() == ".ipynb":
        return _notebook(path, data)
    return Text(path, data, _parsed(path, decoded(path, data)))


def decoded(path: Path, data: bytes) -> str:
    """The text of a Python file's bytes, in the encoding that it names.

    Raises:
        UsageError: they are no text.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise UsageError(
            f"{shown(path.name)} is no Python text.",
            "Its bytes cannot be read as letters.",
            "Save it as UTF-8 in your editor, or choose the Python file in which the network's class is written.",
            detail=str(error),
        ) from error
    return text


def _parsed(path: Path, text: str, cells: tuple[tuple[int, int], ...] = ()) -> ast.Module:
    try:
        tree = ast.parse(text, str(path))
        imports = sum(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(tree))
        if len(tree.body) > MAX_STATEMENTS or imports > MAX_IMPORTS:
            raise ValueError(
                f"It has {len(tree.body):,} statements and {imports:,} imports, more than any network's code"
            )
        return tree
    except SyntaxError as error:
        where = Text(path, b"", ast.Module([], []), cells).where(error.lineno or 1)
        raise UsageError(
            f"{shown(path.name)} is no Python that can be read: {where}.",
            f"Python says: {shown(error.msg)}.",
            f"Correct that line; Python {sys.version_info.major}.{sys.version_info.minor} reads it here.",
            detail=shown(error.text or "", 300),
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        why = str(error) if isinstance(error, ValueError) else "Its expressions lie too deep in one another"
        raise UsageError(f"{shown(path.name)} is no Python that can be read.", f"{why}.", _CHOOSE) from error


def _notebook(path: Path, data: bytes) -> Text:
    """The code cells of a notebook, one after another; lines that are no Python (``%``, ``!``) become empty."""
    try:
        content: object = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{shown(path.name)} is a damaged notebook.", "It is no JSON.", "Save it again, or choose a .py file."
        ) from error
    listed = as_dict(content).get("cells")
    lines: list[str] = []
    whole: list[str] = []
    cells: list[tuple[int, int]] = []
    for number, cell in enumerate(cast("list[object]", listed) if isinstance(listed, list) else [], 1):
        fields = as_dict(cell)
        if fields.get("cell_type") != "code":
            continue
        source = fields.get("source")
        text = "".join(str(part) for part in cast("list[object]", source)) if isinstance(source, list) else str(source)
        plain = _without_magics(text.splitlines())
        lines += plain
        # Half-written cells are common, and the network is in another.
        whole += plain if _is_python(plain) else ["" for _ in plain]
        cells += [(number, within) for within in range(1, len(plain) + 1)]
    if not lines:
        raise UsageError(f"{shown(path.name)} has no code.", "No cell of the notebook holds any.", _CHOOSE)
    try:
        tree = _parsed(path, "\n".join(lines) + "\n", tuple(cells))
    except UsageError:
        tree = _parsed(path, "\n".join(whole) + "\n", tuple(cells))
        if not any(isinstance(node, ast.ClassDef | ast.FunctionDef) for node in tree.body):
            raise
    return Text(path, data, tree, tuple(cells))


def _without_magics(lines: Sequence[str]) -> list[str]:
    """A cell's lines as Python: what only a notebook understands does nothing, in a line of its own.

    A cell of another language, such as a shell's, is empty; one that writes a Python file is that file.
    """
    first = next((line for line in lines if line.strip()), "")
    kind = _CELL.match(first)
    if kind and kind[1] not in _AROUND and not (kind[1] == "writefile" and first.rstrip().endswith(".py")):
        return ["" for _ in lines]
    plain: list[str] = []
    for line in lines:
        indent = line[: len(line) - len(line.lstrip())]
        assigned = _ASSIGNED.match(line)
        if line.lstrip().startswith("%%"):
            plain.append("")
        elif line.lstrip().startswith(("%", "!", "?")) or (_HELP.match(line) and "#" not in line):
            plain.append(f"{indent}pass")
        else:
            plain.append(f"{assigned[1]}None" if assigned else line)
    return plain


def _is_python(lines: Sequence[str]) -> bool:
    try:
        ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


class Bundle:
    """A file and all of its own modules that it imports, read once: what is hashed is what runs.

    Attributes:
        main: the file that a person chose.
        texts: each file by its path, the chosen one first, then sorted.
    """

    def __init__(self, path: Path) -> None:
        self.main = read_text(path.absolute())
        found: dict[Path, Text] = {self.main.path: self.main}
        waiting = [self.main]
        while waiting:
            for place in self.imported(waiting.pop()):
                if place.path not in found and place.path.suffix == ".py":
                    if len(found) >= MAX_FILES:
                        raise UsageError(
                            f"{shown(path.name)} imports more than {MAX_FILES} files of its folder.",
                            "So many are not read.",
                            "Choose a file that holds the network alone.",
                        )
                    found[place.path] = read_text(place.path)
                    waiting.append(found[place.path])
        rest = sorted(text for text in found if text != self.main.path)
        self.texts: Mapping[Path, Text] = {self.main.path: self.main, **{each: found[each] for each in rest}}

    def imported(self, text: Text) -> Iterator[Place]:
        """The person's own modules that a file's import statements name."""
        for node in text.imports:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield from self.resolve(text.path, alias.name, 0)
                continue
            chain = self.resolve(text.path, node.module or "", node.level)
            yield from chain
            if chain:
                for alias in node.names:
                    below = submodule(chain[-1], alias.name)
                    if below is not None:
                        yield below

    def resolve(self, importer: Path, name: str, level: int) -> tuple[Place, ...]:
        """The person's own modules that an import names, one for each part; empty if they are none of the person's.

        Args:
            importer: the file in which the import stands.
            name: dotted, as written; may be empty if there is a level.
            level: leading dots.
        """
        parts = [part for part in name.split(".") if part]
        if level:
            folder = importer.parent
            for _ in range(level - 1):
                folder = folder.parent
            if not parts:
                return (_package(folder),)
            return _chain(folder, parts)
        if not parts or parts[0] in sys.stdlib_module_names or parts[0] in _INSTALLED:
            return ()
        folders = [self.main.path.parent, importer.parent]
        above = importer.parent
        # A project's other folders, as if it were run from its top; what is installed goes before those.
        for _ in range(_ABOVE if not _is_installed(parts[0]) else 0):
            above = above.parent
            folders.append(above)
        for folder in dict.fromkeys(folders):
            chain = _chain(folder, parts)
            if chain:
                return chain
        return ()


def _is_installed(name: str) -> bool:
    """Whether a package is there, as far as that can be told without importing it."""
    loaded = sys.modules.get(name)
    # Of what is loaded and has no place of its own, such as `__main__`, `find_spec` tells nothing.
    return loaded is not None or (name not in sys.modules and find_spec(name) is not None)


def submodule(place: Place, name: str) -> Place | None:
    """A module below a package; ``None`` if there is none of this name."""
    chain = _chain(place.folder, [name]) if place.folder is not None else ()
    return chain[0] if chain else None


def _package(folder: Path) -> Place:
    init = folder / "__init__.py"
    return Place(init if init.is_file() else folder, folder)


def _chain(folder: Path, parts: list[str]) -> tuple[Place, ...]:
    places: list[Place] = []
    for index, part in enumerate(parts):
        if not part.isidentifier():
            return ()
        inside, file = folder / part, folder / f"{part}.py"
        if (inside / "__init__.py").is_file():
            places.append(Place(inside / "__init__.py", inside))
        elif file.is_file():
            places.append(Place(file))
        elif inside.is_dir() and any(inside.glob("*.py")):
            places.append(Place(inside, inside))
        else:
            return ()
        if places[-1].folder is None and index + 1 < len(parts):
            return ()
        folder = inside
    return tuple(places)
