"""scikit-learn's and SciPy's functions with types: they bring none of their own."""

from __future__ import annotations

import warnings
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
    return np.asarray(_sk.confusion_matrix(truth, predicted, labels=np.arange(classes)), np.int64)


def areas(truth: Truths, score: Floats) -> tuple[float | None, float | None]:
    """ROC AUC and average precision of one class; ``None`` where undefined: images of one kind only, or none of it."""
    count = int(truth.sum())
    if not count:
        return None, None
    if count == len(truth):
        return None, 1.0
    with warnings.catch_warnings():
        # An undefined measure is a warning there, and a mistake here.
        warnings.simplefilter("error")
        false_alarms, hits, _ = _sk.roc_curve(truth, score, drop_intermediate=False)
    # Both from one curve, as sorting the scores is what takes the time.
    alarms, found = false_alarms * (len(truth) - count), hits * count
    precision = np.divide(found, found + alarms, out=np.zeros(len(found)), where=found + alarms > 0)
    return float(_sk.auc(false_alarms, hits)), float(np.sum(np.diff(hits) * precision[1:]))


def roc_curve(truth: Truths, score: Floats) -> tuple[Floats, Floats, Floats]:
    """Rates of false alarms, of hits, and the thresholds."""
    return cast("tuple[Floats, Floats, Floats]", _sk.roc_curve(truth, score))


def precision_recall_curve(truth: Truths, score: Floats) -> tuple[Floats, Floats, Floats]:
    """Precision, recall, and the thresholds, one fewer."""
    return cast("tuple[Floats, Floats, Floats]", _sk.precision_recall_curve(truth, score))


def averaged_scores(truth: Truths, given: Truths, occurs: Indices, average: str) -> tuple[float, float, float]:
    """Precision, recall and F1 of several labels, averaged over those in ``occurs``."""
    found = _sk.precision_recall_fscore_support(truth, given, labels=occurs, average=average, zero_division=0)
    return float(found[0]), float(found[1]), float(found[2])


def r2_score(truth: Floats, predicted: Floats) -> float:
    """Coefficient of determination."""
    return float(_sk.r2_score(truth, predicted))


def wilson(right: int, count: int) -> tuple[float, float]:
    """95 % interval of a share, after Wilson (1927)."""
    interval = _sp.binomtest(right, count).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


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
