"""Which part of the data is taken, and which of its columns: shown where there are several, changed at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from core.showing import isolated
from gui.widgets import theme
from gui.widgets.entries import Combo
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from core.labelled import LabelledData

_WIDTH = 20 * UNIT


class SourceBar(QWidget):
    """A line of small choices.

    Attributes:
        part, target, path: the choices.

    Signals:
        changed: part, column of labels and column of paths, as a person wants them; empty ones are to be found.
    """

    changed = Signal(str, str, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.part = Combo(self, "Part of the data", ())
        self.target = Combo(self, "Where the labels are", ())
        self.path = Combo(self, "Where the paths are", ())
        self._captions = {
            self.part: QLabel("Part", self),
            self.target: QLabel("Labels in", self),
            self.path: QLabel("Paths in", self),
        }
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(UNIT)
        for combo, caption in self._captions.items():
            caption.setForegroundRole(theme.MUTED)
            combo.setMaximumWidth(_WIDTH)
            combo.picked.connect(self._tell)
            row.addWidget(caption)
            row.addWidget(combo, 1)
        row.addStretch(1)
        self.hide()

    @property
    def has_choices(self) -> bool:
        """Whether there is anything to choose."""
        return any(combo.count() > 1 for combo in self._captions)

    def show_data(self, data: LabelledData) -> None:
        """Show what was taken, and what there is."""
        targets = [(name, name) for name in data.targets]
        if data.target not in data.targets and targets:
            # Each of several columns is a label.
            targets.insert(0, ("", "each column is one"))
        self._fill(self.part, [(name, name) for name in data.splits], data.split)
        self._fill(self.target, targets, data.target if data.target in data.targets else "")
        self._fill(self.path, [(name, name) for name in data.path_columns], data.path_column)
        caption = "Values in" if data.kind == "values" else "Labels in"
        self._captions[self.target].setText(caption)

    def ask(self, columns: Sequence[str], wanted: str) -> None:
        """Nothing tells which column it is: a person may.

        Args:
            columns: what there is.
            wanted: ``target`` or ``path``.
        """
        choices = [("", "choose …"), *((name, name) for name in columns)]
        self._fill(self.part, [], "")
        self._fill(self.target, choices if wanted == "target" else [], "")
        self._fill(self.path, choices if wanted == "path" else [], "")
        self._captions[self.target].setText("Labels in")
        self.setVisible(bool(columns))

    def _fill(self, combo: Combo, choices: Sequence[tuple[str, str]], current: str) -> None:
        combo.clear()
        for key, text in choices:
            combo.addItem(isolated(text), key)
        combo.show_key(current)
        several = len(choices) > 1
        combo.setVisible(several)
        self._captions[combo].setVisible(several)

    def _tell(self) -> None:
        self.changed.emit(*(combo.key if combo.count() else "" for combo in (self.part, self.target, self.path)))
