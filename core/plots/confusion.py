"""Which class is taken for which."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.measures.library import leaf_order
from core.plots.axes import percent
from core.plots.canvas import Canvas, Cell, Picture, cut, named, wide
from core.plots.palette import Palette
from core.showing import counted, isolated, printable

Counts = NDArray[np.int64]
ClassOrder = Literal["head", "name", "count", "errors", "right", "f1", "together"]

NAMED = 100
"""So many classes have their names along the sides."""
_NUMBERED = 24
_BLOCKS = 200
_LEVELS = 8
_PAIRS = 16
_SIDE = 600
_LIST = 300
_DEEPEST = 0.6
"""How much colour is under a number, so that text stays readable on it, by day and by night."""
_DIGITS = re.compile(r"(\d+)")


def class_order(confusion: Counts, labels: Sequence[str], order: ClassOrder, *, rates: bool = False) -> list[int]:
    """The classes that occur, as truths or as answers, in an order; of equal ones the head's decides.

    Args:
        confusion: (classes, classes); rows true, columns predicted.
        labels: names in head order.
        order: ``head``; ``name`` (``a2`` before ``a10``); ``count``, most images first; ``errors``, most mistakes
            first, as a share of the class's images where ``rates``; ``right``, those least often right first, and
            those without images last; ``f1``, the worst first; ``together``, classes that are taken for each other
            stand side by side.
        rates: see there.
    """
    true, said, right = confusion.sum(axis=1), confusion.sum(axis=0), np.diagonal(confusion)
    there = [int(index) for index in np.flatnonzero((true > 0) | (said > 0))]
    if order == "together":
        return _together(confusion, there)
    missed = (true - right) / (np.maximum(true, 1) if rates else 1)
    keys: dict[ClassOrder, Callable[[int], object]] = {
        "head": lambda index: index,
        "name": lambda index: name_key(labels[index]),
        "count": lambda index: -int(true[index]),
        "errors": lambda index: -float(missed[index]),
        "right": lambda index: float(right[index] / true[index]) if true[index] else 2.0,
        "f1": lambda index: 2 * float(right[index]) / float(true[index] + said[index]),
    }
    key = keys[order]
    return sorted(there, key=lambda index: (key(index), index))


def name_key(label: str) -> list[tuple[int, int, str]]:
    """What names are sorted by, as people do: case does not count, and numbers inside do."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in _DIGITS.split(label.casefold())]


def _together(confusion: Counts, there: list[int]) -> list[int]:
    """Classes by how often each is taken for the other (average linkage); those that never are come last."""
    rates = confusion[np.ix_(there, there)] / np.maximum(confusion.sum(axis=1)[there], 1)[:, None]
    both = rates + rates.T
    np.fill_diagonal(both, 0)
    mixed = np.flatnonzero(both.any(axis=1))
    alone = np.flatnonzero(~both.any(axis=1))
    if len(mixed) < 3:
        return [there[int(place)] for place in (*mixed, *alone)]
    both = both[np.ix_(mixed, mixed)]
    placed = mixed[leaf_order(1 - both / both.max())]
    return [there[int(place)] for place in (*placed, *alone)]


def confused_pairs(confusion: Counts, most: int = _PAIRS) -> list[tuple[int, int, int]]:
    """(true, predicted, how many) of the most frequent mistakes."""
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    rows, columns = np.nonzero(wrong)
    counts = wrong[rows, columns]
    first = np.argsort(-counts, kind="stable")[:most]
    return [(int(rows[place]), int(columns[place]), int(counts[place])) for place in first]


def confusion_matrix(
    confusion: Counts, labels: Sequence[str], palette: Palette, *, rates: bool = False, order: ClassOrder = "head"
) -> Picture:
    """Rows are true, columns predicted classes; classes that never occur are left out, and that is said.

    Few classes have their numbers in the cells, up to 100 their names along the sides.  With more, colour alone tells,
    several classes share a cell beyond 200, and beside it stands what is confused most.

    Args:
        confusion: (classes, classes) counts.
        labels: names in head order.
        palette: colours.
        rates: shares of the true class in place of counts.
        order: of the classes, on both sides.
    """
    shown = class_order(confusion, labels, order, rates=rates)
    if not shown:
        return _empty(palette)
    matrix = _Matrix(confusion, labels, shown, rates)
    return matrix.draw_named(palette) if len(shown) <= NAMED else matrix.draw_dense(palette)


class _Matrix:
    """Counts in the order shown, and how they are told."""

    def __init__(self, confusion: Counts, labels: Sequence[str], shown: list[int], rates: bool) -> None:
        self._all = confusion
        self._labels = labels
        self._names = {index: named(labels[index]) for index in shown}
        self._shown = shown
        self._rates = rates
        self._counts = confusion[np.ix_(shown, shown)]
        self._totals = self._counts.sum(axis=1)
        share = self._counts / np.maximum(self._totals, 1)[:, None]
        self._values = share if rates else self._counts.astype(np.float64)
        self._title = (
            f"Confusion matrix of {len(shown):,} classes, {'rates' if rates else 'counts'}: "
            f"{int(np.trace(confusion)):,} of {counted(int(confusion.sum()), 'image')} are right"
        )

    def draw_named(self, palette: Palette) -> Picture:
        """A cell a pair, with names along the sides."""
        count = len(self._shown)
        side = min(48.0, max(8.0, 480 / count))
        size = min(12.0, side * 0.85)
        names = [self._labels[index] for index in self._shown]
        longest = max(wide(name, size) for name in names)
        name_width = min(150.0, longest + 2)
        flat = longest <= side - 4
        left, top = name_width + 32, (40 if flat else name_width + 32)
        listed = count > _NUMBERED
        plot = count * side
        width = left + max(plot, 180) + (32 + _LIST if listed else 16)
        canvas = Canvas(width, max(top + plot + 40, 80 + 24 * _PAIRS if listed else 0), palette, self._title)
        canvas.text(left, 14, "Predicted", size=12, fill=palette.muted)
        canvas.text(14, top, "True", size=12, fill=palette.muted, anchor="end", turn=-90)
        for place, (index, name) in enumerate(zip(self._shown, names, strict=True)):
            middle = (place + 0.5) * side
            canvas.text(
                left - 8, top + middle + size * 0.35, name, size=size, anchor="end", most=name_width, fill=palette.text
            )
            canvas.hit(
                left - 8 - name_width, top + middle - side / 2, name_width, side, Cell((index,)), self._of(index)
            )
            if flat:
                canvas.text(left + middle, top - 8, name, size=size, anchor="middle")
                canvas.hit(left + middle - side / 2, top - 24, side, 24, Cell((), (index,)), self._said(index))
            else:
                canvas.text(left + middle + size * 0.35, top - 8, name, size=size, turn=-90, most=name_width)
                x = left + middle - side / 2
                canvas.hit(x, top - 8 - name_width, side, name_width, Cell((), (index,)), self._said(index))
        self._draw_cells(canvas, left, top, side)
        self._note(canvas, left, top + plot + 24)
        if listed:
            self._list(canvas, left + plot + 32, top)
        return canvas.picture()

    def _draw_cells(self, canvas: Canvas, left: float, top: float, side: float) -> None:
        palette, count = canvas.palette, len(self._shown)
        depth = self._depths(_DEEPEST if count <= _NUMBERED else 1.0)
        gap = 1.0 if side > 16 else 0.5
        for row in range(count):
            for column in range(count):
                x, y, counted = left + column * side, top + row * side, int(self._counts[row, column])
                true, said = self._shown[row], self._shown[column]
                if counted:
                    words = self._words(true, said, counted, int(self._totals[row]))
                    fill = palette.accent if row == column else palette.error
                    alpha = float(depth[row, column])
                    canvas.rect(x, y, side - gap, side - gap, fill, opacity=alpha, title=words)
                    canvas.hit(x, y, side, side, Cell((true,), (said,)), words)
                elif count <= _NUMBERED or row == column:
                    canvas.rect(x, y, side - gap, side - gap, palette.track, opacity=0.5)
                if counted and count <= _NUMBERED:
                    told = self._told(float(self._values[row, column]))
                    size = min(12.0, side * 0.4, (side - 4) / max(1, len(told)) / 0.6)
                    canvas.text(x + side / 2, y + side / 2 + size * 0.35, told, size=size, anchor="middle")

    def draw_dense(self, palette: Palette) -> Picture:
        """Colour alone; several classes share a cell where there are very many."""
        count = len(self._shown)
        step = -(-count // _BLOCKS)
        blocks = -(-count // step)
        side = _SIDE / blocks
        left, top = 32.0, 40.0
        canvas = Canvas(left + _SIDE + 32 + _LIST, top + _SIDE + 40, palette, self._title)
        canvas.text(left, 14, "Predicted", size=12, fill=palette.muted)
        canvas.text(14, top, "True", size=12, fill=palette.muted, anchor="end", turn=-90)
        canvas.rect(left, top, _SIDE, _SIDE, palette.track, opacity=0.35)
        right = np.diag(np.add.reduceat(np.diagonal(self._counts), np.arange(0, count, step)))
        edges = np.arange(0, count, step)
        sums = np.add.reduceat(np.add.reduceat(self._counts, edges, axis=0), edges, axis=1)
        wrong = sums - right
        whole = np.maximum(np.add.reduceat(self._totals, edges), 1)[:, None]
        np.fill_diagonal(wrong, 0)
        for values, colour, curve in ((wrong, palette.error, 0.5), (right, palette.accent, 1.0)):
            shares = values / whole if self._rates else values
            levels = np.ceil((shares / max(float(shares.max()), 1e-12)) ** curve * _LEVELS).astype(np.int64)
            for level in range(1, _LEVELS + 1):
                runs = _runs(levels == level)
                if runs:
                    canvas.cells(left, top, side, runs, colour, 0.3 + 0.7 * level / _LEVELS)
        for row, column in np.argwhere(sums > 0):
            true, said = (tuple(self._shown[int(place) * step : (int(place) + 1) * step]) for place in (row, column))
            words = self._block_words(true, said, int(sums[row, column]))
            canvas.hit(left + column * side, top + row * side, side, side, Cell(true, said), words)
        shared = f"Each cell stands for {step} x {step} classes. " if step > 1 else ""
        self._note(canvas, left, top + _SIDE + 24, shared)
        self._list(canvas, left + _SIDE + 32, top)
        return canvas.picture()

    def _depths(self, deepest: float) -> NDArray[np.float64]:
        """How much colour each cell gets: of what is right and of mistakes, each in proportion to the largest."""
        right = np.eye(len(self._counts), dtype=np.bool_)
        made = np.zeros(self._values.shape)
        for part, curve in ((right, 1.0), (~right, 0.5)):
            largest = float(self._values[part].max(initial=0)) or 1.0
            made[part] = 0.06 + (deepest - 0.06) * (self._values[part] / largest) ** curve
        return made

    def _told(self, value: float) -> str:
        if not self._rates:
            return f"{value:,.0f}"
        return f"{100 * value:.1f}" if 0 < value < 0.1 else f"{100 * value:.0f}"

    def _words(self, true: int, said: int, count: int, whole: int) -> str:
        share = f", {percent(count / whole, 1)} of {whole:,}" if whole else ""
        name = self._names[true]
        if true == said:
            return f"{name}, rightly said: {count:,}{share}"
        return f"{name}, taken for {self._names[said]}: {count:,}{share}"

    def _block_words(self, true: tuple[int, ...], said: tuple[int, ...], count: int) -> str:
        if len(true) == len(said) == 1:
            return self._words(true[0], said[0], count, int(self._all[true[0]].sum()))
        ends = [f"{self._names[part[0]]} to {self._names[part[-1]]}" for part in (true, said)]
        return f"{ends[0]}, taken for {ends[1]}: {count:,}"

    def _of(self, index: int) -> str:
        return f"All {int(self._all[index].sum()):,} images of {self._names[index]}"

    def _said(self, index: int) -> str:
        return f"All {int(self._all[:, index].sum()):,} images taken for {self._names[index]}"

    def _note(self, canvas: Canvas, x: float, y: float, before: str = "") -> None:
        absent = len(self._labels) - len(self._shown)
        left_out = f"Without {absent:,} {'class' if absent == 1 else 'classes'} that never occur." if absent else ""
        unit = "Per cent of the true class. " if self._rates else "Images. "
        canvas.text(x, y, f"{unit}{before}{left_out}".strip(), size=11, fill=canvas.palette.muted)

    def _list(self, canvas: Canvas, x: float, y: float) -> None:
        palette, pairs = canvas.palette, confused_pairs(self._all)
        canvas.text(x, y, "Confused most", size=12, bold=True)
        if not pairs:
            canvas.text(x, y + 24, "Nothing: every answer is right.", size=12, fill=palette.muted)
        for place, (true, said, count) in enumerate(pairs, 1):
            line, whole = y + 24 * place, int(self._all[true].sum())
            told = f"{count:,} of {whole:,}" if whole else f"{count:,}"
            room = _LIST - 24 - wide(told, 11)
            canvas.text(x, line, _pair(self._labels[true], self._labels[said], room), size=12)
            canvas.text(x + _LIST - 16, line, told, size=11, anchor="end", fill=palette.muted)
            canvas.hit(x, line - 16, _LIST - 16, 24, Cell((true,), (said,)), self._words(true, said, count, whole))


def _pair(true: str, said: str, room: float) -> str:
    """Two names in a line: what one does not need is left to the other."""
    room -= wide(" → ", 12)
    first = min(wide(printable(true), 12), max(room / 2, room - wide(printable(said), 12)))
    second = min(wide(printable(said), 12), room - first)
    return f"{isolated(cut(true, first, 12))} → {isolated(cut(said, second, 12))}"


def _runs(there: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """(row, column, length) of cells side by side."""
    found: list[tuple[int, int, int]] = []
    for row in np.flatnonzero(there.any(axis=1)):
        steps = np.diff(there[row].astype(np.int8), prepend=0, append=0)
        for start, end in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True):
            found.append((int(row), int(start), int(end - start)))
    return found


def _empty(palette: Palette) -> Picture:
    canvas = Canvas(320, 60, palette, "Confusion matrix: no images")
    canvas.text(16, 34, "There are no images.", fill=palette.muted)
    return canvas.picture()
