"""Decodes each image once for all who need it."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future

from core.errors import Cancelled, ImageError, WhatsitError
from core.images import reading
from core.images.decoded import DecodedImage
from core.images.source import ImageSource

_CAPACITY = 256 * 1024 * 1024
_MOST = 400
"""Images that are kept, however small: what is made of each (``DecodedImage.once``) is kept with it, and is larger."""
_POLL_S = 0.05

Check = Callable[[], None]
"""Called now and then while a link is fetched; raises ``Cancelled`` to stop."""


class Decoder:
    """Decodes, and keeps what was used last.  Any thread may use it.

    Two threads that ask for the same image at the same time decode it once.  A file that changed on disk is
    decoded anew.  Failures are not kept.

    Attributes:
        capacity_bytes: memory for images that are kept; a larger image is decoded, but not kept.
    """

    def __init__(self, capacity_bytes: int = _CAPACITY) -> None:
        self.capacity_bytes = capacity_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, DecodedImage] = OrderedDict()
        self._kept_bytes = 0
        self._running: dict[Hashable, Future[DecodedImage]] = {}

    def decode(self, source: ImageSource, check: Check = lambda: None) -> DecodedImage:
        """The pixels of an image.

        Args:
            source: where it is.
            check: may raise ``Cancelled`` while a link is fetched.

        Raises:
            Cancelled: from ``check``.
            ImageError: it cannot be had, or is no image.
        """
        key = _key(source)
        while True:
            with self._lock:
                kept = self._kept.get(key)
                if kept is not None:
                    self._kept.move_to_end(key)
                    return kept
                future = self._running.get(key)
                if future is None:
                    mine = self._running[key] = Future[DecodedImage]()
                    break
            try:
                return _shared(future, check)
            except _GivenUp:
                # Another thread began, and was cancelled: this one still wants it.
                continue
        return self._decode(source, key, mine, check)

    def _decode(self, source: ImageSource, key: Hashable, mine: Future[DecodedImage], check: Check) -> DecodedImage:
        try:
            decoded = _read(source, check)
        except BaseException as error:
            with self._lock:
                del self._running[key]
            mine.set_exception(_GivenUp() if isinstance(error, Cancelled) else error)
            raise
        with self._lock:
            del self._running[key]
            self._keep(key, decoded)
        mine.set_result(decoded)
        return decoded

    def clear(self) -> None:
        """Let go of everything that is kept."""
        with self._lock:
            self._kept.clear()
            self._kept_bytes = 0

    def _keep(self, key: Hashable, decoded: DecodedImage) -> None:
        if decoded.nbytes > self.capacity_bytes:
            return
        self._kept[key] = decoded
        self._kept_bytes += decoded.nbytes
        while self._kept_bytes > self.capacity_bytes or len(self._kept) > _MOST:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= oldest.nbytes


class _GivenUp(Exception):
    """The thread that read an image for several was cancelled."""


def _shared(future: Future[DecodedImage], check: Check) -> DecodedImage:
    """Another thread's answer; an error is copied, since an exception belongs to one thread's traceback."""
    while not future.done():
        check()
        with contextlib.suppress(TimeoutError):
            future.exception(timeout=_POLL_S)
    try:
        return future.result()
    except ImageError as error:
        raise ImageError(error.what, error.why, error.remedy, detail=error.detail) from None


def _key(source: ImageSource) -> Hashable:
    if source.data is not None:
        return ("data", source.data)
    if source.path is None:
        return ("url", source.url)
    try:
        status = source.path.stat()
    except (OSError, ValueError):
        return ("path", source.path)
    return ("path", source.path, source.place, status.st_mtime_ns, status.st_size, status.st_ino)


def _read(source: ImageSource, check: Check) -> DecodedImage:
    name = source.short_name
    if source.data is not None:
        return reading.read_bytes(source.data, name)
    if source.path is not None and source.place is not None:
        return reading.read_array(source.path, source.place, name)
    if source.path is not None:
        return reading.read_file(source.path, name)
    from core.fetching import fetch_image

    try:
        data = fetch_image(source.url, check=check)
    except WhatsitError as error:
        raise ImageError(error.what, error.why, error.remedy, detail=error.detail) from error
    return reading.read_bytes(data, name)
