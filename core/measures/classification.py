"""Measures of a classifier that gives each image one class."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from core.measures.curves import calibration_error
from core.measures.intervals import Interval, of_cells, of_counts, of_means
from core.measures.library import Floats, Indices, Scores, Truths, areas, confusion_matrix

Check = Callable[[], None]

TOP = 5
_ROWS = 4096
"""Rows of scores that are in memory at once."""
_COLUMNS = 64
"""Columns that are: scores lie on disk row by row, and each pass over them reads all of it."""


@dataclass(frozen=True, slots=True)
class ClassMeasures:
    """Measures of one class; ``None`` where undefined.

    Attributes:
        index: in the model's head.
        count: how many images are of it.
        predicted: how many are said to be of it.
        precision, recall, f1: 0..1; precision is 0 where nothing is said to be of it, as scikit-learn has it.
        roc_auc: area under the ROC curve of this class against the rest, 0..1.
        average_precision: 0..1.
    """

    index: int
    count: int
    predicted: int
    precision: float
    recall: float | None
    f1: float
    roc_auc: float | None
    average_precision: float | None


@dataclass(frozen=True)
class Measures:
    """All measures of one evaluation.

    Attributes:
        count: how many images.
        values: by name; ``None`` where undefined, such as a ROC AUC where all images are of one class.
        intervals: 95 % intervals by name, of those that have one.
        classes: one a class of the head, or of the labels that may be several; empty for a regression.
        confusion: rows are true, columns predicted classes, in head order; (0, 0) where there is none.
    """

    count: int
    values: Mapping[str, float | None]
    intervals: Mapping[str, Interval] = field(default_factory=dict[str, Interval])
    classes: tuple[ClassMeasures, ...] = ()
    confusion: Indices = field(default_factory=lambda: np.zeros((0, 0), np.int64))


def measure_classes(truth: Indices, scores: Scores, check: Check = lambda: None, top: int = TOP) -> Measures:
    """Measure predictions of one class an image.

    Averages are over the classes that occur in ``truth``, as scikit-learn's with ``labels`` set to these.  Of equal
    best scores the first in head order counts, as for ``numpy.argmax``.

    Args:
        truth: (N,) indices of the true classes; N at least 1.
        scores: (N, classes) probabilities; may be a memory-mapped file, of which only parts are read at once.
        check: called now and then; may raise to end it.
        top: within how many best classes the true one may be, beside ``TOP``.
    """
    count, classes = scores.shape
    present = np.unique(truth)
    summed = _sums(truth, scores, present, check)
    confusion = confusion_matrix(truth, summed.predicted, classes)
    per_class = _per_class(truth, scores, confusion, check)
    values = dict(averages(*_counted(confusion)))
    intervals = {"accuracy": of_counts(int(np.trace(confusion)), count)}
    intervals |= of_cells(confusion, averages, check, skip="accuracy")
    for most in sorted({TOP, top}):
        name, within = f"top_{most}_accuracy", int((summed.before < most).sum())
        values[name] = within / count if most < classes else None
        if most < classes:
            intervals[name] = of_counts(within, count)
    if len(present) < classes:
        right = int((summed.restricted == truth).sum())
        values["accuracy_restricted"] = right / count
        intervals["accuracy_restricted"] = of_counts(right, count)
    for name, each, most in (("log_loss", summed.log_loss, np.inf), ("brier", summed.brier, 2.0)):
        values[name] = float(each.mean())
        intervals[name] = of_means(each, 0.0, most)
    values["ece"] = calibration_error(summed.confidence, summed.predicted == truth)
    values["roc_auc_macro_ovr"] = _mean(one.roc_auc for one in per_class if one.count)
    values["average_precision_macro"] = _mean(one.average_precision for one in per_class if one.count)
    return Measures(count, values, intervals, per_class, confusion)


@dataclass(frozen=True)
class _Sums:
    """What one pass over the scores gives, a value an image.

    Attributes:
        predicted: the best class.
        restricted: the best of the classes that occur in the data.
        confidence: the best class's score.
        before: how many classes go before the true one.
        log_loss: minus the logarithm of the true class's share.
        brier: squared differences to the truth, summed over classes (Brier, 1950).
    """

    predicted: Indices
    restricted: Indices
    confidence: Floats
    before: Indices
    log_loss: Floats
    brier: Floats


def _sums(truth: Indices, scores: Scores, present: Indices, check: Check) -> _Sums:
    count, classes = scores.shape
    found = _Sums(*(np.zeros(count, kind) for kind in (np.int64, np.int64, float, np.int64, float, float)))
    tiny = np.finfo(np.float64).eps
    every_class: Indices = np.arange(classes, dtype=np.int64)
    for start in range(0, count, _ROWS):
        check()
        part = slice(start, start + _ROWS)
        rows: Floats = np.asarray(scores[part], np.float64)
        true, every = truth[part], np.arange(len(rows))
        own = rows[every, true]
        found.predicted[part] = rows.argmax(axis=1)
        found.restricted[part] = present[rows[:, present].argmax(axis=1)]
        found.confidence[part] = rows.max(axis=1)
        # As scikit-learn's top_k_accuracy_score: of equal scores those that come later in head order go first.
        later: Truths = np.greater.outer(-true, -every_class)
        before = (rows > own[:, None]) | ((rows == own[:, None]) & later)
        found.before[part] = np.count_nonzero(before, axis=1)
        whole = rows.sum(axis=1)
        share = np.divide(own, whole, out=np.zeros(len(rows)), where=whole > 0)
        found.log_loss[part] = -np.log(np.clip(share, tiny, 1 - tiny))
        found.brier[part] = (rows**2).sum(axis=1) - 2 * own + 1
    return found


def image_losses(
    truth: Indices, scores: Scores, check: Check = lambda: None
) -> tuple[dict[str, Floats], dict[str, Truths]]:
    """For comparing models image by image: log loss and Brier score of each image, (N,).

    And, of more than five classes, whether the true one is among the best five, (N,).
    """
    summed = _sums(truth, scores, np.unique(truth), check)
    top = {"top_5_accuracy": summed.before < TOP} if scores.shape[1] > TOP else {}
    return {"log_loss": summed.log_loss, "brier": summed.brier}, top


def _counted(confusion: Indices) -> tuple[Indices, Indices, Indices]:
    """How many images each class has, is predicted for, and is right about."""
    return confusion.sum(axis=1), confusion.sum(axis=0), np.diagonal(confusion)


def averages(true: Indices, predicted: Indices, right: Indices) -> Mapping[str, float | None]:
    """What the confusion matrix alone tells, averaged over the classes that occur."""
    occurs = true > 0
    precision = np.divide(right, predicted, out=np.zeros(len(right)), where=predicted > 0)[occurs]
    recall = right[occurs] / true[occurs]
    f1 = (2 * right / np.maximum(true + predicted, 1))[occurs]
    share = true[occurs] / true.sum()
    # Micro averages over the classes that occur: predictions of others count as missed, not as false alarms.
    hits, alarms = right[occurs].sum(), predicted[occurs].sum()
    return {
        "accuracy": float(right.sum() / true.sum()),
        "balanced_accuracy": float(recall.mean()),
        "precision_macro": float(precision.mean()),
        "recall_macro": float(recall.mean()),
        "f1_macro": float(f1.mean()),
        "precision_weighted": min(1.0, float((precision * share).sum())),
        "recall_weighted": float(hits / true.sum()),
        "f1_weighted": min(1.0, float((f1 * share).sum())),
        "precision_micro": float(hits / alarms) if alarms else 0.0,
        "recall_micro": float(hits / true.sum()),
        "f1_micro": float(2 * hits / (true.sum() + alarms)),
    }


def _per_class(truth: Indices, scores: Scores, confusion: Indices, check: Check) -> tuple[ClassMeasures, ...]:
    true, predicted, right = _counted(confusion)
    rows: list[ClassMeasures] = []
    for index, score in columns_of(scores, true > 0):
        check()
        count, said = int(true[index]), int(predicted[index])
        area, precision = areas(truth == index, score) if count else (None, None)
        rows.append(
            ClassMeasures(
                index=index,
                count=count,
                predicted=said,
                precision=float(right[index] / said) if said else 0.0,
                recall=float(right[index] / count) if count else None,
                f1=float(2 * right[index] / (count + said)) if count + said else 0.0,
                roc_auc=area,
                average_precision=precision,
            )
        )
    return tuple(rows)


def columns_of(scores: Scores, wanted: Truths | None = None) -> Iterator[tuple[int, Scores]]:
    """Each class's scores; empty for classes that are not wanted.

    Args:
        scores: (N, classes), row by row, mostly on disk.
        wanted: (classes,); all if not given.
    """
    for start in range(0, scores.shape[1], _COLUMNS):
        block = scores[:, start : start + _COLUMNS]
        if wanted is not None and not wanted[start : start + _COLUMNS].any():
            block = block[:0]
        # Transposed once, so that each column is in one place.
        for place, column in enumerate(np.ascontiguousarray(block.T)):
            yield start + place, column


def _mean(values: Iterable[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return float(np.mean(there)) if there else None
