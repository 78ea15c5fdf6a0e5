"""Two models on the same images: what differs, and whether that could be chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from core.measures.classification import averages
from core.measures.intervals import Interval, of_means, of_pairs
from core.measures.library import Floats, Indices, Truths, paired_t_test, percentiles, sign_test

Answers = tuple[Indices, Indices]
"""True and predicted classes, (N,) each."""
Check = Callable[[], None]
_DRAWS = 1000
_FEWEST_DRAWN = 10
"""Of fewer images the bootstrap knows nothing."""
_ROUNDING = 1e-12
_AVERAGES = ("balanced_accuracy", "precision_macro", "f1_macro", "f1_weighted")


@dataclass(frozen=True, slots=True)
class Change:
    """How one measure differs between two models.

    Attributes:
        name: of the measure.
        first, second: its values.
        interval: 95 % interval of second minus first.
        p: how likely a difference as large is by chance alone, 0..1.
        test: which test says so.
    """

    name: str
    first: float
    second: float
    interval: Interval
    p: float
    test: str


@dataclass(frozen=True)
class Comparison:
    """Two models on the same images.

    Attributes:
        changes: measure by measure.
        only_first, only_second: places of the images that one of them alone gets right; of values, those to which
            it is nearer.
        both, neither: how many images both, and none of them, get right; of values, none are counted but those on
            which both are equally near.
    """

    changes: tuple[Change, ...]
    only_first: Indices
    only_second: Indices
    both: int
    neither: int

    @property
    def count(self) -> int:
        """How many images there are."""
        return len(self.only_first) + len(self.only_second) + self.both + self.neither


def compare(
    right_first: Truths,
    right_second: Truths,
    losses: Mapping[str, tuple[Floats, Floats]] | None = None,
    answers: tuple[Answers, Answers] | None = None,
    *,
    shares: Mapping[str, tuple[Truths, Truths]] | None = None,
    name: str = "accuracy",
    check: Check = lambda: None,
) -> Comparison:
    """Compare two models image by image.

    Shares of images, such as the accuracy, by McNemar's exact test (McNemar, 1947: only images on which they differ
    count); what is a mean over images, such as the log loss, by the paired t-test; averages over classes by
    approximate randomisation (Noreen, 1989: the models' answers to an image are exchanged, or not), with intervals by
    the paired bootstrap (Efron, 1979).

    Args:
        right_first, right_second: (N,) whether each is right about each image; N at least 1.
        losses: by name, a value an image for each of the two.
        answers: true and predicted classes of each, by the same numbers.
        shares: by name, a truth an image for each of the two.
        name: what the share of images that are right is called.
        check: called between draws; may raise to end it.
    """
    only_first = np.flatnonzero(right_first & ~right_second)
    only_second = np.flatnonzero(right_second & ~right_first)
    changes = [_of_shares(name, right_first, right_second)]
    changes += [_of_shares(other, *each) for other, each in (shares or {}).items()]
    changes += [_of_means(loss, *each) for loss, each in (losses or {}).items()]
    if answers is not None:
        changes += _of_classes(*answers, check)
    return Comparison(
        tuple(changes),
        only_first,
        only_second,
        int((right_first & right_second).sum()),
        int((~right_first & ~right_second).sum()),
    )


def compare_values(truth: Floats, first: Floats, second: Floats) -> Comparison:
    """Compare predicted numbers, (N,) each: squared and absolute errors by the paired t-test."""
    errors = np.abs(first - truth), np.abs(second - truth)
    changes = (_of_means("mse", errors[0] ** 2, errors[1] ** 2), _of_means("mae", *errors))
    nearer, farther = np.flatnonzero(errors[0] < errors[1]), np.flatnonzero(errors[0] > errors[1])
    return Comparison(changes, nearer, farther, len(truth) - len(nearer) - len(farther), 0)


def _of_shares(name: str, first: Truths, second: Truths) -> Change:
    gained, lost = int((second & ~first).sum()), int((first & ~second).sum())
    chance = sign_test(gained, gained + lost) if gained + lost else 1.0
    shares = float(first.mean()), float(second.mean())
    return Change(name, *shares, of_pairs(gained, lost, len(first)), chance, "McNemar")


def _of_means(name: str, first: Floats, second: Floats) -> Change:
    by = second - first
    if len(by) < 2:
        chance = 1.0
    elif not np.ptp(by):
        # The same step everywhere: none at all, or one that no chance makes.
        chance = 0.0 if by[0] else 1.0
    else:
        chance = paired_t_test(first, second)
    return Change(name, float(first.mean()), float(second.mean()), of_means(by), chance, "paired t")


def _of_classes(first: Answers, second: Answers, check: Check) -> list[Change]:
    """Averages over classes: intervals by drawing images anew, chance by exchanging the models' answers."""
    cases, counts = np.unique(np.stack([*first, *second], axis=1), axis=0, return_counts=True)
    ours, theirs, size = cases[:, :2], cases[:, 2:], int(cases.max()) + 1
    differ = (ours != theirs).any(axis=1)
    random, count = np.random.default_rng(0), len(first[0])
    one, other = _counts(ours, counts, size), _counts(theirs, counts, size)
    values = _averages(one), _averages(other)
    drawn: dict[str, list[float]] = {name: [] for name in _AVERAGES}
    as_large = dict.fromkeys(_AVERAGES, 0)
    for _ in range(_DRAWS):
        check()
        some = random.multinomial(count, counts / count)
        again = [_averages(_counts(part, some, size)) for part in (ours, theirs)]
        # Only where the answers differ does exchanging them change anything.
        swapped = random.binomial(counts[differ], 0.5)
        step = _counts(theirs[differ], swapped, size) - _counts(ours[differ], swapped, size)
        mixed = _averages(one + step), _averages(other - step)
        for name in _AVERAGES:
            drawn[name].append(again[1][name] - again[0][name])
            found, by_chance = (abs(each[1][name] - each[0][name]) for each in (values, mixed))
            as_large[name] += by_chance >= found - _ROUNDING
    few = count < _FEWEST_DRAWN
    return [
        Change(
            name,
            values[0][name],
            values[1][name],
            (-np.inf, np.inf) if few else percentiles(drawn[name]),
            (as_large[name] + 1) / (_DRAWS + 1),
            "randomisation",
        )
        for name in _AVERAGES
    ]


def _counts(cases: Indices, weights: Indices, size: int) -> Indices:
    """(3, size): how many images each class has, is predicted for, and is right about.

    Args:
        cases: (K, 2) true and predicted classes.
        weights: (K,) how many images of each there are.
        size: number of classes.
    """
    true, predicted = cases.T
    right = weights * (true == predicted)
    each = ((true, weights), (predicted, weights), (true, right))
    return np.stack([np.bincount(*pair, minlength=size) for pair in each]).astype(np.int64)


def _averages(counts: Indices) -> dict[str, float]:
    return {name: value for name, value in averages(*counts).items() if value is not None}
