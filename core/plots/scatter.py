"""Predicted values against true ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.plots.axes import Frame, as_number, draw_axes
from core.plots.canvas import Canvas, Picture, Row
from core.plots.histograms import value_range
from core.plots.palette import Palette
from core.showing import counted

MOST = 2000
"""So many points are drawn; of more images, these far off and others at even steps."""
_SIDE = 420


def value_scatter(truth: NDArray[np.float64], predicted: NDArray[np.float64], palette: Palette) -> Picture:
    """A point an image; on the diagonal both agree.

    Args:
        truth: (N,).
        predicted: (N,); images with a value that is not finite are left out.
        palette: colours.
    """
    rows = np.flatnonzero(np.isfinite(truth) & np.isfinite(predicted))
    total = len(rows)
    if total > MOST:
        far = rows[np.argsort(-np.abs(predicted[rows] - truth[rows]), kind="stable")]
        even = np.linspace(MOST // 4, total - 1, MOST - MOST // 4).astype(np.int64)
        rows = np.concatenate((far[: MOST // 4], far[even]))
    low, high = value_range(np.concatenate((truth[rows], predicted[rows])))
    frame = Frame(72, 40, _SIDE, _SIDE, x=(low, high), y=(low, high))
    title = f"Predicted against true values of {counted(total, 'image')}"
    canvas = Canvas(frame.right + 32, frame.bottom + 56, palette, title)
    draw_axes(canvas, frame, "True", "Predicted", shares=(False, False))
    canvas.line(frame.left, frame.bottom, frame.right, frame.top, palette.muted, dash="2 4")
    if total > len(rows):
        told = f"{len(rows):,} of {counted(total, 'image')}"
        canvas.text(frame.right, frame.top - 12, told, size=11, anchor="end", fill=palette.muted)
    alpha = 0.7 if len(rows) < 300 else 0.35
    for row in rows:
        true, said = float(truth[row]), float(predicted[row])
        x, y = frame.at_x(true), frame.at_y(said)
        words = f"True {as_number(true)}, predicted {as_number(said)}"
        canvas.dot(x, y, 3, palette.accent, opacity=alpha, title=words)
        canvas.hit(x - 4, y - 4, 8, 8, Row(int(row)), words)
    return canvas.picture()
