"""Every measure against scikit-learn itself, or against its paper's definition computed in another way."""

from __future__ import annotations

import math
import warnings
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics

from core.errors import Cancelled
from core.measures import Measures, measure_classes, pr_curve, reliability, roc_curve

Floats = NDArray[np.float64]
Made = tuple[NDArray[np.int64], NDArray[np.float32]]
sk = cast(Any, metrics)


def make(count: int, classes: int, seed: int = 0, present: int = 0, ties: bool = False, skill: float = 1.5) -> Made:
    """Truths and scores of a classifier that is right more often than not."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, present or classes, count)
    logits = random.normal(size=(count, classes))
    logits[np.arange(count), truth] += skill
    scores: NDArray[np.float64] = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    if ties:
        scores = np.round(scores * 4) + 0.25
        scores /= scores.sum(1, keepdims=True)
    return truth, scores.astype(np.float32)


def reference(truth: NDArray[np.int64], scores: NDArray[np.float32]) -> dict[str, float | None]:
    """scikit-learn's own numbers, over the classes that occur."""
    predicted, present, classes = scores.argmax(1), np.unique(truth), scores.shape[1]
    wide = scores.astype(np.float64)
    wide /= wide.sum(1, keepdims=True)
    found: dict[str, float | None] = {
        "accuracy": sk.accuracy_score(truth, predicted),
        "log_loss": sk.log_loss(truth, wide, labels=np.arange(classes)),
        "recall_macro": sk.recall_score(truth, predicted, labels=present, average="macro", zero_division=0),
        "f1_micro": sk.f1_score(truth, predicted, labels=present, average="micro", zero_division=0),
        "brier": float(((scores.astype(np.float64) - np.eye(classes)[truth]) ** 2).sum(1).mean()),
    }
    with warnings.catch_warnings():
        # It warns that predictions have classes that truths have not, which is meant to be so here.
        warnings.simplefilter("ignore", UserWarning)
        found["balanced_accuracy"] = sk.balanced_accuracy_score(truth, predicted)
    for average in ("macro", "weighted"):
        found[f"f1_{average}"] = sk.f1_score(truth, predicted, labels=present, average=average, zero_division=0)
        found[f"precision_{average}"] = sk.precision_score(
            truth, predicted, labels=present, average=average, zero_division=0
        )
    if classes > 5:
        found["top_5_accuracy"] = sk.top_k_accuracy_score(truth, scores, k=5, labels=np.arange(classes))
    else:
        # scikit-learn gives 1 with a warning that it means nothing.
        found["top_5_accuracy"] = None
    if len(present) > 1:
        areas = [sk.roc_auc_score(truth == c, scores[:, c]) for c in present]
        found["roc_auc_macro_ovr"] = float(np.mean(areas))
        found["average_precision_macro"] = float(
            np.mean([sk.average_precision_score(truth == c, scores[:, c]) for c in present])
        )
    else:
        found["roc_auc_macro_ovr"] = None
    if len(present) < classes:
        found["accuracy_restricted"] = float((present[scores[:, present].argmax(1)] == truth).mean())
    return found


CASES: dict[str, Made] = {
    "usual": make(500, 10),
    "two classes": make(300, 2, 1),
    "absent classes": make(400, 12, 2, present=5),
    "one class only": (np.zeros(50, np.int64), make(50, 4, 3)[1]),
    "a single image": make(1, 7, 4),
    "ties": make(300, 8, 5, ties=True),
    "a thousand classes": make(300, 1000, 6, skill=4.0),
    "no skill": make(200, 6, 7, skill=0.0),
    "always the same answer": (make(90, 3, 8)[0], np.tile(np.array([0.5, 0.3, 0.2], np.float32), (90, 1))),
    "certain": (np.array([0, 1, 2, 1]), np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]),
}


@pytest.mark.parametrize("case", CASES)
def test_measures_are_scikit_learns(case: str) -> None:
    truth, scores = CASES[case]
    found = measure_classes(truth, scores).values
    for name, expected in reference(truth, scores).items():
        if expected is None:
            assert found[name] is None, name
        else:
            value = found[name]
            assert value is not None, name
            assert math.isclose(value, expected, abs_tol=1e-6), name


@pytest.mark.parametrize("case", CASES)
def test_each_classs_own_measures(case: str) -> None:
    truth, scores = CASES[case]
    measured: Measures = measure_classes(truth, scores)
    every = list(range(scores.shape[1]))
    expected = sk.precision_recall_fscore_support(truth, scores.argmax(1), labels=every, zero_division=0)
    for index in every:
        one = measured.classes[index]
        mine = np.array([one.precision, one.recall or 0.0, one.f1, one.count])
        assert np.allclose(mine, [float(column[index]) for column in expected], atol=1e-9)
    assert measured.confusion.tolist() == sk.confusion_matrix(truth, scores.argmax(1), labels=every).tolist()


def test_micro_average_of_all_classes_is_accuracy() -> None:
    measured = measure_classes(*CASES["usual"]).values
    assert measured["f1_micro"] == pytest.approx(measured["accuracy"])


def calibration_by_hand(confidence: Floats, right: NDArray[np.bool_]) -> float:
    """Guo et al. 2017, equation 3, image by image."""
    total, bins = 0.0, [(m / 15, (m + 1) / 15) for m in range(15)]
    for low, high in bins:
        inside = [(c, r) for c, r in zip(confidence.tolist(), right.tolist(), strict=True) if low < c <= high]
        if inside:
            gap = abs(sum(r for _, r in inside) / len(inside) - sum(c for c, _ in inside) / len(inside))
            total += len(inside) / len(confidence) * gap
    return total


@pytest.mark.parametrize("case", ["usual", "two classes", "ties", "certain", "a single image", "no skill"])
def test_calibration_error_after_its_paper(case: str) -> None:
    truth, scores = CASES[case]
    confidence = scores.max(1).astype(np.float64)
    expected = calibration_by_hand(confidence, scores.argmax(1) == truth)
    assert measure_classes(truth, scores).values["ece"] == pytest.approx(expected, abs=1e-9)


def test_reliability_counts_every_image_once() -> None:
    confidence = np.array([0.0, 1 / 15, 1.0, 0.5, 0.5])
    bins = reliability(confidence, np.array([True, False, True, True, False]))
    assert sum(one.count for one in bins) == 5
    assert bins[0].count == 2
    assert bins[-1].count == 1


def test_few_images_do_not_look_like_certainty() -> None:
    truth, scores = make(20, 5, 3)
    low, high = measure_classes(truth, scores).intervals["accuracy"]
    assert high - low > 0.25
    # Wilson's formula, written out.
    right, n, z = int((scores.argmax(1) == truth).sum()), 20, 1.959963984540054
    p = right / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert (low, high) == pytest.approx((middle - reach, middle + reach), abs=1e-9)


def test_intervals_cover_what_is_true() -> None:
    """Of 60 samples of one population, the 95 % intervals of macro F1 miss its value about three times."""
    truth, scores = make(24_000, 4, 9)
    whole = measure_classes(truth, scores).values["f1_macro"]
    assert whole is not None
    missed = 0
    for part in range(60):
        rows = slice(part * 400, (part + 1) * 400)
        low, high = measure_classes(truth[rows], scores[rows]).intervals["f1_macro"]
        missed += not low <= whole <= high
    assert missed <= 9


def test_every_interval_holds_its_value() -> None:
    for case in ("usual", "absent classes", "two classes"):
        measured = measure_classes(*CASES[case])
        for name, (low, high) in measured.intervals.items():
            value = measured.values[name]
            assert value is not None
            assert low - 0.05 <= value <= high + 0.05, (case, name)


@pytest.mark.parametrize("case", ["usual", "two classes", "ties", "a thousand classes", "certain"])
def test_curves_bend_where_scikit_learns_do(case: str) -> None:
    truth, scores = CASES[case]
    is_true, score = truth == truth[0], scores[:, truth[0]]
    curve = roc_curve(is_true, score)
    for x, y, threshold in zip(curve.x, curve.y, curve.thresholds, strict=True):
        said = score >= threshold
        assert (x, y) == pytest.approx((said[~is_true].mean(), said[is_true].mean()), abs=1e-12)
    # No bend is left out, or the area would be another.
    assert sk.auc(curve.x, curve.y) == pytest.approx(sk.roc_auc_score(is_true, score), abs=1e-9)
    curve = pr_curve(is_true, score)
    precision, recall, thresholds = sk.precision_recall_curve(is_true, score, drop_intermediate=True)
    mine = {*zip(curve.x.tolist(), curve.y.tolist(), curve.thresholds.tolist(), strict=True)}
    assert {*zip(recall.tolist(), precision.tolist(), [*thresholds.tolist(), math.inf], strict=True)} <= mine
    area = -float(np.sum(np.diff(curve.x) * curve.y[:-1]))
    assert area == pytest.approx(sk.average_precision_score(is_true, score), abs=1e-9)


def test_it_can_be_ended() -> None:
    def check() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        measure_classes(*CASES["usual"], check=check)
