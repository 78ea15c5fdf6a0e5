"""Where the images of a table are, and which of its rows speak of the same one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from core.errors import shown
from core.images import ImageSource

_LINKS = ("http://", "https://")
_FOLDERS = ("", "images", "train", "test", "..")
"""Where images are, from the table's folder, the likeliest first."""
_ENDINGS = ("", ".jpg", ".png", ".jpeg")
_IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif")
_TRIED = 10


@dataclass(frozen=True, slots=True)
class ListedRow:
    """One row that has a label; see ``LabelledImage``."""

    source: ImageSource
    labels: tuple[str, ...]
    value: float | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the images of a table are.

    Attributes:
        base: the folder from which relative paths start.
        ending: what paths lack, such as ``.jpg``.
        note: what a person should know of it, one sentence; empty where paths are what they seem.
    """

    base: Path
    ending: str = ""
    note: str = ""

    def source(self, written: str) -> ImageSource:
        """The image that a row speaks of."""
        if written.startswith(_LINKS):
            return ImageSource(written, url=written)
        full = _full(self.base, written + self.ending)
        return ImageSource(full.as_posix(), full)


def looks_like_path(text: str) -> bool:
    """Whether a cell is an image's path or link, by its ending."""
    return text.strip().lower().endswith(_IMAGES) or text.startswith(_LINKS)


def find_place(folder: Path, written: Iterable[str]) -> Place:
    """Find out from where the paths of a table start.

    From its own folder; where nothing is there, from a folder beside it, or from the current one; and names without
    their endings get these.

    Args:
        folder: the table's.
        written: the first paths in it.
    """
    tried = [text for text, _ in zip(written, range(_TRIED), strict=False) if not text.startswith(_LINKS)]
    bases = [*(folder / name for name in _FOLDERS), Path()]
    for ending in _ENDINGS:
        for base in bases:
            if any(os.path.isfile(_full(base, text + ending)) for text in tried):  # noqa: PTH113 (Path.is_file raises)
                return Place(base, ending, _told(folder, base, ending))
    return Place(folder)


def without_repeats(rows: Sequence[ListedRow], merge: bool) -> tuple[list[ListedRow], list[str], bool]:
    """Rows without those that say once more what another says.

    Args:
        rows: as the table has them.
        merge: whether an image with several rows has several labels.

    Returns:
        Rows; what a person should know, in sentences; and whether labels were put together.
    """
    by_image: dict[str, list[ListedRow]] = {}
    for row in rows:
        by_image.setdefault(os.path.normpath(row.source.name), []).append(row)
    if len(by_image) == len(rows):
        return list(rows), [], False
    merged = merge and any(len({row.labels for row in group}) > 1 for group in by_image.values())
    if merged:
        return [_merged(group) for group in by_image.values()], ["Rows of the same image give it several labels."], True
    seen: set[tuple[str, tuple[str, ...], float | None]] = set()
    kept: list[ListedRow] = []
    for row in rows:
        key = (os.path.normpath(row.source.name), row.labels, row.value)
        if key not in seen:
            seen.add(key)
            kept.append(row)
    notes: list[str] = []
    if len(kept) < len(rows):
        notes.append(f"{len(rows) - len(kept):,} rows repeat another row, and count once.")
    torn = [group for group in by_image.values() if len({(row.labels, row.value) for row in group}) > 1]
    if torn:
        said = list(dict.fromkeys(_said(row) for row in torn[0]))
        notes.append(
            f"{len(torn):,} images stand there with different labels, such as {torn[0][0].source.short_name} "
            f"with {' and '.join(said[:3])}: each counts once for each."
        )
    return kept, notes, False


def _full(base: Path, written: str) -> Path:
    if written.lower().startswith("file://"):
        written = url2pathname(urlsplit(written).path)
    place = Path(written.replace("\\", "/"))
    return place if place.is_absolute() else base / place


def _told(folder: Path, base: Path, ending: str) -> str:
    parts: list[str] = []
    if base != folder:
        parts.append(f"start from {base.absolute().resolve().as_posix()}")
    if ending:
        parts.append(f"end in {ending}")
    return f"The paths in the table {' and '.join(parts)}." if parts else ""


def _merged(group: Sequence[ListedRow]) -> ListedRow:
    labels = tuple(dict.fromkeys(label for row in group for label in row.labels))
    return replace(group[0], labels=labels)


def _said(row: ListedRow) -> str:
    return shown("|".join(row.labels), 30) if row.value is None else f"{row.value:g}"
