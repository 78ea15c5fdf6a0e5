"""The very pixels that enter the network, enlarged, each one a sharp square."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui import theme, wording
from gui.theme import UNIT

if TYPE_CHECKING:
    from core.descriptions import Seen

_GAP = UNIT // 2
_LINES = 3
"""Of the caption."""


class SeenView(QWidget):
    """Shows what a ``Seen`` holds, with its size below; or one quiet line where there is nothing to see."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images: tuple[QImage, ...] = ()
        self._line = ""
        self._caption = ""
        self._more = ""
        self.setMinimumSize(12 * UNIT, 12 * UNIT)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.show_line("")

    @property
    def images(self) -> tuple[QImage, ...]:
        """The pictures that are shown, a pixel for each pixel that enters the network."""
        return self._images

    @property
    def caption(self) -> str:
        """What stands below."""
        return "\n".join(part for part in (self._caption, self._more) if part)

    def show_seen(self, seen: Seen) -> None:
        """Show what the network gets."""
        layout = QImage.Format.Format_RGB888
        # Copies, since the bytes may go.
        self._images = tuple(
            QImage(rgb, seen.width, seen.height, 3 * seen.width, layout).copy() for rgb in seen.pictures
        )
        self._line = ""
        count = len(seen.pictures)
        size = f"{seen.width} {wording.TIMES} {seen.height}"
        self._caption = f"{f'{count} crops of ' if count > 1 else ''}{size}, what the model sees"
        self._more = f"values {_number(seen.low)} to {_number(seen.high)}"
        if seen.clipped:
            share = wording.percent(seen.clipped)
            self._more += f"; {share} of them lie outside of what a picture can show, and are cut off"
        theme.name(self, "What the model sees", self.caption)
        self.setToolTip(self._more.replace("<", "&lt;"))
        self.update()

    def show_line(self, text: str) -> None:
        """Show one quiet line."""
        self._images, self._line, self._caption, self._more = (), text, "", ""
        theme.name(self, "What the model sees", text or "Nothing yet.")
        self.setToolTip("")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Pictures in rows, the caption below them."""
        painter = QPainter(self)
        small = theme.small(self.font())
        painter.setFont(small)
        painter.setPen(self.palette().color(theme.MUTED))
        if not self._images:
            area = QRectF(self.rect()).adjusted(UNIT, UNIT, -UNIT, -UNIT)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._line)
            return
        line = QFontMetricsF(small).height()
        room = QRectF(0, 0, self.width(), max(1.0, self.height() - _LINES * line - UNIT))
        used = self._paint_pictures(painter, room)
        text = QRectF(0, used.bottom() + UNIT, self.width(), self.height() - used.bottom() - UNIT)
        wrap = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.setPen(self.palette().windowText().color())
        taken = painter.boundingRect(text, int(wrap), self._caption)
        painter.drawText(text, int(wrap), self._caption)
        painter.setPen(self.palette().color(theme.MUTED))
        painter.setFont(theme.scaled(self.font(), 0.85, QFont.Weight.Normal))
        painter.drawText(text.adjusted(0, taken.height(), 0, 0), int(wrap), self._more)

    def _paint_pictures(self, painter: QPainter, room: QRectF) -> QRectF:
        """Paint all of them, as large as the room allows; gives the room that was used."""
        width, height = self._images[0].width(), self._images[0].height()
        columns, cell = _best_grid(len(self._images), width / height, room.size())
        ratio = self.devicePixelRatioF()
        scale = min(cell.width() * ratio / width, cell.height() * ratio / height)
        if scale >= 1:
            # Whole screen pixels for each of the picture's, so that all its squares are alike.
            scale = math.floor(scale)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < 1)
        size = QSizeF(width, height) * (scale / ratio)
        rows = math.ceil(len(self._images) / columns)
        whole = QSizeF(columns * size.width() + (columns - 1) * _GAP, rows * size.height() + (rows - 1) * _GAP)
        left = round((room.width() - whole.width()) / 2 * ratio) / ratio
        top = round(max(0.0, (room.height() - whole.height()) / 2) * ratio) / ratio
        for number, image in enumerate(self._images):
            row, column = divmod(number, columns)
            place = QRectF(left + column * (size.width() + _GAP), top + row * (size.height() + _GAP), 0, 0)
            place.setSize(size)
            painter.drawImage(place, image)
            painter.setPen(QPen(self.palette().color(theme.LINE), 1 / ratio))
            painter.drawRect(place)
        return QRectF(left, top, whole.width(), whole.height())


def _best_grid(count: int, shape: float, room: QSizeF) -> tuple[int, QSizeF]:
    """How many columns make the pictures largest, and the room that each has.

    Args:
        count: of pictures.
        shape: their width by their height.
        room: for all of them.
    """
    best = (1, QSizeF(0, 0), -1.0)
    for columns in range(1, count + 1):
        rows = math.ceil(count / columns)
        cell = QSizeF((room.width() - (columns - 1) * _GAP) / columns, (room.height() - (rows - 1) * _GAP) / rows)
        width = min(cell.width(), cell.height() * shape)
        if width > best[2]:
            best = (columns, cell, width)
    return best[0], best[1]


def _number(value: float) -> str:
    """Short, with a true minus sign."""
    return f"{value:.3g}".replace("-", wording.MINUS)
