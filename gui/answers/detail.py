"""A small line that says what was assumed, and changes it on a click."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from gui.widgets import theme
from gui.widgets.theme import UNIT

_CAPTION = 7 * UNIT


class Detail(QAbstractButton):
    """A small line, caption and value; a click changes it."""

    def __init__(self, caption: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._caption = caption
        self._value = ""
        self._purpose = ""
        self._tag = ""
        self._lines = 2
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        # Repainted when the mouse comes and goes.
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._small = theme.small(self.font())
        self._metrics = QFontMetrics(self._small)
        self._lines_by_width: dict[int, list[str]] = {}
        # Without a value there is nothing to show: not even the caption.
        self.hide()

    @property
    def value(self) -> str:
        """What is shown."""
        return self._value

    @property
    def tag(self) -> str:
        """What stands before it, in colour."""
        return self._tag

    def set_value(self, value: str, purpose: str, tag: str = "") -> None:
        """Args:
        value: what is so.
        purpose: what a click does.
        tag: a word that stands out before it, for what a person should look at; mostly empty.
        """
        if (value, purpose, tag) == (self._value, self._purpose, self._tag):
            return
        lines = self._line_count(self.width())
        self._value, self._purpose, self._tag = value, purpose, tag
        self._lines_by_width.clear()
        self.setVisible(bool(value))
        self.setToolTip(f"{value}\n{purpose}".replace("<", "&lt;").replace("\n", "<br>"))
        theme.name(self, ", ".join(part for part in (f"{self._caption}: {value}", tag) if part), purpose)
        if self._line_count(self.width()) != lines:
            self.updateGeometry()
        self.update()

    def set_lines(self, lines: int) -> None:
        """The most lines to take."""
        if lines != self._lines:
            self._lines = lines
            self._lines_by_width.clear()
            self.updateGeometry()

    def changeEvent(self, event: QEvent) -> None:
        """Another font breaks lines elsewhere."""
        self._small = theme.small(self.font())
        self._metrics = QFontMetrics(self._small)
        self._lines_by_width.clear()
        super().changeEvent(event)

    def hasHeightForWidth(self) -> bool:
        """A long value takes two lines."""
        return True

    def heightForWidth(self, width: int) -> int:
        """In pixels."""
        return self._line_count(width) * self._metrics.height() + 6

    def sizeHint(self) -> QSize:
        """For the usual width."""
        return QSize(36 * UNIT, self.heightForWidth(36 * UNIT))

    def minimumSizeHint(self) -> QSize:
        """Values are cut before the window grows."""
        return QSize(16 * UNIT, self.heightForWidth(16 * UNIT))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Quiet text, brighter under the mouse."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font, metrics = QFont(self._small), self._metrics
        muted, text = self.palette().color(theme.MUTED), self.palette().windowText().color()
        painter.setFont(font)
        painter.setPen(muted)
        area = self.rect().adjusted(0, 3, 0, -3)
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, self._caption)
        area.setLeft(_CAPTION)
        if self._tag:
            self._paint_tag(painter, metrics)
        if self.underMouse():
            font.setUnderline(True)
            painter.setFont(font)
        painter.setPen(self.palette().color(theme.ACCENT) if self.underMouse() else text)
        for number, line in enumerate(self._broken(self.width())):
            indent = self._tag_width() if not number else 0
            left = area.left() + indent
            place = QRect(left, area.top() + number * metrics.height(), area.width() - indent, metrics.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, line)
        if self.hasFocus():
            theme.draw_focus(painter, QRectF(self.rect()).adjusted(-1, 0, 1, 0), self.palette(), 4)

    def _tag_width(self) -> int:
        """With the space after it, in pixels."""
        if not self._tag:
            return 0
        return self._metrics.horizontalAdvance(self._tag) + 2 * UNIT + 4

    def _paint_tag(self, painter: QPainter, metrics: QFontMetrics) -> None:
        """In the accent colour on a tint of it."""
        accent = self.palette().color(theme.ACCENT)
        pill = QRectF(_CAPTION, 3, self._tag_width() - UNIT, metrics.height())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.with_alpha(accent, 0.16))
        painter.drawRoundedRect(pill, 4, 4)
        painter.setPen(accent)
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, self._tag)

    def _line_count(self, width: int) -> int:
        return max(1, len(self._broken(width)))

    def _broken(self, width: int) -> list[str]:
        """The value in lines, words kept whole, the last one cut; layouts ask for it again and again."""
        if width not in self._lines_by_width:
            self._lines_by_width[width] = self._break(width)
        return self._lines_by_width[width]

    def _break(self, width: int) -> list[str]:
        metrics = self._metrics
        room = max(width - _CAPTION - 4, 4 * UNIT)
        lines: list[str] = []
        words = self._value.split()
        while words and len(lines) < self._lines:
            here = room if lines else max(room - self._tag_width(), 4 * UNIT)
            taken = len(words) if len(lines) == self._lines - 1 else 1
            while taken < len(words) and metrics.horizontalAdvance(" ".join(words[: taken + 1])) <= here:
                taken += 1
            lines.append(metrics.elidedText(" ".join(words[:taken]), Qt.TextElideMode.ElideRight, here))
            words = words[taken:]
        return lines
