"""``classify``: images and folders to top-k probabilities, or to the values of a regression."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import cast

from core.arrays import Takes
from core.commands.base import DONE, SOME_FAILED, AddCommand, Session, add_output_options, count_of, say, write
from core.commands.model import add_model_options, named_files, open_model
from core.descriptions import Notice
from core.errors import UsageError, WhatsitError, shown
from core.export import to_csv, to_json, to_jsonl
from core.images import ImageSource
from core.outputs import title
from core.predictions import ImageResult
from core.showing import padded, printable, width


def add_classify(add: AddCommand) -> None:
    """Add the command."""
    parser = add("classify", help="images, folders and rows of numbers -> top-k probabilities, or values")
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="an image, a folder (walked recursively), or rows: .npy, .npz, .csv"
    )
    add_model_options(parser)
    parser.add_argument("--top-k", type=count_of, default=5, metavar="K", help="classes an image; 0 for all")
    add_output_options(parser, ("table", "json", "jsonl", "csv"))
    parser.add_argument(
        "--provenance",
        action="store_true",
        help="add to each answer all that it rests on (with --format json or jsonl)",
    )
    parser.set_defaults(run=_classify)


def _find(session: Session, paths: Sequence[str], takes: Takes) -> list[ImageSource | ImageResult]:
    """All images below the paths, in the order given; a folder that gives none is a failed result in its place."""
    found: list[ImageSource | ImageResult] = []
    for path in paths:
        try:
            for part in session.follow(session.workbench.expand((Path(path),), takes)):
                found.extend(cast("tuple[ImageSource, ...]", part))
        except WhatsitError as error:
            found.append(ImageResult(ImageSource(path, Path(path)), None, error))
    return found


def _answers(session: Session, found: Sequence[ImageSource | ImageResult], batch_size: int) -> Iterator[ImageResult]:
    """A result for all that was found, in its order."""
    sources = tuple(item for item in found if isinstance(item, ImageSource))
    coming = session.follow(session.workbench.classify(sources, batch_size=batch_size))
    for item in found:
        if isinstance(item, ImageResult):
            yield item
            continue
        for value in coming:
            if isinstance(value, ImageResult):
                yield value
                break
            if isinstance(value, Notice):
                say(value.text)


def _classify(options: argparse.Namespace) -> int:
    make = _writer(options)
    with Session(named_files(options)) as session:
        info = open_model(session, options)
        prepared = info.describe_rows() if info.refuses else f"{info.describe_input()} ({info.preprocessing_source})"
        say(f"{info.name}, {info.architecture} on {info.device.name}; {prepared}")
        say(f"Outputs: {title(info.activation)} ({info.activation_source})")
        results: list[ImageResult] = []
        notes: set[str] = set()
        streaming = options.format in ("jsonl", "table") and options.output is None
        for result in _answers(session, _find(session, options.paths, info.takes), options.batch_size):
            results.append(result)
            if streaming:
                write(make([result], options.top_k), options)
            if result.error is not None:
                say(str(result.error))
            if result.note and result.note not in notes:
                notes.add(result.note)
                say(result.note)
    if not streaming:
        write(make(results, options.top_k), options)
    return SOME_FAILED if any(result.error is not None for result in results) else DONE


def _writer(options: argparse.Namespace) -> Callable[[Iterable[ImageResult], int], str]:
    """What makes text of results.

    Raises:
        UsageError: the format has no place for what is asked for.
    """
    if not options.provenance:
        return {"table": _table, "json": to_json, "jsonl": to_jsonl, "csv": to_csv}[options.format]
    make = {"json": to_json, "jsonl": to_jsonl}.get(options.format)
    if make is None:
        raise UsageError(
            f"--provenance does not go with --format {options.format}.",
            "There is no place for it in such a table.",
            "Add --format json or --format jsonl.",
        )
    return functools.partial(make, provenance=True)


def _table(results: Iterable[ImageResult], k: int) -> str:
    return "".join(_rows(result, k) for result in results)


def _rows(result: ImageResult, k: int) -> str:
    if result.prediction is None:
        return f"{shown(result.source.name, 300)}\n  no answer\n"
    pairs = [(shown(score.title, 200), f"{score.score * 100:5.1f} %") for score in result.prediction.top(k)]
    pairs += [(shown(each.label, 200), f"{each.value:.6g}") for each in result.prediction.named_values()]
    columns = max(width(printable(label)) for label, _ in pairs)
    rows = [f"  {padded(printable(label), columns)}  {number}\n" for label, number in pairs]
    return "".join([f"{shown(result.source.name, 300)}\n", *rows])
