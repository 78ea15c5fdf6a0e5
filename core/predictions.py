"""What a classifier says of one image."""

from __future__ import annotations

import functools
import heapq
from array import array
from collections import Counter
from dataclasses import dataclass, field

from core.descriptions import Provenance
from core.errors import WhatsitError
from core.images import ImageSource
from core.outputs import HALF, OVER_LABELS


def _nothing() -> array[float]:
    return array("f")


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
class NamedValue:
    """One value of a regression.

    Attributes:
        index: position in the model's head, from 0.
        label: what it is called; the index as text where the model has no names.
        value: any number.
    """

    index: int
    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a network says of an image: class scores, or values.

    Attributes:
        probabilities: one float32 a class, in head order.  They sum to 1, except where ``over_labels``: there each
            is a probability of its own.  Empty for a regression.
        labels: names in head order, as many as ``probabilities`` or ``values``; one tuple shared by all
            predictions of a classifier.
        elapsed_s: seconds from decoded pixels to scores; a batch's time is shared equally.
        provenance: where the scores come from.
        values: one float32 an output, in head order, for a regression; else empty.
    """

    probabilities: array[float]
    labels: tuple[str, ...]
    elapsed_s: float
    provenance: Provenance
    values: array[float] = field(default_factory=_nothing)

    @property
    def over_labels(self) -> bool:
        """Whether several labels may be right at once."""
        return self.provenance.activation in OVER_LABELS

    @property
    def is_regression(self) -> bool:
        """Whether there are values and no class scores."""
        return bool(self.values)

    def top(self, k: int) -> tuple[ClassScore, ...]:
        """The best ``k`` classes, best first; equal scores in head order; none for a regression.

        Args:
            k: how many; 0 means all, and more than there are gives all.
        """
        count = len(self.probabilities)
        wanted = count if k <= 0 else min(k, count)
        best = heapq.nsmallest(wanted, range(count), key=lambda i: (-self.probabilities[i], i))
        twice = _repeated(self.labels)
        return tuple(ClassScore(i, self.labels[i], self.probabilities[i], self.labels[i] in twice) for i in best)

    def found(self) -> tuple[ClassScore, ...]:
        """The labels that are said to be in the image, best first: those with a probability of a half or more."""
        count = sum(score >= HALF for score in self.probabilities)
        return self.top(count) if count else ()

    def named_values(self) -> tuple[NamedValue, ...]:
        """The values of a regression in head order; none for a classifier."""
        return tuple(NamedValue(i, self.labels[i], value) for i, value in enumerate(self.values))


def prediction(scores: array[float], labels: tuple[str, ...], elapsed_s: float, provenance: Provenance) -> Prediction:
    """What an image's scores are: values where the provenance says so, else probabilities."""
    if provenance.activation == "regression":
        return Prediction(_nothing(), labels, elapsed_s, provenance, scores)
    return Prediction(scores, labels, elapsed_s, provenance)


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
