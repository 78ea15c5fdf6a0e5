"""The headless commands: the same engine as the window's, with results on standard output."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Callable, Sequence

from core import VERSION
from core.catalogue import architectures
from core.commands.base import DONE, INTERRUPTED, NOTHING_DONE, Parser, add_output_options, joined, say, write
from core.commands.classify import add_classify
from core.commands.evaluate import add_evaluate
from core.commands.inspecting import add_inspect
from core.commands.scripting import add_script
from core.errors import TrustError, WhatsitError


def build_parser() -> argparse.ArgumentParser:
    """All headless commands with their options."""
    parser = Parser(prog="whatsit", description="See what a trained image classifier makes of your pictures.")
    parser.add_argument("--version", action="version", version=f"whatsit {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser)
    add_classify(commands.add_parser)
    add_inspect(commands.add_parser)
    add_evaluate(commands.add_parser)
    add_script(commands.add_parser)
    listing = commands.add_parser("architectures", help="list what can be built")
    add_output_options(listing, ("table", "json", "jsonl", "csv"))
    listing.set_defaults(run=_architectures)
    return parser


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Returns:
        0: all done; 1: some of the images failed; 2: nothing could be attempted.
    """
    try:
        options = build_parser().parse_args(joined(arguments))
        command: Callable[[argparse.Namespace], int] = options.run
        return command(options)
    except WhatsitError as error:
        say(str(error))
        if isinstance(error, TrustError):
            # What would run is what a person decides on.
            say("\n".join(f"  {line}" for line in error.detail.splitlines()))
        return NOTHING_DONE
    except KeyboardInterrupt:
        say("Stopped.")
        return INTERRUPTED


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
    write(text, options)
    return DONE


def use_utf8() -> None:
    """Print any name: what a shell reads from standard output is UTF-8, whatever the machine's own encoding."""
    for stream, encoding in ((sys.stdout, "utf-8"), (sys.stderr, None)):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors="backslashreplace")
