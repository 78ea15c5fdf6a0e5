"""Measures of a regression."""

from __future__ import annotations

import numpy as np

from core.measures.classification import Measures
from core.measures.intervals import of_means
from core.measures.library import Floats, r2_score


def measure_values(truth: Floats, predicted: Floats) -> Measures:
    """Measure predicted numbers.

    ``r2`` is undefined for fewer than two images, and where all true values are the same.

    Args:
        truth: (N,); N at least 1.
        predicted: (N,).
    """
    wrong = predicted - truth
    squared = wrong**2
    mse = float(squared.mean())
    varies = len(truth) > 1 and bool(np.ptp(truth) > 0)
    values = {
        "mse": mse,
        "rmse": float(np.sqrt(mse)),
        "mae": float(np.abs(wrong).mean()),
        "r2": r2_score(truth, predicted) if varies else None,
    }
    low, high = of_means(squared, 0.0)
    intervals = {
        "mse": (low, high),
        "rmse": (float(np.sqrt(low)), float(np.sqrt(high))),
        "mae": of_means(np.abs(wrong), 0.0),
    }
    return Measures(len(truth), values, intervals)
