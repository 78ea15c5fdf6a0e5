"""What the model says of the photo, and all that was assumed on the way, each one click from being changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme, wording
from gui.answer_view import AnswerView
from gui.choices import Choice
from gui.picker_list import PickerList
from gui.scores_list import ScoresList
from gui.theme import UNIT

if TYPE_CHECKING:
    from core.descriptions import ClassifierInfo
    from core.predictions import Prediction

_CAPTION = 7 * UNIT
_TIME = "Click to compute on another device."
_OWN, _FILE = "own", "file"


class Detail(QAbstractButton):
    """A small line, caption and value; a click changes it."""

    def __init__(self, caption: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._caption = caption
        self._value = ""
        self._purpose = ""
        self._lines = 2
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        # Repainted when the mouse comes and goes.
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._small = theme.small(self.font())
        self._metrics = QFontMetrics(self._small)
        self._lines_by_width: dict[int, list[str]] = {}

    @property
    def value(self) -> str:
        """What is shown."""
        return self._value

    def set_value(self, value: str, purpose: str) -> None:
        """Args:
        value: what is so.
        purpose: what a click does.
        """
        if (value, purpose) == (self._value, self._purpose):
            return
        lines = self._line_count(self.width())
        self._value, self._purpose = value, purpose
        self._lines_by_width.clear()
        self.setVisible(bool(value))
        self.setToolTip(f"{value}\n{purpose}".replace("<", "&lt;").replace("\n", "<br>"))
        theme.name(self, f"{self._caption}: {value}", purpose)
        if self._line_count(self.width()) != lines:
            self.updateGeometry()
        self.update()

    def set_lines(self, lines: int) -> None:
        """The most lines to take."""
        if lines != self._lines:
            self._lines = lines
            self._lines_by_width.clear()
            self.updateGeometry()

    def changeEvent(self, event: QEvent) -> None:
        """Another font breaks lines elsewhere."""
        self._small = theme.small(self.font())
        self._metrics = QFontMetrics(self._small)
        self._lines_by_width.clear()
        super().changeEvent(event)

    def hasHeightForWidth(self) -> bool:
        """A long value takes two lines."""
        return True

    def heightForWidth(self, width: int) -> int:
        """In pixels."""
        return self._line_count(width) * self._metrics.height() + 6

    def sizeHint(self) -> QSize:
        """For the usual width."""
        return QSize(36 * UNIT, self.heightForWidth(36 * UNIT))

    def minimumSizeHint(self) -> QSize:
        """Values are cut before the window grows."""
        return QSize(16 * UNIT, self.heightForWidth(16 * UNIT))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Quiet text, brighter under the mouse."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font, metrics = QFont(self._small), self._metrics
        muted, text = self.palette().color(theme.MUTED), self.palette().windowText().color()
        painter.setFont(font)
        painter.setPen(muted)
        area = self.rect().adjusted(0, 3, 0, -3)
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, self._caption)
        area.setLeft(_CAPTION)
        if self.underMouse():
            font.setUnderline(True)
            painter.setFont(font)
        painter.setPen(self.palette().color(theme.ACCENT) if self.underMouse() else text)
        for number, line in enumerate(self._broken(self.width())):
            place = QRect(area.left(), area.top() + number * metrics.height(), area.width(), metrics.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, line)
        if self.hasFocus():
            theme.draw_focus(painter, QRectF(self.rect()).adjusted(-1, 0, 1, 0), self.palette(), 4)

    def _line_count(self, width: int) -> int:
        return max(1, len(self._broken(width)))

    def _broken(self, width: int) -> list[str]:
        """The value in lines, words kept whole, the last one cut; layouts ask for it again and again."""
        if width not in self._lines_by_width:
            self._lines_by_width[width] = self._break(width)
        return self._lines_by_width[width]

    def _break(self, width: int) -> list[str]:
        metrics = self._metrics
        room = max(width - _CAPTION - 4, 4 * UNIT)
        lines: list[str] = []
        words = self._value.split()
        while words and len(lines) < self._lines:
            taken = len(words) if len(lines) == self._lines - 1 else 1
            while taken < len(words) and metrics.horizontalAdvance(" ".join(words[: taken + 1])) <= room:
                taken += 1
            lines.append(metrics.elidedText(" ".join(words[:taken]), Qt.TextElideMode.ElideRight, room))
            words = words[taken:]
        return lines


class ScoresPanel(QWidget):
    """The answer, the classes after it, and how it came about.

    Signals:
        k_changed: how many classes to show.
        copy_asked: the answer goes to the clipboard.
        device_asked: the person wants another device.
        labels_asked: or class names from a file.
        labels_reset: or the model's own names again.
        preprocessing_chosen: a ``Preprocessing``, or ``None`` for the model's own.
        tensors_chosen: another set of tensors of the same file, such as ``state_dict_ema``.
    """

    k_changed = Signal(int)
    copy_asked = Signal()
    device_asked = Signal()
    labels_asked = Signal()
    labels_reset = Signal()
    preprocessing_chosen = Signal(object)
    tensors_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._info: ClassifierInfo | None = None
        self._prediction: Prediction | None = None
        self._wanted = 5
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
        self.copy.setToolTip("Copy these classes and percentages")
        self.copy.clicked.connect(self.copy_asked)
        self.note = QLabel(self, wordWrap=True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setForegroundRole(theme.MUTED)
        self.time = Detail("Time", self)
        self.input = Detail("Input", self)
        self.names = Detail("Names", self)
        self.tensors = Detail("Weights", self)
        self.tensors.clicked.connect(self._offer_tensors)
        self.time.clicked.connect(self.device_asked)
        self.input.clicked.connect(self._offer_preprocessing)
        self.names.clicked.connect(self._offer_names)
        self.inputs = PickerList(self, "How photos are prepared")
        self.inputs.chosen.connect(self._choose_preprocessing)
        self.namings = PickerList(self, "Class names")
        self.namings.chosen.connect(self._choose_names)
        self.sets = PickerList(self, "Which weights of the file")
        self.sets.chosen.connect(self.tensors_chosen)
        self._details = (self.time, self.tensors, self.input, self.names)
        # An answer that comes and goes moves nothing else.
        for widget in (self.fewer, self.k, self.more, self.copy, self.time):
            policy = widget.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            widget.setSizePolicy(policy)
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
            for detail in (self.tensors, self.input, self.names):
                detail.set_value("", "")
            return
        self.input.set_value(
            f"{info.preprocessing.describe()} ({info.preprocessing_source})", "Click to prepare photos differently."
        )
        used, *others = info.checkpoint.sets or ("",)
        sets = f"{used}, of {1 + len(others)} sets in the file" if others else ""
        self.tensors.set_value(sets, "Click to use another set of the file's weights.")
        self.names.set_value(f"{len(info.labels):,} classes, {_source(info)}", "Click to use other class names.")

    def show_prediction(self, prediction: Prediction) -> None:
        """Show an answer."""
        self._prediction = prediction
        best, *others = prediction.top(self.shown_k)
        self.answer.show_answer(best.label, wording.percent(best.score), best.score)
        self.answer.setToolTip(best.label.replace("<", "&lt;"))
        self.scores.show_scores(tuple(others))
        self.copy.setEnabled(True)
        self._sync_visible()

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
        self.answer.fade()
        self.scores.fade()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a low window each detail keeps to one line."""
        for detail in self._details:
            detail.set_lines(2 if self.height() > 56 * UNIT else 1)
        dense = self.height() < 48 * UNIT
        self.answer.set_dense(dense)
        self.scores.set_spread(dense, large=self.width() > 52 * UNIT and not dense)
        self._column.setSpacing(UNIT // 2 if dense else UNIT)
        super().resizeEvent(event)

    def _clear(self) -> None:
        self._prediction = None
        self.answer.setToolTip("")
        self.scores.show_scores(())
        self.copy.setEnabled(False)

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
        for widget in (self.fewer, self.k, self.more, self.copy):
            widget.setVisible(answered)
        self._sync_time()

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

    def _offer_preprocessing(self) -> None:
        from core.preprocessing import PRESETS

        chosen = self._info.spec.preprocessing if self._info is not None else None
        choices = [Choice(_OWN, "As the model brings it", "", chosen is None)]
        choices.extend(Choice(name, name, value.describe(), value == chosen) for name, value in PRESETS.items())
        self.inputs.open_at(self.input, choices)

    def _offer_tensors(self) -> None:
        sets = self._info.checkpoint.sets if self._info is not None else ()
        self.sets.open_at(self.tensors, [Choice(name, name, "", not number) for number, name in enumerate(sets)])

    def _offer_names(self) -> None:
        chosen = self._info.spec.labels if self._info is not None else ""
        choices = [Choice(_FILE, "Choose class names from a file …", "one a line, or JSON", bool(chosen))]
        choices.append(Choice(_OWN, "As the model brings them", "", not chosen))
        self.namings.open_at(self.names, choices)

    def _choose_preprocessing(self, key: str) -> None:
        from core.preprocessing import PRESETS

        self.preprocessing_chosen.emit(PRESETS.get(key))

    def _choose_names(self, key: str) -> None:
        if key == _FILE:
            self.labels_asked.emit()
        else:
            self.labels_reset.emit()

    def _arrange(self) -> None:
        tools = QHBoxLayout()
        tools.setSpacing(2)
        for widget in (self.k, self.fewer, self.more):
            tools.addWidget(widget)
        tools.addStretch()
        tools.addWidget(self.copy)
        details = QVBoxLayout()
        details.setSpacing(0)
        for widget in (self.note, *self._details):
            details.addWidget(widget)
        details.insertSpacing(1, UNIT // 2)
        column = self._column
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addWidget(self.answer)
        column.addSpacing(UNIT // 2)
        self.scores.setMinimumHeight(3 * UNIT)
        column.addWidget(self.scores, 1)
        column.addLayout(tools)
        column.addLayout(details)


def _source(info: ClassifierInfo) -> str:
    """Where the names came from, as the end of a sentence."""
    source = info.labels_source
    return source if source.startswith(("number", "assumed")) or "assumed" in source else f"named by {source}"
