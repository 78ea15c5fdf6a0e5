"""The classes below the best one: a name, a percentage and a bar each; or a regression's further values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from core.outputs import HALF
from core.showing import isolated
from gui import theme
from gui.answer_view import BAR_HEIGHT, draw_bar, draw_mark
from gui.theme import UNIT
from gui.wording import percent, value, value_name

if TYPE_CHECKING:
    from core.predictions import ClassScore, NamedValue

Index = QModelIndex | QPersistentModelIndex

_LINE_ROLE = int(Qt.ItemDataRole.UserRole)


@dataclass(frozen=True, slots=True)
class Line:
    """What one line shows.

    Attributes:
        label: a name.
        number: a percentage or a value, as text.
        tip: more of it.
        share: 0..1 of a bar; ``None`` for none.
        marked: whether a half is marked, as each label has a probability of its own.
    """

    label: str
    number: str
    tip: str
    share: float | None = None
    marked: bool = False


def lines_of(scores: Iterable[ClassScore], over_labels: bool) -> tuple[Line, ...]:
    """Class scores as lines."""
    return tuple(
        Line(score.title, percent(score.score), f"class {score.index}, {score.score:.6f}", score.score, over_labels)
        for score in scores
    )


def lines_of_values(values: Iterable[NamedValue]) -> tuple[Line, ...]:
    """The values of a regression of several as lines."""
    return tuple(
        Line(value_name(each, 2), value(each.value), f"output {each.index}, {each.value:.7g}") for each in values
    )


class ScoresModel(QAbstractListModel):
    """Class scores, best first, or values."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: tuple[Line, ...] = ()

    def show(self, lines: tuple[Line, ...]) -> None:
        """Replace all."""
        self.beginResetModel()
        self._lines = lines
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        """How many there are."""
        return 0 if parent is not None and parent.isValid() else len(self._lines)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Name and number."""
        if not index.isValid():
            return None
        line = self._lines[index.row()]
        if role == _LINE_ROLE:
            return line
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{isolated(line.label)}, {line.number}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{line.label}\n{line.tip}".replace("<", "&lt;")
        return None


class _Delegate(QStyledItemDelegate):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.faded = False
        self.gap = UNIT + 6

    def sizeHint(self, option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(0, QFontMetrics(option.font).height() + BAR_HEIGHT + self.gap)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        shown: Line | None = index.data(_LINE_ROLE)
        if shown is None:
            return
        palette: QPalette = option.palette
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(0.35 if self.faded else 1.0)
        area = option.rect.adjusted(0, 3, -2, 0)
        metrics = QFontMetrics(option.font)
        line = QRect(area.topLeft(), QSize(area.width(), metrics.height()))
        room = line.width() - metrics.horizontalAdvance(shown.number) - 2 * UNIT
        pale = shown.marked and (shown.share or 0.0) < HALF
        quiet = pale or shown.share is None
        painter.setPen(palette.color(theme.MUTED if quiet else palette.ColorRole.Text))
        label = metrics.elidedText(shown.label, Qt.TextElideMode.ElideRight, room)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(line, left, label)
        painter.setPen(palette.color(theme.MUTED if shown.share is not None else palette.ColorRole.Text))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, shown.number)
        if shown.share is not None:
            bar = QRectF(area.left(), line.bottom() + 3, area.width(), BAR_HEIGHT)
            draw_bar(painter, bar, shown.share, palette, 0.3 if pale else 0.6)
            if shown.marked:
                draw_mark(painter, bar, palette)
        if option.state & QStyle.StateFlag.State_HasFocus:
            theme.draw_focus(painter, QRectF(option.rect), palette, 4)
        painter.restore()


class ScoresList(QListView):
    """Shows class scores; as many as there are, painted as they come into sight."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = ScoresModel(self)
        self._delegate = _Delegate(self)
        self.setModel(self._model)
        self.setItemDelegate(self._delegate)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.NoSelection)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        theme.name(self, "Further classes", "Each with its percentage, the likeliest first.")

    def show_lines(self, lines: tuple[Line, ...]) -> None:
        """Show these; the place in the list stays."""
        place = self.verticalScrollBar().value()
        self._delegate.faded = False
        self._model.show(lines)
        self.verticalScrollBar().setValue(place)

    def set_spread(self, dense: bool, large: bool) -> None:
        """Closer lines for a low window, larger ones for a wide one."""
        factor = 1.2 if large else 1.0
        self.setFont(theme.scaled(QApplication.font(), factor))
        gap = UNIT - 1 if dense else UNIT + 6
        if gap != self._delegate.gap:
            self._delegate.gap = gap
            self.scheduleDelayedItemsLayout()

    def fade(self) -> None:
        """Show that these are old."""
        self._delegate.faded = True
        self.viewport().update()
