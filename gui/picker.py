"""A button that shows what is chosen, and opens a searchable list of what could be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QEnterEvent, QFont, QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QLineEdit,
    QListView,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from gui import icons, theme, wording
from gui.theme import UNIT

Index = QModelIndex | QPersistentModelIndex

_CHOICE_ROLE = int(Qt.ItemDataRole.UserRole)
_SEARCHABLE_FROM = 9
_WIDEST = 60 * UNIT
_HIGHEST = 56 * UNIT


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a list.

    Attributes:
        key: what the picker's signal carries; empty for a section's heading.
        title: what a person reads.
        detail: quieter, beside it.
        current: whether this is what is chosen now.
    """

    key: str
    title: str
    detail: str = ""
    current: bool = False

    @property
    def heading(self) -> bool:
        """Whether this only parts the list."""
        return not self.key


def filtered(choices: Sequence[Choice], text: str) -> list[Choice]:
    """The choices that hold every word of a search, under those headings that still have any.

    Underscores and blanks count as nothing, so that ``resnet 50`` and ``resnet_50`` find ``resnet50``.
    """
    words = [_bare(word) for word in text.split()]
    found: list[Choice] = []
    heading: Choice | None = None
    for choice in choices:
        if choice.heading:
            heading = choice
        elif all(word in _bare(choice.title + choice.detail) for word in words):
            if heading is not None:
                found.append(heading)
                heading = None
            found.append(choice)
    return found


def _bare(text: str) -> str:
    return text.casefold().replace("_", "").replace(" ", "").replace("-", "")


class _ChoicesModel(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.shown: list[Choice] = []

    def show(self, choices: list[Choice]) -> None:
        self.beginResetModel()
        self.shown = choices
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        choice = self.shown[index.row()]
        if role == _CHOICE_ROLE:
            return choice
        if role == Qt.ItemDataRole.DisplayRole:
            return choice.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return choice.detail or None
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{choice.title}, {choice.detail}" if choice.detail else choice.title
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if index.isValid() and self.shown[index.row()].heading:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


class _Delegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        height = QFontMetrics(option.font).height()
        choice = index.data(_CHOICE_ROLE)
        heading = isinstance(choice, Choice) and choice.heading
        return QSize(0, height + (2 * UNIT if not heading else 2 * UNIT + UNIT // 2))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        choice = index.data(_CHOICE_ROLE)
        if not isinstance(choice, Choice):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = option.rect.adjusted(UNIT, 0, -UNIT, 0)
        if choice.heading:
            self._paint_heading(painter, option, area, choice)
        else:
            self._paint_choice(painter, option, area, choice)
        painter.restore()

    def _paint_heading(self, painter: QPainter, option: QStyleOptionViewItem, area: QRect, choice: Choice) -> None:
        painter.setFont(theme.scaled(option.font, 0.85, QFont.Weight.DemiBold))
        painter.setPen(option.palette.color(theme.MUTED))
        area.adjust(UNIT, 0, 0, -UNIT // 2)
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, choice.title)

    def _paint_choice(self, painter: QPainter, option: QStyleOptionViewItem, area: QRect, choice: Choice) -> None:
        palette = option.palette
        if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(theme.HOVER))
            painter.drawRoundedRect(QRectF(area), 6, 6)
        if option.state & QStyle.StateFlag.State_HasFocus:
            theme.draw_focus(painter, QRectF(area), palette, 6)
        area.adjust(UNIT, 0, -UNIT, 0)
        if choice.current:
            mark = QPointF(area.right() - UNIT, area.center().y() + 1)
            icons.draw("check", painter, mark, 2.0 * UNIT, palette.color(theme.ACCENT), 2.4)
            area.adjust(0, 0, -3 * UNIT, 0)
        title = QFontMetrics(option.font).elidedText(choice.title, Qt.TextElideMode.ElideMiddle, area.width())
        painter.setPen(palette.color(palette.ColorRole.Text))
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)
        small = theme.small(option.font)
        area.setLeft(area.left() + QFontMetrics(option.font).horizontalAdvance(title) + 2 * UNIT)
        if area.width() > 3 * UNIT:
            painter.setFont(small)
            painter.setPen(palette.color(theme.MUTED))
            detail = QFontMetrics(small).elidedText(choice.detail, Qt.TextElideMode.ElideRight, area.width())
            painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, detail)


class PickerList(QFrame):
    """The list that drops down.

    Signals:
        chosen: a choice's key.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget, name: str) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._choices: list[Choice] = []
        self._model = _ChoicesModel(self)
        self.search = QLineEdit(self, placeholderText="Search", clearButtonEnabled=True)
        self.search.setAcceptDrops(False)
        self.search.textChanged.connect(self._filter)
        self.search.installEventFilter(self)
        self.view = QListView(self)
        self.view.setModel(self._model)
        self.view.setItemDelegate(_Delegate(self))
        self.view.setMouseTracking(True)
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.view.installEventFilter(self)
        self.view.clicked.connect(self._choose)
        theme.name(self.search, f"Search {name}")
        theme.name(self.view, name)
        column = QVBoxLayout(self)
        column.setContentsMargins(2, UNIT, 2, UNIT // 2)
        column.setSpacing(UNIT // 2)
        row = QVBoxLayout()
        row.setContentsMargins(UNIT, 0, UNIT, 0)
        row.addWidget(self.search)
        column.addLayout(row)
        column.addWidget(self.view)

    def open_at(self, anchor: QWidget, choices: Sequence[Choice]) -> None:
        """Open below a widget, as large as the choices need and the screen allows."""
        self._choices = list(choices)
        searchable = len(self._choices) >= _SEARCHABLE_FROM
        self.search.setVisible(searchable)
        self.search.clear()
        self._filter("")
        screen = anchor.screen().availableGeometry()
        metrics = QFontMetrics(self.font())
        needed = max((metrics.horizontalAdvance(c.title + c.detail) for c in self._choices), default=0) + 10 * UNIT
        height = sum(self.view.sizeHintForRow(row) for row in range(min(40, self._model.rowCount()))) + 2 * UNIT
        height += self.search.sizeHint().height() + UNIT if searchable else 0
        corner = anchor.mapToGlobal(QPoint(0, anchor.height() + 2))
        width = max(anchor.width(), min(needed, _WIDEST))
        height = min(height, _HIGHEST)
        if corner.y() + height > screen.bottom():
            corner.setY(max(screen.top(), corner.y() - anchor.height() - 4 - height))
        corner.setX(max(screen.left(), min(corner.x(), screen.right() - width)))
        self.setGeometry(QRect(corner, QSize(width, height)))
        self.show()
        self.view.scrollToTop()
        self.view.scrollTo(self.view.currentIndex())
        (self.search if searchable else self.view).setFocus(Qt.FocusReason.PopupFocusReason)

    def titles(self) -> list[str]:
        """What can be read, from the top."""
        return [choice.title for choice in self._model.shown]

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A plain surface with a hairline."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().color(theme.SURFACE))
        painter.setPen(self.palette().color(theme.LINE))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The arrows move through the list while the search keeps the keyboard."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose(self.view.currentIndex())
                return True
            moves = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
            if watched is self.search and event.key() in moves:
                self.view.event(event)
                return True
        return super().eventFilter(watched, event)

    def _filter(self, text: str) -> None:
        self._model.show(filtered(self._choices, text))
        shown = self._model.shown
        first = next((row for row, choice in enumerate(shown) if not choice.heading), -1)
        current = next((row for row, choice in enumerate(shown) if choice.current), first)
        row = current if not text else first
        self.view.setCurrentIndex(self._model.index(row))

    def _choose(self, index: QModelIndex) -> None:
        choice = index.data(_CHOICE_ROLE)
        if isinstance(choice, Choice) and not choice.heading:
            self.close()
            self.chosen.emit(choice.key)


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

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show that it can be clicked."""
        self.update()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """And no longer."""
        self.update()
        super().leaveEvent(event)

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
