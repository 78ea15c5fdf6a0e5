"""The only place where errors become words on screen."""

from __future__ import annotations

import platform
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QGuiApplication, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core import VERSION
from core.errors import WhatsitError
from gui.widgets import icons, theme
from gui.widgets.theme import UNIT
from gui.widgets.wording import DASH

_MOST_LINES = 3
"""Of a message beside its buttons; below them there is room for more."""

_TITLE_BAR = 5 * UNIT
"""With the frame around a window."""
_BREAK = "\N{ZERO WIDTH SPACE}"
_LONG_WORD = re.compile(r"\S{25,}")
_PLACE = re.compile(r"[/\\_.-]+(?=.)|[^/\\_.-]{12}(?=[^/\\_.-])")
"""Where a long word may be broken: after a path's and a name's marks, and else after some letters."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a person reads of a notice or an error.

    Attributes:
        what: one sentence, what happened.
        more: why, and what to do.
        detail: technical text, one click below.
        failed: whether this is an error.
    """

    what: str
    more: str = ""
    detail: str = ""
    failed: bool = False

    def as_text(self) -> str:
        """All of it, to copy."""
        return "\n".join(part for part in (self.what, self.more, self.detail) if part)


def words_for(error: BaseException, report: str = "") -> Words:
    """Put an error into words.

    Args:
        error: one of the family, or a bug.
        report: a bug's traceback.
    """
    if isinstance(error, WhatsitError) and not report:
        more = " ".join(part for part in (error.why, error.remedy) if part)
        return Words(error.what, more, error.detail, failed=True)
    return Words(
        "Something went wrong that Whatsit did not expect.",
        "This is a fault in Whatsit. You can go on working; please copy the report and send it to its makers.",
        full_report(error, report),
        failed=True,
    )


def full_report(error: BaseException, report: str) -> str:
    """What the makers need to know of a bug; nothing of the person's files but what the traceback says."""
    from PySide6 import __version__ as pyside

    about = f"Whatsit {VERSION}, Python {platform.python_version()}, PySide6 {pyside}, {platform.platform()}"
    return f"{about}\n\n{report or f'{type(error).__name__}: {error}'}"


def copy(text: str) -> None:
    """Put text on the clipboard."""
    QGuiApplication.clipboard().setText(text)


class Wrapped(QLabel):
    """Plain text of any length, which can be selected.

    A word without an end, such as a file's name, may be broken, too: else it would be as wide as the window, or wider.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._text = ""
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def setText(self, text: str) -> None:
        """Show a text."""
        self._text = text
        super().setText(_LONG_WORD.sub(lambda word: _PLACE.sub(f"\\g<0>{_BREAK}", word[0]), text))

    def text(self) -> str:
        """As it was given."""
        return self._text

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What is copied has no marks of where it may be broken."""
        if event.matches(QKeySequence.StandardKey.Copy):
            copy(self.selectedText().replace(_BREAK, ""))
        else:
            super().keyPressEvent(event)


def wrapped(parent: QWidget) -> QLabel:
    """A label for plain text of any length, which can be selected."""
    return Wrapped(parent)


def button(parent: QWidget, text: str, clicked: Callable[[], object], kind: str = "quiet") -> QPushButton:
    """A button of one of the theme's kinds."""
    button = QPushButton(text, parent)
    button.setProperty("kind", kind)
    button.clicked.connect(lambda: clicked())
    return button


def dialog_column(dialog: QDialog) -> QVBoxLayout:
    """The layout of a dialog, with the usual space around."""
    column = QVBoxLayout(dialog)
    column.setContentsMargins(3 * UNIT, 3 * UNIT, 3 * UNIT, 2 * UNIT)
    column.setSpacing(UNIT + UNIT // 2)
    return column


def resize_within(dialog: QDialog, width: int, height: int) -> None:
    """Give a dialog a size, in pixels, or as much of it as the screen has."""
    room = dialog.screen().availableSize()
    dialog.resize(min(width, room.width() - 2 * UNIT), min(height, room.height() - _TITLE_BAR))


def last_row(dialog: QDialog, text: str, act: Callable[[], object]) -> QHBoxLayout:
    """A dialog's last row: a button that does something, and one that closes it."""
    row = QHBoxLayout()
    row.addStretch()
    row.addWidget(button(dialog, text, act))
    close = button(dialog, "Close", dialog.close, "primary")
    close.setDefault(True)
    row.addWidget(close)
    return row


class Details(QDialog):
    """Technical text to read and copy; blocks nothing."""

    def __init__(self, parent: QWidget | None, words: Words) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Details {DASH} Whatsit")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._words = words
        title = wrapped(self)
        title.setText(words.what)
        title.setFont(theme.scaled(self.font(), 1.3, QFont.Weight.DemiBold))
        more = wrapped(self)
        more.setText(words.more)
        more.setVisible(bool(words.more))
        self.text = QPlainTextEdit(words.detail or words.what, self, readOnly=True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        theme.name(self.text, "Technical details")
        column = dialog_column(self)
        for widget in (title, more, self.text):
            column.addWidget(widget)
        column.addLayout(last_row(self, "Copy report", self.copy_report))
        resize_within(self, 80 * UNIT, 48 * UNIT)

    def copy_report(self) -> None:
        """Put all of it on the clipboard."""
        copy(self._words.as_text())


class Glyph(QWidget):
    """One sign, in a colour role."""

    def __init__(self, parent: QWidget, sign: str, side: int) -> None:
        super().__init__(parent)
        self.sign = sign
        self.setFixedSize(QSize(side, side))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        colour = self.palette().color(theme.ERROR if self.sign == "warning" else theme.ACCENT)
        icons.draw(self.sign, painter, QPointF(self.width() / 2, self.height() / 2), self.width(), colour)


class ErrorPanel(QWidget):
    """An image's own error, in the image's place."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = Words("")
        self._what = wrapped(self)
        self._more = wrapped(self)
        self._more.setForegroundRole(theme.MUTED)
        self._what.setFont(theme.scaled(self.font(), 1.6, QFont.Weight.DemiBold))
        self._what.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._more.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._details = button(self, "Details", lambda: Details(self.window(), self._words).show())
        column = QVBoxLayout(self)
        column.setContentsMargins(6 * UNIT, 2 * UNIT, 6 * UNIT, 2 * UNIT)
        column.setSpacing(UNIT + UNIT // 2)
        column.addStretch()
        column.addWidget(Glyph(self, "warning", 6 * UNIT), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._what)
        column.addWidget(self._more)
        column.addWidget(self._details, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()

    def show_error(self, error: BaseException) -> None:
        """Say what is wrong with this image."""
        self._words = words_for(error)
        self._what.setText(self._words.what)
        self._more.setText(self._words.more)
        self._details.setVisible(bool(self._words.detail))
        theme.name(self, "Error", self._words.as_text())


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell a person, without standing in the way.

    Attributes:
        key: a newer notice with the same key replaces this one.
        words: what it says.
        action: a button's text; empty for none.
        act: what the button does.
        aside: a quiet button's text, for what does not end the matter; empty for none.
        act_aside: what that button does; the notice stays.
    """

    key: str
    words: Words
    action: str = ""
    act: Callable[[], object] | None = None
    aside: str = ""
    act_aside: Callable[[], object] | None = None


class NoticeBar(QWidget):
    """The newest notice, above the photo; closing it shows the one before.

    Signals:
        emptied: the last notice was closed.
    """

    emptied = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._notices: OrderedDict[str, Notice] = OrderedDict()
        self._glyph = Glyph(self, "info", 20)
        self._what = wrapped(self)
        self._more = wrapped(self)
        self._what.setFont(theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        self._action = button(self, "", self.act, "primary")
        self._aside = button(self, "", self.act_aside)
        self._details = button(self, "Details", self._show_details)
        self._copy = button(self, "Copy", lambda: self.current and copy(self.current.words.as_text()))
        self._count = QLabel(self)
        self._count.setForegroundRole(theme.MUTED)
        self._close = QToolButton(self)
        self._close.setText("✕")
        self._close.setShortcut("Esc")
        self._close.setToolTip("Close this message (Esc)")
        theme.name(self._close, "Close this message")
        self._close.clicked.connect(self._close_current)
        self._arrange()
        self.hide()

    @property
    def current(self) -> Notice | None:
        """The notice that is shown."""
        return next(reversed(self._notices.values()), None)

    def tell(self, notice: Notice) -> None:
        """Show a notice, in front of all others."""
        self._notices.pop(notice.key, None)
        self._notices[notice.key] = notice
        self._show()

    def drop(self, key: str) -> None:
        """Forget a notice that is no longer true."""
        if self._notices.pop(key, None) is not None:
            self._show()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A soft tint; red only for errors."""
        notice = self.current
        if notice is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = self.palette().color(theme.ERROR if notice.words.failed else theme.ACCENT)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.with_alpha(colour, 0.1))
        painter.drawRoundedRect(QRectF(self.rect()), UNIT, UNIT)

    def _arrange(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._what)
        words.addWidget(self._more)
        self._tools = QHBoxLayout()
        self._tools.setSpacing(UNIT)
        for widget in (self._count, self._action, self._aside, self._details, self._copy):
            self._tools.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        self._middle = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._middle.setSpacing(UNIT)
        self._middle.addLayout(words, 1)
        self._middle.addLayout(self._tools)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * UNIT, UNIT + 2, UNIT, UNIT + 2)
        row.setSpacing(UNIT)
        row.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        row.addSpacing(UNIT // 2)
        row.addLayout(self._middle, 1)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignVCenter)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window the buttons of a long message stand below it."""
        super().resizeEvent(event)
        self._place_tools()

    def _place_tools(self) -> None:
        needed = self._more.fontMetrics().horizontalAdvance(self._more.text())
        room = max(1, self.width() - self._tools.sizeHint().width() - 12 * UNIT)
        below = needed > _MOST_LINES * room
        self._middle.setDirection(QBoxLayout.Direction.TopToBottom if below else QBoxLayout.Direction.LeftToRight)
        self._tools.setAlignment(Qt.AlignmentFlag.AlignLeft if below else Qt.AlignmentFlag.AlignVCenter)

    def _show(self) -> None:
        notice = self.current
        self.setVisible(notice is not None)
        if notice is None:
            self.emptied.emit()
            return
        words = notice.words
        self._glyph.sign = "warning" if words.failed else "info"
        self._what.setText(words.what)
        self._more.setText(words.more)
        self._more.setVisible(bool(words.more))
        self._action.setText(notice.action)
        self._action.setVisible(bool(notice.action))
        self._aside.setText(notice.aside)
        self._aside.setVisible(bool(notice.aside))
        self._details.setVisible(bool(words.detail))
        self._copy.setVisible(words.failed)
        self._count.setText(f"1 of {len(self._notices)}" if len(self._notices) > 1 else "")
        self._count.setVisible(len(self._notices) > 1)
        self._place_tools()
        theme.name(self, "Error" if words.failed else "Message", f"{words.what} {words.more}")
        self.update()

    def act(self) -> None:
        """Do what the shown notice offers."""
        notice = self.current
        if notice is not None and notice.act is not None:
            self.drop(notice.key)
            notice.act()

    def act_aside(self) -> None:
        """Do what the shown notice offers beside."""
        notice = self.current
        if notice is not None and notice.act_aside is not None:
            notice.act_aside()

    def _show_details(self) -> None:
        if self.current is not None:
            Details(self.window(), self.current.words).show()

    def _close_current(self) -> None:
        if self.current is not None:
            self.drop(self.current.key)
