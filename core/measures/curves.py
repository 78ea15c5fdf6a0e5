"""Curves behind the measures, thinned for drawing, and how far percentages can be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.measures.library import Floats, Indices, Scores, Truths

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


def roc_curve(is_true: Truths, score: Scores | Floats) -> Curve:
    """False alarms (x) against hits (y), as rates; both kinds of image must occur."""
    thresholds, hits, said = _corners(is_true, score)
    own = int(is_true.sum())
    # Where nothing is said to be of the class.
    x, y = np.append(0, said - hits) / (len(score) - own), np.append(0, hits) / own
    return _thinned(Curve(x, y, np.append(np.inf, thresholds)))


def pr_curve(is_true: Truths, score: Scores | Floats) -> Curve:
    """Recall (x) against precision (y); an image of the class must occur."""
    thresholds, hits, said = (each[::-1] for each in _corners(is_true, score))
    recall, precision = np.append(hits / int(is_true.sum()), 0), np.append(hits / said, 1)
    return _thinned(Curve(recall, precision, np.append(thresholds, np.inf)))


def _corners(is_true: Truths, score: Scores | Floats) -> tuple[Floats, Indices, Indices]:
    """Where a curve bends, as scikit-learn's with ``drop_intermediate``; of a rare class that is in few places.

    Returns:
        Thresholds, falling; how many images of the class have at least that score, and how many images have.
    """
    every, own = np.sort(score), np.sort(score[is_true])
    # It bends at the scores of the class's own images, and at the next higher ones.
    above = np.searchsorted(every, own, "right")
    bends = np.concatenate([own, every[above[above < len(every)]], every[[0, -1]]])
    thresholds = np.unique(bends)[::-1]
    hits: Indices = len(own) - np.searchsorted(own, thresholds, "left").astype(np.int64)
    said: Indices = len(every) - np.searchsorted(every, thresholds, "left").astype(np.int64)
    return thresholds.astype(np.float64), hits, said


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
