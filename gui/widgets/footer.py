"""The quiet last line: which photo this is, and what is going on."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from gui.widgets import theme
from gui.widgets.theme import UNIT

_TICK_MS = 40
_TURN = 1.4
"""Seconds that the mark of an unknown progress takes from end to end."""


class Slim(QWidget):
    """A thin bar of progress; without a total, a mark that wanders."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._share: float | None = None
        self._phase = 0.0
        self._clock = QTimer(self, interval=_TICK_MS)
        self._clock.timeout.connect(self._tick)
        self.setFixedSize(QSize(15 * UNIT, 4))
        theme.name(self, "Progress")

    def set_share(self, share: float | None) -> None:
        """Args: share: 0..1, or ``None`` where nobody knows."""
        self._share = share
        self._sync()
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        """Nothing moves that nobody sees."""
        self._sync()
        super().changeEvent(event)

    def setVisible(self, visible: bool) -> None:
        """Start or stop moving, too."""
        super().setVisible(visible)
        self._sync()

    def _sync(self) -> None:
        moving = self._share is None and not self.isHidden()
        if moving != self._clock.isActive():
            self._clock.start() if moving else self._clock.stop()

    def _tick(self) -> None:
        self._phase = (self._phase + _TICK_MS / 1000 / _TURN) % 2
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Track and mark."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(theme.TRACK))
        painter.drawRoundedRect(QRectF(self.rect()), 2, 2)
        painter.setBrush(self.palette().color(theme.ACCENT))
        width = float(self.width())
        if self._share is None:
            place = self._phase if self._phase < 1 else 2 - self._phase
            painter.drawRoundedRect(QRectF(place * width * 0.7, 0, width * 0.3, self.height()), 2, 2)
        elif self._share > 0:
            painter.drawRoundedRect(QRectF(0, 0, max(4.0, min(1.0, self._share) * width), self.height()), 2, 2)


class Footer(QWidget):
    """Left what is shown, right what is being done.

    Signals:
        cancel_asked: a person wants what is being done to end.
    """

    cancel_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._about = QLabel(self)
        self._about.setTextFormat(Qt.TextFormat.PlainText)
        self._about.setForegroundRole(theme.MUTED)
        # A long name is cut; it never widens the window.
        self._about.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._about_text = ""
        self._doing = QLabel(self)
        self._doing.setTextFormat(Qt.TextFormat.PlainText)
        self._doing.setForegroundRole(theme.MUTED)
        self._bar = Slim(self)
        self._cancel = QPushButton("Cancel", self)
        self._cancel.setProperty("kind", "quiet")
        self._cancel.clicked.connect(self.cancel_asked)
        theme.name(self._about, "This photo")
        theme.name(self._doing, "Activity")
        row = QHBoxLayout(self)
        row.setContentsMargins(3 * UNIT, 0, 2 * UNIT, 0)
        row.setSpacing(UNIT + UNIT // 2)
        row.addWidget(self._about, 1)
        row.addWidget(self._doing)
        row.addWidget(self._bar)
        row.addWidget(self._cancel)
        self.setFixedHeight(max(4 * UNIT, self._cancel.sizeHint().height() + 4))
        self.show_activity("")

    @property
    def activity(self) -> str:
        """What is said to be going on."""
        return self._doing.text()

    @property
    def about(self) -> str:
        """What is said of the photo, in full."""
        return self._about_text

    @property
    def can_cancel(self) -> bool:
        """Whether a person may end it."""
        return self._cancel.isVisible()

    def show_about(self, text: str) -> None:
        """Say which photo this is."""
        self._about_text = text
        self._about.setToolTip(text.replace("<", "&lt;"))
        self._elide()

    def show_activity(self, text: str, share: float | None = None, can_cancel: bool = False) -> None:
        """Say what is going on; an empty text for nothing.

        Args:
            text: one short line.
            share: 0..1 of it that is done; ``None`` where nobody knows.
            can_cancel: whether a person may end it.
        """
        self._doing.setText(text)
        self._bar.setVisible(bool(text))
        self._bar.set_share(share)
        self._cancel.setVisible(can_cancel and bool(text))
        self._elide()

    def event(self, event: QEvent) -> bool:
        """Cut the name anew when there is more or less room."""
        handled = super().event(event)
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._elide()
        return handled

    def _elide(self) -> None:
        metrics = self._about.fontMetrics()
        shown = metrics.elidedText(self._about_text, Qt.TextElideMode.ElideMiddle, self._about.width())
        if shown != self._about.text():
            self._about.setText(shown)
