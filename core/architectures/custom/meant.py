"""Which of a file's networks was trained, where several fit the same weights: what the weights and the code say."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from core.architectures.custom.source import python_files, read_text
from core.checkpoints.values import as_dict
from core.errors import UsageError

_KEYS = ("arch", "architecture", "model_name", "model_class", "class_name", "model", "network", "net", "name")
_PLACES = ("args", "hyper_parameters", "hparams", "config", "cfg", "meta")
_LARGEST = 1_000_000
_PARSED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def named_in(metadata: Mapping[str, object], names: Iterable[str]) -> str:
    """The network that a checkpoint's own values name; empty where they name none.

    Args:
        metadata: plain values beside the tensors, such as ``arch`` and ``hyper_parameters``.
        names: of the networks that there are; ``SmallNet`` is also written ``small_net`` and ``small-net``.
    """
    known = {_plain(name): name for name in names}
    for place in (metadata, *(as_dict(metadata.get(key)) for key in _PLACES)):
        for key in _KEYS:
            value = place.get(key)
            if isinstance(value, str) and (found := known.get(_plain(value.rpartition(".")[2]))):
                return found
    return ""


def made_in(trees: Sequence[ast.Module], names: Iterable[str]) -> tuple[str, ...]:
    """Those of some classes and functions that code calls when it runs, as training does.

    What is called from the top level of a file, ``if __name__ == "__main__"`` included, and from what that calls,
    goes before what is called anywhere.

    Args:
        trees: the files, the most telling first; the first that calls any of these decides.
        names: of the classes and functions.

    Returns:
        The names, each once; empty where no file calls any.
    """
    wanted = tuple(names)
    for tree in trees:
        reached, anywhere = _reached(tree), set(_called(tree.body, deep=True))
        for called in (reached, anywhere):
            if found := tuple(name for name in wanted if name in called):
                return found
    return ()


def leaves(trees: Iterable[ast.Module], names: Iterable[str]) -> tuple[str, ...]:
    """Those of some classes from which no other of them inherits: a base is there for others."""
    wanted = tuple(names)
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    bases = {node.name: _bases(node) for node in nodes}
    return tuple(name for name in wanted if not any(name in _above(other, bases) for other in wanted if other != name))


def importing(path: Path) -> Iterator[ast.Module]:
    """The Python files beside one that import it by its name, such as the script that trains; nothing runs."""
    for file in python_files(path.parent):
        try:
            text = read_text(file) if file != path and file.stat().st_size <= _LARGEST else None
        except (OSError, UsageError):
            continue
        if text is not None and any(path.stem in _modules(node) for node in text.imports):
            yield text.tree


def _modules(node: ast.Import | ast.ImportFrom) -> tuple[str, ...]:
    names = [alias.name for alias in node.names]
    names = [node.module or "", *names] if isinstance(node, ast.ImportFrom) else names
    return tuple(name.rpartition(".")[2] for name in names)


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _bases(node: ast.ClassDef) -> frozenset[str]:
    return frozenset(_last(base) for base in node.bases)


def _above(name: str, bases: Mapping[str, frozenset[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = bases.get(waiting.pop(), frozenset()) - found
        found |= new
        waiting.extend(new)
    return found


def _reached(tree: ast.Module) -> set[str]:
    """Names of what a file calls when it runs."""
    defined = {node.name: node for node in tree.body if isinstance(node, _PARSED)}
    found: set[str] = set()
    waiting = list(_called([node for node in tree.body if not isinstance(node, _PARSED)]))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            node = defined.get(name)
            waiting.extend(_called(node.body, deep=True) if node is not None else ())
    return found


def _called(body: Sequence[ast.stmt], *, deep: bool = False) -> Iterator[str]:
    """Last names of what statements call; a function that is handed on, as to ``fire.Fire(train)``, is called, too."""
    for statement in body:
        for node in ast.walk(statement) if deep or not isinstance(statement, _PARSED) else ():
            if isinstance(node, ast.Call):
                yield _last(node.func)
                yield from (each.id for each in node.args if isinstance(each, ast.Name) and each.id.islower())


def _last(value: ast.expr) -> str:
    return getattr(value, "attr", "") or getattr(value, "id", "")
