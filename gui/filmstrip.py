"""The row of photos below the large one, each with its answer, its progress or its error."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QFont,
    QFontMetrics,
    QImage,
    QKeyEvent,
    QPainter,
    QPainterPath,
    QPalette,
    QPen,
    QPixmap,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from gui import icons, theme
from gui.results_model import ENTRY_ROLE, Entry, ResultsModel, State
from gui.theme import UNIT
from gui.wording import percent

Index = QModelIndex | QPersistentModelIndex

_WIDTH = 14 * UNIT
_THUMBNAIL = QSize(_WIDTH - UNIT, 9 * UNIT)
_KEPT = 300
_RADIUS = 6.0


class Thumbnails:
    """Decoded thumbnails, cut to the filmstrip's shape; the least recently painted go first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, float, int], QPixmap] = OrderedDict()

    def get(self, entry: Entry, ratio: float) -> QPixmap | None:
        """The thumbnail for a screen's pixel ratio; ``None`` where there is none yet."""
        data = entry.result.thumbnail if entry.result is not None else b""
        if not data:
            return None
        key = (entry.key, ratio, len(data))
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = _cut(QImage.fromData(data), ratio)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return found


def _cut(image: QImage, ratio: float) -> QPixmap:
    """Scaled to cover the cell, its middle kept."""
    size = _THUMBNAIL * ratio
    if image.isNull():
        return QPixmap()
    covering = image.scaled(
        size, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    )
    corner = QPoint((covering.width() - size.width()) // 2, (covering.height() - size.height()) // 2)
    made = QPixmap.fromImage(covering.copy(QRect(corner, size)))
    made.setDevicePixelRatio(ratio)
    return made


class _Delegate(QStyledItemDelegate):
    """Paints one photo of the filmstrip."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails = Thumbnails()

    def sizeHint(self, option: QStyleOptionViewItem, _index: Index) -> QSize:
        """All cells alike, so that nothing is measured."""
        return cell_size(option.font)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """The thumbnail, and below it two lines: the answer and its percentage."""
        entry = index.data(ENTRY_ROLE)
        if not isinstance(entry, Entry):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRect(option.rect.topLeft() + QPoint(UNIT // 2, UNIT // 2), _THUMBNAIL)
        self._paint_picture(painter, option, area, entry)
        self._paint_frame(painter, option, area, index.row())
        lines = option.rect.adjusted(UNIT // 2, 0, -UNIT // 2, 0)
        lines.setTop(area.bottom() + UNIT // 2 + 1)
        self._paint_words(painter, option, lines, entry)
        painter.restore()

    def _paint_picture(self, painter: QPainter, option: QStyleOptionViewItem, area: QRect, entry: Entry) -> None:
        palette: QPalette = option.palette
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(area), _RADIUS, _RADIUS)
        thumbnail = self._thumbnails.get(entry, painter.device().devicePixelRatioF())
        if thumbnail is not None and not thumbnail.isNull():
            painter.save()
            painter.setClipPath(shape)
            # One of the model before, until the new answer is there, is paler.
            painter.setOpacity(1.0 if entry.state is State.DONE else 0.5)
            painter.drawPixmap(area.topLeft(), thumbnail)
            painter.restore()
            return
        painter.fillPath(shape, palette.color(theme.TRACK))
        centre = QPointF(QRectF(area).center())
        if entry.answered is not None and entry.answered.error is not None:
            icons.draw("warning", painter, centre, 3 * UNIT, palette.color(theme.ERROR))
        else:
            icons.draw("photo", painter, centre, 3 * UNIT, palette.color(theme.MUTED))

    def _paint_frame(self, painter: QPainter, option: QStyleOptionViewItem, area: QRect, row: int) -> None:
        view = self.parent()
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        current = isinstance(view, QAbstractItemView) and view.currentIndex().row() == row
        if not chosen and not current:
            return
        colour = option.palette.color(theme.ACCENT)
        focused = isinstance(view, QAbstractItemView) and view.hasFocus()
        painter.setPen(QPen(colour if current else theme.with_alpha(colour, 0.5), 3 if current and focused else 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(area).adjusted(-2, -2, 2, 2), _RADIUS + 2, _RADIUS + 2)

    def _paint_words(self, painter: QPainter, option: QStyleOptionViewItem, area: QRect, entry: Entry) -> None:
        first, second, failed = _words(entry)
        palette: QPalette = option.palette
        top = theme.scaled(option.font, 0.92, QFont.Weight.DemiBold)
        bottom = theme.small(option.font)
        muted = palette.color(theme.MUTED)
        text = muted if entry.answered is None else palette.color(palette.ColorRole.Text)
        painter.setFont(top)
        metrics = QFontMetrics(top)
        painter.setPen(palette.color(theme.ERROR) if failed else text)
        line = QRect(area.topLeft(), QSize(area.width(), metrics.height()))
        shown = metrics.elidedText(first, Qt.TextElideMode.ElideRight, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter, shown)
        line.translate(0, metrics.height())
        painter.setFont(bottom)
        painter.setPen(muted)
        shown = QFontMetrics(bottom).elidedText(second, Qt.TextElideMode.ElideMiddle, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter, shown)


def _words(entry: Entry) -> tuple[str, str, bool]:
    """The two lines below a photo, and whether they are an error's."""
    result = entry.answered
    if result is None:
        waiting = {State.WAITING: "waiting …", State.STOPPED: "not answered"}
        return waiting.get(entry.state, ""), entry.source.short_name, False
    if entry.best is None:
        return "no answer", entry.source.short_name, True
    return entry.best.label, percent(entry.best.score), False


def cell_size(font: QFont) -> QSize:
    """The size of one photo with its two lines."""
    lines = 2 * QFontMetrics(theme.scaled(font, 0.92, QFont.Weight.DemiBold)).height()
    return QSize(_WIDTH, _THUMBNAIL.height() + 2 * (UNIT // 2) + UNIT // 2 + lines)


class Filmstrip(QListView):
    """All photos, side by side.

    Signals:
        chosen: the row that a person moved to.
        removal_asked: rows to take away.
        menu_asked: a place on the screen.
    """

    chosen = Signal(int)
    removal_asked = Signal(object)
    menu_asked = Signal(QPoint)

    def __init__(self, model: ResultsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setItemDelegate(_Delegate(self))
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._ask_menu)
        self.setFixedHeight(cell_size(self.font()).height() + 12)
        theme.name(self, "Photos", "Left and right move between the photos; Delete takes the selected ones away.")
        self.selectionModel().currentChanged.connect(self._choose)
        # Hidden while there is nothing to choose between.
        model.rowsInserted.connect(self._show_when_useful)
        model.rowsRemoved.connect(self._show_when_useful)
        model.modelReset.connect(self._show_when_useful)
        self._show_when_useful()

    def go_to(self, row: int) -> None:
        """Make a photo the current one."""
        index = self.model().index(row, 0)
        if index.isValid() and index != self.currentIndex():
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if index.isValid():
            self.scrollTo(index)

    def selected_rows(self) -> list[int]:
        """The rows that a person marked, the current one at least."""
        rows = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        return rows or ([self.currentIndex().row()] if self.currentIndex().isValid() else [])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete takes away; all else moves."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removal_asked.emit(self.selected_rows())
            return
        super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """A wheel that only turns up and down moves the strip sideways."""
        turned = event.angleDelta()
        if turned.x() == 0:
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - turned.y())
            event.accept()
            return
        super().wheelEvent(event)

    def _ask_menu(self, place: QPoint) -> None:
        self.menu_asked.emit(self.mapToGlobal(place))

    def _choose(self, index: QModelIndex) -> None:
        self.chosen.emit(index.row())

    def _show_when_useful(self) -> None:
        self.setVisible(self.model().rowCount() > 1)
