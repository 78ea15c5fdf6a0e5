"""The images behind a place of a picture, against what NumPy selects from the scores."""

from __future__ import annotations

import numpy as np
import pytest

from core import drawing
from core.behind import images_behind
from core.evaluations import Evaluation
from core.plots import LIGHT, Between, Cell, HitArea, OfClass, Row, Threshold
from tests.core.evaluated import of_classes, of_several, of_values, random_scores

true_classes, all_scores = random_scores(600, 5, seed=4, sure=1.2)
LABELS = [f"class {index}" for index in range(5)]
said_classes, confidences = all_scores.argmax(axis=1), all_scores.max(axis=1).astype(np.float64)


@pytest.fixture(scope="module")
def found() -> Evaluation:
    return of_classes(true_classes, all_scores, LABELS)


@pytest.fixture(scope="module")
def several() -> tuple[Evaluation, np.ndarray, np.ndarray]:
    random = np.random.default_rng(8)
    truth = random.random((5000, 4)) < 0.4
    scores = np.clip(0.4 * truth + 0.7 * random.random((5000, 4)), 0, 1).astype(np.float32)
    return of_several(truth, scores, list("wxyz")), truth, scores


def areas(evaluation: Evaluation, kind: drawing.Kind) -> tuple[HitArea, ...]:
    return drawing.draw(evaluation, kind, LIGHT).areas


def test_every_place_of_a_matrix(found: Evaluation) -> None:
    for area in areas(found, "confusion"):
        assert isinstance(area.stands, Cell)
        inside = np.ones(len(true_classes), np.bool_)
        if area.stands.true:
            inside &= true_classes == area.stands.true[0]
        if area.stands.predicted:
            inside &= said_classes == area.stands.predicted[0]
        behind = images_behind(found, "confusion", area.stands)
        assert set(behind.rows.tolist()) == set(np.flatnonzero(inside).tolist())
        assert np.all(np.diff(confidences[behind.rows]) <= 0)
        assert behind.text.startswith(f"{len(behind.rows):,} image")


def test_cells_of_several_classes(found: Evaluation) -> None:
    behind = images_behind(found, "confusion", Cell((0, 3), (1, 2)))
    inside = ((true_classes == 0) | (true_classes == 3)) & ((said_classes == 1) | (said_classes == 2))
    assert sorted(behind.rows.tolist()) == np.flatnonzero(inside).tolist()


def test_bars_are_of_their_class(found: Evaluation) -> None:
    for area in areas(found, "classes"):
        assert isinstance(area.stands, OfClass)
        index = area.stands.index
        inside = {
            "": true_classes == index,
            "recall": true_classes == index,
            "precision": said_classes == index,
            "f1": (true_classes == index) | (said_classes == index),
        }[area.stands.measure]
        rows = images_behind(found, "classes", area.stands).rows
        assert sorted(rows.tolist()) == np.flatnonzero(inside).tolist()
        wrong = true_classes[rows] != said_classes[rows]
        # All that are wrong come before all that are right.
        assert np.all(np.diff(wrong.astype(int)) <= 0)


@pytest.mark.parametrize("kind", ["roc", "pr"])
def test_a_threshold_misses_some_and_alarms_at_others(found: Evaluation, kind: drawing.Kind) -> None:
    points = [area.stands for area in areas(found, kind) if isinstance(area.stands, Threshold)]
    assert len(points) > 100
    for point in points[::7]:
        score = all_scores[:, point.index].astype(np.float64)
        missed = np.flatnonzero((true_classes == point.index) & (score < point.score))
        alarms = np.flatnonzero((true_classes != point.index) & (score >= point.score))
        behind = images_behind(found, kind, point)
        assert set(behind.rows[: len(missed)].tolist()) == set(missed.tolist())
        assert set(behind.rows[len(missed) :].tolist()) == set(alarms.tolist())
        assert (
            f"{len(missed):,} of its {int((true_classes == point.index).sum()):,} images would be missed" in behind.text
        )


def test_the_mean_of_all_curves_has_no_images(found: Evaluation) -> None:
    (mean,) = {
        area.stands for area in areas(found, "roc") if isinstance(area.stands, OfClass) and area.stands.index < 0
    }
    behind = images_behind(found, "roc", mean)
    assert len(behind.rows) == 0
    assert "choose the curve of a class" in behind.text


@pytest.mark.parametrize("kind", ["reliability", "scores"])
def test_each_image_is_in_one_bin(found: Evaluation, kind: drawing.Kind) -> None:
    seen: list[int] = []
    for area in areas(found, kind):
        assert isinstance(area.stands, Between)
        inside = (area.stands.low < confidences) & (area.stands.high >= confidences)
        if area.stands.right is not None:
            inside &= (true_classes == said_classes) == area.stands.right
        rows = images_behind(found, kind, area.stands).rows
        assert sorted(rows.tolist()) == np.flatnonzero(inside).tolist()
        assert len(rows)
        seen += rows.tolist()
    assert sorted(seen) == list(range(len(true_classes)))


def test_a_score_beyond_one_by_rounding_is_in_the_last_bin() -> None:
    scores = np.asarray([[1 + 1e-6, 0], [0.6, 0.4]], np.float32)
    found = of_classes(np.asarray([0, 0]), scores, ["a", "b"])
    for kind in ("reliability", "scores"):
        last = max((area.stands for area in areas(found, kind) if isinstance(area.stands, Between)), key=_high)
        assert images_behind(found, kind, last).rows.tolist() == [0]


def test_several_labels(several: tuple[Evaluation, np.ndarray, np.ndarray]) -> None:
    found, truth, scores = several
    for area in areas(found, "scores"):
        assert isinstance(area.stands, Between)
        inside = (scores > area.stands.low) & (scores <= area.stands.high) & (truth == area.stands.right)
        behind = images_behind(found, "scores", area.stands)
        assert sorted(behind.rows.tolist()) == np.flatnonzero(inside.any(axis=1)).tolist()
    for area in areas(found, "classes"):
        assert isinstance(area.stands, OfClass)
        has, said = truth[:, area.stands.index], scores[:, area.stands.index] >= 0.5
        inside = {"precision": said, "f1": has | said}.get(area.stands.measure, has)
        behind = images_behind(found, "classes", area.stands)
        assert sorted(behind.rows.tolist()) == np.flatnonzero(inside).tolist()
        wrong = int((has[inside] != said[inside]).sum())
        assert f"{f'{wrong:,}' if wrong else 'none'} of them wrong" in behind.text
        assert behind.label == area.stands.index
    point = next(area.stands for area in areas(found, "roc")[40:] if isinstance(area.stands, Threshold))
    said = scores[:, point.index] >= point.score
    wrong = np.flatnonzero(truth[:, point.index] != said)
    assert sorted(images_behind(found, "roc", point).rows.tolist()) == wrong.tolist()


@pytest.mark.parametrize("whole", [False, True])
def test_values(whole: bool) -> None:
    random = np.random.default_rng(2)
    truth = random.integers(0, 9, 400).astype(np.float64)
    said = truth + (random.integers(-4, 5, 400) if whole else random.normal(0, 3, 400))
    found = of_values(truth, said)
    errors = said.astype(np.float32).astype(np.float64) - truth
    seen: list[int] = []
    for area in areas(found, "errors"):
        rows = images_behind(found, "errors", area.stands).rows
        assert f": {len(rows):,} image{'' if len(rows) == 1 else 's'}" in area.text
        assert np.all(np.diff(np.abs(errors[rows])) <= 0)
        seen += rows.tolist()
    assert sorted(seen) == list(range(400))
    for area in areas(found, "values")[:20]:
        assert isinstance(area.stands, Row)
        assert images_behind(found, "values", area.stands).rows.tolist() == [area.stands.row]
    together = images_behind(found, "values", Row(3), Row(250), Row(8))
    assert together.rows.tolist() == sorted((3, 250, 8), key=lambda row: (-abs(errors[row]), (3, 250, 8).index(row)))


def _high(stands: Between) -> float:
    return stands.high
