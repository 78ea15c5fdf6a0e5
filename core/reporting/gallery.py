"""Images with their answers, as thumbnails inside the page."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.drawing import true_labels, true_values
from core.errors import ImageError
from core.evaluations import Evaluation
from core.images import Decoder, ImageSource, thumbnail
from core.plots.axes import as_number, percent
from core.plots.canvas import safe

_SIDE = 128
_MOST_LABELS = 4


@dataclass(frozen=True, slots=True)
class Shown:
    """One image of a gallery.

    Attributes:
        source: where it is.
        true, said: what it is, and what the model makes of it, for a person.
        also: what another model makes of it; empty where there is none.
    """

    source: ImageSource
    true: str
    said: str
    also: str = ""


def worst(evaluation: Evaluation, most: int) -> list[Shown]:
    """The worst mistakes: the surest wrong answers, the labels most wrongly scored, the values furthest off."""
    if evaluation.data.kind == "values":
        return _furthest_off(evaluation, most)
    if evaluation.data.kind == "several":
        return _wrongest(evaluation, most)
    return [_of_class(evaluation, int(row)) for row in evaluation.ordered("surest mistakes")[:most]]


def doubtful(evaluation: Evaluation, most: int) -> list[Shown]:
    """Images whose label may be wrong; none where there are several labels, or values."""
    if evaluation.data.kind != "classes":
        return []
    return [_of_class(evaluation, int(row)) for row in evaluation.ordered("likely label errors")[:most]]


def to_html(images: Sequence[Shown], root: str, decoder: Decoder, check: Callable[[], None]) -> str:
    """Thumbnails with what is true and what was said; an image that cannot be had says why.

    Args:
        images: in their order.
        root: of the data, left out of their names.
        decoder: reads them.
        check: called between images; may raise to end it.
    """
    figures: list[str] = []
    for one in images:
        check()
        name = safe(one.source.name.removeprefix(root.rstrip("/") + "/"))
        said = "".join(f'<b dir="auto">{safe(text)}</b>' for text in (one.said, one.also) if text)
        figures.append(
            f"<figure>{_picture(one.source, decoder)}<figcaption>{said}"
            f'<span>is <bdi>{safe(one.true)}</bdi></span><small title="{name}"><bdi>{name}</bdi></small>'
            "</figcaption></figure>"
        )
    return f'<div class="gallery">{"".join(figures)}</div>'


def _picture(source: ImageSource, decoder: Decoder) -> str:
    if source.is_row:
        return '<p class="none">A row of numbers.</p>'
    try:
        data = thumbnail(decoder.decode(source), _SIDE)
    except ImageError as error:
        return f'<p class="none">{safe(error.what)} {safe(error.why)}</p>'
    return f'<img alt="{safe(source.short_name)}" src="data:image/jpeg;base64,{base64.b64encode(data).decode()}">'


def _of_class(evaluation: Evaluation, row: int) -> Shown:
    true, said = int(evaluation.truth[row]), int(evaluation.predicted[row])
    labels, scores = evaluation.labels, evaluation.scores[row]
    return Shown(
        evaluation.source(row),
        f"{labels[true]} ({percent(float(scores[true]), 1)})",
        f"{labels[said]} {percent(float(scores[said]), 1)}",
    )


def _furthest_off(evaluation: Evaluation, most: int) -> list[Shown]:
    truth, said = true_values(evaluation), np.asarray(evaluation.scores[:, 0], np.float64)
    rows = np.argsort(-np.abs(said - truth), kind="stable")[:most]
    return [
        Shown(evaluation.source(int(row)), as_number(float(truth[row])), as_number(float(said[row]))) for row in rows
    ]


def _wrongest(evaluation: Evaluation, most: int) -> list[Shown]:
    truth, scores = true_labels(evaluation), np.asarray(evaluation.scores, np.float64)
    wrong = np.abs(scores - truth).max(axis=1)
    rows = [int(row) for row in np.argsort(-wrong, kind="stable") if wrong[row] >= 0.5][:most]
    return [
        Shown(evaluation.source(row), _names(evaluation, truth[row]), _names(evaluation, scores[row] >= 0.5))
        for row in rows
    ]


def _names(evaluation: Evaluation, there: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> str:
    indices = np.flatnonzero(there)
    if not len(indices):
        return "no label"
    names = ", ".join(evaluation.labels[int(index)] for index in indices[:_MOST_LABELS])
    more = len(indices) - _MOST_LABELS
    return f"{names} and {more} more" if more > 0 else names
