from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from core.errors import Cancelled, DownloadError, ImageError
from core.images import DecodedImage, Decoder, ImageSource, reading
from tests.core.pictures import encoded, saved, scene


def source(path: Path) -> ImageSource:
    return ImageSource(path.as_posix(), path)


class Reads:
    """Counts how often a file is read, and can make it slow or fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.go_on = threading.Event()
        self.go_on.set()
        self.error: BaseException | None = None
        self._real: Callable[[Path, str], DecodedImage] = reading.read_file
        monkeypatch.setattr(reading, "read_file", self.read)

    def read(self, path: Path, name: str) -> DecodedImage:
        self.count += 1
        self.go_on.wait(10)
        if self.error is not None:
            raise self.error
        return self._real(path, name)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    return Reads(monkeypatch)


def test_a_file_is_decoded_once(tmp_path: Path, reads: Reads) -> None:
    image = source(saved(tmp_path / "a.png", scene(20, 10)))
    decoder = Decoder()
    assert decoder.decode(image) is decoder.decode(image)
    assert reads.count == 1


def test_bytes_are_decoded_once() -> None:
    data = encoded(scene(20, 10), "PNG")
    decoder = Decoder()
    first = decoder.decode(ImageSource("pasted", data=data))
    assert first is decoder.decode(ImageSource("pasted again", data=bytes(bytearray(data))))
    assert first.width == 20


def test_bytes_go_before_the_path(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", scene(20, 10))
    both = ImageSource("a", path, data=encoded(scene(7, 7), "PNG"))
    assert Decoder().decode(both).width == 7


def test_a_changed_file_is_decoded_anew(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", scene(20, 10))
    decoder = Decoder()
    decoder.decode(source(path))
    saved(path, scene(30, 10))
    os.utime(path, ns=(1, 1))
    assert decoder.decode(source(path)).width == 30


def test_a_failure_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    decoder = Decoder()
    with pytest.raises(ImageError, match="does not exist"):
        decoder.decode(source(path))
    saved(path, scene(20, 10))
    assert decoder.decode(source(path)).width == 20


def test_a_file_that_vanishes_is_said(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", scene(20, 10))
    decoder = Decoder()
    decoder.decode(source(path))
    path.unlink()
    with pytest.raises(ImageError, match=r"a\.png does not exist"):
        decoder.decode(source(path))


def test_what_was_used_last_is_kept(tmp_path: Path, reads: Reads) -> None:
    a, b, c = (source(saved(tmp_path / f"{name}.png", scene(100, 100, seed))) for seed, name in enumerate("abc"))
    decoder = Decoder(capacity_bytes=2 * 40_000)
    for image in (a, b, a, c):
        decoder.decode(image)
    assert reads.count == 3
    decoder.decode(a)
    decoder.decode(c)
    assert reads.count == 3
    decoder.decode(b)
    assert reads.count == 4


def test_an_image_larger_than_the_capacity_is_decoded_but_drives_nothing_out(tmp_path: Path, reads: Reads) -> None:
    small = source(saved(tmp_path / "a.png", scene(10, 10)))
    large = source(saved(tmp_path / "b.png", scene(300, 300)))
    decoder = Decoder(capacity_bytes=10_000)
    decoder.decode(small)
    assert decoder.decode(large).width == 300
    decoder.decode(small)
    assert reads.count == 2


def test_clear_lets_go(tmp_path: Path, reads: Reads) -> None:
    image = source(saved(tmp_path / "a.png", scene(20, 10)))
    decoder = Decoder()
    decoder.decode(image)
    decoder.clear()
    decoder.decode(image)
    assert reads.count == 2


def together(decoder: Decoder, image: ImageSource, reads: Reads, threads: int = 4) -> list[object]:
    """What each of several threads gets that ask for an image while it is being decoded."""
    reads.go_on.clear()

    def ask() -> object:
        try:
            return decoder.decode(image)
        except (ImageError, KeyboardInterrupt) as error:
            return error

    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(ask) for _ in range(threads)]
        time.sleep(0.1)
        reads.go_on.set()
        return [future.result(10) for future in futures]


def test_threads_that_ask_together_decode_once(tmp_path: Path, reads: Reads) -> None:
    results = together(Decoder(), source(saved(tmp_path / "a.png", scene(20, 10))), reads)
    assert reads.count == 1
    assert all(result is results[0] for result in results)
    assert isinstance(results[0], DecodedImage)


def test_threads_that_ask_together_fail_alike(tmp_path: Path, reads: Reads) -> None:
    reads.error = ImageError("a", "b", "c", detail="d")
    results = together(Decoder(), source(tmp_path / "a.png"), reads)
    assert reads.count == 1
    assert len({id(result) for result in results}) == 4
    for result in results:
        assert isinstance(result, ImageError)
        assert (result.what, result.why, result.remedy, result.detail) == ("a", "b", "c", "d")


def test_a_decode_that_is_broken_off_keeps_nobody_waiting(tmp_path: Path, reads: Reads) -> None:
    reads.error = KeyboardInterrupt()
    image = source(saved(tmp_path / "a.png", scene(20, 10)))
    decoder = Decoder()
    assert all(isinstance(result, KeyboardInterrupt) for result in together(decoder, image, reads))
    reads.error = None
    assert decoder.decode(image).width == 20


def test_many_threads_and_kinds_at_once(tmp_path: Path) -> None:
    kinds = ("png", "jpg", "webp", "tif", "gif", "bmp")
    images = [source(saved(tmp_path / f"{seed}.{kind}", scene(64, 64, seed))) for seed in range(5) for kind in kinds]
    alone = [Decoder().decode(image).rgb().tobytes() for image in images]
    decoder = Decoder(capacity_bytes=100_000)

    def pixels(image: ImageSource) -> bytes:
        return decoder.decode(image).rgb().tobytes()

    with ThreadPoolExecutor(8) as pool:
        shared = list(pool.map(pixels, images * 3))
    assert shared == alone * 3


def fetching(monkeypatch: pytest.MonkeyPatch, answer: bytes | Exception) -> list[str]:
    """Put a stand-in in the place of core.fetching; returns the links that are asked for."""
    asked: list[str] = []

    def fetch_image(url: str, *, check: Callable[[], None]) -> bytes:
        asked.append(url)
        check()
        if isinstance(answer, Exception):
            raise answer
        return answer

    module = ModuleType("core.fetching")
    vars(module)["fetch_image"] = fetch_image
    monkeypatch.setitem(sys.modules, "core.fetching", module)
    return asked


def test_a_link_is_fetched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = fetching(monkeypatch, encoded(scene(20, 10), "JPEG"))
    decoder = Decoder()
    image = ImageSource("http://x/a.jpg", url="http://x/a.jpg")
    assert decoder.decode(image) is decoder.decode(image)
    assert asked == ["http://x/a.jpg"]


def test_a_link_that_fails_is_an_image_error(monkeypatch: pytest.MonkeyPatch) -> None:
    fetching(monkeypatch, DownloadError("No answer.", "Offline.", "Connect.", detail="x"))
    with pytest.raises(ImageError, match=r"No answer\. Offline\. Connect\.") as caught:
        Decoder().decode(ImageSource("a", url="http://x/a.jpg"))
    assert caught.value.detail == "x"


def test_who_shares_a_link_with_someone_who_gives_up_fetches_it_himself(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, begun, given_up = encoded(scene(20, 10), "JPEG"), threading.Event(), threading.Event()
    asked: list[str] = []

    def fetch_image(url: str, *, check: Callable[[], None]) -> bytes:
        asked.append(url)
        begun.set()
        if len(asked) == 1:
            assert given_up.wait(10)
            check()
        return picture

    def cancelled() -> None:
        raise Cancelled

    module = ModuleType("core.fetching")
    vars(module)["fetch_image"] = fetch_image
    monkeypatch.setitem(sys.modules, "core.fetching", module)
    decoder, image = Decoder(), ImageSource("http://x/a.jpg", url="http://x/a.jpg")
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(decoder.decode, image, cancelled)
        assert begun.wait(10)
        second = pool.submit(decoder.decode, image)
        time.sleep(0.1)
        given_up.set()
        assert isinstance(first.exception(10), Cancelled)
        assert second.result(10).width == 20
    assert len(asked) == 2


def test_a_link_to_a_web_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    fetching(monkeypatch, b"<!doctype html><html></html>")
    with pytest.raises(ImageError, match="a web page, not the image"):
        Decoder().decode(ImageSource("http://x/a.jpg", url="http://x/a.jpg"))


@pytest.mark.parametrize(
    ("name", "short"), [("a/b.jpg", "b.jpg"), ("b.jpg", "b.jpg"), ("", "The image"), ("http://x/c.png", "c.png")]
)
def test_messages_use_the_last_part_of_the_name(name: str, short: str) -> None:
    assert ImageSource(name).short_name == short


def test_pictures_are_not_shown_in_full_where_sources_are_printed() -> None:
    assert "PNG" not in repr(ImageSource("a", data=encoded(Image.new("L", (9, 9)), "PNG")))
