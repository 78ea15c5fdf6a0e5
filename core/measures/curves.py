"""Curves behind the measures, thinned for drawing, and how far percentages can be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.measures.library import Floats, Truths
from core.measures.library import precision_recall_curve as _precision_recall_curve
from core.measures.library import roc_curve as _roc_curve

BINS = 15
_POINTS = 400


@dataclass(frozen=True)
class Curve:
    """A curve.

    Attributes:
        x, y: 0..1, of equal length.
        thresholds: the score from which on an image counts as of the class, one a point.
    """

    x: Floats
    y: Floats
    thresholds: Floats


@dataclass(frozen=True, slots=True)
class Bin:
    """Images whose confidence is between two bounds.

    Attributes:
        low, high: the bounds, 0..1; ``high`` belongs to it.
        count: how many images.
        confidence: their mean confidence; 0 without images.
        accuracy: the share of them that is right; 0 without images.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def roc_curve(is_true: Truths, score: Floats) -> Curve:
    """False alarms (x) against hits (y), as rates; both kinds of image must occur."""
    false_alarms, hits, thresholds = _roc_curve(is_true, score)
    return _thinned(Curve(false_alarms, hits, thresholds))


def pr_curve(is_true: Truths, score: Floats) -> Curve:
    """Recall (x) against precision (y); an image of the class must occur."""
    precision, recall, thresholds = _precision_recall_curve(is_true, score)
    return _thinned(Curve(recall, precision, np.append(thresholds, np.inf)))


def reliability(confidence: Floats, right: Truths) -> tuple[Bin, ...]:
    """Images by confidence, in 15 bins of equal width (Guo et al., 2017, "On Calibration of Modern Neural Networks").

    Args:
        confidence: (N,) the best class's score, 0..1.
        right: (N,) whether that class is the true one.
    """
    edges = np.linspace(0, 1, BINS + 1)
    # Bins are open below and closed above, as in the paper; a confidence of 0 belongs to the first.
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, BINS - 1)
    bins: list[Bin] = []
    for number in range(BINS):
        inside = place == number
        count = int(inside.sum())
        means = (float(confidence[inside].mean()), float(right[inside].mean())) if count else (0.0, 0.0)
        bins.append(Bin(float(edges[number]), float(edges[number + 1]), count, *means))
    return tuple(bins)


def calibration_error(confidence: Floats, right: Truths) -> float:
    """Expected calibration error, 0..1: how far confidence and accuracy are apart, in the mean over images."""
    return sum(one.count * abs(one.accuracy - one.confidence) for one in reliability(confidence, right)) / len(right)


def _thinned(curve: Curve) -> Curve:
    """No more points than a screen shows, the ends among them."""
    if len(curve.x) <= _POINTS:
        return curve
    keep = np.unique(np.linspace(0, len(curve.x) - 1, _POINTS).round().astype(np.int64))
    return Curve(curve.x[keep], curve.y[keep], curve.thresholds[keep])
