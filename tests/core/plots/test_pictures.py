"""Pictures: what is drawn where, against plain computations; names that mean harm; sizes."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as Tree
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics

from core import plots
from core.measures import ClassMeasures, measure_classes, pr_curve, reliability, roc_curve
from core.plots import DARK, LIGHT, Between, Cell, OfClass, Picture, Row, Threshold
from core.plots.axes import ticks
from core.plots.canvas import cut, safe, wide
from tests.core.evaluated import random_scores

sk = cast(Any, metrics)
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    "<script>alert(1)</script>",
    "\"quoted' & co",
    "خنزير",
    "a\x00b\x1b[31m\u202egnp\ud800\ufffe",
    "x" * 5000,
    "",
)


def parsed(picture: Picture) -> Tree.Element:
    root = Tree.fromstring(picture.svg)
    assert root.tag == f"{SVG}svg"
    assert not [node for node in root.iter() if node.tag in (f"{SVG}script", f"{SVG}image", f"{SVG}foreignObject")]
    assert root.findtext(f"{SVG}title") == root.get("aria-label") != ""
    for area in picture.areas:
        assert area.text
        assert min(area.width, area.height) > 0
        assert -0.01 <= area.x <= area.x + area.width <= picture.width + 0.01
        assert -0.01 <= area.y <= area.y + area.height <= picture.height + 0.01
    return root


def words(picture: Picture) -> list[str]:
    return [node.text or "" for node in parsed(picture).iter(f"{SVG}text")]


def counted(truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    matrix = np.zeros((classes, classes), np.int64)
    for true, said in zip(truth, predicted, strict=True):
        matrix[true, said] += 1
    return matrix


def matrix_of(classes: int, count: int) -> NDArray[np.int64]:
    truth, scores = random_scores(count, classes)
    return counted(truth, scores.argmax(axis=1), classes)


def test_each_cell_stands_for_its_images() -> None:
    matrix = matrix_of(10, 400)
    labels = [f"class{index}" for index in range(10)]
    picture = plots.confusion_matrix(matrix, labels, LIGHT)
    cells = {a.stands: a for a in picture.areas if isinstance(a.stands, Cell) and a.stands.true and a.stands.predicted}
    assert {(c.true[0], c.predicted[0]) for c in cells} == {(int(r), int(c)) for r, c in np.argwhere(matrix > 0)}
    drawn = parsed(picture)
    for stands, area in cells.items():
        middle = picture.at(area.x + area.width / 2, area.y + area.height / 2)
        assert middle is not None
        assert middle.stands == stands
        count = int(matrix[stands.true[0], stands.predicted[0]])
        inside = [
            node.text
            for node in drawn.iter(f"{SVG}text")
            if area.x < float(node.get("x", 0)) < area.x + area.width
            and area.y < float(node.get("y", 0)) < area.y + area.height
        ]
        assert inside == [str(count)]
    rows = sorted(cells.values(), key=lambda area: (area.y, area.x))
    assert [a.stands for a in rows] == sorted(cells, key=lambda c: (c.true, c.predicted))
    assert picture.at(-1, -1) is None


def test_rates_are_shares_of_the_true_class() -> None:
    matrix = np.asarray([[30, 10, 0], [1, 19, 0], [0, 0, 0]])
    shown = words(plots.confusion_matrix(matrix, ["a", "b", "c"], LIGHT, rates=True))
    assert [text for text in shown if text.replace(".", "").isdigit()] == ["75", "25", "5.0", "95"]
    assert any("Without 1 class that never occur" in text for text in shown)


@pytest.mark.parametrize(
    ("order", "rates", "expected"),
    [
        ("head", False, [0, 1, 2, 3]),
        ("name", False, [2, 3, 0, 1]),
        ("count", False, [1, 0, 3, 2]),
        ("errors", False, [1, 0, 3, 2]),
        ("errors", True, [3, 0, 1, 2]),
        ("right", False, [3, 0, 1, 2]),
        ("f1", False, [2, 3, 0, 1]),
    ],
)
def test_orders(order: plots.ClassOrder, rates: bool, expected: list[int]) -> None:
    labels = ["n10", "zebra", "Apple", "n9", "never"]
    matrix = np.zeros((5, 5), np.int64)
    matrix[0, :2] = 6, 3
    matrix[1, 1:3] = 90, 9
    matrix[2, 2] = 2
    matrix[3, 2:4] = 2, 1
    assert plots.class_order(matrix, labels, order, rates=rates) == expected


def test_classes_that_are_taken_for_each_other_stand_together() -> None:
    """Groups that are only mixed up among themselves are found again, however the head has them."""
    random = np.random.default_rng(11)
    for classes, size in ((12, 3), (60, 5), (400, 4)):
        groups = random.permutation(np.arange(classes) // size)
        matrix = np.diag(np.full(classes, 30))
        for group in range(classes // size):
            inside = np.flatnonzero(groups == group)
            matrix[np.ix_(inside, inside)] += random.integers(1, 9, (size, size))
        # One class is always right, and one never occurs.
        matrix = np.pad(matrix, (1, 1))
        matrix[0, 0] = 40
        order = plots.class_order(matrix, [str(index) for index in range(classes + 2)], "together")
        assert order[-1] == 0
        met = [int(groups[index - 1]) for index in order[:-1]]
        assert sorted(order[:-1]) == list(range(1, classes + 1))
        assert sum(a != b for a, b in itertools.pairwise(met)) == classes // size - 1


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_few_classes_stand_together_anyway(count: int) -> None:
    matrix = np.ones((count, count), np.int64)
    assert plots.class_order(matrix, list("ab"), "together") == list(range(count))


def test_the_most_confused_pairs() -> None:
    matrix = matrix_of(30, 900)
    pairs = plots.confused_pairs(matrix, 7)
    plain = sorted(
        ((int(matrix[r, c]), -r, -c) for r in range(30) for c in range(30) if r != c and matrix[r, c]), reverse=True
    )
    assert pairs == [(-r, -c, count) for count, r, c in plain[:7]]


@pytest.mark.parametrize("rates", [False, True])
def test_a_thousand_classes(rates: bool) -> None:
    matrix = matrix_of(1000, 20_000)
    labels = [f"name {index}" for index in range(1000)]
    picture = plots.confusion_matrix(matrix, labels, DARK, rates=rates)
    assert len(picture.svg) < 400_000
    assert not [text for text in words(picture) if text == "name 5"]
    cells = [area.stands for area in picture.areas if isinstance(area.stands, Cell)]
    dense = [cell for cell in cells if len(cell.true) == 5]
    assert sum(int(matrix[np.ix_(cell.true, cell.predicted)].sum()) for cell in dense) == 20_000
    pairs = [cell for cell in cells if len(cell.true) == 1]
    assert [(c.true[0], c.predicted[0]) for c in pairs] == [pair[:2] for pair in plots.confused_pairs(matrix)]


def test_the_worst_case_stays_small() -> None:
    matrix = np.random.default_rng(0).integers(1, 9, (1000, 1000))
    assert len(plots.confusion_matrix(matrix, ["x" * 60] * 1000, LIGHT).svg) < 1_500_000


@pytest.mark.parametrize("classes", [1, 2, 24, 25, 100, 101, 203])
def test_every_number_of_classes(classes: int) -> None:
    picture = plots.confusion_matrix(matrix_of(classes, 3 * classes + 5), [*map(str, range(classes))], LIGHT)
    parsed(picture)
    assert picture.width < 1500


def test_bars_are_as_long_as_their_values() -> None:
    truth, scores = random_scores(200, 6, sure=2)
    classes = measure_classes(truth, scores).classes
    picture = plots.class_bars(classes, list("abcdef"), LIGHT)
    bars = [node for node in parsed(picture).iter(f"{SVG}rect") if node.find(f"{SVG}title") is not None]
    order = [one.index for one in sorted(classes, key=lambda one: one.f1)]
    expected = [getattr(classes[index], name) * 400 for index in order for name in ("precision", "recall", "f1")]
    assert [float(node.get("width", 0)) for node in bars] == pytest.approx(expected, abs=0.01)
    hits = [area.stands for area in picture.areas if isinstance(area.stands, OfClass) and area.stands.measure]
    assert hits[:3] == [OfClass(order[0], name) for name in ("precision", "recall", "f1")]


def test_of_a_thousand_classes_the_worst_and_the_best() -> None:
    random = np.random.default_rng(0).random((1000, 3))
    classes = [
        ClassMeasures(i, i % 7, 5, float(values[0]), float(values[1]), float(values[2]), None, None)
        for i, values in enumerate(random)
    ]
    shown, gap = plots.worst_and_best(classes)
    f1 = sorted(one.f1 for one in classes if one.count)
    assert [one.f1 for one in shown] == f1[:20] + f1[-20:]
    assert gap == 20
    picture = plots.class_bars(classes, [str(index) for index in range(1000)], LIGHT)
    assert any(f"{len(f1) - 40:,} classes between" in text for text in words(picture))
    assert len(picture.svg) < 100_000


def test_bars_stand_in_the_order_that_is_given() -> None:
    truth, scores = random_scores(200, 6, sure=2)
    classes = measure_classes(truth, scores).classes
    order = [3, 0, 5, 1, 4, 2]
    picture = plots.class_bars(classes, list("abcdef"), LIGHT, order=order)
    rows = sorted((area.y, area.stands.index) for area in picture.areas if isinstance(area.stands, OfClass))
    assert list(dict.fromkeys(index for _, index in rows)) == order
    many = [ClassMeasures(i, 1, 1, 0.5, 0.5, 0.5, None, None) for i in range(100)]
    picture = plots.class_bars(many, [str(index) for index in range(100)], LIGHT, order=range(99, -1, -1))
    shown = list(dict.fromkeys(area.stands.index for area in picture.areas if isinstance(area.stands, OfClass)))
    assert shown == [*range(99, 79, -1), *range(19, -1, -1)]


def test_curves_and_their_areas() -> None:
    truth, scores = random_scores(500, 4, sure=1.5)
    columns = [(truth == index, scores[:, index].astype(np.float64)) for index in range(4)]
    roc = [roc_curve(*column) for column in columns]
    mean = plots.mean_curve(roc, steps=False)
    areas = [float(sk.auc(curve.x, curve.y)) for curve in roc]
    assert float(sk.auc(mean.x, mean.y)) == pytest.approx(np.mean(areas), abs=0.005)
    pr = [pr_curve(*column) for column in columns]
    steps = plots.mean_curve(pr, steps=True)
    average = np.mean([sk.average_precision_score(*column) for column in columns])
    assert float(steps.y[1:].mean()) == pytest.approx(average, abs=0.01)
    named = [plots.NamedCurve(f"c{index}", curve, areas[index], index) for index, curve in enumerate(roc)]
    picture = plots.roc_curves([plots.NamedCurve("Mean", mean, 0.5), *named], LIGHT)
    lines = [node.get("points", "") for node in parsed(picture).iter(f"{SVG}polyline")]
    drawn = max(lines[:-2], key=len).split()
    assert drawn[0] == "64,440"
    assert drawn[-1] == "464,40"
    points = [area.stands for area in picture.areas if isinstance(area.stands, Threshold)]
    assert {point.index for point in points} == {0, 1, 2, 3}
    assert any("No curve" in text for text in words(plots.pr_curves([], LIGHT)))


def test_reliability_says_what_was_counted() -> None:
    truth, scores = random_scores(700, 5, sure=1.5)
    confidence, right = scores.max(axis=1).astype(np.float64), scores.argmax(axis=1) == truth
    picture = plots.reliability_diagram(reliability(confidence, right), LIGHT)
    error = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence > low) & (confidence <= low + 1 / 15 + 1e-12)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert f"ECE {100 * error:.2f} %" in words(picture)
    for area in picture.areas:
        assert isinstance(area.stands, Between)
        inside = (confidence > area.stands.low) & (confidence <= area.stands.high)
        assert f"of {int(inside.sum()):,} images" in area.text


def test_histograms_count_every_image() -> None:
    truth, scores = random_scores(300, 3, sure=1)
    confidence, right = scores.max(axis=1).astype(np.float64), scores.argmax(axis=1) == truth
    for area in plots.score_histogram(confidence, right, LIGHT).areas:
        assert isinstance(area.stands, Between)
        inside = (confidence > area.stands.low) & (confidence <= area.stands.high) & (right == area.stands.right)
        assert f": {int(inside.sum()):,} " in area.text
    errors = np.random.default_rng(0).normal(3, 40, 500)
    picture = plots.error_histogram(errors, DARK)
    told = [int(area.text.rpartition(": ")[2].split()[0]) for area in picture.areas]
    assert sum(told) == 500
    assert 5 < len(told) <= 26


def test_values_lie_where_they_belong() -> None:
    truth, said = np.asarray([0.0, 10.0, 5.0, np.nan]), np.asarray([10.0, 0.0, 5.0, 1.0])
    picture = plots.value_scatter(truth, said, LIGHT)
    dots = [(float(node.get("cx", 0)), float(node.get("cy", 0))) for node in parsed(picture).iter(f"{SVG}circle")]
    assert dots == [(72, 40), (492, 460), (282, 250)]
    assert [area.stands for area in picture.areas] == [Row(0), Row(1), Row(2)]
    many = np.random.default_rng(0).normal(0, 1, (2, 5000))
    picture = plots.value_scatter(many[0], many[1], LIGHT)
    rows = [area.stands.row for area in picture.areas if isinstance(area.stands, Row)]
    assert len(set(rows)) == len(rows) == 2000
    furthest = np.argsort(-np.abs(many[1] - many[0]))[:500]
    assert set(furthest.tolist()) <= set(rows)


EMPTY: list[Callable[[], Picture]] = [
    lambda: plots.confusion_matrix(np.zeros((3, 3), np.int64), list("abc"), LIGHT),
    lambda: plots.class_bars((), (), LIGHT),
    lambda: plots.score_histogram(np.zeros(0), np.zeros(0, np.bool_), LIGHT),
    lambda: plots.error_histogram(np.zeros(0), LIGHT),
    lambda: plots.error_histogram(np.full(4, 1e9), LIGHT),
    lambda: plots.error_histogram(np.asarray([-1e-12, 1e-12]), LIGHT),
    lambda: plots.value_scatter(np.full(3, np.inf), np.zeros(3), LIGHT),
    lambda: plots.value_scatter(np.ones(1), np.ones(1), LIGHT),
    lambda: plots.reliability_diagram(reliability(np.ones(1), np.ones(1, np.bool_)), LIGHT),
]


@pytest.mark.parametrize("draw", EMPTY)
def test_nothing_and_next_to_nothing(draw: Callable[[], Picture]) -> None:
    parsed(draw())


def test_names_that_mean_harm() -> None:
    labels = [*HOSTILE, "cat", "dog"]
    truth, scores = random_scores(100, len(labels), sure=1)
    measures = measure_classes(truth, scores)
    curve = roc_curve(truth == 0, scores[:, 0].astype(np.float64))
    curves = [plots.NamedCurve(name, curve, 0.5, index) for index, name in enumerate(labels)]
    for picture in (
        plots.confusion_matrix(measures.confusion, labels, LIGHT),
        plots.class_bars(measures.classes, labels, DARK),
        plots.roc_curves(curves, LIGHT),
    ):
        text = "".join(words(picture)) + "".join(area.text for area in picture.areas)
        assert not set("\x00\x1b\u202e\ud800") & set(text)
        assert "خنزير" in text
        assert "\ufffdخنزير" not in text
        assert "<script>" not in picture.svg
        picture.svg.encode("utf-8")


def test_a_name_from_right_to_left_turns_nothing_round() -> None:
    matrix = np.eye(30, dtype=np.int64) * 9
    matrix[4, 5] = 3
    labels = [f"c{index}" for index in range(30)]
    labels[5] = "قطة\u202e"
    shown = words(plots.confusion_matrix(matrix, labels, LIGHT))
    assert "c4 → \u2068قطة\ufffd\u2069" in shown


@given(st.text(alphabet=st.characters(codec=None), max_size=40))
def test_any_text_is_safe(text: str) -> None:
    node = Tree.fromstring(f'<a b="{safe(text)}">{safe(text)}</a>')
    assert not set("\u202a\u202b\u202d\u202e\u2066\u2067") & set(safe(text))
    assert node.text == node.get("b") or not text.strip()


@given(st.text(max_size=60), st.floats(20, 400))
def test_a_name_that_is_cut_fits(text: str, most: float) -> None:
    shown = cut(text, most, 12)
    assert wide(shown, 12) <= most
    assert "…" in shown or wide(text, 12) <= most


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9), st.integers(2, 12))
def test_ticks_are_round_and_inside(low: float, reach: float, most: int) -> None:
    # Numbers so near to each other that floats can hardly tell them apart are no picture.
    assume(abs(low) < 1e6 * reach)
    high = low + reach
    found = ticks(low, high, most)
    assert 1 <= len(found) <= most
    slack = reach * 1e-6 + abs(low) * 1e-12
    assert all(low - slack <= value <= high + slack for value in found)
    if len(found) > 1:
        step = found[1] - found[0]
        leading = step / 10 ** np.floor(np.log10(step) + 1e-9)
        assert min(abs(leading - nice) for nice in (1, 2, 5, 10)) < 1e-2 or abs(low) > 1e4 * reach
