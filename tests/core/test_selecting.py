"""The images behind a number, against plain numpy over all scores at once."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from core.evaluations import Evaluation
from core.measures.library import Scores, Truths
from core.selecting import LabelLists, ValueLists
from tests.core.evaluated import of_several, of_values

NAMES = ("a", "b", "c", "d", "e")


@pytest.fixture
def known() -> tuple[Truths, Scores]:
    random = np.random.default_rng(5)
    truth = random.random((300, 5)) < (0.5, 0.3, 0.2, 0.05, 0.0)
    scores = np.clip(truth * 0.5 + random.normal(0.25, 0.25, truth.shape), 0, 1)
    return truth, scores.astype(np.float32)


def lists(known: tuple[Truths, Scores]) -> LabelLists:
    return LabelLists(of_several(*known, NAMES))


@pytest.mark.parametrize("label", [0, 1, 3, 4])
def test_of_one_label(known: tuple[Truths, Scores], label: int) -> None:
    truth, scores = known
    true, score = truth[:, label], scores[:, label].astype(np.float64)
    given, found = score >= 0.5, lists(known)
    assert set(found.rows("missed", label)) == set(np.flatnonzero(true & ~given))
    assert set(found.rows("false alarms", label)) == set(np.flatnonzero(~true & given))
    assert set(found.rows("found", label)) == set(np.flatnonzero(true & given))
    assert set(found.rows("with it", label)) == set(np.flatnonzero(true))
    assert set(found.rows("surest mistakes", label)) == set(np.flatnonzero(true != given))
    assert (np.diff(score[found.rows("missed", label)]) >= 0).all()
    assert (np.diff(score[found.rows("false alarms", label)]) <= 0).all()
    assert (np.diff(np.abs(score[found.rows("least certain", label)] - 0.5)) >= 0).all()
    assert len(found.rows("least certain", label)) == 300


def test_of_all_labels(known: tuple[Truths, Scores]) -> None:
    truth, scores = known
    given = scores >= 0.5
    found = lists(known)
    assert set(found.rows("missed")) == set(np.flatnonzero((truth & ~given).any(axis=1)))
    assert set(found.rows("false alarms")) == set(np.flatnonzero((~truth & given).any(axis=1)))
    right = (truth == given).all(axis=1)
    assert set(found.rows("surest mistakes")) == set(np.flatnonzero(~right))
    assert set(found.rows("found")) == set(np.flatnonzero(right & truth.any(axis=1)))
    off = np.abs(scores.astype(np.float64) - truth).max(axis=1)
    assert off[found.rows("surest mistakes")[0]] == off.max()


def test_counts_are_those_of_the_lists(known: tuple[Truths, Scores]) -> None:
    found = lists(known)
    for label, counts in enumerate(zip(*found.counts(), strict=True)):
        assert counts == tuple(len(found.rows(which, label)) for which in ("found", "missed", "false alarms"))


def test_a_swapped_label_is_found(known: tuple[Truths, Scores]) -> None:
    truth, _ = known
    scores = np.where(truth, 0.9, 0.1).astype(np.float32)
    wrong = truth.copy()
    wrong[17, 1] = not truth[17, 1]
    found = LabelLists(of_several(wrong, scores, NAMES))
    assert found.rows("likely label errors", 1).tolist() == [17]
    assert found.rows("likely label errors").tolist() == [17]
    assert not len(found.rows("likely label errors", 0))


def test_the_files_of_scores_may_be_longer_than_what_is_read_at_once() -> None:
    random = np.random.default_rng(0)
    truth, scores = random.random((9001, 2)) < 0.5, random.random((9001, 2)).astype(np.float32)
    evaluation = of_several(truth, scores, ("a", "b"))
    given = scores >= 0.5
    found = LabelLists(evaluation)
    assert found.counts()[0].tolist() == (truth & given).sum(axis=0).tolist()
    assert len(found.rows("missed")) == (truth & ~given).any(axis=1).sum()


def values() -> tuple[Evaluation, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    random = np.random.default_rng(2)
    truth = random.normal(10, 5, 200).round(1)
    said = truth + random.normal(0.5, 1, 200)
    return of_values(truth, said), said.astype(np.float32).astype(np.float64) - truth


def test_values_by_error() -> None:
    evaluation, errors = values()
    found = ValueLists(evaluation)
    assert found.rows("furthest off").tolist() == np.argsort(-np.abs(errors), kind="stable").tolist()
    assert set(found.rows("too high")) == set(np.flatnonzero(errors > 0))
    assert errors[found.rows("too low")[0]] == errors.min()
    assert abs(errors[found.rows("nearest")[0]]) == np.abs(errors).min()


def test_ranges_of_values() -> None:
    evaluation, errors = values()
    ranges = ValueLists(evaluation).ranges()
    assert sorted(int(row) for one in ranges for row in one.rows) == list(range(200))
    truth = evaluation.true_values
    for one, following in itertools.pairwise(ranges):
        assert one.low <= one.high < following.low
    for one in ranges:
        inside = (truth >= one.low) & (truth <= one.high)
        assert set(one.rows) == set(np.flatnonzero(inside))
        assert one.off == pytest.approx(np.abs(errors[inside]).mean())
        assert one.bias == pytest.approx(errors[inside].mean())


@pytest.mark.parametrize("count", [1, 3, 12])
def test_ranges_of_few_or_equal_values(count: int) -> None:
    evaluation = of_values(np.zeros(count), np.ones(count))
    (one,) = ValueLists(evaluation).ranges()
    assert (one.low, one.high, len(one.rows), one.bias) == (0, 0, count, 1)
