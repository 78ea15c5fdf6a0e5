"""The numbers of measures as a person reads them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from core.measures.words import metric
from gui.widgets import wording

if TYPE_CHECKING:
    from core.measures import Measures


def headline(measures: Measures) -> str:
    """The name of the measure to show first."""
    wanted = ("accuracy", "exact_match", "r2", *measures.values)
    return next(name for name in wanted if name in measures.values)


def shown(name: str, value: float | None) -> str:
    """A value as a person reads it."""
    if value is None or not math.isfinite(value):
        return "undefined"
    if metric(name).share:
        return wording.percent(value)
    # As many digits in all rows, so that a value and its interval are compared at a glance.
    rounded = round(value, 4) + 0.0
    return f"{rounded:.4f}".replace("-", wording.MINUS) if abs(value) < 10 else wording.value(rounded)


def between(name: str, measures: Measures) -> str:
    """The 95 % interval; empty where there is none."""
    ends = measures.intervals.get(name)
    if ends is None or not all(map(math.isfinite, ends)):
        return ""
    return f"{shown(name, ends[0])} to {shown(name, ends[1])}"
