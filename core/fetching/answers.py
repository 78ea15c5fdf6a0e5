"""One request and what comes back, read by a thread of its own.

Whoever waits can then give up at any moment, however the server behaves: a socket's own time limit starts
again with every byte, and looking up a name has none.
"""

from __future__ import annotations

import contextlib
import queue
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from http import client
from typing import cast
from urllib import error as url_errors
from urllib import parse, request

from core import VERSION

IDLE_S = 30.0
"""A server that sends nothing for so long has broken off."""
_PIECE = 256 * 1024
_POLL_S = 0.05
_REDIRECTS = 8
_REASONS = {
    401: "The server wants a login for it",
    403: "The server refuses to hand it out",
    404: "The server has no such file",
    410: "The server no longer has it",
    429: "The server has had too many requests",
}

Check = Callable[[], None]
"""Raises ``Cancelled`` when whoever asked no longer wants the answer."""


class BrokenError(Exception):
    """The transfer stopped before the end; a new request may go on."""


class RefusedError(Exception):
    """There is no use in trying again; the text is for a person."""


class NetworkError(Exception):
    """Something that the network layer raised, kept in ``error``: an ``OSError`` of the disk is none."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


FAILURES = (BrokenError, RefusedError, NetworkError)
"""All that an ``Answer`` raises by itself."""


@dataclass(frozen=True, slots=True)
class _Head:
    status: int
    length: int | None
    headers: Message


class Answer:
    """What a server says to one GET request, after redirects; a context manager.

    Attributes:
        status: 200, 206, or, where a range was asked for, 416.
        length: bytes that follow, or ``None`` where the server does not say.
        starts_at: the first of them in the file, for a 206; -1 where it does not say.
        whole: size of the whole file, where a 206 or 416 says it, or -1.
        tag: what an ``If-Range`` may name this version by; may be empty.
    """

    def __init__(self, url: str, headers: Mapping[str, str], check: Check, deadline: float = float("inf")) -> None:
        self.status = 0
        self.length: int | None = None
        self.starts_at = self.whole = -1
        self.tag = ""
        self._url = url
        self._headers = {"User-Agent": f"Whatsit/{VERSION}", **headers}
        self._check = check
        self._deadline = deadline
        self._items: queue.Queue[_Head | bytes | Exception] = queue.Queue(maxsize=8)
        self._line = _Line()
        self._given_up = threading.Event()

    def __enter__(self) -> Answer:
        threading.Thread(target=self._read, daemon=True, name="fetch").start()
        try:
            head = self._take()
            if not isinstance(head, _Head):
                raise TypeError(head)
            self._begin(head)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def pieces(self) -> Iterator[bytes]:
        """The body, as it comes."""
        count = 0
        while piece := self._take():
            if isinstance(piece, _Head):
                raise TypeError(piece)
            count += len(piece)
            yield piece
        if self.length is not None and count < self.length:
            raise BrokenError(f"The connection broke after {count:,} of {self.length:,} bytes.")

    def _begin(self, head: _Head) -> None:
        self.status, self.length, headers = head.status, head.length, head.headers
        said = re.fullmatch(r"bytes (?:(\d{1,18})-\d+|\*)/(\d{1,18}|\*)", headers.get("Content-Range", "").strip())
        if said is not None:
            self.starts_at = int(said[1]) if said[1] else -1
            self.whole = int(said[2]) if said[2] != "*" else -1
        etag = headers.get("ETag", "")
        self.tag = etag if etag and not etag.startswith("W/") else headers.get("Last-Modified", "")

    def _end(self) -> None:
        self._given_up.set()
        self._line.cut()

    def _take(self) -> _Head | bytes:
        begin = time.monotonic()
        while True:
            self._check()
            now = time.monotonic()
            if now > self._deadline:
                raise RefusedError("The server takes too long.")
            if now - begin > IDLE_S:
                raise BrokenError(f"The server has sent nothing for {IDLE_S:.0f} s.")
            try:
                item = self._items.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if isinstance(item, Exception):
                raise item
            return item

    # From here on: the reading thread.

    def _read(self) -> None:
        try:
            with _open(self._url, self._headers, self._line) as response:
                self._put(_Head(response.status, response.length, response.headers))
                while piece := response.read1(_PIECE):
                    if not self._put(piece):
                        return
            self._put(b"")
        except (RefusedError, BrokenError) as error:
            self._put(error)
        except url_errors.HTTPError as error:
            error.close()
            if error.code == client.REQUESTED_RANGE_NOT_SATISFIABLE and "Range" in self._headers:
                self._put(_Head(error.code, 0, error.headers))
            else:
                self._put(_refusal(error.code))
        except url_errors.URLError as error:
            self._put(NetworkError(error.reason if isinstance(error.reason, Exception) else error))
        except (OSError, client.HTTPException, ValueError, AttributeError) as error:
            # The last two also come of a line that is cut in the middle of a call.
            self._put(NetworkError(error))

    def _put(self, item: _Head | bytes | Exception) -> bool:
        while not self._given_up.is_set():
            with contextlib.suppress(queue.Full):
                self._items.put(item, timeout=_POLL_S)
                return True
        return False


class _Line:
    """The socket behind an answer, so that another thread can end a read that would go on waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cut = False
        self._socket: socket.socket | None = None

    def hold(self, opened: socket.socket) -> None:
        """A connection has been made."""
        with self._lock:
            self._socket = opened
            cut = self._cut
        if cut:
            self.cut()

    def cut(self) -> None:
        """Wake up whoever reads."""
        with self._lock:
            self._cut = True
            held, self._socket = self._socket, None
        if held is not None:
            with contextlib.suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)


def _open(url: str, headers: Mapping[str, str], line: _Line) -> client.HTTPResponse:
    """The answer to a GET; redirects are followed by hand, since only http and https may come of them."""
    for _ in range(_REDIRECTS):
        url = _cleaned(url)
        try:
            opened = _opener(line).open(request.Request(url, headers=dict(headers)), timeout=2 * IDLE_S)
            return cast(client.HTTPResponse, opened)
        except url_errors.HTTPError as error:
            place = error.headers.get("Location")
            if error.code not in {301, 302, 303, 307, 308} or not place:
                raise
            error.close()
            url = parse.urljoin(url, place)
    raise RefusedError("The server sends from one address to the next without end.")


def _cleaned(url: str) -> str:
    """The address, with what people and pages leave unescaped escaped."""
    try:
        parts = parse.urlsplit(url.strip())
        host = parts.hostname
    except ValueError as error:
        raise RefusedError("The address is not one of the web.") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise RefusedError("Only http and https addresses are fetched.")
    path, query = (parse.quote(text, safe="%/:=&?~+!$,;'@()*[]|") for text in (parts.path, parts.query))
    return parse.urlunsplit((parts.scheme, parts.netloc, path, query, ""))


def _opener(line: _Line) -> request.OpenerDirector:
    class Plain(client.HTTPConnection):
        def connect(self) -> None:
            super().connect()
            line.hold(self.sock)

    class Secure(client.HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            line.hold(self.sock)

    class Http(request.HTTPHandler):
        def http_open(self, req: request.Request) -> client.HTTPResponse:
            return self.do_open(Plain, req)

    class Https(request.HTTPSHandler):
        def https_open(self, req: request.Request) -> client.HTTPResponse:
            return self.do_open(Secure, req)

    # Not ``build_opener``: it also opens files and FTP.
    opener = request.OpenerDirector()
    for handler in (request.ProxyHandler, Http, Https, request.HTTPDefaultErrorHandler, request.HTTPErrorProcessor):
        opener.add_handler(handler())
    return opener


def _refusal(status: int) -> Exception:
    if status >= 500:
        return BrokenError(f"The server is in trouble (status {status}).")
    return RefusedError(f"{_REASONS.get(status, 'The server refuses')} (status {status}).")
