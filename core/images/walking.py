"""Finding the images below a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from core.arrays import ANYTHING, ArrayPlace, Takes, is_array_file
from core.errors import ArrayError, ImageError
from core.images.reading import readable_suffixes
from core.images.source import ImageSource


def walk(paths: Iterable[Path], takes: Takes = ANYTHING) -> Iterator[ImageSource]:
    """The images that paths stand for, found as they are asked for.

    A file is taken as it is, whatever its name, and so is a path where nothing is: decoding says what is
    wrong with it.  A file of numbers (.npy, .npz, .csv, .tsv) is as many as it has rows or pictures.  A folder is
    searched through and through, sorted by name, for names that images have; hidden files and folders are left
    out, and a link that leads back is not followed.  Files of numbers count in a folder where the network takes
    rows alone.

    Args:
        paths: files and folders.
        takes: what the network takes, which decides whether a square of numbers is rows or a picture.

    Raises:
        ImageError: folders without any image; after all other paths had their turn.
    """
    empty: list[Path] = []
    for path in paths:
        if not os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises where a name is too long)
            if is_array_file(path):
                yield from _in_array(path, takes)
            else:
                yield ImageSource(path.as_posix(), path)
            continue
        found = False
        for source in _below(path, (), takes):
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


def _in_array(path: Path, takes: Takes) -> Iterator[ImageSource]:
    """The rows or pictures of a file; one that cannot be read says why in its own place."""
    from core.arrays.contents import look

    name = path.as_posix()
    try:
        contents = look(path, takes)
    except ArrayError:
        yield ImageSource(name, path, place=ArrayPlace(""))
        return
    if contents.several:
        name = f"{name} {contents.member}"
    for index in range(contents.count):
        numbered = name if contents.alone else f"{name} #{index + 1}"
        yield ImageSource(numbered, path, place=ArrayPlace(contents.kind, index, contents.member, contents.alone))


def _below(folder: Path, above: tuple[tuple[int, int], ...], takes: Takes) -> Iterator[ImageSource]:
    """Images in a folder, and rows for a network that takes nothing else.

    ``above`` holds device and inode of the folders that led here.
    """
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
            yield from _below(path, (*above, here), takes)
        elif not takes.pictures and is_array_file(path):
            yield from _in_array(path, takes)
        elif path.suffix.lower() in suffixes:
            yield ImageSource(path.as_posix(), path)
