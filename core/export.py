"""Results to CSV and JSON, written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import math
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from core.errors import ExportError
from core.predictions import ImageResult
from core.provenance import to_record

COLUMNS = ("filename", "index", "label", "prob", "rank", "error")
VALUE_COLUMNS = ("filename", "index", "label", "value", "error")
"""Of a regression, whose values have no rank."""

_FORMATS = (".csv", ".json", ".jsonl")


def to_records(results: Iterable[ImageResult], k: int, *, provenance: bool = False) -> list[dict[str, object]]:
    """Results as plain JSON types, in their order.

    Args:
        results: the answers to images.
        k: how many classes an image, best first; 0 for all.
        provenance: add ``"provenance"``, a dict, or ``None`` where there is no answer.

    Returns:
        ``{"image": name, "predictions": [{"label", "index", "score"}, ...], "error": None or text}`` each;
        a score that is no finite number is ``None``.  A regression has all its values, in head order, and
        ``value`` in place of ``score``.
    """
    return [_record(result, k) | (_provenance(result) if provenance else {}) for result in results]


def to_csv(results: Iterable[ImageResult], k: int) -> str:
    """Results as a table, one line an image and class, with ``COLUMNS`` as heading, or ``VALUE_COLUMNS``.

    Names are written as they are: a spreadsheet may take one that begins with ``=`` for a formula.  An image
    without an answer has one line, with its error.

    Args:
        results: the answers to images.
        k: how many classes an image, best first; 0 for all.
    """
    results = list(results)
    columns = VALUE_COLUMNS if any(_is_regression(result) for result in results) else COLUMNS
    lines = [csv_line(columns)]
    for record in to_records(results, k):
        rows = cast("list[dict[str, object]]", record["predictions"]) or [{}]
        for rank, row in enumerate(rows, 1):
            cells = {"filename": record["image"], **row, "prob": row.get("score"), "error": record["error"]}
            cells["rank"] = rank if row else None
            lines.append(csv_line("" if cells.get(name) is None else cells[name] for name in columns))
    return "".join(lines)


def to_json(results: Iterable[ImageResult], k: int, *, provenance: bool = False) -> str:
    """``to_records`` as one JSON list."""
    return (
        json.dumps(to_records(results, k, provenance=provenance), ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    )


def to_jsonl(results: Iterable[ImageResult], k: int, *, provenance: bool = False) -> str:
    """``to_records`` as one JSON object a line."""
    records = to_records(results, k, provenance=provenance)
    lines = (json.dumps(record, ensure_ascii=False, allow_nan=False) for record in records)
    return "".join(line + "\n" for line in lines)


def save_results(path: Path, results: Iterable[ImageResult], k: int, *, provenance: bool = False) -> None:
    """Write results in the format that the file's ending names: ``.csv``, ``.json`` or ``.jsonl``.

    Args:
        path: of the file.
        results: the answers to images.
        k: how many classes an image, best first; 0 for all.
        provenance: say of each answer where it came from; a table has no place for it.

    Raises:
        ExportError: the ending is another one, or the file cannot be written; an older file is untouched then.
    """
    listed, lines = (functools.partial(to, provenance=provenance) for to in (to_json, to_jsonl))
    make = {".csv": to_csv, ".json": listed, ".jsonl": lines}.get(path.suffix.lower())
    if make is None:
        raise ExportError(
            f"Results cannot be saved as {path.name}.",
            f"The ending of the name says which format, and {path.suffix or 'no ending'!r} is none.",
            f"Choose a name that ends in {', '.join(_FORMATS)}.",
        )
    write_text(path, make(results, k))


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file whole or not at all: an older file stays as it is until the new one is complete.

    What UTF-8 cannot express (file names that are none) is written as ``\\udcXX``, JSON's own escape for it.

    Raises:
        ExportError: no permission, no such folder, no space, or a folder of that name.
    """
    write_bytes(path, text.encode("utf-8", errors="backslashreplace"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; see ``write_text``."""
    write_parts(path, [data])


def write_parts(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file that is never in memory as a whole, whole or not at all; see ``write_text``."""
    try:
        # Through a link to the file itself, so that the link stays one.
        target = path.resolve() if path.is_symlink() else path
        if target.exists() and not target.is_file() and not target.is_dir():
            # A pipe or a device, such as /dev/stdout, cannot be replaced.
            with target.open("wb") as file:
                file.writelines(parts)
            return
        _check_writable(target)
        _replace(target, parts)
    except (OSError, ValueError, RuntimeError) as error:
        # ValueError: a null character in the name; RuntimeError: links in a circle.
        raise _not_written(path, error) from error


def make_folder(folder: Path) -> None:
    """Make a folder where there is none; the one that it is in must exist.

    Raises:
        ExportError: no permission, no such folder, no space, or a file of that name.
    """
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError as error:
        raise ExportError(f"{folder} is no folder.", "There is a file of that name.", "Choose another name.") from error
    except (OSError, ValueError) as error:
        raise _not_written(folder, error) from error


def csv_line(cells: Iterable[object], mark: str = ",") -> str:
    """One line of a table; the csv module would leave a carriage return unquoted, and no reader takes that back."""
    return mark.join(_cell(str(cell), mark) for cell in cells) + "\n"


def _cell(text: str, between: str) -> str:
    if any(mark in text for mark in f'"\r\n{between}'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _record(result: ImageResult, k: int) -> dict[str, object]:
    found = result.prediction
    predictions: list[dict[str, object]] = []
    if found is not None:
        predictions.extend(
            {"label": score.label, "index": score.index, "score": _finite(score.score)} for score in found.top(k)
        )
        predictions.extend(
            {"label": each.label, "index": each.index, "value": _finite(each.value)} for each in found.named_values()
        )
    return {
        "image": result.source.name,
        "predictions": predictions,
        "error": _reason(result) if found is None else None,
    }


def _provenance(result: ImageResult) -> dict[str, object]:
    found = result.prediction
    return {"provenance": to_record(found.provenance) if found is not None else None}


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _is_regression(result: ImageResult) -> bool:
    return result.prediction is not None and result.prediction.is_regression


def _reason(result: ImageResult) -> str:
    return str(result.error) if result.error is not None else "There is no answer."


def _check_writable(target: Path) -> None:
    """Replacing a file needs no permission on the file itself; a write-protected one is left alone all the same."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder", str(target))
    if target.exists() and not os.access(target, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError(errno.EACCES, "is write-protected", str(target))


def _replace(target: Path, parts: Iterable[bytes]) -> None:
    part = target.with_name(f".whatsit-{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            part.chmod(target.stat().st_mode & 0o7777)
        part.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut, where the system has a way to."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _not_written(path: Path, error: Exception) -> ExportError:
    number = error.errno if isinstance(error, OSError) else None
    why, remedy = {
        errno.ENOENT: ("Its folder does not exist.", "Create the folder, or choose another."),
        errno.ENOTDIR: ("Its folder is a file.", "Choose another folder."),
        errno.EISDIR: ("There is a folder of that name.", "Choose another name."),
        errno.EACCES: ("You may not write there.", "Choose a folder of yours, or a file that is not write-protected."),
        errno.EPERM: ("You may not write there.", "Choose a folder of yours, or a file that is not write-protected."),
        errno.EROFS: ("That disk can only be read.", "Choose another folder."),
        errno.ENOSPC: ("The disk is full.", "Make space, or choose another disk."),
        errno.EDQUOT: ("Your share of the disk is full.", "Make space, or choose another disk."),
        errno.ENAMETOOLONG: ("Its name is too long.", "Choose a shorter one."),
    }.get(number or 0, (f"The reason: {error}.", "Choose another name or folder."))
    return ExportError(f"{path} was not written.", why, remedy, detail=f"{type(error).__name__}: {error}")
