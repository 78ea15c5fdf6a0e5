"""An evaluation as JSON, and as a file of any form."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import numpy as np

from core.comparing import Compared
from core.errors import ExportError
from core.evaluations import Evaluation
from core.export import write_text
from core.measures import verdict
from core.measures.library import Indices
from core.preprocessing import to_dict
from core.reporting import save_comparison, save_predictions, save_report


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
    said = verdict(found)
    return {
        "first": compared.titles[0],
        "second": compared.titles[1],
        "verdict": " ".join((said.what, said.more)),
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
        "other_answer": compared.names(np.flatnonzero(~compared.same)),
    }


def save_evaluation(path: Path, evaluation: Evaluation, rows: Indices | None = None) -> int:
    """Write a file in the form that its ending names; how many images are in it.

    ``.html`` is a report to hand on, ``.json`` has all figures and where they come from, ``.csv`` each image.

    Args:
        path: of the file.
        evaluation: what was found.
        rows: which images a table has; all if not given.

    Raises:
        ExportError: the ending is another one, or the file cannot be written; an older file is untouched then.
    """
    match _form(path):
        case "html":
            save_report(path, evaluation)
        case "json":
            write_text(path, to_json(evaluation))
        case "csv":
            save_predictions(path, evaluation, rows)
    return evaluation.count if rows is None else len(rows)


def save_compared(path: Path, compared: Compared, places: Indices | None = None) -> int:
    """Write two models on the same images in the form that a file's ending names; how many images are in it.

    ``.html`` is the report on the first with what differs, ``.json`` has all figures of both, ``.csv`` each image with
    both answers.

    Args:
        path: of the file.
        compared: the two.
        places: which images a table has; all that both answered if not given.

    Raises:
        ExportError: the ending is another one, or the file cannot be written; an older file is untouched then.
    """
    match _form(path):
        case "html":
            save_report(path, compared.first, compared=compared)
        case "json":
            write_text(path, to_json(compared.first, compared))
        case "csv":
            return save_comparison(path, compared, places)
    return len(compared.rows)


def _form(path: Path) -> Literal["html", "json", "csv"]:
    """What a file's ending stands for."""
    match path.suffix.lower():
        case ".html" | ".htm":
            return "html"
        case ".json":
            return "json"
        case ".csv":
            return "csv"
        case ending:
            raise ExportError(
                f"Results cannot be saved as {path.name}.",
                f"The ending of the name says which format, and {ending or 'no ending'!r} is none.",
                "Choose a name that ends in .html, .json or .csv.",
            )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
