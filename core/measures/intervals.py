"""95 % intervals: how far a figure could be off for no other reason than which images happened to be tested."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from core.measures.library import Floats, normal_quantile, t_quantile
from core.measures.library import Indices as Counts

Interval = tuple[float, float]

DRAWS = 400
_ROUNDING = 1e-20
"""A variance of so little is none."""


def of_counts(right: int, count: int) -> Interval:
    """Of a share, after Wilson (1927): holds for few images and for shares near 0 or 1, too."""
    return of_share(right / count, count)


def of_pairs(gained: int, lost: int, count: int) -> Interval:
    """Of the difference between two shares of the same images, after Agresti and Min (2005): half an image is added to
    each of the four cases, so that few images on which nothing differs do not look like certainty.

    Args:
        gained, lost: images of the second share alone, and of the first alone.
        count: of all images; at least 1.
    """
    step = (gained - lost) / (count + 2)
    reach = normal_quantile() * float(np.sqrt(gained + lost + 1 - (gained - lost) ** 2 / (count + 2))) / (count + 2)
    return max(-1.0, step - reach), min(1.0, step + reach)


def of_share(share: float, size: float) -> Interval:
    """Of a share, after Wilson (1927).

    Args:
        share: 0..1.
        size: of how many images; need not be whole.
    """
    z = normal_quantile()
    middle = (share + z**2 / (2 * size)) / (1 + z**2 / size)
    reach = z / (1 + z**2 / size) * np.sqrt(share * (1 - share) / size + z**2 / (4 * size**2))
    # Rounding must not put the share itself outside.
    return max(0.0, min(share, float(middle - reach))), min(1.0, max(share, float(middle + reach)))


def of_means(values: Floats, low: float = -np.inf, high: float = np.inf) -> Interval:
    """Of a mean over images, by Student's t; of a single image nothing is known, and it is as wide as can be.

    Args:
        values: (N,); N at least 1.
        low, high: what the mean can be.
    """
    if len(values) < 2:
        return low, high
    mean, error = float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))
    reach = t_quantile(len(values) - 1) * error
    return max(low, mean - reach), min(high, mean + reach)


def of_cells(
    confusion: Counts,
    measure: Callable[[Counts, Counts, Counts], Mapping[str, float | None]],
    check: Callable[[], None],
    skip: str = "",
) -> dict[str, Interval]:
    """Of shares that a confusion matrix tells; see ``of_draws``.

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
    drawn: dict[str, list[float]] = {}
    for _ in range(DRAWS):
        check()
        again = random.multinomial(count, cells / count)
        for name, value in measure(*_summed(rows, columns, again, classes)).items():
            if name != skip and value is not None:
                drawn.setdefault(name, []).append(value)
    return of_draws(measure(*_summed(rows, columns, cells, classes)), drawn, confusion.sum(axis=1))


def of_draws(
    values: Mapping[str, float | None], drawn: Mapping[str, Sequence[float]], sizes: Counts
) -> dict[str, Interval]:
    """Of shares whose spread is known by the bootstrap (Efron, 1979): images are drawn anew with replacement.

    What is drawn anew of twenty right answers is twenty right answers, which looks like certainty.  So only the spread
    is the bootstrap's: it gives the number of images of which a plain share would be as uncertain, no more than there
    are, and the interval is Wilson's of that many (Kott and Carr, 1997, "Developing an estimation strategy for a
    pesticide data program", do so for surveys).

    Args:
        values: by name, 0..1 each.
        drawn: by name, what the draws give.
        sizes: how many images each class has.
    """
    there = sizes[sizes > 0]
    if not len(there):
        return {}
    # Where each class counts the same, the smallest ones decide how sure a mean can be.
    alike, every = len(there) ** 2 / float((1 / there).sum()), float(there.sum())
    found: dict[str, Interval] = {}
    for name, again in drawn.items():
        value = values[name]
        if value is not None:
            share, spread = min(value, 1.0), float(np.var(again))
            most = alike if name.endswith("_macro") or name == "balanced_accuracy" else every
            found[name] = of_share(
                share, max(1.0, min(most, share * (1 - share) / spread)) if spread > _ROUNDING else most
            )
    return found


def _summed(rows: Counts, columns: Counts, cells: Counts, classes: int) -> tuple[Counts, Counts, Counts]:
    true, predicted, right = (
        np.bincount(place, weights=weights, minlength=classes).astype(np.int64)
        for place, weights in ((rows, cells), (columns, cells), (rows, cells * (rows == columns)))
    )
    return true, predicted, right
