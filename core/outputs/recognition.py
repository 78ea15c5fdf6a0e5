"""Which kind of output a network has: found by a fixed order of evidence, and said with its source."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.outputs.kinds import OVER_LABELS, Kind, allowed, checked, class_count, title
from core.outputs.written import Said

_REGRESSION = re.compile(r"(?<!logistic)(?<!logistic[_-])(?<!softmax)(?<!softmax[_-])regress", re.IGNORECASE)
"""A logistic regression is a classifier."""
_SEVERAL = re.compile(r"multi_?-?label", re.IGNORECASE)
_ENDINGS: dict[str, str] = {
    "softmax": "a softmax",
    "log_softmax": "a log-softmax",
    "sigmoid": "a sigmoid",
}
_LOGITS: dict[str, Kind] = {
    "probabilities": "softmax",
    "log_softmax": "softmax",
    "multilabel_probabilities": "sigmoid",
    "binary_probability": "binary",
}
"""What is left of a kind where the network that is built ends in its head, without an activation of its own."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that may tell a kind.

    Attributes:
        outputs: how many numbers the network gives for an image.
        ends_in: ``softmax``, ``log_softmax`` or ``sigmoid`` where the network itself does; else empty.
        assembled: whether it was built from a known architecture, so that it ends in its bare head.
        beside: what a file beside the weights says.
        inside: what the weights file says.
        names: of the network's class, its head and its file.
        class_names: how many names of classes there are; 0 where there are none.
        takes_rows: whether it takes rows of numbers, and no images.
    """

    outputs: int
    ends_in: str = ""
    assembled: bool = False
    beside: Said | None = None
    inside: Said | None = None
    names: tuple[str, ...] = ()
    class_names: int = 0
    takes_rows: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """A kind of output, and how it is known.

    Attributes:
        kind: one of ``KINDS``.
        source: how it is known, to follow the kind in brackets.
        outputs: how many numbers the network gives for an image.
        notice: a sentence that a person should read; mostly empty.
    """

    kind: Kind
    source: str
    outputs: int
    notice: str = ""

    @property
    def shown(self) -> int:
        """How many classes, labels or values are shown."""
        return class_count(self.kind, self.outputs)


def recognise(evidence: Evidence, chosen: str = "") -> Output:
    """The kind of a network's output, by the first of these that says anything.

    1. A person's choice.
    2. A file beside the weights (``problem_type``; Whatsit's own says the very kind).
    3. A network that ends in softmax or log_softmax, seen in its answers.
    4. The weights file: a task, or the loss of its training.
    5. A network that ends in a sigmoid.
    6. The name of its class, its head or its file: one that speaks of regression (unless there are class names), or
       of several labels.
    7. Several outputs: softmax, the usual; this is assumed.
    8. One output: two class names make it binary; a network that takes rows of numbers is taken for a regression,
       one that takes images for a classifier of two classes.  Both are assumed, and a notice says so.

    Whatever says only the task leaves to 3 and 5 whether the activation is applied already.

    Args:
        evidence: what is known.
        chosen: a person's choice; empty where there is none.

    Raises:
        MatchError: the choice is none for so many outputs.
    """
    if chosen:
        return Output(checked(chosen, evidence.outputs), "chosen by you", evidence.outputs)
    if evidence.beside is not None and (kind := _said(evidence.beside, evidence)) is not None:
        return Output(kind, evidence.beside.by, evidence.outputs)
    ending = f"the network ends in {_ENDINGS[evidence.ends_in]}" if evidence.ends_in else ""
    if evidence.ends_in in ("softmax", "log_softmax"):
        return Output(_kind("single", evidence), ending, evidence.outputs)
    if evidence.inside is not None and (kind := _said(evidence.inside, evidence)) is not None:
        return _noticed(kind, evidence.inside.by, evidence.outputs)
    if evidence.ends_in:
        return _noticed(_kind("several", evidence), ending, evidence.outputs)
    for pattern, task in ((_REGRESSION, "regression"), (_SEVERAL, "several")):
        name = next((name for name in evidence.names if pattern.search(name)), "")
        if name and (task != "regression" or evidence.class_names < 2):
            return _noticed(_kind(task, evidence), f"assumed from the name {name}", evidence.outputs)
    if evidence.outputs > 1:
        return Output("softmax", f"assumed: the usual for {evidence.outputs:,} outputs", evidence.outputs)
    return _one_output(evidence)


def _one_output(evidence: Evidence) -> Output:
    if evidence.class_names == 2:
        return Output("binary", "assumed from two class names", 1, _ONE_CLASS)
    if evidence.takes_rows and not evidence.class_names:
        return Output("regression", "assumed: usual for one output of a row of numbers", 1, _ONE_VALUE)
    return Output("binary", "assumed: usual for one output of an image", 1, _ONE_CLASS)


_ONE_CLASS = (
    "The network gives one number: it is taken to say how much speaks for the second of two classes, and its "
    "probability is made of it (binary, sigmoid)."
)
_ONE_VALUE = (
    "The network gives one number: it is taken for a value, such as an age or a price (regression), as nothing says "
    "that it is a class."
)


def _said(said: Said, evidence: Evidence) -> Kind | None:
    """The kind that something says; ``None`` where the network cannot have it."""
    if said.what in ("single", "several", "regression"):
        return _kind(said.what, evidence)
    kind = _LOGITS.get(said.what, said.what) if evidence.assembled else said.what
    return next((each for each in allowed(evidence.outputs) if each == kind), None)


def _kind(task: str, evidence: Evidence) -> Kind:
    """The kind of a network that does a task, given how it ends."""
    if task == "regression":
        return "regression"
    if evidence.outputs == 1:
        return "binary_probability" if evidence.ends_in == "sigmoid" else "binary"
    ended: dict[str, Kind] = {
        "softmax": "probabilities",
        "log_softmax": "log_softmax",
        "sigmoid": "multilabel_probabilities",
    }
    return ended.get(evidence.ends_in) or ("softmax" if task == "single" else "sigmoid")


def _noticed(kind: Kind, source: str, outputs: int) -> Output:
    """With a sentence where the scores are no shares of 100 %, or there are none."""
    notice = ""
    if kind in OVER_LABELS:
        notice = f"Several labels may be right at once, each with a probability of its own ({title(kind)}; {source})."
    elif kind == "regression":
        notice = f"The network gives values, not classes (regression; {source})."
    elif outputs == 1:
        notice = f"The network gives one number: it is the probability of the second of two classes ({source})."
    return Output(kind, source, outputs, notice)
