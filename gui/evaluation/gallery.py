"""The images behind a number, each with what it is and what the model takes it for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QAbstractListModel,
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
from PySide6.QtGui import QContextMenuEvent, QFont, QFontMetrics, QKeyEvent, QPainter, QPalette, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from core.showing import isolated
from gui.widgets import icons, row_chart, theme, wording
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from core.images import ImageSource
    from gui.photos.thumbnails import Thumbnails

Index = QModelIndex | QPersistentModelIndex

_SIDE = 12 * UNIT
_WIDTH = 15 * UNIT
_SHOWN_ROLE = int(Qt.ItemDataRole.UserRole)
_RIGHT, _MIDDLE = Qt.TextElideMode.ElideRight, Qt.TextElideMode.ElideMiddle
_CENTRED = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
_AT_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_CHART = 14 * UNIT
_NARROWEST_ROW = 30 * UNIT
_BATCH = 2000
_NUMBERS = 12
"""How many numbers of a row are written."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One image of the gallery.

    Attributes:
        source: the image.
        true, predicted: names of the class it is of, and of the one that the model takes it for.
        score: of the latter, 0..1.
        right: whether they are the same.
        first, second, third: what is written below the image, where it is not a class and its score.
        quiet: whether a wrong answer is nothing special.
        corrected, was: what a person says that it is, and what the data says; empty where that is believed.
    """

    source: ImageSource
    true: str
    predicted: str
    score: float
    right: bool
    first: str = ""
    second: str = ""
    third: str = ""
    quiet: bool = False
    corrected: str = ""
    was: str = ""

    def corrected_to(self, said: str, was: str) -> Shown:
        """With what a person says that it is, and what the data says."""
        return replace(self, corrected=said, was=was)

    @property
    def lines(self) -> tuple[str, ...]:
        """What is written below the image; the last says what it is."""
        first = self.first or f"{isolated(self.predicted)} {wording.percent(self.score)}"
        second = self.second or ("right" if self.right else f"is {isolated(self.true)}")
        lines = [first, second, *([self.third] if self.third else [])]
        if self.corrected:
            lines[-1] = f"corrected: {self.corrected}"
        return tuple(lines)

    @property
    def tones(self) -> tuple[tuple[bool, bool], ...]:
        """Of each line: whether it is in bold type, and whether it is wrong."""
        return (True, not (self.right or self.quiet)), *((False, False) for _ in self.lines[1:])

    @property
    def words(self) -> str:
        """All of it in one line."""
        name = isolated(self.source.short_name)
        if self.first or self.corrected:
            was = f" (was {self.was})" if self.corrected else ""
            return f"{name}: {', '.join(self.lines)}{was}"
        said = f"predicted {isolated(self.predicted)}, {wording.percent(self.score)}"
        return f"{name}: {isolated(self.true)}, {said}"


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
    def __init__(self, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._bold = theme.scaled(parent.font(), 0.92, QFont.Weight.DemiBold)
        self._plain = theme.small(parent.font())
        self._line = QFontMetrics(self._bold).height()
        self.rows_width = 0
        """Of a row of numbers; 0 where there are pictures."""
        self.lines = 2
        """Below a picture."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        if self.rows_width:
            return QSize(self.rows_width, (self.lines + 1) * self._line + UNIT + UNIT // 2)
        return QSize(_WIDTH, _SIDE + UNIT + UNIT // 2 + self.lines * self._line)

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
        if self.rows_width:
            area = QRect(corner.x() + UNIT, corner.y() + UNIT, _CHART, option.rect.height() - 2 * UNIT)
            line = QRect(area.right() + 2 * UNIT, corner.y() + UNIT // 2, 0, self._line)
            line.setRight(option.rect.right() - UNIT)
            values = self._thumbnails.row(shown.source)
            if values is not None:
                row_chart.draw(painter, QRectF(area), values, option.palette)
            numbers = "  ".join(f"{number:.4g}" for number in (values or ())[:_NUMBERS])
            more = "  …" if values is not None and len(values) > _NUMBERS else ""
            last = ((f"{isolated(shown.source.short_name)}   {numbers}{more}", self._plain, theme.MUTED),)
            self._write(painter, option, line, shown, last)
        else:
            area = QRect(corner.x() + (_WIDTH - _SIDE) // 2, corner.y() + UNIT // 2, _SIDE, _SIDE)
            self._paint_picture(painter, option, area, self._thumbnails.get(shown.source))
            line = QRect(corner.x() + UNIT // 2, area.bottom() + UNIT // 2, _WIDTH - UNIT, self._line)
            self._write(painter, option, line, shown, ())
        painter.restore()

    def _write(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        line: QRect,
        shown: Shown,
        last: tuple[tuple[str, QFont, QPalette.ColorRole], ...],
    ) -> None:
        """Lines below one another; of pictures in the middle, of rows at the left."""
        told: list[tuple[str, QFont, QPalette.ColorRole]] = []
        for text, (loud, wrong) in zip(shown.lines, shown.tones, strict=True):
            role = option.palette.ColorRole.Text if loud else theme.MUTED
            told.append((text, self._bold if loud else self._plain, theme.ERROR if wrong else role))
        below = theme.ACCENT if shown.corrected else theme.MUTED
        at = _AT_LEFT if last else _CENTRED
        several = bool(last) or len(told) > 2
        told[-1] = (told[-1][0], self._plain, below)
        for text, font, colour in (*told, *last):
            painter.setFont(font)
            painter.setPen(option.palette.color(colour))
            # Of several names the first can be read; of one its beginning and its end, and always its score.
            cut = _RIGHT if several and not text.endswith("%") else _MIDDLE
            painter.drawText(line, at, painter.fontMetrics().elidedText(text, cut, line.width()))
            line.translate(0, self._line)

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
        correct_asked: a place; a person wants to say what the image there shows.
        menu_asked: a place, and where on the screen a person wants a menu.
    """

    opened = Signal(object)
    correct_asked = Signal(int)
    menu_asked = Signal(int, QPoint)

    def __init__(self, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self.images = GalleryModel(self)
        self._thumbnails = thumbnails
        self._delegate = _Delegate(thumbnails, self)
        self.setModel(self.images)
        self.setItemDelegate(self._delegate)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setUniformItemSizes(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        # Places of many thousand images are found a part at a time, so that the first are there at once.
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setBatchSize(_BATCH)
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
        first = make(0) if count else None
        self._fit_rows(is_row=first is not None and first.source.is_row, lines=len(first.lines) if first else 2)
        self.images.show(count, make)
        self.scrollToTop()
        if count:
            self.setCurrentIndex(self.images.index(0))

    def add(self, shown: Shown) -> None:
        """One more at the end."""
        if not self.images.rowCount():
            self._fit_rows(is_row=shown.source.is_row, lines=len(shown.lines))
        self.images.add(shown)

    def clear(self) -> None:
        """Show nothing, and be ready for what comes."""
        self.show_images(0, _nothing)

    def show_again(self) -> None:
        """What is shown of the same images has changed."""
        self.viewport().update()

    def place_of(self, row: int) -> QRect:
        """Where an image is, in the viewport."""
        return self.visualRect(self.images.index(row))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Rows of numbers are as wide as there is room."""
        if self._delegate.rows_width:
            self._fit_rows(is_row=True, lines=self._delegate.lines)
        super().resizeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F2 corrects."""
        if event.key() == Qt.Key.Key_F2 and self.currentIndex().isValid():
            self.correct_asked.emit(self.currentIndex().row())
            event.accept()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Of the image under the mouse, or of the current one where the keyboard asks."""
        by_mouse = event.reason() == QContextMenuEvent.Reason.Mouse
        index = self.indexAt(event.pos()) if by_mouse else self.currentIndex()
        if index.isValid():
            self.setCurrentIndex(index)
            place = event.globalPos()
            if not by_mouse:
                place = self.viewport().mapToGlobal(self.visualRect(index).center())
            self.menu_asked.emit(index.row(), place)

    def _fit_rows(self, is_row: bool, lines: int) -> None:
        width = max(_NARROWEST_ROW, self.viewport().width() - 2) if is_row else 0
        if (width, lines) != (self._delegate.rows_width, self._delegate.lines):
            self._delegate.rows_width, self._delegate.lines = width, lines
            self.scheduleDelayedItemsLayout()

    def _rows_in_sight(self) -> range:
        area = self.viewport().rect()
        first = self.indexAt(area.topLeft() + QRect(0, 0, UNIT, UNIT).bottomRight())
        if not first.isValid():
            return range(min(self.images.rowCount(), 60))
        across = 1 if self._delegate.rows_width else max(1, area.width() // _WIDTH)
        down = area.height() // max(1, self.sizeHintForIndex(first).height()) + 2
        return range(first.row(), min(self.images.rowCount(), first.row() + across * down))

    def _is_in_sight(self, name: str) -> bool:
        return any(self.images.at(row).source.name == name for row in self._rows_in_sight())

    def _show_come(self, _name: str) -> None:
        if self.isVisible():
            self.viewport().update()

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(self.images.at(index.row()).source)
