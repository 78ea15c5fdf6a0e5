"""ROC and precision-recall curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.measures.curves import Curve
from core.plots.axes import Frame, draw_axes, percent
from core.plots.canvas import Canvas, OfClass, Picture, Threshold, named
from core.plots.palette import Palette

_SIDE = 400
_LIST = 260
_HITS = 60
_DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 4", "10 4", "4 2 1 2", "12 3 2 3 2 3")


@dataclass(frozen=True)
class NamedCurve:
    """One line.

    Attributes:
        name: a class's, or what it is the mean of.
        curve: its points.
        area: below it, 0..1; ``None`` where undefined.
        index: the class; -1 for the mean of all.
    """

    name: str
    curve: Curve
    area: float | None
    index: int = -1


def roc_curves(curves: Sequence[NamedCurve], palette: Palette) -> Picture:
    """False alarms against hits; the mean is drawn thick, and the diagonal is what guessing gives."""
    return _draw(curves, palette, "ROC curve", "False alarms", "Hits", "AUC")


def pr_curves(curves: Sequence[NamedCurve], palette: Palette) -> Picture:
    """Recall against precision; the mean is drawn thick."""
    return _draw(curves, palette, "Precision-recall curve", "Recall", "Precision", "AP")


def mean_curve(curves: Sequence[Curve], *, steps: bool) -> Curve:
    """The mean of curves at each of 201 places along x.

    Args:
        curves: of several classes.
        steps: precision at a recall is that of the first threshold that reaches it, as average precision has it;
            else points are joined by straight lines, as the area under a ROC curve has it.
    """
    grid = np.linspace(0, 1, 201)
    total = np.zeros(len(grid))
    for curve in curves:
        order = np.argsort(curve.x, kind="stable")
        x, y = curve.x[order], curve.y[order]
        if steps:
            # Of several thresholds with one recall the best precision counts.
            best = np.maximum.reduceat(y, (firsts := np.flatnonzero(np.diff(x, prepend=-1.0))))
            total += best[np.minimum(np.searchsorted(x[firsts], grid, side="left"), len(best) - 1)]
        else:
            total += np.interp(grid, x, y)
    mean = total / max(1, len(curves))
    if not steps:
        # Where a curve rises straight up from no false alarms, it begins at no hits.
        grid, mean = np.append(0.0, grid), np.append(0.0, mean)
    return Curve(grid, mean, np.full(len(grid), np.nan))


def _draw(curves: Sequence[NamedCurve], palette: Palette, title: str, x: str, y: str, area: str) -> Picture:
    frame = Frame(64, 40, _SIDE, _SIDE)
    height = max(frame.bottom + 56, frame.top + 24 * len(curves) + 24)
    told = "; ".join(f"{named(c.name)} {area} {c.area:.3f}" for c in curves[:12] if c.area is not None)
    canvas = Canvas(frame.right + 32 + _LIST, height, palette, f"{title}: {told}" if told else title)
    draw_axes(canvas, frame, x, y)
    if area == "AUC":
        canvas.line(frame.left, frame.bottom, frame.right, frame.top, palette.muted, dash="2 4")
    if not curves:
        middle = frame.left + frame.width / 2, frame.top + frame.height / 2
        none = "No curve: it takes images of a class, and of others."
        canvas.text(*middle, none, anchor="middle", fill=palette.muted)
    for place, one in reversed(list(enumerate(curves))):
        mean = one.index < 0
        stroke = palette.accent if mean else palette.muted
        points = [(frame.at_x(float(a)), frame.at_y(float(b))) for a, b in zip(one.curve.x, one.curve.y, strict=True)]
        words = named(one.name) if one.area is None else f"{named(one.name)}: {area} {one.area:.4f}"
        dash = "" if mean else _DASHES[place % len(_DASHES)]
        canvas.curve(points, stroke, width=2.5 if mean else 1.5, dash=dash, title=words)
        if not mean:
            _add_hits(canvas, one, points, f"{x}", f"{y}")
        line, left = frame.top + 8 + 24 * place, frame.right + 32
        canvas.curve([(left, line - 4), (left + 28, line - 4)], stroke, width=2.5 if mean else 1.5, dash=dash)
        canvas.text(left + 36, line, one.name, bold=mean, most=_LIST - 100)
        shown = "undefined" if one.area is None else f"{one.area:.3f}"
        canvas.text(left + _LIST - 16, line, shown, size=12, anchor="end", fill=palette.muted)
        canvas.hit(left, line - 16, _LIST - 16, 24, OfClass(one.index), words)
    canvas.text(frame.right + _LIST + 16, frame.top - 12, area, size=12, anchor="end", fill=palette.muted)
    return canvas.picture()


def _add_hits(canvas: Canvas, one: NamedCurve, points: list[tuple[float, float]], x: str, y: str) -> None:
    """Places along a curve, not nearer to each other than a pointer can tell."""
    every = max(1, len(points) // _HITS)
    for number in range(0, len(points), every):
        (left, top), score = points[number], float(one.curve.thresholds[number])
        if np.isfinite(score):
            values = f"{x} {percent(float(one.curve.x[number]), 1)}, {y} {percent(float(one.curve.y[number]), 1)}"
            words = f"{named(one.name)} from a score of {percent(score, 1)} on: {values}"
            canvas.hit(left - 6, top - 6, 12, 12, Threshold(one.index, score), words)
