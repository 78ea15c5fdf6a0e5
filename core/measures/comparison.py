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
    count); what is a mean over images, such as the log loss, by the paired t-test; averages over classes by the paired
    bootstrap (Efron, 1979).

    Args:
        right_first, right_second: (N,) whether each is right about each image; N at least 1.
        losses: by name, a value an image for each of the two.
        answers: true and predicted classes of each; the order of classes may differ between them.
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
    """Averages over classes; both models are drawn the same images."""
    values = _averages(*first), _averages(*second)
    random, count = np.random.default_rng(0), len(first[0])
    steps: dict[str, list[float]] = {name: [] for name in _AVERAGES}
    for _ in range(_DRAWS):
        check()
        drawn = random.integers(0, count, count)
        one, other = (_averages(true[drawn], predicted[drawn]) for true, predicted in (first, second))
        for name in _AVERAGES:
            steps[name].append(other[name] - one[name])
    changes: list[Change] = []
    for name, each in steps.items():
        differences = np.asarray(each)
        # Twice the smaller tail; with so many draws no less can be told than one of them.
        tail = min(int((differences <= 0).sum()), int((differences >= 0).sum()))
        chance = min(1.0, 2 * (tail + 1) / (_DRAWS + 1))
        changes.append(Change(name, values[0][name], values[1][name], percentiles(each), chance, "paired bootstrap"))
    return changes


def _averages(true: Indices, predicted: Indices) -> dict[str, float]:
    classes = int(max(true.max(), predicted.max())) + 1
    counts = (np.bincount(each, minlength=classes) for each in (true, predicted, true[true == predicted]))
    return {name: value for name, value in averages(*counts).items() if value is not None}
