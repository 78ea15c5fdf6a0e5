"""How every table looks: no lines, no numbers of rows, titles above the beginning of what they head."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView


def make_quiet(table: QTableView, row_height: int) -> QHeaderView:
    """Take away what distracts from a table, and select whole rows.

    Args:
        table: any.
        row_height: in pixels.

    Returns:
        The header above, whose columns are the caller's to size.
    """
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(row_height)
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return header
