"""Finding the architectures that tensors may be of by their names alone, whatever lies before or beside them.

The key of a set of names is the sum of their CRC-32: one pass over a file's names gives the keys of all that
lies below each prefix, in any order.  Two sets may share a key; every candidate is compared in full.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from zlib import crc32

from core.fingerprints.changes import explain
from core.fingerprints.fits import Fit, compare
from core.fingerprints.known import Shape, Shapes, fingerprint, is_computed, is_training_only
from core.tables import TIMM_PREFIX, Part, timm_table, torchvision_table, twins

_PREFIX_DEPTH = 4
_HEAD_DEPTH = 3

Index = Mapping[int, Sequence[str]]
Below = Mapping[str, Sequence[Fit]]


def key_of(names: Iterable[str]) -> int:
    """The key of names, without those that a file may lack."""
    return sum(_crc(name) for name in names if not (is_computed(name) or is_training_only(name)))


def bodies_of(names: Collection[str], heads: Iterable[str]) -> dict[str, int]:
    """The keys of names without those of each head, by the head's name."""
    return {head: key_of(name for name in names if not name.startswith(f"{head}.")) for head in heads}


def exact_fits(shapes: Shapes) -> tuple[Fit, ...]:
    """The architectures that the tensors fit by every name and shape, torchvision's first; a millisecond or two."""
    return tuple(exact_fits_below(shapes, ("",)).get("", ()))


def changed_fits(shapes: Shapes) -> tuple[Fit, ...]:
    """The architectures that the tensors fit with a head or a stem of another kind, or without a head."""
    return tuple(changed_fits_below(shapes, ("",)).get("", ()))


def exact_fits_below(shapes: Shapes, prefixes: Sequence[str]) -> Below:
    """For each prefix, the architectures that the tensors whose names begin with it fit exactly without it.

    Prefixes below which nothing fits are left out.  timm's table is read only where none of torchvision's
    architectures fits.
    """
    for index, anchors in ((_torchvision_index, _torchvision_anchors), (_timm_index, _timm_anchors)):
        keys = _keys_below(shapes, _anchored(shapes, prefixes, anchors()))
        candidates = {prefix: index().get(key, ()) for prefix, key in keys.items()}
        found = {
            prefix: fits
            for prefix, names in candidates.items()
            if names and (fits := _exact(_below(shapes, prefix), names))
        }
        if found:
            return found
    return {}


def changed_fits_below(shapes: Shapes, prefixes: Sequence[str]) -> Below:
    """As ``exact_fits_below``, with known changes: see ``core/fingerprints/changes.py``."""
    prefixes = _anchored(shapes, prefixes, _torchvision_anchors() | _timm_anchors())
    keys = _keys_below(shapes, prefixes)
    bodies = _bodies_below(shapes, prefixes)
    found: dict[str, Sequence[Fit]] = {}
    for prefix, key in keys.items():
        names = dict.fromkeys((*_torchvision_index().get(key, ()), *_timm_index().get(key, ())))
        for module, inside in bodies.get(prefix, {}).items():
            names |= dict.fromkeys(_body_index().get((module, key - inside), ()))
        if names:
            below = _below(shapes, prefix)
            fits = [fit for name in names if (fit := explain(below, fingerprint(name))) is not None]
            with_classes = [fit for fit in fits if fit.num_classes]
            if fits:
                found[prefix] = with_classes or fits
    return found


def same_names(shapes: Shapes) -> tuple[str, ...]:
    """The ids of the architectures whose tensors have the same names, whatever their shapes."""
    key = key_of(shapes)
    return (*_torchvision_index().get(key, ()), *_timm_index().get(key, ()))


def _exact(shapes: Shapes, names: Iterable[str]) -> list[Fit]:
    fits = [fit for name in names if (fit := compare(shapes, fingerprint(name))).exact]
    copies = [replace(fit, architecture=name) for fit in fits for name in _twins(fit.architecture)]
    return [*fits, *copies]


def _twins(architecture: str) -> Iterable[str]:
    found = {} if architecture.startswith(TIMM_PREFIX) else twins().get(architecture, {})
    return [name for names in found.values() for name in names]


def _below(shapes: Shapes, prefix: str) -> dict[str, Shape]:
    return {name.removeprefix(prefix): shape for name, shape in shapes.items() if name.startswith(prefix)}


def _anchored(names: Container[str], prefixes: Iterable[str], anchors: Collection[str]) -> list[str]:
    """The prefixes below which there is the first tensor of any architecture: far fewer than all."""
    return [prefix for prefix in prefixes if any(prefix + anchor in names for anchor in anchors)]


def _keys_below(names: Iterable[str], prefixes: Iterable[str]) -> dict[str, int]:
    """The key of the names below each prefix."""
    keys = dict.fromkeys(prefixes, 0)
    if not keys:
        return {}
    whole = "" in keys
    for name in names:
        if is_computed(name):
            continue
        if whole and not is_training_only(name):
            keys[""] += _crc(name)
        for end in _dots(name):
            prefix = name[: end + 1]
            if prefix in keys:
                rest = name[end + 1 :]
                if not is_training_only(rest):
                    keys[prefix] += _crc(rest)
    return keys


def _bodies_below(names: Iterable[str], prefixes: Iterable[str]) -> dict[str, dict[str, int]]:
    """For each prefix, the key of what lies in each module that may be a head; 0 for those that are not there."""
    modules = _head_modules()
    first = {module.partition(".")[0] for module in modules}
    found = {prefix: dict.fromkeys(modules, 0) for prefix in prefixes}
    for name in names if found else ():
        words = name.split(".", _PREFIX_DEPTH + _HEAD_DEPTH)
        for start in range(min(len(words) - 1, _PREFIX_DEPTH + 1)):
            if words[start] in first and not is_computed(name):
                inside = found.get("".join(f"{word}." for word in words[:start]), {})
                for end in range(start + 1, min(len(words), start + 1 + _HEAD_DEPTH)):
                    module = ".".join(words[start:end])
                    if module in inside:
                        inside[module] += _crc(".".join(words[start:]))
    return found


def _crc(name: str) -> int:
    return crc32(name.encode("utf-8", "surrogatepass"))


@functools.cache
def _torchvision_index() -> Index:
    return _grouped((row["key"], name) for name, row in torchvision_table()["architectures"].items())


@functools.cache
def _timm_index() -> Index:
    return _grouped((row["key"], TIMM_PREFIX + name) for name, row in timm_table()["architectures"].items())


@functools.cache
def _torchvision_anchors() -> frozenset[str]:
    table = torchvision_table()
    return frozenset(_first(table["parts"], row["root"]) for row in table["architectures"].values())


@functools.cache
def _timm_anchors() -> frozenset[str]:
    table = timm_table()
    return frozenset(_first(table["parts"], row["root"]) for row in table["architectures"].values())


def _first(parts: Sequence[Part], number: int) -> str:
    """The name of the first tensor in a part."""
    name, below = next(iter(parts[number].items()))
    return f"{name}.{_first(parts, below)}" if isinstance(below, int) else name


@functools.cache
def _body_index() -> Mapping[tuple[str, int], Sequence[str]]:
    found: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
    for name, row in torchvision_table()["architectures"].items():
        for body in row["bodies"].items():
            found[body].append(name)
    for name, row in timm_table()["architectures"].items():
        for body in row.get("bodies", {}).items():
            found[body].append(TIMM_PREFIX + name)
    return found


@functools.cache
def _head_modules() -> frozenset[str]:
    return frozenset(module for module, _ in _body_index())


def _grouped(pairs: Iterable[tuple[int, str]]) -> Index:
    found: defaultdict[int, list[str]] = defaultdict(list)
    for key, name in pairs:
        found[key].append(name)
    return found


@functools.cache
def known_names() -> frozenset[str]:
    """The names of all tensors of torchvision's architectures."""
    return frozenset(name for each in torchvision_table()["architectures"] for name in fingerprint(each).expected)


def count_known_below(names: Iterable[str], prefixes: Iterable[str]) -> dict[str, int]:
    """For each prefix, how many names are known once it is taken off those that begin with it."""
    known = known_names()
    counts = dict.fromkeys(prefixes, 0)
    plain = 0
    for name in names:
        is_plain = name in known
        plain += is_plain
        for end in _dots(name):
            prefix = name[: end + 1]
            if prefix in counts:
                counts[prefix] += (name[end + 1 :] in known) - is_plain
    return {prefix: plain + count for prefix, count in counts.items()}


def _dots(name: str) -> Iterator[int]:
    """Where the first parts of a dotted name end."""
    end = -1
    for _ in range(_PREFIX_DEPTH):
        end = name.find(".", end + 1)
        if end < 0:
            return
        yield end
