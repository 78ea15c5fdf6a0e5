"""The network of a person's file that is built, where several fit: by evidence, and said where there is none."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.architectures.custom.loading import LoadedSource
from core.architectures.custom.meant import importing, leaves, made_in
from core.architectures.custom.ranking import CustomFit
from core.checkpoints.values import shown


@dataclass(frozen=True)
class Choice:
    """One of a file's networks.

    Attributes:
        fit: of the network.
        rivals: others that fit as well, so that nothing but the choice tells them apart.
        reason: why this one, a sentence; empty where nothing told, or no other fits.
    """

    fit: CustomFit
    rivals: tuple[CustomFit, ...] = ()
    reason: str = ""


def choose(fits: Sequence[CustomFit], loaded: LoadedSource, named: Mapping[str, str], asked: str = "") -> Choice:
    """The network to build.

    Of several that fit exactly: the one that is named; the only one that the file makes when it runs; or, of a class
    and those that inherit from it, the last, which is then only assumed.

    Args:
        fits: from ``rank_classes``.
        loaded: the file.
        named: what says that a network is meant, by its name, the most believable first; each a few words, or empty
            where it need not be said.
        asked: the name that a person chose, which counts whether it fits or not; empty where there is none.
    """
    by_name = {fit.name: fit for fit in reversed(fits)}
    for name, words in named.items():
        if name in by_name and (by_name[name].exact or name == asked):
            reason = f"{shown(name, 40)} was chosen, as {words}." if words else ""
            return Choice(by_name[name], _rivals(fits, by_name[name]) if words else (), reason)
    first = fits[0]
    rivals = _rivals(fits, first)
    if not rivals:
        return Choice(first)
    equal = {fit.name: fit for fit in (first, *rivals)}
    trees = [loaded.bundle.main.tree, *(text.tree for text in loaded.bundle.texts.values())]
    made = made_in(trees, equal) or made_in(tuple(itertools.islice(importing(loaded.source.path), 3)), equal)
    last = leaves(trees, made or equal) or (first.name,)
    chosen = equal[last[0] if first.name not in last else first.name]
    reason = f"{shown(chosen.name, 40)} was chosen, as the code itself makes it." if len(made) == 1 else ""
    return Choice(chosen, _rivals(fits, chosen), reason)


def _rivals(fits: Sequence[CustomFit], chosen: CustomFit) -> tuple[CustomFit, ...]:
    """Others of a file that fit as well, and that a person may have meant."""
    return tuple(
        fit for fit in fits if fit is not chosen and fit.kind == chosen.kind and fit.exact and not fit.questions
    )
