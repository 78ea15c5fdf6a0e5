"""What can be built, and which published weights there are: torchvision's classifiers, read from a table.

The table is made from torchvision itself (``resources/make_torchvision_table.py``), so that a window can
list all of it without importing torch.
"""

from __future__ import annotations

import difflib
import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NotRequired, TypedDict, cast

from core.errors import UsageError
from core.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing

TABLE = Path(__file__).resolve().parents[1] / "resources" / "torchvision.json"
_FIRST = "IMAGENET1K_V1"


class WeightsRow(TypedDict):
    """Published weights as the table has them; what is left out is ImageNet's usual, bilinear."""

    url: str
    sha256: str
    bytes: int
    accuracy: float
    resize: int
    crop: int
    interpolation: NotRequired[Literal["bilinear", "bicubic"]]
    mean: NotRequired[list[float]]
    std: NotRequired[list[float]]


class ArchitectureRow(TypedDict):
    """An architecture as the table has it; ``root`` is the number of its part."""

    family: str
    root: int
    weights: dict[str, WeightsRow]
    training_only: NotRequired[list[str]]
    fixed_input: NotRequired[int]


class Table(TypedDict):
    """The whole table; its form is described where it is made."""

    torchvision: str
    architectures: dict[str, ArchitectureRow]
    parts: list[dict[str, int | list[int]]]
    categories: list[str]


@dataclass(frozen=True, slots=True)
class ArchitectureEntry:
    """An architecture that can be built.

    Attributes:
        id: such as ``resnet50``.
        source: ``torchvision``.
        family: such as ``ResNet``.
        input_size: pixels a side that the weights named below were measured with.
        preprocessing: of its V1 weights, or, where there are none, of those for the smallest input: what to
            assume where nothing is known.
    """

    id: str
    source: str
    family: str
    input_size: int
    preprocessing: Preprocessing


@dataclass(frozen=True, slots=True)
class PretrainedEntry:
    """Published weights.

    Attributes:
        id: such as ``resnet50/IMAGENET1K_V2``.
        architecture: id.
        url: where they lie.
        sha256_prefix: first hexadecimal digits of the file's sha256.
        bytes: the file's size, right to about 500 bytes.
        accuracy: top-1 on ImageNet-1K, percent, as published.
        preprocessing: the values they were measured with.
        num_classes: size of the head.
    """

    id: str
    architecture: str
    url: str
    sha256_prefix: str
    bytes: int
    accuracy: float
    preprocessing: Preprocessing
    num_classes: int


@functools.cache
def table() -> Table:
    """The table itself, for ``core/fingerprints.py``; never change it."""
    return cast(Table, json.loads(TABLE.read_text(encoding="utf-8")))


@functools.cache
def architectures() -> tuple[ArchitectureEntry, ...]:
    """All architectures, by name."""
    return tuple(_entry(name, row) for name, row in table()["architectures"].items())


@functools.cache
def architecture(wanted: str) -> ArchitectureEntry:
    """The architecture with this id.

    Raises:
        UsageError: there is none; the message has names that are close.
    """
    entries = {entry.id: entry for entry in architectures()}
    if wanted in entries:
        return entries[wanted]
    close = difflib.get_close_matches(wanted.lower().replace("-", "_"), entries, n=3, cutoff=0.5)
    raise UsageError(
        f"There is no architecture {wanted[:80]!r}.",
        f"Close names are {', '.join(close)}." if close else "No name is close to it.",
        "Choose one of those that `architectures` lists, or none: the weights tell it.",
    )


def assumed_preprocessing(wanted: str, input_size: int = 0) -> Preprocessing:
    """What to assume for weights of an architecture that say nothing about their preprocessing.

    Args:
        wanted: architecture id.
        input_size: pixels a side that the network takes (``Match.input_size``); 0 where it takes any.

    Raises:
        UsageError: there is no such architecture.
    """
    usual = architecture(wanted).preprocessing
    if input_size in (0, architecture(wanted).input_size):
        return usual
    for entry in pretrained():
        if entry.architecture == wanted and entry.preprocessing.crop == (input_size, input_size):
            return entry.preprocessing
    return replace(usual, size=(input_size, input_size), crop=(input_size, input_size))


@functools.cache
def pretrained() -> tuple[PretrainedEntry, ...]:
    """All published classifiers, by architecture."""
    return tuple(_pretrained())


@functools.cache
def published(sha256: str) -> PretrainedEntry | None:
    """The published weights that a file is a copy of, whatever it is called.

    Args:
        sha256: of the whole file, hexadecimal.
    """
    return next((entry for entry in pretrained() if sha256.startswith(entry.sha256_prefix)), None)


@functools.cache
def imagenet_labels() -> tuple[str, ...]:
    """The 1,000 class names of ImageNet-1K in the order of all the published heads."""
    return tuple(table()["categories"])


def _entry(name: str, row: ArchitectureRow) -> ArchitectureEntry:
    weights = row["weights"]
    first = weights.get(_FIRST) or min(weights.values(), key=lambda each: each["crop"])
    return ArchitectureEntry(name, "torchvision", row["family"], first["crop"], _preprocessing(first))


def _pretrained() -> Iterator[PretrainedEntry]:
    count = len(table()["categories"])
    for name, architecture_row in table()["architectures"].items():
        for weights, row in architecture_row["weights"].items():
            yield PretrainedEntry(
                id=f"{name}/{weights}",
                architecture=name,
                url=row["url"],
                sha256_prefix=row["sha256"],
                bytes=row["bytes"],
                accuracy=row["accuracy"],
                preprocessing=_preprocessing(row),
                num_classes=count,
            )


def _preprocessing(row: WeightsRow) -> Preprocessing:
    resize, crop = row["resize"], row["crop"]
    return Preprocessing(
        size=(resize, resize),
        interpolation=row.get("interpolation", "bilinear"),
        crop=(crop, crop),
        mean=tuple(row.get("mean", IMAGENET_MEAN)),
        std=tuple(row.get("std", IMAGENET_STD)),
    )
