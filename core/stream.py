"""Many images: decoded ahead, batched, answered in order, in bounded memory."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.errors import ImageError, WhatsitError
from core.images import DecodedImage, Decoder, ImageSource, thumbnail
from core.predictions import ImageResult, Prediction
from core.preprocessing import Preprocessing
from core.tensors import to_tensor

_THREADS = 2
_LARGEST_BATCH = 64
_BATCH_S = 0.15
"""How long one forward pass may keep a more urgent job waiting."""

_POLL_S = 0.01

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """One image on its way: its tensor, or the reason why there is none."""

    source: ImageSource
    tensor: Tensor | None
    error: WhatsitError | None
    seconds: float
    width: int
    height: int
    thumbnail: Future[bytes] | None


class Stream:
    """Answers images for one classifier at a time.

    Attributes:
        batch_size: the size of the next forward pass; grows while passes are short.
    """

    def __init__(self, decoder: Decoder, clock: Clock = time.perf_counter) -> None:
        self._decoder = decoder
        self._clock = clock
        self._pool = ThreadPoolExecutor(_THREADS, "decode")
        self.batch_size = 1

    def close(self) -> None:
        """Let the threads go; what is queued is dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def answer(
        self, classifier: Classifier, sources: Sequence[ImageSource], batch_size: int = 0
    ) -> Generator[list[ImageResult], None, None]:
        """Answer images in order, a list of results for each forward pass.

        An empty list means that the next image is still being read: a moment to give way.

        Args:
            classifier: it may step down to the CPU on the way.
            sources: the images.
            batch_size: images in one forward pass; 0 grows from 1 for as long as a pass is short.
        """
        preprocessing = classifier.info.preprocessing
        self.batch_size = batch_size or 1
        waiting: deque[Future[_Prepared]] = deque()
        remaining = iter(sources)
        try:
            while True:
                self._fill(waiting, remaining, preprocessing)
                if not waiting:
                    return
                if not waiting[0].done():
                    _wait(waiting[0])
                    yield []
                    continue
                start = self._clock()
                results = self._pass(classifier, _take(waiting, self.batch_size))
                self._adapt(len(results), self._clock() - start, batch_size)
                yield results
        finally:
            for future in waiting:
                future.cancel()

    def _fill(
        self, waiting: deque[Future[_Prepared]], remaining: Iterator[ImageSource], preprocessing: Preprocessing
    ) -> None:
        ahead = 2 * self.batch_size + _THREADS
        while len(waiting) < ahead:
            source = next(remaining, None)
            if source is None:
                return
            waiting.append(self._pool.submit(self._prepare, source, preprocessing))

    def _prepare(self, source: ImageSource, preprocessing: Preprocessing) -> _Prepared:
        """Decode and preprocess one image; runs on the pool."""
        try:
            image = self._decoder.decode(source)
        except WhatsitError as error:
            return _Prepared(source, None, error, 0.0, 0, 0, None)
        start = self._clock()
        try:
            tensor = to_tensor(image, preprocessing)
        except WhatsitError as error:
            return _Prepared(source, None, error, 0.0, image.width, image.height, self._thumbnail(image))
        except MemoryError:
            return _Prepared(source, None, _too_large(source), 0.0, image.width, image.height, None)
        seconds = self._clock() - start
        return _Prepared(source, tensor, None, seconds, image.width, image.height, self._thumbnail(image))

    def _thumbnail(self, image: DecodedImage) -> Future[bytes] | None:
        try:
            return self._pool.submit(_small, image)
        except RuntimeError:
            # The pool is closing: nobody will look at it.
            return None

    def _pass(self, classifier: Classifier, prepared: list[_Prepared]) -> list[ImageResult]:
        """One forward pass over images of one input size; those without a tensor bring their error."""
        tensors = [item.tensor for item in prepared if item.tensor is not None]
        seconds = [item.seconds for item in prepared if item.tensor is not None]
        answers: Iterator[Prediction | WhatsitError] = iter(())
        if tensors:
            try:
                answers = iter(classifier.predict(torch.stack(tensors), seconds, self._clock))
            except WhatsitError as error:
                answers = itertools.repeat(error)
        return [_result(item, item.error or next(answers)) for item in prepared]

    def _adapt(self, count: int, seconds: float, fixed: int) -> None:
        if fixed or count < self.batch_size:
            return
        if seconds < _BATCH_S / 2:
            self.batch_size = min(_LARGEST_BATCH, self.batch_size * 2)
        elif seconds > _BATCH_S:
            self.batch_size = max(1, self.batch_size // 2)


def _take(waiting: deque[Future[_Prepared]], most: int) -> list[_Prepared]:
    """The next images that are ready, as many as share one input size."""
    taken: list[_Prepared] = []
    shape: torch.Size | None = None
    while waiting and len(taken) < most and waiting[0].done():
        item = waiting[0].result()
        if item.tensor is not None:
            if shape is not None and item.tensor.shape != shape:
                break
            shape = item.tensor.shape
        taken.append(item)
        waiting.popleft()
    return taken


def _wait(future: Future[_Prepared]) -> None:
    try:
        future.exception(timeout=_POLL_S)
    except TimeoutError:
        return


def _result(item: _Prepared, answer: Prediction | WhatsitError) -> ImageResult:
    picture = item.thumbnail.result() if item.thumbnail is not None else b""
    if isinstance(answer, WhatsitError):
        return ImageResult(item.source, None, answer, item.width, item.height, picture)
    return ImageResult(item.source, answer, None, item.width, item.height, picture)


def _small(image: DecodedImage) -> bytes:
    """A thumbnail; none for an image whose colours cannot be shown, which has its answer all the same."""
    try:
        return thumbnail(image)
    except (WhatsitError, OSError, ValueError, MemoryError):
        return b""


def _too_large(source: ImageSource) -> ImageError:
    return ImageError(
        f"There is not enough memory for {source.name}.", "The image is very large.", "Make a smaller copy of it."
    )
