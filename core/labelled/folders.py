"""A folder of class folders, as torchvision's ``ImageFolder`` and timm take it."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from core.errors import DataError, ImageError, shown
from core.images import ImageSource, readable_suffixes, walk

SPLITS = {
    "test": ("test", "testing", "tests", "test_set", "holdout"),
    "val": ("val", "valid", "validation", "dev", "val_set", "validation_set", "eval"),
    "train": ("train", "training", "train_set", "training_set"),
}
"""Parts of a data set by the names that their folders have; those never trained on come first."""
_PARTS = frozenset(name for names in SPLITS.values() for name in names)
_DEEPEST = 4
_NO_CLASS = "__MACOSX"
"""What archives made on a Mac have beside their content."""


@dataclass(frozen=True)
class Found:
    """What a folder holds: images with the names of their class folders; see ``LabelledData``."""

    images: tuple[tuple[ImageSource, str], ...]
    classes: tuple[str, ...]
    split: str
    splits: tuple[str, ...]
    unlabelled: tuple[str, ...]
    notes: tuple[str, ...] = ()


def choose_split(there: list[str], wanted: str, where: str) -> str:
    """Which part of a data set to take.

    Args:
        there: the parts' names as written.
        wanted: by a person; empty to prefer what was not trained on.
        where: the data set, for the message.

    Returns:
        One of ``there``; empty where there are none.

    Raises:
        DataError: the wanted one is not there.
    """
    kinds = {name: kind for kind, names in SPLITS.items() for name in names}
    if wanted:
        exact = [name for name in there if name == wanted]
        alike = [name for name in there if kinds.get(name.lower()) == kinds.get(wanted.lower(), wanted.lower())]
        if exact or alike:
            return (exact or alike)[0]
        has = f"It has {', '.join(there)}." if there else "It has no parts."
        raise DataError(f"There is no part {shown(wanted)!r} in {where}.", has, "Choose one of those, or none.")
    order = list(SPLITS)
    return min(there, key=lambda name: order.index(kinds[name.lower()]) if name.lower() in kinds else 9, default="")


def read_folders(root: Path, split: str = "") -> Generator[None, None, Found]:
    """Find the images in the class folders below ``root``; see ``read_labelled``."""
    there = root
    folders, _ = _listed(root)
    if (inside := _inside(root)) != root:
        root, (folders, _) = inside, _listed(inside)
    parts = [name for name in folders if name.lower() in _PARTS]
    chosen = ""
    # Parts of a data set only where nothing else stands beside them: "test" may be a class among others.
    if parts and len(parts) == len(folders):
        chosen = choose_split(parts, split, root.as_posix())
        base = root / chosen
        folders, _ = _listed(base)
    elif split:
        raise DataError(
            f"There is no part {shown(split)!r} in {root.as_posix()}.",
            "It has no folders such as train, val and test alone.",
            "Name the folder of the part itself.",
        )
    else:
        base = root
    if not folders:
        raise DataError(
            f"There are no class folders in {base.as_posix()}.",
            "The labels of images are the names of the folders that they lie in.",
            "Choose a folder that holds one folder for each class, or a CSV file of paths and labels.",
        )
    images: list[tuple[ImageSource, str]] = []
    for name in folders:
        for source in _images_in(base / name):
            images.append((source, name))
            if len(images) % 500 == 0:
                yield
        yield
    _, beside = _listed(base)
    notes = () if root == there else (f"The class folders are in {root.as_posix()}.",)
    return Found(tuple(images), tuple(folders), chosen, tuple(parts) if chosen else (), tuple(beside), notes)


def _inside(root: Path) -> Path:
    """The folder that holds the class folders, where archives were unpacked into folders of their own names."""
    for _ in range(_DEEPEST):
        folders, images = _listed(root)
        if len(folders) != 1 or images or folders[0].lower() in _PARTS:
            break
        within, images = _listed(root / folders[0])
        # A single class may have folders of its own, and then has images beside them.
        if not within or images:
            break
        root = root / folders[0]
    return root


def _images_in(folder: Path) -> Generator[ImageSource, None, None]:
    try:
        yield from walk((folder,))
    except ImageError:
        # An empty class folder is told of in the table of classes.
        return


def _listed(folder: Path) -> tuple[list[str], list[str]]:
    """Names of the folders in a folder, sorted, and of the images beside them."""
    try:
        with os.scandir(folder) as entries:
            there = sorted((entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith("."))
    except NotADirectoryError as error:
        raise DataError(
            f"{folder.name} is no labelled data.",
            "It is neither a folder of class folders nor a CSV or JSON file of paths and labels.",
            "Choose one of these.",
        ) from error
    except (OSError, ValueError) as error:
        why = "There is nothing of that name." if isinstance(error, FileNotFoundError) else f"The reason: {error}."
        raise DataError(f"{folder.as_posix()} cannot be read.", why, "Choose another folder.") from error
    folders = [name for name, is_folder in there if is_folder and name != _NO_CLASS]
    suffixes = readable_suffixes()
    return folders, [name for name, is_folder in there if not is_folder and Path(name).suffix.lower() in suffixes]
