"""Measures a classifier on labelled data, as the steps of a job that can be cancelled and taken up again."""

from __future__ import annotations

import time
from collections.abc import Generator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np

from core.classifier import Classifier
from core.errors import DataError
from core.evaluations import Evaluation, measure
from core.images import ImageSource
from core.jobs import Context
from core.kept import key
from core.labelled import Alignment, LabelledData, LabelledImage, scored
from core.predictions import ImageResult
from core.scores import ANSWERED, FAILED, PENDING, ScoreStore, claimed, tidy, usual_folder
from core.stream import Stream

_FLUSH_EVERY = 2000


class Evaluating:
    """One evaluation of one classifier."""

    def __init__(
        self,
        classifier: Classifier,
        data: LabelledData,
        alignment: Alignment,
        folder: Path | None = None,
        top: int = 0,
    ) -> None:
        """Args:
        classifier: what is measured.
        data: images with their labels.
        alignment: which label is which of the classifier's classes; images of other labels are left out, and told.
        folder: where scores are kept; the usual place if not given.
        top: see ``EvaluationRequest``.

        Raises:
            DataError: no label is one of the model's classes, or the data is of another kind than the model's answers.
        """
        self._classifier = classifier
        self._data = data
        self._alignment = alignment
        self._top = top
        if data.kind != "values" and not alignment.indices:
            raise DataError(
                "The model cannot be measured on this data.",
                alignment.problem or "No image has any label.",
                "Choose data whose labels are the model's classes, or load the model's class names.",
            )
        self._scored = scored(data, alignment)
        if not self._scored:
            raise DataError("There is nothing to measure.", "No image has a label that the model knows.", "")
        self._root = folder or usual_folder()

    def run(
        self, context: Context, stream: Stream, batch_size: int = 0
    ) -> Generator[Future[Any] | None, None, Evaluation]:
        """Answer all images that have no scores yet, then measure.

        Every answered image is emitted as ``(row, ImageResult)``, so that pictures can be shown while it runs.
        """
        start = time.monotonic()
        with claimed(self._root, key(self._classifier.info, self._data, self._scored)) as folder:
            store = yield from self._answer(folder, context, stream, batch_size)
            tidy(self._root, folder)
            context.progress(len(self._scored), len(self._scored), "Measuring")
            yield
            return self._evaluation(context, store, time.monotonic() - start)

    def _answer(
        self, folder: Path, context: Context, stream: Stream, batch_size: int
    ) -> Generator[Future[Any] | None, None, ScoreStore]:
        info = self._classifier.info
        store = ScoreStore(folder, len(self._scored), len(info.labels))
        store.forget_failures()
        store.note(model=info.name, sha256=info.checkpoint.sha256, data=self._data.root, images=len(self._scored))
        waiting = [row for row in range(len(self._scored)) if store.state[row] == PENDING]
        done = len(self._scored) - len(waiting)
        context.progress(done, len(self._scored), "Evaluating")
        try:
            sources = tuple(self._source(row) for row in waiting)
            rows = iter(waiting)
            for results in stream.answer(self._classifier, sources, batch_size):
                if isinstance(results, Future):
                    yield results
                    continue
                for result in results:
                    row = next(rows)
                    _keep(store, row, result)
                    context.emit((row, result))
                done += len(results)
                context.progress(done, len(self._scored), "Evaluating")
                if done % _FLUSH_EVERY < len(results):
                    store.flush()
                yield
        finally:
            store.flush()
        return store

    def _evaluation(self, context: Context, store: ScoreStore, seconds: float) -> Evaluation:
        info, data = self._classifier.info, self._data
        rows = np.flatnonzero(store.state == ANSWERED)
        skipped = [
            (self._source(int(row)).name, store.reason(int(row))) for row in np.flatnonzero(store.state == FAILED)
        ]
        skipped += [(name, "It has no label.") for name in data.unlabelled]
        skipped += [(image.source.name, _why_left_out(image)) for image in self._left_out()]
        if not len(rows):
            raise DataError("None of the images could be answered.", skipped[0][1], "Choose other images.")
        places = np.asarray(self._scored, np.int64)[rows]
        scores = store.scores if len(rows) == len(store.state) else store.scores[rows]
        measures, truth = measure(data, self._alignment, places, scores, context.check, self._top)
        return Evaluation(
            model=info.name,
            labels=info.labels,
            data=data,
            alignment=self._alignment,
            measures=measures,
            places=places,
            truth=truth,
            scores=scores,
            predicted=np.asarray(scores).argmax(axis=1),
            skipped=tuple(skipped),
            failed=int(np.count_nonzero(store.state == FAILED)),
            provenance=self._classifier.provenance,
            seconds=seconds,
        )

    def _left_out(self) -> list[LabelledImage]:
        there = set(self._scored)
        return [image for place, image in enumerate(self._data.images) if place not in there]

    def _source(self, row: int) -> ImageSource:
        return self._data.images[self._scored[row]].source


def _why_left_out(image: LabelledImage) -> str:
    return f"Its label {image.labels[0]!r} is none of the model's classes." if image.labels else "It has no label."


def _keep(store: ScoreStore, row: int, result: ImageResult) -> None:
    if result.prediction is None:
        store.fail(row, str(result.error) if result.error is not None else "There is no answer.")
    else:
        found = result.prediction
        store.answer(row, np.asarray(found.values if found.is_regression else found.probabilities, np.float32))
