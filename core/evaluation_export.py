"""An evaluation as JSON, and its images as a table."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path

import numpy as np

from core.comparing import Compared
from core.errors import ExportError
from core.evaluations import Evaluation
from core.export import csv_line, write_text
from core.measures.library import Indices
from core.preprocessing import to_dict

COLUMNS = ("image", "written", "label", "predicted", "score", "score_of_label", "right")
"""Of the table: the label as the data writes it, and as the model does; scores 0..1."""


def to_record(evaluation: Evaluation) -> dict[str, object]:
    """An evaluation as plain JSON types; what is undefined is ``None``."""
    measured = evaluation.measures
    provenance = asdict(evaluation.provenance)
    provenance["preprocessing"] = to_dict(evaluation.provenance.preprocessing)
    return {
        "metrics": {name: _finite(value) for name, value in measured.values.items()},
        "intervals": {name: [_finite(end) for end in ends] for name, ends in measured.intervals.items()},
        "per_class": [{"label": evaluation.labels[one.index], **asdict(one)} for one in measured.classes],
        "labels": list(evaluation.labels),
        "confusion": measured.confusion.tolist(),
        "count": evaluation.count,
        "skipped": [{"image": name, "reason": reason} for name, reason in evaluation.skipped],
        "alignment": [asdict(row) for row in evaluation.alignment.rows],
        "notes": list(evaluation.data.notes),
        "provenance": provenance,
    }


def to_json(evaluation: Evaluation, compared: Compared | None = None) -> str:
    """``to_record`` as text, with how another model does on the same images, where one is given."""
    record = to_record(evaluation)
    if compared is not None:
        record["comparison"] = _comparison(compared)
    return json.dumps(record, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _comparison(compared: Compared) -> dict[str, object]:
    found, against = compared.comparison, to_record(compared.second)
    return {
        "against": {name: against[name] for name in ("metrics", "intervals", "count", "skipped", "provenance")},
        "count": len(compared.rows),
        "changes": {
            one.name: {
                "first": one.first,
                "second": one.second,
                "difference": one.second - one.first,
                "interval": [_finite(end) for end in one.interval],
                "p": one.p,
                "test": one.test,
            }
            for one in found.changes
        },
        "only_first": compared.names(found.only_first),
        "only_second": compared.names(found.only_second),
        "both": found.both,
        "neither": found.neither,
    }


def to_csv(evaluation: Evaluation, rows: Indices | None = None) -> str:
    """The scored images as a table, one line each, with ``COLUMNS`` as heading.

    Of several labels an image, and of a regression, there are fewer columns: what has no single class has none.

    Args:
        evaluation: what was found.
        rows: which of its rows, in this order; all if not given.
    """
    wanted = np.arange(evaluation.count) if rows is None else rows
    if not len(evaluation.truth):
        return _values_csv(evaluation, wanted)
    lines = [csv_line(COLUMNS)]
    for row in map(int, wanted):
        lines.append(
            csv_line(
                (
                    evaluation.source(row).name,
                    evaluation.data.images[int(evaluation.places[row])].labels[0],
                    evaluation.labels[evaluation.truth[row]],
                    evaluation.labels[evaluation.predicted[row]],
                    float(evaluation.confidence[row]),
                    float(evaluation.own[row]),
                    int(evaluation.right[row]),
                )
            )
        )
    return "".join(lines)


def _values_csv(evaluation: Evaluation, rows: Indices) -> str:
    regression = evaluation.data.kind == "values"
    lines = [csv_line(("image", "value" if regression else "labels", *evaluation.labels))]
    for row in map(int, rows):
        image = evaluation.data.images[int(evaluation.places[row])]
        truth = image.value if regression else ";".join(image.labels)
        lines.append(csv_line((image.source.name, truth, *map(float, evaluation.scores[row]))))
    return "".join(lines)


def save_evaluation(path: Path, evaluation: Evaluation, rows: Indices | None = None) -> int:
    """Write ``.json`` (all figures and where they come from) or ``.csv`` (the images); how many images are in it.

    Args:
        path: of the file; its ending tells the form.
        evaluation: what was found.
        rows: which images a table has; all if not given.

    Raises:
        ExportError: the ending is another one, or the file cannot be written; an older file is untouched then.
    """
    ending = path.suffix.lower()
    if ending not in (".json", ".csv"):
        raise ExportError(
            f"Results cannot be saved as {path.name}.",
            f"The ending of the name says which format, and {path.suffix or 'no ending'!r} is none.",
            "Choose a name that ends in .json or .csv.",
        )
    write_text(path, to_json(evaluation) if ending == ".json" else to_csv(evaluation, rows))
    return evaluation.count if rows is None else len(rows)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
