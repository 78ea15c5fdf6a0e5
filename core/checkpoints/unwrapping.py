"""Finding the network's tensors among all that a training run saved: by what fits an architecture.

Nothing is decided by a wrapper's or prefix's name where names and shapes can decide; conventions only choose
among what fits equally.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.checkpoints.dialects import translated
from core.checkpoints.layouts import renamed
from core.checkpoints.normalising import normalisation_of
from core.checkpoints.surveying import Found, Refs
from core.checkpoints.values import LONGEST_NAME, TensorRef, shown
from core.fingerprints import Fit, Named, changed_fits_below, count_known_below, exact_fits_below, known_names

_MAX_SETS = 48
_FEW_SETS = 12
"""So many are also read under other names, which takes longer."""
_MAX_WRAPPERS = 32
"""Wrappers around each other; a name of a million parts must not be passed through a million times."""
_MAX_TENSORS = 20_000
_MAX_RENAMED = 5_000
"""Tensors of a network under other names: no known one has half as many."""
_MOST_LIKELY = 3
_FEWEST = 8
"""Fewer tensors are no network's."""

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
    r"(?:^|[._])(?:n_averaged|num_updates|decay|criterion|loss(?:es)?|[^\W_]*(?:metrics?|accuracy)|acc|auroc|f1|mixup"
    r"|precision|recall|confmat|confusion|class_?weights?|pos_?weights?|weight_ce|ce|bce"
    r"|ema(?=_\w)|(?<=\w_)ema|teacher[^\W_]*)(?=[._]|$)",
    re.IGNORECASE,
)
"""Words in names of tensors that belong to training and not to the answer: losses, metrics, second copies."""
_INSIDE = ("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12])\.")
_OLD_VIT = re.compile(r"\.mlp\.linear_([12])\.")

FitsBelow = Callable[[Named, Sequence[str]], Mapping[str, Sequence[Fit]]]


@dataclass(frozen=True)
class TensorSet:
    """Tensors that may be a network's.

    Attributes:
        path: the keys that lead to them, outermost first.
        prefix: what was taken off the beginning of every name.
        refs: the tensors, by the names that are left.
        used: their names as written.
        among: all that lie in the same place, by their names as written.
        fits: whether an architecture has exactly these names and shapes.
        note: what was called otherwise in the file, in a person's words; mostly empty.
        parts: tensors of the network that are several in the file, one behind the other; mostly none.
        meant: the architecture that their names tell, where others have the same tensors; mostly empty.
        epsilon, tanh: see ``core.checkpoints.dialects.Translation``.
        normalisation: a mean and a std beside the tensors, with which the network normalises its input itself; mostly
            none.
        headless: whether they fit an architecture without its last layer.
        reshaped: the shapes of those whose numbers are the same in other sides.
    """

    path: tuple[str, ...]
    prefix: str
    refs: Refs
    used: Sequence[str] = ()
    among: Refs = field(default_factory=dict[str, TensorRef])
    fits: bool = False
    note: str = ""
    parts: Mapping[str, Sequence[TensorRef]] = field(default_factory=dict[str, Sequence[TensorRef]])
    meant: str = ""
    epsilon: float = 0.0
    tanh: bool = False
    normalisation: tuple[TensorRef, TensorRef] | None = None
    headless: bool = False
    reshaped: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])

    @property
    def left_out(self) -> tuple[str, ...]:
        """Names beside the tensors, as written, that are not among them."""
        used = set(self.used)
        return tuple(name for name in self.among if name not in used)

    @property
    def written(self) -> Refs:
        """All in the same place by names as written, but for wrappers; empty if ``refs`` are the same.

        What was left out is among it only where it is small beside the rest: a second copy is not.
        """
        left_out = self.left_out
        if sum(math.prod(self.among[name].shape) for name in left_out) * 4 > sum(
            math.prod(ref.shape) for ref in self.refs.values()
        ):
            left_out = ()
        names = [*self.used, *left_out]
        if not names:
            return {}
        wrapper = _wrapper(names)
        whole = {name.removeprefix(wrapper): self.among[name] for name in names}
        same = whole.keys() == self.refs.keys() or {name.removeprefix(self.prefix) for name in names} == set(self.refs)
        return {} if same and not left_out else whole

    @property
    def name(self) -> str:
        """What a person chooses it by: the keys with dots between them; a dot alone for the file as a whole."""
        return ".".join(part for part in (*self.path, self.prefix.removesuffix(".")) if part) or "."


class _Place:
    """Tensors that lie in one dict.

    Attributes:
        path: the keys that lead to them.
        refs: by their names as written.
    """

    def __init__(self, path: tuple[str, ...], refs: Refs) -> None:
        self.path = path
        self.refs = refs

    @functools.cached_property
    def named(self) -> Named:
        """Their shapes, by their names as written."""
        return Named({name: ref.shape for name, ref in self.refs.items()})

    @functools.cached_property
    def spellings(self) -> Sequence[tuple[Named, Mapping[str, str]]]:
        """Their shapes by name, and the names as written: as they are, and as torchvision spells them now."""
        plain = (self.named, {name: name for name in self.refs})
        modern = dict(zip(_modern(list(self.refs)), self.refs, strict=True))
        if len(modern) < len(self.refs) or modern.keys() == self.refs.keys():
            return (plain,)
        return (plain, (Named({name: self.refs[raw].shape for name, raw in modern.items()}), modern))

    @functools.cached_property
    def likely_network(self) -> tuple[dict[str, TensorRef], tuple[str, str] | None]:
        """Without what belongs to training by its name, and without a mean and std; and the names of these."""
        used = _without_harmless(self.refs)
        names = normalisation_of(used)
        return {name: ref for name, ref in used.items() if names is None or name not in names}, names

    @functools.cached_property
    def likely(self) -> Sequence[TensorSet]:
        """The most plausible way to take a prefix off tensors that fit nothing; none if there are no tensors."""
        known = known_names()
        plausible = _plausible(self)
        best = min(plausible, key=lambda each: (-len(known.intersection(each.refs)), _preference(each)), default=None)
        return [best] if best is not None else []


def choose(found: Found) -> tuple[TensorSet, ...]:
    """All tensors that may be the network's, those to use first; empty if there are none.

    To use are those that fit an architecture, else those that look most like a network's.  The others are its
    equals: they fit one, too, or have the same names and shapes, as averaged weights have.
    """
    largest, joined = _largest(found.sets), _largest(found.joined)
    for fits_below, places in itertools.product((exact_fits_below, changed_fits_below), (largest, joined)):
        fitting = [candidate for place in places for candidate in _fitting(place, fits_below)]
        if fitting:
            best = min(fitting, key=_preference)
            # The head may lie in a dict of its own.
            whole = [each for place in joined if (each := _laid_out(place))] if best.headless else []
            if whole:
                return _distinct(min(whole, key=_preference), whole)
            taken = {candidate.path for candidate in fitting}
            others = [likely for place in places if place.path not in taken for likely in place.likely]
            return _distinct(best, fitting + [other for other in others if _alike(other, best)])
    other = [each for place in largest[:_FEW_SETS] if (each := _translated(place))]
    apart = [place for place in largest if place.path not in found.trees][:_FEW_SETS]
    other += [each for place in (*apart, *joined) if (each := _laid_out(place))]
    if other:
        best = min(other, key=_preference)
        return _distinct(best, [each for each in other if _alike(each, best)])
    likely = [candidate for place in largest for candidate in place.likely]
    if not likely:
        return ()
    known = known_names()
    best = min(likely, key=lambda each: (-len(known.intersection(each.refs)), _preference(each), -len(each.refs)))
    return _distinct(best, [candidate for candidate in likely if _alike(candidate, best)])


def _translated(place: _Place) -> TensorSet | None:
    """Tensors of a known network under another library's names."""
    used, names = place.likely_network
    if not _FEWEST <= len(used) <= _MAX_RENAMED:
        return None
    found = translated({name: ref.shape for name, ref in used.items()})
    if found is None:
        return None
    refs = {name: used[raw[0]] for name, raw in found.names.items() if len(raw) == 1}
    parts = {name: [used[each] for each in raw] for name, raw in found.names.items() if len(raw) > 1}
    made = TensorSet(
        place.path,
        found.prefix,
        refs,
        list(used),
        place.refs,
        fits=True,
        note=found.note,
        parts=parts,
        meant=found.meant,
        epsilon=found.epsilon,
        tanh=found.tanh,
        reshaped={name: shape for name, shape in found.shapes.items() if name in refs and refs[name].shape != shape},
    )
    return _normalised(made, place, names)


def _without_harmless(refs: Refs) -> dict[str, TensorRef]:
    """Without what belongs to training by its name."""
    return {name: ref for name, ref in refs.items() if not (len(name) <= LONGEST_NAME and _HARMLESS.search(name))}


def _laid_out(place: _Place) -> TensorSet | None:
    """Tensors of a known network whose parts have other names than the architecture's."""
    refs = place.refs
    used, names = place.likely_network
    if not _FEWEST <= len(used) <= _MAX_RENAMED:
        return None
    wrapper = _wrapper(used)
    layout = renamed({name.removeprefix(wrapper): ref.shape for name, ref in used.items()})
    if layout is None:
        return None
    below = {name: refs[wrapper + raw] for name, raw in layout.names.items()}
    return _normalised(TensorSet(place.path, wrapper, below, list(used), refs, True, layout.note), place, names)


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


def _largest(sets: Iterable[tuple[tuple[str, ...], Refs]]) -> list[_Place]:
    largest = sorted(sets, key=lambda each: len(each[1]), reverse=True)[:_MAX_SETS]
    return [_Place(path, refs) for path, refs in largest]


def _fitting(place: _Place, fits_below: FitsBelow) -> list[TensorSet]:
    """Every way to take off a prefix that makes the tensors fit an architecture."""
    if not _FEWEST <= len(place.refs) <= _MAX_TENSORS:
        return []
    for named, written in place.spellings:
        fitting = list(_fitting_prefixes(place, named, written, fits_below))
        if fitting:
            beside = _unexplained(place, fitting)
            return fitting if not beside else list(_normalising(place, fitting, beside))
    return []


def _fitting_prefixes(
    place: _Place, named: Named, written: Mapping[str, str], fits_below: FitsBelow
) -> Iterator[TensorSet]:
    """Prefixes, the shortest first, below which an architecture's tensors are.

    Args:
        place: the tensors.
        named: their shapes, by the names to be tried.
        written: names as written, by the names to be tried.
        fits_below: what tells which prefixes these are.
    """
    taken: list[str] = []
    found = fits_below(named, named.prefixes)
    for prefix in (prefix for prefix in named.prefixes if prefix in found):
        if not prefix.startswith(tuple(taken)):
            names = named.names(prefix)
            below = {name[len(prefix) :]: place.refs[written[name]] for name in names}
            taken.append(prefix)
            inside = [written[name] for name in names]
            modern = named is not place.named
            yield TensorSet(
                place.path,
                _wrapper(inside) if modern else prefix,
                below,
                inside,
                place.refs,
                fits=True,
                headless=not any(fit.num_classes for fit in found[prefix]),
            )


def _unexplained(place: _Place, fitting: Iterable[TensorSet]) -> list[str]:
    """What lies beside the networks' tensors and is not known not to matter.

    Anything such means a larger network around this one, with another answer.
    """
    explained = {name for candidate in fitting for name in candidate.used}
    return list(_without_harmless({name: ref for name, ref in place.refs.items() if name not in explained}))


def _normalising(place: _Place, fitting: Iterable[TensorSet], beside: Sequence[str]) -> Iterator[TensorSet]:
    """The networks with the normalisation that lies beside them; nothing where that is something else."""
    names = normalisation_of(place.refs)
    if names is not None and set(beside) == set(names):
        yield from (_normalised(each, place, names) for each in fitting)


def _normalised(found: TensorSet, place: _Place, names: tuple[str, str] | None) -> TensorSet:
    """A network with the mean and std, by their names as written, with which it normalises its input."""
    if names is None:
        return found
    used = [*found.used, *names]
    mean, std = names
    note = f"its own normalisation, {shown(mean)} and {shown(std)}, is part of the preprocessing"
    return replace(
        found,
        used=used,
        note=f"{found.note}; {note}" if found.note else note,
        normalisation=(place.refs[mean], place.refs[std]),
    )


def _plausible(place: _Place) -> Iterator[TensorSet]:
    """Without a fit: all tensors, without what wrappers put before every name, or before most names."""
    known = known_names()
    refs = place.refs
    wrapper = _wrapper(refs)
    prefixes = [wrapper]
    if len(refs) <= _MAX_TENSORS:
        longer = [prefix for prefix in place.named.prefixes if prefix.startswith(wrapper) and prefix != wrapper]
        # What few names share is no wrapper, but a part of the network; what most share, the middle one has.
        middle = sorted(refs)[len(refs) // 2]
        longer = [each for each in longer if middle.startswith(each)]
        longer = [each for each in longer if 2 * sum(name.startswith(each) for name in refs) > len(refs)]
        counts = count_known_below(place.named, longer)
        prefixes += sorted(longer, key=lambda prefix: -counts[prefix])[:_MOST_LIKELY]
    for prefix in prefixes:
        below = {name.removeprefix(prefix): ref for name, ref in refs.items()}
        modern = dict(zip(_modern(list(below)), below.values(), strict=True))
        if len(modern) == len(refs) and len(known.intersection(modern)) > len(known.intersection(below)):
            below = modern
        if len(below) == len(refs):
            yield TensorSet(place.path, prefix, below, list(refs), refs)


def _wrapper(names: Iterable[str]) -> str:
    """What wrappers put before every name; empty if nothing."""
    rest = list(names)
    prefix = ""
    for _ in range(_MAX_WRAPPERS):
        first = rest[0].partition(".")[0]
        if first not in _WRAPPERS or not all(name.startswith(f"{first}.") for name in rest):
            break
        prefix += f"{first}."
        rest = [name[len(first) + 1 :] for name in rest]
    return prefix


def _modern(names: list[str]) -> list[str]:
    """Names as torchvision spells them now, without wrappers in the middle."""
    # All at once: one by one, the many of a large file take long.
    text = "\n".join(("", *names))
    for wrapper, before in itertools.product(_INSIDE, (".", "\n")):
        found = f"{before}{wrapper}."
        for _ in range(_MAX_WRAPPERS):
            if found not in text:
                break
            text = text.replace(found, before)
    if "denselayer" in text:
        text = _OLD_DENSENET.sub(r"\1\2.", text)
    if ".linear_" in text:
        text = _OLD_VIT.sub(lambda found: f".mlp.{3 * (int(found[1]) - 1)}.", text)
    modern = text.split("\n")[1:]
    return modern if len(modern) == len(names) else names


def _preference(candidate: TensorSet) -> tuple[int, int, int, str]:
    """Smaller is better: not averaged (but for timm), then by custom, then the shallower."""
    key = candidate.path[-1] if candidate.path else ""
    custom = _ORDER.index(key) if key in _ORDER else len(_ORDER)
    averaged = key != "state_dict_ema" and bool(_AVERAGED.search(key) or _AVERAGED.search(candidate.prefix))
    return (int(averaged), custom, len(candidate.path) + candidate.prefix.count("."), candidate.prefix)
