"""A web server on this machine, for tests: it behaves well, or as badly as a test asks."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Reply = Callable[["Handler"], None]


@dataclass
class Site:
    """What the server does for each path, and what it was asked.

    Attributes:
        url: without a slash at the end.
        pages: path -> what to do; an unknown path gives a 404.
        asked: the requests so far: path and range header.
        closing: set when the test is over, for replies that wait.
    """

    url: str = ""
    pages: dict[str, Reply] = field(default_factory=dict[str, Reply])
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    closing: threading.Event = field(default_factory=threading.Event)


class Server(ThreadingHTTPServer):
    """Runs a site."""

    daemon_threads = True

    def __init__(self, site: Site) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.site = site
        site.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """Hands each request to the site."""

    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        site = self.server.site
        site.asked.append((self.path, self.headers.get("Range", "")))
        with contextlib.suppress(ConnectionError):  # The client may hang up.
            site.pages.get(self.path, status(404))(self)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the tests' output is for failures."""

    def head(self, code: int, **headers: object) -> None:
        """Status line and headers; ``Content_Length`` stands for ``Content-Length``."""
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()


def status(code: int, **headers: object) -> Reply:
    """An answer without a body."""
    return lambda handler: handler.head(code, Content_Length=0, **headers)


def content(body: bytes) -> Reply:
    """A plain answer, without ranges."""

    def reply(handler: Handler) -> None:
        handler.head(200, Content_Length=len(body))
        handler.wfile.write(body)

    return reply


def stalled(body: bytes, length: int) -> Reply:
    """Sends this much of a longer body, and then nothing, without hanging up."""

    def reply(handler: Handler) -> None:
        handler.head(200, Content_Length=length)
        handler.wfile.write(body)
        handler.wfile.flush()
        handler.server.site.closing.wait(30)

    return reply


def trickle(first: bytes) -> Reply:
    """A raw answer that begins so and then goes on a byte at a time, without end."""

    def reply(handler: Handler) -> None:
        handler.wfile.write(first)
        while not handler.server.site.closing.wait(0.02):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    return reply


@dataclass
class File:
    """A file with ranges and a tag, as a good server hands it out; the first answers may be cut.

    Attributes:
        cuts: the connection breaks after so many bytes of an answer, once for each entry.
        ranges: whether it knows about them.
    """

    body: bytes
    tag: str = '"one"'
    cuts: list[int] = field(default_factory=list[int])
    ranges: bool = True

    def __call__(self, handler: Handler) -> None:
        """Answer one request."""
        start, code = 0, 200
        headers: dict[str, object] = {"ETag": self.tag} if self.tag else {}
        asked = handler.headers.get("Range", "")
        if self.ranges and asked and handler.headers.get("If-Range", self.tag) == self.tag:
            start, code = int(asked.removeprefix("bytes=").rstrip("-")), 206
            if start >= len(self.body):
                handler.head(416, Content_Range=f"bytes */{len(self.body)}", Content_Length=0)
                return
            headers["Content_Range"] = f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"
        rest = self.body[start:]
        handler.head(code, Content_Length=len(rest), **headers)
        handler.wfile.write(rest[: self.cuts.pop(0)] if self.cuts else rest)


@contextmanager
def serve() -> Generator[Site]:
    """A site that runs until the end of the block."""
    site = Site()
    with Server(site) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="web")
        thread.start()
        try:
            yield site
        finally:
            site.closing.set()
            server.shutdown()
            thread.join()


def fetch_threads_end(within_s: float = 5.0) -> bool:
    """Whether no reading thread outlives the call that it served."""
    end = time.monotonic() + within_s
    while any(thread.name == "fetch" for thread in threading.enumerate()):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
