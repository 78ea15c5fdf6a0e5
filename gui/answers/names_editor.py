"""A small table in which class names are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QGuiApplication, QKeySequence, QShortcut, QUndoCommand, QUndoStack
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTableView,
    QWidget,
)

from core.errors import LabelsError
from gui.widgets import theme, wording
from gui.widgets.error_view import button, dialog_column, wrapped
from gui.widgets.quiet_table import make_quiet
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from core.descriptions import ClassifierInfo

Index = QModelIndex | QPersistentModelIndex
Names = tuple[str, ...]

_NAME = 1
_SEARCHABLE_FROM = 20


class _Change(QUndoCommand):
    """All names before and after."""

    def __init__(self, model: NamesModel, after: Names, text: str) -> None:
        super().__init__(text)
        self._model = model
        self._before = model.names
        self._after = after

    def redo(self) -> None:
        self._model.show_names(self._after)

    def undo(self) -> None:
        self._model.show_names(self._before)


class NamesModel(QAbstractTableModel):
    """Index, name and, where it was another one, what the class was called in training.

    Attributes:
        names: in head order.
        folders: what the classes were called in training; may be empty.
    """

    written = Signal(int, str)
    """A row, and the name that a person wrote into it; nothing has changed yet."""

    _TITLES = ("Index", "Name", "In training")

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.names: Names = ()
        self.folders: Names = ()

    def show_names(self, names: Names) -> None:
        """Show other names; where they are as many, selection and place in the list stay."""
        if len(names) != len(self.names):
            self.beginResetModel()
            self.names = names
            self.endResetModel()
            return
        self.names = names
        if names:
            self.dataChanged.emit(self.index(0, _NAME), self.index(len(names) - 1, _NAME))

    def show_folders(self, folders: Names) -> None:
        """Show other names of training, or none."""
        if (len(folders) > 0) == (len(self.folders) > 0):
            self.folders = folders
            return
        self.beginResetModel()
        self.folders = folders
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        """One a class."""
        return 0 if parent is not None and parent.isValid() else len(self.names)

    def columnCount(self, parent: Index | None = None) -> int:
        """See the titles."""
        return 0 if parent is not None and parent.isValid() else 3 if self.folders else 2

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Titles above, nothing beside."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._TITLES[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell."""
        row, column = index.row(), index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            if column == _NAME:
                return self.names[row]
            return str(row) if column == 0 else self.folders[row] if row < len(self.folders) else ""
        if role == Qt.ItemDataRole.ToolTipRole and column:
            return str(self.data(index)).replace("<", "&lt;")
        if role == Qt.ItemDataRole.TextAlignmentRole:
            # A name from right to left stands at the left as well: it is a list of one column.
            left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute
            return left | Qt.AlignmentFlag.AlignVCenter
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Only names can be written."""
        usual = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return usual | Qt.ItemFlag.ItemIsEditable if index.column() == _NAME else usual

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Take what a person wrote."""
        name = str(value).strip()
        if role != Qt.ItemDataRole.EditRole or index.column() != _NAME or not name:
            return False
        if name != self.names[index.row()]:
            self.written.emit(index.row(), name)
        return True


class NamesEditor(QDialog):
    """Index and name of each class, to be written, pasted, loaded and saved.

    Attributes:
        table: the names.
        model: what it shows.
        search: narrows it down.
        stack: what can be undone.
        problem: why a list was not taken; empty while nothing is wrong.

    Signals:
        edited: all names, as they are now.
        reset_asked: the person wants those that the model brings.
        load_asked: or those of a file.
        save_asked: or to save them.
    """

    edited = Signal(object)
    reset_asked = Signal()
    load_asked = Signal()
    save_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Class names {wording.DASH} Whatsit")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._file = ""
        self._told: Names = ()
        self.model = NamesModel(self)
        self.model.written.connect(self._write)
        self._filter = QSortFilterProxyModel(self)
        self._filter.setSourceModel(self.model)
        self._filter.setFilterKeyColumn(-1)
        self._filter.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.search = QLineEdit(self, placeholderText="Search the names")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter.setFilterFixedString)
        theme.name(self.search, "Search the names")
        self.stack = QUndoStack(self)
        self.stack.indexChanged.connect(self._tell)
        self._title = wrapped(self)
        self._title.setFont(theme.scaled(self.font(), 1.4, QFont.Weight.DemiBold))
        self._about = wrapped(self)
        self._about.setForegroundRole(theme.MUTED)
        self.problem = wrapped(self)
        self.problem.setForegroundRole(theme.ERROR)
        self.problem.hide()
        self.table = self._make_table()
        self._arrange()
        self.resize(64 * UNIT, 72 * UNIT)

    def show_info(self, info: ClassifierInfo) -> None:
        """Show the names of a classifier; another weights file begins anew, with nothing to undo."""
        self._title.setText(info.name)
        self._about.setText(
            f"{len(info.labels):,} classes, names from {info.labels_source}. Double-click a name to change it."
        )
        self.model.show_folders(info.folders)
        if info.checkpoint.file != self._file or len(info.labels) != len(self.model.names):
            self._file = info.checkpoint.file
            self.model.show_names(info.labels)
            self.stack.clear()
        elif info.labels != self.model.names:
            self._told = info.labels
            self.stack.push(_Change(self.model, info.labels, "other names"))
        self._told = info.labels
        self.search.setVisible(len(info.labels) >= _SEARCHABLE_FROM)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        self.table.setColumnWidth(0, 8 * UNIT)

    def paste(self) -> None:
        """Take names from the clipboard: all of them, or so many from the chosen row on."""
        from core.labels import parse_labels

        text = QGuiApplication.clipboard().text()
        try:
            names = parse_labels(text)
        except LabelsError as error:
            self._show_problem(f"What is on the clipboard cannot be used. {error.why}")
            return
        count, row = len(self.model.names), self._chosen_row()
        if len(names) == count:
            row = 0
        if row + len(names) > count:
            there = f"row {row} has {count - row:,} below it" if row else f"there are {count:,} classes"
            self._show_problem(f"There are {len(names):,} names on the clipboard, and {there}.")
            return
        before = self.model.names
        self._push((*before[:row], *names, *before[row + len(names) :]), "pasted names")

    def _write(self, row: int, name: str) -> None:
        names = self.model.names
        self._push((*names[:row], name, *names[row + 1 :]), "a name")

    def _push(self, names: Names, text: str) -> None:
        self.problem.hide()
        if names != self.model.names:
            self.stack.push(_Change(self.model, names, text))

    def _tell(self, _index: int) -> None:
        if self.model.names and self.model.names != self._told:
            self._told = self.model.names
            self.edited.emit(self.model.names)

    def _show_problem(self, text: str) -> None:
        self.problem.setText(text)
        self.problem.show()

    def _chosen_row(self) -> int:
        index = self._filter.mapToSource(self.table.currentIndex())
        return index.row() if index.isValid() else 0

    def _make_table(self) -> QTableView:
        table = QTableView(self)
        table.setModel(self._filter)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        make_quiet(table, 3 * UNIT + UNIT // 2)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        triggers = QAbstractItemView.EditTrigger
        table.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed | triggers.AnyKeyPressed)
        theme.name(table, "Class names", "F2 or typing changes the name; Ctrl+V pastes a list.")
        return table

    def _arrange(self) -> None:
        undo, redo = button(self, "Undo", self.stack.undo), button(self, "Redo", self.stack.redo)
        for made, can in ((undo, self.stack.canUndoChanged), (redo, self.stack.canRedoChanged)):
            made.setEnabled(False)
            can.connect(made.setEnabled)
        for keys, act in (
            (QKeySequence.StandardKey.Undo, self.stack.undo),
            (QKeySequence.StandardKey.Redo, self.stack.redo),
            (QKeySequence.StandardKey.Paste, self.paste),
            (QKeySequence.StandardKey.Save, self.save_asked.emit),
        ):
            QShortcut(QKeySequence(keys), self).activated.connect(act)
        close = button(self, "Close", self.close, "primary")
        first, last = QHBoxLayout(), QHBoxLayout()
        for each in (
            button(self, "Paste a list", self.paste),
            button(self, "Load from a file …", self.load_asked.emit),
            button(self, "As the model brings them", self.reset_asked.emit),
        ):
            first.addWidget(each)
        first.addStretch()
        for each in (undo, redo, button(self, "Save class names …", self.save_asked.emit)):
            last.addWidget(each)
        last.addStretch()
        last.addWidget(close)
        column = dialog_column(self)
        for widget in (self._title, self._about, self.search):
            column.addWidget(widget)
        column.addWidget(self.table, 1)
        column.addWidget(self.problem)
        column.addLayout(first)
        column.addLayout(last)
        for each in self.findChildren(type(close)):
            # Enter belongs to the table.
            each.setAutoDefault(False)
