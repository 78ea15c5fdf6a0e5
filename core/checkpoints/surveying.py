"""What a walk through all that a file holds meets: dicts of tensors, whole networks, optimizers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from core.checkpoints.modules import ModuleTree, is_module, read_tree
from core.checkpoints.values import LONGEST_NAME, BrokenFile, Inert, TensorRef, as_dict, as_tuple, shown

_MAX_VISITED = 100_000
_MAX_DEPTH = 8
_MAX_IN_FILE = 200_000
"""Tensors in one file, each counted as often as it is found: parts that many wholes share are counted many times."""

_QUANTISED = re.compile(r"^torch\.(ao\.)?nn\.(intrinsic\.)?quantized\.")
_COMPILED = "torch._dynamo.eval_frame.OptimizedModule"

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
        unusual: the functions that would make tensors which are not read, such as sparse ones.
        optimizer: whether there is an optimizer's state.
        left: how many more tensors and modules may be found.
    """

    sets: list[tuple[tuple[str, ...], Refs]] = field(default_factory=list[tuple[tuple[str, ...], Refs]])
    joined: list[tuple[tuple[str, ...], Refs]] = field(default_factory=list[tuple[tuple[str, ...], Refs]])
    trees: dict[tuple[str, ...], ModuleTree] = field(default_factory=dict[tuple[str, ...], ModuleTree])
    loose: list[TensorRef] = field(default_factory=list[TensorRef])
    quantised: bool = False
    unusual: set[str] = field(default_factory=set[str])
    optimizer: bool = False
    left: int = _MAX_IN_FILE

    def count(self, more: int) -> None:
        """Take note of what was found.

        Raises:
            BrokenFile: no network has so much.
        """
        self.left -= more
        if self.left < 0:
            raise BrokenFile("it claims more tensors than any network has")


def survey(root: object) -> Found:
    """Walk through all values, each once; bounded in depth and number.

    Raises:
        BrokenFile: there are more tensors than in any network.
    """
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
        inside = as_tuple(value.args)
        if value.kind == _COMPILED and inside:
            # Since PyTorch 2.5 it is made of the network, rather than given it as one of its modules.
            yield path, inside[0]
            return
        state = as_dict(value.state)
        found.quantised |= "_rebuild_qtensor" in value.kind
        if value.kind.startswith("torch._utils._rebuild_"):
            found.unusual.add(value.kind.removeprefix("torch._utils._rebuild_"))
        if is_module(value):
            tree = found.trees[path] = read_tree(value)
            found.count(len(tree.classes) + len(tree.refs))
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
        found.count(len(refs))
        found.sets.append((path, refs))
    joined = {name: ref for name, ref in _join(value, found) if len(name) <= LONGEST_NAME}
    if joined:
        found.joined.append((path, {**refs, **joined}))
    for key, below in value.items():
        if isinstance(below, dict | list | tuple | Inert):
            step = key[:LONGEST_NAME] if isinstance(key, str) else shown(key)
            yield (*path, step), cast(object, below)


def _join(value: Mapping[object, object], found: Found) -> Iterator[tuple[str, TensorRef]]:
    """Tensors of dicts side by side, such as ``{"features": {...}, "classifier": {...}}``."""
    for first, part in value.items():
        if isinstance(first, str) and len(first) <= LONGEST_NAME and isinstance(part, dict):
            found.count(sum(isinstance(below, TensorRef) for below in cast("dict[object, object]", part).values()))
            for second, below in cast("dict[object, object]", part).items():
                if isinstance(second, str) and isinstance(below, TensorRef):
                    yield f"{first}.{second}", below
