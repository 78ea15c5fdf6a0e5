"""Every image of an evaluation with its answer, as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.drawing import true_labels, true_values
from core.evaluations import Evaluation
from core.export import csv_line, write_parts
from core.measures.library import Floats, Indices

HALF = 0.5
_ROWS = 512
_BETWEEN = "|"


def save_predictions(path: Path, evaluation: Evaluation, rows: Indices | None = None) -> None:
    """Write a row an image: path, true and predicted class, the latter's score, right or wrong, and all scores.

    Images that may have several labels have these with ``|`` between them; a regression has its true and predicted
    value and their difference.  Images that were left out come last, with the reason and no answer.  Names are written
    as they are: a spreadsheet may take one that begins with ``=`` for a formula.

    Args:
        path: of the file.
        evaluation: what was found.
        rows: which of its rows, in this order, and nothing of what was left out; all if not given.

    Raises:
        ExportError: the file cannot be written; an older file is untouched then.
    """
    write_parts(path, (line.encode("utf-8", "backslashreplace") for line in _lines(evaluation, rows)))


def save_left_out(path: Path, evaluation: Evaluation) -> int:
    """Write the images that were not scored, each with its reason; how many there are.

    Raises:
        ExportError: the file cannot be written; an older file is untouched then.
    """
    lines = [csv_line(("image", "reason")), *(csv_line(each) for each in evaluation.skipped)]
    write_parts(path, (line.encode("utf-8", "backslashreplace") for line in lines))
    return len(evaluation.skipped)


def _lines(evaluation: Evaluation, rows: Indices | None) -> Iterator[str]:
    kind = evaluation.data.kind
    scores = () if kind == "values" else tuple(f"score: {label}" for label in evaluation.labels)
    judged = "error" if kind == "values" else "right"
    best = ("score",) if kind == "classes" else ()
    yield csv_line(("image", "true", "predicted", *best, judged, *scores, "left_out"))
    wanted = np.arange(evaluation.count) if rows is None else rows
    for row, (told, numbers) in zip(wanted, _answers(evaluation, wanted), strict=True):
        yield csv_line((evaluation.source(int(row)).name, *told, *numbers, ""))
    nothing = [""] * (3 + len(best) + len(scores))
    for name, reason in evaluation.skipped if rows is None else ():
        yield csv_line((name, *nothing, reason))


def _answers(evaluation: Evaluation, rows: Indices) -> Iterator[tuple[tuple[object, ...], list[float]]]:
    """(true, predicted, the best score where there is one class, right or how far off) and all scores of each."""
    kind, labels = evaluation.data.kind, evaluation.labels
    values = true_values(evaluation) if kind == "values" else None
    several = true_labels(evaluation) if kind == "several" else None
    for start in range(0, len(rows), _ROWS):
        chosen = rows[start : start + _ROWS]
        part: Floats = np.asarray(evaluation.scores[chosen], np.float64)
        for row, scores in zip(map(int, chosen), part, strict=True):
            if values is not None:
                said, true = float(scores[0]), float(values[row])
                yield (true, said, said - true), []
            elif several is not None:
                given = scores >= HALF
                told = (_BETWEEN.join(labels[int(index)] for index in np.flatnonzero(x)) for x in (several[row], given))
                yield (*told, _right(bool((given == several[row]).all()))), scores.tolist()
            else:
                true, said = int(evaluation.truth[row]), int(evaluation.predicted[row])
                yield (labels[true], labels[said], float(scores[said]), _right(true == said)), scores.tolist()


def _right(right: bool) -> str:
    return "right" if right else "wrong"
