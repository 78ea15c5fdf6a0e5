"""The few signs that the window draws itself: crisp at every scale, in any colour."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

_RESOURCES = Path(__file__).resolve().parent.parent / "resources"


Line = tuple[tuple[float, float], ...]

_LINES: dict[str, tuple[Line, ...]] = {
    "photo": (((3, 18), (9.5, 12.5), (13, 15.5), (17, 11), (21.5, 15.5)),),
    "drop": (
        ((12, 3), (12, 15)),
        ((7, 10.5), (12, 15.5), (17, 10.5)),
        ((3, 15), (3, 18), (3.9, 20.1), (6, 21), (18, 21), (20.1, 20.1), (21, 18), (21, 15)),
    ),
    "warning": (
        ((12, 3.5), (21.8, 20.5), (2.2, 20.5), (12, 3.5)),
        ((12, 10), (12, 14.5)),
        ((12, 17.4), (12, 17.6)),
    ),
    "info": (((12, 11), (12, 17)), ((12, 7.2), (12, 7.4))),
    "close": (((6, 6), (18, 18)), ((18, 6), (6, 18))),
    "down": (((6, 9.5), (12, 15.5), (18, 9.5)),),
    "check": (((5, 12.5), (10, 17.5), (19.5, 7)),),
    "plus": (((12, 4), (12, 20)), ((4, 12), (20, 12))),
    "pixels": (
        ((3, 3), (21, 3), (21, 21), (3, 21), (3, 3)),
        ((9, 3), (9, 21)),
        ((15, 3), (15, 21)),
        ((3, 9), (21, 9)),
        ((3, 15), (21, 15)),
    ),
    "undo": (((9, 5), (4, 10), (9, 15)), ((4, 10), (15, 10), (18.5, 11.5), (20, 15), (18.5, 18.5), (15, 20), (9, 20))),
    "redo": (((15, 5), (20, 10), (15, 15)), ((20, 10), (9, 10), (5.5, 11.5), (4, 15), (5.5, 18.5), (9, 20), (15, 20))),
    "row": (
        ((3, 20), (21, 20)),
        ((5, 16.5), (5, 12)),
        ((9.7, 16.5), (9.7, 5)),
        ((14.3, 16.5), (14.3, 9)),
        ((19, 16.5), (19, 14)),
    ),
}
"""The strokes of each sign, on a square of 24."""

_CIRCLES: dict[str, tuple[float, float, float]] = {"photo": (8, 9.5, 1.8), "info": (12, 12, 9.5)}
"""Centre and radius."""


def _shape(name: str) -> QPainterPath:
    path = QPainterPath()
    if name == "photo":
        path.addRoundedRect(QRectF(2, 4, 20, 16), 3, 3)
    if name in _CIRCLES:
        x, y, radius = _CIRCLES[name]
        path.addEllipse(QPointF(x, y), radius, radius)
    for line in _LINES[name]:
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in line]))
    return path


def draw(name: str, painter: QPainter, centre: QPointF, side: float, colour: QColor, width: float = 1.6) -> None:
    """Draw a sign.

    Args:
        name: one of ``photo``, ``drop``, ``warning``, ``info``, ``close``, ``down``, ``check``, ``plus``, ``pixels``,
            ``undo``, ``redo``, ``row``.
        painter: where.
        centre: the sign's middle.
        side: of its square, in pixels.
        colour: of its lines.
        width: of its lines, on a square of 24.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(centre - QPointF(side / 2, side / 2))
    painter.scale(side / 24, side / 24)
    pen = QPen(colour, width)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(_shape(name))
    painter.restore()


def pixmap(name: str, side: int, colour: QColor, ratio: float) -> QPixmap:
    """A sign as a picture of ``side`` pixels at 100 % scale."""
    made = QPixmap((QSizeF(side, side) * ratio).toSize())
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    draw(name, painter, QPointF(side / 2, side / 2), side, colour)
    painter.end()
    return made


def app_icon() -> QIcon:
    """Whatsit's own icon; empty where the installation brings none."""
    icon = QIcon()
    for file in sorted(_RESOURCES.glob("whatsit-*.png")):
        icon.addFile(str(file))
    return icon
