"""The best class, or the value, large enough to be read from across the room."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QFont,
    QFontMetricsF,
    QPainter,
    QPaintEvent,
    QPalette,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.outputs import HALF
from gui.widgets import theme
from gui.widgets.theme import UNIT

_SIZES = (4.2, 3.6, 3.0, 2.6, 2.2, 1.9, 1.6)
"""Font sizes to try, in proportion to the system's."""

_BAR = 10
BAR_HEIGHT = 6
"""Of the classes below, in pixels."""


class AnswerView(QWidget):
    """A class's name, its percentage and its bar; a value and its name; or one quiet line in their place."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = ""
        self._number = ""
        self._share = 0.0
        self._caption = ""
        self._mark = self._pale = False
        self._quiet = True
        self._faded = False
        self._dense = False
        self._held = 0
        self._layouts: dict[int, tuple[QTextLayout, float]] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    @property
    def label(self) -> str:
        """The name, the value, or the quiet line."""
        return self._label

    @property
    def number(self) -> str:
        """The percentage; empty beside a value or a quiet line."""
        return self._number

    @property
    def caption(self) -> str:
        """The small line below."""
        return self._caption

    def show_answer(self, label: str, number: str, share: float, caption: str = "") -> None:
        """Show the one class that is right.

        Args:
            label: its name.
            number: its percentage as text.
            share: 0..1.
            caption: what a label that is no name is; mostly empty.
        """
        self._mark = self._pale = False
        self._set(label, number, share, caption, quiet=False)

    def show_label(self, label: str, number: str, share: float, caption: str) -> None:
        """Show the likeliest of several labels; paler where it does not reach a half, which is marked.

        Args:
            label: its name.
            number: its percentage as text.
            share: 0..1.
            caption: how many labels reach a half.
        """
        self._mark, self._pale = True, share < HALF
        self._set(label, number, share, caption, quiet=False)

    def show_value(self, name: str, number: str) -> None:
        """Show a value.

        Args:
            name: what it is.
            number: as text.
        """
        self._mark = self._pale = False
        self._set(number, "", 0.0, name, quiet=False)

    def show_line(self, text: str) -> None:
        """Show one quiet line."""
        self._set(text, "", 0.0, "", quiet=True)

    def show_waiting(self, text: str) -> None:
        """Show one quiet line in the place of an answer that is on its way: what is below stays where it is."""
        self._set(text, "", 0.0, "", quiet=True, held=self.heightForWidth(self.width()))

    def set_dense(self, dense: bool) -> None:
        """A smaller name, for a low window."""
        if dense != self._dense:
            self._dense = dense
            self._layouts.clear()
            self.updateGeometry()

    def changeEvent(self, event: QEvent) -> None:
        """Another font breaks lines elsewhere."""
        self._layouts.clear()
        super().changeEvent(event)

    def fade(self) -> None:
        """Show that this is old."""
        self._faded = True
        self.update()

    def _set(self, label: str, number: str, share: float, caption: str, quiet: bool, held: int = 0) -> None:
        height = self.heightForWidth(self.width())
        changed = (label, number, caption) != (self._label, self._number, self._caption)
        self._label, self._number, self._share, self._caption = label, number, share, caption
        self._quiet, self._faded, self._held = quiet, False, held
        self._layouts.clear()
        said = ", ".join(part for part in (label, number, caption) if part)
        theme.name(self, said)
        if changed and QAccessible.isActive():
            # A person who does not see the window hears the answer without asking for it.
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said))
        if self.heightForWidth(self.width()) != height:
            self.updateGeometry()
        self.update()

    def hasHeightForWidth(self) -> bool:
        """A long name takes more lines."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Height that the text needs at a width, in pixels."""
        height = self._laid_out(width)[1]
        if self._number:
            height += QFontMetricsF(self._number_font()).height() + _BAR + UNIT
        if self._caption:
            height += QFontMetricsF(self._caption_font()).height() + UNIT / 2
        return max(int(height + 1), self._held)

    def sizeHint(self) -> QSize:
        """For the usual width."""
        return QSize(36 * UNIT, self.heightForWidth(36 * UNIT))

    def minimumSizeHint(self) -> QSize:
        """Never wider than it must be."""
        return QSize(20 * UNIT, 4 * UNIT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Name, number, bar."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(0.35 if self._faded else 1.0)
        layout, text_height = self._laid_out(self.width())
        palette = self.palette()
        muted = self._quiet or self._pale
        painter.setPen(palette.color(theme.MUTED) if muted else palette.windowText().color())
        layout.draw(painter, QPointF(0, text_height - layout.boundingRect().height()))
        if self._number:
            text_height = self._paint_number(painter, text_height)
        if self._caption:
            font = self._caption_font()
            metrics = QFontMetricsF(font)
            painter.setFont(font)
            painter.setPen(palette.color(theme.MUTED))
            line = QRectF(0, text_height + UNIT / 2, self.width(), metrics.height())
            shown = metrics.elidedText(self._caption, Qt.TextElideMode.ElideRight, self.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    def _paint_number(self, painter: QPainter, top: float) -> float:
        """The percentage and its bar from here on; where they end."""
        palette, font = self.palette(), self._number_font()
        height = QFontMetricsF(font).height()
        painter.setFont(font)
        painter.setPen(palette.color(theme.ACCENT))
        line = QRectF(0, top, self.width(), height)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self._number)
        bar = QRectF(0, line.bottom() + UNIT / 2, self.width() - 2, _BAR)
        draw_bar(painter, bar, self._share, palette, 0.45 if self._pale else 1.0)
        if self._mark:
            draw_mark(painter, bar, palette)
        return bar.bottom() + UNIT / 4

    def _caption_font(self) -> QFont:
        return theme.scaled(self.font(), 1.2) if not self._number else theme.small(self.font())

    def _number_font(self) -> QFont:
        return theme.scaled(self.font(), 2.4 if self.width() > 40 * UNIT else 2.0)

    def _laid_out(self, width: int) -> tuple[QTextLayout, float]:
        """The text in its lines, and its height; layouts ask for it again and again."""
        if width not in self._layouts:
            self._layouts[width] = self._lay_out(width)
        return self._layouts[width]

    def _lay_out(self, width: int) -> tuple[QTextLayout, float]:
        """The text at the largest size at which it takes two lines at most; at the smallest, three.

        The height is that of a line of the largest size at least: what is below stays where it is when another class
        comes first whose name is longer and so smaller.
        """
        if self._quiet:
            return _layout(self._label, theme.scaled(self.font(), 1.2), width, 4)
        sizes = _SIZES[2:] if self._dense else _SIZES if width > 40 * UNIT else _SIZES[1:]
        _, least = _layout("x", theme.scaled(self.font(), sizes[0], QFont.Weight.DemiBold), width, 0)
        for size in sizes:
            font = theme.scaled(self.font(), size, QFont.Weight.DemiBold)
            found = _layout(self._label, font, width, 0)
            if found[0].lineCount() <= (1 if size > 2.6 else 2) and _widest(found[0]) <= width:
                return found[0], max(found[1], least)
        return _layout(self._label, theme.scaled(self.font(), sizes[-1], QFont.Weight.DemiBold), width, 3)


def _widest(layout: QTextLayout) -> float:
    return max((layout.lineAt(i).naturalTextWidth() for i in range(layout.lineCount())), default=0.0)


def _layout(text: str, font: QFont, width: int, lines: int) -> tuple[QTextLayout, float]:
    """Break text into lines.

    Args:
        text: one paragraph.
        font: its font.
        width: in pixels.
        lines: the most lines to make, the last one cut with an ellipsis; 0 for all, words kept whole.
    """
    option = QTextOption(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute)
    whole = QTextOption.WrapMode.WordWrap if not lines else QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere
    option.setWrapMode(whole)
    layout = QTextLayout(text.replace("\n", " "), font)
    layout.setTextOption(option)
    height = _break(layout, width, lines)
    if lines and layout.lineCount() == lines:
        last = layout.lineAt(lines - 1)
        if last.textStart() + last.textLength() < len(layout.text()):
            rest = QFontMetricsF(font).elidedText(layout.text()[last.textStart() :], Qt.TextElideMode.ElideRight, width)
            layout.setText(layout.text()[: last.textStart()] + rest)
            height = _break(layout, width, lines)
    return layout, height


def _break(layout: QTextLayout, width: int, lines: int) -> float:
    height = 0.0
    layout.beginLayout()
    while not lines or layout.lineCount() < lines:
        line = layout.createLine()
        if not line.isValid():
            break
        line.setLineWidth(width)
        line.setPosition(QPointF(0, height))
        height += line.height()
    layout.endLayout()
    return height


def draw_bar(painter: QPainter, area: QRectF, share: float, palette: QPalette, strength: float = 1.0) -> None:
    """A bar on its track.

    Args:
        painter: where.
        area: the whole track.
        share: 0..1 of it.
        palette: for the colours.
        strength: 0..1, of the bar's colour.
    """
    radius = area.height() / 2
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(palette.color(theme.TRACK))
    painter.drawRoundedRect(area, radius, radius)
    length = max(0.0, min(1.0, share)) * area.width()
    if length >= 1:
        painter.setBrush(theme.with_alpha(palette.color(theme.ACCENT), strength))
        painter.drawRoundedRect(area.adjusted(0, 0, length - area.width(), 0), radius, radius)


def draw_mark(painter: QPainter, area: QRectF, palette: QPalette) -> None:
    """Where a label is said to be there: a tick at a half of a bar's track.

    Args:
        painter: where.
        area: the whole track.
        palette: for the colours.
    """
    tick = QRectF(area.left() + HALF * area.width() - 1, area.top() - 3, 2, area.height() + 6)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(palette.color(palette.ColorRole.WindowText))
    painter.drawRect(tick)
