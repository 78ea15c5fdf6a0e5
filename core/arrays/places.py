"""Which part of a file is meant, and what a network takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".npy", ".npz", ".csv", ".tsv")


@dataclass(frozen=True, slots=True)
class ArrayPlace:
    """One row or picture of a file of numbers.

    Attributes:
        kind: ``row`` or ``picture``; empty where the file could not be read, which reading it again will explain.
        index: which, from 0.
        member: the array's name in an ``.npz``; else empty.
        alone: whether the array is one row or picture, not a list of them.
        target: the column of a table that is the label and does not go into the network; -1 where none is known.
    """

    kind: str
    index: int = 0
    member: str = ""
    alone: bool = False
    target: int = -1


@dataclass(frozen=True, slots=True)
class Takes:
    """What a network takes, as far as it decides what an array means.

    Attributes:
        features: numbers in a row that go in as they are; 0 where it takes no rows.
        pictures: whether it takes pictures.
        grey: whether these have one channel.
    """

    features: int = 0
    pictures: bool = True
    grey: bool = False


ANYTHING = Takes()
"""Where no network is known: the shape of an array decides."""


def is_array_file(path: Path) -> bool:
    """Whether a file is named like one with numbers."""
    return path.suffix.lower() in SUFFIXES
