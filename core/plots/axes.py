"""Frames with round numbers along their sides."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.plots.canvas import Canvas


@dataclass(frozen=True, slots=True)
class Frame:
    """A part of a picture in which numbers are places.

    Attributes:
        left, top, width, height: in the picture's units.
        x, y: least and greatest number along each side.
    """

    left: float
    top: float
    width: float
    height: float
    x: tuple[float, float] = (0.0, 1.0)
    y: tuple[float, float] = (0.0, 1.0)

    def at_x(self, value: float) -> float:
        """Where a number is, from the left."""
        return self.left + (value - self.x[0]) / (self.x[1] - self.x[0]) * self.width

    def at_y(self, value: float) -> float:
        """Where a number is; larger ones are higher."""
        return self.top + self.height - (value - self.y[0]) / (self.y[1] - self.y[0]) * self.height

    @property
    def bottom(self) -> float:
        """The lower side."""
        return self.top + self.height

    @property
    def right(self) -> float:
        """The right side."""
        return self.left + self.width


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from ``low`` to ``high``: multiples of 1, 2 or 5 times a power of ten, ``most`` at the most."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low]
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for step in (power, 2 * power, 5 * power, 10 * power, 20 * power):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            return [number * step for number in range(first, last + 1)]
    return [low]


def as_number(value: float) -> str:
    """A number beside an axis."""
    if value == 0:
        return "0"
    if abs(value) >= 1e6 or abs(value) < 1e-3:
        return f"{value:.3g}"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"


def percent(share: float, digits: int = 0) -> str:
    """A share 0..1 as a person reads it."""
    return f"{100 * share:.{digits}f} %"


def draw_axes(
    canvas: Canvas, frame: Frame, x_title: str, y_title: str, *, shares: tuple[bool, bool] = (True, True)
) -> None:
    """Hairlines at round numbers, and what the sides mean.

    Args:
        canvas: to draw on.
        frame: where.
        x_title, y_title: of the sides; an empty one leaves its numbers out, too.
        shares: whether the sides are 0..1, told in per cent.
    """
    colours = canvas.palette
    for value in ticks(*frame.y, most=6):
        place = frame.at_y(value)
        canvas.line(frame.left, place, frame.right, place, colours.line)
        if y_title:
            told = percent(value) if shares[1] else as_number(value)
            canvas.text(frame.left - 8, place + 4, told, size=11, anchor="end", fill=colours.muted)
    for value in ticks(*frame.x, most=6):
        place = frame.at_x(value)
        canvas.line(place, frame.top, place, frame.bottom, colours.line)
        if x_title:
            told = percent(value) if shares[0] else as_number(value)
            canvas.text(place, frame.bottom + 16, told, size=11, anchor="middle", fill=colours.muted)
    if x_title:
        middle = frame.left + frame.width / 2
        canvas.text(middle, frame.bottom + 36, x_title, size=12, anchor="middle", fill=colours.muted)
    if y_title:
        canvas.text(frame.left, frame.top - 12, y_title, size=12, fill=colours.muted)
