"""What comparing two models found, in plain words: A is the first, B the second."""

from __future__ import annotations

from dataclasses import dataclass

from core.measures.comparison import Change, Comparison

LIKELY = 0.05
"""Below this, a difference is told as one; above it, it could well be chance."""
_HARDLY = 0.01
_FEW = 30
_FEWEST = 6
"""Of so many images on which two models differ, all must speak for the same one to be unlikely by chance."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """In words.

    Attributes:
        what: one sentence: which is better, or that nothing tells.
        more: on what that rests.
    """

    what: str
    more: str


def verdict(found: Comparison) -> Verdict:
    """Which of two models is better, and whether that could be chance."""
    by_name = {change.name: change for change in found.changes}
    if "mae" in by_name:
        return _of_values(found, by_name["mae"])
    return _of_right(found, found.changes[0])


def chance(p: float) -> str:
    """Whether a difference could be chance, in a word or two, and how likely it is by chance alone."""
    word = "hardly" if p < _HARDLY else "unlikely" if p < LIKELY else "yes"
    return f"{word}, p {p_words(p)}"


def p_words(p: float) -> str:
    """Such as ``= 0.02``."""
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"


def _likely(p: float) -> str:
    return "could hardly be chance" if p < _HARDLY else "is unlikely to be chance"


def _of_right(found: Comparison, change: Change) -> Verdict:
    alone, count = (len(found.only_first), len(found.only_second)), found.count
    by = abs(alone[1] - alone[0])
    several = change.name == "exact_match"
    images = "the one image" if count == 1 else f"these {count:,} images"
    if not any(alone):
        rightly = f"{found.both:,} of {count:,} images"
        what = f"A and B are right about the same {rightly}."
        return Verdict(what, " ".join(["There is nothing that tells them apart.", *_caution(found)]))
    told = f"A alone is right about {alone[0]:,}, B alone about {alone[1]:,}"
    test = f"(p {p_words(change.p)}, McNemar's exact test)"
    if change.p >= LIKELY:
        step = f"a difference of {by:,} could well be chance" if by else "there is no difference"
        return Verdict(
            f"A and B cannot be told apart on {images}.", " ".join([f"{told}: {step} {test}.", *_caution(found)])
        )
    better = "B" if alone[1] > alone[0] else "A"
    rightly = "with all labels right" if several else "rightly"
    what = f"{better} answers {by:,} more of {count:,} images {rightly}."
    return Verdict(what, " ".join([f"That {_likely(change.p)} {test}: {told} images.", *_caution(found)]))


def _of_values(found: Comparison, change: Change) -> Verdict:
    count, test = found.count, f"(p {p_words(change.p)}, paired t-test of the absolute errors)"
    told = f"A is nearer to the truth on {len(found.only_first):,}, B on {len(found.only_second):,} of {count:,}"
    off = f"{change.first:.4g}", f"{change.second:.4g}"
    if change.p >= LIKELY:
        step = (
            f"A is off by {off[0]} in the mean, B by {off[1]}: that could well be chance"
            if len(found.only_first) + len(found.only_second)
            else f"Both are off by {off[0]} in the mean"
        )
        images = "the one image" if count == 1 else f"these {count:,} images"
        return Verdict(
            f"A and B cannot be told apart on {images}.", " ".join([f"{step} {test}.", f"{told}.", *_few(count)])
        )
    better = "B" if change.second < change.first else "A"
    near, far = sorted((change.first, change.second))
    what = f"{better} is nearer to the truth: off by {near:.4g} in the mean, not by {far:.4g}."
    return Verdict(what, " ".join([f"That {_likely(change.p)} {test}. {told}.", *_few(count)]))


def _caution(found: Comparison) -> list[str]:
    differ = len(found.only_first) + len(found.only_second)
    if 0 < differ < _FEWEST:
        on = "one image" if differ == 1 else f"{differ} images"
        return [f"They differ on {on} only; on fewer than {_FEWEST} nothing can tell two models apart."]
    return _few(found.count)


def _few(count: int) -> list[str]:
    return ["With so few images only large differences can be told from chance."] if count < _FEW else []
