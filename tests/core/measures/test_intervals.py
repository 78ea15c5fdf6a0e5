"""Intervals that few images deserve, and the measures of several labels against scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics

from core.measures import measure_classes, measure_several, measure_values
from core.measures.intervals import of_counts

sk, sp = cast(Any, metrics), cast(Any, stats)


@pytest.mark.parametrize(("right", "count"), [(0, 1), (1, 1), (20, 20), (0, 20), (7, 9), (4431, 5000)])
def test_a_share_has_wilsons_interval(right: int, count: int) -> None:
    expected = sp.binomtest(right, count).proportion_ci(0.95, method="wilson")
    assert of_counts(right, count) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_twenty_right_answers_are_no_certainty() -> None:
    truth = np.arange(20) % 4
    measured = measure_classes(truth, np.eye(4, dtype=np.float32)[truth])
    assert all(measured.values[name] == 1 for name in ("f1_macro", "balanced_accuracy", "precision_weighted"))
    for name in ("balanced_accuracy", "precision_macro", "f1_macro", "f1_weighted", "f1_micro"):
        # As wide as the interval of a share of twenty.
        assert measured.intervals[name] == pytest.approx(measured.intervals["accuracy"], abs=1e-9), name


@pytest.mark.parametrize(("classes", "count", "skill"), [(3, 20, 0.98), (10, 30, 0.9)])
def test_intervals_cover_what_is_true(classes: int, count: int, skill: float) -> None:
    """Of many samples, the intervals of nearly all hold the recall that the answers were made with."""
    random, held = np.random.default_rng(classes), 0
    for _ in range(40):
        truth = random.integers(0, classes, count)
        wrong = (truth + random.integers(1, classes, count)) % classes
        scores = np.eye(classes, dtype=np.float32)[np.where(random.random(count) < skill, truth, wrong)]
        low, high = measure_classes(truth, scores).intervals["balanced_accuracy"]
        held += low <= skill <= high
    assert held >= 34


def test_no_interval_leaves_what_a_measure_can_be() -> None:
    random = np.random.default_rng(3)
    for count in (1, 2, 3, 200):
        truth, scores = random.integers(0, 3, count), random.dirichlet(np.full(3, 0.2), count).astype(np.float32)
        right = np.eye(3, dtype=np.float32)[truth]
        several = random.random((count, 3)) < 0.4
        for measured in (
            measure_classes(truth, scores),
            measure_classes(truth, right),
            measure_several(several, scores),
            measure_values(scores[:, 0].astype(np.float64), scores[:, 1].astype(np.float64)),
        ):
            for name, (low, high) in measured.intervals.items():
                value = measured.values[name]
                most = 2 if name == "brier" else np.inf if name in ("log_loss", "mse", "rmse", "mae") else 1
                assert value is not None
                assert 0 <= low <= value <= high <= most, (count, name)


def several(count: int, labels: int, share: float) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    random = np.random.default_rng(labels)
    truth = random.random((count, labels)) < share
    # Scores in steps, so that many are equal.
    scores = np.round(np.clip(0.4 * truth + 0.7 * random.random((count, labels)), 0, 1), 1)
    return truth, scores.astype(np.float32)


@pytest.mark.parametrize(
    ("count", "labels", "share"),
    [(200, 5, 0.3), (1, 4, 0.5), (200, 1, 0.3), (50, 1, 1.0), (100, 30, 0.02), (60, 3, 0.0), (2, 2, 1.0)],
)
def test_several_labels_as_scikit_learn_has_them(count: int, labels: int, share: float) -> None:
    truth, scores = several(count, labels, share)
    found, given = measure_several(truth, scores).values, scores >= np.float32(0.5)
    occurs = np.flatnonzero(truth.any(axis=0))
    assert found["exact_match"] == pytest.approx((given == truth).all(axis=1).mean())
    assert found["hamming_loss"] == pytest.approx((given != truth).mean())
    if not len(occurs):
        assert all(found[name] is None for name in found if name not in ("exact_match", "hamming_loss"))
        return
    # With a label that is never there, scikit-learn takes a single column for labels, too.
    wide = [np.hstack([each, np.zeros((count, 1), np.bool_)]) for each in (truth, given)]
    for average in ("macro", "weighted", "micro"):
        expected = sk.precision_recall_fscore_support(*wide, labels=occurs, average=average, zero_division=0)
        for place, name in enumerate(("precision", "recall", "f1")):
            assert found[f"{name}_{average}"] == pytest.approx(expected[place], abs=1e-9)
    expected = [sk.average_precision_score(truth[:, index], scores[:, index]) for index in occurs]
    assert found["average_precision_macro"] == pytest.approx(float(np.mean(expected)), abs=1e-9)
    areas = [sk.roc_auc_score(truth[:, index], scores[:, index]) for index in occurs if not truth[:, index].all()]
    assert found["roc_auc_macro_ovr"] == (pytest.approx(float(np.mean(areas)), abs=1e-9) if areas else None)


def test_a_model_of_one_class() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = measure_classes(np.zeros(5, np.int64), np.ones((5, 1), np.float32))
    assert found.values["accuracy"] == 1
    assert found.values["roc_auc_macro_ovr"] is None
    assert found.confusion.tolist() == [[5]]
