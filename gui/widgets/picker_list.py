"""The searchable list that drops down from a picker."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

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
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from gui.widgets import icons, theme
from gui.widgets.choices import Choice, filtered
from gui.widgets.theme import UNIT

Index = QModelIndex | QPersistentModelIndex

_CHOICE_ROLE = int(Qt.ItemDataRole.UserRole)
_SEARCHABLE_FROM = 9
_WIDEST = 60 * UNIT
_HIGHEST = 56 * UNIT
_MEASURED = 40


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


class _View(QListView):
    """Says so where a search finds nothing."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.nothing = ""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.nothing:
            return
        painter = QPainter(self.viewport())
        painter.setPen(self.palette().color(theme.MUTED))
        area = self.viewport().rect().adjusted(2 * UNIT, 2 * UNIT, -2 * UNIT, -2 * UNIT)
        top = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.drawText(area, top | Qt.TextFlag.TextWrapAnywhere, self.nothing)


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
        self.view = _View(self)
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
        # Of a thousand texts only the longest are measured: that takes as long as all the rest.
        longest = heapq.nlargest(_MEASURED, (choice.title + choice.detail for choice in self._choices), key=len)
        needed = max(map(metrics.horizontalAdvance, longest), default=0) + 10 * UNIT
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
        self.view.nothing = "" if shown else f"Nothing here is called “{text.strip()}”."
        self.view.setAccessibleDescription(self.view.nothing)

    def _choose(self, index: QModelIndex) -> None:
        choice = index.data(_CHOICE_ROLE)
        if isinstance(choice, Choice) and not choice.heading:
            self.close()
            self.chosen.emit(choice.key)
