"""The architectures that tensors come closest to, without expanding all of them.

A table holds every different module once.  A file's modules that are among these are told by a look-up from
the innermost outwards, so that whole branches of a network are compared by one number.
"""

from __future__ import annotations

import functools
import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.fingerprints.changes import explain
from core.fingerprints.fits import Fit, compare
from core.fingerprints.index import same_names
from core.fingerprints.known import Shape, Shapes, fingerprint, is_computed
from core.tables import TIMM_PREFIX, Part, timm_table, torchvision_table

_CANDIDATES = 12
_SAME_NAMES = 24
_DEEPEST = 24

Content = frozenset[tuple[str, int | Shape]]


@dataclass(frozen=True)
class _Catalogue:
    """Parts of networks, for looking them up.

    Attributes:
        parts: what is in each, without what a file may lack.
        sizes: how many tensors each stands for.
        numbers: the number of each part, by what is in it.
        roots: by id, the number of the part that is the whole network.
    """

    parts: list[Mapping[str, int | Shape]]
    sizes: list[int]
    numbers: dict[Content, int]
    roots: dict[str, int]


@dataclass
class _Node:
    """A module of a file: what is below it, and the number of the part that is the same; -1 if none."""

    below: dict[str, _Node | Shape]
    number: int = -1


def nearest(shapes: Shapes, count: int = 3) -> tuple[Fit, ...]:
    """The architectures that the tensors fit best, best first; without those that share no tensor.

    What is judged is the share of names and shapes that agree, of all that either side has.
    """
    total = sum(not is_computed(name) for name in shapes)
    names = dict.fromkeys(same_names(shapes)[:_SAME_NAMES])
    catalogue = _catalogue()
    tree = _tree(shapes, catalogue.numbers)
    scores = (
        (agreeing / (total + catalogue.sizes[root] - agreeing), not name.startswith(TIMM_PREFIX), -len(name), name)
        for name, root in catalogue.roots.items()
        if (agreeing := _agreeing(tree, root, catalogue))
    )
    names |= dict.fromkeys(name for *_, name in heapq.nlargest(_CANDIDATES, scores))
    known = (fingerprint(name) for name in names)
    fits = sorted((explain(shapes, each) or compare(shapes, each) for each in known), key=_disagreement)
    return tuple(fit for fit in fits[:count] if fit.fitting > 0)


def _disagreement(fit: Fit) -> tuple[float, bool, int, str]:
    architecture = fit.architecture
    return (-fit.fitting / max(1, fit.total), architecture.startswith(TIMM_PREFIX), len(architecture), architecture)


def _tree(shapes: Shapes, numbers: Mapping[Content, int]) -> _Node:
    root = _Node({})
    for name, shape in shapes.items():
        *modules, leaf = name.split(".")
        if is_computed(leaf) or len(modules) > _DEEPEST:
            continue
        node: _Node | Shape = root
        for module in modules:
            if isinstance(node, _Node):
                node = node.below.setdefault(module, _Node({}))
        # A name may be both a tensor and a module of others in a strange file: the first stays.
        if isinstance(node, _Node):
            node.below.setdefault(leaf, shape)
    _number(root, numbers)
    return root


def _number(node: _Node, numbers: Mapping[Content, int]) -> None:
    content: list[tuple[str, int | Shape]] = []
    for name, below in node.below.items():
        if isinstance(below, _Node):
            _number(below, numbers)
            content.append((name, below.number))
        else:
            content.append((name, below))
    node.number = numbers.get(frozenset(content), -1)


def _agreeing(node: _Node, number: int, catalogue: _Catalogue) -> int:
    """How many tensors below a module are those of a part."""
    if node.number == number:
        return catalogue.sizes[number]
    found = 0
    for name, wanted in catalogue.parts[number].items():
        below = node.below.get(name)
        if isinstance(below, _Node):
            found += _agreeing(below, wanted, catalogue) if isinstance(wanted, int) else 0
        else:
            found += below is not None and below == wanted
    return found


@functools.cache
def _catalogue() -> _Catalogue:
    """Both tables as one; in each, parts come after those that they are made of."""
    torchvision, timm = torchvision_table(), timm_table()
    merged = _Catalogue([], [], {}, {})
    numbers = _add(torchvision["parts"], merged)
    merged.roots.update({name: numbers[row["root"]] for name, row in torchvision["architectures"].items()})
    numbers = _add(timm["parts"], merged)
    merged.roots.update({TIMM_PREFIX + name: numbers[row["root"]] for name, row in timm["architectures"].items()})
    return merged


def _add(parts: Sequence[Part], catalogue: _Catalogue) -> list[int]:
    """Take over a table's parts; returns the number that each has now: the same for those that are alike."""
    numbers: list[int] = []
    for part in parts:
        content: dict[str, int | Shape] = {}
        size = 0
        for name, below in part.items():
            if isinstance(below, int):
                content[name] = numbers[below]
                size += catalogue.sizes[numbers[below]]
            elif not is_computed(name):
                content[name] = tuple(below)
                size += 1
        number = catalogue.numbers.setdefault(frozenset(content.items()), len(catalogue.parts))
        if number == len(catalogue.parts):
            catalogue.parts.append(content)
            catalogue.sizes.append(size)
        numbers.append(number)
    return numbers
