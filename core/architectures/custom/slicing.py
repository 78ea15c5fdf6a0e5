"""Which statements of a file run: those that its networks need, and no others.

People keep a network and its training in one file.  Running such a file would read data sets, download weights
and train.  So the file is never run as a whole: kept are the classes and functions that are asked for, and, step
by step, the imports, constants and helpers that these name.  A package that only the training uses may be missing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_ADDS = frozenset(
    {
        "append",
        "extend",
        "insert",
        "add",
        "update",
        "setdefault",
        "add_module",
        "register_module",
        "add_argument",
        "set_defaults",
    }
)
_TRAINING = frozenset(
    {"backward", "step", "zero_grad", "fit", "DataLoader", "load_dataset", "ImageFolder", "urlretrieve", "makedirs"}
)
"""Calls that give a training loop away; a network's code at a file's top level has none of them."""
_LOOKUPS = frozenset({"globals", "vars", "eval", "exec", "locals", "dir"})
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Slice:
    """What is kept of a file.

    Attributes:
        kept: top-level statements, in their order; compound ones hold only what is kept of them.
        trains: line of the first statement left out that trains or reads data; 0 if none does.
    """

    kept: tuple[ast.stmt, ...]
    trains: int = 0


def needed(tree: ast.Module, roots: Iterable[str]) -> Slice:
    """The statements that some top-level names need."""
    names = set(roots)
    if _looks_up(tree):
        names |= {node.name for node in tree.body if isinstance(node, _Definition)}
    while True:
        kept = _filtered(tree.body, names)
        used = {name for statement in kept for name in _used(statement)}
        if used <= names:
            break
        names |= used
    lines = [node.lineno for node in tree.body if trains(node) and not isinstance(node, _Definition)]
    return Slice(tuple(kept), min(lines, default=0))


def trains(statement: ast.AST) -> bool:
    """Whether a statement, but for functions defined in it, trains or reads data."""
    for node in _outside_functions(statement):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in _TRAINING or any(word.arg in ("download", "train_dataloader") for word in node.keywords):
                return True
    return False


def bound(statement: ast.stmt) -> Iterator[str]:
    """Names that a top-level statement gives a value to, or changes the value of; ``*`` for all."""
    if isinstance(statement, _Definition):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        for alias in statement.names:
            yield alias.asname or alias.name.partition(".")[0]
    else:
        for node in _outside_functions(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            elif isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
                yield from _base(node)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ADDS:
                yield from _base(node.func)
            elif isinstance(node, _Definition):
                yield node.name


def _filtered(body: Sequence[ast.stmt], names: set[str]) -> list[ast.stmt]:
    kept: list[ast.stmt] = []
    for statement in body:
        if isinstance(statement, ast.If):
            inside, otherwise = _filtered(statement.body, names), _filtered(statement.orelse, names)
            if (inside or otherwise) and not is_main(statement.test):
                kept.append(_copied(ast.If(statement.test, inside or [ast.Pass()], otherwise), statement))
        elif isinstance(statement, ast.Try):
            inside = _filtered(statement.body, names)
            if inside:
                handlers = [_handler(handler, names) for handler in statement.handlers]
                rest = (_filtered(statement.orelse, names), _filtered(statement.finalbody, names))
                # Without a handler, what it would have ended with ends it here, too.
                made = ast.Try(inside, handlers, *rest) if handlers or rest[1] else None
                kept.extend([_copied(made, statement)] if made else inside)
        elif _wanted(statement, names):
            kept.append(statement)
    return kept


def _handler(handler: ast.ExceptHandler, names: set[str]) -> ast.ExceptHandler:
    body = _filtered(handler.body, names)
    return ast.copy_location(
        ast.ExceptHandler(handler.type, handler.name, body or [_copied(ast.Pass(), handler)]), handler
    )


def _copied(made: ast.stmt, original: ast.AST) -> ast.stmt:
    return ast.fix_missing_locations(ast.copy_location(made, original))


def _wanted(statement: ast.stmt, names: set[str]) -> bool:
    if isinstance(statement, ast.ImportFrom) and (statement.module == "__future__" or statement.names[0].name == "*"):
        return True
    if names.isdisjoint(bound(statement)):
        return False
    return isinstance(statement, _Definition) or not trains(statement)


def is_main(test: ast.expr) -> bool:
    """Whether a condition asks if the file is the program, as in ``if __name__ == "__main__"``."""
    return any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(test))


def _used(statement: ast.AST) -> Iterator[str]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Global):
            yield from node.names


def _looks_up(tree: ast.Module) -> bool:
    """Whether a file looks names up by their text, so that any definition may be needed."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _LOOKUPS:
            return True
        if isinstance(node, ast.Attribute) and node.attr == "modules" and getattr(node.value, "id", "") == "sys":
            return True
    return False


def _base(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Name):
        yield node.id


def _outside_functions(statement: ast.AST) -> Iterator[ast.AST]:
    """A statement and all within it, without the bodies of functions and classes in it."""
    yield statement
    if isinstance(statement, _Definition | ast.Lambda):
        return
    for node in ast.iter_child_nodes(statement):
        yield from _outside_functions(node)
