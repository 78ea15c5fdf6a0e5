"""How sure a model is, and how rightly."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.measures.curves import Bin
from core.plots.axes import Frame, as_number, draw_axes, percent, ticks
from core.plots.canvas import Between, Canvas, Picture, wide
from core.plots.palette import Palette
from core.showing import counted

_SIDE = 400
BINS = 20


def reliability_diagram(bins: Sequence[Bin], palette: Palette) -> Picture:
    """Accuracy at each confidence, with how many images there are of it; on the diagonal both agree (Guo et al., 2017).

    What lies between the two is the palette's ``error`` where the model is surer than it is right, else pale.

    Args:
        bins: from ``core.measures.reliability``.
        palette: colours.
    """
    total = max(1, sum(one.count for one in bins))
    error = sum(one.count * abs(one.accuracy - one.confidence) for one in bins) / total
    most = max((one.count for one in bins), default=0) or 1
    frame = Frame(64, 40, _SIDE, _SIDE)
    below = Frame(64, frame.bottom + 24, _SIDE, 72, y=(0, most))
    title = f"Reliability: expected calibration error {percent(error, 2)} over {counted(total, 'image')}"
    canvas = Canvas(frame.right + 32, below.bottom + 56, palette, title)
    draw_axes(canvas, frame, "", "Accuracy")
    canvas.text(frame.right, frame.top - 12, f"ECE {percent(error, 2)}", size=12, anchor="end", bold=True)
    canvas.text(below.left - 8, below.top + 8, f"{most:,}", size=11, anchor="end", fill=palette.muted)
    for value in ticks(0, 1):
        x = frame.at_x(value)
        canvas.text(x, below.bottom + 16, percent(value), size=11, anchor="middle", fill=palette.muted)
    middle = below.left + below.width / 2
    canvas.text(middle, below.bottom + 38, "Confidence (and images)", size=12, anchor="middle", fill=palette.muted)
    for one in bins:
        if not one.count:
            continue
        left, width = frame.at_x(one.low), frame.at_x(one.high) - frame.at_x(one.low) - 1
        words = (
            f"Confidence {percent(one.low, 1)} to {percent(one.high, 1)}, in the mean {percent(one.confidence, 1)}: "
            f"accuracy {percent(one.accuracy, 1)} of {counted(one.count, 'image')}"
        )
        tall = below.bottom - below.at_y(one.count)
        high, low = sorted((frame.at_y(one.accuracy), frame.at_y(one.confidence)))
        gap = palette.error if one.confidence > one.accuracy else palette.accent
        canvas.rect(left, low, width, frame.bottom - low, palette.accent, opacity=0.75, title=words)
        canvas.rect(left, high, width, low - high, gap, opacity=0.35, title=words)
        canvas.rect(left, below.bottom - tall, width, tall, palette.muted, opacity=0.6, title=words)
        canvas.hit(left, frame.top, width + 1, below.bottom - frame.top, Between(one.low, one.high), words)
    canvas.line(frame.left, frame.bottom, frame.right, frame.top, palette.muted, dash="2 4")
    canvas.line(below.left, below.bottom, below.right, below.bottom, palette.line)
    return canvas.picture()


def score_histogram(
    scores: NDArray[np.float64],
    right: NDArray[np.bool_],
    palette: Palette,
    *,
    mistakes: bool = True,
    x: str = "Confidence",
) -> Picture:
    """How many images have which score: right ones below, wrong ones on top of them, in 20 bins.

    Or, where there are several labels, how many scores of labels that an image has, and has not.

    Args:
        scores: (N,) each 0..1.
        right: (N,) which kind each is.
        palette: colours.
        mistakes: whether the second kind are mistakes; else labels that an image does not have.
        x: what the scores are.
    """
    names = ("Right", "Wrong") if mistakes else ("Has the label", "Has it not")
    kinds = ("right", "wrong") if mistakes else ("of labels that are there", "of labels that are not there")
    edges = np.linspace(0, 1, BINS + 1)
    # Bins are open below and closed above, as those of the reliability diagram.
    place = np.clip(np.searchsorted(edges, scores, side="left") - 1, 0, BINS - 1)
    counts = [np.bincount(place[part], minlength=BINS) for part in (right, ~right)]
    most = int((counts[0] + counts[1]).max()) or 1
    frame = Frame(64, 56, _SIDE + 80, 240, y=(0, most))
    whole = ", ".join(f"{len(scores[part]):,} {kind}" for part, kind in zip((right, ~right), kinds, strict=True))
    canvas = Canvas(frame.right + 32, frame.bottom + 56, palette, f"{x}: {whole}")
    draw_axes(canvas, frame, x, "Images" if mistakes else "Scores", shares=(True, False))
    colours = (palette.accent, palette.error if mistakes else palette.muted)
    left = frame.right - sum(wide(name, 12) + 34 for name in names)
    for name, colour in zip(names, colours, strict=True):
        canvas.rect(left, 12, 12, 12, colour, opacity=0.8)
        canvas.text(left + 18, 22, name, size=12)
        left += wide(name, 12) + 34
    for number in range(BINS):
        bottom = frame.bottom
        x1, low, high = frame.at_x(edges[number]), float(edges[number]), float(edges[number + 1])
        width = frame.at_x(high) - x1
        for those, colour, told, kind in zip(counts, colours, kinds, (True, False), strict=True):
            count = int(those[number])
            if count:
                tall = frame.bottom - frame.at_y(count)
                words = f"{x} {percent(low)} to {percent(high)}: {count:,} {told}"
                canvas.rect(x1, bottom - tall, width - 1, tall, colour, opacity=0.8, title=words)
                canvas.hit(x1, bottom - tall, width, tall, Between(low, high, kind), words)
                bottom -= tall
    return canvas.picture()


def error_histogram(errors: NDArray[np.float64], palette: Palette) -> Picture:
    """How far predicted values are off, in bins as wide as round numbers.

    Args:
        errors: (N,) predicted minus true; what is not finite is left out.
        palette: colours.
    """
    errors = errors[np.isfinite(errors)]
    low, high = value_range(errors)
    round_numbers = ticks(low, high, 24)
    step = round_numbers[1] - round_numbers[0] if len(round_numbers) > 1 else high - low
    edges: NDArray[np.float64] = np.arange(math.ceil(low / step) - 1, math.ceil(high / step) + 1, dtype=np.float64)
    edges *= step
    # Bins are open below and closed above, as those of scores; rounding must not leave an end out.
    edges[0], edges[-1] = min(edges[0], np.nextafter(low, -np.inf)), max(edges[-1], high)
    counts = np.bincount(np.searchsorted(edges, errors, side="left") - 1, minlength=len(edges) - 1)
    most = int(counts.max(initial=0)) or 1
    frame = Frame(64, 40, _SIDE + 80, 240, x=(float(edges[0]), float(edges[-1])), y=(0, most))
    canvas = Canvas(frame.right + 32, frame.bottom + 56, palette, f"Errors of {len(errors):,} predicted values")
    draw_axes(canvas, frame, "Predicted minus true", "Images", shares=(False, False))
    for start, end, count in zip(edges[:-1], edges[1:], counts, strict=True):
        if count:
            x1, tall = frame.at_x(float(start)), frame.bottom - frame.at_y(float(count))
            words = f"{as_number(float(start))} to {as_number(float(end))}: {counted(int(count), 'image')}"
            width = frame.at_x(float(end)) - x1
            canvas.rect(x1, frame.bottom - tall, width - 1, tall, palette.accent, opacity=0.8, title=words)
            canvas.hit(x1, frame.top, width, frame.height, Between(float(start), float(end)), words)
    if edges[0] < 0 < edges[-1]:
        canvas.line(frame.at_x(0), frame.top, frame.at_x(0), frame.bottom, palette.muted, dash="2 4")
    return canvas.picture()


def value_range(values: NDArray[np.float64]) -> tuple[float, float]:
    """Least and greatest of some numbers, moved apart where they are the same."""
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    if low == high:
        reach = abs(low) / 2 or 0.5
        return low - reach, high + reach
    return low, high
