"""What a classifier says of one image."""

from __future__ import annotations

import heapq
from array import array
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
    """

    index: int
    label: str
    score: float


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
        return tuple(ClassScore(i, self.labels[i], self.probabilities[i]) for i in best)


@dataclass(frozen=True, slots=True)
class ImageResult:
    """The answer to one image: a prediction, or the reason why there is none.

    Attributes:
        source: the image.
        prediction: ``None`` where ``error`` is set.
        error: ``None`` where ``prediction`` is set.
        width, height: of the upright image in pixels; 0 where it could not be decoded.
        thumbnail: a small upright JPEG; empty where it could not be decoded.
    """

    source: ImageSource
    prediction: Prediction | None
    error: WhatsitError | None
    width: int = 0
    height: int = 0
    thumbnail: bytes = b""
