"""The two questions that opening a model may ask: may code run, and what is the network made with."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from core.showing import printable
from gui.widgets import theme
from gui.widgets.error_view import Details, Words, button, dialog_column, wrapped
from gui.widgets.theme import UNIT

if TYPE_CHECKING:
    from core.questions import Question, TrustRequest

_KINDS = {
    "module": "It is a whole network, saved together with names of code that would have to run to rebuild it.",
    "torchscript": "It is a TorchScript program: it brings code of its own, which can also read and write files.",
    "exported_program": "It is a program of torch.export: opening it can run code that it brings.",
    "python": "It is Python code: opening it runs it, with everything that you may do on this computer.",
}

_WIDTH = 72 * UNIT
_MOST_HEIGHT = 60 * UNIT
_MOST_LINES = 8
_MOST_CODE = 1_000_000
_WORD = re.compile(r"[A-Za-z_][\w./-]*")

_ANY_VALUE = "a number, a list, True, False or 'text'"
_WANTED = {"int": "a whole number", "float": "a number, such as 0.5", "bool": "True or False", "str": "'text'"}
"""What a person may write, by the type that the code asks for."""

Answers = tuple[tuple[str, str], ...]


class TrustDialog(QDialog):
    """Asks whether the code of one file may run; closing it in any way but by the button means no.

    Attributes:
        refuse, agree, look: the buttons.
        contents: what is in the file.

    Signals:
        look_asked: the person wants to see what the weights file holds.
    """

    look_asked = Signal()

    def __init__(self, parent: QWidget, request: TrustRequest, agreed: Callable[[], object], weights: str = "") -> None:
        """Args:
        request: what it is about.
        agreed: called when the person trusts the file.
        weights: path of the weights file that needs it.
        """
        super().__init__(parent)
        self.setWindowTitle("Whatsit asks")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        # A name could hold lines of its own, or be turned round, and say that all is well.
        name = printable(PurePath(request.file).name)
        title = wrapped(self)
        title.setText(f"Run the code in {name}?")
        title.setFont(theme.scaled(self.font(), 1.4, QFont.Weight.DemiBold))
        self._request = request
        needed = printable(PurePath(weights).name)
        is_python = request.kind == "python"
        why = wrapped(self)
        why.setText(
            (f"It defines the network that {needed} holds the weights of. " if is_python and needed else "")
            + f"{_KINDS.get(request.kind, _KINDS['module'])} Nothing has run so far."
            " Agree only if you know whoever made the file."
        )
        caption = wrapped(self)
        caption.setText("What is in it:")
        caption.setForegroundRole(theme.MUTED)
        also = [f"together with {printable(path)}" for path in request.also]
        self.contents = _Lines("\n".join([*request.contents, *also]) or "nothing that can be told", self)
        self.contents.setReadOnly(True)
        theme.name(self.contents, "What is in the file")
        small = wrapped(self)
        small.setText(
            f"{printable(request.file)}\n"
            f"Remembered for exactly this file, until it changes (sha256 {request.sha256[:16]}…)."
            " You can take it back under Model, Trusted files."
        )
        small.setForegroundRole(theme.MUTED)
        self.look = button(self, "Read the code …" if is_python else "Look inside …", self._look)
        self.refuse = button(self, "Do not run it", self.reject, "primary")
        self.agree = button(self, "Trust this file and open it", self.accept)
        # Enter, Escape and closing the window all mean no.
        self.refuse.setDefault(True)
        self.refuse.setFocus()
        self.agree.setAutoDefault(False)
        self.accepted.connect(agreed)
        row = QHBoxLayout()
        row.addWidget(self.look)
        row.addStretch()
        row.addWidget(self.agree)
        row.addWidget(self.refuse)
        column = dialog_column(self)
        for widget in (title, why, caption, self.contents, small):
            column.addWidget(widget, int(widget is self.contents))
        column.addLayout(row)
        # Texts that wrap need more height than a layout asks for by itself.
        self.resize(_WIDTH, column.totalHeightForWidth(_WIDTH))

    def _look(self) -> None:
        if self._request.kind != "python":
            self.look_asked.emit()
            return
        paths = (self._request.file, *self._request.also)
        text = "\n\n".join(f"# {path}\n\n{_code(path)}" if len(paths) > 1 else _code(path) for path in paths)
        Details(self, Words(printable(PurePath(self._request.file).name), detail=text)).show()


class _Lines(QPlainTextEdit):
    """Text that wants the room that it takes, within reason."""

    def sizeHint(self) -> QSize:
        """High enough for its lines."""
        lines = min(max(self.blockCount(), 3), _MOST_LINES)
        return QSize(_WIDTH, lines * self.fontMetrics().lineSpacing() + 3 * UNIT)

    def minimumSizeHint(self) -> QSize:
        """The same: less would be hidden behind what is below."""
        return QSize(0, self.sizeHint().height())


def _code(path: str) -> str:
    """A file's text as it is now; what runs is only what has the sha256 that was agreed to."""
    try:
        with Path(path).open("rb") as file:
            return file.read(_MOST_CODE).decode("utf-8", "replace")
    except OSError as error:
        return f"It cannot be read: {error}."


class QuestionsDialog(QDialog):
    """Asks for constructor arguments that nothing else tells.

    Attributes:
        fields: a line for each argument, by its name.
        problem: what is wrong with what was typed; hidden while nothing is.
    """

    def __init__(
        self, parent: QWidget, words: Words, questions: Sequence[Question], answered: Callable[[Answers], object]
    ) -> None:
        """Args:
        words: which network asks, and why.
        questions: what it asks.
        answered: called with each argument's name and value, as a Python literal.
        """
        super().__init__(parent)
        self.setWindowTitle("Whatsit asks")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._answered = answered
        self.fields: dict[str, QLineEdit] = {}
        head = wrapped(self)
        head.setText(words.what)
        head.setFont(theme.scaled(self.font(), 1.4, QFont.Weight.DemiBold))
        why = wrapped(self)
        why.setText(words.more)
        area = QScrollArea(self, widgetResizable=True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget(area)
        form = self._form(inside, questions)
        self.problem = self._quiet("")
        self.problem.setForegroundRole(theme.ERROR)
        self.problem.hide()
        self.open_button = button(self, "Open", self.answer, "primary")
        self.open_button.setDefault(True)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(button(self, "Cancel", self.reject))
        row.addWidget(self.open_button)
        column = dialog_column(self)
        column.addWidget(head)
        column.addWidget(why)
        area.setWidget(inside)
        column.addWidget(area, 1)
        column.addWidget(self.problem)
        column.addLayout(row)
        for field in reversed(self.fields.values()):
            field.setFocus()
        fields = form.totalHeightForWidth(_WIDTH - 6 * UNIT) - area.sizeHint().height()
        self.resize(_WIDTH, min(column.totalHeightForWidth(_WIDTH) + fields, _MOST_HEIGHT))

    def _form(self, inside: QWidget, questions: Sequence[Question]) -> QFormLayout:
        form = QFormLayout(inside)
        # The focus frame of a line is drawn around it.
        form.setContentsMargins(2, 2, UNIT, 2)
        form.setVerticalSpacing(UNIT)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setHorizontalSpacing(2 * UNIT)
        for question in questions:
            field = QLineEdit(question.suggestion, self)
            field.setPlaceholderText(_WANTED.get(question.annotation, question.annotation or _ANY_VALUE))
            theme.name(field, question.name, question.why)
            label = f"{question.name}: {question.annotation}" if question.annotation else question.name
            lines = QVBoxLayout()
            lines.setSpacing(UNIT // 2)
            lines.addWidget(field)
            if question.why:
                lines.addWidget(self._quiet(question.why))
            form.addRow(label, lines)
            self.fields[question.name] = field
        return form

    def answer(self) -> None:
        """Give the answers, if all of them can be read."""
        given: list[tuple[str, str]] = []
        for name, field in self.fields.items():
            text = field.text().strip()
            if not _is_literal(text):
                wrong = "is no value" if text else "is still empty"
                self._complain(f"{name} {wrong}: write a number, a list as [512, 256], True or 'text'.")
                field.setFocus()
                field.selectAll()
                return
            given.append((name, text))
        self.accept()
        self._answered(tuple(given))

    def _complain(self, text: str) -> None:
        """Say what is wrong, in room of its own: the fields keep theirs."""
        room = self.height()
        if self.problem.isHidden():
            room += self.problem.fontMetrics().lineSpacing() + UNIT + UNIT // 2
        self.problem.setText(text)
        self.problem.show()
        self.resize(self.width(), room)

    def _quiet(self, text: str) -> QLabel:
        label = wrapped(self)
        label.setText(text)
        label.setForegroundRole(theme.MUTED)
        return label


def _is_literal(text: str) -> bool:
    """Whether a text is a value; a word without quotes can mean only itself."""
    if _WORD.fullmatch(text):
        return True
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
    return True
