"""How one photo of the filmstrip looks."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QImage, QPainter, QPalette, QPen, QPixmap

from gui import icons, theme
from gui.results_model import Entry, State
from gui.theme import UNIT

WIDTH = 14 * UNIT
"""Of a cell, in pixels."""

_THUMBNAIL = QSize(WIDTH - UNIT, 9 * UNIT)
_KEPT = 300
_RADIUS = 6.0
_CENTRED = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter


class Thumbnails:
    """Decoded thumbnails, cut to the filmstrip's shape; the least recently painted go first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, float, int], QPixmap] = OrderedDict()

    def get(self, entry: Entry, ratio: float) -> QPixmap | None:
        """The thumbnail for a screen's pixel ratio; ``None`` where there is none yet."""
        data = entry.result.thumbnail if entry.result is not None else b""
        if not data:
            return None
        key = (entry.key, ratio, len(data))
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = _cut(QImage.fromData(data), ratio)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return found


def _cut(image: QImage, ratio: float) -> QPixmap:
    """Scaled to cover the cell, its middle kept."""
    size = _THUMBNAIL * ratio
    if image.isNull():
        return QPixmap()
    covering = image.scaled(
        size, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    )
    corner = QPoint((covering.width() - size.width()) // 2, (covering.height() - size.height()) // 2)
    made = QPixmap.fromImage(covering.copy(QRect(corner, size)))
    made.setDevicePixelRatio(ratio)
    return made


@dataclass(frozen=True, slots=True)
class Marks:
    """What is special about a cell.

    Attributes:
        current: the photo that is shown.
        chosen: marked, such as for removing.
        focused: the keyboard acts on the filmstrip.
    """

    current: bool
    chosen: bool
    focused: bool


class CellPainter:
    """Paints cells in one font.

    Attributes:
        height: of a cell, in pixels.
    """

    def __init__(self, font: QFont) -> None:
        self._thumbnails = Thumbnails()
        self._bold = theme.scaled(font, 0.92, QFont.Weight.DemiBold)
        self._plain = theme.small(font)
        self._bold_metrics = QFontMetrics(self._bold)
        self._plain_metrics = QFontMetrics(self._plain)
        self.height = _THUMBNAIL.height() + 2 * (UNIT // 2) + UNIT // 2 + 2 * self._bold_metrics.height()

    def paint(self, painter: QPainter, corner: QPoint, entry: Entry, marks: Marks, palette: QPalette) -> None:
        """The thumbnail, and below it two lines: the answer and its percentage, or a value and its name.

        Args:
            painter: antialiased.
            corner: the cell's upper left one.
            entry: what to show.
            marks: what is special about it.
            palette: for the colours.
        """
        area = QRect(corner + QPoint(UNIT // 2, UNIT // 2), _THUMBNAIL)
        self._paint_picture(painter, area, entry, palette)
        if marks.current or marks.chosen:
            colour = palette.color(theme.ACCENT)
            width = 3 if marks.current and marks.focused else 2
            painter.setPen(QPen(colour if marks.current else theme.with_alpha(colour, 0.5), width))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(area).adjusted(-2, -2, 2, 2), _RADIUS + 2, _RADIUS + 2)
        self._paint_words(painter, area, entry, palette)

    def _paint_picture(self, painter: QPainter, area: QRect, entry: Entry, palette: QPalette) -> None:
        thumbnail = self._thumbnails.get(entry, painter.device().devicePixelRatioF())
        if thumbnail is not None and not thumbnail.isNull():
            # One of the model before, until the new answer is there, is paler.
            painter.setOpacity(1.0 if entry.state is State.DONE else 0.5)
            painter.drawPixmap(area.topLeft(), thumbnail)
            painter.setOpacity(1.0)
            theme.round_corners(painter, QRectF(area), _RADIUS, palette.window().color())
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.color(theme.TRACK))
        painter.drawRoundedRect(QRectF(area), _RADIUS, _RADIUS)
        centre = QPointF(QRectF(area).center())
        if entry.answered is not None and entry.answered.error is not None:
            icons.draw("warning", painter, centre, 3 * UNIT, palette.color(theme.ERROR))
        else:
            sign = "row" if entry.source.is_row else "photo"
            icons.draw(sign, painter, centre, 3 * UNIT, palette.color(theme.MUTED))

    def _paint_words(self, painter: QPainter, area: QRect, entry: Entry, palette: QPalette) -> None:
        first, second, failed = _words(entry)
        muted = palette.color(theme.MUTED)
        text = muted if entry.answered is None else palette.color(palette.ColorRole.Text)
        line = QRect(area.left(), area.bottom() + UNIT // 2 + 1, area.width(), self._bold_metrics.height())
        painter.setFont(self._bold)
        painter.setPen(palette.color(theme.ERROR) if failed else text)
        shown = self._bold_metrics.elidedText(first, Qt.TextElideMode.ElideRight, line.width())
        painter.drawText(line, _CENTRED, shown)
        line.translate(0, line.height())
        painter.setFont(self._plain)
        painter.setPen(muted)
        shown = self._plain_metrics.elidedText(second, Qt.TextElideMode.ElideMiddle, line.width())
        painter.drawText(line, _CENTRED, shown)


def _words(entry: Entry) -> tuple[str, str, bool]:
    """The two lines below a photo, and whether they are an error's."""
    if entry.answered is None:
        waiting = {State.WAITING: "waiting …", State.STOPPED: "not answered"}
        return waiting.get(entry.state, ""), entry.source.short_name, False
    if entry.brief is None:
        return "no answer", entry.source.short_name, True
    return *entry.brief, False
