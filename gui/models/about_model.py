"""All that is known of a weights file, to look at beside the photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSortFilterProxyModel, Qt, QTimer
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QDialog,
    QHeaderView,
    QLineEdit,
    QTableView,
    QWidget,
)

from core.descriptions import TensorRow
from gui.widgets import theme, wording
from gui.widgets.error_view import copy, dialog_column, last_row, resize_within, wrapped
from gui.widgets.facts import FactsArea
from gui.widgets.quiet_table import make_quiet
from gui.widgets.theme import UNIT
from gui.widgets.titled_rows import Index, ListedRows

if TYPE_CHECKING:
    from core.descriptions import ClassifierInfo, Inspection


_CONTAINERS = {
    "state_dict": "state dict (.pth)",
    "safetensors": "safetensors",
    "module": "whole pickled network",
    "torchscript": "TorchScript program",
    "exported_program": "torch.export program (.pt2)",
}
_MOST_NAMES = 12
_SEARCH_MS = 120
_FEWEST_ROWS = 6


class TensorsModel(ListedRows[TensorRow]):
    """The tensors of a file: name, shape, type, how many numbers."""

    TITLES = ("Name", "Shape", "Type", "Numbers")

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell."""
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            cells = (row.name, wording.shape(row.shape), row.dtype, f"{wording.numel(row.shape):,}")
            return cells[index.column()]
        if role == Qt.ItemDataRole.UserRole:
            # What sorting compares.
            return (row.name, len(row.shape), row.dtype, wording.numel(row.shape))[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == len(self.TITLES) - 1:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None


class AboutModel(QDialog):
    """A window beside the main one.

    Attributes:
        table: the tensors.
        search: narrows them down.
        facts: each fact's text, by its caption.
    """

    def __init__(self, parent: QWidget, file: str, used: str = "") -> None:
        """Args:
        file: path of the weights file.
        used: as ``used_as`` says it; empty where the file is not in use.
        """
        super().__init__(parent)
        self._file = file
        self._used = used
        self.setWindowTitle(f"About this model {wording.DASH} Whatsit")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.facts: dict[str, str] = {}
        self._title = wrapped(self)
        self._title.setFont(theme.scaled(self.font(), 1.4, QFont.Weight.DemiBold))
        self._title.setText(wording.file_name(file))
        self._error = wrapped(self)
        self._error.setForegroundRole(theme.ERROR)
        self._error.hide()
        self._facts = FactsArea(self)
        self._tensors = TensorsModel(self)
        self._filter = QSortFilterProxyModel(self)
        self._filter.setSourceModel(self._tensors)
        self._filter.setFilterKeyColumn(-1)
        self._filter.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._filter.setSortRole(Qt.ItemDataRole.UserRole)
        self.search = QLineEdit(self, placeholderText="Search the tensors by name, shape or type")
        self.search.setClearButtonEnabled(True)
        theme.name(self.search, "Search the tensors")
        self._soon = QTimer(self, singleShot=True, interval=_SEARCH_MS)
        self._soon.timeout.connect(lambda: self._filter.setFilterFixedString(self.search.text().strip()))
        self.search.textChanged.connect(self._search_soon)
        self.table = self._make_table()
        self._arrange()
        resize_within(self, 96 * UNIT, 84 * UNIT)

    @property
    def shown_tensors(self) -> int:
        """How many the search leaves."""
        return self._filter.rowCount()

    def show_inspection(self, found: Inspection) -> None:
        """Show what the file is, and, where it is the one in use, as what it is used; others are none of it."""
        if found.file != self._file:
            return
        self._title.setText(wording.file_name(found.file))
        self._error.setText(found.error)
        self._error.setVisible(bool(found.error))
        self._facts.form.show_facts([("In use as", self._used), *_facts(found)])
        self.facts = self._facts.form.facts
        self._tensors.show_rows(found.tensors)
        self.table.setVisible(bool(found.tensors))
        self.search.setVisible(bool(found.tensors))

    def copy_all(self) -> None:
        """Put the facts on the clipboard, one a line."""
        copy("\n".join(f"{caption}: {text}" for caption, text in self.facts.items()))

    def _search_soon(self, _text: str) -> None:
        self._soon.start()

    def _make_table(self) -> QTableView:
        table = QTableView(self)
        table.setModel(self._filter)
        table.setSortingEnabled(True)
        table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        table.setMinimumHeight(_FEWEST_ROWS * 3 * UNIT)
        header = make_quiet(table, 3 * UNIT)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in ((1, 18), (2, 11), (3, 13)):
            table.setColumnWidth(column, width * UNIT)
        theme.name(table, "Tensors")
        return table

    def _arrange(self) -> None:
        column = dialog_column(self)
        column.addWidget(self._title)
        column.addWidget(self._error)
        column.addWidget(self._facts)
        column.addWidget(self.search)
        column.addWidget(self.table, 1)
        # Without a table all else stays at the top.
        column.addStretch(0)
        column.addLayout(last_row(self, "Copy", self.copy_all))
        self.search.setFocus()


def used_as(info: ClassifierInfo) -> str:
    """What a person sees a model do at the moment, which may be otherwise than its file says: a line each."""
    evidence = next((match.evidence for match in info.matches if match.architecture == info.architecture), "")
    used, *others = info.checkpoint.sets or ("",)
    lines = (
        f"{info.architecture}: {evidence}" if evidence else info.architecture,
        f"with the weights {used}" if others else "",
        f"photos: {info.describe_input()} ({info.preprocessing_source})" if not info.refuses else "",
    )
    return "\n".join(line for line in lines if line)


def _facts(found: Inspection) -> list[tuple[str, str]]:
    """Caption and text of each; those without a text are left out."""
    wrappers = " > ".join(found.unwrapped)
    parts = [wrappers, f"prefix {found.prefix}" if found.prefix else ""]
    # What the file itself names goes before what merely fits as well.
    matches = sorted(found.matches, key=lambda match: match.architecture != found.architecture)
    best = f"{matches[0].architecture}: {matches[0].evidence}" if matches else ""
    others = [
        match.architecture if match.evidence == matches[0].evidence else f"{match.architecture}: {match.evidence}"
        for match in matches[1:]
    ]
    named = ", ".join(found.class_names[:_MOST_NAMES])
    more = f" and {len(found.class_names) - _MOST_NAMES:,} more" if len(found.class_names) > _MOST_NAMES else ""
    return [
        ("File", found.file),
        ("Container", _CONTAINERS.get(found.container, found.container)),
        ("Taken from", ", ".join(part for part in parts if part)),
        ("Weights in the file", ", ".join(found.sets) if len(found.sets) > 1 else ""),
        ("Architecture", best + (" (others fit as well, and would answer otherwise)" if found.ambiguous else "")),
        ("Also fits", "\n".join(others[:_MOST_NAMES])),
        ("Classes", f"{found.num_classes:,}" if found.num_classes else ""),
        ("Class names", f"{named}{more} ({found.labels_source})" if named else ""),
        ("Input", _input(found)),
        ("Size", _size(found)),
        ("Runs code", _trust(found)),
        ("Left out", ", ".join(found.left_out[:_MOST_NAMES])),
        ("Layers", _layers(found)),
        ("Saved with it", "\n".join(f"{name}: {text}" for name, text in found.metadata[:_MOST_NAMES])),
        ("sha256", found.sha256),
    ]


def _input(found: Inspection) -> str:
    parts = [
        f"{found.input_channels} channel{'s' if found.input_channels != 1 else ''}" if found.input_channels else ""
    ]
    if found.preprocessing is not None:
        parts.append(f"{found.preprocessing.describe()} ({found.preprocessing_source})")
    return ", ".join(part for part in parts if part)


def _size(found: Inspection) -> str:
    if not found.parameters:
        return wording.size(found.bytes) if found.bytes else ""
    return f"{found.parameters:,} numbers in {len(found.tensors):,} tensors, {wording.size(found.bytes)}"


def _trust(found: Inspection) -> str:
    if found.blocked:
        return f"It asks Python for {', '.join(found.blocked[:_MOST_NAMES])}. Nothing was run."
    return "Yes, before it can answer: you will be asked." if found.needs_trust else "No" if found.container else ""


def _layers(found: Inspection) -> str:
    kinds: dict[str, int] = {}
    for _, kind in found.modules:
        short = kind.rpartition(".")[2]
        kinds[short] = kinds.get(short, 0) + 1
    common = sorted(kinds.items(), key=lambda pair: -pair[1])[:_MOST_NAMES]
    return ", ".join(f"{count} {kind}" for kind, count in common)
