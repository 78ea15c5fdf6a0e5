"""Where photos go: the empty window's invitation, and the sign over a photo while something hovers."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui.widgets import icons, theme
from gui.widgets.theme import UNIT

_RADIUS = 2.0 * UNIT
_INVITATION = "Drop a photo here"
_ALSO = "or several, a folder, a picture from a web page, or a weights file"


class _Sign(QWidget):
    """The arrow into the tray; larger while something hovers."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.hovering = False
        self.setFixedHeight(9 * UNIT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        colour = self.palette().color(theme.ACCENT)
        side = (8 if self.hovering else 7) * UNIT
        icons.draw("drop", painter, QPointF(self.rect().center()), side, colour, 1.2)


class DropZone(QWidget):
    """An invitation to drop something.

    Signals:
        choose_asked: a person wants the file dialog.
        paste_asked: or what is on the clipboard.
    """

    choose_asked = Signal()
    paste_asked = Signal()

    def __init__(self, parent: QWidget | None = None, overlay: bool = False) -> None:
        """Args: overlay: lies over a photo, visible only while something hovers."""
        super().__init__(parent)
        self._overlay = overlay
        self._hovering = False
        self._sign = _Sign(self)
        self._title = QLabel(_INVITATION, self)
        self._also = QLabel(_ALSO, self)
        self._choose = QPushButton("Choose photos …", self)
        self._paste = QPushButton("Paste", self)
        self._arrange()
        self.changeEvent(QEvent(QEvent.Type.FontChange))
        if overlay:
            self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            self._choose.hide()
            self._paste.hide()
            self._also.hide()
            self.hide()
        theme.name(self, "Drop zone", f"{_INVITATION}, {_ALSO}")

    @property
    def title(self) -> str:
        """The line that a person reads."""
        return self._title.text()

    @property
    def hovering(self) -> bool:
        """Whether something that can be dropped is held over the window."""
        return self._hovering

    def show_hover(self, text: str) -> None:
        """React to what hovers; an empty text means that it went away."""
        self._hovering = bool(text)
        self._sign.hovering = self._hovering
        self._title.setText(text or _INVITATION)
        # Space is kept: nothing jumps under the mouse.
        self._also.setText("" if text else _ALSO)
        for button in (self._choose, self._paste):
            button.setEnabled(not text)
        if self._overlay:
            self.setVisible(self._hovering)
            self.raise_()
        self._sign.update()
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        """Sizes follow the system's font, colours its scheme."""
        if event.type() == QEvent.Type.FontChange:
            self._title.setFont(theme.scaled(self.font(), 2.2, QFont.Weight.DemiBold))
            self._also.setFont(theme.scaled(self.font(), 1.1))
        super().changeEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A dashed outline that turns solid, and fills, while something hovers."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        accent = self.palette().color(theme.ACCENT)
        area = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        if self._hovering:
            fill = self.palette().window().color() if self._overlay else accent
            painter.setBrush(theme.with_alpha(fill, 0.9 if self._overlay else 0.1))
            painter.setPen(QPen(accent, 3))
        else:
            pen = QPen(theme.with_alpha(self.palette().color(theme.MUTED), 0.55), 1.5)
            pen.setDashPattern([5, 5])
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
        painter.drawRoundedRect(area, _RADIUS, _RADIUS)

    def _arrange(self) -> None:
        for label in (self._title, self._also):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
        self._also.setForegroundRole(theme.MUTED)
        self._choose.setProperty("kind", "primary")
        self._choose.setAccessibleName("Choose photos")
        self._paste.setProperty("kind", "quiet")
        self._paste.setToolTip("An image, files or a link from the clipboard")
        self._choose.clicked.connect(self.choose_asked)
        self._paste.clicked.connect(self.paste_asked)
        buttons = QHBoxLayout()
        buttons.setSpacing(UNIT)
        buttons.addStretch()
        buttons.addWidget(self._choose)
        buttons.addWidget(self._paste)
        buttons.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(4 * UNIT, 3 * UNIT, 4 * UNIT, 3 * UNIT)
        column.setSpacing(UNIT)
        column.addStretch()
        column.addWidget(self._sign)
        column.addSpacing(UNIT)
        column.addWidget(self._title)
        column.addWidget(self._also)
        column.addSpacing(2 * UNIT)
        column.addLayout(buttons)
        column.addStretch()
