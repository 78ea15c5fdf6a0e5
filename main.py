"""Whatsit: decides which of its two faces to show, the window or a headless command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

COMMANDS = frozenset({"classify", "inspect", "evaluate", "script", "architectures"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run Whatsit.

    Returns:
        The process's exit status: 0 all done, 1 some images failed, 2 nothing could be attempted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given and given[0] in COMMANDS:
            return _headless(given)
        return _window(given)
    except BrokenPipeError:
        # The reader of a pipe has seen enough; Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _headless(given: list[str]) -> int:
    from core import commands

    commands.use_utf8()
    return commands.run(given)


def _parse(given: list[str]) -> argparse.Namespace:
    from core import VERSION

    parser = argparse.ArgumentParser(
        prog="whatsit",
        description="See what a trained image classifier makes of your pictures.",
        epilog="Without a window: whatsit classify PATH..., inspect FILE..., evaluate FOLDER, script [IMAGE] and "
        "architectures (each has --help).",
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="images, folders or a weights file to open")
    parser.add_argument("--weights", default="", metavar="FILE", help="open this weights file")
    parser.add_argument("--architecture", default="", metavar="ID", help="default: what the weights fit")
    parser.add_argument("--install-launcher", action="store_true", help="put Whatsit into the applications menu")
    parser.add_argument("--remove-launcher", action="store_true", help="take it out again")
    parser.add_argument("--version", action="version", version=f"whatsit {VERSION}")
    return parser.parse_args(given)


def _window(given: list[str]) -> int:
    from core.errors import WhatsitError

    options = _parse(given)
    try:
        if options.install_launcher or options.remove_launcher:
            return _launcher(install=options.install_launcher)
        return _show(options)
    except WhatsitError as error:
        from gui.last_words import say

        say(str(error))
        return 2


def _launcher(*, install: bool) -> int:
    from gui.launcher import install_launcher, remove_launcher

    for path in install_launcher() if install else remove_launcher():
        print(path)
    return 0


def _show(options: argparse.Namespace) -> int:
    from gui.display import check_display, explain_import_error

    check_display()
    try:
        from gui.app import run
    except ImportError as error:
        raise explain_import_error(error) from error
    status = run(options.paths, weights=options.weights, architecture=options.architecture)
    for stream in (sys.stdout, sys.stderr):
        # A Windows program without a console has neither.
        if stream is not None:
            stream.flush()
    # All is saved and all jobs have ended.  Taking torch and Qt apart in order would take seconds more.
    os._exit(status)


if __name__ == "__main__":
    sys.exit(main())
