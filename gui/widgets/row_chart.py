"""A row of numbers as a small picture."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPalette

from gui.widgets import theme
from gui.widgets.theme import UNIT

_WIDEST_BAR = 3 * UNIT
_NARROWEST_BAR = 3


def draw(painter: QPainter, area: QRectF, values: tuple[float, ...], palette: QPalette) -> None:
    """Bars in the accent colour from a hairline at zero; so many that they do not fit are drawn as their range."""
    if not values:
        return
    low, high = min(0.0, *values), max(0.0, *values)
    scale = (area.height() - 2) / ((high - low) or 1.0)
    zero = area.top() + 1 + high * scale
    painter.setPen(palette.color(theme.LINE))
    painter.drawLine(round(area.left()), round(zero), round(area.right()), round(zero))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.with_alpha(palette.color(theme.ACCENT), 0.6))
    count = min(len(values), max(1, int(area.width()) // _NARROWEST_BAR))
    step = min(_WIDEST_BAR, area.width() / count)
    for number in range(count):
        part = values[number * len(values) // count : (number + 1) * len(values) // count]
        bottom, top = min(0.0, *part), max(0.0, *part)
        left = area.left() + number * step
        painter.drawRect(QRectF(left, zero - top * scale, max(1.0, step - 1), max(1.0, (top - bottom) * scale)))
