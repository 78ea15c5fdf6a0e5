"""Finding the Python file that lies beside weights and defines their network, by what it speaks of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from core.architectures.custom.reading import read_source
from core.architectures.custom.source import python_files
from core.checkpoints import Checkpoint
from core.errors import UsageError

_LARGEST_SOURCE = 1_000_000
_ENOUGH = 0.6
"""Share of the weights' names that a Python file must speak of to be asked about."""
_ATTRIBUTE = re.compile(r"\bself\.(\w+)")


def source_beside(checkpoint: Checkpoint, classes: Sequence[str]) -> Path | None:
    """The Python file in the weights' folder that speaks of most of their names; read as text, nothing runs.

    Args:
        checkpoint: the weights.
        classes: of a network that was saved whole, those that no library has; the outermost first.
    """
    folder = Path(checkpoint.about.file).absolute().parent
    # As written: what a wrapper is called may be an attribute of the network.
    written = [[*checkpoint.about.prefix.split("."), *name.split(".")] for name in checkpoint.tensors]
    written = [[part for part in parts if part] for parts in written]
    names = {part for parts in written for part in parts[:-1] if not part.isdigit()} - {"module", "_orig_mod"}
    firsts = {next((part for part in parts if part in names), "") for parts in written} & names
    if not firsts and not classes:
        return None
    scored = [(_spoken_of(path, firsts, names, classes[0] if classes else ""), path) for path in python_files(folder)]
    best = max(scored, key=lambda pair: pair[0], default=(0.0, None))
    return best[1] if best[0] >= _ENOUGH else None


def code_beside(checkpoint: Checkpoint, architecture: str) -> Path | None:
    """A Python file in the weights' folder that makes a network of its own of what was taken for an architecture.

    It speaks of most of the weights' names, or of the architecture, as code does that changes a library's network.
    Read as text; nothing runs, so that only running it, after a person's word, tells whether it fits.

    Args:
        checkpoint: the weights.
        architecture: id of what was recognised, with something assumed.
    """
    found = source_beside(checkpoint, ())
    named = re.compile(rf"\b{re.escape(architecture.rpartition('/')[2])}\b".encode())
    for path in [found] if found is not None else python_files(Path(checkpoint.about.file).absolute().parent):
        try:
            if path.stat().st_size > _LARGEST_SOURCE or (found is None and not named.search(path.read_bytes())):
                continue
            if read_source(path).classes:
                return path
        except (OSError, UsageError):
            continue
    return None


def _spoken_of(path: Path, firsts: set[str], names: set[str], whole: str) -> float:
    """Share of the names that a file gives to attributes; 0 where the outermost are missing.

    One that defines the class of a network that was saved whole has all, and more.
    """
    try:
        if path.stat().st_size > _LARGEST_SOURCE:
            return 0.0
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0.0
    if whole and re.search(rf"^class {re.escape(whole.rpartition('.')[2])}\b", text, re.MULTILINE):
        return 2.0
    given = set(_ATTRIBUTE.findall(text))
    if not firsts & given:
        return 0.0
    return (len(firsts & given) / len(firsts) + len(names & given) / len(names)) / 2
