"""Which measures are told first, and how their numbers are written."""

from __future__ import annotations

import math

from core.measures.intervals import Interval
from core.measures.words import metric
from core.plots.axes import as_number, percent

HEADLINES = ("accuracy", "balanced_accuracy", "f1_macro", "exact_match", "rmse", "mae", "r2")
"""Measures that are told first, in large type; up to three of them."""


def written(name: str, value: float | None) -> str:
    """A measure's value; shares in per cent."""
    if value is None or not math.isfinite(value):
        return "undefined"
    if metric(name).share:
        return percent(value, 1)
    return f"{value:.4f}" if abs(value) < 10 else as_number(value)


def between(name: str, interval: Interval | None) -> str:
    """A 95 % interval; empty where there is none."""
    if interval is None or not all(map(math.isfinite, interval)):
        return ""
    low, high = (written(name, end) for end in interval)
    return f"{low} to {high}"
