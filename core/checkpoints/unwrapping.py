"""Finding the network's tensors among all that a training run saved: by what fits an architecture.

Nothing is decided by a wrapper's or prefix's name where names and shapes can decide; conventions only choose
among what fits equally.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from core.checkpoints.modules import ModuleTree, is_module, read_tree
from core.checkpoints.values import Inert, TensorRef, as_dict
from core.fingerprints import changed_fits_below, count_known_below, exact_fits_below, known_names

_MAX_VISITED = 100_000
_MAX_DEPTH = 8
_MAX_SETS = 48
_MAX_TENSORS = 20_000
_MAX_PREFIXES = 200
_MOST_LIKELY = 3
_FEWEST = 8
"""A prefix with fewer tensors below it is no network's."""

_WRAPPERS = ("module", "model", "net", "network", "backbone", "_orig_mod", "base_model", "_fsdp_wrapped_module")
_ORDER = (
    # timm's own order: the averaged weights first.
    "state_dict_ema",
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "net",
    "network",
    "params",
    "weights",
    "module",
    "student",
)
_AVERAGED = re.compile(r"(^|[_.])(ema|swa|teacher|average|averaged|momentum|target)\d*([_.]|$)", re.IGNORECASE)
_HARMLESS = re.compile(
    r"(^|[._])(n_averaged|num_updates|decay|criterion|loss(es)?(_\w+)?|\w+_loss|loss_fn|\w*metrics?|\w*accuracy|\w+_acc"
    r"|acc|auroc|f1(_score)?|mixup|ema_\w+|\w+_ema|teacher\w*)([._]|$)",
    re.IGNORECASE,
)
"""Names of tensors that belong to training and not to the answer: losses, metrics, second copies."""
_QUANTISED = re.compile(r"^torch\.(ao\.)?nn\.(intrinsic\.)?quantized\.")
_INSIDE = re.compile(r"(?:(?<=\.)|^)(?:module|_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12])\.")
_OLD_VIT = re.compile(r"\.mlp\.linear_([12])\.")

Refs = Mapping[str, TensorRef]
FitsBelow = Callable[[Mapping[str, tuple[int, ...]], Sequence[str]], Mapping[str, object]]


@dataclass(frozen=True)
class TensorSet:
    """Tensors that may be a network's.

    Attributes:
        path: the keys that lead to them, outermost first.
        prefix: what was taken off the beginning of every name.
        refs: the tensors, by the names that are left.
        left_out: names beside them, as written, that are not among them.
        fits: whether an architecture has exactly these names and shapes.
    """

    path: tuple[str, ...]
    prefix: str
    refs: Refs
    left_out: tuple[str, ...] = ()
    fits: bool = False

    @property
    def name(self) -> str:
        """What a person chooses it by: the keys with dots between them; a dot alone for the file as a whole."""
        return ".".join(part for part in (*self.path, self.prefix.removesuffix(".")) if part) or "."


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


def choose(found: Found) -> tuple[TensorSet, ...]:
    """All tensors that may be the network's, those to use first; empty if there are none.

    To use are those that fit an architecture, else those that look most like a network's.  The others are its
    equals: they fit one, too, or have the same names and shapes, as averaged weights have.
    """
    largest = _largest(found.sets)
    for fits_below, sets in itertools.product(
        (exact_fits_below, changed_fits_below), (largest, _largest(found.joined))
    ):
        fitting = [candidate for path, refs in sets for candidate in _fitting(path, refs, fits_below)]
        if fitting:
            best = min(fitting, key=_preference)
            taken = {candidate.path for candidate in fitting}
            others = [likely for path, refs in sets if path not in taken for likely in _likely(path, refs)]
            return _distinct(best, fitting + [other for other in others if _alike(other, best)])
    likely = [candidate for path, refs in largest for candidate in _likely(path, refs)]
    if not likely:
        return ()
    known = known_names()
    best = min(likely, key=lambda each: (-len(known & each.refs.keys()), _preference(each), -len(each.refs)))
    return _distinct(best, [candidate for candidate in likely if _alike(candidate, best)])


def _likely(path: tuple[str, ...], refs: Refs) -> list[TensorSet]:
    """The most plausible way to take a prefix off tensors that fit nothing."""
    known = known_names()
    plausible = _plausible(path, refs)
    best = min(plausible, key=lambda each: (-len(known & each.refs.keys()), _preference(each)), default=None)
    return [best] if best is not None else []


def _alike(candidate: TensorSet, best: TensorSet) -> bool:
    """Whether two sets have nearly all names and shapes in common."""
    shared = sum(name in best.refs and best.refs[name].shape == ref.shape for name, ref in candidate.refs.items())
    return 10 * shared >= 9 * max(len(candidate.refs), len(best.refs))


def _distinct(best: TensorSet, candidates: Iterable[TensorSet]) -> tuple[TensorSet, ...]:
    """The best first, then the others, each name and each set of the very same tensors once."""
    kept: dict[str, TensorSet] = {}
    seen: set[frozenset[TensorRef]] = set()
    for candidate in (best, *sorted(candidates, key=_preference)):
        tensors = frozenset(candidate.refs.values())
        if candidate.name not in kept and tensors not in seen:
            kept[candidate.name] = candidate
            seen.add(tensors)
    return tuple(kept.values())


def _largest(sets: Iterable[tuple[tuple[str, ...], Refs]]) -> list[tuple[tuple[str, ...], Refs]]:
    return sorted(sets, key=lambda each: len(each[1]), reverse=True)[:_MAX_SETS]


def _fitting(path: tuple[str, ...], refs: Refs, fits_below: FitsBelow) -> list[TensorSet]:
    """Every way to take off a prefix that makes the tensors fit an architecture."""
    if not _FEWEST <= len(refs) <= _MAX_TENSORS:
        return []
    plain = {name: name for name in refs}
    modern = {_modern(name): name for name in refs}
    differs = len(modern) == len(refs) and modern.keys() != plain.keys()
    for written in (plain, modern) if differs else (plain,):
        fitting = list(_fitting_prefixes(path, refs, written, fits_below))
        if fitting:
            return fitting if _explains_all(fitting) else []
    return []


def _fitting_prefixes(
    path: tuple[str, ...], refs: Refs, written: Mapping[str, str], fits_below: FitsBelow
) -> Iterator[TensorSet]:
    """Prefixes, the shortest first, below which an architecture's tensors are.

    Args:
        path: the keys that lead to the tensors.
        refs: the tensors, by the names as written.
        written: names as written, by the names to be tried.
        fits_below: what tells which prefixes these are.
    """
    taken: list[str] = []
    prefixes = _prefixes(written)
    found = fits_below({name: refs[raw].shape for name, raw in written.items()}, prefixes)
    for prefix in (prefix for prefix in prefixes if prefix in found):
        if not any(prefix.startswith(shorter) for shorter in taken):
            below = {name.removeprefix(prefix): refs[raw] for name, raw in written.items() if name.startswith(prefix)}
            taken.append(prefix)
            inside = [raw for name, raw in written.items() if name.startswith(prefix)]
            beside = tuple(raw for name, raw in written.items() if not name.startswith(prefix))
            renamed = written.keys() != refs.keys()
            yield TensorSet(path, _wrapper(inside) if renamed else prefix, below, beside, True)


def _explains_all(fitting: Sequence[TensorSet]) -> bool:
    """Whether what lies beside the network's tensors is known not to matter.

    Anything else means a larger network around this one, with another answer.
    """
    beside = set(fitting[0].left_out).intersection(*(candidate.left_out for candidate in fitting))
    return all(_HARMLESS.search(name) for name in beside)


def _plausible(path: tuple[str, ...], refs: Refs) -> Iterator[TensorSet]:
    """Without a fit: all tensors, without what wrappers put before every name, or before most names."""
    known = known_names()
    wrapper = _wrapper(refs)
    prefixes = [wrapper]
    if len(refs) <= _MAX_TENSORS:
        longer = [prefix for prefix in _prefixes(refs) if prefix.startswith(wrapper) and prefix != wrapper]
        # What few names share is no wrapper, but a part of the network; what most share, the middle one has.
        middle = sorted(refs)[len(refs) // 2]
        longer = [each for each in longer if middle.startswith(each)]
        longer = [each for each in longer if 2 * sum(name.startswith(each) for name in refs) > len(refs)]
        counts = count_known_below(refs, longer)
        prefixes += sorted(longer, key=lambda prefix: -counts[prefix])[:_MOST_LIKELY]
    for prefix in prefixes:
        below = {name.removeprefix(prefix): ref for name, ref in refs.items()}
        modern = {_modern(name): ref for name, ref in below.items()}
        if len(modern) == len(refs) and len(known & modern.keys()) > len(known & below.keys()):
            below = modern
        if len(below) == len(refs):
            yield TensorSet(path, prefix, below)


def _wrapper(names: Iterable[str]) -> str:
    """What wrappers put before every name; empty if nothing."""
    rest = list(names)
    prefix = ""
    while True:
        first = rest[0].partition(".")[0]
        if first not in _WRAPPERS or not all(name.startswith(f"{first}.") for name in rest):
            return prefix
        prefix += f"{first}."
        rest = [name[len(first) + 1 :] for name in rest]


def _prefixes(names: Iterable[str]) -> list[str]:
    """Beginnings that enough names share, the shortest first."""
    counts: Counter[str] = Counter()
    for name in names:
        end = -1
        for _ in range(4):
            end = name.find(".", end + 1)
            if end < 0:
                break
            counts[name[: end + 1]] += 1
    common = [prefix for prefix, count in counts.most_common(_MAX_PREFIXES) if count >= _FEWEST]
    return ["", *sorted(common, key=lambda prefix: (len(prefix), prefix))]


def _modern(name: str) -> str:
    """A name as torchvision spells it now, without wrappers in the middle."""
    if "module" in name or "_orig_mod" in name:
        name = _INSIDE.sub("", name)
    if "denselayer" in name:
        name = _OLD_DENSENET.sub(r"\1\2.", name)
    if ".linear_" not in name:
        return name
    return _OLD_VIT.sub(lambda found: f".mlp.{3 * (int(found[1]) - 1)}.", name)


def _preference(candidate: TensorSet) -> tuple[int, int, int, str]:
    """Smaller is better: not averaged (but for timm), then by custom, then the shallower."""
    key = candidate.path[-1] if candidate.path else ""
    custom = _ORDER.index(key) if key in _ORDER else len(_ORDER)
    averaged = key != "state_dict_ema" and bool(_AVERAGED.search(key) or _AVERAGED.search(candidate.prefix))
    return (int(averaged), custom, len(candidate.path) + candidate.prefix.count("."), candidate.prefix)
