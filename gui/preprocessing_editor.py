"""Every value that turns a photo into the network's input, each of which acts as soon as it is changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.errors import PreprocessingError
from core.preprocessing import Preprocessing
from gui import icons, theme
from gui.entries import Check, Combo, Entry
from gui.error_view import Words, button, wrapped
from gui.picker import Picker
from gui.preprocessing_form import FIELDS, Field
from gui.preset_choices import preset_choices
from gui.theme import UNIT

_CAPTION = 11 * UNIT
_ROWS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Resize", ("resize", "size")),
    ("Fill", ("fill",)),
    ("Blending", ("interpolation", "antialias")),
    ("Crop", ("crops", "crop")),
    ("Channels", ("channels", "invert")),
    ("Range", ("range",)),
    ("Mean", ("mean",)),
    ("Std", ("std",)),
    ("Transparency", ("transparency", "background")),
    ("Photo", ("exif", "flatten")),
)
_SWITCHES = {"antialias": "antialias", "invert": "inverted", "exif": "upright (EXIF)", "flatten": "one row"}
_HIDDEN_UNUSED = ("fill", "background")
"""Fields that only stand there while they make a difference; others are greyed."""

Input = Combo | Entry | Check


class _Sign(QToolButton):
    """A small button with a drawn sign."""

    def __init__(self, parent: QWidget, sign: str, name: str, clicked: Callable[[], object]) -> None:
        super().__init__(parent)
        self._sign = sign
        self.setFixedSize(4 * UNIT, 4 * UNIT)
        self.setToolTip(name)
        theme.name(self, name)
        self.clicked.connect(lambda: clicked())

    def paintEvent(self, event: QPaintEvent) -> None:
        """The sign, paler where it does nothing."""
        super().paintEvent(event)
        painter = QPainter(self)
        if not self.isEnabled():
            painter.setOpacity(0.35)
        place = QPointF(self.width() / 2, self.height() / 2)
        icons.draw(self._sign, painter, place, 2 * UNIT, self.palette().windowText().color(), 2.0)


class PreprocessingEditor(QWidget):
    """Shows a preprocessing, and says what a person changes of it.

    Attributes:
        inputs: each field's widget, by its name in ``FIELDS``.

    Signals:
        edited: a ``Preprocessing``, and what was changed.
        preset_chosen: a preset's id.
        reset_asked, load_asked, save_asked, undo_asked, redo_asked, close_asked: what the buttons say.
    """

    edited = Signal(object, str)
    preset_chosen = Signal(str)
    reset_asked = Signal()
    load_asked = Signal()
    save_asked = Signal()
    undo_asked = Signal()
    redo_asked = Signal()
    close_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value = Preprocessing()
        self._filled = False
        theme.name(self, "Preprocessing")
        self.preset = Picker("Preprocessing", lambda: preset_choices(self._value), self)
        self.preset.chosen.connect(self.preset_chosen)
        self.undo = _Sign(self, "undo", "Undo (Ctrl+Z)", self.undo_asked.emit)
        self.redo = _Sign(self, "redo", "Redo (Ctrl+Shift+Z)", self.redo_asked.emit)
        self.close_button = _Sign(self, "close", "Close the editor (Esc)", self.close_asked.emit)
        self.source = wrapped(self)
        self.source.setForegroundRole(theme.MUTED)
        self.source.setFont(theme.small(self.font()))
        self.problem = wrapped(self)
        self.problem.setForegroundRole(theme.ERROR)
        self.problem.setFont(theme.small(self.font()))
        self.problem.hide()
        self.inputs: dict[str, Input] = {}
        self._reasons: dict[str, QLabel] = {}
        self._captions: dict[str, QLabel] = {}
        self.reset = button(self, "As the model brings it", self.reset_asked.emit)
        self.load = button(self, "Load …", self.load_asked.emit)
        self.save = button(self, "Save …", self.save_asked.emit)
        self._arrange()

    @property
    def value(self) -> Preprocessing:
        """What is shown; the last that made sense."""
        return self._value

    def show_value(self, value: Preprocessing, title: str, source: str, can_reset: bool) -> None:
        """Show a preprocessing; nobody is told.  What a person is writing stays, where nothing else changed.

        Args:
            value: all fields.
            title: the preset's name, or what it was changed from.
            source: where it came from.
            can_reset: whether it is another than the model brings.
        """
        same, self._value = value == self._value and self._filled, value
        self.preset.set_value(title, "Choose a preset to start from.")
        # Its line stays where there is nothing to say: what a person clicks next must not move away.
        self.source.setText(source or "\N{NO-BREAK SPACE}")
        self.source.setForegroundRole(theme.ACCENT if source.startswith("assumed") else theme.MUTED)
        self.reset.setEnabled(can_reset)
        if same:
            return
        self._filled = True
        for name, field in FIELDS.items():
            self._show_field(name, field)
        self._sync_used()

    def show_problem(self, words: Words | None) -> None:
        """Say why the network does not take what is shown; ``None`` where it does."""
        self.problem.setText(f"{words.what} What was before stays in use." if words is not None else "")
        self.problem.setToolTip(words.more.replace("<", "&lt;") if words is not None else "")
        self.problem.setAccessibleDescription(words.more if words is not None else "")
        self.problem.setVisible(words is not None)
        self.source.setVisible(words is None)

    def show_history(self, can_undo: bool, can_redo: bool) -> None:
        """Whether there is something to take back or to do again."""
        self.undo.setEnabled(can_undo)
        self.redo.setEnabled(can_redo)

    def reason(self, name: str) -> str:
        """What is wrong with a field; empty where nothing is."""
        return self._reasons[name].text()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_asked.emit()
        else:
            super().keyPressEvent(event)

    def _show_field(self, name: str, field: Field) -> None:
        widget, text = self.inputs[name], field.shown(self._value)
        if isinstance(widget, Entry):
            widget.show_text(text)
        elif isinstance(widget, Combo):
            widget.show_key(text)
        else:
            widget.setChecked(text == "on")
        self._say_reason(name, "")

    def _take(self, name: str, text: str) -> None:
        """A person changed a field: it acts, or says why not; then all others stay as they are."""
        field, widget = FIELDS[name], self.inputs[name]
        try:
            value = field.change(self._value, text)
        except PreprocessingError as error:
            self._say_reason(name, _reason(error, name))
            return
        self._say_reason(name, "")
        if isinstance(widget, Entry):
            widget.accept(field.shown(value))
        if value == self._value:
            return
        before, self._value = self._value, value
        for other, shown in FIELDS.items():
            # Grey has one mean, for example.
            if other != name and shown.shown(value) != shown.shown(before):
                self._show_field(other, shown)
        self._sync_used()
        self.edited.emit(value, field.name)

    def _say_reason(self, name: str, reason: str) -> None:
        label, widget = self._reasons[name], self.inputs[name]
        label.setText(reason)
        label.setVisible(bool(reason))
        if isinstance(widget, Entry):
            widget.mark(reason)
        elif not reason:
            widget.setAccessibleDescription(FIELDS[name].hint)
        else:
            widget.setAccessibleDescription(f"Not in use. {reason}")

    def _sync_used(self) -> None:
        """Fields that make no difference are greyed, or not there."""
        for name, field in FIELDS.items():
            used = field.used(self._value)
            if name in _HIDDEN_UNUSED:
                self.inputs[name].setVisible(used)
                if name in self._captions:
                    self._captions[name].setVisible(used)
            else:
                self.inputs[name].setEnabled(used)

    def _make_input(self, name: str, field: Field) -> Input:
        if name in _SWITCHES:
            box = Check(self, _SWITCHES[name], field.name, field.hint)
            box.picked.connect(partial(self._take, name))
            return box
        if field.choices:
            combo = Combo(self, field.name, field.choices)
            combo.picked.connect(partial(self._take, name))
            combo.setToolTip(field.hint)
            return combo
        entry = Entry(self, field.name, field.hint, counts=field.counts)
        entry.entered.connect(partial(self._take, name))
        return entry

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(0)
        head.addWidget(self.preset, 1)
        for sign in (self.undo, self.redo, self.close_button):
            head.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        foot = QHBoxLayout()
        foot.setSpacing(0)
        foot.addWidget(self.reset)
        foot.addStretch()
        foot.addWidget(self.load)
        foot.addWidget(self.save)
        form = QWidget(self)
        rows = QVBoxLayout(form)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addLayout(self._form())
        rows.addLayout(foot)
        rows.addStretch()
        scroll = QScrollArea(self)
        scroll.setWidget(form)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT // 2)
        column.addLayout(head)
        for label in (self.source, self.problem):
            label.setContentsMargins(UNIT + 4, 0, 0, 0)
            column.addWidget(label)
        column.addWidget(scroll, 1)

    def _form(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setContentsMargins(UNIT + 4, 0, UNIT // 2, 0)
        grid.setHorizontalSpacing(UNIT)
        grid.setVerticalSpacing(UNIT // 2)
        grid.setColumnMinimumWidth(0, _CAPTION)
        grid.setColumnStretch(1, 1)
        line = 0
        for caption, names in _ROWS:
            label = QLabel(caption, self)
            label.setForegroundRole(theme.MUTED)
            label.setFont(theme.small(self.font()))
            grid.addWidget(label, line, 0)
            fields = QHBoxLayout()
            fields.setSpacing(UNIT)
            for name in names:
                widget = self.inputs[name] = self._make_input(name, FIELDS[name])
                fields.addWidget(widget, 0 if isinstance(widget, Check) else 1)
            if all(isinstance(self.inputs[name], Check) for name in names):
                fields.addStretch()
            grid.addLayout(fields, line, 1)
            if len(names) == 1 and names[0] in _HIDDEN_UNUSED:
                self._captions[names[0]] = label
            for name in names:
                line += 1
                reason = self._reasons[name] = wrapped(self)
                reason.setForegroundRole(theme.ERROR)
                reason.setFont(theme.small(self.font()))
                reason.hide()
                grid.addWidget(reason, line, 1)
            line += 1
        return grid


def _reason(error: PreprocessingError, name: str) -> str:
    """Why a text is not in use, and what to do; which field is at fault is said only where it is another."""
    where = "" if name.split("_")[0] in error.what else f"{error.what} "
    return f"{where}{error.why} {error.remedy}".strip()
