"""``script``: the model as plain PyTorch, for those who do not have Whatsit."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import cast

from core.commands.base import DONE, AddCommand, Session, write
from core.commands.model import add_model_options, named_files, open_model
from core.images import ImageSource

_FORMS = ("py", "ipynb")


def add_script(add: AddCommand) -> None:
    """Add the command."""
    parser = add("script", help="the model as a Python script or notebook that gives the same scores without Whatsit")
    parser.add_argument("image", nargs="?", metavar="IMAGE", help="the picture that it classifies")
    add_model_options(parser)
    parser.add_argument("--format", choices=_FORMS, help="default: as the name of --output ends, else py")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to standard output")
    parser.set_defaults(run=_script)


def _script(options: argparse.Namespace) -> int:
    ending = options.output.suffix.lower().removeprefix(".") if options.output is not None else ""
    form = options.format or (ending if ending in _FORMS else "py")
    with Session(named_files(options)) as session:
        info = open_model(session, options)
        source = ImageSource(options.image, Path(options.image)) if options.image else None
        text = cast(str, session.wait(session.workbench.script(info, source, form)))
    write(text, options)
    return DONE
