"""Many images: decoded ahead, batched, answered in order, in bounded memory."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from core.classifier import Classifier
from core.descriptions import ClassifierInfo
from core.errors import Cancelled, ImageError, WhatsitError
from core.images import DecodedImage, Decoder, ImageSource, thumbnail
from core.predictions import ImageResult, Prediction
from core.rows import refuse_pictures, row_tensor
from core.tensors import shared_tensor, to_tensor

_THREADS = 2
_LARGEST_BATCH = 64
"""Views in one forward pass."""
_BATCH_S = 0.15
"""How long one forward pass may keep a more urgent job waiting."""

_FEW = 4
"""So many images at once are what a person waits for."""
_LINK_THREADS = 4

Check = Callable[[], None]
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
    note: str = ""


class _Pace:
    """How many images go into the next forward pass: more and more, for as long as a pass is short."""

    def __init__(self, fixed: int, views: int) -> None:
        self._fixed = bool(fixed)
        self._largest = max(1, _LARGEST_BATCH // views)
        self.size = max(1, fixed // views)

    def adapt(self, count: int, seconds: float) -> None:
        """Learn from a pass over so many images."""
        if self._fixed or count < self.size:
            return
        if seconds < _BATCH_S / 2:
            self.size = min(self._largest, self.size * 2)
        elif seconds > _BATCH_S:
            self.size = max(1, self.size // 2)


class Stream:
    """Answers images for one classifier at a time."""

    def __init__(self, decoder: Decoder, clock: Clock = time.perf_counter) -> None:
        self._decoder = decoder
        self._clock = clock
        self._pool = ThreadPoolExecutor(_THREADS, "decode")
        # A few images that a person waits for do not queue behind those of a folder that are read ahead, and a
        # link that hangs keeps nobody waiting who does not need it.
        self._urgent = ThreadPoolExecutor(_THREADS, "decode-now")
        self._links = ThreadPoolExecutor(_LINK_THREADS, "fetch")
        self._closing = threading.Event()

    def close(self) -> None:
        """Let the threads go; what is queued is dropped."""
        self._closing.set()
        for pool in (self._pool, self._urgent, self._links):
            pool.shutdown(wait=False, cancel_futures=True)

    def answer(
        self, classifier: Classifier, sources: Sequence[ImageSource], batch_size: int = 0
    ) -> Generator[list[ImageResult] | Future[_Prepared], None, None]:
        """Answer images in order, a list of results for each forward pass.

        A future means that the next image is still being read: others may have their turn until it is done.
        Closing the generator ends what is being fetched for it.

        Args:
            classifier: it may step down to the CPU on the way.
            sources: the images.
            batch_size: images in one forward pass, or, with several crops, views, of which those of one image
                stay together; 0 grows from 1 for as long as a pass is short.
        """
        info = classifier.info
        pace, over = _Pace(batch_size, info.preprocessing.crops), threading.Event()
        waiting: deque[Future[_Prepared]] = deque()
        remaining = iter(sources)
        pool = self._urgent if len(sources) <= _FEW else self._pool

        def check() -> None:
            if over.is_set() or self._closing.is_set():
                raise Cancelled

        def submit(source: ImageSource) -> Future[_Prepared]:
            is_link = source.data is None and source.path is None
            return (self._links if is_link else pool).submit(self._prepare, source, info, check, pool)

        try:
            while True:
                ahead = 2 * pace.size + _THREADS - len(waiting)
                waiting.extend(submit(source) for source in itertools.islice(remaining, max(0, ahead)))
                if not waiting:
                    return
                if not waiting[0].done():
                    yield waiting[0]
                    continue
                start = self._clock()
                results = self._pass(classifier, _take(waiting, pace.size))
                pace.adapt(len(results), self._clock() - start)
                yield results
        finally:
            over.set()
            for future in waiting:
                future.cancel()

    def _prepare(self, source: ImageSource, info: ClassifierInfo, check: Check, pool: ThreadPoolExecutor) -> _Prepared:
        """Decode and preprocess one image, whose thumbnail is left to the pool; or read a row of numbers."""
        preprocessing = info.preprocessing
        try:
            check()
            if source.is_row:
                start = self._clock()
                values, note = row_tensor(source, info)
                return _Prepared(source, values, None, self._clock() - start, 0, 0, None, note)
            refuse_pictures(source, info)
            image = self._decoder.decode(source, check)
        except WhatsitError as error:
            return _Prepared(source, None, error, 0.0, 0, 0, None)
        # While one processor makes the tensor, another has time for it; in the forward pass all are busy.
        small = _later_small(image, pool)
        start = self._clock()
        try:
            # What a person waits for is often looked at, too.
            make = shared_tensor if pool is self._urgent else to_tensor
            tensor = make(image, preprocessing)
        except WhatsitError as error:
            return _Prepared(source, None, error, 0.0, image.width, image.height, small)
        except MemoryError:
            return _Prepared(source, None, _too_large(source), 0.0, image.width, image.height, small)
        return _Prepared(source, tensor, None, self._clock() - start, image.width, image.height, small)

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


def _result(item: _Prepared, answer: Prediction | WhatsitError) -> ImageResult:
    picture = item.thumbnail.result() if item.thumbnail is not None else b""
    if isinstance(answer, WhatsitError):
        return ImageResult(item.source, None, answer, item.width, item.height, picture)
    if item.source.is_row:
        answer = replace(answer, provenance=replace(answer.provenance, raw=True))
    return ImageResult(item.source, answer, None, item.width, item.height, picture, item.note)


def _later_small(image: DecodedImage, pool: ThreadPoolExecutor) -> Future[bytes] | None:
    try:
        return pool.submit(_small, image)
    except RuntimeError:
        # The pool is closing: nobody will look at it.
        return None


def _small(image: DecodedImage) -> bytes:
    """A thumbnail; none for an image whose colours cannot be shown, which has its answer all the same."""
    try:
        return image.once("thumbnail", None, lambda: thumbnail(image))
    except (WhatsitError, OSError, ValueError, MemoryError):
        return b""


def _too_large(source: ImageSource) -> ImageError:
    return ImageError(
        f"There is not enough memory for {source.name}.", "The image is very large.", "Make a smaller copy of it."
    )
