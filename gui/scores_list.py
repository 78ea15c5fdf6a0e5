"""The classes below the best one: a name, a percentage and a bar each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from core.showing import isolated
from gui import theme
from gui.answer_view import BAR_HEIGHT, draw_bar
from gui.theme import UNIT
from gui.wording import percent

if TYPE_CHECKING:
    from core.predictions import ClassScore

Index = QModelIndex | QPersistentModelIndex

_SCORE_ROLE = int(Qt.ItemDataRole.UserRole)


class ScoresModel(QAbstractListModel):
    """Class scores, best first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._scores: tuple[ClassScore, ...] = ()

    def show(self, scores: tuple[ClassScore, ...]) -> None:
        """Replace all."""
        self.beginResetModel()
        self._scores = scores
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        """How many there are."""
        return 0 if parent is not None and parent.isValid() else len(self._scores)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Name and percentage."""
        if not index.isValid():
            return None
        score = self._scores[index.row()]
        if role == _SCORE_ROLE:
            return score
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{isolated(score.title)}, {percent(score.score)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{score.label}\nclass {score.index}, {score.score:.6f}".replace("<", "&lt;")
        return None


class _Delegate(QStyledItemDelegate):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.faded = False
        self.gap = UNIT + 6

    def sizeHint(self, option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(0, QFontMetrics(option.font).height() + BAR_HEIGHT + self.gap)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        score: ClassScore | None = index.data(_SCORE_ROLE)
        if score is None:
            return
        palette: QPalette = option.palette
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(0.35 if self.faded else 1.0)
        area = option.rect.adjusted(0, 3, -2, 0)
        metrics = QFontMetrics(option.font)
        line = QRect(area.topLeft(), QSize(area.width(), metrics.height()))
        number = percent(score.score)
        room = line.width() - metrics.horizontalAdvance(number) - 2 * UNIT
        painter.setPen(palette.color(palette.ColorRole.Text))
        label = metrics.elidedText(score.title, Qt.TextElideMode.ElideRight, room)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(line, left, label)
        painter.setPen(palette.color(theme.MUTED))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, number)
        bar = QRectF(area.left(), line.bottom() + 3, area.width(), BAR_HEIGHT)
        draw_bar(painter, bar, score.score, palette, 0.6)
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

    def show_scores(self, scores: tuple[ClassScore, ...]) -> None:
        """Show these; the place in the list stays."""
        place = self.verticalScrollBar().value()
        self._delegate.faded = False
        self._model.show(scores)
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
