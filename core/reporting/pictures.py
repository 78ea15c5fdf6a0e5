"""All pictures of an evaluation as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core import drawing
from core.evaluations import Evaluation
from core.export import make_folder, write_text
from core.plots import PAPER


def save_pictures(folder: Path, evaluation: Evaluation, check: Callable[[], None] = lambda: None) -> list[Path]:
    """Write each picture of an evaluation as SVG, named by its kind.

    Args:
        folder: made if there is none; its own folder must exist.
        evaluation: with its scores.
        check: called now and then; may raise to end it.

    Returns:
        The files.

    Raises:
        ExportError: a file cannot be written; an older one is untouched then.
    """
    make_folder(folder)
    made: list[Path] = []
    for kind in drawing.kinds(evaluation):
        check()
        path = folder / f"{kind}.svg"
        write_text(path, drawing.draw(evaluation, kind, PAPER, check=check).svg)
        made.append(path)
    return made
