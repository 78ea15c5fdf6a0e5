"""Two models on the same images: what differs, and whether that could be chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.measures.intervals import Interval, of_means
from core.measures.library import Floats, Indices, Truths, paired_t_test, sign_test


@dataclass(frozen=True, slots=True)
class Change:
    """How one measure differs between two models.

    Attributes:
        name: of the measure.
        first, second: its values.
        interval: 95 % interval of second minus first.
        p: how likely a difference as large is by chance alone, 0..1.
    """

    name: str
    first: float
    second: float
    interval: Interval
    p: float


@dataclass(frozen=True)
class Comparison:
    """Two models on the same images.

    Attributes:
        changes: measure by measure.
        only_first, only_second: places of the images that one of them alone gets right.
        both, neither: how many images both, and none of them, get right.
    """

    changes: tuple[Change, ...]
    only_first: Indices
    only_second: Indices
    both: int
    neither: int


def compare(
    right_first: Truths,
    right_second: Truths,
    losses: dict[str, tuple[Floats, Floats]] | None = None,
) -> Comparison:
    """Compare two models image by image.

    Accuracy by McNemar's exact test (McNemar, 1947: only images on which they differ count); what is a mean over
    images, such as the log loss, by the paired t-test.

    Args:
        right_first, right_second: (N,) whether each is right about each image; N at least 1.
        losses: by name, a value an image for each of the two.
    """
    only_first = np.flatnonzero(right_first & ~right_second)
    only_second = np.flatnonzero(right_second & ~right_first)
    differ = len(only_first) + len(only_second)
    p = sign_test(len(only_second), differ) if differ else 1.0
    steps = right_second.astype(np.float64) - right_first
    changes = [Change("accuracy", float(right_first.mean()), float(right_second.mean()), of_means(steps), p)]
    for name, (first, second) in (losses or {}).items():
        by = second - first
        same = len(by) < 2 or not np.ptp(by)
        chance = 1.0 if same else paired_t_test(first, second)
        changes.append(Change(name, float(first.mean()), float(second.mean()), of_means(by), chance))
    return Comparison(
        tuple(changes),
        only_first,
        only_second,
        int((right_first & right_second).sum()),
        int((~right_first & ~right_second).sum()),
    )
