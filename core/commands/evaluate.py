"""``evaluate``: labelled data to the metrics that matter."""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from core.commands.base import DONE, SOME_FAILED, AddCommand, Session, add_output_options, count_of, say, write
from core.commands.limits import check_limits, read_limit
from core.commands.model import add_model_options, against, named_files, open_model
from core.descriptions import ClassifierInfo
from core.errors import UsageError
from core.labelled import EvaluationRequest, carried_over
from core.outputs import OVER_LABELS

if TYPE_CHECKING:
    # They bring scikit-learn along, which no other command needs.
    from core.comparing import Compared
    from core.evaluations import Evaluation

_MOST_SKIPPED = 5


def add_evaluate(add: AddCommand) -> None:
    """Add the command."""
    parser = add("evaluate", help="labelled data -> metrics")
    parser.add_argument(
        "data", metavar="FOLDER", help="class folders, a CSV or JSON of paths and labels, or .npz with X and y"
    )
    parser.add_argument(
        "--split", default="", metavar="NAME", help="which part: test (default where there is one), val ..."
    )
    parser.add_argument("--target", default="", metavar="COLUMN", help="the column of the labels or values")
    parser.add_argument("--path-column", default="", metavar="COLUMN", help="the column of the images' paths")
    parser.add_argument(
        "--align",
        action="append",
        default=[],
        metavar="LABEL=CLASS",
        help="a label of the data is this class of the model (its name or index; - leaves the label out)",
    )
    parser.add_argument(
        "--fail-under",
        action="append",
        default=[],
        metavar="METRIC=VALUE",
        help="exit 1 where the metric is worse (lower; for losses and errors higher) or undefined: accuracy=90%%",
    )
    parser.add_argument(
        "--top-k",
        type=count_of,
        default=0,
        metavar="K",
        help="also how often the true class is among the best K (among the best 5: always)",
    )
    parser.add_argument(
        "--report", type=Path, metavar="FILE.html", help="write a page with figures, pictures and the worst mistakes"
    )
    parser.add_argument(
        "--predictions", type=Path, metavar="FILE.csv", help="write each image with its answer and all scores"
    )
    parser.add_argument(
        "--pictures",
        type=Path,
        metavar="FOLDER",
        help="write confusion matrix, curves and all other pictures as SVG (the window saves PNG and PDF, too)",
    )
    parser.add_argument(
        "--against",
        default="",
        metavar="FILE",
        help="compare with a second model on the same data: its weights, a published model, or builtin",
    )
    add_model_options(parser)
    add_output_options(parser, ("table", "json"))
    parser.set_defaults(run=_evaluate)


def _evaluate(options: argparse.Namespace) -> int:
    from core.evaluation_export import to_json

    limits = [read_limit(text) for text in options.fail_under]
    _check_folders(options.report, options.predictions, options.output)
    _check_folder(options.pictures)
    with Session(named_files(options)) as session:
        info = open_model(session, options)
        say(f"{info.name}, {info.architecture} on {info.device.name}; {info.describe_input()}")
        check_limits(limits, info)
        chosen = {label: _index(info.labels, label, name) for label, name in map(_pair, options.align)}
        request = EvaluationRequest(
            options.data,
            options.split,
            options.target,
            tuple(chosen.items()),
            options.batch_size,
            options.top_k,
            options.path_column,
        )
        evaluation = cast("Evaluation", session.wait(session.workbench.evaluate(request)))
        _say_alignment(evaluation)
        compared = _compare(session, options, request, evaluation) if options.against else None
    write(to_json(evaluation, compared) if options.format == "json" else _table(evaluation, compared), options)
    _save(evaluation, options, compared)
    missed = [text for limit in limits if (text := limit.missed(evaluation))]
    for text in missed:
        say(text)
    failed = evaluation.failed or (compared is not None and compared.second.failed)
    return SOME_FAILED if missed or failed else DONE


def _compare(session: Session, options: argparse.Namespace, request: EvaluationRequest, first: Evaluation) -> Compared:
    """Evaluate the second model on the same data."""
    from core.comparing import compare_evaluations

    info = cast(ClassifierInfo, session.wait(session.workbench.open(against(options, options.against), options.device)))
    say(f"Against {info.name}, {info.architecture}; {info.describe_input()}")
    # A choice of classes was made by the first model's numbers.
    request = replace(request, chosen=carried_over(request.chosen, first.labels, info.labels))
    second = cast("Evaluation", session.wait(session.workbench.evaluate(request)))
    _say_alignment(second)
    return compare_evaluations(first, second)


def _check_folders(*files: Path | None) -> None:
    """Say before the work, not after it, that its result has no place."""
    for file in files:
        if file is not None and file.is_dir():
            raise UsageError(f"{file} cannot be written.", "There is a folder of that name.", "Choose another name.")
        if file is not None and not file.parent.is_dir():
            raise UsageError(
                f"{file} cannot be written.", f"There is no such folder: {file.parent}.", "Create it, or name another."
            )


def _check_folder(folder: Path | None) -> None:
    if folder is None:
        return
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is no folder.", "There is a file of that name.", "Name another.")
    if not folder.parent.is_dir():
        raise UsageError(
            f"{folder} cannot be written.", f"There is no such folder: {folder.parent}.", "Create it, or name another."
        )


def _save(evaluation: Evaluation, options: argparse.Namespace, compared: Compared | None) -> None:
    from core.reporting import save_pictures, save_predictions, save_report

    report, predictions, pictures = options.report, options.predictions, options.pictures

    if report is not None:
        save_report(report, evaluation, compared=compared)
        say(f"The report is in {report}.")
    if predictions is not None:
        save_predictions(predictions, evaluation)
        say(f"The predictions are in {predictions}.")
    if pictures is not None:
        say(f"{len(save_pictures(pictures, evaluation))} pictures are in {pictures}.")


def _pair(text: str) -> tuple[str, str]:
    label, equals, name = text.rpartition("=")
    if not equals or not label:
        raise UsageError(f"{text!r} is not understood.", "It is no LABEL=CLASS.", "Write such as --align kitty=cat.")
    return label, name


def _index(labels: tuple[str, ...], label: str, name: str) -> int:
    if name == "-":
        return -1
    if name in labels:
        return labels.index(name)
    if name.isascii() and name.isdecimal() and int(name) < len(labels):
        return int(name)
    raise UsageError(
        f"{label}={name} is not understood.", f"The model has no class {name!r}.", "Name one of its classes."
    )


def _say_alignment(evaluation: Evaluation) -> None:
    alignment, data = evaluation.alignment, evaluation.data
    part = f", part {data.split}" if data.split else ""
    say(f"{_images(len(data.images))} with labels in {data.root}{part}; {evaluation.count:,} scored.")
    for note in data.notes:
        say(note)
    if data.kind == "several" and evaluation.provenance.activation not in OVER_LABELS:
        say("The data may give an image several labels, and the model gives it one class: a label counts from 50 % on.")
    for row in alignment.rows:
        if row.index < 0:
            near = f" Nearest: {row.nearest}." if row.nearest else ""
            say(f"The label {row.written!r} ({_images(row.count)}) is none of the model's classes.{near}")
        elif row.how != "same name":
            say(f"The label {row.written!r} is taken for {row.label!r}: {row.how}.")
        if row.index >= 0 and not row.count:
            say(f"The label {row.written!r} has no images.")
    absent, classes = len(alignment.absent), len(evaluation.labels)
    if absent and alignment.rows:
        names = ", ".join(repr(evaluation.labels[index]) for index in alignment.absent[:_MOST_SKIPPED])
        more = " ..." if absent > _MOST_SKIPPED else "."
        say(f"{absent:,} of the model's {classes:,} classes have no label here: {names}{more}")
    for name, reason in evaluation.skipped[:_MOST_SKIPPED]:
        say(f"Left out: {name}: {reason}")
    if len(evaluation.skipped) > _MOST_SKIPPED:
        say(f"... and {len(evaluation.skipped) - _MOST_SKIPPED:,} more.")


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"


def _table(evaluation: Evaluation, compared: Compared | None) -> str:
    rows: list[str] = [f"{_images(evaluation.count)}\n"]
    for name, value in evaluation.measures.values.items():
        # Values may have any size; shares have not.
        form = ".6g" if evaluation.data.kind == "values" else ".4f"
        shown = "undefined" if value is None else f"{value:{form}}"
        ends = evaluation.measures.intervals.get(name)
        between = f"   95 %: {ends[0]:{form}} to {ends[1]:{form}}" if ends and all(map(math.isfinite, ends)) else ""
        rows.append(f"  {name:<26}{shown:>10}{between}\n")
    named = [one for one in evaluation.measures.classes if one.count]
    if named:
        width = max(len(evaluation.labels[one.index]) for one in named)
        rows.append(f"\n  {'class':<{width}}  images  precision  recall      f1\n")
        for one in named:
            label = evaluation.labels[one.index]
            rows.append(
                f"  {label:<{width}}  {one.count:>6}  {one.precision:9.4f}  {one.recall or 0:6.4f}  {one.f1:6.4f}\n"
            )
    return "".join([*rows, *(_changes(compared) if compared is not None else ())])


def _changes(compared: Compared) -> list[str]:
    from core.measures import verdict

    found = compared.comparison
    said = verdict(found)
    rows = [f"\n{name} ({letter})\n" for name, letter in zip(compared.titles, "AB", strict=True)]
    rows.append(f"on the same {len(compared.rows):,} images: {said.what} {said.more}\n\n")
    rows.append(f"  {'':<20}{'A':>10}{'B':>10}{'B - A':>10}   95 %                  p\n")
    for one in found.changes:
        ends = f"{one.interval[0]:+.4f} to {one.interval[1]:+.4f}" if math.isfinite(one.interval[0]) else "unknown"
        step = one.second - one.first
        rows.append(f"  {one.name:<20}{one.first:>10.4f}{one.second:>10.4f}{step:>+10.4f}   {ends:<20}  {one.p:.3g}\n")
    better = "nearer" if compared.first.data.kind == "values" else "right"
    both = "equally near" if compared.first.data.kind == "values" else "both right"
    rows.append(
        f"  only A {better}: {len(found.only_first):,}; only B: {len(found.only_second):,}; {both}: {found.both:,}\n"
    )
    return rows
