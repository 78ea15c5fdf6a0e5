"""Finding all tensors among what a training run saved, wherever they lie."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from core.checkpoints.modules import ModuleTree, is_module, read_tree
from core.checkpoints.values import Inert, TensorRef, as_dict

_MAX_VISITED = 100_000
_MAX_DEPTH = 8
_QUANTISED = re.compile(r"^torch\.(ao\.)?nn\.(intrinsic\.)?quantized\.")

Refs = Mapping[str, TensorRef]


@dataclass
class Found:
    """What a walk through the file's values met.

    Attributes:
        sets: dicts of tensors, with the keys that lead there.
        joined: dicts of dicts of tensors, as one, with the keys that lead there.
        trees: whole networks, by the keys that lead there; their tensors are among ``sets``, too.
        loose: tensors that are in no dict.
        quantised: whether there are quantised tensors.
        optimizer: whether there is an optimizer's state.
    """

    sets: list[tuple[tuple[str, ...], Refs]] = field(default_factory=list[tuple[tuple[str, ...], Refs]])
    joined: list[tuple[tuple[str, ...], Refs]] = field(default_factory=list[tuple[tuple[str, ...], Refs]])
    trees: dict[tuple[str, ...], ModuleTree] = field(default_factory=dict[tuple[str, ...], ModuleTree])
    loose: list[TensorRef] = field(default_factory=list[TensorRef])
    quantised: bool = False
    optimizer: bool = False


def survey(root: object) -> Found:
    """Walk through all values, each once; bounded in depth and number."""
    found = Found()
    waiting: list[tuple[tuple[str, ...], object]] = [((), root)]
    seen: set[int] = set()
    for _ in range(_MAX_VISITED):
        if not waiting:
            break
        path, value = waiting.pop()
        if isinstance(value, dict | list | tuple | Inert):
            marker = id(cast(object, value))
            if marker in seen or len(path) > _MAX_DEPTH:
                continue
            seen.add(marker)
        waiting.extend(reversed(list(_visit(path, cast(object, value), found))))
    return found


def _visit(path: tuple[str, ...], value: object, found: Found) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(value, TensorRef):
        found.loose.append(value)
    elif isinstance(value, dict):
        yield from _visit_dict(path, cast("dict[object, object]", value), found)
    elif isinstance(value, list | tuple):
        for index, below in enumerate(cast("list[object]", value)[:16]):
            yield (*path, str(index)), below
    elif isinstance(value, Inert):
        state = as_dict(value.state)
        found.quantised |= "_rebuild_qtensor" in value.kind
        if is_module(value):
            tree = found.trees[path] = read_tree(value)
            found.quantised |= any(_QUANTISED.search(name) for _, name in tree.classes)
            if tree.refs:
                found.sets.append((path, tree.refs))
            return
        yield path, value.pairs
        yield path, state


def _visit_dict(
    path: tuple[str, ...], value: dict[object, object], found: Found
) -> Iterator[tuple[tuple[str, ...], object]]:
    if "param_groups" in value and "state" in value:
        found.optimizer = True
        return
    refs = {key: below for key, below in value.items() if isinstance(key, str) and isinstance(below, TensorRef)}
    if refs:
        found.sets.append((path, refs))
    joined = dict(_join(value))
    if joined:
        found.joined.append((path, {**refs, **joined}))
    for key, below in value.items():
        if isinstance(below, dict | list | tuple | Inert):
            yield (*path, str(key)), cast(object, below)


def _join(value: Mapping[object, object]) -> Iterator[tuple[str, TensorRef]]:
    """Tensors of dicts side by side, such as ``{"features": {...}, "classifier": {...}}``."""
    for first, part in value.items():
        if isinstance(first, str) and isinstance(part, dict):
            for second, below in cast("dict[object, object]", part).items():
                if isinstance(second, str) and isinstance(below, TensorRef):
                    yield f"{first}.{second}", below
