"""The text of a small file."""

from __future__ import annotations

import codecs
import re
import stat
from pathlib import Path

from core.errors import LabelsError, WhatsitError

_MAX_BYTES = 32 * 1024 * 1024

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def read_text(path: Path, family: type[WhatsitError]) -> str:
    """The text of a small file: UTF-8 with or without a byte order mark, UTF-16 with one, else Windows-1252.

    Raises:
        family: it is missing, no ordinary file, larger than 32 MB, not readable or no text.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            why = "It is a folder." if path.is_dir() else "It is not an ordinary file."
            raise family(f"{path.name} cannot be read.", why, "Choose a file.")
        if status.st_size > _MAX_BYTES:
            raise family(f"{path.name} cannot be read.", "It is larger than 32 MB.", "Choose another file.")
        with path.open("rb") as file:
            # No further: a link to what the system makes up as it is read may never end.
            data = file.read(status.st_size)
    except FileNotFoundError as error:
        raise family(f"{path.name} does not exist.", f"There is nothing at {path}.", "Choose it again.") from error
    except (OSError, ValueError) as error:
        why = "The system refuses permission." if isinstance(error, PermissionError) else f"The reason: {error}."
        raise family(f"{path.name} cannot be read.", why, "Check the file, or choose another.") from error
    text = _decoded(data)
    if _CONTROL.search(text):
        raise family(f"{path.name} is not a text file.", "It holds bytes that no text has.", "Choose another file.")
    return text


def unusable(why: str) -> LabelsError:
    """The error for what holds no class names; ``why`` ends a sentence."""
    return LabelsError(
        "These class names cannot be used.",
        f"The reason: {why}.",
        "Use a text file with one name a line, in the order of the model's classes.",
    )


def brief(value: object) -> str:
    """A value in a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
