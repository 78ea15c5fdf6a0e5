"""The images behind each place of a picture, and in words which they are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.drawing import Kind
from core.evaluations import Evaluation
from core.measures.library import Floats, Indices, Truths
from core.plots import Between, Cell, OfClass, Row, Stands, Threshold
from core.plots.axes import as_number, percent
from core.selecting import HALF
from core.showing import isolated

_ROWS = 4096
"""So many images' scores are in memory at once."""
_SUREST = "the surest answers first"


@dataclass(frozen=True, slots=True)
class Behind:
    """Some images of an evaluation.

    Attributes:
        rows: of the evaluation, in the order in which they are to be looked at.
        text: which they are, as a sentence.
        label: the one that it is about, where an image may have several; -1 for none.
    """

    rows: Indices
    text: str
    label: int = -1


def images_behind(evaluation: Evaluation, kind: Kind, *places: Stands) -> Behind:
    """The images that a place of a picture stands for.

    Args:
        evaluation: with its scores.
        kind: of the picture.
        places: what one of the picture's areas stands for; several where single images lie on top of each other.
    """
    several = evaluation.data.kind == "several"
    match places[0]:
        case Cell() as cell:
            return _of_cell(evaluation, cell)
        case OfClass() as one:
            return replace(_of_class(evaluation, one), label=one.index if several else -1)
        case Threshold() as point:
            return replace(_at_threshold(evaluation, point), label=point.index if several else -1)
        case Between() as part if kind == "errors":
            return _off_by(evaluation, part)
        case Between() as part if several:
            return _with_scores(evaluation, part)
        case Between() as part:
            return _with_confidence(evaluation, part)
        case Row():
            return _single(evaluation, [place.row for place in places if isinstance(place, Row)])


def _counted(rows: Indices, of: str, order: str) -> Behind:
    return Behind(rows, f"{_images(len(rows))} {of}" + (f"; {order}." if len(rows) > 1 else "."))


def _images(count: int) -> str:
    """So many."""
    return "1 image" if count == 1 else f"{count:,} images"


def _names(evaluation: Evaluation, indices: tuple[int, ...]) -> str:
    """Classes that stand side by side."""
    names = [isolated(evaluation.labels[index]) for index in indices]
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]} ({len(names):,} classes)"


def _of_cell(evaluation: Evaluation, cell: Cell) -> Behind:
    inside: Truths = np.ones(evaluation.count, np.bool_)
    words: list[str] = []
    if cell.true:
        inside &= np.isin(evaluation.truth, cell.true)
        words.append(f"of {_names(evaluation, cell.true)}")
    if cell.true == cell.predicted and len(cell.true) == 1:
        words.append("recognised")
    elif cell.predicted:
        words.append(f"taken for {_names(evaluation, cell.predicted)}")
    if cell.predicted:
        inside &= np.isin(evaluation.predicted, cell.predicted)
    rows = np.flatnonzero(inside)
    return _counted(rows[np.argsort(-evaluation.confidence[rows], kind="stable")], ", ".join(words), _SUREST)


def _column(evaluation: Evaluation, index: int) -> tuple[Truths, Truths, Floats]:
    """(N,) each: which images are of a class, which are taken for it, and its scores."""
    scores = np.asarray(evaluation.scores[:, index], np.float64)
    if evaluation.data.kind == "several":
        return evaluation.true_labels[:, index], scores >= HALF, scores
    return evaluation.truth == index, evaluation.predicted == index, scores


def _of_class(evaluation: Evaluation, stands: OfClass) -> Behind:
    if stands.index < 0:
        nothing: Indices = np.zeros(0, np.int64)
        return Behind(nothing, "The mean of all classes has no images of its own: choose the curve of a class.")
    true, said, scores = _column(evaluation, stands.index)
    name = isolated(evaluation.labels[stands.index])
    inside, of = {
        "precision": (said, f"taken for {name}"),
        "f1": (said | true, f"of {name} or taken for it"),
    }.get(stands.measure, (true, f"of {name}"))
    rows = np.flatnonzero(inside)
    wrong = true[rows] != said[rows]
    # Wrong ones first; of each kind the surest.
    rows = rows[np.lexsort((-scores[rows], ~wrong))]
    told = f"{of}, {f'{int(wrong.sum()):,}' if wrong.any() else 'none'} of them wrong" if len(rows) else of
    return _counted(rows, told, "wrong ones first" if wrong.any() else _SUREST)


def _at_threshold(evaluation: Evaluation, stands: Threshold) -> Behind:
    true, _, scores = _column(evaluation, stands.index)
    name, said = isolated(evaluation.labels[stands.index]), scores >= stands.score
    missed, alarms = np.flatnonzero(true & ~said), np.flatnonzero(~true & said)
    missed = missed[np.argsort(-scores[missed], kind="stable")]
    alarms = alarms[np.argsort(-scores[alarms], kind="stable")]
    words = (
        f"If everything from a score of {percent(stands.score, 1)} on were taken for {name}, {len(missed):,} of its "
        f"{_images(int(true.sum()))} would be missed (shown first), and {_images(len(alarms))} of others taken for it."
    )
    return Behind(np.concatenate((missed, alarms)), words)


def _inside(values: Floats, stands: Between) -> Truths:
    """Scores between two bounds; the outermost bins hold what lies beyond 0 and 1 by rounding."""
    low = -np.inf if stands.low <= 0 else stands.low
    high = np.inf if stands.high >= 1 else stands.high
    return (values > low) & (values <= high)


def _with_confidence(evaluation: Evaluation, stands: Between) -> Behind:
    inside = _inside(evaluation.confidence, stands)
    told = f"with a confidence of {percent(stands.low, 1)} to {percent(stands.high, 1)}"
    if stands.right is not None:
        inside &= evaluation.right == stands.right
        told = f"{'rightly' if stands.right else 'wrongly'} answered {told}"
    rows = np.flatnonzero(inside)
    right = evaluation.right[rows]
    rows = rows[np.lexsort((-evaluation.confidence[rows], right))]
    mixed = bool(len(rows)) and 0 < int(right.sum()) < len(rows)
    return _counted(rows, told, "wrong ones first" if mixed else _SUREST)


def _with_scores(evaluation: Evaluation, stands: Between) -> Behind:
    kind = "a label"
    if stands.right is not None:
        kind = "a label that they have" if stands.right else "a label that they do not have"
    best: Floats = np.full(evaluation.count, -np.inf)
    for start in range(0, evaluation.count, _ROWS):
        part = slice(start, start + _ROWS)
        scores: Floats = np.asarray(evaluation.scores[part], np.float64)
        inside = _inside(scores, stands)
        if stands.right is not None:
            inside &= evaluation.true_labels[part] == stands.right
        best[part] = np.where(inside, scores, -np.inf).max(axis=1, initial=-np.inf)
    rows = np.flatnonzero(best > -np.inf)
    told = f"with a score of {percent(stands.low)} to {percent(stands.high)} for {kind}"
    return _counted(rows[np.argsort(-best[rows], kind="stable")], told, "the highest scores first")


def _errors(evaluation: Evaluation) -> Floats:
    return np.asarray(evaluation.scores[:, 0], np.float64) - evaluation.true_values


def _off_by(evaluation: Evaluation, stands: Between) -> Behind:
    errors = _errors(evaluation)
    rows = np.flatnonzero((errors > stands.low) & (errors <= stands.high))
    rows = rows[np.argsort(-np.abs(errors[rows]), kind="stable")]
    told = f"whose value is off by {as_number(stands.low)} to {as_number(stands.high)}"
    return _counted(rows, told, "those furthest off first")


def _single(evaluation: Evaluation, rows: list[int]) -> Behind:
    chosen: Indices = np.asarray(rows, np.int64)
    errors = np.abs(_errors(evaluation)[chosen])
    chosen = chosen[np.argsort(-errors, kind="stable")]
    if len(rows) == 1:
        true, said = evaluation.true_values[rows[0]], float(evaluation.scores[rows[0], 0])
        return Behind(chosen, f"1 image: true {as_number(float(true))}, predicted {as_number(said)}.")
    return _counted(chosen, "at this place", "those furthest off first")
