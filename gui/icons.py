"""The few signs that the window draws itself: crisp at every scale, in any colour."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap

_RESOURCES = Path(__file__).resolve().parent.parent / "resources"


def _photo(path: QPainterPath) -> None:
    path.addRoundedRect(QRectF(2, 4, 20, 16), 3, 3)
    path.addEllipse(QPointF(8, 9.5), 1.8, 1.8)
    path.moveTo(3, 18)
    path.lineTo(9.5, 12.5)
    path.lineTo(13, 15.5)
    path.lineTo(17, 11)
    path.lineTo(21.5, 15.5)


def _drop(path: QPainterPath) -> None:
    path.moveTo(12, 3)
    path.lineTo(12, 15)
    path.moveTo(7, 10.5)
    path.lineTo(12, 15.5)
    path.lineTo(17, 10.5)
    path.moveTo(3, 15)
    path.lineTo(3, 18)
    path.quadTo(3, 21, 6, 21)
    path.lineTo(18, 21)
    path.quadTo(21, 21, 21, 18)
    path.lineTo(21, 15)


def _warning(path: QPainterPath) -> None:
    path.moveTo(12, 3.5)
    path.lineTo(21.8, 20.5)
    path.lineTo(2.2, 20.5)
    path.closeSubpath()
    path.moveTo(12, 10)
    path.lineTo(12, 14.5)
    path.moveTo(12, 17.4)
    path.lineTo(12, 17.6)


def _info(path: QPainterPath) -> None:
    path.addEllipse(QPointF(12, 12), 9.5, 9.5)
    path.moveTo(12, 11)
    path.lineTo(12, 17)
    path.moveTo(12, 7.2)
    path.lineTo(12, 7.4)


def _close(path: QPainterPath) -> None:
    path.moveTo(6, 6)
    path.lineTo(18, 18)
    path.moveTo(18, 6)
    path.lineTo(6, 18)


def _down(path: QPainterPath) -> None:
    path.moveTo(6, 9.5)
    path.lineTo(12, 15.5)
    path.lineTo(18, 9.5)


def _check(path: QPainterPath) -> None:
    path.moveTo(5, 12.5)
    path.lineTo(10, 17.5)
    path.lineTo(19.5, 7)


def _plus(path: QPainterPath) -> None:
    path.moveTo(12, 4)
    path.lineTo(12, 20)
    path.moveTo(4, 12)
    path.lineTo(20, 12)


_SHAPES: dict[str, Callable[[QPainterPath], None]] = {
    "photo": _photo,
    "drop": _drop,
    "warning": _warning,
    "info": _info,
    "close": _close,
    "down": _down,
    "check": _check,
    "plus": _plus,
}


def draw(name: str, painter: QPainter, centre: QPointF, side: float, colour: QColor, width: float = 1.6) -> None:
    """Draw a sign.

    Args:
        name: one of ``photo``, ``drop``, ``warning``, ``info``, ``close``, ``down``, ``check``, ``plus``.
        painter: where.
        centre: the sign's middle.
        side: of its square, in pixels.
        colour: of its lines.
        width: of its lines, on a square of 24.
    """
    path = QPainterPath()
    _SHAPES[name](path)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(centre - QPointF(side / 2, side / 2))
    painter.scale(side / 24, side / 24)
    pen = QPen(colour, width)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)
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
