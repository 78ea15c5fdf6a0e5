"""Which label of the data is which of the model's classes, as a table in which a person may decide otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from gui.widgets import icons, theme
from gui.widgets.entries import Combo
from gui.widgets.quiet_table import make_quiet
from gui.widgets.theme import UNIT
from gui.widgets.titled_rows import Index, TitledRows

if TYPE_CHECKING:
    from core.labelled import AlignedClass, Alignment


_CLASS = 2
_LEFT_OUT = "Leave it out"
_CHOSEN, _LEFT_OUT_BY_YOU = "chosen by you", "left out by you"


class AlignmentModel(TitledRows):
    """The labels of the data, those without a partner first.

    Attributes:
        names: the model's class names, in head order.
    """

    TITLES = ("Label in the data", "Images", "Class of the model", "How it is known")

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._parent = parent
        self._rows: list[AlignedClass] = []
        self._chosen: dict[str, int] = {}
        self.names: tuple[str, ...] = ()
        self._are_rows = False

    def show_alignment(self, alignment: Alignment, names: tuple[str, ...], are_rows: bool = False) -> None:
        """Show what was found by names, and what a person chose before.

        Args:
            alignment: of the data.
            names: the model's class names, in head order.
            are_rows: whether the labels are of rows of numbers.
        """
        self.beginResetModel()
        self.names = names
        self._rows = sorted(alignment.rows, key=lambda row: (row.index >= 0, not row.count))
        self._chosen = {row.written: row.index for row in self._rows if row.how in (_CHOSEN, _LEFT_OUT_BY_YOU)}
        self._are_rows = are_rows
        self.endResetModel()

    def clear(self) -> None:
        """Show nothing."""
        self.beginResetModel()
        self._rows, self._chosen = [], {}
        self.endResetModel()

    @property
    def rows(self) -> tuple[AlignedClass, ...]:
        """What the table says now."""
        return tuple(self._rows)

    @property
    def choices(self) -> tuple[tuple[str, int], ...]:
        """What a person chose, and what that must not take away from a label that has its class by name."""
        shared = set(self._chosen.values())
        return tuple(
            (row.written, row.index) for row in self._rows if row.written in self._chosen or row.index in shared
        )

    def choose(self, row: int, index: int) -> None:
        """A label is this class; -1 leaves it out."""
        old = self._rows[row]
        self._chosen[old.written] = index
        how = _CHOSEN if index >= 0 else _LEFT_OUT_BY_YOU
        self._rows[row] = replace(old, index=index, label=self.names[index] if index >= 0 else "", how=how)
        self.dataChanged.emit(self.index(row, 0), self.index(row, len(self.TITLES) - 1))

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The titles; rows are no images."""
        title = super().headerData(section, orientation, role)
        return "Rows" if title == "Images" and self._are_rows else title

    def count(self) -> int:
        """One a label."""
        return len(self._rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """The class may be chosen."""
        usual = super().flags(index)
        return usual | Qt.ItemFlag.ItemIsEditable if index.column() == _CLASS else usual

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell."""
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.EditRole:
            return row.index
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            without = "not scored" if row.how else "none: not scored"
            known = row.how or (f"nearest: {row.nearest}" if row.nearest else "no class has this name")
            return (row.written, f"{row.count:,}" if row.count else "none", row.label or without, known)[index.column()]
        if role == Qt.ItemDataRole.ForegroundRole:
            palette = self._parent.palette()
            if row.index < 0 and not row.how and index.column() >= _CLASS:
                return palette.color(theme.ERROR)
            if index.column() == _CLASS + 1 or not row.count or row.index < 0:
                return palette.color(theme.MUTED)
        return None

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Take a person's choice."""
        if role != Qt.ItemDataRole.EditRole or not isinstance(value, int):
            return False
        if value != self._rows[index.row()].index or not self._rows[index.row()].how:
            self.choose(index.row(), value)
        return True


class _Choosing(QStyledItemDelegate):
    """The class's cell is a list that drops down."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place = QPointF(option.rect.right() - 1.5 * UNIT, option.rect.center().y() + 1)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        icons.draw("down", painter, place, 11, option.palette.color(theme.ON_ACCENT if chosen else theme.MUTED), 2.4)
        painter.restore()

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """A long name ends before the arrow."""
        super().initStyleOption(option, index)
        room = option.rect.width() - 4 * UNIT
        if room > 0:
            option.text = option.fontMetrics.elidedText(option.text, Qt.TextElideMode.ElideRight, room)

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, index: Index) -> QWidget:
        model = index.model()
        assert isinstance(model, AlignmentModel)
        row = model.rows[index.row()]
        order = sorted(range(len(model.names)), key=lambda place: model.names[place] != row.nearest)
        choices = [("-1", _LEFT_OUT), *((str(place), model.names[place]) for place in order)]
        editor = Combo(parent, f"Class of {row.written}", choices)
        editor.picked.connect(lambda: self._commit(editor))
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if isinstance(editor, Combo) and not editor.property("shown"):
            editor.setProperty("shown", True)
            editor.show_key(str(index.data(Qt.ItemDataRole.EditRole)))
            editor.showPopup()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if isinstance(editor, Combo) and editor.property("decided"):
            model.setData(model.index(index.row(), index.column()), int(editor.key))

    def _commit(self, editor: QComboBox) -> None:
        # A cell that merely loses the keyboard decides nothing.
        editor.setProperty("decided", True)
        self.commitData.emit(editor)
        self.closeEditor.emit(editor)


class AlignmentView(QTableView):
    """The table.

    Attributes:
        labels: what it shows.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.labels = AlignmentModel(self)
        self.setModel(self.labels)
        self.setItemDelegateForColumn(_CLASS, _Choosing(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        header = make_quiet(self, 4 * UNIT)
        for column in (0, _CLASS, _CLASS + 1):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.clicked.connect(self._choose)
        theme.name(self, "Labels and classes", "Enter on a row chooses its class, or leaves it out.")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter drops the row's list down."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.currentIndex().isValid():
            self._choose(self.labels.index(self.currentIndex().row(), _CLASS))
            event.accept()
        else:
            super().keyPressEvent(event)

    def _choose(self, index: QModelIndex) -> None:
        if index.column() == _CLASS and self.state() != QAbstractItemView.State.EditingState:
            self.setCurrentIndex(index)
            self.edit(index)
