"""The photo, upright and large: fit, zoom, pan."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QGestureEvent, QPinchGesture, QToolButton, QWidget

from gui import icons, theme
from gui.picture import Picture
from gui.theme import UNIT

_STEP = 1.25
_LARGEST = 32.0
_RADIUS = 10.0
_PIXELATED = 4.0
"""From this zoom on, single pixels are shown as squares."""

_BADGE_MS = 1200
_DIMMED = 0.5
"""How much of what the network does not see is covered."""
_LINE, _EDGE = QColor(255, 255, 255, 230), QColor(0, 0, 0, 110)
"""Seen on any photo: a light line with a dark edge."""


class _SeeButton(QToolButton):
    """A small sign on the photo: the network's pixels beside it, or not."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setFixedSize(4 * UNIT, 4 * UNIT)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("What the model sees")
        theme.name(self, "What the model sees", "Shows the pixels that enter the network beside the photo.")

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The sign on a disc that lets the photo through."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        strong = self.underMouse() or self.isChecked()
        # Its own palette has the style sheet's colours.
        behind = self.window().palette().window().color()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.with_alpha(behind, 0.95 if strong else 0.7))
        painter.drawRoundedRect(area, UNIT, UNIT)
        role = theme.ACCENT if self.isChecked() else self.palette().ColorRole.WindowText
        icons.draw("pixels", painter, area.center(), 2.25 * UNIT, self.palette().color(role), 2.0)
        if self.hasFocus():
            theme.draw_focus(painter, QRectF(self.rect()), self.palette())


class PhotoView(QWidget):
    """Shows one photo, and where the network's input was cut from it.

    Attributes:
        see: whether a person wants to see what the network sees.

    ``zoom`` is screen pixels per photo pixel: 1 is 100 %.

    Signals:
        step_asked: -1 or 1: the photo before or after.
        zoomed: the zoom changed, to this.
    """

    step_asked = Signal(int)
    zoomed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: Picture | None = None
        self._fits = True
        self._zoom = 1.0
        self._centre = QPointF()
        self._grabbed: QPointF | None = None
        self._fitted: QPixmap | None = None
        self._crops: tuple[QRectF, ...] = ()
        self.see = _SeeButton(self)
        self._badge = QTimer(self, singleShot=True, interval=_BADGE_MS)
        self._badge.timeout.connect(self.update)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(20 * UNIT, 15 * UNIT)
        self.grabGesture(Qt.GestureType.PinchGesture)
        theme.name(self, "Photo", "Plus and minus zoom, 0 fits, 1 shows pixels as they are, arrows move.")

    @property
    def zoom(self) -> float:
        """Screen pixels per photo pixel."""
        return self._fit_zoom() if self._fits else self._zoom

    @property
    def fits(self) -> bool:
        """Whether the whole photo is shown, and stays so when the window changes."""
        return self._fits

    @property
    def picture(self) -> Picture | None:
        """The photo that is shown."""
        return self._picture

    def show_picture(self, picture: Picture | None, name: str = "", same: bool = False) -> None:
        """Show a photo, or nothing.

        Args:
            picture: the photo.
            name: for assistive technology.
            same: a sharper copy of the photo that is shown: zoom and place stay.
        """
        if not (same and self._fills_fitted()):
            self._fitted = None
        self._picture = picture
        if not same:
            self._crops = ()
        if picture is not None and not (same and not self._fits):
            self._fits = True
            self._centre = QPointF(picture.width / 2, picture.height / 2)
        self.setAccessibleName(f"Photo: {name}" if name else "Photo")
        self._place_button()
        self.update()

    def show_crops(self, crops: Sequence[tuple[float, float, float, float]]) -> None:
        """Show what the network sees of the photo, and dim the rest.

        Args:
            crops: left, top, width and height of each, in the photo's pixels; none to show nothing.
        """
        shown = tuple(QRectF(*crop) for crop in crops)
        if shown != self._crops:
            self._crops = shown
            self._place_button()
            self.update()

    @property
    def crops(self) -> tuple[QRectF, ...]:
        """What is shown of what the network sees, in the photo's pixels."""
        return self._crops

    def widget_rect(self, place: QRectF) -> QRectF:
        """A part of the photo, in widget coordinates."""
        scale = self._per_pixel()
        return QRectF(self._middle() + (place.topLeft() - self._centre) * scale, place.size() * scale)

    def photo_point(self, place: QPointF) -> QPointF:
        """The photo's pixel at a place of this widget."""
        return self._centre + (place - self._middle()) / self._per_pixel()

    def zoom_in(self) -> None:
        """One step closer."""
        self._zoom_by(_STEP, self._middle())

    def zoom_out(self) -> None:
        """One step back, at most until the photo fits."""
        self._zoom_by(1 / _STEP, self._middle())

    def fit(self) -> None:
        """Show all of it."""
        self._fits = True
        self._changed()

    def actual_size(self) -> None:
        """One photo pixel on one screen pixel."""
        self._zoom_by(1.0 / self.zoom, self._middle(), past_fit=True)

    def _fills_fitted(self) -> bool:
        """Whether the fitted photo was made from enough pixels: a sharper copy would look the same."""
        if self._picture is None or self._fitted is None:
            return False
        return self._picture.levels[0].width() >= self._fitted.width()

    def _middle(self) -> QPointF:
        return QPointF(self.width() / 2, self.height() / 2)

    def _per_pixel(self) -> float:
        """Widget units per photo pixel."""
        return self.zoom / self.devicePixelRatioF()

    def _fit_zoom(self) -> float:
        if self._picture is None:
            return 1.0
        reach = self._reach()
        fitting = min(self.width() / reach.width(), self.height() / reach.height())
        return max(fitting * self.devicePixelRatioF(), 1e-6)

    def _reach(self) -> QSizeF:
        """What fits when the photo fits: the photo, and as much around it as the network gets, within reason."""
        assert self._picture is not None
        width, height = self._picture.width, self._picture.height
        across = max((max(-crop.left(), crop.right() - width) for crop in self._crops), default=0.0)
        down = max((max(-crop.top(), crop.bottom() - height) for crop in self._crops), default=0.0)
        return QSizeF(width + 2 * min(max(across, 0.0), width), height + 2 * min(max(down, 0.0), height))

    def _zoom_by(self, factor: float, about: QPointF, past_fit: bool = False) -> None:
        """Zoom, keeping what is at ``about`` (widget coordinates) where it is."""
        if self._picture is None:
            return
        fitting = self._fit_zoom()
        wanted = min(self.zoom * factor, max(_LARGEST, fitting))
        if wanted <= fitting * 1.001 and not past_fit:
            self.fit()
            return
        away = about - self._middle()
        held = self.photo_point(about)
        self._zoom, self._fits = wanted, False
        self._centre = held - away / self._per_pixel()
        self._changed()

    def _pan(self, by: QPointF) -> None:
        """Move the photo under the window by widget coordinates."""
        if self._picture is not None and not self._fits:
            self._centre -= by / self._per_pixel()
            self._stay_inside()
            self.update()

    def _stay_inside(self) -> None:
        if self._picture is None:
            return
        whole = QSizeF(self._picture.width, self._picture.height)
        seen = QSizeF(self.width(), self.height()) / self._per_pixel()

        def inside(value: float, length: float, visible: float) -> float:
            if visible >= length:
                return length / 2
            return min(max(value, visible / 2), length - visible / 2)

        self._centre = QPointF(
            inside(self._centre.x(), whole.width(), seen.width()),
            inside(self._centre.y(), whole.height(), seen.height()),
        )

    def _changed(self) -> None:
        self._stay_inside()
        self._place_button()
        self._badge.start()
        self.setCursor(Qt.CursorShape.ArrowCursor if self._fits else Qt.CursorShape.OpenHandCursor)
        self.zoomed.emit(self.zoom)
        self.update()

    def _target(self) -> QRectF:
        """Where the whole photo lies, in widget coordinates."""
        assert self._picture is not None
        target = self.widget_rect(QRectF(0, 0, self._picture.width, self._picture.height))
        if not self._fits:
            return target
        # On whole screen pixels, or its last row would show beside the rounded corners.
        ratio = self.devicePixelRatioF()
        corners = (target.left(), target.top(), target.right(), target.bottom())
        left, top, right, bottom = (round(place * ratio) / ratio for place in corners)
        return QRectF(left, top, right - left, bottom - top)

    def _place_button(self) -> None:
        """In the upper right corner of what is seen of the photo."""
        self.see.setVisible(self._picture is not None)
        if self._picture is not None:
            seen = self._target().intersected(QRectF(self.rect()))
            self.see.move(int(seen.right()) - self.see.width() - UNIT, int(seen.top()) + UNIT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The photo with softly rounded corners, on nothing."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._picture is not None:
            target = self._target()
            if self._fits:
                self._paint_fitted(painter, target)
            else:
                self._paint_part(painter, target)
            seen = target.intersected(QRectF(self.rect()))
            theme.round_corners(painter, seen, _RADIUS, self.palette().window().color())
            if self._crops:
                self._paint_crops(painter, target)
            if self._badge.isActive():
                self._paint_badge(painter)
        if self.hasFocus():
            shown = QRectF(self.rect())
            ring = self._target().intersected(shown) if self._picture is not None else shown
            theme.draw_focus(painter, ring, self.palette(), _RADIUS)

    def _paint_fitted(self, painter: QPainter, target: QRectF) -> None:
        """Scaled once a size, then copied."""
        assert self._picture is not None
        ratio = self.devicePixelRatioF()
        size = (target.size() * ratio).toSize()
        if self._fitted is None or self._fitted.size() != size:
            smooth = Qt.TransformationMode.SmoothTransformation
            level = self._picture.level_for(size.width())
            image: QImage = level.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
            self._fitted = QPixmap.fromImage(image)
            self._fitted.setDevicePixelRatio(ratio)
        painter.drawPixmap(target.topLeft(), self._fitted)

    def _paint_part(self, painter: QPainter, target: QRectF) -> None:
        assert self._picture is not None
        seen = target.intersected(QRectF(self.rect()))
        level = self._picture.level_for(target.width() * self.devicePixelRatioF())
        factor = level.width() / target.width()
        source = QRectF((seen.topLeft() - target.topLeft()) * factor, seen.size() * factor)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.zoom < _PIXELATED)
        painter.drawImage(seen, level, source)

    def _paint_crops(self, painter: QPainter, target: QRectF) -> None:
        """What the network does not see is dimmed; a thin line around what it sees."""
        crops = [self.widget_rect(crop) for crop in self._crops]
        unseen = QPainterPath()
        unseen.addRect(target)
        for crop in crops:
            inside = QPainterPath()
            inside.addRect(crop)
            unseen = unseen.subtracted(inside)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.with_alpha(self.palette().window().color(), _DIMMED))
        painter.drawPath(unseen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, inset in ((_EDGE, 0.5), (_LINE, 1.5)):
            painter.setPen(QPen(colour, 1))
            for crop in crops:
                painter.drawRect(crop.adjusted(inset, inset, -inset, -inset))

    def _paint_badge(self, painter: QPainter) -> None:
        text = f"{100 * self.zoom:.0f} %"
        painter.setFont(theme.small(self.font()))
        width = painter.fontMetrics().horizontalAdvance(text) + 2 * UNIT
        badge = QRectF(self.width() - width - UNIT, self.height() - 4 * UNIT, width, 3 * UNIT)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.with_alpha(self.palette().window().color(), 0.85))
        painter.drawRoundedRect(badge, UNIT, UNIT)
        painter.setPen(self.palette().windowText().color())
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep what is seen inside."""
        self._stay_inside()
        self._place_button()
        super().resizeEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer."""
        turned = event.pixelDelta().y() / 100 if event.pixelDelta().y() else event.angleDelta().y() / 120
        if turned:
            self._zoom_by(_STEP**turned, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of a photo that is larger than the window."""
        if event.button() == Qt.MouseButton.LeftButton and not self._fits:
            self._grabbed = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move it."""
        if self._grabbed is not None:
            self._pan(event.position() - self._grabbed)
            self._grabbed = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if self._grabbed is not None:
            self._grabbed = None
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """From fit to single pixels and back."""
        if self._picture is None or event.button() != Qt.MouseButton.LeftButton:
            return
        if self._fits:
            self._zoom_by(1.0 / self.zoom, event.position(), past_fit=True)
        else:
            self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows pan what is zoomed, and otherwise go to the next photo."""
        ways = {
            Qt.Key.Key_Left: QPointF(1, 0),
            Qt.Key.Key_Right: QPointF(-1, 0),
            Qt.Key.Key_Up: QPointF(0, 1),
            Qt.Key.Key_Down: QPointF(0, -1),
        }
        way = ways.get(Qt.Key(event.key()))
        if way is None or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
        elif not self._fits:
            self._pan(way * 8 * UNIT)
        else:
            self.step_asked.emit(1 if way.x() < 0 or way.y() < 0 else -1)

    def event(self, event: QEvent) -> bool:
        """Pinching, on touch pads and touch screens; and arrow keys, which pan here, before they are shortcuts."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and not self._fits:
            event.setAccepted(event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right))
            if event.isAccepted():
                return True
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self._zoom_by(1 + event.value(), event.position())
            return True
        if isinstance(event, QGestureEvent):
            pinch = event.gesture(Qt.GestureType.PinchGesture)
            if isinstance(pinch, QPinchGesture):
                self._zoom_by(pinch.scaleFactor(), QPointF(self.mapFromGlobal(pinch.centerPoint().toPoint())))
                return True
        return super().event(event)
