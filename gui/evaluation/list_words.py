"""The lists of images that a person may look at, and what each is, in words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.showing import isolated
from gui.evaluation.gallery import Shown
from gui.widgets import wording

if TYPE_CHECKING:
    from core.corrections import Truth
    from core.evaluations import Evaluation
    from core.images import ImageSource
    from core.labelled import LabelledData
    from gui.evaluation.correcting import Correcting

CHOSEN = "chosen"
"""What was clicked on, a cell or a class or a range."""
_NO_LABEL = "no label"
_FEW = 3
_HALF = 0.5

LISTS: dict[str, tuple[tuple[str, str], ...]] = {
    "classes": (
        ("surest mistakes", "Surest mistakes"),
        ("least certain", "Least certain"),
        ("likely label errors", "Likely label errors"),
    ),
    "several": (
        ("surest mistakes", "Surest mistakes"),
        ("missed", "Missed"),
        ("false alarms", "False alarms"),
        ("found", "Found"),
        ("least certain", "Least certain"),
        ("likely label errors", "Likely label errors"),
        ("with it", "All that have it"),
    ),
    "values": (
        ("furthest off", "Furthest off"),
        ("too high", "Predicted too high"),
        ("too low", "Predicted too low"),
        ("nearest", "Nearest to the truth"),
    ),
}
"""By the kind of data: key and title of each list."""

_MEANINGS = {
    "surest mistakes": "Wrong answers, those with the highest score first.",
    "least certain": "The two best classes are nearly as likely; those nearest to each other first.",
    "likely label errors": "The model contradicts the label and is as sure as it usually is: the label may be wrong.",
}
_OF_LABELS = {
    "surest mistakes": "A label is missed or wrongly given; those whose scores are furthest off first.",
    "missed": "They have the label and the model does not give it; the lowest scores first.",
    "false alarms": "The model gives the label and they do not have it; the highest scores first.",
    "found": "The model gives the labels that they have; the surest first.",
    "least certain": "A score is near 50 %, where a label is given or not; the nearest first.",
    "likely label errors": "The model contradicts the data and is as sure as it usually is: the label may be wrong.",
    "with it": "They have the label; the highest scores first.",
}
_OF_VALUES = {
    "furthest off": "The largest differences first, whichever way.",
    "too high": "Predicted above the true value; the largest differences first.",
    "too low": "Predicted below the true value; the largest differences first.",
    "nearest": "The smallest differences first.",
}
_KINDS = {"classes": _MEANINGS, "several": _OF_LABELS, "values": _OF_VALUES}


def meaning(kind: str, order: str) -> str:
    """What a list shows, one sentence."""
    return _KINDS[kind][order]


def are_rows(data: LabelledData) -> bool:
    """Whether these are rows of numbers, not pictures."""
    return bool(data.images) and data.images[0].source.is_row


def fit(text: str, rows: bool) -> str:
    """A text that speaks of images; of rows where they are rows."""
    return re.sub(r"\b([Ii])mage(s?)\b", _as_row, text) if rows else text


def _as_row(found: re.Match[str]) -> str:
    return f"{'R' if found[1] == 'I' else 'r'}ow{found[2]}"


def things(count: int) -> str:
    """So many images."""
    return f"{count:,} {'image' if count == 1 else 'images'}"


def shown(evaluation: Evaluation, row: int, correcting: Correcting, label: int = -1) -> Shown:
    """An image of a gallery.

    Args:
        evaluation: with its answer.
        row: which.
        correcting: what a person says of it is in the place of what the data says.
        label: whose score is wanted, where an image has several labels; -1 for none.
    """
    place = int(evaluation.places[row])
    changed = correcting.current.changed
    if evaluation.data.kind == "values":
        made = _of_value(evaluation, row)
    elif evaluation.data.kind == "several":
        made = _of_labels(evaluation, row, label)
    else:
        made = Shown(
            evaluation.source(row),
            evaluation.labels[int(evaluation.truth[row])],
            evaluation.labels[int(evaluation.predicted[row])],
            float(evaluation.confidence[row]),
            bool(evaluation.right[row]),
        )
    return made.corrected_to(said(changed[place]), said(correcting.was(place))) if place in changed else made


def said(truth: Truth) -> str:
    """What a person says of an image."""
    if truth is None:
        return "left out"
    return isolated(names(truth)) if isinstance(truth, tuple) else wording.value(truth)


def names(labels: tuple[str, ...]) -> str:
    """Some labels in a few words."""
    more = f" and {len(labels) - _FEW} more" if len(labels) > _FEW else ""
    return ", ".join(map(isolated, labels[:_FEW])) + more if labels else _NO_LABEL


def _of_value(evaluation: Evaluation, row: int) -> Shown:
    return value_shown(evaluation.source(row), float(evaluation.true_values[row]), float(evaluation.scores[row, 0]))


def value_shown(source: ImageSource, true: float, predicted: float) -> Shown:
    """An image with a value."""
    off = predicted - true
    by = f"{_short(abs(off), 3)} too {'high' if off > 0 else 'low'}" if off else "exactly so"
    return Shown(
        source,
        wording.value(true),
        wording.value(predicted),
        0.0,
        right=not off,
        first=f"said {_short(predicted)}",
        second=by,
        third=f"is {_short(true)}",
        quiet=True,
    )


def _short(number: float, digits: int = 4) -> str:
    """A number in few digits, as it stands below an image."""
    return wording.value(float(f"{number:.{digits}g}"))


def _of_labels(evaluation: Evaluation, row: int, label: int) -> Shown:
    scores, truth = evaluation.scores[row], evaluation.true_labels[row]
    given = scores >= _HALF
    order: list[int] = (-scores).argsort(kind="stable").tolist()
    said_ = tuple(evaluation.labels[index] for index in order if given[index])
    true = tuple(name for name, there in zip(evaluation.labels, truth, strict=True) if there)
    right = bool((given == truth).all()) if label < 0 else bool(given[label] == truth[label])
    # The label that is looked at; else the one whose score is furthest off, of right ones the surest.
    off = abs(scores - truth)
    place = label if label >= 0 else int(off.argmax()) if not right else order[0]
    score = float(scores[place])
    first = f"{wording.percent(score)} {isolated(evaluation.labels[place])}"
    return labels_shown(evaluation.source(row), first, said_, true, right)


def labels_shown(source: ImageSource, first: str, given: tuple[str, ...], true: tuple[str, ...], right: bool) -> Shown:
    """An image that may have several labels.

    Args:
        source: the image.
        first: its first line.
        given, true: labels that the model gives it, and that it has.
        right: whether it is no mistake.
    """
    second = f"said {_listed(given)}" if given else "said none"
    third = f"is {_listed(true)}" if true else "has none"
    return Shown(source, names(true), names(given), 0.0, right, first, second, third)


def _listed(labels: tuple[str, ...]) -> str:
    return ", ".join(map(isolated, labels))
