"""The scores of one evaluation on disk: memory stays bounded, every number is exact, and a run cut off goes on."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from core.errors import ExportError
from core.folders import cache_folder

PENDING, ANSWERED, FAILED = 0, 1, 2

_KEPT = 8
_NOTE = "evaluation.json"


def usual_folder() -> Path:
    """Where the system keeps what can be computed again."""
    return cache_folder() / "evaluations"


class ScoreStore:
    """Scores of ``count`` images, a row each, in a folder of their own.

    Attributes:
        scores: (count, width) float32, a file that is read in parts.
        state: (count,) uint8: ``PENDING``, ``ANSWERED`` or ``FAILED``, an image each.
    """

    def __init__(self, folder: Path, count: int, width: int) -> None:
        """Open the scores in ``folder``, or begin them.

        Raises:
            ExportError: there is no space, or no permission.
        """
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            scores, state = folder / "scores.f32", folder / "state.u8"
            if _mode(scores, count * width * 4) == "w+":
                # Scores that begin anew are nobody's answers yet, whatever is remembered of earlier ones.
                state.unlink(missing_ok=True)
            self.scores = np.memmap(scores, np.float32, _mode(scores, count * width * 4), shape=(count, width))
            _reserve(scores, count * width * 4)
            self.state = np.memmap(state, np.uint8, _mode(state, count), shape=(count,))
            self._reasons = _read_reasons(folder / "reasons.jsonl")
        except OSError as error:
            raise ExportError(
                "The scores of the evaluation cannot be kept.",
                f"{count:,} images with {width:,} scores each take {count * width * 4 / 1e6:,.0f} MB "
                f"in {folder}: {error.strerror or error}.",
                "Make space on that disk, or evaluate fewer images.",
            ) from error

    def answer(self, row: int, scores: NDArray[np.float32]) -> None:
        """Keep an image's scores."""
        self.scores[row] = scores
        self.state[row] = ANSWERED

    def fail(self, row: int, reason: str) -> None:
        """Keep the reason why an image has none."""
        self._reasons[row] = reason
        with (self._folder / "reasons.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps([row, reason]) + "\n")
        self.state[row] = FAILED

    def reason(self, row: int) -> str:
        """Why an image has no scores; empty where it has."""
        return self._reasons.get(row, "")

    def forget_failures(self) -> None:
        """Failed images get another chance: what was not there may be there now."""
        self.state[self.state == FAILED] = PENDING
        self._reasons.clear()
        (self._folder / "reasons.jsonl").unlink(missing_ok=True)

    def note(self, **facts: object) -> None:
        """Say beside the scores whose they are, for a person who finds the folder."""
        (self._folder / _NOTE).write_text(json.dumps(facts, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

    def flush(self) -> None:
        """Hand what is new to the disk."""
        self.scores.flush()
        self.state.flush()


def tidy(folder: Path, keep: Path, used: Callable[[Path], bool] = lambda _: False) -> None:
    """Remove the oldest evaluations beyond some.

    Args:
        folder: that holds them.
        keep: one that stays.
        used: whether a folder is in use.
    """
    try:
        there = [entry for entry in folder.iterdir() if entry.is_dir() and entry != keep and not used(entry)]
    except OSError:
        return
    there.sort(key=lambda entry: entry.stat().st_mtime, reverse=True)
    for entry in there[_KEPT - 1 :]:
        with contextlib.suppress(OSError):
            shutil.rmtree(entry)


def _mode(path: Path, size: int) -> Literal["r+", "w+"]:
    """Go on with a file of the right size; begin any other anew."""
    return "r+" if path.exists() and path.stat().st_size == size else "w+"


def _reserve(path: Path, size: int) -> None:
    """Take the space on disk at once: a full disk is an error here, and would end the process in a mapped file."""
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, size)


def _read_reasons(path: Path) -> dict[int, str]:
    if not path.exists():
        return {}
    reasons: dict[int, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        # The last line may be cut off.
        with contextlib.suppress(ValueError, TypeError):
            row, reason = json.loads(line)
            reasons[int(row)] = str(reason)
    return reasons


def answered_in(folder: Path, count: int) -> int:
    """How many of ``count`` images have scores in a folder; 0 where there are none for so many."""
    try:
        state = np.fromfile(folder / "state.u8", np.uint8)
        there = (folder / "scores.f32").exists()
    except OSError:
        return 0
    return int(np.count_nonzero(state == ANSWERED)) if there and len(state) == count else 0


def notes(root: Path) -> dict[Path, Mapping[str, object]]:
    """What is noted beside the scores in each folder below ``root``; those without a note are left out."""
    found: dict[Path, Mapping[str, object]] = {}
    with contextlib.suppress(OSError):
        for path in sorted(root.glob(f"*/{_NOTE}")):
            with contextlib.suppress(ValueError):
                note: object = json.loads(path.read_text("utf-8"))
                if isinstance(note, dict):
                    found[path.parent] = cast("dict[str, object]", note)
    return found
