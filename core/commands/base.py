"""What the headless commands share: options, a workbench to wait for, standard output and standard error."""

from __future__ import annotations

import argparse
import queue
import re
import sys
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from core.errors import UsageError
from core.export import write_text
from core.jobs import Emitted, Failed, Finished, JobEvent, Progressed, Stopped
from core.workbench import Workbench

DONE, SOME_FAILED, NOTHING_DONE = 0, 1, 2
INTERRUPTED = 130
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"

_OPTION = re.compile(r"--[a-z-]+")
_SILENT_S = 10.0
_said: set[str] = set()
_NEGATIVE = re.compile(r"-\.?\d")


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one message instead of a page of usage."""

    def error(self, message: str) -> NoReturn:
        """Called by argparse."""
        raise UsageError(
            f"This command line is not understood: {message}.", "", f"See `{self.prog} --help` for what can be given."
        )


def joined(arguments: Sequence[str]) -> list[str]:
    """``--range -1..1`` as ``--range=-1..1``.

    What begins with a minus and a digit is a value here, and argparse would take some of these for options.
    """
    made: list[str] = []
    for argument in arguments:
        if made and _OPTION.fullmatch(made[-1]) and _NEGATIVE.match(argument):
            made[-1] += f"={argument}"
        else:
            made.append(argument)
    return made


AddCommand = Callable[..., argparse.ArgumentParser]
"""``add_parser`` of what ``add_subparsers`` gives."""


def add_output_options(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    """In which form, and where to."""
    parser.add_argument("--format", choices=formats, default="table")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to standard output")


def count_of(text: str) -> int:
    """A whole number from 0, for argparse."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return value


def say(text: str) -> None:
    """Tell a person: on standard error."""
    print(harmless(text), file=sys.stderr, flush=True)


def harmless(text: str) -> str:
    """A text of several lines without anything that a terminal would obey; names in files can hold such."""
    return "".join(character if character in "\n\t" or character.isprintable() else _UNKNOWN for character in text)


def write(text: str, options: argparse.Namespace) -> None:
    """Give results: to the file that the options name, or to standard output."""
    if options.output is not None:
        write_text(options.output, text)
    else:
        # Into a pipe goes what is there; a person's terminal gets nothing that it would obey.
        sys.stdout.write(harmless(text) if sys.stdout.isatty() else text)
        sys.stdout.flush()


class Session:
    """A workbench whose events arrive where they are waited for."""

    def __init__(self, given: Iterable[str] = (), clock: Callable[[], float] = time.monotonic) -> None:
        """Args:
        given: the files for which the command line says ``--trust``.
        clock: seconds.
        """
        self._clock = clock
        self._due = 0.0
        self._events: queue.SimpleQueue[JobEvent] = queue.SimpleQueue()
        self.workbench = Workbench(self._events.put, given)

    def __enter__(self) -> Session:
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
                case Progressed(done=done, total=total, text=text):
                    self._say_progress(done, total, text)
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
        self._due = self._clock() + _SILENT_S
        steps = self.follow(job)
        while True:
            try:
                next(steps)
            except StopIteration as stop:
                return stop.value

    def _say_progress(self, done: int, total: int, text: str) -> None:
        """Tell once that something is downloaded, and now and then how far what takes long is."""
        if text.startswith("Downloading") and text not in _said:
            _said.add(text)
            say(text)
        if 0 < done < total and text == "Evaluating" and self._clock() >= self._due:
            self._due = self._clock() + _SILENT_S
            say(f"{done:,} of {total:,} images ...")
