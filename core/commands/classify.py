"""``classify``: images and folders to top-k probabilities."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import cast

from core.arrays import Takes
from core.commands.base import DONE, SOME_FAILED, AddCommand, Session, add_output_options, count_of, say, write
from core.commands.model import add_model_options, named_files, open_model
from core.descriptions import Notice
from core.errors import WhatsitError
from core.export import to_csv, to_json, to_jsonl
from core.images import ImageSource
from core.predictions import ImageResult
from core.showing import padded, printable, width


def add_classify(add: AddCommand) -> None:
    """Add the command."""
    parser = add("classify", help="images, folders and rows of numbers -> top-k probabilities")
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="an image, a folder (walked recursively), or rows: .npy, .npz, .csv"
    )
    add_model_options(parser)
    parser.add_argument("--top-k", type=count_of, default=5, metavar="K", help="classes an image; 0 for all")
    add_output_options(parser, ("table", "json", "jsonl", "csv"))
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
    make = {"table": _table, "json": to_json, "jsonl": to_jsonl, "csv": to_csv}[options.format]
    with Session(named_files(options)) as session:
        info = open_model(session, options)
        say(f"{info.name}, {info.architecture} on {info.device.name}; {info.describe_input()}")
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


def _table(results: Iterable[ImageResult], k: int) -> str:
    return "".join(_rows(result, k) for result in results)


def _rows(result: ImageResult, k: int) -> str:
    if result.prediction is None:
        return f"{result.source.name}\n  no answer\n"
    scores = result.prediction.top(k)
    titles = [printable(score.title) for score in scores]
    columns = max(width(title) for title in titles)
    rows = [
        f"  {padded(title, columns)}  {score.score * 100:5.1f} %\n" for title, score in zip(titles, scores, strict=True)
    ]
    return "".join([f"{result.source.name}\n", *rows])
