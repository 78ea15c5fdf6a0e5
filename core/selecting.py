"""The images behind each number, where an image has several labels, or a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.evaluations import Evaluation
from core.measures.library import Floats, Indices, Scores, Truths

LabelList = Literal[
    "surest mistakes", "missed", "false alarms", "found", "least certain", "likely label errors", "with it"
]
ValueList = Literal["furthest off", "too high", "too low", "nearest"]
HALF = 0.5
_ROWS = 4096
_RANGES = 10


class LabelLists:
    """Of images that may have several labels.

    A label is given where its score is at least 0.5.  Scores stay on disk: a column, or some thousand rows of them,
    are in memory at once.
    """

    def __init__(self, evaluation: Evaluation, check: Callable[[], None] = lambda: None) -> None:
        """Args:
        evaluation: whose images may have several labels.
        check: called between parts; may raise to end it.
        """
        self._truth: Truths = evaluation.true_labels
        self._scores: Scores = evaluation.scores
        self._check = check
        self._usual: tuple[Floats, Floats] | None = None

    def rows(self, which: LabelList, label: int = -1) -> Indices:
        """The rows of a list, those to look at first in front.

        ``missed``: has the label, which is not given; the lowest score first.  ``false alarms``: the label is given
        and not there; the highest score first.  ``found``: there and given.  ``least certain``: by how near a score
        is to 0.5.  ``likely label errors``: what the data says is contradicted as surely as the model usually is of
        images with, or without, the label (confident learning; Northcutt, Jiang and Chuang, 2021; each label by
        itself).  ``surest mistakes``: both kinds, by how far the score is off.  ``with it``: all that have the label.

        Args:
            which: list.
            label: index; -1 for all labels: an image is there if it is for any of them; ``found`` has those of which
                all is right.
        """
        if label >= 0:
            true = self._truth[:, label]
            score = np.asarray(self._scores[:, label], np.float64)
            return _ranked(*_judged(which, true[:, None], score[:, None], self._usual_of(label)))
        usual = self._usual_of(-1) if which == "likely label errors" else (np.zeros(0), np.zeros(0))
        inside, worth = np.zeros(len(self._truth), np.bool_), np.zeros(len(self._truth))
        for start in range(0, len(self._truth), _ROWS):
            self._check()
            part = slice(start, start + _ROWS)
            scores = np.asarray(self._scores[part], np.float64)
            inside[part], worth[part] = _judged(which, self._truth[part], scores, usual)
        return _ranked(inside, worth)

    def counts(self) -> tuple[Indices, Indices, Indices]:
        """How many images are found, missed and false alarms, a label each."""
        width = self._truth.shape[1]
        found, missed, alarms = (np.zeros(width, np.int64) for _ in range(3))
        for start in range(0, len(self._truth), _ROWS):
            self._check()
            true = self._truth[start : start + _ROWS]
            given = np.asarray(self._scores[start : start + _ROWS]) >= HALF
            found += (true & given).sum(axis=0)
            missed += (true & ~given).sum(axis=0)
            alarms += (~true & given).sum(axis=0)
        return found, missed, alarms

    def _usual_of(self, label: int) -> tuple[Floats, Floats]:
        """How sure the model is, in the mean, of images with a label, and of those without."""
        if self._usual is None:
            width = self._truth.shape[1]
            sums_with, sums_without = np.zeros(width), np.zeros(width)
            for start in range(0, len(self._truth), _ROWS):
                self._check()
                scores = np.asarray(self._scores[start : start + _ROWS], np.float64)
                true = self._truth[start : start + _ROWS]
                sums_with += np.where(true, scores, 0).sum(axis=0)
                sums_without += np.where(true, 0, 1 - scores).sum(axis=0)
            count = self._truth.sum(axis=0)
            self._usual = _mean(sums_with, count), _mean(sums_without, len(self._truth) - count)
        return self._usual if label < 0 else (self._usual[0][[label]], self._usual[1][[label]])


def _mean(sums: Floats, count: Indices) -> Floats:
    """1 where there is nothing to take the mean of."""
    return np.divide(sums, count, out=np.ones(len(sums)), where=count > 0)


def _judged(which: LabelList, true: Truths, scores: Floats, usual: tuple[Floats, Floats]) -> tuple[Truths, Floats]:
    """Which rows are in a list, and how much each is worth a look: (N,) of (N, labels)."""
    given: Truths = scores >= HALF
    wrong: Truths = true ^ given
    off = np.abs(scores - true)
    match which:
        case "found":
            return _any(true) & ~_any(wrong), np.where(true, scores, 0).max(axis=1)
        case "with it":
            return _any(true), np.where(true, scores, 0).max(axis=1)
        case "least certain":
            return np.ones(len(true), np.bool_), -np.abs(scores - HALF).min(axis=1)
        case "missed":
            wrong = true & ~given
        case "false alarms":
            wrong = ~true & given
        case "likely label errors":
            wrong = (true & ~given & (1 - scores >= usual[1])) | (~true & given & (scores >= usual[0]))
        case "surest mistakes":
            pass
    return _any(wrong), np.where(wrong, off, 0).max(axis=1)


def _any(there: Truths) -> Truths:
    """Of each row, whether there is any."""
    return np.asarray(there.any(axis=1), np.bool_)


def _ranked(inside: Truths, worth: Floats) -> Indices:
    rows = np.flatnonzero(inside)
    return rows[np.argsort(-worth[rows], kind="stable")]


@dataclass(frozen=True, slots=True)
class Range:
    """Images whose true values lie close together.

    Attributes:
        low, high: the least and the greatest of them.
        rows: their rows, the furthest off first.
        off: how far values are off in the mean, whichever way; the mean absolute error.
        bias: the same with its sign: above 0 where predictions are too high.
    """

    low: float
    high: float
    rows: Indices
    off: float
    bias: float


class ValueLists:
    """Of images with a value each."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._truth = evaluation.true_values
        self.errors: Floats = np.asarray(evaluation.scores[:, 0], np.float64) - self._truth

    def rows(self, which: ValueList) -> Indices:
        """The rows of a list: the furthest off first, or ``nearest``: the least off first."""
        off = np.abs(self.errors)
        if which == "nearest":
            return np.argsort(off, kind="stable")
        inside = {"too high": self.errors > 0, "too low": self.errors < 0}.get(which, np.ones(len(off), np.bool_))
        return _ranked(inside, off)

    def ranges(self) -> tuple[Range, ...]:
        """Up to ten ranges of the true value with as many images each, from low to high; equal values stay together."""
        order = np.argsort(self._truth, kind="stable")
        ends = {round(len(order) * part / _RANGES) for part in range(1, _RANGES)}
        cuts = sorted(
            {int(np.searchsorted(self._truth[order], self._truth[order[end]])) for end in ends if end < len(order)}
            - {0}
        )
        found: list[Range] = []
        for rows in np.split(order, cuts):
            true, errors = self._truth[rows], self.errors[rows]
            ranked = rows[np.argsort(-np.abs(errors), kind="stable")]
            low, high = float(true.min()), float(true.max())
            found.append(Range(low, high, ranked, float(np.abs(errors).mean()), float(errors.mean())))
        return tuple(found)
