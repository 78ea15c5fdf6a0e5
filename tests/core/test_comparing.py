"""What differs between two evaluations, against SciPy, plain numpy and scikit-learn."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics

from core.comparing import LISTS, Compared, Which, compare_evaluations
from core.errors import Cancelled, DataError, ExportError
from core.evaluation_export import save_compared
from core.evaluations import Evaluation
from core.labelled import AlignedClass, Alignment, carried_over
from core.measures import Change, Comparison, chance, compare, verdict
from core.preprocessing import Preprocessing
from core.reporting import step_written, to_html
from tests.core.evaluated import of_classes, of_several, of_values, random_scores

sk, sp = cast(Any, metrics), cast(Any, stats)
NAMES = ("cat", "dog", "bird", "frog", "ship", "deer", "truck")


def pair(count: int = 300, sure: tuple[float, float] = (1.0, 2.0)) -> tuple[Evaluation, Evaluation]:
    """Two models of different quality, on the same images."""
    truth, first = random_scores(count, len(NAMES), 1, sure[0])
    second = random_scores(count, len(NAMES), 2, 0)[1] * np.float32(0.7)
    second[np.arange(count), truth] += np.float32(0.1 * sure[1])
    second /= second.sum(axis=1, keepdims=True)
    return of_classes(truth, first, NAMES), replace(of_classes(truth, second, NAMES), model="Another model")


def change(compared: Compared, name: str) -> Change:
    return next(each for each in compared.comparison.changes if each.name == name)


def reordered(evaluation: Evaluation, order: list[int], names: tuple[str, ...]) -> Evaluation:
    """The same answers of a model whose classes stand in another order, under other names."""
    back = np.argsort(order)
    rows = tuple(
        AlignedClass(label, 1, int(back[i]), names[int(back[i])], "a synonym") for i, label in enumerate(NAMES)
    )
    return replace(
        evaluation,
        labels=names,
        alignment=Alignment(rows, ()),
        truth=back[evaluation.truth],
        predicted=back[evaluation.predicted],
        scores=evaluation.scores[:, order],
    )


def test_every_figure_of_two_classifiers() -> None:
    first, second = pair()
    compared, truth = compare_evaluations(first, second), first.truth
    right = [each.scores.argmax(axis=1) == truth for each in (first, second)]
    only = [np.flatnonzero(right[0] & ~right[1]), np.flatnonzero(right[1] & ~right[0])]
    found = change(compared, "accuracy")
    assert found.p == pytest.approx(sp.binomtest(len(only[1]), len(only[0]) + len(only[1])).pvalue)
    assert (found.first, found.second) == (pytest.approx(right[0].mean()), pytest.approx(right[1].mean()))
    # Agresti and Min (2005): half an image more in each of the four cells, then Wald's interval.
    n, gained, lost = len(truth) + 2, len(only[1]) + 0.5, len(only[0]) + 0.5
    reach = sp.norm.ppf(0.975) * np.sqrt(gained + lost - (gained - lost) ** 2 / n) / n
    assert found.interval == pytest.approx(((gained - lost) / n - reach, (gained - lost) / n + reach))
    top = [
        np.asarray([truth[i] in np.argsort(-row, kind="stable")[:5] for i, row in enumerate(each.scores)])
        for each in (first, second)
    ]
    found = change(compared, "top_5_accuracy")
    assert (found.first, found.second) == (pytest.approx(top[0].mean()), pytest.approx(top[1].mean()))
    assert found.p == pytest.approx(sp.binomtest(int((top[1] & ~top[0]).sum()), int((top[0] != top[1]).sum())).pvalue)
    found = change(compared, "log_loss")
    own = [-np.log(each.scores[np.arange(len(truth)), truth].astype(np.float64)) for each in (first, second)]
    assert found.second - found.first == pytest.approx((own[1] - own[0]).mean(), abs=1e-6)
    assert found.p == pytest.approx(sp.ttest_rel(own[1], own[0]).pvalue, rel=1e-3)


def test_averages_over_classes_against_a_plain_computation() -> None:
    first, second = pair(200, (1.0, 1.1))
    compared = compare_evaluations(first, second)
    truth, said = first.truth, (first.predicted, second.predicted)

    def f1(true: NDArray[np.int64], predicted: NDArray[np.int64]) -> float:
        occurs = np.unique(true)
        return float(sk.f1_score(true, predicted, labels=occurs, average="macro", zero_division=0))

    found = change(compared, "f1_macro")
    assert (found.first, found.second) == (pytest.approx(f1(truth, said[0])), pytest.approx(f1(truth, said[1])))
    random, drawn, by_chance = np.random.default_rng(5), list[float](), list[float]()
    for _ in range(400):
        rows = random.integers(0, len(truth), len(truth))
        drawn.append(f1(truth[rows], said[1][rows]) - f1(truth[rows], said[0][rows]))
        swap = random.random(len(truth)) < 0.5
        mixed = np.where(swap, said[1], said[0]), np.where(swap, said[0], said[1])
        by_chance.append(f1(truth, mixed[1]) - f1(truth, mixed[0]))
    assert found.interval == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.015)
    assert found.p == pytest.approx((np.abs(by_chance) >= abs(found.second - found.first)).mean(), abs=0.08)


def test_the_order_and_the_names_of_classes_may_differ() -> None:
    first, second = pair()
    order, names = [3, 0, 6, 1, 5, 2, 4], ("Frosch", "Katze", "Laster", "Hund", "Hirsch", "Vogel", "Schiff")
    compared, other = compare_evaluations(first, second), compare_evaluations(first, reordered(second, order, names))
    for one, same in zip(compared.comparison.changes, other.comparison.changes, strict=True):
        assert (same.first, same.second) == (pytest.approx(one.first), pytest.approx(one.second))
        assert same.p == pytest.approx(one.p, abs=1e-9 if one.test != "randomisation" else 0.05)
    assert all(compared.places(which).tolist() == other.places(which).tolist() for which in LISTS)


def test_the_lists() -> None:
    first, second = pair()
    compared = compare_evaluations(first, second)
    right = [each.predicted == each.truth for each in (first, second)]
    wanted: dict[Which, NDArray[np.bool_]] = {
        "only_first": right[0] & ~right[1],
        "only_second": right[1] & ~right[0],
        "both": right[0] & right[1],
        "neither": ~right[0] & ~right[1],
        "changed": first.predicted != second.predicted,
    }
    for which, inside in wanted.items():
        assert sorted(compared.places(which).tolist()) == np.flatnonzero(inside).tolist()
        assert inside.sum() > 5
    sure = second.scores.max(axis=1)[compared.places("only_first")]
    assert (np.diff(sure) <= 0).all()


def test_only_images_that_both_answered_count() -> None:
    first, second = pair()
    some = np.arange(0, first.count, 3)
    part = replace(
        second, places=some, truth=second.truth[some], scores=second.scores[some], predicted=second.predicted[some]
    )
    compared = compare_evaluations(first, part)
    assert compared.rows[:, 0].tolist() == some.tolist()
    assert change(compared, "accuracy").first == pytest.approx((first.predicted == first.truth)[some].mean())


def test_several_labels() -> None:
    random = np.random.default_rng(0)
    truth = random.random((120, 4)) < 0.4
    scores = [np.clip(truth * by + random.random((120, 4)) * 0.7, 0, 1).astype(np.float32) for by in (0.2, 0.45)]
    first, second = (of_several(truth, each, ("a", "b", "c", "d")) for each in scores)
    compared = compare_evaluations(first, second)
    right = [((each >= 0.5) == truth).all(axis=1) for each in scores]
    gained, lost = int((right[1] & ~right[0]).sum()), int((right[0] & ~right[1]).sum())
    assert change(compared, "exact_match").p == pytest.approx(sp.binomtest(gained, gained + lost).pvalue)
    off = [((each >= 0.5) != truth).mean(axis=1) for each in scores]
    found = change(compared, "hamming_loss")
    assert (found.first, found.second) == (pytest.approx(off[0].mean()), pytest.approx(off[1].mean()))
    assert found.p == pytest.approx(sp.ttest_rel(off[1], off[0]).pvalue)
    assert len(compared.places("changed")) == int(((scores[0] >= 0.5) != (scores[1] >= 0.5)).any(axis=1).sum())
    assert verdict(compared.comparison).what == f"B answers {gained - lost} more of 120 images with all labels right."


def test_values(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    truth = random.normal(50, 10, 90)
    first, second = (of_values(truth, truth + random.normal(0, spread, 90)) for spread in (4, 2))
    compared = compare_evaluations(first, second)
    off = [np.abs(each.scores[:, 0].astype(np.float64) - truth) for each in (first, second)]
    assert change(compared, "mae").p == pytest.approx(sp.ttest_rel(off[1], off[0]).pvalue)
    nearer = compared.places("only_second")
    assert sorted(nearer.tolist()) == np.flatnonzero(off[1] < off[0]).tolist()
    assert (np.diff((off[0] - off[1])[nearer]) <= 0).all()
    assert len(compared.places("changed")) == 90
    said = verdict(compared.comparison)
    assert said.what == f"B is nearer to the truth: off by {off[1].mean():.4g} in the mean, not by {off[0].mean():.4g}."
    save_compared(tmp_path / "v.csv", compared, nearer)
    rows = list(csv.reader((tmp_path / "v.csv").read_text("utf-8").splitlines()))
    assert [float(row[5]) for row in rows[1:]] == pytest.approx(
        (second.scores[nearer, 0].astype(np.float64) - truth[nearer]).tolist()
    )


def test_a_verdict_says_what_the_test_says() -> None:
    def of(alone: tuple[int, int], both: int, neither: int) -> Comparison:
        right = np.repeat([[True, False], [False, True], [True, True], [False, False]], [*alone, both, neither], axis=0)
        return compare(right[:, 0], right[:, 1])

    said = verdict(of((57, 100), 4000, 843))
    assert said.what == "B answers 43 more of 5,000 images rightly."
    p = sp.binomtest(57, 157).pvalue
    assert said.more.startswith(f"That could hardly be chance (p {'< 0.001' if p < 0.001 else f'= {p:.2g}'}")
    said = verdict(of((60, 57), 800, 83))
    assert said.what == "A and B cannot be told apart on these 1,000 images."
    assert "a difference of 3 could well be chance (p = 0.85" in said.more
    said = verdict(of((0, 0), 90, 10))
    assert said.what == "A and B are right about the same 90 of 100 images."
    said = verdict(of((0, 5), 90, 5))
    assert said.what.startswith("A and B cannot be told apart")
    assert "They differ on 5 images only; on fewer than 6 nothing" in said.more
    assert verdict(of((6, 0), 90, 4)).what == "A answers 6 more of 100 images rightly."
    assert "With so few images only large differences" in verdict(of((7, 8), 3, 2)).more
    assert [chance(p) for p in (0.0001, 0.009, 0.03, 0.2)] == [
        "hardly, p < 0.001",
        "hardly, p = 0.009",
        "unlikely, p = 0.03",
        "yes, p = 0.2",
    ]


def test_few_images_are_no_certainty() -> None:
    scores = np.asarray([[0.9, 0.1]], np.float32)
    one, other = (of_classes(np.zeros(1, np.int64), each, ("a", "b")) for each in (scores, scores[:, ::-1].copy()))
    compared = compare_evaluations(one, other)
    for found in compared.comparison.changes:
        assert found.p == 1
        assert found.interval[1] - found.interval[0] > 1
        assert step_written(found)[1] in ("", "\N{MINUS SIGN}100.0 to +51.0")
    # The same answers on ten images do not show that there is no difference.
    truth, scores = random_scores(10, 3)
    same = compare_evaluations(of_classes(truth, scores, "abc"), of_classes(truth, scores, "abc"))
    assert change(same, "accuracy").interval[1] > 0.1


def test_models_of_the_same_name_are_told_apart() -> None:
    first, _ = pair()
    other = Preprocessing(size=(64, 64))
    second = replace(first, provenance=replace(first.provenance, preprocessing=other))
    titles = compare_evaluations(first, second).titles
    assert titles[0] != titles[1]
    assert titles[1] == f"A model ({other.describe()})"


def test_what_cannot_be_compared_is_said() -> None:
    first, second = pair(20)
    with pytest.raises(DataError, match="cannot be compared") as caught:
        compare_evaluations(first, of_values(np.zeros(20), np.ones(20)))
    assert "values" in caught.value.why
    images = tuple(replace(image, labels=("ship",)) for image in second.data.images)
    with pytest.raises(DataError, match="cannot be compared"):
        compare_evaluations(
            replace(first, data=replace(first.data, images=tuple(replace(i, labels=("cat",)) for i in images))),
            replace(second, data=replace(second.data, images=images)),
        )

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        compare_evaluations(first, second, stop)


def test_choices_are_carried_over_by_name() -> None:
    chosen = (("kitty", 3), ("junk", -1), ("puppy", 1))
    assert carried_over(chosen, ("a", "dog", "b", "cat"), ("cat", "x")) == (("kitty", 0), ("junk", -1))


def test_files(tmp_path: Path) -> None:
    first, second = pair()
    compared = compare_evaluations(first, second)
    places = compared.places("only_second")
    assert save_compared(tmp_path / "c.csv", compared, places) == len(places)
    rows = list(csv.DictReader((tmp_path / "c.csv").read_text("utf-8").splitlines()))
    assert [row["image"] for row in rows] == [first.source(int(place)).name for place in places]
    for row, place in zip(rows, places, strict=True):
        assert row["true"] == row["predicted: Another model"] == NAMES[first.truth[place]]
        assert row["predicted: A model"] == NAMES[first.predicted[place]]
        assert float(row["score: Another model"]) == pytest.approx(float(second.scores[place].max()))
        assert row["right"] == "Another model"
    assert save_compared(tmp_path / "all.csv", compared) == 300
    rights = [row["right"] for row in csv.DictReader((tmp_path / "all.csv").read_text("utf-8").splitlines())]
    assert rights.count("both") == len(compared.places("both"))
    save_compared(tmp_path / "c.json", compared)
    record = json.loads((tmp_path / "c.json").read_text("utf-8"))["comparison"]
    assert (record["first"], record["second"]) == ("A model", "Another model")
    assert len(record["other_answer"]) == len(compared.places("changed"))
    save_compared(tmp_path / "c.html", compared)
    page = (tmp_path / "c.html").read_text("utf-8")
    assert "Compared with another model" in page
    assert verdict(compared.comparison).what in page
    assert f"Only B is right: {len(places)}" in page
    assert "Compared with another model" not in to_html(first)
    with pytest.raises(ExportError):
        save_compared(tmp_path / "c.txt", compared)
