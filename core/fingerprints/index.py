"""Finding the architectures that tensors may be of by their names alone, whatever lies before or beside them.

Two sets of names may share a key (``core/fingerprints/prefixes.py``); every candidate is compared in full.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from core.fingerprints.changes import explain, replaceable_heads, stem_bias
from core.fingerprints.fits import Fit, compare, resembles
from core.fingerprints.known import Shapes, fingerprint, is_computed
from core.fingerprints.prefixes import Named, crc, key_of
from core.fingerprints.tokens import other_keys, usual_tokens
from core.tables import TIMM_PREFIX, Part, timm_table, torchvision_table, twins

_HEAD_DEPTH = 3
_MOST_COMPARED = 60_000
"""Tensors that may be compared in one file; more are no network's, but an attack on time."""

Index = Mapping[int, Sequence[str]]
Below = Mapping[str, Sequence[Fit]]


def bodies_of(names: Collection[str], heads: Iterable[str]) -> dict[str, int]:
    """The keys of names without those of each head, by the head's name."""
    return {head: key_of(name for name in names if not name.startswith(f"{head}.")) for head in heads}


def exact_fits(shapes: Shapes) -> tuple[Fit, ...]:
    """The architectures that the tensors fit by every name and shape, torchvision's first; a millisecond or two."""
    return tuple(exact_fits_below(Named(shapes), ("",)).get("", ()))


def changed_fits(shapes: Shapes) -> tuple[Fit, ...]:
    """The architectures that the tensors fit with a head or a stem of another kind, or without a head."""
    return tuple(changed_fits_below(Named(shapes), ("",)).get("", ()))


def exact_fits_below(named: Named, prefixes: Sequence[str]) -> Below:
    """For each prefix, the architectures that the tensors whose names begin with it fit exactly without it.

    Prefixes below which nothing fits are left out.  timm's table is read only where none of torchvision's
    architectures fits.
    """
    for index, anchors in ((_torchvision_index, _torchvision_anchors), (_timm_index, _timm_anchors)):
        found: dict[str, Sequence[Fit]] = {}
        left = _MOST_COMPARED
        for prefix in _anchored(named, prefixes, anchors()):
            names = index().get(named.key(prefix), ())
            if not names:
                continue
            below = named.below(prefix)
            similar = [name for name in names if resembles(below, fingerprint(name))]
            left -= len(similar) * len(below)
            if left < 0:
                break
            fits = _exact(below, similar)
            if fits:
                found[prefix] = fits
        if found:
            return found
    return {}


def changed_fits_below(named: Named, prefixes: Sequence[str]) -> Below:
    """As ``exact_fits_below``, with known changes: see ``core/fingerprints/changes.py``."""
    found: dict[str, Sequence[Fit]] = {}
    left = _MOST_COMPARED
    for prefix in _anchored(named, prefixes, _torchvision_anchors() | _timm_anchors()):
        names = _with_body(named, prefix)
        if not names:
            continue
        below = named.below(prefix)
        similar = [name for name in names if _resembles_body(below, name)]
        left -= len(similar) * len(below)
        if left < 0:
            break
        fits = [fit for name in similar if (fit := explain(below, fingerprint(name))) is not None]
        with_classes = [fit for fit in fits if fit.num_classes]
        if fits:
            found[prefix] = with_classes or fits
    return found


def _with_body(named: Named, prefix: str) -> Sequence[str]:
    """The architectures with the names below a prefix, be it without those of a head."""
    inside = _inside_heads(named, prefix)
    found: dict[str, None] = {}
    # A first convolution may have a bias that the architecture's own has not.
    beside = _stem_biases(named, prefix)
    for change in dict.fromkeys((0, -beside, *other_keys(named.shapes.keys(), prefix))):
        key = named.key(prefix) + change
        found |= dict.fromkeys((*_torchvision_index().get(key, ()), *_timm_index().get(key, ())))
        for module, below in inside.items():
            found |= dict.fromkeys(_body_index().get((module, key - below), ()))
    return list(found)


def _stem_biases(named: Named, prefix: str) -> int:
    """The key of what is below a prefix and called like the bias of a first convolution that usually has none."""
    return sum(crc(name) for name in _plain_stems() if prefix + name in named.shapes)


@functools.cache
def _plain_stems() -> frozenset[str]:
    """The names that biases of first convolutions would have in torchvision's architectures that have none there."""
    known = [fingerprint(name) for name in torchvision_table()["architectures"]]
    return frozenset(bias for each in known for name in each.stem if (bias := stem_bias(name)) not in each.required)


def _resembles_body(shapes: Shapes, name: str) -> bool:
    known = fingerprint(name)
    shapes, _ = usual_tokens(shapes, known)
    return resembles(shapes, known, (*known.stem, *(f"{head}." for head in replaceable_heads(known))))


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


def _anchored(named: Named, prefixes: Iterable[str], anchors: Collection[str]) -> Iterator[str]:
    """The prefixes below which there is the first tensor of any architecture: far fewer than all."""
    names = named.shapes
    return (prefix for prefix in prefixes if any(prefix + anchor in names for anchor in anchors))


def _inside_heads(named: Named, prefix: str) -> dict[str, int]:
    """The key of what lies in each module below a prefix that may be a head; 0 for those that are not there."""
    modules, first = _head_modules()
    keys = dict.fromkeys(modules, 0)
    start = len(prefix)
    for name in named.names(prefix):
        end = name.find(".", start)
        if end < 0 or name[start:end] not in first or is_computed(name):
            continue
        words = name[start:].split(".", _HEAD_DEPTH)
        for count in range(1, len(words)):
            module = ".".join(words[:count])
            if module in keys:
                keys[module] += crc(name[start:])
    return keys


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
def _head_modules() -> tuple[frozenset[str], frozenset[str]]:
    """The names of modules that may be heads, and the first parts of these."""
    modules = frozenset(module for module, _ in _body_index())
    return modules, frozenset(module.partition(".")[0] for module in modules)


def _grouped(pairs: Iterable[tuple[int, str]]) -> Index:
    found: defaultdict[int, list[str]] = defaultdict(list)
    for key, name in pairs:
        found[key].append(name)
    return found


@functools.cache
def known_names() -> frozenset[str]:
    """The names of all tensors of torchvision's architectures."""
    return frozenset(name for each in torchvision_table()["architectures"] for name in fingerprint(each).expected)


def count_known_below(named: Named, prefixes: Iterable[str]) -> dict[str, int]:
    """For each prefix, how many names are known once it is taken off those that begin with it."""
    known = known_names()
    plain = len(known.intersection(named.shapes))
    return {
        prefix: plain + sum((name[len(prefix) :] in known) - (name in known) for name in named.names(prefix))
        for prefix in prefixes
    }
