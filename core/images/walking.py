"""Finding the images below a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from core.errors import ImageError
from core.images.reading import readable_suffixes
from core.images.source import ImageSource


def walk(paths: Iterable[Path]) -> Iterator[ImageSource]:
    """The images that paths stand for, found as they are asked for.

    A file is taken as it is, whatever its name, and so is a path where nothing is: decoding says what is
    wrong with it.  A folder is searched through and through, sorted by name, for names that images have;
    hidden files and folders are left out, and a link that leads back is not followed.

    Raises:
        ImageError: folders without any image; after all other paths had their turn.
    """
    empty: list[Path] = []
    for path in paths:
        if not os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises where a name is too long)
            yield ImageSource(path.as_posix(), path)
            continue
        found = False
        for source in _below(path, ()):
            found = True
            yield source
        if not found:
            empty.append(path)
    if empty:
        raise ImageError(
            f"There are no images in the folder {empty[0].as_posix()}"
            + (f" and {len(empty) - 1} more." if len(empty) > 1 else "."),
            "Nothing in it, or in the folders below it, is named like an image (.jpg, .png, .heic and so on).",
            "Choose another folder, or name the files themselves.",
        )


def _below(folder: Path, above: tuple[tuple[int, int], ...]) -> Iterator[ImageSource]:
    """Images in a folder; ``above`` holds device and inode of the folders that led here."""
    suffixes = readable_suffixes()
    try:
        status = folder.stat()
        with os.scandir(folder) as entries:
            names = sorted((entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith("."))
    except OSError:
        # Decoding it says why it cannot be read: a folder is not passed over in silence.
        yield ImageSource(folder.as_posix(), folder)
        return
    here = (status.st_dev, status.st_ino)
    if here in above:
        return
    for name, is_folder in names:
        path = folder / name
        if is_folder:
            yield from _below(path, (*above, here))
        elif path.suffix.lower() in suffixes:
            yield ImageSource(path.as_posix(), path)
