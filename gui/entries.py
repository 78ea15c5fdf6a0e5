"""Small fields of a form that acts at once: choices, switches, and text that says itself what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QSizePolicy, QStyle, QStyleOptionComboBox, QWidget

from gui import icons, theme
from gui.theme import UNIT

_BOX = 15
_TYPING_MS = 200
"""How long the keys must rest before what is typed counts; steps count at once."""


class Combo(QComboBox):
    """A flat list of choices; the wheel scrolls the form unless the keyboard is here.

    Signals:
        picked: the key of what a person chose.
    """

    picked = Signal(str)

    def __init__(self, parent: QWidget, name: str, choices: Sequence[tuple[str, str]]) -> None:
        """Args: choices: key and text of each."""
        super().__init__(parent)
        for key, text in choices:
            self.addItem(text, key)
        theme.name(self, name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumContentsLength(6)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.activated.connect(self._tell)

    @property
    def key(self) -> str:
        """Of what is chosen."""
        return str(self.currentData())

    def show_key(self, key: str) -> None:
        """Show a choice; nobody is told."""
        self.setCurrentIndex(max(0, self.findData(key)))

    def _tell(self, row: int) -> None:
        self.picked.emit(str(self.itemData(row)))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Only with the keyboard here."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """As the text fields are, with a chevron."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(theme.HOVER))
        painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 6, 6)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        enabled = bool(option.state & QStyle.StateFlag.State_Enabled)
        painter.setPen(self.palette().color(self.palette().ColorRole.Text if enabled else theme.MUTED))
        text = area.adjusted(UNIT, 0, -2.5 * UNIT, 0)
        shown = self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, int(text.width()))
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        place = QPointF(area.right() - 1.5 * UNIT, area.center().y() + 1)
        icons.draw("down", painter, place, 11, self.palette().color(theme.MUTED), 2.4)
        if self.hasFocus():
            theme.draw_focus(painter, area, self.palette(), 6)


class Check(QCheckBox):
    """A switch with a flat box, seen as well in the dark.

    Signals:
        picked: ``on`` or ``off``, as a person switched it.
    """

    picked = Signal(str)

    def __init__(self, parent: QWidget, text: str, name: str, hint: str) -> None:
        super().__init__(text, parent)
        self.clicked.connect(lambda: self.picked.emit("on" if self.isChecked() else "off"))
        self.setToolTip(hint)
        theme.name(self, name, hint)

    def sizeHint(self) -> QSize:
        """The box and the text."""
        metrics = self.fontMetrics()
        return QSize(_BOX + UNIT + metrics.horizontalAdvance(self.text()) + 4, max(_BOX, metrics.height()) + 6)

    def minimumSizeHint(self) -> QSize:
        """The text is never cut."""
        return self.sizeHint()

    def hitButton(self, place: QPoint) -> bool:
        """All of it."""
        return self.rect().contains(place)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A box as the fields are, the mark in the accent colour."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.isEnabled():
            painter.setOpacity(0.4)
        box = QRectF(2, (self.height() - _BOX) / 2, _BOX, _BOX)
        painter.setPen(QPen(self.palette().color(theme.MUTED), 1))
        painter.setBrush(self.palette().color(theme.HOVER))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        if self.isChecked():
            icons.draw("check", painter, box.center(), _BOX, self.palette().color(theme.ACCENT), 3.4)
        painter.setPen(self.palette().windowText().color())
        text = QRectF(self.rect()).adjusted(_BOX + UNIT, 0, 0, 0)
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.text())
        if self.hasFocus():
            theme.draw_focus(painter, QRectF(self.rect()), self.palette(), 4)


class Entry(QLineEdit):
    """A line of text that is tried while it is typed.

    Up and Down count its first number up and down, where ``counts``.

    Signals:
        entered: the text that a person wrote, without blanks around it.
    """

    entered = Signal(str)

    def __init__(self, parent: QWidget, name: str, hint: str = "", *, counts: bool = False) -> None:
        super().__init__(parent)
        self._counts = counts
        self._reason = ""
        self._hint = hint
        self._said = ""
        self.setAcceptDrops(False)
        self.setMinimumWidth(6 * UNIT)
        theme.name(self, name, hint)
        self.setToolTip(hint)
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self._tell)
        self.textEdited.connect(self._wait)
        self.editingFinished.connect(self._finish)
        self.installEventFilter(self)

    @property
    def reason(self) -> str:
        """What is wrong with the text; empty where nothing is."""
        return self._reason

    def show_text(self, text: str) -> None:
        """Show a value; nobody is told.  A text that a person is writing stays as it is while it means the same."""
        if text != self._said or self._reason:
            self._said = text
            self._typing.stop()
            self.setText(text)
            self.setCursorPosition(0)
        self.mark("")

    def accept(self, text: str) -> None:
        """What was entered means this: it need not be shown again."""
        self._said = text
        self.mark("")

    def mark(self, reason: str) -> None:
        """Args: reason: what is wrong with the text; empty where nothing is."""
        if reason == self._reason:
            return
        self._reason = reason
        self.setToolTip(reason or self._hint)
        self.setAccessibleDescription(f"Not in use. {reason}" if reason else self._hint)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down count."""
        step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 16, Qt.Key.Key_PageDown: -16}
        by = step.get(Qt.Key(event.key()), 0)
        if by and self._counts:
            self._count(by)
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """As Up and Down, with the keyboard here."""
        turned = event.angleDelta().y()
        if self._counts and self.hasFocus() and turned:
            self._count(1 if turned > 0 else -1)
            event.accept()
        else:
            event.ignore()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Undo belongs to the text only while there is something typed to take back."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            undo = event.matches(QKeySequence.StandardKey.Undo) and not self.isUndoAvailable()
            redo = event.matches(QKeySequence.StandardKey.Redo) and not self.isRedoAvailable()
            if undo or redo:
                event.ignore()
                return True
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A line around what is not in use."""
        super().paintEvent(event)
        if self._reason:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self.palette().color(theme.ERROR), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)

    def _count(self, by: int) -> None:
        """Change every whole number in the text, so that a square stays one."""
        parts = self.text().replace("\N{MULTIPLICATION SIGN}", "x").split("x")
        numbers = [part.strip() for part in parts]
        if not all(number.isascii() and number.isdecimal() and len(number) < 6 for number in numbers):
            return
        counted = [str(max(1, int(number) + by)) for number in numbers]
        self.setText(" x ".join(counted))
        self._tell()

    def _wait(self, _text: str) -> None:
        self._typing.start()

    def _finish(self) -> None:
        """What was meant takes the place of what was typed."""
        self._tell()
        if not self._reason and self.text() != self._said:
            self.setText(self._said)

    def _tell(self) -> None:
        self._typing.stop()
        text = self.text().strip()
        if text != self._said or self._reason:
            self.entered.emit(text)
