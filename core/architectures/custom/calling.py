"""What a person's file says of how its networks are made: the calls and constants in it."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Mapping
from typing import cast

from core.architectures.custom.reading import SourceClass
from core.architectures.custom.settings import Written
from core.architectures.custom.slicing import bound, needed

_PAIR = re.compile(r"(?<![\d.])(\d{2,4}),\s*(\d{2,4})(?![\d.])")
_SMALLEST, _LARGEST, _MOST_SIZES = 16, 1024, 12


def used_by(tree: ast.Module, name: str) -> tuple[str, ...]:
    """Names at a file's top level that a class, function or value uses, in the order of the file."""
    loads = {
        node.id
        for statement in needed(tree, [name]).kept
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    return tuple(dict.fromkeys(name for statement in tree.body for name in bound(statement) if name in loads))


def given_to(tree: ast.Module, names: set[str]) -> Iterator[str]:
    """Imported names that a file's own calls of some classes and functions need."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names]
    values = [value for call in calls for value in (*call.args, *(word.value for word in call.keywords))]
    used = {node.id for value in values for node in ast.walk(value) if isinstance(node, ast.Name)}
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            yield from used.intersection(bound(statement))


def written_for(tree: ast.Module, there: Mapping[str, object], item: SourceClass) -> Mapping[str, object]:
    """Arguments with which a file calls a class or function, where all its calls agree.

    Args:
        tree: the file.
        there: its names, with their values.
        item: the class or function.

    Returns:
        Plain values as such, other expressions as ``Written`` where they need no variable of a function.
    """
    names = [parameter.name for parameter in item.parameters if not parameter.within]
    found: dict[str, list[object]] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != item.name:
            continue
        positional = itertools.takewhile(lambda each: not isinstance(each, ast.Starred), node.args)
        pairs = [*zip(names, positional, strict=False), *((word.arg, word.value) for word in node.keywords)]
        for name, value in pairs:
            if name in names:
                found.setdefault(name, []).append(_value_of(value, tree, there))
    agreed = {name: values[0] for name, values in found.items() if len({repr(each) for each in values}) == 1}
    return {name: value for name, value in agreed.items() if value is not None}


def computed(value: object, names: Mapping[str, object]) -> object:
    """An argument's value; of an expression, what it gives now, in a file that a person trusts."""
    return eval(value.text, {**names}) if isinstance(value, Written) else value  # noqa: S307


def sizes_in(text: str) -> tuple[tuple[int, int], ...]:
    """Pairs of numbers that may be the height and width of an image, as written."""
    found = dict.fromkeys((int(pair[1]), int(pair[2])) for pair in _PAIR.finditer(text))
    return tuple(pair for pair in found if min(pair) >= _SMALLEST and max(pair) <= _LARGEST)[:_MOST_SIZES]


def _value_of(value: ast.expr, tree: ast.Module, there: Mapping[str, object]) -> object:
    """An expression's value or itself; ``None`` if it depends on what is not there."""
    try:
        return cast(object, ast.literal_eval(value))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        pass
    if isinstance(value, ast.Name):
        plain = there[value.id] if value.id in there else _constant(value.id, tree)
        return cast(object, plain) if isinstance(plain, int | float | str | list | tuple) else None
    used = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    return Written(ast.unparse(value)) if used and all(name in there for name in used) else None


def _constant(name: str, tree: ast.Module) -> object:
    """A plain value that a file's top level gives a name."""
    for node in reversed(tree.body):
        if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == name for target in node.targets):
            try:
                return cast(object, ast.literal_eval(node.value))
            except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
                return None
    return None
