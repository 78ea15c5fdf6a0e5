"""One HTML file with all of an evaluation: nothing in it comes from elsewhere, nothing in it runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from core import drawing, provenance
from core.comparing import Compared
from core.evaluations import Evaluation
from core.export import write_text
from core.images import Decoder
from core.measures.classification import ClassMeasures
from core.measures.words import metric
from core.plots import DARK, LIGHT
from core.plots.axes import percent
from core.plots.canvas import safe
from core.reporting import comparison, gallery
from core.reporting.parts import folded, section, table_of
from core.reporting.style import FOLLOWING, sheet
from core.reporting.words import HEADLINES, between, written
from core.showing import counted

_WORST = 24
_DOUBTFUL = 12
_LISTED = 200
_MISTAKES = {
    "classes": "The surest wrong answers first.",
    "several": "The furthest off first. A label is given from a score of 50 % on.",
    "values": "The furthest off first.",
}


def save_report(
    path: Path, evaluation: Evaluation, decoder: Decoder | None = None, compared: Compared | None = None
) -> None:
    """Write the page; see ``to_html``.

    Raises:
        ExportError: the file cannot be written; an older file is untouched then.
    """
    write_text(path, to_html(evaluation, decoder, compared=compared))


def to_html(
    evaluation: Evaluation,
    decoder: Decoder | None = None,
    *,
    compared: Compared | None = None,
    made: datetime | None = None,
    check: Callable[[], None] = lambda: None,
) -> str:
    """The page: figures, what was left out, pictures, classes, the worst mistakes, where all of it came from.

    Args:
        evaluation: with its scores; images are read for the thumbnails of a few.
        decoder: reads them; one of its own if not given.
        compared: how another model does on the same images; ``evaluation`` is one of the two.
        made: the time that it tells; now if not given.
        check: called between its parts; may raise to end it.
    """
    decoder = decoder or Decoder()
    when = (made or datetime.now().astimezone()).strftime("%Y-%m-%d %H:%M")
    title = f"{evaluation.model} on {_short(evaluation.data.root)}"
    part = f", part {evaluation.data.split}" if evaluation.data.split else ""
    images = counted(evaluation.count, "image")
    parts = [
        f'<header><h1><bdi>{safe(title)}</bdi></h1><p class="quiet">{images} of '
        f"<bdi>{safe(evaluation.data.root + part)}</bdi>; {safe(when)}</p>{_notes(evaluation)}</header>",
        _figures(evaluation),
        _left_out(evaluation),
        _alignment(evaluation),
    ]
    if compared is not None:
        parts.insert(1, comparison.section_of(compared, decoder, check))
    for kind in drawing.kinds(evaluation):
        check()
        picture = drawing.draw(evaluation, kind, FOLLOWING, check=check)
        parts.append(section(drawing.TITLES[kind], _inline(picture.svg), drawing.CAPTIONS.get(kind, "")))
    parts.append(_classes(evaluation))
    mistakes = gallery.worst(evaluation, _WORST)
    told = _MISTAKES[evaluation.data.kind]
    shown = gallery.to_html(mistakes, evaluation.data.root, decoder, check) if mistakes else "<p>There are none.</p>"
    parts.append(section("The worst mistakes", shown, told if mistakes else ""))
    suspects = gallery.doubtful(evaluation, _DOUBTFUL)
    if suspects:
        why = (
            "The model doubts these labels most, and is as sure of another class as it is of that class's own images "
            "(Northcutt, Jiang and Chuang, 2021). Look before you change them."
        )
        parts.append(
            section("Likely label errors", gallery.to_html(suspects, evaluation.data.root, decoder, check), why)
        )
    parts.append(_origin(evaluation))
    return _page(title, "".join(parts))


def _page(title: str, body: str) -> str:
    # The policy holds even if a name should ever get through unescaped.
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{safe(title)}</title>'
        f"<style>{sheet(LIGHT, DARK)}</style></head>\n<body><main>{body}</main></body></html>\n"
    )


def _notes(evaluation: Evaluation) -> str:
    """What is to be known of the data, such as that a person corrected labels."""
    return "".join(f'<p class="quiet"><bdi>{safe(note)}</bdi></p>' for note in evaluation.data.notes)


def _figures(evaluation: Evaluation) -> str:
    values, intervals = evaluation.measures.values, evaluation.measures.intervals
    first = [name for name in HEADLINES if name in values][:3]
    tiles = "".join(
        f"<div><b>{written(name, values[name])}</b><span>{safe(metric(name).title)}</span>"
        f"<small>{_interval(name, evaluation)}</small></div>"
        for name in first
    )
    rows = [
        (metric(name).title, written(name, value), between(name, intervals.get(name)), metric(name).meaning)
        for name, value in values.items()
    ]
    table = table_of(("Measure", "Value", "95 % interval", "What it is"), rows, (1, 2))
    return section("Figures", f'<div class="tiles">{tiles}</div>{table}')


def _interval(name: str, evaluation: Evaluation) -> str:
    ends = between(name, evaluation.measures.intervals.get(name))
    return f"95 %: {safe(ends)}" if ends else ""


def _left_out(evaluation: Evaluation) -> str:
    skipped = evaluation.skipped
    if not skipped:
        return section("Left out", "<p>Nothing: every image was scored.</p>")
    failed = f" {evaluation.failed:,} could not be answered." if evaluation.failed else ""
    count = "1 image was" if len(skipped) == 1 else f"{len(skipped):,} images were"
    shown = skipped[:_LISTED]
    more = f"<p>... and {len(skipped) - _LISTED:,} more.</p>" if len(skipped) > _LISTED else ""
    table = folded(table_of(("Image", "Why"), shown), len(shown), "images")
    return section("Left out", table + more, f"{count} not scored.{failed}")


def _alignment(evaluation: Evaluation) -> str:
    alignment = evaluation.alignment
    if not alignment.rows:
        return ""
    rows = [
        (row.written, f"{row.count:,}", row.label or "none", row.how or _no_partner(row.nearest))
        for row in alignment.rows
    ]
    absent = len(alignment.absent)
    have = "has" if absent == 1 else "have"
    told = (
        f"{absent:,} of the model's {len(evaluation.labels):,} classes {have} no label in the data." if absent else ""
    )
    table = table_of(("Label of the data", "Images", "Class of the model", "How it is known"), rows, (1,))
    return section("Which label is which class", folded(table, len(rows), "labels"), told)


def _no_partner(nearest: str) -> str:
    return f"left out: no class of that name; nearest: {nearest}" if nearest else "left out: no class of that name"


def _classes(evaluation: Evaluation) -> str:
    there = [one for one in evaluation.measures.classes if one.count or one.predicted]
    if not there:
        return ""
    rows = [_class_row(one, evaluation.labels[one.index]) for one in there]
    head = ("Class", "Images", "Predicted", "Precision", "Recall", "F1", "ROC AUC", "Average precision")
    table = table_of(head, rows, range(1, len(head)))
    return section("All classes", folded(table, len(rows), "classes"))


def _class_row(one: ClassMeasures, label: str) -> tuple[str, ...]:
    def share(value: float | None) -> str:
        return "-" if value is None else percent(value, 1)

    areas = ("-" if area is None else f"{area:.4f}" for area in (one.roc_auc, one.average_precision))
    shares = (share(one.precision), share(one.recall), share(one.f1))
    return (label, f"{one.count:,}", f"{one.predicted:,}", *shares, *areas)


def _origin(evaluation: Evaluation) -> str:
    facts = provenance.facts(evaluation.provenance)
    listed = "".join(f"<dt>{safe(name)}</dt><dd><bdi>{safe(text)}</bdi></dd>" for name, text in facts)
    took = f"<dt>Evaluated in</dt><dd>{evaluation.seconds:,.1f} s</dd>"
    return section("Where it comes from", f"<dl>{listed}{took}</dl>")


def _inline(svg: str) -> str:
    """A picture inside the page, where it needs no name of its language."""
    bare = svg.replace(' xmlns="http://www.w3.org/2000/svg"', "", 1)
    return f'<div class="picture">{bare}</div>'


def _short(root: str) -> str:
    return root.rstrip("/").rpartition("/")[2] or root
