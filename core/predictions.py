"""What a classifier says of one image."""

from __future__ import annotations

import functools
import heapq
from array import array
from collections import Counter
from dataclasses import dataclass

from core.descriptions import Provenance
from core.errors import WhatsitError
from core.images import ImageSource


@dataclass(frozen=True, slots=True)
class ClassScore:
    """The probability of one class.

    Attributes:
        index: position in the model's head, from 0.
        label: the class's name; the index as text where the model has no names.
        score: 0..1.
        repeated: whether another class of the model has the same name.
    """

    index: int
    label: str
    score: float
    repeated: bool = False

    @property
    def title(self) -> str:
        """The name as a person reads it: with the class's number where the name alone would mean several."""
        return f"{self.label} (class {self.index})" if self.repeated else self.label


@dataclass(frozen=True, slots=True)
class Prediction:
    """An image's class scores.

    Attributes:
        probabilities: one float32 a class, in head order, summing to 1.
        labels: class names in head order, as many as ``probabilities``; one tuple shared by all
            predictions of a classifier.
        elapsed_s: seconds from decoded pixels to scores; a batch's time is shared equally.
        provenance: where the scores come from.
    """

    probabilities: array[float]
    labels: tuple[str, ...]
    elapsed_s: float
    provenance: Provenance

    def top(self, k: int) -> tuple[ClassScore, ...]:
        """The best ``k`` classes, best first; equal scores in head order.

        Args:
            k: how many; 0 means all, and more than there are gives all.
        """
        count = len(self.probabilities)
        wanted = count if k <= 0 else min(k, count)
        best = heapq.nsmallest(wanted, range(count), key=lambda i: (-self.probabilities[i], i))
        twice = _repeated(self.labels)
        return tuple(ClassScore(i, self.labels[i], self.probabilities[i], self.labels[i] in twice) for i in best)


@dataclass(frozen=True, slots=True)
class ImageResult:
    """The answer to one image: a prediction, or the reason why there is none.

    Attributes:
        source: the image.
        prediction: ``None`` where ``error`` is set.
        error: ``None`` where ``prediction`` is set.
        width, height: of the upright image in pixels; 0 where it could not be decoded.
        thumbnail: a small upright JPEG; empty where it could not be decoded.
        note: what a person must know of how the input was read, such as that a column was left out; mostly empty.
    """

    source: ImageSource
    prediction: Prediction | None
    error: WhatsitError | None
    width: int = 0
    height: int = 0
    thumbnail: bytes = b""
    note: str = ""


@functools.lru_cache(maxsize=8)
def _repeated(labels: tuple[str, ...]) -> frozenset[str]:
    """The names that more than one class has."""
    return frozenset(label for label, count in Counter(labels).items() if count > 1)
