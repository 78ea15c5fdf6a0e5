"""The headless commands: the same engine as the window's, with results on standard output."""

from __future__ import annotations

import argparse
import io
import json
import queue
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn, cast

from core import VERSION
from core.catalogue import architecture, architectures, pretrained
from core.descriptions import ClassifierInfo, ModelSpec, Notice
from core.errors import UsageError, WhatsitError
from core.export import to_csv, to_json, to_jsonl, write_text
from core.images import ImageSource
from core.jobs import Emitted, Failed, Finished, JobEvent, Progressed, Stopped
from core.predictions import ImageResult
from core.preprocessing import Preprocessing, parse_overrides
from core.sidecars import read_preprocessing
from core.workbench import Workbench

DONE, SOME_FAILED, NOTHING_DONE = 0, 1, 2
INTERRUPTED = 130

_OVERRIDES = ("resize", "crop", "mean", "std", "interpolation", "channels", "exif")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one message instead of a page of usage."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(
            f"This command line is not understood: {message}.", "", f"See `{self.prog} --help` for what can be given."
        )


def build_parser() -> argparse.ArgumentParser:
    """All headless commands with their options."""
    parser = _Parser(prog="whatsit", description="See what a trained image classifier makes of your pictures.")
    parser.add_argument("--version", action="version", version=f"whatsit {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    classify = commands.add_parser("classify", help="images and folders -> top-k probabilities")
    classify.add_argument("paths", nargs="+", metavar="PATH", help="an image, or a folder (walked recursively)")
    _add_model_options(classify)
    classify.add_argument("--top-k", type=_count, default=5, metavar="K", help="classes an image; 0 for all")
    _add_output_options(classify, ("table", "json", "jsonl", "csv"))
    classify.set_defaults(run=_classify)
    listing = commands.add_parser("architectures", help="list what can be built")
    _add_output_options(listing, ("table", "json", "jsonl", "csv"))
    listing.set_defaults(run=_architectures)
    return parser


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--weights",
        metavar="FILE",
        help="a weights file, or such as resnet50/IMAGENET1K_V2 (default: built in)",
    )
    parser.add_argument("--architecture", default="", metavar="ID", help="default: what the weights fit")
    parser.add_argument("--labels", default="", metavar="FILE", help="class names: a name a line, JSON list or dict")
    parser.add_argument("--preprocessing", metavar="FILE|PRESET", help="imagenet, cifar10, half, mnist, clip, none")
    parser.add_argument("--resize", help="256 (shorter side), 224x224 (exact), pad:224 or none")
    parser.add_argument("--crop", help="centre crop: 224, 224x192 or none")
    parser.add_argument("--mean", help="0.485,0.456,0.406")
    parser.add_argument("--std", help="0.229,0.224,0.225")
    parser.add_argument("--interpolation", help="nearest, bilinear, bicubic or lanczos")
    parser.add_argument("--channels", help="rgb, bgr or grey")
    parser.add_argument("--exif", help="on or off: turn photos upright as the camera noted")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps")
    parser.add_argument("--batch-size", type=_count, default=0, metavar="N", help="default: chosen by speed")


def _add_output_options(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    parser.add_argument("--format", choices=formats, default="table")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to standard output")


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return value


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Returns:
        0: all done; 1: some of the images failed; 2: nothing could be attempted.
    """
    try:
        options = build_parser().parse_args(arguments)
        command: Callable[[argparse.Namespace], int] = options.run
        return command(options)
    except WhatsitError as error:
        _say(str(error))
        return NOTHING_DONE
    except KeyboardInterrupt:
        _say("Stopped.")
        return INTERRUPTED


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _write(text: str, options: argparse.Namespace) -> None:
    if options.output is not None:
        write_text(options.output, text)
    else:
        sys.stdout.write(text)
        sys.stdout.flush()


class _Session:
    """A workbench whose events arrive where they are waited for."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[JobEvent] = queue.SimpleQueue()
        self.workbench = Workbench(self._events.put)

    def __enter__(self) -> _Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.workbench.close()

    def follow(self, job: int) -> Generator[object, None, object]:
        """Yield what a job emits; return what it finishes with, or raise what it failed with."""
        while True:
            event = self._events.get()
            if event.job != job:
                continue
            match event:
                case Emitted(value=value):
                    yield value
                case Progressed(text=text):
                    _say_progress(text)
                case Finished(value=value):
                    return value
                case Failed(error=error):
                    raise error
                case Stopped():
                    raise KeyboardInterrupt
                case _:
                    continue

    def wait(self, job: int) -> object:
        """What a job finishes with."""
        steps = self.follow(job)
        while True:
            try:
                next(steps)
            except StopIteration as stop:
                return stop.value


_said: set[str] = set()


def _say_progress(text: str) -> None:
    if text.startswith("Downloading") and text not in _said:
        _said.add(text)
        _say(text)


def _spec(options: argparse.Namespace) -> ModelSpec:
    weights: str | None = options.weights
    if weights is None:
        spec = ModelSpec()
    else:
        is_published = any(entry.id == weights for entry in pretrained())
        spec = ModelSpec(kind="pretrained" if is_published else "file", weights=weights)
    if options.architecture:
        architecture(options.architecture)
    return replace(spec, architecture=options.architecture, labels=options.labels)


def _overrides(options: argparse.Namespace) -> dict[str, str]:
    return {name: getattr(options, name) for name in _OVERRIDES if getattr(options, name) is not None}


def _open(session: _Session, options: argparse.Namespace) -> ClassifierInfo:
    """Open the model that the options name, with their preprocessing."""
    overrides = _overrides(options)
    spec = _spec(options)
    base: Preprocessing | None = read_preprocessing(options.preprocessing) if options.preprocessing else None
    if base is not None:
        spec = replace(spec, preprocessing=parse_overrides(base, overrides))
    info = cast(ClassifierInfo, session.wait(session.workbench.open(spec, options.device)))
    if overrides and base is None:
        # The overrides change what travels with the weights, and that is known only now.
        spec = replace(spec, preprocessing=parse_overrides(info.preprocessing, overrides))
        info = cast(ClassifierInfo, session.wait(session.workbench.open(spec, options.device)))
    for notice in (info.note, *info.notices):
        if notice:
            _say(notice)
    return info


def _find(session: _Session, paths: Sequence[str]) -> list[ImageSource | ImageResult]:
    """All images below the paths, in the order given; a folder that gives none is a failed result in its place."""
    found: list[ImageSource | ImageResult] = []
    for path in paths:
        try:
            for part in session.follow(session.workbench.expand((Path(path),))):
                found.extend(cast("tuple[ImageSource, ...]", part))
        except WhatsitError as error:
            found.append(ImageResult(ImageSource(path, Path(path)), None, error))
    return found


def _answers(session: _Session, found: Sequence[ImageSource | ImageResult], batch_size: int) -> Iterator[ImageResult]:
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
                _say(value.text)


def _classify(options: argparse.Namespace) -> int:
    make = {"table": _table, "json": to_json, "jsonl": to_jsonl, "csv": to_csv}[options.format]
    with _Session() as session:
        info = _open(session, options)
        _say(f"{info.name}, {info.architecture} on {info.device.name}; {info.preprocessing.describe()}")
        results: list[ImageResult] = []
        streaming = options.format in ("jsonl", "table") and options.output is None
        for result in _answers(session, _find(session, options.paths), options.batch_size):
            results.append(result)
            if streaming:
                _write(make([result], options.top_k), options)
            if result.error is not None:
                _say(str(result.error))
    if not streaming:
        _write(make(results, options.top_k), options)
    return SOME_FAILED if any(result.error is not None for result in results) else DONE


def _table(results: Iterable[ImageResult], k: int) -> str:
    return "".join(_rows(result, k) for result in results)


def _rows(result: ImageResult, k: int) -> str:
    if result.prediction is None:
        return f"{result.source.name}\n  no answer\n"
    scores = result.prediction.top(k)
    width = max(len(score.label) for score in scores)
    rows = [f"  {score.label:<{width}}  {score.score * 100:5.1f} %\n" for score in scores]
    return "".join([f"{result.source.name}\n", *rows])


def _architectures(options: argparse.Namespace) -> int:
    rows = [{"id": entry.id, "source": entry.source, "family": entry.family} for entry in architectures()]
    if options.format == "json":
        text = json.dumps(rows, indent=2) + "\n"
    elif options.format == "jsonl":
        text = "".join(json.dumps(row) + "\n" for row in rows)
    elif options.format == "csv":
        text = "id,source,family\n" + "".join(f"{row['id']},{row['source']},{row['family']}\n" for row in rows)
    else:
        text = "".join(f"{row['id']:<24}  {row['source']:<12}  {row['family']}\n" for row in rows)
    _write(text, options)
    return DONE


def use_utf8() -> None:
    """Print any name: what a shell reads from standard output is UTF-8, whatever the machine's own encoding."""
    for stream, encoding in ((sys.stdout, "utf-8"), (sys.stderr, None)):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors="backslashreplace")
