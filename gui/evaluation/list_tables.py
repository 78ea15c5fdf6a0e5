"""Tables of which each row has its images: of labels that an image may have several of, and of ranges of values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from core.showing import isolated
from gui.evaluation.figures_view import FiguresView, share
from gui.widgets import wording

if TYPE_CHECKING:
    from core.measures import Measures
    from core.measures.library import Indices
    from core.selecting import Range

LABEL_COLUMNS = {1: "with it", 2: "found", 3: "missed", 4: "false alarms", 6: "missed", 7: "false alarms"}
"""The list behind each column of the table of labels; behind the others are all mistakes."""


def labels_table(parent: QWidget) -> FiguresView:
    """Of each label."""
    titles = ("Label", "Images", "Found", "Missed", "False alarms", "F1", "Recall", "Precision", "ROC AUC")
    return FiguresView(titles, "Each label: click on a number, and see its images", parent, sortable=True)


def show_labels(
    view: FiguresView, measures: Measures, names: Sequence[str], counts: Sequence[Indices], are_rows: bool = False
) -> None:
    """Fill the table of labels.

    Args:
        view: the table.
        measures: of each label.
        names: of the labels.
        counts: found, missed and false alarms of each.
        are_rows: whether what is counted are rows of numbers.
    """
    rows: list[tuple[int, str, str, tuple[tuple[str, float], ...]]] = []
    for one in measures.classes:
        numbers = (one.count, *(int(each[one.index]) for each in counts))
        cells = [(f"{number:,}", float(number)) for number in numbers]
        cells += [share(value) for value in (one.f1, one.recall, one.precision if one.predicted else None)]
        cells.append((wording.DASH, math.nan) if one.roc_auc is None else (f"{one.roc_auc:.3f}", one.roc_auc))
        meaning = (
            f"{isolated(names[one.index])}: {one.count:,} have it, {numbers[1]:,} of them are found and {numbers[2]:,} "
            f"missed; {numbers[3]:,} have it not and are said to."
        )
        rows.append((one.index, names[one.index], meaning, tuple(cells)))
    view.figures.show_rows(rows, are_rows)


def ranges_table(parent: QWidget) -> FiguresView:
    """Of ranges of the true value."""
    titles = ("True value", "Images", "Off by", "Too high by")
    return FiguresView(titles, "Ranges of the true value: click on one, and see its images", parent)


def show_ranges(view: FiguresView, ranges: Sequence[Range], are_rows: bool = False) -> None:
    """Fill the table of ranges."""
    rows: list[tuple[int, str, str, tuple[tuple[str, float], ...]]] = []
    for place, one in enumerate(ranges):
        name = (
            f"{wording.value(one.low)} to {wording.value(one.high)}" if one.low < one.high else wording.value(one.low)
        )
        cells = (
            (f"{len(one.rows):,}", float(len(one.rows))),
            (wording.value(float(f"{one.off:.3g}")), one.off),
            (wording.value(float(f"{one.bias:.3g}")), one.bias),
        )
        meaning = "In the mean, whichever way; and with its sign: above 0 where predictions are too high."
        rows.append((place, name, meaning, cells))
    view.figures.show_rows(rows, are_rows)
