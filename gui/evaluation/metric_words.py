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
    return wording.percent(value) if metric(name).share else wording.value(round(value, 4))


def between(name: str, measures: Measures) -> str:
    """The 95 % interval; empty where there is none."""
    ends = measures.intervals.get(name)
    if ends is None or not all(map(math.isfinite, ends)):
        return ""
    return f"{shown(name, ends[0])} to {shown(name, ends[1])}"
