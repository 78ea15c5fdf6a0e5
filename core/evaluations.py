"""What an evaluation found, and the images behind each number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from core.descriptions import Provenance
from core.images import ImageSource
from core.labelled import Alignment, LabelledData
from core.measures import Measures, measure_classes, measure_several, measure_values
from core.measures.classification import TOP
from core.measures.library import Floats, Indices, Scores, Truths

Order = Literal["surest mistakes", "least certain", "likely label errors", "surest"]


@dataclass(frozen=True)
class Evaluation:
    """A model measured on labelled data.  Scores stay on disk and are read when they are wanted.

    Attributes:
        model: the model's name.
        labels: class names in head order.
        data: what was evaluated.
        alignment: which label is which class.
        measures: the figures.
        places: (N,) which image of ``data`` each scored row is.
        truth: (N,) index of the true class; for a regression empty.
        scores: (N, classes) probabilities, or (N, 1) values.
        predicted: (N,) index of the best class.
        skipped: images that were not scored, each with its reason; those that could not be answered come first.
        failed: how many of these could not be answered.
        provenance: what the scores depend on.
        seconds: how long it took, in all its parts.
    """

    model: str
    labels: tuple[str, ...]
    data: LabelledData
    alignment: Alignment
    measures: Measures
    places: Indices
    truth: Indices
    scores: Scores
    predicted: Indices
    skipped: tuple[tuple[str, str], ...]
    failed: int
    provenance: Provenance
    seconds: float

    @property
    def count(self) -> int:
        """How many images were scored."""
        return len(self.places)

    @cached_property
    def confidence(self) -> Floats:
        """(N,) the best class's score."""
        return np.asarray(self.scores[np.arange(self.count), self.predicted], np.float64)

    @cached_property
    def own(self) -> Floats:
        """(N,) the true class's score."""
        return np.asarray(self.scores[np.arange(self.count), self.truth], np.float64)

    @cached_property
    def right(self) -> Truths:
        """(N,) whether the best class is the true one."""
        return self.predicted == self.truth

    @cached_property
    def true_labels(self) -> Truths:
        """(N, labels) which labels each image has, where it may have several."""
        return labels_of(self.data, self.alignment, self.places, len(self.labels))

    @cached_property
    def true_values(self) -> Floats:
        """(N,) the numbers to be predicted, of a regression."""
        return values_of(self.data, self.places)

    def source(self, row: int) -> ImageSource:
        """The image of a row."""
        return self.data.images[int(self.places[row])].source

    def cell(self, true: int = -1, predicted: int = -1) -> Indices:
        """Rows of a cell of the confusion matrix, the surest first; -1 stands for all classes."""
        inside = np.ones(self.count, np.bool_)
        if true >= 0:
            inside &= self.truth == true
        if predicted >= 0:
            inside &= self.predicted == predicted
        rows = np.flatnonzero(inside)
        return rows[np.argsort(-self.confidence[rows], kind="stable")]

    def between(self, low: float, high: float) -> Indices:
        """Rows whose confidence is above ``low`` and at most ``high``, wrong ones first."""
        confidence = self.confidence
        rows = np.flatnonzero((confidence > low) & (confidence <= high))
        return rows[np.argsort(self.right[rows], kind="stable")]

    def ordered(self, order: Order) -> Indices:
        """Rows in an order that shows what to look at first.

        ``surest mistakes``: wrong answers by confidence.  ``least certain``: by how near the two best classes are.
        ``likely label errors``: images whose label the model doubts most, and which it takes for a class of which it
        is as sure as of that class's own images (confident learning; Northcutt, Jiang and Chuang, 2021).
        """
        if order == "surest mistakes":
            rows = np.flatnonzero(~self.right)
            return rows[np.argsort(-self.confidence[rows], kind="stable")]
        if order == "least certain":
            if self.scores.shape[1] < 2:
                return np.arange(self.count)
            best = np.partition(np.asarray(self.scores), -2, axis=1)[:, -2:]
            return np.argsort(best[:, 1] - best[:, 0], kind="stable")
        if order == "likely label errors":
            return self._doubtful()
        return np.argsort(-self.confidence, kind="stable")

    def _doubtful(self) -> Indices:
        own, confidence = self.own, self.confidence
        # How sure the model is, in the mean, of images that are labelled as a class; 1 where there are none.
        sums = np.bincount(self.truth, own, minlength=len(self.labels))
        counts = np.bincount(self.truth, minlength=len(self.labels))
        usual = np.divide(sums, counts, out=np.ones(len(self.labels)), where=counts > 0)
        rows = np.flatnonzero(~self.right & (confidence >= usual[self.predicted]))
        return rows[np.argsort(own[rows] - confidence[rows], kind="stable")]


def labels_of(data: LabelledData, alignment: Alignment, places: Indices, count: int) -> Truths:
    """Which labels images have, (N, count), where each may have several; labels that are no class are left out."""
    indices = alignment.indices
    truth: Truths = np.zeros((len(places), count), np.bool_)
    for row, place in enumerate(places):
        truth[row, [indices[label] for label in data.images[int(place)].labels if label in indices]] = True
    return truth


def values_of(data: LabelledData, places: Indices) -> Floats:
    """The numbers that images have, (N,)."""
    return np.asarray([data.images[int(place)].value for place in places], np.float64)


def measure(
    data: LabelledData,
    alignment: Alignment,
    places: Indices,
    scores: Scores,
    check: Callable[[], None],
    top: int = 0,
) -> tuple[Measures, Indices]:
    """Measure scores against what the data says; also the true classes, (N,), empty where there is no single one.

    Args:
        data: with the truth.
        alignment: which label is which class.
        places: (N,) which image each row of ``scores`` is of.
        scores: (N, classes) probabilities, or (N, 1) values.
        check: called now and then; may raise to end it.
        top: see ``EvaluationRequest``.
    """
    nothing = np.zeros(0, np.int64)
    if data.kind == "values":
        return measure_values(values_of(data, places), np.asarray(scores[:, 0], np.float64)), nothing
    if data.kind == "several":
        truth = labels_of(data, alignment, places, scores.shape[1])
        return measure_several(truth, scores, check=check), nothing
    indices = alignment.indices
    single = np.asarray([indices[data.images[int(place)].labels[0]] for place in places], np.int64)
    return measure_classes(single, scores, check=check, top=top or TOP), single
