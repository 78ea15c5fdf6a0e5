"""The numbers of measures as a person reads them."""

from __future__ import annotations

import math
from collections.abc import Callable
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
    return _written(name, value, wording.value)


def in_table(name: str, value: float | None) -> str:
    """The same with as many digits in all rows, so that a value and its interval are compared at a glance."""
    return _written(name, value, _aligned)


def between(name: str, measures: Measures) -> str:
    """The 95 % interval; empty where there is none."""
    ends = measures.intervals.get(name)
    if ends is None or not all(map(math.isfinite, ends)):
        return ""
    return f"{in_table(name, ends[0])} to {in_table(name, ends[1])}"


def _written(name: str, value: float | None, number: Callable[[float], str]) -> str:
    if value is None or not math.isfinite(value):
        return "undefined"
    return wording.percent(value) if metric(name).share else number(round(value, 4) + 0.0)


def _aligned(value: float) -> str:
    return f"{value:.4f}".replace("-", wording.MINUS) if abs(value) < 10 else wording.value(value)
