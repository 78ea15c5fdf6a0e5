"""What is wrong with a file of numbers, in words."""

from __future__ import annotations

from pathlib import Path

from core.errors import ArrayError

MAX_ROWS = 250_000
"""Rows or pictures of one file."""


def unreadable(path: Path, error: Exception) -> ArrayError:
    """The system does not give the file."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        why, remedy = f"There is nothing at {path}.", "It may have been moved, renamed or deleted; choose it again."
        return ArrayError(f"{path.name} does not exist.", why, remedy)
    if isinstance(error, PermissionError):
        why = "This file is not yours to read: the system refuses permission."
        return ArrayError(f"{path.name} cannot be opened.", why, "Change its permissions, or copy it to your folder.")
    why = "The system cannot read it."
    return ArrayError(f"{path.name} cannot be opened.", why, "Copy it to your own disk.", detail=str(error))


def damaged(path: Path, why: str, detail: str = "") -> ArrayError:
    """The file's contents make no sense; ``why`` ends a sentence."""
    remedy = "Save it again with numpy.save, or as a .csv."
    return ArrayError(f"{path.name} is damaged, or no NumPy file.", f"The reason: {why}.", remedy, detail=detail)


def pickled(path: Path, member: str = "") -> ArrayError:
    """It holds Python objects, which only running code could bring back."""
    which = f"The array {member!r} in it" if member else "It"
    return ArrayError(
        f"{path.name} is not opened.",
        f"{which} holds pickled Python objects, which could run code. Nothing was run.",
        "Save it as numbers: numpy.save(file, array.astype('float32')).",
    )


def no_numbers(path: Path, what: str) -> ArrayError:
    """Its elements are something else; ``what`` ends a sentence."""
    return ArrayError(
        f"{path.name} holds no numbers.", f"Its elements are {what}.", "Save it as numbers, such as float32 or uint8."
    )


def wrong_shape(path: Path, shape: tuple[int, ...]) -> ArrayError:
    """Neither rows nor pictures."""
    return ArrayError(
        f"{path.name} holds neither rows of numbers nor pictures.",
        f"Its shape is {sides(shape)}; rows are N x numbers, and pictures H x W, H x W x 3, N x H x W, N x H x W x 3 or"
        " N x 3 x H x W.",
        "Save it in one of these shapes.",
    )


def too_many(path: Path, count: int) -> ArrayError:
    """More rows than can be listed."""
    why = f"It has {count:,} rows, and at most {MAX_ROWS:,} can be answered at once."
    return ArrayError(f"{path.name} is too long.", why, "Split it into several files.")


def too_large(path: Path, why: str, remedy: str) -> ArrayError:
    """It would not fit into memory."""
    return ArrayError(f"{path.name} is too large.", why, remedy)


def sides(shape: tuple[int, ...]) -> str:
    """Such as ``10 x 28 x 28``."""
    return " x ".join(str(side) for side in shape) or "a single number"
