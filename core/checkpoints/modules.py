"""Networks that were saved whole, as pickles or in programs: their modules, tensors and classes, read and not made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from core.checkpoints.values import LONGEST_NAME, BrokenFile, Global, Inert, TensorRef, as_dict, as_items, as_tuple

MAX_MODULES = 20_000
MAX_DEPTH = 64
MAX_VALUES = 1_000_000
MAX_TENSORS = 100_000

_GRAPH = "torch.fx.graph_module.reduce_graph_module"
_PROGRAM = "__torch__"
_MANGLED = re.compile(r"\.___torch_mangle_\d+")


@dataclass(frozen=True, eq=False)
class ModuleTree:
    """A network that nobody made.

    Attributes:
        root: the outermost module, a placeholder.
        classes: each module's dotted name and its class, the outermost (whose name is empty) first.
        refs: what ``state_dict()`` would hold: parameters and persistent buffers, by name.
        attributes: plain attributes of the outermost module, such as ``class_to_idx``.
    """

    root: Inert
    classes: tuple[tuple[str, str], ...]
    refs: Mapping[str, TensorRef]
    attributes: Mapping[object, object]


def is_module(value: object) -> bool:
    """Whether a placeholder stands for a network or a layer."""
    if not isinstance(value, Inert) or not isinstance(value.cls, Global):
        return False
    state = module_state(value)
    if value.cls.module.partition(".")[0] == _PROGRAM:
        return bool(state)
    return isinstance(state.get("_modules"), dict) and isinstance(state.get("_parameters"), dict)


def module_state(module: Inert) -> Mapping[object, object]:
    """A module's attributes, as they were pickled; empty if there are none."""
    if module.kind == _GRAPH:
        return as_dict(next(iter(as_tuple(module.args)), None))
    return as_dict(module.state)


def class_of(module: Inert) -> str:
    """The name of a module's class, such as ``torch.nn.modules.linear.Linear``."""
    if module.kind == _GRAPH:
        return "torch.fx.graph_module.GraphModule"
    return _MANGLED.sub("", module.kind).removeprefix(f"{_PROGRAM}.")


def children_of(module: Inert) -> Iterator[tuple[str, Inert]]:
    """The modules right below one, with their names."""
    state = module_state(module)
    below = as_dict(state.get("_modules")) if "_modules" in state else state
    for name, child in below.items():
        if isinstance(name, str) and isinstance(child, Inert) and is_module(child):
            yield name, child


def read_tree(root: Inert) -> ModuleTree:
    """All that is below a module for which ``is_module`` is true.

    Raises:
        BrokenFile: it has more modules or tensors, or longer names, than any network, or contains itself.
    """
    classes: list[tuple[str, str]] = []
    refs: dict[str, TensorRef] = {}
    for name, module in walk(root):
        classes.append((name, class_of(module)))
        prefix = f"{name}." if name else ""
        refs |= {_full(prefix, own): ref for own, ref in _tensors(module)}
        if len(refs) > MAX_TENSORS:
            raise BrokenFile("it claims more tensors than any network has")
    return ModuleTree(root, tuple(classes), refs, _attributes(root))


def walk(root: Inert) -> Iterator[tuple[str, Inert]]:
    """Each module with its dotted name, the outermost first; one that is used twice comes twice.

    Raises:
        BrokenFile: there are more than in any network, or one contains itself.
    """
    waiting: list[tuple[str, int, Inert]] = [("", 0, root)]
    count = 0
    while waiting:
        prefix, depth, module = waiting.pop()
        count += 1
        if count > MAX_MODULES or depth > MAX_DEPTH:
            raise BrokenFile("it claims more modules than any network has")
        yield prefix.removesuffix("."), module
        below = [(f"{_full(prefix, name)}.", depth + 1, child) for name, child in children_of(module)]
        waiting.extend(reversed(below))


def _full(prefix: str, name: str) -> str:
    if len(prefix) + len(name) > LONGEST_NAME:
        raise BrokenFile(f"it has a name of {len(prefix) + len(name):,} letters")
    return prefix + name


def all_refs(root: Inert) -> set[TensorRef]:
    """Every tensor that building the network would need, buffers that ``state_dict()`` leaves out included."""
    found: set[TensorRef] = set()
    seen: set[int] = set()
    waiting: list[object] = [root]
    while waiting:
        value = waiting.pop()
        if isinstance(value, TensorRef):
            found.add(value)
        if isinstance(value, dict | list | tuple | Inert) and id(cast(object, value)) not in seen:
            seen.add(id(cast(object, value)))
            if isinstance(value, Inert):
                waiting.append(module_state(value) if is_module(value) else ())
            else:
                waiting.extend(as_dict(cast(object, value)).values() or as_items(cast(object, value)))
        if len(seen) > MAX_VALUES:
            raise BrokenFile("it claims more modules than any network has")
    return found


def _tensors(module: Inert) -> Iterator[tuple[str, TensorRef]]:
    """A module's own parameters and persistent buffers."""
    state = module_state(module)
    if "_modules" not in state:
        held: list[Mapping[object, object]] = [state]
        passing: object = ()
    else:
        held = [as_dict(state.get("_parameters")), as_dict(state.get("_buffers"))]
        passing = state.get("_non_persistent_buffers_set")
    left_out = cast("set[object]", passing) if isinstance(passing, set) else set[object]()
    for table in held:
        for name, value in table.items():
            if isinstance(name, str) and isinstance(value, TensorRef) and name not in left_out:
                yield name, value


def _attributes(module: Inert) -> dict[object, object]:
    """What a person may have put on a network: no layers, no tensors, nothing of PyTorch's own."""
    return {
        name: value
        for name, value in module_state(module).items()
        if isinstance(name, str)
        and not name.startswith("_")
        and name != "training"
        and not isinstance(value, TensorRef)
        and not is_module(value)
    }
