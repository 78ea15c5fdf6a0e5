"""Two evaluations of the same data: what differs, whether that could be chance, and on which images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from core.drawing import true_labels, true_values
from core.errors import DataError
from core.evaluations import Evaluation
from core.measures import Comparison, compare, compare_values, image_losses
from core.measures.library import Floats, Indices, Truths

Which = Literal["only_first", "only_second", "neither", "both", "changed"]
LISTS: tuple[Which, ...] = ("only_first", "only_second", "changed", "neither", "both")
_HALF = 0.5
_ROWS = 4096


@dataclass(frozen=True)
class Compared:
    """Two evaluations of the same data.

    Attributes:
        first, second: the evaluations.
        rows: (N, 2) rows of each, of the images that both models answered.
        comparison: what differs; its places are rows of ``rows``.
        same: (N,) whether both give the same answer, right or wrong; of values, the same number.
    """

    first: Evaluation
    second: Evaluation
    rows: Indices
    comparison: Comparison
    same: Truths

    @property
    def kind(self) -> str:
        """What an image has: ``classes``, ``several`` or ``values``."""
        return self.first.data.kind

    @property
    def titles(self) -> tuple[str, str]:
        """What the two are called; where their names are the same, with what tells them apart."""
        names = self.first.model, self.second.model
        if names[0] != names[1]:
            return names
        one, other = self.first.provenance, self.second.provenance
        for mine, its in (
            (one.architecture, other.architecture),
            (one.preprocessing.describe(), other.preprocessing.describe()),
            (one.tensors, other.tensors),
            (one.activation, other.activation),
            (one.weights, other.weights),
            (one.sha256[:12], other.sha256[:12]),
        ):
            if mine != its:
                return f"{names[0]} ({mine})", f"{names[1]} ({its})"
        return names

    def names(self, places: Indices) -> list[str]:
        """The images of some places."""
        return [self.first.source(int(row)).name for row in self.rows[places, 0]]

    def places(self, which: Which) -> Indices:
        """The images of a list, the most telling first.

        ``only_first`` and ``only_second``: those that one alone gets right, the other's surest mistakes first; of
        values, those to which it is nearer, by how much.  ``neither``: the surest mistakes first.  ``both``: the least
        certain first.  ``changed``: those with another answer; of values, all by how far apart the two are.
        """
        found = self.comparison
        if which == "changed":
            return self._ranked(np.flatnonzero(~self.same), self._apart)
        if which == "only_first":
            return self._ranked(found.only_first, self._surest if self.kind == "values" else self._sure[:, 1])
        if which == "only_second":
            return self._ranked(found.only_second, self._surest if self.kind == "values" else self._sure[:, 0])
        left = np.ones(len(self.rows), np.bool_)
        left[found.only_first] = left[found.only_second] = False
        if self.kind == "values":
            return np.flatnonzero(left) if which == "both" else np.zeros(0, np.int64)
        right = self._right
        wanted = np.flatnonzero(left & (right if which == "both" else ~right))
        return self._ranked(wanted, -self._surest if which == "both" else self._surest)

    @staticmethod
    def _ranked(places: Indices, worth: Floats) -> Indices:
        return places[np.argsort(-worth[places], kind="stable")]

    @cached_property
    def _right(self) -> Truths:
        """(N,) whether the first is right."""
        return right_of(self.first)[self.rows[:, 0]]

    @cached_property
    def _sure(self) -> Floats:
        """(N, 2) how sure each is; of values, how far off."""
        if self.kind == "values":
            parts = (np.abs(np.asarray(each.scores[:, 0], np.float64) - true_values(each)) for each in self._both)
        elif self.kind == "several":
            parts = (_sharpness(each) for each in self._both)
        else:
            parts = (each.confidence for each in self._both)
        return np.stack([part[rows] for part, rows in zip(parts, self.rows.T, strict=True)], axis=1)

    @cached_property
    def _surest(self) -> Floats:
        """(N,) by how much one is nearer, for values; else how sure both are together."""
        sure = self._sure
        return np.abs(sure[:, 0] - sure[:, 1]) if self.kind == "values" else sure.sum(axis=1)

    @property
    def _apart(self) -> Floats:
        if self.kind != "values":
            return self._surest
        said = (np.asarray(each.scores[:, 0], np.float64) for each in self._both)
        one, other = (part[rows] for part, rows in zip(said, self.rows.T, strict=True))
        return np.abs(one - other)

    @property
    def _both(self) -> tuple[Evaluation, Evaluation]:
        return self.first, self.second


def compare_evaluations(first: Evaluation, second: Evaluation, check: Callable[[], None] = lambda: None) -> Compared:
    """Compare two models on the images that both answered; the order of their classes may differ.

    Args:
        first, second: of the same data.
        check: called now and then; may raise to end it.

    Raises:
        DataError: they have no image in common, or do not give the same kind of thing.
    """
    kinds = {"classes": "classes", "several": "several labels an image", "values": "values"}
    kind = first.data.kind
    if kind != second.data.kind:
        raise DataError(
            "The two models cannot be compared.",
            f"{first.model} was measured on {kinds[kind]}, {second.model} on {kinds[second.data.kind]}.",
            "Choose a model that gives the same kind of thing.",
        )
    rows = _common(first, second)
    if not len(rows):
        raise DataError(
            "The two models cannot be compared.",
            "No image was answered by both with the same label.",
            "Evaluate both on the same data.",
        )
    one, other = rows[:, 0], rows[:, 1]
    if kind == "values":
        truth = true_values(first)[one]
        said = [np.asarray(each.scores[:, 0], np.float64)[part] for each, part in ((first, one), (second, other))]
        return Compared(first, second, rows, compare_values(truth, said[0], said[1]), said[0] == said[1])
    if kind == "several":
        return _of_several(first, second, rows)
    codes = _codes(first, second)
    losses, tops = zip(*(image_losses(each.truth, each.scores, check) for each in (first, second)), strict=True)
    comparison = compare(
        first.right[one],
        second.right[other],
        {name: (losses[0][name][one], losses[1][name][other]) for name in losses[0]},
        (
            (codes[0][first.truth[one]], codes[0][first.predicted[one]]),
            (codes[1][second.truth[other]], codes[1][second.predicted[other]]),
        ),
        shares={name: (tops[0][name][one], tops[1][name][other]) for name in tops[0] if name in tops[1]},
        check=check,
    )
    same = codes[0][first.predicted[one]] == codes[1][second.predicted[other]]
    return Compared(first, second, rows, comparison, same)


def list_title(which: Which, kind: str) -> str:
    """What a list of images is called."""
    if kind == "values":
        titles = {"only_first": "A is nearer", "only_second": "B is nearer", "both": "Equally near"}
        return titles.get(which, "Furthest apart" if which == "changed" else "")
    titles = {
        "only_first": "Only A is right",
        "only_second": "Only B is right",
        "both": "Both are right",
        "neither": "Both are wrong",
        "changed": "Their answers differ",
    }
    return titles[which]


def right_of(evaluation: Evaluation) -> Truths:
    """(N,) whether the best class is the true one; where there may be several labels, whether all are right."""
    if evaluation.data.kind != "several":
        return evaluation.right
    return (_given(evaluation) == true_labels(evaluation)).all(axis=1)


def _of_several(first: Evaluation, second: Evaluation, rows: Indices) -> Compared:
    given, off = [_given(each) for each in (first, second)], list[Floats]()
    for each, said, part in zip((first, second), given, rows.T, strict=True):
        off.append((said != true_labels(each)).mean(axis=1)[part])
    right = [right_of(each)[part] for each, part in zip((first, second), rows.T, strict=True)]
    comparison = compare(right[0], right[1], {"hamming_loss": (off[0], off[1])}, name="exact_match")
    codes = _codes(first, second)
    most = max(int(each.max(initial=-1)) for each in codes) + 1
    marks = [np.zeros((len(rows), most), np.bool_) for _ in codes]
    for mark, code, said, part in zip(marks, codes, given, rows.T, strict=True):
        mark[:, code] = said[part]
    return Compared(first, second, rows, comparison, (marks[0] == marks[1]).all(axis=1))


def _given(evaluation: Evaluation) -> Truths:
    return np.asarray(evaluation.scores) >= _HALF


def _sharpness(evaluation: Evaluation) -> Floats:
    """(N,) how far the score of each image that is nearest to one half is from it."""
    parts = (evaluation.scores[start : start + _ROWS] for start in range(0, evaluation.count, _ROWS))
    return np.concatenate([np.abs(np.asarray(part, np.float64) - _HALF).min(axis=1) for part in parts])


def _codes(first: Evaluation, second: Evaluation) -> tuple[Indices, Indices]:
    """A number for each class of the two, the same for what is the same: the same label of the data, or its name."""
    known: dict[tuple[bool, str], int] = {}
    found: list[Indices] = []
    for each in (first, second):
        written = {row.index: row.written for row in reversed(each.alignment.rows) if row.index >= 0}
        keys = [(i in written, written.get(i, label)) for i, label in enumerate(each.labels)]
        found.append(np.asarray([known.setdefault(key, len(known)) for key in keys], np.int64))
    return found[0], found[1]


def _common(first: Evaluation, second: Evaluation) -> Indices:
    """Rows of the same images: the same file with the same label, in the first's order."""
    there = {_key(second, row): row for row in range(second.count)}
    pairs = [(row, there[key]) for row in range(first.count) if (key := _key(first, row)) in there]
    return np.asarray(pairs, np.int64).reshape(-1, 2)


def _key(evaluation: Evaluation, row: int) -> tuple[object, ...]:
    image = evaluation.data.images[int(evaluation.places[row])]
    return image.source.name, image.labels, image.value
