"""Images and their answers as an item model: virtual, so that 100,000 rows cost what 100 do."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from core.descriptions import Provenance
from core.errors import WhatsitError
from core.images import ImageSource
from core.predictions import ClassScore, ImageResult
from gui.wording import answer, brief

Index = QModelIndex | QPersistentModelIndex

ENTRY_ROLE = int(Qt.ItemDataRole.UserRole)
"""The row's ``Entry``."""


class State(Enum):
    """Where an image is on its way to an answer."""

    WAITING = "waiting"
    DONE = "done"
    STOPPED = "stopped"


@dataclass(slots=True)
class Entry:
    """One image.

    Attributes:
        key: unique in the model, rising with the row.
        source: the image.
        state: ``DONE`` also where the answer is an error.
        result: the newest answer; while ``WAITING``, the one of the model before, for its thumbnail.
    """

    key: int
    source: ImageSource
    state: State = State.WAITING
    result: ImageResult | None = None
    _best: ClassScore | None = None
    _brief: tuple[str, str] | None = None

    @property
    def best(self) -> ClassScore | None:
        """The class in the first place of the answer; ``None`` without one, or for a regression."""
        answered = self.answered
        if answered is None or answered.prediction is None or answered.prediction.is_regression:
            return None
        if self._best is None:
            self._best = answered.prediction.top(1)[0]
        return self._best

    @property
    def brief(self) -> tuple[str, str] | None:
        """The answer in two short lines; found once, as painting asks often."""
        answered = self.answered
        if answered is None or answered.prediction is None:
            return None
        if self._brief is None:
            self._brief = brief(answered.prediction)
        return self._brief

    def take(self, result: ImageResult) -> None:
        """Take an answer."""
        self.state, self.result, self._best, self._brief = State.DONE, result, None, None

    def rename(self, result: ImageResult) -> None:
        """Take the same answer with other class names."""
        self.result, self._best = result, None

    @property
    def answered(self) -> ImageResult | None:
        """The answer, if it is of the current model."""
        return self.result if self.state is State.DONE else None


class ResultsModel(QAbstractListModel):
    """The images in the window, in the order they came.

    Signals:
        counted: whenever rows or answers come or go.
    """

    counted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[Entry] = []
        self._keys: list[int] = []
        self._next_key = 1
        self._answered = 0

    def rowCount(self, parent: Index | None = None) -> int:
        """How many images there are."""
        return 0 if parent is not None and parent.isValid() else len(self._entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text for a person and for assistive technology; the entry itself under ``ENTRY_ROLE``."""
        if not index.isValid() or index.row() >= len(self._entries):
            return None
        entry = self._entries[index.row()]
        if role == ENTRY_ROLE:
            return entry
        if role == Qt.ItemDataRole.DisplayRole:
            return answer(entry.answered) if entry.answered is not None else entry.state.value
        if role == Qt.ItemDataRole.ToolTipRole:
            return _plain(f"{entry.source.name}\n{answer(entry.answered)}" if entry.answered else entry.source.name)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            said = answer(entry.answered) if entry.answered is not None else entry.state.value
            return f"{entry.source.short_name}: {said}"
        return None

    @property
    def answered(self) -> int:
        """How many images have an answer, or an error, of the current model."""
        return self._answered

    def entry(self, row: int) -> Entry | None:
        """The image in a row; ``None`` outside of the list."""
        return self._entries[row] if 0 <= row < len(self._entries) else None

    def row_of(self, key: int) -> int:
        """The row of an image; -1 where it was removed."""
        row = bisect_left(self._keys, key)
        return row if row < len(self._keys) and self._keys[row] == key else -1

    def find(self, key: int) -> Entry | None:
        """The image with a key; ``None`` where it was removed."""
        return self.entry(self.row_of(key))

    def entries(self) -> list[Entry]:
        """All images, in order."""
        return list(self._entries)

    def keys(self, state: State | None = None) -> list[int]:
        """The keys of all images, or of those in one state, in order."""
        return [entry.key for entry in self._entries if state is None or entry.state is state]

    def results(self) -> Iterator[ImageResult]:
        """All answers of the current model, errors among them, in order."""
        return (entry.result for entry in list(self._entries) if entry.state is State.DONE and entry.result)

    def add(self, sources: Sequence[ImageSource]) -> list[Entry]:
        """Append images that wait for their answers."""
        if not sources:
            return []
        first = len(self._entries)
        added = [Entry(key, source) for key, source in enumerate(sources, self._next_key)]
        self.beginInsertRows(QModelIndex(), first, first + len(sources) - 1)
        self._entries.extend(added)
        self._keys.extend(entry.key for entry in added)
        self._next_key += len(sources)
        self.endInsertRows()
        self.counted.emit()
        return added

    def set_result(self, key: int, result: ImageResult) -> bool:
        """Take an answer; whether its image is still there."""
        row = self.row_of(key)
        if row < 0:
            return False
        entry = self._entries[row]
        self._answered += entry.state is not State.DONE
        entry.take(result)
        self._tell(row, row)
        self.counted.emit()
        return True

    def fail(self, keys: Iterable[int], error: WhatsitError) -> None:
        """Give the same error to all of these that still wait."""
        for key in keys:
            entry = self.find(key)
            if entry is not None and entry.state is State.WAITING:
                self.set_result(key, ImageResult(entry.source, None, error))

    def rename(self, labels: tuple[str, ...], source: str) -> None:
        """Give the classes of all answers other names; their scores stay.

        Args:
            labels: in head order; answers of another head stay as they are.
            source: where they came from.
        """
        provenances: dict[int, Provenance] = {}
        for entry in self._entries:
            result = entry.result
            if result is None or result.prediction is None or len(result.prediction.labels) != len(labels):
                continue
            old = result.prediction.provenance
            # One for all answers that shared one.
            made = provenances.setdefault(id(old), replace(old, labels=source))
            entry.rename(replace(result, prediction=replace(result.prediction, labels=labels, provenance=made)))
        if self._entries:
            self._tell(0, len(self._entries) - 1)
        self.counted.emit()

    def wait_again(self, keys: Iterable[int] | None = None) -> None:
        """Let these, or all, wait for a new answer."""
        rows = range(len(self._entries)) if keys is None else [row for row in map(self.row_of, keys) if row >= 0]
        self._set_state(State.WAITING, rows)

    def stop_waiting(self) -> None:
        """Say of all that wait that nobody is answering them."""
        rows = [row for row, entry in enumerate(self._entries) if entry.state is State.WAITING]
        self._set_state(State.STOPPED, rows)

    def remove(self, rows: Iterable[int]) -> None:
        """Take images away."""
        for first, last in reversed(_runs(sorted(set(rows)))):
            self.beginRemoveRows(QModelIndex(), first, last)
            self._answered -= sum(entry.state is State.DONE for entry in self._entries[first : last + 1])
            del self._entries[first : last + 1]
            del self._keys[first : last + 1]
            self.endRemoveRows()
        self.counted.emit()

    def clear(self) -> None:
        """Take all images away."""
        self.beginResetModel()
        self._entries.clear()
        self._keys.clear()
        self._answered = 0
        self.endResetModel()
        self.counted.emit()

    def _set_state(self, state: State, rows: Sequence[int]) -> None:
        for row in rows:
            entry = self._entries[row]
            self._answered += (state is State.DONE) - (entry.state is State.DONE)
            entry.state = state
        if rows:
            self._tell(min(rows), max(rows))
        self.counted.emit()

    def _tell(self, first: int, last: int) -> None:
        self.dataChanged.emit(self.index(first), self.index(last))


def _runs(rows: list[int]) -> list[tuple[int, int]]:
    """Neighbouring rows together, so that removing half of a long list is a few steps."""
    runs: list[tuple[int, int]] = []
    for row in rows:
        if runs and runs[-1][1] == row - 1:
            runs[-1] = (runs[-1][0], row)
        else:
            runs.append((row, row))
    return runs


def _plain(text: str) -> str:
    """Tool tips show text that looks like HTML as HTML; a file's name must not."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>") if "<" in text else text
