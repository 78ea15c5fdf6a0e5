"""A button that shows what is chosen, and opens a list of what could be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from gui.widgets import icons, theme, wording
from gui.widgets.choices import Choice
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from gui.widgets.picker_list import PickerList


class Picker(QAbstractButton):
    """A caption, below it what is chosen.

    Signals:
        chosen: a choice's key.
    """

    chosen = Signal(str)

    def __init__(self, caption: str, choices: Callable[[], Sequence[Choice]], parent: QWidget | None = None) -> None:
        """Args:
        caption: what the choice is about.
        choices: asked for each time the list opens.
        """
        super().__init__(parent)
        self._caption = caption
        self._choices = choices
        self.list: PickerList | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        # Repainted when the mouse comes and goes.
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.clicked.connect(self.open_list)
        self.set_value(wording.DASH)

    def set_value(self, text: str, tool_tip: str = "") -> None:
        """Show what is chosen."""
        self.setText(text)
        self.setToolTip(tool_tip)
        theme.name(self, f"{self._caption}: {text}", tool_tip or "Opens a list of choices.")
        self.updateGeometry()
        self.update()

    def open_list(self) -> None:
        """Drop the list down."""
        if self.list is None:
            # Loaded when it is first wanted, which is never before the window is painted.
            from gui.widgets.picker_list import PickerList

            self.list = PickerList(self, self._caption)
            self.list.chosen.connect(self.chosen)
        self.list.open_at(self, self._choices())

    def sizeHint(self) -> QSize:
        """Room for the whole value, within reason."""
        value, caption = QFontMetrics(self._value_font()), QFontMetrics(self._caption_font())
        width = max(value.horizontalAdvance(self.text()), caption.horizontalAdvance(self._caption)) + 6 * UNIT
        return QSize(min(width, 40 * UNIT), value.height() + caption.height() + 2 * UNIT)

    def minimumSizeHint(self) -> QSize:
        """The value is cut before the window grows."""
        return QSize(14 * UNIT, self.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Down and Enter open the list, as Space does."""
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.open_list()
            return
        super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Caption, value and a chevron; a background only under the mouse."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse() and self.isEnabled():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.palette().color(theme.HOVER))
            painter.drawRoundedRect(QRectF(self.rect()), UNIT, UNIT)
        if self.hasFocus():
            theme.draw_focus(painter, QRectF(self.rect()), self.palette())
        area = self.rect().adjusted(UNIT + 4, UNIT - 1, -UNIT - 4, -UNIT + 1)
        painter.setFont(self._caption_font())
        painter.setPen(self.palette().color(theme.MUTED))
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, self._caption)
        metrics = QFontMetrics(self._value_font())
        text = metrics.elidedText(self.text(), Qt.TextElideMode.ElideMiddle, area.width() - 2 * UNIT - 4)
        painter.setFont(self._value_font())
        painter.setPen(self.palette().color(self.palette().ColorRole.WindowText))
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, text)
        chevron = QPointF(
            area.left() + metrics.horizontalAdvance(text) + UNIT + 4, area.bottom() - metrics.height() / 2 + 1.5
        )
        icons.draw("down", painter, chevron, 12, self.palette().color(theme.MUTED), 2.4)

    def _caption_font(self) -> QFont:
        return theme.scaled(self.font(), 0.85)

    def _value_font(self) -> QFont:
        return theme.scaled(self.font(), 1.08, QFont.Weight.DemiBold)
