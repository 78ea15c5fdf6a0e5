"""The kinds of output, and what each makes of a network's numbers.

A network answers a batch with (N, outputs) numbers.  The *activation* that belongs to them makes scores of them;
applied twice, or left out, it gives scores that look right and are not.

======================== ================================= ==================================================
kind                     (N, outputs) numbers are          shown
======================== ================================= ==================================================
softmax                  logits of classes, one is right   N x outputs probabilities that sum to 1: softmax
sigmoid                  logits of labels, several at once N x outputs probabilities of their own: sigmoid
binary                   one logit, of the second class    N x 2 probabilities: 1 - sigmoid and sigmoid
probabilities            probabilities: ends in softmax    as they are
binary_probability       the second class's probability    N x 2 probabilities: 1 - p and p
multilabel_probabilities probabilities: ends in sigmoid    as they are
log_softmax              logarithms of probabilities       N x outputs probabilities: exp
regression               values, no class                  as they are
======================== ================================= ==================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from core.errors import MatchError

Kind = Literal[
    "softmax",
    "sigmoid",
    "binary",
    "probabilities",
    "binary_probability",
    "multilabel_probabilities",
    "log_softmax",
    "regression",
]

KINDS: tuple[Kind, ...] = get_args(Kind)

OVER_LABELS = frozenset(("sigmoid", "multilabel_probabilities"))
"""The kinds in which every label has a probability of its own."""

HALF = 0.5
"""A label is said to be in a picture from this probability on."""

_ONE = ("sigmoid", "multilabel_probabilities", "binary", "binary_probability", "regression")
_ONLY_ONE = ("binary", "binary_probability")
_WORDS: dict[str, tuple[str, str]] = {
    "softmax": ("softmax", "one class is right: the probabilities share 100 %"),
    "sigmoid": ("sigmoid", "several labels may be right at once, each with a probability of its own"),
    "binary": ("binary", "two classes: one number speaks for the second, and becomes its probability (sigmoid)"),
    "probabilities": ("probabilities", "its numbers are probabilities already, and share 100 % (ends in a softmax)"),
    "binary_probability": (
        "binary probability",
        "two classes: its one number is the second's probability already (ends in a sigmoid)",
    ),
    "multilabel_probabilities": (
        "label probabilities",
        "each number is a label's probability already (ends in a sigmoid)",
    ),
    "log_softmax": ("log-softmax", "its numbers are the logarithms of probabilities, which are turned back"),
    "regression": ("regression", "values, such as an age or a price; no classes"),
}


def title(kind: str) -> str:
    """What the field calls it, such as ``log-softmax``."""
    return _WORDS[kind][0]


def detail(kind: str) -> str:
    """What it means, in a few words."""
    return _WORDS[kind][1]


def allowed(outputs: int) -> tuple[Kind, ...]:
    """The kinds that a network with so many outputs can have."""
    if outputs == 1:
        return tuple(kind for kind in KINDS if kind in _ONE)
    return tuple(kind for kind in KINDS if kind not in _ONLY_ONE)


def checked(kind: str, outputs: int) -> Kind:
    """A person's choice.

    Raises:
        MatchError: there is no such kind, or it is none for a network with so many outputs.
    """
    kinds = allowed(outputs)
    if kind in kinds:
        return kind
    numbers = "one number" if outputs == 1 else f"{outputs:,} numbers"
    why = f"It gives {numbers} for an image."
    if outputs == 1 and kind in ("softmax", "probabilities", "log_softmax"):
        why = "It gives one number for an image, and the softmax of one number is always 100 %."
    raise MatchError(
        f"The network's output cannot be read as {title(kind) if kind in _WORDS else repr(kind)}.",
        why,
        f"Choose one of {', '.join(kinds)}.",
    )


def class_count(kind: str, outputs: int) -> int:
    """How many classes, labels or values are shown for a network with so many outputs."""
    return 2 if kind in _ONLY_ONE else outputs


def class_names(kind: str, names: Sequence[str]) -> tuple[str, ...]:
    """Names for all that is shown: of two classes, a single name is the second's."""
    if kind in _ONLY_ONE and len(names) == 1:
        return f"not {names[0]}", names[0]
    return tuple(names)


def problem_type(kind: str) -> str:
    """What Hugging Face's configurations call it (``problem_type`` in transformers' ``PretrainedConfig``)."""
    if kind == "regression":
        return kind
    return "multi_label_classification" if kind in OVER_LABELS else "single_label_classification"
