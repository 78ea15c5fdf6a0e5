"""Measures of a classifier that may give an image several labels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.measures.classification import ClassMeasures, Measures, columns_of
from core.measures.intervals import of_counts, of_means
from core.measures.library import Floats, Scores, Truths, areas, averaged_scores

Check = Callable[[], None]


def measure_several(truth: Truths, scores: Scores, threshold: float = 0.5, check: Check = lambda: None) -> Measures:
    """Measure predictions of several labels an image.

    A label is given where its score is at least ``threshold``.  Averages are over the labels that occur in ``truth``.

    Args:
        truth: (N, labels); N at least 1.
        scores: (N, labels), each 0..1.
        threshold: 0..1.
        check: called now and then; may raise to end it.
    """
    count = len(truth)
    given = np.asarray(scores) >= threshold
    occurs = np.flatnonzero(truth.any(axis=0))
    rows: list[ClassMeasures] = []
    for index, score in columns_of(scores):
        check()
        rows.append(_of_label(index, truth[:, index], score, threshold))
    exact = int((given == truth).all(axis=1).sum())
    wrong = (given != truth).mean(axis=1)
    values: dict[str, float | None] = {"exact_match": exact / count, "hamming_loss": float(wrong.mean())}
    for average in ("macro", "weighted", "micro"):
        found = averaged_scores(truth, given, occurs, average) if len(occurs) else None
        for place, name in enumerate(("precision", "recall", "f1")):
            values[f"{name}_{average}"] = found[place] if found is not None else None
    for name, numbers in (
        ("roc_auc_macro_ovr", [rows[index].roc_auc for index in occurs]),
        ("average_precision_macro", [rows[index].average_precision for index in occurs]),
    ):
        there = [number for number in numbers if number is not None]
        values[name] = float(np.mean(there)) if there else None
    intervals = {"exact_match": of_counts(exact, count), "hamming_loss": of_means(wrong)}
    return Measures(count, values, intervals, tuple(rows))


def _of_label(index: int, truth: Truths, score: Floats, threshold: float) -> ClassMeasures:
    given = score >= threshold
    hits, count, said = int((given & truth).sum()), int(truth.sum()), int(given.sum())
    area, precision = areas(truth, score)
    return ClassMeasures(
        index=index,
        count=count,
        predicted=said,
        precision=hits / said if said else 0.0,
        recall=hits / count if count else None,
        f1=2 * hits / (count + said) if count + said else 0.0,
        roc_auc=area,
        average_precision=precision,
    )
