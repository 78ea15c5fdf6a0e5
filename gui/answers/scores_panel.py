"""What the model says of the photo, and all that was assumed on the way, each one click from being changed."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.answers import names_choices, output_choices
from gui.answers.answer_view import AnswerView
from gui.answers.detail import Detail
from gui.answers.scores_list import ScoresList, lines_of, lines_of_values
from gui.preprocessing.preset_choices import preset_choices
from gui.widgets import theme, wording
from gui.widgets.choices import Choice
from gui.widgets.picker_list import PickerList
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from core.descriptions import ClassifierInfo
    from core.predictions import Prediction

_TIME = "Click to compute on another device."
_EDITING_ANSWER = 14 * UNIT
_LEAST_SCORES = 10 * UNIT
_UNBOUND = 16_777_215
"""What Qt takes for no limit."""
_UNSETTLED = ("assumed", "default")
"""What a source begins with that nobody stands for."""
_SETTLE = (
    "Nothing that came with the weights says how photos were prepared in training, and other values may give better "
    "answers. To settle it, click and choose or edit the preprocessing, or put the config.json of the training beside "
    "the weights."
)
_OWN, _EDIT = "own", "edit"


class ScoresPanel(QWidget):
    """The answer, the classes after it, and how it came about.

    Signals:
        k_changed: how many classes to show.
        copy_asked: the answer goes to the clipboard.
        why_asked: the person wants to know what it rests on.
        device_asked: the person wants another device.
        labels_asked: or class names from a file.
        labels_reset: or the model's own names again.
        names_edit_asked, names_save_asked, imagenet_names_asked: or to write, to save, or to take ImageNet's.
        editing_asked: every value of the preprocessing, to change it.
        preprocessing_chosen: a ``Preprocessing``, or ``None`` for the model's own.
        tensors_chosen: another set of tensors of the same file, such as ``state_dict_ema``.
        activation_chosen: another kind of output; empty as it is recognised.
    """

    k_changed = Signal(int)
    copy_asked = Signal()
    why_asked = Signal()
    device_asked = Signal()
    labels_asked = Signal()
    labels_reset = Signal()
    names_edit_asked = Signal()
    names_save_asked = Signal()
    imagenet_names_asked = Signal()
    editing_asked = Signal()
    preprocessing_chosen = Signal(object)
    tensors_chosen = Signal(str)
    activation_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._info: ClassifierInfo | None = None
        self._prediction: Prediction | None = None
        self._wanted = 5
        self._editing = False
        self._has_room = True
        self.answer = AnswerView(self)
        self.scores = ScoresList(self)
        self.k = QSpinBox(self, minimum=1, maximum=1000, prefix="Top ")
        self.k.setMinimumWidth(9 * UNIT)
        self.k.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.k.lineEdit().setAcceptDrops(False)
        self.fewer = self._step_button(wording.MINUS, "Fewer classes", self.k.stepDown)
        self.more = self._step_button("+", "More classes", self.k.stepUp)
        self.k.setKeyboardTracking(False)
        self.k.valueChanged.connect(self._change_k)
        for widget in (self.k, self.k.lineEdit()):
            theme.name(widget, "How many classes to show")
        self.copy = QPushButton("Copy", self)
        self.copy.setProperty("kind", "quiet")
        self.copy.setToolTip("Copy this answer")
        self.copy.clicked.connect(self.copy_asked)
        self.why = QPushButton("Why", self)
        self.why.setProperty("kind", "quiet")
        self.why.setToolTip("What this answer rests on")
        self.why.clicked.connect(self.why_asked)
        self.note = QLabel(self, wordWrap=True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setForegroundRole(theme.MUTED)
        self.time = Detail("Time", self)
        self.input = Detail("Input", self)
        self.names = Detail("Names", self)
        self.tensors = Detail("Weights", self)
        self.tensors.clicked.connect(self._offer_tensors)
        self.output = Detail("Output", self)
        self.output.clicked.connect(self._offer_outputs)
        self.time.clicked.connect(self.device_asked)
        self.input.clicked.connect(self._offer_preprocessing)
        self.names.clicked.connect(self._offer_names)
        self.inputs = PickerList(self, "Preprocessing")
        self.inputs.chosen.connect(self._choose_preprocessing)
        self.namings = PickerList(self, "Class names")
        self.namings.chosen.connect(self._choose_names)
        self.sets = PickerList(self, "Which weights of the file")
        self.sets.chosen.connect(self.tensors_chosen)
        self.kinds = PickerList(self, "What the outputs are")
        self.kinds.chosen.connect(self._choose_output)
        self._details = (self.time, self.tensors, self.input, self.output, self.names)
        # An answer that comes and goes moves nothing else.
        for widget in (self.fewer, self.k, self.more, self.why, self.copy, self.time):
            policy = widget.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            widget.setSizePolicy(policy)
        self._tools = QWidget(self)
        self._below = QWidget(self)
        self._column = QVBoxLayout(self)
        self._arrange()
        self.show_line("")
        self.show_info(None)

    @property
    def shown_k(self) -> int:
        """How many classes are shown: the wish, or all there are."""
        return self.k.value()

    def set_k(self, k: int) -> None:
        """Take over a wish; more than the classes there are shows all."""
        self._wanted = max(1, k)
        self._sync_k()

    def show_info(self, info: ClassifierInfo | None) -> None:
        """Show what a classifier assumes."""
        self._info = info
        self.note.setText(info.note if info is not None else "")
        self.note.setVisible(info is not None and bool(info.note))
        self._sync_k()
        self._sync_time()
        if info is None:
            for detail in (self.tensors, self.input, self.output, self.names):
                detail.set_value("", "")
            return
        self._sync_input()
        used, *others = info.checkpoint.sets or ("",)
        about = f" ({what})" if (what := wording.of_set(used, info.checkpoint.sets)) else ""
        sets = f"{used}{about}, of {1 + len(others)} sets in the file" if others else ""
        self.tensors.set_value(sets, "Click to use another set of the file's weights.")
        self.output.set_value(output_choices.describe(info), "Click to read the network's numbers differently.")
        self.names.set_value(f"{output_choices.names(info)}, {_source(info)}", "Click to use other names.")

    def set_editing(self, on: bool, room: int = 0) -> None:
        """Make room below for the editor of the preprocessing: the answer stays, and what is said of it goes.

        Args:
            on: whether there is an editor.
            room: height in pixels that is left for the further classes.
        """
        self._editing = on
        self.scores.setMaximumHeight(max(0, room) if on else _UNBOUND)
        self._has_room = not on or room >= _LEAST_SCORES
        self._sync_visible()
        self._sync_room()

    def show_prediction(self, prediction: Prediction) -> None:
        """Show an answer."""
        self._prediction = prediction
        if prediction.is_regression:
            first, *values = prediction.named_values()
            self.answer.show_value(wording.value_name(first, len(prediction.values)), wording.value(first.value))
            self.answer.setToolTip(f"{first.value:.7g}")
            self.scores.show_lines(lines_of_values(values))
        else:
            best, *others = prediction.top(self.shown_k)
            number = wording.percent(best.score)
            if prediction.over_labels:
                self.answer.show_label(best.title, number, best.score, wording.reached(prediction))
            else:
                self.answer.show_answer(best.title, number, best.score, self._nameless())
            self.answer.setToolTip(best.title.replace("<", "&lt;"))
            self.scores.show_lines(lines_of(others, prediction.over_labels))
        self._enable(True)
        self._sync_visible()

    def _nameless(self) -> str:
        """What a number in place of a name is."""
        info = self._info
        if info is None or not info.labels_source.startswith("number") or len(info.labels) < 2:
            return ""
        return "Class number: the model brings no names"

    def show_line(self, text: str) -> None:
        """Show one quiet line in place of an answer."""
        self._clear()
        self.answer.show_line(text)
        self._sync_visible()

    def show_waiting(self, text: str, old: Prediction | None) -> None:
        """An answer is on its way: the photo's own, of the model before, is shown in pale; else a quiet line.

        What stands below stays: most answers come at once, and nothing should blink for them.
        """
        if old is None and self.copy.isHidden():
            self.show_line(text)
            return
        if old is None:
            self._clear()
            self.answer.show_waiting(text)
            self.time.set_value("…", _TIME)
            return
        self.show_prediction(old)
        self.fade()

    def fade(self) -> None:
        """What is shown is old: pale until another answer is there."""
        self.answer.fade()
        self.scores.fade()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a low window each detail keeps to one line."""
        self._sync_room()
        super().resizeEvent(event)

    def _sync_room(self) -> None:
        height = self.height() if not self._editing else 0
        for detail in self._details:
            detail.set_lines(2 if height > 56 * UNIT else 1)
        dense = height < 48 * UNIT
        self.answer.set_dense(dense)
        self.scores.set_spread(dense, large=self.width() > 52 * UNIT and not dense)
        self._column.setSpacing(UNIT // 2 if dense else UNIT)
        # Else all below would jump whenever another class comes first.
        self.answer.setMinimumHeight(_EDITING_ANSWER if self._editing else 0)
        self.answer.setMaximumHeight(_EDITING_ANSWER if self._editing else _UNBOUND)

    def _enable(self, answered: bool) -> None:
        for button in (self.copy, self.why):
            button.setEnabled(answered)

    def _clear(self) -> None:
        self._prediction = None
        self.answer.setToolTip("")
        self.scores.show_lines(())
        self._enable(False)

    def _step_button(self, text: str, name: str, clicked: Callable[[], None]) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setAutoRepeat(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setToolTip(name)
        button.clicked.connect(clicked)
        theme.name(button, name)
        return button

    def _sync_visible(self) -> None:
        answered = self._prediction is not None
        ranked = self._prediction is not None and not self._prediction.is_regression
        self.copy.setVisible(answered)
        self.why.setVisible(answered)
        for widget in (self.fewer, self.k, self.more):
            widget.setVisible(ranked)
        self._sync_time()
        for part in (self._below, self._tools):
            part.setVisible(not self._editing)
        self.scores.setVisible(self._has_room)
        self._sync_input()

    def _sync_time(self) -> None:
        if self._prediction is not None:
            where = wording.device_of(self._prediction.provenance.device, self._info)
            self.time.set_value(f"{wording.duration(self._prediction.elapsed_s)} on {where}", _TIME)
        else:
            self.time.set_value("", _TIME)

    def _sync_k(self) -> None:
        classes = len(self._info.labels) if self._info is not None else 1000
        self.k.blockSignals(True)
        self.k.setMaximum(classes)
        self.k.setValue(min(self._wanted, classes))
        self.k.setToolTip(f"1 to {classes}: the model knows {classes} classes")
        self.k.blockSignals(False)
        if self._prediction is not None:
            self.show_prediction(self._prediction)

    def _change_k(self, k: int) -> None:
        self._wanted = k
        if self._prediction is not None:
            self.show_prediction(self._prediction)
        self.k_changed.emit(k)

    def _sync_input(self) -> None:
        """How photos are prepared, who says so, and, where nobody does, how to settle it; rows go in as they are."""
        info = self._info
        if info is None:
            return
        if info.refuses or (self._prediction is not None and self._prediction.provenance.raw):
            said = info.describe_rows() or info.describe_input()
            self.input.set_value(said, "Rows of numbers are not prepared in any way.", "")
            return
        source = info.preprocessing_source
        assumed = source.partition(":")[0] in _UNSETTLED
        purpose = _SETTLE if assumed else "Click to prepare photos differently."
        reason = source.partition(": ")[2] if assumed else source
        said = f"{info.describe_input()} ({reason or source})"
        self.input.set_value(said, purpose, source.partition(":")[0] if assumed else "")

    def _offer_preprocessing(self) -> None:
        if self._info is not None and self._info.refuses:
            return
        chosen = self._info.spec.preprocessing if self._info is not None else None
        choices = [
            Choice(_EDIT, "Edit preprocessing …", "every value, at once"),
            Choice(_OWN, "As the model brings it", "", chosen is None),
            *preset_choices(chosen),
        ]
        self.inputs.open_at(self.input, choices)

    def _offer_tensors(self) -> None:
        sets = self._info.checkpoint.sets if self._info is not None else ()
        choices = [Choice(name, name, wording.of_set(name, sets), not number) for number, name in enumerate(sets)]
        self.sets.open_at(self.tensors, choices)

    def _offer_outputs(self) -> None:
        self.kinds.open_at(self.output, output_choices.choices(self._info) if self._info is not None else [])

    def _offer_names(self) -> None:
        if self._info is not None:
            self.namings.open_at(self.names, names_choices.choices(self._info))

    def _choose_preprocessing(self, key: str) -> None:
        from core.preprocessing import PRESETS

        if key == _EDIT:
            self.editing_asked.emit()
        else:
            self.preprocessing_chosen.emit(PRESETS.get(key))

    def _choose_output(self, key: str) -> None:
        self.activation_chosen.emit("" if key == output_choices.AS_RECOGNISED else key)

    def _choose_names(self, key: str) -> None:
        signals = {
            names_choices.FILE: self.labels_asked,
            names_choices.EDIT: self.names_edit_asked,
            names_choices.SAVE: self.names_save_asked,
            names_choices.IMAGENET: self.imagenet_names_asked,
            names_choices.OWN: self.labels_reset,
        }
        signals[key].emit()

    def _arrange(self) -> None:
        tools = QHBoxLayout()
        tools.setContentsMargins(0, 0, 0, 0)
        tools.setSpacing(2)
        for widget in (self.k, self.fewer, self.more):
            tools.addWidget(widget)
        tools.addStretch()
        tools.addWidget(self.why)
        tools.addWidget(self.copy)
        details = QVBoxLayout()
        details.setContentsMargins(0, 0, 0, 0)
        details.setSpacing(0)
        for widget in (self.note, *self._details):
            details.addWidget(widget)
        details.insertSpacing(1, UNIT // 2)
        self._below.setLayout(details)
        column = self._column
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addWidget(self.answer)
        column.addSpacing(UNIT // 2)
        self.scores.setMinimumHeight(3 * UNIT)
        column.addWidget(self.scores, 1)
        self._tools.setLayout(tools)
        column.addWidget(self._tools)
        column.addWidget(self._below)
        for before, after in itertools.pairwise(self._details):
            QWidget.setTabOrder(before, after)


def _source(info: ClassifierInfo) -> str:
    """Where the names came from, as the end of a sentence."""
    source = info.labels_source
    return (
        source if source.startswith(("number", "assumed", "ImageNet")) or "assumed" in source else f"named by {source}"
    )
