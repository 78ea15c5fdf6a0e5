"""The images behind a number, each with what it is and what the model takes it for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from core.showing import isolated
from gui.widgets import icons, theme, wording
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from core.images import ImageSource
    from gui.photos.thumbnails import Thumbnails

Index = QModelIndex | QPersistentModelIndex
Line = tuple[str, bool, bool]
"""A text, whether it is in bold type, and whether it is wrong."""

_SIDE = 12 * UNIT
_WIDTH = 15 * UNIT
_SHOWN_ROLE = int(Qt.ItemDataRole.UserRole)
_CENTRED = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Shown:
    """One image of the gallery.

    Attributes:
        source: the image.
        true, predicted: names of the class it is of, and of the one that the model takes it for.
        score: of the latter, 0..1.
        right: whether they are the same.
    """

    source: ImageSource
    true: str
    predicted: str
    score: float
    right: bool

    @property
    def lines(self) -> tuple[Line, ...]:
        """What stands below the picture."""
        first = f"{isolated(self.predicted)} {wording.percent(self.score)}"
        second = "right" if self.right else f"is {isolated(self.true)}"
        return (first, True, not self.right), (second, False, False)

    @property
    def words(self) -> str:
        """All of it in one line."""
        said = f"predicted {isolated(self.predicted)}, {wording.percent(self.score)}"
        return f"{isolated(self.source.short_name)}: {isolated(self.true)}, {said}"


def _nothing(place: int) -> Shown:
    raise IndexError(place)


class GalleryModel(QAbstractListModel):
    """So many images, each made when it is looked at."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._count = 0
        self._make: Callable[[int], Shown] = _nothing
        self._added: list[Shown] = []

    def show(self, count: int, make: Callable[[int], Shown]) -> None:
        """Args:
        count: how many images.
        make: the image at a place, from 0.
        """
        self.beginResetModel()
        self._count, self._make = count, make
        self._added = []
        self.endResetModel()

    def add(self, shown: Shown) -> None:
        """One more at the end."""
        self.beginInsertRows(QModelIndex(), self.rowCount(), self.rowCount())
        self._added.append(shown)
        self.endInsertRows()

    def at(self, row: int) -> Shown:
        """The image in a row."""
        return self._make(row) if row < self._count else self._added[row - self._count]

    def rowCount(self, parent: Index | None = None) -> int:
        """One an image."""
        return 0 if parent is not None and parent.isValid() else self._count + len(self._added)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Of an image."""
        if not index.isValid():
            return None
        if role == _SHOWN_ROLE:
            return self.at(index.row())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.at(index.row()).words
        if role == Qt.ItemDataRole.ToolTipRole:
            shown = self.at(index.row())
            return f"{shown.words}\n{shown.source.name}"
        return None


class _Delegate(QStyledItemDelegate):
    def __init__(self, thumbnails: Thumbnails, lines: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._lines = lines
        self._bold = theme.scaled(parent.font(), 0.92, QFont.Weight.DemiBold)
        self._plain = theme.small(parent.font())
        self._line = QFontMetrics(self._bold).height()

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(_WIDTH, _SIDE + UNIT + UNIT // 2 + self._lines * self._line)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        shown = index.data(_SHOWN_ROLE)
        if not isinstance(shown, Shown):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(option.palette.color(theme.HOVER))
            painter.drawRoundedRect(QRectF(option.rect).adjusted(1, 1, -1, -1), 6, 6)
        if option.state & QStyle.StateFlag.State_HasFocus:
            theme.draw_focus(painter, QRectF(option.rect), option.palette, 6)
        corner = option.rect.topLeft()
        area = QRect(corner.x() + (_WIDTH - _SIDE) // 2, corner.y() + UNIT // 2, _SIDE, _SIDE)
        self._paint_picture(painter, option, area, self._thumbnails.get(shown.source))
        line = QRect(corner.x() + UNIT // 2, area.bottom() + UNIT // 2, _WIDTH - UNIT, self._line)
        for text, loud, wrong in shown.lines:
            painter.setFont(self._bold if loud else self._plain)
            role = option.palette.ColorRole.Text if loud else theme.MUTED
            painter.setPen(option.palette.color(theme.ERROR if wrong else role))
            elided = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, line.width())
            painter.drawText(line, _CENTRED, elided)
            line.translate(0, self._line)
        painter.restore()

    def _paint_picture(
        self, painter: QPainter, option: QStyleOptionViewItem, area: QRect, pixmap: QPixmap | None
    ) -> None:
        if pixmap is not None and not pixmap.isNull():
            ratio = painter.device().devicePixelRatioF()
            place = QRectF(0, 0, pixmap.width() / ratio, pixmap.height() / ratio)
            # A picture of few pixels is shown as large as the others.
            factor = _SIDE / max(place.width(), place.height())
            place = QRectF(0, 0, place.width() * factor, place.height() * factor)
            place.moveCenter(QRectF(area).center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(place, pixmap, QRectF(pixmap.rect()))
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(option.palette.color(theme.TRACK))
        painter.drawRoundedRect(QRectF(area), 6, 6)
        if pixmap is not None:
            icons.draw("warning", painter, QPointF(QRectF(area).center()), 24, option.palette.color(theme.MUTED))


class Gallery(QListView):
    """Images in rows that fit the width; only those in sight are made into pictures.

    Attributes:
        images: what is shown.

    Signals:
        opened: the ``ImageSource`` that a person wants to see in full.
    """

    opened = Signal(object)

    def __init__(self, thumbnails: Thumbnails, parent: QWidget, lines: int = 2) -> None:
        """Args:
        thumbnails: brings the pictures.
        parent: Qt's.
        lines: that stand below a picture.
        """
        super().__init__(parent)
        self.images = GalleryModel(self)
        self._thumbnails = thumbnails
        self.setModel(self.images)
        self.setItemDelegate(_Delegate(thumbnails, lines, self))
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setUniformItemSizes(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setSingleStep(4 * UNIT)
        theme.name(self, "Images", "Enter shows an image in the main window.")
        self.activated.connect(self._open)
        thumbnails.come.connect(self._show_come)

    def show_images(self, count: int, make: Callable[[int], Shown]) -> None:
        """Show so many; see ``GalleryModel.show``."""
        self._thumbnails.side = round(_SIDE * self.devicePixelRatioF())
        self._thumbnails.in_sight = self._is_in_sight
        self.images.show(count, make)
        self.scrollToTop()
        if count:
            self.setCurrentIndex(self.images.index(0))

    def clear(self) -> None:
        """Show nothing, and be ready for what comes."""
        self.show_images(0, _nothing)

    def _rows_in_sight(self) -> range:
        area = self.viewport().rect()
        first = self.indexAt(area.topLeft() + QRect(0, 0, UNIT, UNIT).bottomRight())
        if not first.isValid():
            return range(min(self.images.rowCount(), 60))
        across = max(1, area.width() // _WIDTH)
        down = area.height() // max(1, self.sizeHintForIndex(first).height()) + 2
        return range(first.row(), min(self.images.rowCount(), first.row() + across * down))

    def _is_in_sight(self, name: str) -> bool:
        return any(self.images.at(row).source.name == name for row in self._rows_in_sight())

    def _show_come(self, _name: str) -> None:
        if self.isVisible():
            self.viewport().update()

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(self.images.at(index.row()).source)
