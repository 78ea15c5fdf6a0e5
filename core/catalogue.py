"""What can be built, and which published weights there are: torchvision's classifiers and timm's.

Both come from tables made ahead (``core/tables.py``), so that a window can list all of it without importing
torch, torchvision or timm.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from core.errors import UsageError
from core.preprocessing import IMAGENET_MEAN, IMAGENET_STD, PRESETS, Preprocessing
from core.preprocessing.configs import parse_preprocessing
from core.tables import TIMM_PREFIX, ArchitectureRow, TimmRow, WeightsRow, timm_table, torchvision_table

_FIRST = "IMAGENET1K_V1"
_ROUNDED = 4096
_SMALL = PRESETS["cifar10"]


@dataclass(frozen=True, slots=True)
class ArchitectureEntry:
    """An architecture that can be built.

    Attributes:
        id: such as ``resnet50``, which is torchvision's, or ``timm/resnet50``.
        source: ``torchvision`` or ``timm``.
        family: such as ``ResNet``.
        input_size: pixels a side that the preprocessing is for; the height where the sides differ.
        preprocessing: what to assume where nothing is known.  For torchvision's that of the V1 weights, or,
            where there are none, of those for the smallest input; for timm's what timm has for the model.
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

    def has_size(self, count: int) -> bool:
        """Whether a file of so many bytes may be this one: the published figures are rounded."""
        return abs(count - self.bytes) <= _ROUNDED


@functools.cache
def architectures() -> tuple[ArchitectureEntry, ...]:
    """All architectures by name, torchvision's first."""
    torchvision = (_torchvision_entry(name, row) for name, row in torchvision_table()["architectures"].items())
    timm = (_timm_entry(name, row) for name, row in timm_table()["architectures"].items())
    return (*torchvision, *timm)


@functools.cache
def architecture(wanted: str) -> ArchitectureEntry:
    """The architecture with this id.

    Raises:
        UsageError: there is none; the message has names that are close.
    """
    rows = torchvision_table()["architectures"]
    if wanted in rows:
        return _torchvision_entry(wanted, rows[wanted])
    name = wanted.removeprefix(TIMM_PREFIX)
    if name != wanted and name in timm_table()["architectures"]:
        return _timm_entry(name, timm_table()["architectures"][name])
    raise _unknown(wanted)


def _unknown(wanted: str) -> UsageError:
    ids = [entry.id for entry in architectures()]
    close = difflib.get_close_matches(wanted[:80].lower().replace("-", "_"), ids, n=3, cutoff=0.5)
    if TIMM_PREFIX + wanted in ids:
        close = list(dict.fromkeys((TIMM_PREFIX + wanted, *close)))
    return UsageError(
        f"There is no architecture {wanted[:80]!r}.",
        f"Close names are {', '.join(close)}." if close else "No name is close to it.",
        "Choose one of those that `architectures` lists, or none: the weights tell it.",
    )


def assumed_preprocessing(
    wanted: str, input_size: int = 0, *, input_channels: int = 3, small_images: bool = False
) -> Preprocessing:
    """What to assume for weights of an architecture that say nothing about their preprocessing.

    Args:
        wanted: architecture id.
        input_size: pixels a side that the network takes (``Match.input_size``); 0 where it takes any.
        input_channels: of the network's input; with one, colour is turned into grey.
        small_images: whether its first convolution was changed for small images, such as CIFAR's of 32 x 32.

    Raises:
        UsageError: there is no such architecture.
    """
    assumed = _SMALL if small_images else _for_size(wanted, input_size)
    if input_channels != 1:
        return assumed
    mean, std = (round(sum(values) / len(values), 6) for values in (assumed.mean, assumed.std))
    return replace(assumed, channels="grey", mean=(mean,), std=(std,))


def _for_size(wanted: str, input_size: int) -> Preprocessing:
    entry = architecture(wanted)
    if input_size in (0, entry.input_size):
        return entry.preprocessing
    for each in pretrained():
        if each.architecture == wanted and each.preprocessing.crop == (input_size, input_size):
            return each.preprocessing
    return replace(entry.preprocessing, size=(input_size, input_size), crop=(input_size, input_size))


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
    return tuple(torchvision_table()["categories"])


def _torchvision_entry(name: str, row: ArchitectureRow) -> ArchitectureEntry:
    weights = row["weights"]
    first = weights.get(_FIRST) or min(weights.values(), key=lambda each: each["crop"])
    return ArchitectureEntry(name, "torchvision", row["family"], first["crop"], _preprocessing(first))


def _timm_entry(name: str, row: TimmRow) -> ArchitectureEntry:
    preprocessing = parse_preprocessing({**row, "input_size": row["input"]})
    if preprocessing is None:
        raise ValueError(f"the row of {name} has no input size")
    return ArchitectureEntry(TIMM_PREFIX + name, "timm", row["family"], row["input"][1], preprocessing)


def _pretrained() -> Iterator[PretrainedEntry]:
    count = len(torchvision_table()["categories"])
    for name, architecture_row in torchvision_table()["architectures"].items():
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
