"""The pictures of an evaluation: its scores and truths, handed to ``core.plots``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from core import plots
from core.evaluations import Evaluation
from core.measures import pr_curve, reliability, roc_curve
from core.measures.classification import ClassMeasures, columns_of
from core.measures.library import Floats, Truths
from core.plots import ClassOrder, NamedCurve, Palette, Picture

Kind = Literal["confusion", "classes", "roc", "pr", "reliability", "scores", "values", "errors"]
Check = Callable[[], None]

TITLES: dict[Kind, str] = {
    "confusion": "Confusion matrix: which class is taken for which",
    "classes": "Class by class",
    "roc": "ROC curve: hits against false alarms",
    "pr": "Precision-recall curve",
    "reliability": "Reliability diagram: how far percentages can be believed",
    "scores": "Score histogram: how sure the answers are",
    "values": "Predicted against true values",
    "errors": "Error histogram: how far values are off",
}
"""What a person calls each picture."""
CAPTIONS: dict[Kind, str] = {
    "confusion": "Rows are true, columns predicted classes. Blue is right, red is a mistake.",
    "roc": "The mean of all classes, and those with the smallest area; the dotted diagonal is guessing.",
    "pr": "The mean of all classes, and those with the smallest area.",
    "reliability": "The dotted diagonal: as sure as right. Red: surer than right. Pale: righter than sure.",
}
"""How some of them are read."""
ORDERS: dict[ClassOrder, str] = {
    "head": "In the model's order",
    "name": "By name",
    "right": "Least often right first",
    "count": "Most images first",
    "together": "Mixed-up classes together",
    "errors": "Most mistakes first",
    "f1": "Worst F1 first",
}
"""What a person calls each order of the classes."""
_CURVES = 5


def kinds(evaluation: Evaluation) -> tuple[Kind, ...]:
    """The pictures that an evaluation has."""
    if evaluation.data.kind == "values":
        return ("values", "errors")
    if evaluation.data.kind == "several":
        return ("classes", "roc", "pr", "scores")
    return ("confusion", "classes", "roc", "pr", "reliability", "scores")


def orders(evaluation: Evaluation, kind: Kind) -> tuple[ClassOrder, ...]:
    """The orders in which a picture's classes can stand, the usual one first; none where they have a fixed one."""
    if kind == "confusion":
        return ("head", "name", "right", "count", "together")
    if kind == "classes":
        mixed: tuple[ClassOrder, ...] = () if evaluation.data.kind == "several" else ("together",)
        return ("f1", "head", "name", "right", "count", *mixed)
    return ()


def true_values(evaluation: Evaluation) -> Floats:
    """(N,) the numbers to be predicted, of a regression."""
    return evaluation.true_values


def true_labels(evaluation: Evaluation) -> Truths:
    """(N, labels) which labels each image has, where it may have several."""
    return evaluation.true_labels


def draw(
    evaluation: Evaluation,
    kind: Kind,
    palette: Palette,
    *,
    rates: bool = False,
    order: ClassOrder | None = None,
    chosen: Sequence[int] = (),
    check: Check = lambda: None,
) -> Picture:
    """One picture; nothing is inferred for it.

    Args:
        evaluation: with its scores.
        kind: one of ``kinds``.
        palette: colours.
        rates: of the confusion matrix.
        order: of its classes, or of the bars; one of ``orders``, the first if not given.
        chosen: classes whose curves are drawn beside the mean; those with the smallest area if not given.
        check: called between classes; may raise to end it.
    """
    match kind:
        case "confusion":
            matrix = evaluation.measures.confusion
            return plots.confusion_matrix(matrix, evaluation.labels, palette, rates=rates, order=order or "head")
        case "classes":
            classes = evaluation.measures.classes
            return plots.class_bars(classes, evaluation.labels, palette, order=_bar_order(evaluation, order or "f1"))
        case "roc":
            return plots.roc_curves(_curves(evaluation, roc=True, chosen=chosen, check=check), palette)
        case "pr":
            return plots.pr_curves(_curves(evaluation, roc=False, chosen=chosen, check=check), palette)
        case "reliability":
            return plots.reliability_diagram(reliability(evaluation.confidence, evaluation.right), palette)
        case "scores":
            return _scores(evaluation, palette)
        case "values":
            return plots.value_scatter(true_values(evaluation), _predicted(evaluation), palette)
        case "errors":
            return plots.error_histogram(_predicted(evaluation) - true_values(evaluation), palette)


def _bar_order(evaluation: Evaluation, order: ClassOrder) -> list[int]:
    measures, labels = evaluation.measures, evaluation.labels
    if order == "f1":
        return []
    if measures.confusion.size:
        return plots.class_order(measures.confusion, labels, order)
    keys: dict[ClassOrder, Callable[[ClassMeasures], object]] = {
        "name": lambda one: plots.name_key(labels[one.index]),
        "right": lambda one: 2.0 if one.recall is None else one.recall,
        "count": lambda one: -one.count,
    }
    key = keys.get(order, lambda one: one.index)
    return [one.index for one in sorted(measures.classes, key=lambda one: (key(one), one.index))]


def _predicted(evaluation: Evaluation) -> Floats:
    return np.asarray(evaluation.scores[:, 0], np.float64)


def _scores(evaluation: Evaluation, palette: Palette) -> Picture:
    if evaluation.data.kind == "several":
        truth, scores = true_labels(evaluation), np.asarray(evaluation.scores, np.float64)
        return plots.score_histogram(scores.ravel(), truth.ravel(), palette, mistakes=False, x="Score of each label")
    return plots.score_histogram(evaluation.confidence, evaluation.right, palette)


def _curves(evaluation: Evaluation, *, roc: bool, chosen: Sequence[int], check: Check) -> list[NamedCurve]:
    """The mean of all classes that have a curve, then the chosen ones."""

    def area(one: ClassMeasures) -> float | None:
        return one.roc_auc if roc else one.average_precision

    several = true_labels(evaluation) if evaluation.data.kind == "several" else None
    drawn = [one for one in evaluation.measures.classes if one.count and area(one) is not None]
    usual = sorted(drawn, key=lambda one: (area(one) or 0.0, one.index))[:_CURVES]
    wanted = set(chosen) or {one.index for one in usual}
    areas = {one.index: area(one) for one in drawn}
    curves: dict[int, NamedCurve] = {}
    for index, score in columns_of(evaluation.scores, np.isin(np.arange(len(evaluation.labels)), [*areas])):
        check()
        if index in areas:
            truth = evaluation.truth == index if several is None else several[:, index]
            curve = roc_curve(truth, score) if roc else pr_curve(truth, score)
            curves[index] = NamedCurve(evaluation.labels[index], curve, areas[index], index)
    if not curves:
        return []
    name = "roc_auc_macro_ovr" if roc else "average_precision_macro"
    mean = plots.mean_curve([one.curve for one in curves.values()], steps=not roc)
    whole = NamedCurve("Mean of all classes", mean, evaluation.measures.values.get(name))
    kept = [one for index, one in curves.items() if index in wanted]
    return [whole, *sorted(kept, key=lambda one: (one.area or 0.0, one.index))]
