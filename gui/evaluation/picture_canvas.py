"""A picture of measures on screen: each of its places says what it stands for, and can be chosen."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from gui.evaluation.zoomed import Zoomed
from gui.widgets import theme
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from core.plots import HitArea, Picture

_LEGIBLE, _LARGEST = 0.45, 2.0
"""How small and how large a picture may get when it is fitted to the room there is, in parts of its own size."""
_RANGE = (0.2, 5.0)
_STEP = 1.25
_LEAST = 10
"""Pixels that a place takes, however few are drawn."""
_MOST_PIXELS = 24_000_000
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
}  # fmt: skip


class PictureCanvas(Zoomed):
    """Shows a picture as large as there is room, or as large as a person wants it.

    Attributes:
        current: the place that the keyboard is at, by its number; -1 before there is one.

    Signals:
        chosen: a tuple of what the places stand for that a person chose.
        looked: what the place says that is looked at; empty for none.
        size_wanted: the ``Picture``, and how many pixels wide and high it is to be painted.
    """

    chosen = Signal(object)
    looked = Signal(str)
    size_wanted = Signal(object, int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: Picture | None = None
        self._image: QImage | None = None
        self._message = ""
        self._zoom: float | None = None
        self._scale = 1.0
        self._hovered = -1
        self.current = -1
        theme.name(self, "Picture", "Arrow keys move between its places, Enter shows a place's images.")

    @property
    def picture(self) -> Picture | None:
        """What is shown, or about to be."""
        return self._picture

    @property
    def image(self) -> QImage | None:
        """What was painted of it last."""
        return self._image

    @property
    def scale(self) -> float:
        """Pixels at 100 % to one of the picture's units."""
        return self._scale

    def show_picture(self, picture: Picture) -> None:
        """Show another picture; the one before stays until this one is painted."""
        before, self._picture = self._picture, picture
        self._message = ""
        self._hovered = -1
        if before is None or [a.stands for a in before.areas] != [a.stands for a in picture.areas]:
            self.current = -1
        theme.name(self, picture.title)
        self._resize_picture()

    def show_image(self, picture: Picture, image: QImage) -> None:
        """Take the pixels that were wanted; those of a picture that is not shown any more are dropped."""
        if picture is self._picture:
            self._image = image
            self.viewport().update()

    def show_message(self, text: str) -> None:
        """Show words in place of a picture."""
        self._picture = self._image = None
        self._message = text
        self.current = self._hovered = -1
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.setRange(0, 0)
        theme.name(self, text or "Picture")
        self.viewport().update()

    def zoom(self, by: int) -> None:
        """So many steps larger; negative for smaller."""
        self._zoom = min(max(self._scale * _STEP**by, _RANGE[0]), _RANGE[1])
        self._resize_picture()

    def fit(self) -> None:
        """As large as there is room."""
        self._zoom = None
        self._resize_picture()

    def place_of(self, area: HitArea) -> QRectF:
        """Where a place of the picture is on the viewport."""
        corner, scale = self._origin(), self._scale
        return QRectF(corner.x() + area.x * scale, corner.y() + area.y * scale, area.width * scale, area.height * scale)

    def _at(self, point: QPointF) -> list[int]:
        """The places under a point, by their numbers, the one on top first; single images that lie below it, too."""
        if self._picture is None or self._image is None:
            return []
        inside = (point - self._origin()) / self._scale
        x, y, areas = inside.x(), inside.y(), self._picture.areas
        there = [
            number
            for number in range(len(areas) - 1, -1, -1)
            if 0 <= x - areas[number].x < areas[number].width and 0 <= y - areas[number].y < areas[number].height
        ]
        singles = [number for number in there if hasattr(areas[number].stands, "row")]
        return singles or there[:1] or self._near(x, y)

    def _near(self, x: float, y: float) -> list[int]:
        """A place that is too small to be met with a pointer, next to it."""
        assert self._picture is not None
        least, best, found = _LEAST / self._scale, float("inf"), list[int]()
        for number, area in enumerate(self._picture.areas):
            aside, along = x - area.x - area.width / 2, y - area.y - area.height / 2
            inside = abs(aside) <= max(area.width, least) / 2 and abs(along) <= max(area.height, least) / 2
            if inside and aside**2 + along**2 < best:
                best, found = aside**2 + along**2, [number]
        return found

    def _origin(self) -> QPointF:
        """Where the picture's corner is on the viewport, at whole pixels of the screen."""
        assert self._picture is not None
        ratio, room = self.devicePixelRatioF(), self.viewport().size()
        across = max(0.0, (room.width() - self._picture.width * self._scale) / 2)
        down = max(0.0, (room.height() - self._picture.height * self._scale) / 2)
        return QPointF(
            round((across - self.horizontalScrollBar().value()) * ratio) / ratio,
            round((down - self.verticalScrollBar().value()) * ratio) / ratio,
        )

    def _fitting(self, picture: Picture) -> float:
        room = self.maximumViewportSize()
        whole = min(room.width() / picture.width, room.height() / picture.height)
        if whole >= _LEGIBLE:
            return min(whole, _LARGEST)
        # It is scrolled, then, and the bar takes its room.
        across = (room.width() - self.verticalScrollBar().sizeHint().width()) / picture.width
        return min(max(across, _LEGIBLE), 1.0)

    def _resize_picture(self) -> None:
        picture = self._picture
        if picture is None:
            return
        ratio = self.devicePixelRatioF()
        most = (_MOST_PIXELS / (picture.width * picture.height)) ** 0.5 / ratio
        self._scale = min(self._fitting(picture) if self._zoom is None else self._zoom, most)
        for bar, whole, room in (
            (self.horizontalScrollBar(), picture.width, self.viewport().width()),
            (self.verticalScrollBar(), picture.height, self.viewport().height()),
        ):
            middle = (bar.value() + room / 2) / max(1, bar.maximum() + room)
            bar.setRange(0, max(0, round(whole * self._scale) - room))
            bar.setPageStep(max(1, room))
            bar.setSingleStep(4 * UNIT)
            if self._zoom is not None:
                bar.setValue(round(middle * (bar.maximum() + room) - room / 2))
        size = [round(side * self._scale * ratio) for side in (picture.width, picture.height)]
        self.size_wanted.emit(picture, *size)
        self.viewport().update()

    # Painting.

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The pixels, then what is looked at."""
        painter = QPainter(self.viewport())
        if self._picture is None or self._image is None:
            painter.setPen(self.palette().color(theme.MUTED))
            words = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect().adjusted(2 * UNIT, 0, -2 * UNIT, 0), words, self._message)
            return
        ratio = self.devicePixelRatioF()
        width, height = (round(side * self._scale * ratio) for side in (self._picture.width, self._picture.height))
        # Until it is painted anew, the picture is as sharp as it was.
        painter.setRenderHint(
            QPainter.RenderHint.SmoothPixmapTransform, (width, height) != (self._image.width(), self._image.height())
        )
        painter.drawImage(
            QRectF(self._origin().x(), self._origin().y(), width / ratio, height / ratio),
            self._image,
            QRectF(self._image.rect()),
        )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = self.palette().color(self.palette().ColorRole.Text)
        if self._hovered >= 0:
            self._outline(painter, self._hovered, QPen(theme.with_alpha(colour, 0.6), 1.5))
        if self.current >= 0:
            pen = QPen(self.palette().color(theme.ACCENT), 2) if self.hasFocus() else QPen(colour, 1.5)
            self._outline(painter, self.current, pen)

    def _outline(self, painter: QPainter, number: int, pen: QPen) -> None:
        assert self._picture is not None
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(self.place_of(self._picture.areas[number]).adjusted(-1, -1, 1, 1), 2, 2)

    # What a person does.

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More or less room."""
        super().resizeEvent(event)
        self._resize_picture()

    def event(self, event: QEvent) -> bool:
        """On a screen of other pixels."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._resize_picture()
        return super().event(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """Nothing is under the mouse any more."""
        if event.type() == QEvent.Type.Leave:
            self._hover([], None)
        return super().viewportEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what a place stands for."""
        self._hover(self._at(event.position()), event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a place."""
        there = self._at(event.position())
        if event.button() is Qt.MouseButton.LeftButton and there:
            self._go_to(there[0], scroll=False)
            self._choose(there)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The place that the keyboard is at stands out."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """No more."""
        super().focusOutEvent(event)
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go to the nearest place, page keys through all of them; Enter chooses, plus and minus zoom."""
        key = Qt.Key(event.key())
        areas = self._picture.areas if self._picture is not None else ()
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: len(areas) - 1}
        steps = {Qt.Key.Key_PageDown: 1, Qt.Key.Key_PageUp: -1}
        if areas and key in _ARROWS:
            self._go_to(self._nearest(*_ARROWS[key]) if self.current >= 0 else 0)
        elif areas and key in steps:
            self._go_to(max(0, min(self.current + steps[key], len(areas) - 1)))
        elif areas and key in ends:
            self._go_to(ends[key])
        else:
            super().keyPressEvent(event)

    def choose_current(self) -> None:
        """Show the images of the place that the keyboard is at."""
        self._choose([self.current] if self.current >= 0 else [])

    def _nearest(self, right: int, down: int) -> int:
        """The place next to the current one in a direction; the current one where there is none."""
        assert self._picture is not None
        here = _middle(self._picture.areas[self.current])
        best, found = float("inf"), self.current
        for number, area in enumerate(self._picture.areas):
            step = _middle(area) - here
            along, aside = (step.x() * right, step.y()) if right else (step.y() * down, step.x())
            # What lies straight ahead is meant before what lies nearer, but aside.
            far = along + 3 * abs(aside)
            if along > 0.5 and far < best:
                best, found = far, number
        return found

    def _go_to(self, number: int, scroll: bool = True) -> None:
        assert self._picture is not None
        self.current = number
        area = self._picture.areas[number]
        if scroll:
            self.bring_into_sight(self.place_of(area), QPoint(UNIT, UNIT), UNIT)
        self.setAccessibleDescription(f"{area.text}. Enter shows these images.")
        self.looked.emit(area.text)
        self.viewport().update()

    def _hover(self, there: list[int], event: QMouseEvent | None) -> None:
        number = there[0] if there else -1
        if number == self._hovered:
            return
        self._hovered = number
        text = ""
        if self._picture is not None and there:
            text = self._picture.areas[number].text
            text += f" (and {len(there) - 1:,} more here)" if len(there) > 1 else ""
        if event is not None:
            # Names of classes are no markup.
            shown = f"<qt>{escape(text)}</qt>" if text else ""
            QToolTip.showText(event.globalPosition().toPoint(), shown, self.viewport(), QRect(), 20_000)
        self.looked.emit(text)
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if there else Qt.CursorShape.ArrowCursor)
        self.viewport().update()

    def _choose(self, there: list[int]) -> None:
        if self._picture is not None and there:
            self.chosen.emit(tuple(self._picture.areas[number].stands for number in there))


def _middle(area: HitArea) -> QPointF:
    return QPointF(area.x + area.width / 2, area.y + area.height / 2)
