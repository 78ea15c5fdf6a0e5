"""Evaluations made of given scores, without a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.descriptions import Provenance
from core.evaluations import Evaluation
from core.images import ImageSource
from core.labelled import AlignedClass, Alignment, LabelledData, LabelledImage
from core.measures import Measures, measure_classes, measure_several, measure_values
from core.preprocessing import Preprocessing

PROVENANCE = Provenance("w.pth", "0" * 64, "resnet18", Preprocessing(), "labels.txt", "cpu", "float32", "0.1.0")


def _evaluation(
    kind: str, images: Sequence[LabelledImage], labels: tuple[str, ...], measures: Measures, scores: NDArray[np.float32]
) -> Evaluation:
    data = LabelledData("/data", "csv", kind, tuple(images), labels)
    rows = tuple(AlignedClass(label, 1, index, label, "same name") for index, label in enumerate(labels))
    return Evaluation(
        model="A model",
        labels=labels,
        data=data,
        alignment=Alignment(rows if kind != "values" else (), ()),
        measures=measures,
        places=np.arange(len(images)),
        truth=np.asarray([labels.index(i.labels[0]) for i in images] if kind == "classes" else [], np.int64),
        scores=scores,
        predicted=scores.argmax(axis=1),
        skipped=(("gone.png", "It has no label."),),
        failed=0,
        provenance=PROVENANCE,
        seconds=1.5,
    )


def _sources(count: int, paths: Sequence[Path]) -> list[ImageSource]:
    files = [paths[number] if number < len(paths) else Path(f"/nowhere/{number}.png") for number in range(count)]
    return [ImageSource(file.as_posix(), file) for file in files]


def of_classes(
    truth: NDArray[np.int64], scores: NDArray[np.float32], labels: Sequence[str], paths: Sequence[Path] = ()
) -> Evaluation:
    """Of one class an image; images beyond ``paths`` are missing."""
    pairs = zip(_sources(len(truth), paths), truth, strict=True)
    images = [LabelledImage(source, (str(labels[index]),)) for source, index in pairs]
    return _evaluation("classes", images, tuple(labels), measure_classes(truth, scores), scores)


def of_several(truth: NDArray[np.bool_], scores: NDArray[np.float32], labels: Sequence[str]) -> Evaluation:
    """Of any number of labels an image."""
    pairs = zip(_sources(len(truth), ()), truth, strict=True)
    images = [LabelledImage(source, tuple(labels[int(i)] for i in np.flatnonzero(row))) for source, row in pairs]
    return _evaluation("several", images, tuple(labels), measure_several(truth, scores), scores)


def of_values(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> Evaluation:
    """Of a regression."""
    pairs = zip(_sources(len(truth), ()), truth, strict=True)
    images = [LabelledImage(source, value=float(value)) for source, value in pairs]
    scores = predicted.astype(np.float32)[:, None]
    return _evaluation("values", images, ("value",), measure_values(truth, scores[:, 0].astype(np.float64)), scores)


def random_scores(
    count: int, classes: int, seed: int = 0, sure: float = 3.0
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Truths, and scores that mostly agree with them."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, count)
    numbers = random.normal(0, 1, (count, classes))
    numbers[np.arange(count), truth] += sure
    shares = np.exp(numbers)
    return truth, (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
