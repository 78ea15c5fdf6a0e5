"""``inspect``: what weights files are, without running anything in them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import cast

from core.commands.base import DONE, SOME_FAILED, AddCommand, Session, add_output_options, say, write
from core.descriptions import Inspection
from core.errors import WhatsitError, shown
from core.preprocessing import to_dict

_LONGEST_LINE = 2000


def add_inspect(add: AddCommand) -> None:
    """Add the command."""
    parser = add("inspect", help="say what weights files are, running nothing in them")
    parser.add_argument("files", nargs="+", metavar="FILE", help="a weights file")
    add_output_options(parser, ("table", "json", "jsonl"))
    parser.set_defaults(run=_inspect)


def _inspect(options: argparse.Namespace) -> int:
    found: list[Inspection] = []
    streaming = options.format != "json" and options.output is None
    with Session() as session:
        for file in options.files:
            one = _look(session, file)
            found.append(one)
            if one.error:
                say(one.error)
            if streaming:
                write(_text([one], options.format), options)
    if not streaming:
        write(_text(found, options.format), options)
    return SOME_FAILED if any(one.error for one in found) else DONE


def _look(session: Session, file: str) -> Inspection:
    try:
        return cast(Inspection, session.wait(session.workbench.inspect(Path(file))))
    except WhatsitError as error:
        return Inspection(file, error=str(error))


def _text(found: list[Inspection], form: str) -> str:
    if form == "json":
        return json.dumps([to_record(one) for one in found], ensure_ascii=False, indent=2) + "\n"
    if form == "jsonl":
        return "".join(json.dumps(to_record(one), ensure_ascii=False) + "\n" for one in found)
    return "".join(_table(one) for one in found)


def to_record(found: Inspection) -> dict[str, object]:
    """An inspection as plain JSON types: what it could not find out is ``None``, 0 or empty."""
    return {
        "file": found.file,
        "container": found.container or None,
        "unwrapped": list(found.unwrapped),
        "prefix": found.prefix,
        "sets": list(found.sets),
        "architecture": found.architecture or None,
        "ambiguous": found.ambiguous,
        "matches": [
            {
                "architecture": match.architecture,
                "num_classes": match.num_classes,
                "input_channels": match.input_channels,
                "input_size": match.input_size or None,
                "evidence": match.evidence,
            }
            for match in found.matches
        ],
        "num_classes": found.num_classes or None,
        "input_channels": found.input_channels or None,
        "class_names": list(found.class_names) or None,
        "labels_source": found.labels_source or None,
        "preprocessing": to_dict(found.preprocessing) if found.preprocessing is not None else None,
        "preprocessing_source": found.preprocessing_source or None,
        "preprocessing_assumed": found.preprocessing_assumed if found.preprocessing is not None else None,
        "needs_trust": found.needs_trust,
        "blocked": list(found.blocked),
        "tensors": len(found.tensors),
        "parameters": found.parameters,
        "bytes": found.bytes,
        "metadata": dict(found.metadata),
        "left_out": list(found.left_out),
        "sha256": found.sha256 or None,
        "error": found.error or None,
    }


def _table(found: Inspection) -> str:
    rows = [(caption, text) for caption, text in _facts(found) if text]
    lines = (f"  {caption:<14}{shown(text, _LONGEST_LINE)}\n" for caption, text in rows)
    return "".join([f"{shown(found.file, _LONGEST_LINE)}\n", *lines])


def _facts(found: Inspection) -> list[tuple[str, str]]:
    names = ", ".join(found.class_names[:8]) + (" ..." if len(found.class_names) > 8 else "")
    matches = [f"{match.architecture} ({match.evidence})" for match in found.matches[:4]]
    return [
        ("container", found.container),
        ("taken from", ".".join(found.unwrapped) + (f" without {found.prefix}" if found.prefix else "")),
        ("weights", ", ".join(found.sets) if len(found.sets) > 1 else ""),
        ("architecture", ("one of " if found.ambiguous else "") + "; ".join(matches)),
        ("classes", str(found.num_classes or "") + (f": {names}" if names else "")),
        ("channels", str(found.input_channels or "")),
        ("preprocessing", _prepared(found)),
        ("parameters", f"{found.parameters:,} in {len(found.tensors):,} tensors" if found.parameters else ""),
        ("runs code", ", ".join(found.blocked) or ("yes: it must be trusted first" if found.needs_trust else "")),
        ("sha256", found.sha256),
        ("error", found.error),
    ]


def _prepared(found: Inspection) -> str:
    if found.preprocessing is None:
        return ""
    return f"{found.preprocessing.describe()} ({found.preprocessing_source})"
