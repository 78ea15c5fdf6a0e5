"""The tables of architectures, made ahead of time: torchvision's and timm's.

They are read without importing torch, torchvision or timm; ``resources/make_torchvision_table.py`` and
``resources/make_timm_table.py`` make them and say what they look like.
"""

from __future__ import annotations

import functools
import json
import lzma
from pathlib import Path
from typing import Literal, NotRequired, TypedDict, cast

RESOURCES = Path(__file__).resolve().parents[1] / "resources"
TORCHVISION = RESOURCES / "torchvision.json"
TIMM = RESOURCES / "timm.json.xz"
TWINS = RESOURCES / "twins.json"

IMAGENET_IDS = RESOURCES / "imagenet_ids.txt"

TIMM_PREFIX = "timm/"
"""What the id of one of timm's architectures begins with."""

Part = dict[str, int | list[int]]


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
    """One of torchvision's architectures as the table has it.

    ``root`` is the number of its part; ``key`` and ``bodies`` are sums over names
    (``core/fingerprints/index.py``): of all, and of all but those of a head, by the head's name.
    """

    family: str
    root: int
    key: int
    bodies: dict[str, int]
    weights: dict[str, WeightsRow]
    training_only: NotRequired[list[str]]
    fixed_input: NotRequired[int]


class TorchvisionTable(TypedDict):
    """torchvision's table; its form is described where it is made."""

    torchvision: str
    architectures: dict[str, ArchitectureRow]
    parts: list[Part]
    categories: list[str]


class TimmRow(TypedDict):
    """One of timm's models as the table has it; what is left out is timm's own default.

    ``input`` is channels, height and width; ``bodies`` is there where there is one head.
    """

    family: str
    root: int
    input: list[int]
    key: int
    bodies: NotRequired[dict[str, int]]
    step: NotRequired[int]
    fixed: NotRequired[bool]
    interpolation: NotRequired[str]
    crop_pct: NotRequired[float]
    crop_mode: NotRequired[str]
    mean: NotRequired[list[float]]
    std: NotRequired[list[float]]


class TimmTable(TypedDict):
    """timm's table; its form is described where it is made.

    ``functions`` lists the architectures that share their tensors with others: those in one list compute
    the same from them.
    """

    timm: str
    architectures: dict[str, TimmRow]
    parts: list[Part]
    sizes: list[list[int]]
    functions: list[list[str]]


@functools.cache
def torchvision_table() -> TorchvisionTable:
    """torchvision's; never change it."""
    return cast(TorchvisionTable, json.loads(TORCHVISION.read_text(encoding="utf-8")))


@functools.cache
def imagenet_ids() -> tuple[str, ...]:
    """WordNet's ids of ImageNet's 1,000 classes (``n01440764``), in the order of the head."""
    return tuple(IMAGENET_IDS.read_text(encoding="ascii").split())


@functools.cache
def timm_table() -> TimmTable:
    """timm's; never change it."""
    return cast(TimmTable, json.loads(lzma.decompress(TIMM.read_bytes())))


@functools.cache
def functions() -> dict[str, int]:
    """By id, what is the same number for architectures that compute the same from the same tensors.

    Only those that share their tensors with others are in it, torchvision's among them.
    """
    return {name: number for number, names in enumerate(timm_table()["functions"]) for name in names}


@functools.cache
def twins() -> dict[str, dict[str, list[str]]]:
    """timm's models with the tensors of one of torchvision's, by its id.

    Apart from timm's table, so that a file of torchvision's needs only this.  In each: ``same`` compute the
    same from these tensors, each list in ``other`` something else.
    """
    return cast("dict[str, dict[str, list[str]]]", json.loads(TWINS.read_text(encoding="utf-8")))
