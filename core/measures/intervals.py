"""95 % intervals: how far a figure could be off for no other reason than which images happened to be tested."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from core.measures.library import Floats, percentiles, t_quantile, wilson
from core.measures.library import Indices as Counts

Interval = tuple[float, float]

_DRAWS = 400
_NORMAL = 1.959964
"""The 97.5 % quantile of the normal distribution."""


def of_counts(right: int, count: int) -> Interval:
    """Of a share, after Wilson (1927): holds for few images and for shares near 0 or 1, too."""
    return wilson(right, count)


def of_pairs(gained: int, lost: int, count: int) -> Interval:
    """Of the difference between two shares of the same images, after Agresti and Min (2005): half an image is added to
    each of the four cases, so that few images on which nothing differs do not look like certainty.

    Args:
        gained, lost: images of the second share alone, and of the first alone.
        count: of all images; at least 1.
    """
    step = (gained - lost) / (count + 2)
    reach = _NORMAL * float(np.sqrt(gained + lost + 1 - (gained - lost) ** 2 / (count + 2))) / (count + 2)
    return max(-1.0, step - reach), min(1.0, step + reach)


def of_means(values: Floats) -> Interval:
    """Of a mean over images, by Student's t; of a single image nothing is known, and it is infinitely wide."""
    if len(values) < 2:
        return -np.inf, np.inf
    mean, error = float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))
    reach = t_quantile(len(values) - 1) * error
    return mean - reach, mean + reach


def of_cells(
    confusion: Counts,
    measure: Callable[[Counts, Counts, Counts], Mapping[str, float | None]],
    check: Callable[[], None],
    skip: str = "",
) -> dict[str, Interval]:
    """Of what a confusion matrix tells, by the bootstrap (Efron, 1979): images are drawn anew with replacement.

    Args:
        confusion: (classes, classes) counts.
        measure: gives the measures from how many images each class has, is predicted for, and is right about.
        check: called between draws; may raise to end it.
        skip: a measure that has a better interval.
    """
    rows, columns = np.nonzero(confusion)
    cells = confusion[rows, columns]
    count, classes = int(cells.sum()), len(confusion)
    random = np.random.default_rng(0)
    found: dict[str, list[float]] = {}
    for _ in range(_DRAWS):
        check()
        drawn = random.multinomial(count, cells / count)
        for name, value in measure(*_summed(rows, columns, drawn, classes)).items():
            if name != skip and value is not None:
                found.setdefault(name, []).append(value)
    return {name: percentiles(values) for name, values in found.items()}


def _summed(rows: Counts, columns: Counts, cells: Counts, classes: int) -> tuple[Counts, Counts, Counts]:
    true, predicted, right = (
        np.bincount(place, weights=weights, minlength=classes).astype(np.int64)
        for place, weights in ((rows, cells), (columns, cells), (rows, cells * (rows == columns)))
    )
    return true, predicted, right
