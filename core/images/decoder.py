"""Decodes each image once for all who need it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from concurrent.futures import Future

from core.errors import ImageError, WhatsitError
from core.images import reading
from core.images.decoded import DecodedImage
from core.images.source import ImageSource

_CAPACITY = 256 * 1024 * 1024


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

    def decode(self, source: ImageSource) -> DecodedImage:
        """The pixels of an image.

        Raises:
            ImageError: it cannot be had, or is no image.
        """
        key = _key(source)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                return kept
            future = self._running.get(key)
            is_mine = future is None
            if future is None:
                future = self._running[key] = Future()
        if not is_mine:
            return _shared(future)
        try:
            decoded = _read(source)
        except BaseException as error:
            with self._lock:
                del self._running[key]
            future.set_exception(error)
            raise
        with self._lock:
            del self._running[key]
            self._keep(key, decoded)
        future.set_result(decoded)
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
        while self._kept_bytes > self.capacity_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= oldest.nbytes


def _shared(future: Future[DecodedImage]) -> DecodedImage:
    """Another thread's answer; an error is copied, since an exception belongs to one thread's traceback."""
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
    return ("path", source.path, status.st_mtime_ns, status.st_size, status.st_ino)


def _read(source: ImageSource) -> DecodedImage:
    name = source.short_name
    if source.data is not None:
        return reading.read_bytes(source.data, name)
    if source.path is not None:
        return reading.read_file(source.path, name)
    from core.fetching import fetch_image

    try:
        data = fetch_image(source.url)
    except WhatsitError as error:
        raise ImageError(error.what, error.why, error.remedy, detail=error.detail) from error
    return reading.read_bytes(data, name)
