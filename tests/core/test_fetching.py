from __future__ import annotations

import hashlib
import random
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import Cancelled, DownloadError
from core.fetching import answers, download_file, downloads, fetch_image
from tests.core.web import File, Handler, Site, content, fetch_threads_end, serve, stalled, status, trickle

BODY = random.Random(7).randbytes(3_000_000)
SHA = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A web server, no proxy in front of it, and no waiting between tries; no thread may be left behind."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(downloads, "PAUSE_S", 0.01)
    with serve() as site:
        yield site
        assert fetch_threads_end()


class Downloading:
    """Downloads of one file, with what was reported and when to stop."""

    def __init__(self, site: Site, target: Path) -> None:
        self.site = site
        self.target = target
        self.part = target.with_name(target.name + ".part")
        self.reports: list[tuple[int, int]] = []
        self.stop: Callable[[], bool] = lambda: False

    def __call__(self, sha: str = SHA) -> Path:
        """Run one."""
        return download_file(
            self.site.url + "/model.pth", self.target, sha256_prefix=sha[:8], progress=self.report, check=self.check
        )

    def report(self, done: int, total: int) -> None:
        self.reports.append((done, total))

    def check(self) -> None:
        if self.stop():
            raise Cancelled

    def files(self) -> list[str]:
        """What lies in the folder."""
        return sorted(file.name for file in self.target.parent.iterdir())

    def ranges(self) -> list[str]:
        """What was asked of the server."""
        return [asked for _, asked in self.site.asked]


@pytest.fixture
def downloading(site: Site, tmp_path: Path) -> Downloading:
    return Downloading(site, tmp_path / "cache" / "model.pth")


# Pictures


def test_an_image_is_fetched(site: Site) -> None:
    site.pages["/a.jpg"] = content(BODY)
    assert fetch_image(site.url + "/a.jpg") == BODY


def test_an_address_with_spaces_and_letters_of_all_kinds(site: Site) -> None:
    site.pages["/gr%C3%BCner%20hund.jpg?a=%20b"] = content(b"hund")
    assert fetch_image(site.url + "/grüner hund.jpg?a=%20b#top") == b"hund"


def test_an_answer_in_chunks(site: Site) -> None:
    def chunked(handler: Handler) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.head(200, Transfer_Encoding="chunked")
        handler.wfile.write(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

    site.pages["/a"] = chunked
    assert fetch_image(site.url + "/a") == b"abcde"


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(site: Site, code: int) -> None:
    site.pages["/folder/a"] = status(code, Location="../b")
    site.pages["/b"] = content(b"here")
    assert fetch_image(site.url + "/folder/a") == b"here"


def test_a_redirect_without_end(site: Site) -> None:
    site.pages["/a"] = status(302, Location="/b")
    site.pages["/b"] = status(302, Location="/a")
    with pytest.raises(DownloadError, match="from one address to the next without end"):
        fetch_image(site.url + "/a")
    assert len(site.asked) < 20


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://127.0.0.1/a", "data:text/plain,x"])
def test_a_redirect_out_of_the_web(site: Site, place: str) -> None:
    site.pages["/a"] = status(302, Location=place)
    with pytest.raises(DownloadError, match="Only http and https"):
        fetch_image(site.url + "/a")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/a", "a.jpg", "", "http://", "data:,x"])
def test_what_is_no_web_address(url: str) -> None:
    with pytest.raises(DownloadError, match="Only http and https"):
        fetch_image(url)


@pytest.mark.parametrize("url", ["http://[::1/a", "http://127.0.0.1:port/a", "http://127.0.0.1:99999999/a"])
def test_a_garbled_address(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    with pytest.raises(DownloadError) as caught:
        fetch_image(url)
    assert caught.value.what


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (404, r"The server has no such file \(status 404\)"),
        (403, "refuses to hand it out"),
        (418, r"The server refuses \(status 418\)"),
        (416, "status 416"),
        (503, r"in trouble \(status 503\)"),
    ],
)
def test_a_refusal_is_explained(site: Site, code: int, said: str) -> None:
    site.pages["/a"] = status(code)
    with pytest.raises(DownloadError, match=said) as caught:
        fetch_image(site.url + "/a")
    assert "127.0.0.1" in caught.value.what
    assert site.url in caught.value.detail


def test_too_large_by_its_header(site: Site) -> None:
    site.pages["/a"] = stalled(b"", 1_000_001)
    with pytest.raises(DownloadError, match=r"too large.*1\.0 MB"):
        fetch_image(site.url + "/a", max_bytes=1_000_000)


def test_too_large_by_its_stream(site: Site) -> None:
    def endless(handler: Handler) -> None:
        handler.head(200)
        while True:
            handler.wfile.write(bytes(65536))

    site.pages["/a"] = endless
    with pytest.raises(DownloadError, match="too large"):
        fetch_image(site.url + "/a", max_bytes=1_000_000)


def test_as_large_as_allowed(site: Site) -> None:
    site.pages["/a"] = content(BODY)
    assert len(fetch_image(site.url + "/a", max_bytes=len(BODY))) == len(BODY)


@pytest.mark.parametrize(
    "first",
    [b"", b"HTTP/1.0 200 OK\r\nX-Long: ", b"HTTP/1.0 200 OK\r\nContent-Length: 100000\r\n\r\n"],
    ids=["in the status", "in the headers", "in the body"],
)
def test_a_trickle_meets_the_time_limit(site: Site, first: bytes) -> None:
    site.pages["/a"] = trickle(first)
    begin = time.monotonic()
    with pytest.raises(DownloadError, match="takes too long"):
        fetch_image(site.url + "/a", timeout_s=0.3)
    assert 0.3 <= time.monotonic() - begin < 5


def test_a_name_that_is_never_looked_up_meets_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setenv("NO_PROXY", "*")

    def hang(*_: object, **__: object) -> None:
        over.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "gave up")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with pytest.raises(DownloadError, match="takes too long"):
        fetch_image("http://pictures.example/a.jpg", timeout_s=0.2)
    over.set()
    assert fetch_threads_end()


def test_a_cut_connection_is_no_image(site: Site) -> None:
    site.pages["/a"] = File(BODY, cuts=[1000])
    with pytest.raises(DownloadError, match=r"broke after 1,000 of 3,000,000 bytes"):
        fetch_image(site.url + "/a")


def test_what_is_no_web_server(site: Site) -> None:
    def nonsense(handler: Handler) -> None:
        handler.wfile.write(b"220 mail.example ready\r\n")

    site.pages["/a"] = nonsense
    with pytest.raises(DownloadError, match=r"connection to 127\.0\.0\.1 broke"):
        fetch_image(site.url + "/a")


def refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    with pytest.raises(DownloadError, match="refuses the connection"):
        fetch_image(f"http://127.0.0.1:{refused_port()}/a.jpg")


def test_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")

    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(DownloadError, match=r"pictures\.example cannot be looked up.*offline"):
        fetch_image("http://pictures.example/a.jpg")


def test_fetching_can_be_cancelled(site: Site) -> None:
    site.pages["/a"] = stalled(b"abc", 1000)
    end = time.monotonic() + 0.2

    def check() -> None:
        if time.monotonic() > end:
            raise Cancelled

    with pytest.raises(Cancelled):
        fetch_image(site.url + "/a", check=check)
    assert time.monotonic() < end + 2


# Files


def test_a_file_is_downloaded(downloading: Downloading) -> None:
    downloading.site.pages["/model.pth"] = File(BODY)
    assert downloading() == downloading.target
    assert downloading.target.read_bytes() == BODY
    assert downloading.files() == ["model.pth"]
    assert downloading.reports[0] == (0, len(BODY))
    assert downloading.reports[-1] == (len(BODY), len(BODY))
    assert downloading.reports == sorted(downloading.reports)


def test_a_file_of_unknown_length(downloading: Downloading) -> None:
    def reply(handler: Handler) -> None:
        handler.head(200)
        handler.wfile.write(BODY)

    downloading.site.pages["/model.pth"] = reply
    downloading()
    assert downloading.target.read_bytes() == BODY
    assert downloading.reports[0] == (0, 0)
    assert downloading.reports[-1] == (len(BODY), len(BODY))


def test_a_cut_connection_is_taken_up_by_itself(downloading: Downloading) -> None:
    downloading.site.pages["/model.pth"] = File(BODY, cuts=[1_000_000, 500_000])
    downloading()
    assert downloading.target.read_bytes() == BODY
    assert downloading.ranges() == ["", "bytes=1000000-", "bytes=1500000-"]


def test_a_cut_connection_without_ranges_starts_again(downloading: Downloading) -> None:
    downloading.site.pages["/model.pth"] = File(BODY, cuts=[1_000_000], ranges=False)
    downloading()
    assert downloading.target.read_bytes() == BODY
    assert downloading.ranges() == ["", "bytes=1000000-"]


def test_a_connection_that_is_always_cut_ends(downloading: Downloading) -> None:
    downloading.site.pages["/model.pth"] = File(BODY, cuts=[1_000_000] * 100, ranges=False)
    with pytest.raises(DownloadError, match="broke after"):
        downloading()
    assert len(downloading.site.asked) < 8
    assert not downloading.target.exists()
    assert downloading.part.stat().st_size == 1_000_000


def test_a_part_from_an_earlier_call_is_taken_up(downloading: Downloading) -> None:
    file = File(BODY)
    downloading.site.pages["/model.pth"] = stalled(BODY[:1_000_000], len(BODY))
    downloading.stop = lambda: downloading.part.exists() and downloading.part.stat().st_size >= 900_000
    with pytest.raises(Cancelled):
        downloading()
    kept = downloading.part.stat().st_size
    assert 900_000 <= kept <= 1_000_000
    assert downloading.part.read_bytes() == BODY[:kept]
    assert not downloading.target.exists()

    downloading.site.pages["/model.pth"] = file
    downloading.stop = lambda: False
    downloading.reports.clear()
    downloading()
    assert downloading.target.read_bytes() == BODY
    assert downloading.ranges() == ["", f"bytes={kept}-"]
    assert downloading.reports[0] == (kept, len(BODY))
    assert downloading.files() == ["model.pth"]


@pytest.mark.parametrize("tagged", [True, False])
def test_a_part_of_a_file_that_has_changed_since_starts_again(downloading: Downloading, tagged: bool) -> None:
    old = random.Random(8).randbytes(2_000_000)
    downloading.site.pages["/model.pth"] = File(old, '"old"' if tagged else "", cuts=[500_000] + [0] * 10)
    with pytest.raises(DownloadError):
        downloading(hashlib.sha256(old).hexdigest())
    assert downloading.part.stat().st_size == 500_000
    downloading.site.asked.clear()

    downloading.site.pages["/model.pth"] = File(BODY, '"new"' if tagged else "")
    downloading()
    assert downloading.target.read_bytes() == BODY
    # With a tag the server says so at once; without, the hash does so at the end.
    assert downloading.ranges() == (["bytes=500000-"] if tagged else ["bytes=500000-", ""])


def test_a_part_that_is_whole_needs_no_more_bytes(downloading: Downloading) -> None:
    downloading.site.pages["/model.pth"] = File(BODY)
    downloading.part.parent.mkdir()
    downloading.part.write_bytes(BODY)
    downloading()
    assert downloading.target.read_bytes() == BODY
    assert len(downloading.site.asked) == 1
    assert downloading.reports == [(len(BODY), len(BODY))]


def test_a_part_that_is_too_long_starts_again(downloading: Downloading) -> None:
    downloading.site.pages["/model.pth"] = File(BODY)
    downloading.part.parent.mkdir()
    downloading.part.write_bytes(BODY + b"more")
    downloading()
    assert downloading.target.read_bytes() == BODY


def test_a_server_that_never_has_the_range_ends(downloading: Downloading) -> None:
    downloading.site.pages["/model.pth"] = status(416)
    downloading.part.parent.mkdir()
    downloading.part.write_bytes(b"part")
    with pytest.raises(DownloadError, match="416"):
        downloading()


def test_another_range_than_asked_for_is_refused(downloading: Downloading) -> None:
    def reply(handler: Handler) -> None:
        handler.head(206, Content_Length=5, Content_Range="bytes 0-4/5")
        handler.wfile.write(b"12345")

    downloading.site.pages["/model.pth"] = reply
    downloading.part.parent.mkdir()
    downloading.part.write_bytes(b"12")
    with pytest.raises(DownloadError, match="another part"):
        downloading()
    assert downloading.part.read_bytes() == b"12"


def test_the_wrong_content_is_removed(downloading: Downloading) -> None:
    downloading.site.pages["/model.pth"] = content(b"<html>Please log in</html>")
    with pytest.raises(DownloadError, match="not the published file") as caught:
        downloading()
    assert hashlib.sha256(b"<html>Please log in</html>").hexdigest()[:8] in caught.value.why
    assert SHA[:8] in caught.value.why
    assert downloading.files() == []
    assert len(downloading.site.asked) == 1


def test_the_wrong_content_leaves_an_older_file_alone(downloading: Downloading) -> None:
    downloading.target.parent.mkdir()
    downloading.target.write_bytes(b"older")
    downloading.site.pages["/model.pth"] = content(b"wrong")
    with pytest.raises(DownloadError):
        downloading()
    assert downloading.target.read_bytes() == b"older"
    downloading.site.pages["/model.pth"] = content(BODY)
    downloading()
    assert downloading.target.read_bytes() == BODY


def test_a_missing_file_is_not_asked_for_twice(downloading: Downloading) -> None:
    with pytest.raises(DownloadError, match="no such file"):
        downloading()
    assert len(downloading.site.asked) == 1


def test_a_server_in_trouble_is_asked_again(downloading: Downloading) -> None:
    replies = [status(503), status(502), File(BODY)]
    downloading.site.pages["/model.pth"] = lambda handler: replies.pop(0)(handler)
    downloading()
    assert downloading.target.read_bytes() == BODY


def test_a_silent_server_breaks_off_in_the_end(downloading: Downloading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "IDLE_S", 0.2)
    downloading.site.pages["/model.pth"] = stalled(BODY[:1000], len(BODY))
    with pytest.raises(DownloadError, match="sent nothing"):
        downloading()


def test_offline_is_said_at_once(downloading: Downloading) -> None:
    downloading.site.url = f"http://127.0.0.1:{refused_port()}"
    begin = time.monotonic()
    with pytest.raises(DownloadError, match="refuses the connection") as caught:
        downloading()
    assert "model.pth cannot be downloaded" in caught.value.what
    assert "network" in caught.value.remedy
    assert time.monotonic() - begin < 5


def test_cancelling_before_the_start_asks_nobody(downloading: Downloading) -> None:
    downloading.stop = lambda: True
    with pytest.raises(Cancelled):
        downloading()
    assert downloading.site.asked == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_a_full_disk(downloading: Downloading) -> None:
    downloading.site.pages["/model.pth"] = File(BODY)
    downloading.part.parent.mkdir()
    downloading.part.symlink_to("/dev/full")
    with pytest.raises(DownloadError, match="no room left"):
        downloading()


def test_a_disk_with_too_little_room_is_left_alone(downloading: Downloading, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(downloading.target.parent.parent)

    def almost_full(_: Path) -> object:
        return usage._replace(free=len(BODY) - 1)

    monkeypatch.setattr(shutil, "disk_usage", almost_full)
    downloading.site.pages["/model.pth"] = File(BODY)
    with pytest.raises(DownloadError, match="no room left"):
        downloading()
    assert downloading.files() == []


def test_a_folder_that_cannot_be(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    site.pages["/model.pth"] = File(BODY)
    with pytest.raises(DownloadError, match="cannot be written to"):
        Downloading(site, tmp_path / "file" / "model.pth")()
