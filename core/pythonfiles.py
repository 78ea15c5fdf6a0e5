"""A person's Python file and what it imports from its own folder, read and hashed without running any of it."""

from __future__ import annotations

import ast
import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import WhatsitError, shown
from core.questions import TrustRequest

MAX_FILES = 500
MAX_BYTES = 8 * 1024 * 1024

_COMPILED = (".so", ".pyd", ".pyc", ".dylib")
_FEW = 12
_REACHES_OUT = {
    "os": "the system and its files",
    "sys": "the running program",
    "subprocess": "other programs",
    "shutil": "files",
    "pathlib": "files",
    "socket": "the network",
    "urllib": "the network",
    "http": "the network",
    "requests": "the network",
    "ftplib": "the network",
    "smtplib": "the network",
    "ctypes": "the system's libraries",
    "importlib": "code that is named while it runs",
    "runpy": "code that is named while it runs",
    "pickle": "pickles, which may run code",
    "builtins": "Python itself",
}
_CALLS = {"eval", "exec", "compile", "open", "__import__"}


@dataclass(frozen=True)
class PythonSource:
    """A Python file, with what it imports from its own folder.

    Attributes:
        file: the path as given.
        sha256: of the file; where there are others, of the lines ``sha256  name`` of all, in order.
        also: the paths of the others, sorted.
        sources: the bytes of all that were hashed, by path: what is to be run, so that nothing changes in between.
        contents: what is in them, in plain words, one line each.
    """

    file: str
    sha256: str
    also: tuple[str, ...]
    sources: dict[str, bytes]
    contents: tuple[str, ...]

    @property
    def request(self) -> TrustRequest:
        """What to ask a person before it runs."""
        return TrustRequest(self.file, "python", self.sha256, self.contents, self.also)


def read_python(path: Path) -> PythonSource:
    """Read a Python file and all that it imports from its own folder, as far as its text tells.

    Files that are imported by a name which is made while it runs cannot be seen; that it does so is said.

    Raises:
        WhatsitError: a file cannot be read, or there are too many.
    """
    root = path.parent
    sources: dict[Path, bytes] = {}
    trees: dict[Path, ast.Module | None] = {}
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file in sources:
            continue
        sources[file] = _read(file)
        trees[file] = _parse(sources[file]) if file.suffix not in _COMPILED else None
        if len(sources) > MAX_FILES or sum(len(data) for data in sources.values()) > MAX_BYTES:
            raise WhatsitError(
                f"{shown(path.name)} imports too much from its own folder.",
                f"It is more than {MAX_FILES} files, or {MAX_BYTES:,} bytes.",
                "Put the file that defines the network into a folder of its own, with what it needs.",
            )
        tree = trees[file]
        if tree is not None:
            waiting.extend(_local_imports(tree, file, root))
    others = sorted(file for file in sources if file != path)
    return PythonSource(
        file=str(path),
        sha256=_hash(path, others, sources),
        also=tuple(str(file) for file in others),
        sources={str(file): data for file, data in sources.items()},
        contents=tuple(_contents(path, others, trees)),
    )


def sha256_of_python(path: Path) -> tuple[str, tuple[str, ...]]:
    """The hash that a person's word for a Python file covers, and the paths of the other files that it covers.

    Raises:
        WhatsitError: a file cannot be read, or there are too many.
    """
    source = read_python(path)
    return source.sha256, source.also


def _read(file: Path) -> bytes:
    try:
        if file.exists() and not file.is_file():
            raise OSError("it is no plain file")
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise WhatsitError(
            f"{shown(file.name)} cannot be read.", f"The system says: {error}.", "Choose another Python file."
        ) from error
    return data


def _parse(data: bytes) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _hash(path: Path, others: list[Path], sources: dict[Path, bytes]) -> str:
    first = hashlib.sha256(sources[path]).hexdigest()
    if not others:
        return first
    lines = [f"{first}  {path.name}\n"]
    for file in others:
        name = file.relative_to(path.parent).as_posix()
        lines.append(f"{hashlib.sha256(sources[file]).hexdigest()}  {name}\n")
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _local_imports(tree: ast.Module, file: Path, root: Path) -> Iterator[Path]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _along(root, alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            start = _start(file, node.level, root)
            if start is not None:
                names = node.module.split(".") if node.module else []
                yield from _along(start, names)
                for alias in node.names:
                    yield from _along(start, [*names, alias.name])


def _start(file: Path, level: int, root: Path) -> Path | None:
    """The folder in which an import's first name is looked up; ``None`` where that is outside of the root."""
    if level == 0:
        return root
    folder = file.parent
    for _ in range(level - 1):
        folder = folder.parent
    return folder if folder == root or root in folder.parents else None


def _along(folder: Path, names: list[str]) -> Iterator[Path]:
    """The files that importing a dotted name runs, one after the other; also those that it might."""
    if folder.joinpath("__init__.py").is_file() and not names:
        yield folder / "__init__.py"
    for name in names:
        if not name.isidentifier():
            return
        for file in (folder / f"{name}.py", folder / name / "__init__.py"):
            if file.is_file():
                yield file
        if folder.is_dir():
            yield from sorted(
                file
                for file in folder.glob(f"{name}.*")
                if file.suffix in _COMPILED and file.name.partition(".")[0] == name and file.is_file()
            )
        folder = folder / name


def _contents(path: Path, others: list[Path], trees: dict[Path, ast.Module | None]) -> Iterator[str]:
    """What is in the files, in plain words."""
    tree = trees[path]
    if tree is None:
        yield "Its text is no valid Python, as far as can be told without running it."
        return
    classes = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    yield f"It defines the classes {_listed(classes)}." if classes else "It defines no classes."
    imported: set[str] = set()
    calls: set[str] = set()
    for each in trees.values():
        for node in ast.walk(each) if each is not None else ():
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                imported.add(node.module.partition(".")[0])
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
                calls.add(f"{node.func.id}()")
    own = {file.relative_to(path.parent).parts[0].partition(".")[0] for file in others}
    if others:
        yield f"It imports from its own folder: {_listed([str(file.relative_to(path.parent)) for file in others])}."
    if imported - own:
        yield f"It imports {_listed(sorted(imported - own))}."
    reached = sorted(name for name in imported if name in _REACHES_OUT)
    if reached or calls:
        words = [f"{name} ({_REACHES_OUT[name]})" for name in reached] + sorted(calls)
        yield f"It can reach beyond pictures and numbers: it uses {_listed(words)}."
    compiled = [file.name for file in others if file.suffix in _COMPILED]
    if compiled:
        yield f"Compiled code that nobody can read is part of it: {_listed(compiled)}."


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(shown(name) for name in names[:_FEW]) + more
