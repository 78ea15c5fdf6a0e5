"""Labelled data on disk, and reading it."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from core.labelled import LabelledData, read_labelled
from core.labelled.lists import Wanted


def picture(path: Path) -> Path:
    """A small picture, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), "red").save(path)
    return path


def folders(root: Path, counts: dict[str, int]) -> Path:
    """A folder of class folders."""
    for name, count in counts.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            picture(root / name / f"{number}.png")
    return root


def read(path: Path, split: str = "", target: str = "", wanted: Wanted = "", path_column: str = "") -> LabelledData:
    """What is found, after all steps."""
    steps = read_labelled(path, split, target, wanted, path_column=path_column)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def pairs(data: LabelledData) -> list[tuple[str, tuple[str, ...]]]:
    """File name and labels of each image."""
    return [(image.source.short_name, image.labels) for image in data.images]
