"""What is larger than its window, and is made larger and smaller: with the keys, and with Ctrl and the wheel."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from gui.widgets.theme import UNIT

_ZOOMS = {Qt.Key.Key_Plus: 1, Qt.Key.Key_Equal: 1, Qt.Key.Key_Minus: -1}


class Zoomed(QAbstractScrollArea):
    """A scrolled area of places, one of which the keyboard is at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.setMinimumSize(24 * UNIT, 20 * UNIT)

    def zoom(self, by: int) -> None:
        """So many steps larger; negative for smaller."""
        raise NotImplementedError

    def fit(self) -> None:
        """As large as there is room."""
        raise NotImplementedError

    def choose_current(self) -> None:
        """Choose the place that the keyboard is at."""
        raise NotImplementedError

    def bring_into_sight(self, place: QRectF, before: QPoint, after: int = 0) -> None:
        """Scroll as little as shows a place.

        Args:
            place: on the viewport.
            before: where what is scrolled begins, at the left and the top.
            after: how much is kept free at the other ends.
        """
        for bar, low, high, room, start in (
            (self.horizontalScrollBar(), place.left(), place.right(), self.viewport().width(), before.x()),
            (self.verticalScrollBar(), place.top(), place.bottom(), self.viewport().height(), before.y()),
        ):
            if low < start:
                bar.setValue(round(bar.value() + low - start))
            elif high > room - after:
                bar.setValue(round(bar.value() + high - room + after))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Belongs to the press."""
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter chooses, plus and minus zoom, 0 fits."""
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.choose_current()
        elif key in _ZOOMS:
            self.zoom(_ZOOMS[key])
        elif key == Qt.Key.Key_0:
            self.fit()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """With Ctrl it zooms."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)
