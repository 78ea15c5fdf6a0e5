"""Tensors by what their names begin with, each name passed through once.

The key of a set of names is the sum of their CRC-32: it tells in any order which names lie below a prefix.
"""

from __future__ import annotations

import functools
import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from zlib import crc32

from core.fingerprints.known import Shapes, is_computed, is_training_only

_DEPTH = 4
_MOST = 200
_FEWEST = 8
"""A prefix with fewer tensors below it is no network's."""


def key_of(names: Iterable[str]) -> int:
    """The key of names, without those that a file may lack."""
    return sum(crc(name) for name in names if not (is_computed(name) or is_training_only(name)))


def crc(name: str) -> int:
    """A name's share in a key."""
    return crc32(name.encode("utf-8", "surrogatepass"))


class Named:
    """Shapes of tensors by name, and by what their names begin with.

    Attributes:
        shapes: all of them.
    """

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes
        self._keys: dict[str, int] = {}

    @functools.cached_property
    def prefixes(self) -> Sequence[str]:
        """Beginnings that enough names share, with their last dot, the shortest first; the empty one is the first."""
        return ("", *sorted(self._groups, key=lambda prefix: (len(prefix), prefix)))

    def names(self, prefix: str) -> Sequence[str]:
        """The names that begin with a prefix."""
        return self._groups[prefix] if prefix else list(self.shapes)

    def below(self, prefix: str) -> Shapes:
        """The tensors whose names begin with a prefix, by the rest of their names."""
        if not prefix:
            return self.shapes
        start = len(prefix)
        return {name[start:]: self.shapes[name] for name in self._groups[prefix]}

    def key(self, prefix: str) -> int:
        """The key of what is below a prefix."""
        if prefix not in self._keys:
            start = len(prefix)
            self._keys[prefix] = key_of(name[start:] for name in self.names(prefix))
        return self._keys[prefix]

    @functools.cached_property
    def _groups(self) -> dict[str, list[str]]:
        """The names that begin with each of the most common prefixes."""
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for name in self.shapes:
            end = name.find(".")
            for _ in range(_DEPTH):
                if end < 0:
                    break
                groups[name[: end + 1]].append(name)
                end = name.find(".", end + 1)
        common = heapq.nlargest(_MOST, groups, key=lambda prefix: len(groups[prefix]))
        return {prefix: groups[prefix] for prefix in common if len(groups[prefix]) >= _FEWEST}
