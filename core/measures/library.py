"""scikit-learn's and SciPy's functions with types: they bring none of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy import stats as _stats
from scipy.cluster import hierarchy as _hierarchy
from scipy.spatial import distance as _distance
from sklearn import metrics as _metrics

Floats = NDArray[np.float64]
Scores = NDArray[np.float32]
Indices = NDArray[np.int64]
Truths = NDArray[np.bool_]

_sk, _sp = cast(Any, _metrics), cast(Any, _stats)
_trees, _distances = cast(Any, _hierarchy), cast(Any, _distance)

_TURNED = 200
"""Up to so many leaves a tree's branches are turned: it takes the square of their number and more."""


def confusion_matrix(truth: Indices, predicted: Indices, classes: int) -> Indices:
    """(classes, classes): rows true, columns predicted."""
    return np.bincount(truth * classes + predicted, minlength=classes**2).reshape(classes, classes)


def areas(truth: Truths, score: Scores | Floats) -> tuple[float | None, float | None]:
    """ROC AUC and average precision of one class; ``None`` where undefined: images of one kind only, or none of it.

    The same as scikit-learn's, which sorts images with their scores: of all but the class's own images only the sorted
    scores matter, and these are sorted many times as fast by themselves.
    """
    own = np.sort(score[truth])
    if not len(own):
        return None, None
    if len(own) == len(truth):
        return None, 1.0
    every = np.sort(score)
    below, own_below = np.searchsorted(every, own, "left"), np.searchsorted(own, own, "left")
    upto, own_upto = np.searchsorted(every, own, "right"), np.searchsorted(own, own, "right")
    # A pair of one image of the class and one of the rest is in order, or tied, which counts half.
    others = len(truth) - len(own)
    area = float(((below - own_below) + (upto - own_upto)).sum()) / (2 * len(own) * others)
    # Each image of the class is found at its own score, with all that score as much.
    precision = (len(own) - own_below) / (len(every) - below)
    return area, float(precision.mean())


def r2_score(truth: Floats, predicted: Floats) -> float:
    """Coefficient of determination."""
    return float(_sk.r2_score(truth, predicted))


def normal_quantile() -> float:
    """The 97.5 % quantile of the normal distribution."""
    return float(_sp.norm.ppf(0.975))


def sign_test(hits: int, count: int) -> float:
    """How likely it is that of so many fair coins so many, or as few, fall on one side."""
    return float(_sp.binomtest(hits, count).pvalue)


def t_quantile(degrees: int) -> float:
    """The 97.5 % quantile of Student's t."""
    return float(_sp.t.ppf(0.975, degrees))


def paired_t_test(first: Floats, second: Floats) -> float:
    """How likely a mean difference as large is by chance alone."""
    return float(_sp.ttest_rel(second, first).pvalue)


def percentiles(values: Sequence[float]) -> tuple[float, float]:
    """The middle 95 %."""
    low, high = np.percentile(np.asarray(values), [2.5, 97.5])
    return float(low), float(high)


def leaf_order(distances: Floats) -> Indices:
    """Things in an order in which those near to each other are neighbours: the leaves of a tree of average linkage.

    With few of them its branches are turned so that neighbours are as near as can be (Bar-Joseph, Gifford and
    Jaakkola, 2001, "Fast optimal leaf ordering for hierarchical clustering").

    Args:
        distances: (N, N), symmetric, 0 on the diagonal or anything; N at least 2.
    """
    apart = _distances.squareform(distances, checks=False)
    tree = _trees.linkage(apart, "average")
    if len(distances) <= _TURNED:
        tree = _trees.optimal_leaf_ordering(tree, apart)
    return np.asarray(_trees.leaves_list(tree), np.int64)
