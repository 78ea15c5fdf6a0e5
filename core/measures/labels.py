"""Measures of a classifier that may give an image several labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from core.measures.classification import ClassMeasures, Measures, averages, columns_of
from core.measures.intervals import DRAWS, Interval, of_counts, of_draws, of_means
from core.measures.library import Indices, Scores, Truths, areas

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
    averaged = _averaged(*(each.sum(axis=0) for each in (truth, given, given & truth)))
    values |= averaged
    for name, numbers in (
        ("roc_auc_macro_ovr", [rows[index].roc_auc for index in occurs]),
        ("average_precision_macro", [rows[index].average_precision for index in occurs]),
    ):
        there = [number for number in numbers if number is not None]
        values[name] = float(np.mean(there)) if there else None
    intervals = {"exact_match": of_counts(exact, count), "hamming_loss": of_means(wrong, 0.0, 1.0)}
    intervals |= _intervals(truth, given, averaged, check)
    return Measures(count, values, intervals, tuple(rows))


def _averaged(true: Indices, said: Indices, right: Indices) -> dict[str, float | None]:
    """Averages over labels, of how many images have each, are said to have it, and rightly so."""
    names = [f"{name}_{way}" for way in ("macro", "weighted", "micro") for name in ("precision", "recall", "f1")]
    found: Mapping[str, float | None] = averages(true, said, right) if true.any() else {}
    return {name: found.get(name) for name in names}


def _intervals(truth: Truths, given: Truths, values: dict[str, float | None], check: Check) -> dict[str, Interval]:
    places: list[tuple[Indices, ...]] = [np.nonzero(each) for each in (truth, given, given & truth)]
    random, (count, labels) = np.random.default_rng(0), truth.shape
    drawn: dict[str, list[float]] = {}
    every: Indices = np.arange(count, dtype=np.int64)
    for _ in range(DRAWS):
        check()
        times: Indices = np.bincount(random.choice(every, count), minlength=count)
        counts: Iterator[Indices] = (np.bincount(each, times[rows], labels).astype(np.int64) for rows, each in places)
        for name, value in _averaged(*counts).items():
            if value is not None:
                drawn.setdefault(name, []).append(value)
    return of_draws(values, drawn, truth.sum(axis=0))


def _of_label(index: int, truth: Truths, score: Scores, threshold: float) -> ClassMeasures:
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
