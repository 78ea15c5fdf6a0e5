"""Two evaluations of the same data: what differs, whether that could be chance, and on which images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import DataError
from core.evaluations import Evaluation
from core.measures import Comparison, compare, compare_values, image_losses
from core.measures.library import Indices


@dataclass(frozen=True)
class Compared:
    """Two evaluations of the same data.

    Attributes:
        first, second: the evaluations.
        rows: (N, 2) rows of each, of the images that both models answered.
        comparison: what differs; its places are rows of ``rows``.
    """

    first: Evaluation
    second: Evaluation
    rows: Indices
    comparison: Comparison

    def names(self, places: Indices) -> list[str]:
        """The images of some places."""
        return [self.first.source(int(row)).name for row in self.rows[places, 0]]


def compare_evaluations(first: Evaluation, second: Evaluation) -> Compared:
    """Compare two models on the images that both answered; the order of their classes may differ.

    Raises:
        DataError: they have no image in common, or do not give the same kind of thing.
    """
    kinds = {first.data.kind, second.data.kind}
    if kinds not in ({"classes"}, {"values"}):
        what = "several labels an image" if kinds == {"several"} else "different kinds of things"
        raise DataError(
            "The two models cannot be compared.",
            f"They give {what}: only models of one class an image, or of values, can be.",
            "Evaluate each of them alone.",
        )
    rows = _common(first, second)
    if not len(rows):
        raise DataError("The two models cannot be compared.", "No image was answered by both.", "")
    one, other = rows[:, 0], rows[:, 1]
    if kinds == {"values"}:
        images = [first.data.images[int(place)] for place in first.places[one]]
        truth = np.asarray([image.value for image in images], np.float64)
        values = (np.asarray(each.scores[part, 0], np.float64) for each, part in ((first, one), (second, other)))
        return Compared(first, second, rows, compare_values(truth, *values))
    losses = [image_losses(each.truth, each.scores) for each in (first, second)]
    comparison = compare(
        first.right[one],
        second.right[other],
        {name: (losses[0][name][one], losses[1][name][other]) for name in losses[0]},
        ((first.truth[one], first.predicted[one]), (second.truth[other], second.predicted[other])),
    )
    return Compared(first, second, rows, comparison)


def _common(first: Evaluation, second: Evaluation) -> Indices:
    """Rows of the same images: the same file with the same label, in the first's order."""
    there = {_key(second, row): row for row in range(second.count)}
    pairs = [(row, there[key]) for row in range(first.count) if (key := _key(first, row)) in there]
    return np.asarray(pairs, np.int64).reshape(-1, 2)


def _key(evaluation: Evaluation, row: int) -> tuple[object, ...]:
    image = evaluation.data.images[int(evaluation.places[row])]
    return image.source.name, image.labels, image.value
