"""Precision, recall and F1 of each class."""

from __future__ import annotations

from collections.abc import Sequence

from core.measures.classification import ClassMeasures
from core.measures.intervals import of_counts
from core.plots.axes import Frame, as_number, percent, ticks
from core.plots.canvas import Canvas, OfClass, Picture, named, wide
from core.plots.palette import Palette

MOST = 40
"""So many classes are drawn; of more, the first half and the last half of their order."""
_MEASURES = (("precision", "Precision", 0.45), ("recall", "Recall", 0.7), ("f1", "F1", 1.0))
_ROW = 32
_PLOT = 400


def worst_and_best(classes: Sequence[ClassMeasures], most: int = MOST) -> tuple[list[ClassMeasures], int]:
    """The classes with images, worst F1 first, and after how many some are left out; 0 where none are."""
    return _ends(sorted((one for one in classes if one.count), key=lambda one: (one.f1, one.index)), most)


def _ends(ranked: list[ClassMeasures], most: int = MOST) -> tuple[list[ClassMeasures], int]:
    """The first and the last of a row, and after how many some are left out; 0 where none are."""
    if len(ranked) <= most:
        return ranked, 0
    half = most // 2
    return ranked[:half] + ranked[-(most - half) :], half


def class_bars(
    classes: Sequence[ClassMeasures], labels: Sequence[str], palette: Palette, *, order: Sequence[int] = ()
) -> Picture:
    """Three bars a class; precision and recall with their 95 % intervals (Wilson, 1927) as hairlines.

    Args:
        classes: measures of every class; those without images are left out.
        labels: names in head order.
        palette: colours.
        order: classes as they are to stand; the worst F1 first if not given.
    """
    by_index = {one.index: one for one in classes if one.count}
    shown, gap = _ends([by_index[i] for i in order if i in by_index]) if order else worst_and_best(classes)
    total = sum(1 for one in classes if one.count)
    room = min(180.0, max((wide(labels[one.index], 12) for one in shown), default=0) + 2)
    frame = Frame(room + 24, 56, _PLOT, len(shown) * _ROW + (_ROW if gap else 0))
    title = f"Precision, recall and F1 of {len(shown):,} of {total:,} classes"
    canvas = Canvas(frame.right + 112, frame.bottom + 40, palette, title)
    _legend(canvas, frame)
    for value in ticks(0, 1):
        x = frame.at_x(value)
        canvas.line(x, frame.top - 8, x, frame.bottom, palette.line)
        canvas.text(x, frame.bottom + 18, percent(value), size=11, anchor="middle", fill=palette.muted)
    for place, one in enumerate(shown):
        y = frame.top + (place + (1 if gap and place >= gap else 0)) * _ROW
        if gap and place == gap:
            left_out = f"{total - len(shown):,} classes between"
            canvas.text(frame.left, y - _ROW / 2, left_out, size=11, fill=palette.muted)
        _draw_class(canvas, frame, y, one, labels[one.index], room)
    return canvas.picture()


def _draw_class(canvas: Canvas, frame: Frame, y: float, one: ClassMeasures, label: str, room: float) -> None:
    palette = canvas.palette
    images = f"{one.count:,} image{'' if one.count == 1 else 's'}"
    canvas.text(frame.left - 8, y + 16, label, size=12, anchor="end", most=room)
    canvas.text(frame.right + 12, y + 16, images, size=11, fill=palette.muted)
    canvas.hit(frame.left - 8 - room, y, frame.width + room + 8, _ROW, OfClass(one.index), f"{named(label)}: {images}")
    for number, (measure, title, depth) in enumerate(_MEASURES):
        value, top = getattr(one, measure) or 0.0, y + 1 + number * 8
        words = f"{named(label)}: {title} {percent(value, 1)}"
        of = one.predicted if measure == "precision" else one.count
        low, high = of_counts(round(value * of), of) if measure != "f1" and of else (value, value)
        if low < high:
            words += f", 95 % between {percent(low, 1)} and {percent(high, 1)}, of {as_number(of)}"
        canvas.rect(frame.left, top, frame.width, 6, palette.track, opacity=0.6)
        canvas.rect(frame.left, top, frame.at_x(value) - frame.left, 6, palette.accent, opacity=depth, title=words)
        if low < high:
            canvas.line(frame.at_x(low), top + 3, frame.at_x(high), top + 3, palette.text)
        canvas.hit(frame.left, top, frame.width, 8, OfClass(one.index, measure), words)


def _legend(canvas: Canvas, frame: Frame) -> None:
    x = frame.left
    for _, title, depth in _MEASURES:
        canvas.rect(x, 14, 12, 6, canvas.palette.accent, opacity=depth)
        canvas.text(x + 18, 21, title, size=12)
        x += wide(title, 12) + 42
    canvas.line(x, 17, x + 12, 17, canvas.palette.text)
    canvas.text(x + 18, 21, "95 % interval", size=12)
