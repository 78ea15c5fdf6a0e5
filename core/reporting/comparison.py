"""Two models on the same images, as a part of the page and as a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from core.comparing import LISTS, Compared, Which, list_title
from core.drawing import true_labels, true_values
from core.export import csv_line, write_parts
from core.images import Decoder
from core.measures import Change, chance, verdict
from core.measures.library import Indices
from core.measures.words import metric
from core.plots.axes import as_number, percent
from core.plots.canvas import safe
from core.reporting import gallery
from core.reporting.parts import section, table_of
from core.reporting.words import written
from core.showing import counted

_PICTURES = 12
_MINUS = "\N{MINUS SIGN}"
_HALF = 0.5
_BETWEEN = "|"
_NOTHING = "no label"


def step_written(change: Change) -> tuple[str, str]:
    """The difference of a measure, B minus A, and its 95 % interval; shares in percentage points."""
    ends = " to ".join(_signed(change.name, end) for end in change.interval)
    return _signed(change.name, change.second - change.first), ends if all(map(math.isfinite, change.interval)) else ""


def section_of(compared: Compared, decoder: Decoder, check: Callable[[], None]) -> str:
    """The part of the page: which is better, measure by measure, and the images that one alone gets right.

    Args:
        compared: the two models.
        decoder: reads the images.
        check: called between images; may raise to end it.
    """
    found, kind = compared.comparison, compared.kind
    said = verdict(found)
    names = ""
    for letter, title, each in zip("AB", compared.titles, (compared.first, compared.second), strict=True):
        origin = each.provenance
        about = f"{origin.architecture}; {origin.preprocessing.describe()}; sha256 {origin.sha256[:12]}"
        names += f"<dt>{letter}</dt><dd><bdi>{safe(title)}</bdi><br><small><bdi>{safe(about)}</bdi></small></dd>"
    rows = [
        (
            metric(change.name).title,
            written(change.name, change.first),
            written(change.name, change.second),
            *step_written(change),
            chance(change.p),
            change.test,
        )
        for change in found.changes
    ]
    head = ("Measure", "A", "B", "B \N{MINUS SIGN} A", "95 % interval", "Could it be chance?", "Test")
    body = [
        f"<dl>{names}</dl><p><b>{safe(said.what)}</b> {safe(said.more)}</p>"
        f"<p>{safe(_counted(compared))}</p><p class=quiet>Differences of shares are in percentage points.</p>",
        table_of(head, rows, range(1, 5)),
    ]
    for which in ("only_first", "only_second"):
        places = compared.places(which)[:_PICTURES]
        if len(places):
            shown = gallery.to_html(_shown(compared, places), compared.first.data.root, decoder, check)
            body.append(f"<h3>{safe(list_title(which, kind))}</h3>{shown}")
    return section("Compared with another model", "".join(body))


def save_comparison(path: Path, compared: Compared, places: Indices | None = None) -> int:
    """Write a row an image: path, what is true, what either says with its score, and which list it is in.

    Args:
        path: of the CSV file.
        compared: the two models.
        places: which images, in this order; all that both answered if not given.

    Returns:
        How many images are in it.

    Raises:
        ExportError: the file cannot be written; an older file is untouched then.
    """
    wanted = np.arange(len(compared.rows)) if places is None else places
    write_parts(path, (line.encode("utf-8", "backslashreplace") for line in _lines(compared, wanted)))
    return len(wanted)


def _lines(compared: Compared, places: Indices) -> Iterator[str]:
    titles, values = compared.titles, compared.kind == "values"
    head = [cell for title in titles for cell in (f"predicted: {title}", f"{'error' if values else 'score'}: {title}")]
    yield csv_line(("image", "true", *head, "right"))
    right = {
        int(place): which for which in ("only_first", "only_second") for place in getattr(compared.comparison, which)
    }
    both = {int(place) for place in compared.places("both")}
    words = {"only_first": titles[0], "only_second": titles[1]}
    for place, (true, answers) in zip(map(int, places), _answers(compared, places), strict=True):
        alone = words[right[place]] if place in right else ("both" if place in both else "neither")
        cells = [cell for answer in answers for cell in answer]
        yield csv_line((compared.first.source(int(compared.rows[place, 0])).name, true, *cells, alone))


def _answers(compared: Compared, places: Indices) -> Iterator[tuple[str | float, list[tuple[str | float, float]]]]:
    """What is true of each image, and what each of the two says with how sure it is, or how far off."""
    both = tuple(zip((compared.first, compared.second), compared.rows.T, strict=True))
    if compared.kind == "values":
        truth = true_values(compared.first)
        for place in places:
            said = [float(each.scores[rows[place], 0]) for each, rows in both]
            true = float(truth[compared.rows[place, 0]])
            yield true, [(value, value - true) for value in said]
    elif compared.kind == "several":
        truths = true_labels(compared.first)
        for place in places:
            given = [(each, np.asarray(each.scores[rows[place]])) for each, rows in both]
            names = [
                (_BETWEEN.join(each.labels[int(i)] for i in np.flatnonzero(scores >= _HALF)), float(scores.max()))
                for each, scores in given
            ]
            true = np.flatnonzero(truths[compared.rows[place, 0]])
            yield _BETWEEN.join(compared.first.labels[int(i)] for i in true), list(names)
    else:
        for place in places:
            said = [
                (each.labels[int(each.predicted[rows[place]])], float(each.confidence[rows[place]]))
                for each, rows in both
            ]
            yield compared.first.labels[int(compared.first.truth[compared.rows[place, 0]])], list(said)


def _shown(compared: Compared, places: Indices) -> list[gallery.Shown]:
    values = compared.kind == "values"
    made: list[gallery.Shown] = []
    for place, (true, answers) in zip(places, _answers(compared, places), strict=True):
        first, second = (
            f"{letter}: {as_number(float(answer)) if values else f'{answer or _NOTHING} {percent(sure, 1)}'}"
            for letter, (answer, sure) in zip("AB", answers, strict=True)
        )
        told = as_number(float(true)) if values else str(true) or _NOTHING
        made.append(gallery.Shown(compared.first.source(int(compared.rows[place, 0])), told, first, second))
    return made


def _counted(compared: Compared) -> str:
    counts = {which: len(compared.places(which)) for which in LISTS}
    shown: list[Which] = [which for which in LISTS if list_title(which, compared.kind) and which != "changed"]
    parts = [f"{list_title(which, compared.kind)}: {counts[which]:,}" for which in shown]
    if compared.kind != "values":
        parts.append(f"{list_title('changed', compared.kind)}: {counts['changed']:,}")
    return f"Of {counted(len(compared.rows), 'image')} that both answered: {'; '.join(parts)}."


def _signed(name: str, step: float) -> str:
    """A difference with its sign; that of two shares in percentage points."""
    text = f"{100 * abs(step):.1f}" if metric(name).share else written(name, abs(step))
    rounded = not any(digit in text for digit in "123456789")
    return text if rounded else f"{'+' if step > 0 else _MINUS}{text}"
