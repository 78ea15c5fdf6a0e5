"""The scores of one evaluation on disk: memory stays bounded, every number is exact, and a run cut off goes on."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import BinaryIO, Literal, cast

import numpy as np
from numpy.typing import NDArray

from core.errors import ExportError
from core.folders import cache_folder

PENDING, ANSWERED, FAILED = 0, 1, 2

_KEPT = 8
_KEPT_BYTES = 4_000_000_000
_AT_ONCE = 100
_NOTE, _LOCK = "evaluation.json", "lock"


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
        scores, state = folder / "scores.f32", folder / "state.u8"
        is_new = not state.exists()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if _mode(scores, count * width * 4) == "w+":
                # Scores that begin anew are nobody's answers yet, whatever is remembered of earlier ones.
                state.unlink(missing_ok=True)
            self.scores = np.memmap(scores, np.float32, _mode(scores, count * width * 4), shape=(count, width))
            _reserve(scores, count * width * 4)
            self.state = np.memmap(state, np.uint8, _mode(state, count), shape=(count,))
            self._reasons = _read_reasons(folder / "reasons.jsonl")
        except OSError as error:
            if is_new:
                # What was reserved of a full disk is given back.
                with contextlib.suppress(OSError):
                    scores.unlink(missing_ok=True)
            size = f"{count:,} images with {width:,} scores each take {count * width * 4 / 1e6:,.0f} MB"
            raise _not_kept(folder, error, size) from error

    def answer(self, row: int, scores: NDArray[np.float32]) -> None:
        """Keep an image's scores."""
        self.scores[row] = scores
        self.state[row] = ANSWERED

    def fail(self, row: int, reason: str) -> None:
        """Keep the reason why an image has none.

        Raises:
            ExportError: there is no space for it.
        """
        self._reasons[row] = reason
        try:
            with (self._folder / "reasons.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps([row, reason]) + "\n")
        except OSError as error:
            raise _not_kept(self._folder, error) from error
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
        """Say beside the scores whose they are, for a person who finds the folder.

        Raises:
            ExportError: there is no space for it.
        """
        text = json.dumps(facts, ensure_ascii=False, indent=2) + "\n"
        try:
            (self._folder / _NOTE).write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise _not_kept(self._folder, error) from error

    def flush(self) -> None:
        """Hand what is new to the disk."""
        self.scores.flush()
        self.state.flush()


@contextlib.contextmanager
def claimed(root: Path, name: str) -> Generator[Path, None, None]:
    """A folder for one evaluation, which no other process uses meanwhile.

    Args:
        root: holds the folders of all evaluations.
        name: the same for the same evaluation.  Where another process is at it, the folder is one beside it.

    Raises:
        ExportError: there is no space, or no permission.
    """
    for number in range(1, _AT_ONCE):
        folder = root / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _not_kept(folder, error) from error
        try:
            # The newest are kept, by when they were last used.
            os.utime(folder)
            file = (folder / _LOCK).open("ab")
        except FileNotFoundError:
            # Another process has just tidied it away.
            continue
        except OSError as error:
            raise _not_kept(folder, error) from error
        with file:
            if _lock(file) and (folder / _LOCK).exists():
                yield folder
                return
    raise _not_kept(root, OSError(errno.EBUSY, f"{_AT_ONCE} others are at the same evaluation"))


def tidy(root: Path, keep: Path) -> None:
    """Remove the oldest evaluations beyond some number and size, but for those that a process is at.

    Args:
        root: holds their folders.
        keep: one that stays.
    """
    try:
        there = [(entry.stat().st_mtime, entry) for entry in root.iterdir() if entry.is_dir() and entry != keep]
    except OSError:
        return
    size = 0
    for place, (_, entry) in enumerate(sorted(there, reverse=True), 1):
        size += _size(entry)
        if place >= _KEPT or size > _KEPT_BYTES:
            # What cannot be removed now can be next time.
            with contextlib.suppress(OSError):
                _remove(entry)


def _size(folder: Path) -> int:
    try:
        return sum(file.stat().st_size for file in folder.iterdir())
    except OSError:
        return 0


def _remove(folder: Path) -> None:
    with (folder / _LOCK).open("ab") as file:
        if not _lock(file):
            return
        for entry in folder.iterdir():
            if entry.name != _LOCK:
                entry.unlink()
    (folder / _LOCK).unlink()
    folder.rmdir()


if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> bool:
        """Whether nobody else has the file; then it is ours until it is closed, or the process ends."""
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _lock(file: BinaryIO) -> bool:
        """Whether nobody else has the file; then it is ours until it is closed, or the process ends."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            # A network's file system without locks: two at once would be rare, and no evaluation would be worse.
            return True
        return True


def _not_kept(folder: Path, error: OSError, size: str = "") -> ExportError:
    remedy = "Make space on that disk, or evaluate fewer images."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT):
        remedy = "Make that folder one that you may write to, or name another with the variable XDG_CACHE_HOME."
    told = f"{size} in {folder}" if size else f"They lie in {folder}"
    return ExportError("The scores of the evaluation cannot be kept.", f"{told}: {error.strerror or error}.", remedy)


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
