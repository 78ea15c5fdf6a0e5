"""Many images: in order, in bounded memory, with each failure in its own place."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core import stream as stream_module
from core.classifier import Classifier
from core.errors import Cancelled
from core.images import DecodedImage, Decoder, ImageSource
from core.predictions import ImageResult
from core.preprocessing import Preprocessing
from core.stream import Stream
from tests.core.making import PLAIN, classifier_info, write_image

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
NAMES = tuple(COLOURS)


class Colours(nn.Module):
    """Knows the three colours; notes the sizes of its batches."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[torch.Size] = []

    def forward(self, images: Tensor) -> Tensor:
        self.batches.append(images.shape)
        return images.mean(dim=(2, 3)) * 10


def all_of(steps: Iterable[list[ImageResult] | Future[Any]]) -> list[ImageResult]:
    """The results of a stream, waiting for what it waits for."""
    made: list[ImageResult] = []
    for step in steps:
        if isinstance(step, Future):
            step.exception(timeout=20)
        else:
            made += step
    return made


class Bench:
    """A stream with what it needs."""

    def __init__(self, preprocessing: Preprocessing = PLAIN, decoder: Decoder | None = None) -> None:
        self.network = Colours()
        self.classifier = Classifier(self.network, classifier_info(NAMES, preprocessing))
        self.stream = Stream(decoder or Decoder())

    def answer(self, sources: list[ImageSource], batch_size: int = 0) -> list[ImageResult]:
        return all_of(self.stream.answer(self.classifier, sources, batch_size))


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.stream.close()


def pictures(folder: Path, count: int, sizes: tuple[tuple[int, int], ...] = ((8, 6),)) -> list[ImageSource]:
    made: list[ImageSource] = []
    for number in range(count):
        name = NAMES[number * 7 % 3]
        path = write_image(folder / f"{number:03}-{name}.png", COLOURS[name], sizes[number % len(sizes)])
        made.append(ImageSource(path.name, path))
    return made


def best(result: ImageResult) -> str:
    assert result.prediction is not None
    return result.prediction.top(1)[0].label


@pytest.mark.parametrize("batch_size", [0, 1, 4, 100])
def test_every_image_is_answered_rightly_and_in_order(bench: Bench, tmp_path: Path, batch_size: int) -> None:
    sources = pictures(tmp_path, 40)
    results = bench.answer(sources, batch_size)
    assert [result.source for result in results] == sources
    assert all(best(result) in result.source.name for result in results)
    assert all((result.width, result.height) == (8, 6) and result.thumbnail for result in results)


def test_a_bad_file_brings_its_error_in_its_own_place(bench: Bench, tmp_path: Path) -> None:
    sources = pictures(tmp_path, 9)
    (tmp_path / "broken.png").write_bytes(b"nothing of an image")
    sources.insert(4, ImageSource("broken.png", tmp_path / "broken.png"))
    sources.append(ImageSource("gone.png", tmp_path / "gone.png"))
    results = bench.answer(sources, 4)
    assert [result.error is not None for result in results] == [False] * 4 + [True] + [False] * 5 + [True]
    assert all(best(result) in result.source.name for result in results if result.error is None)


def test_images_of_other_sizes_go_into_batches_of_their_own(bench: Bench, tmp_path: Path) -> None:
    sources = pictures(tmp_path, 12, sizes=((8, 6), (8, 6), (5, 9)))
    results = bench.answer(sources, 8)
    assert all(best(result) in result.source.name for result in results)
    assert sum(shape[0] for shape in bench.network.batches) == 12
    assert {tuple(shape[2:]) for shape in bench.network.batches} == {(6, 8), (9, 5)}


def test_the_first_image_is_not_kept_waiting_for_a_batch(bench: Bench, tmp_path: Path) -> None:
    bench.answer(pictures(tmp_path, 30))
    assert bench.network.batches[0][0] == 1
    assert max(shape[0] for shape in bench.network.batches) > 1


def test_a_fixed_batch_size_is_never_exceeded(bench: Bench, tmp_path: Path) -> None:
    bench.answer(pictures(tmp_path, 30), batch_size=3)
    assert max(shape[0] for shape in bench.network.batches) <= 3


@pytest.mark.parametrize(("batch_size", "most"), [(0, 60), (1, 10), (20, 20), (39, 30)])
def test_batches_count_the_views_of_images(tmp_path: Path, batch_size: int, most: int) -> None:
    values = replace(PLAIN, size=(10, 10), crop=(5, 5), crops=10)
    bench = Bench(values)
    sources = pictures(tmp_path, 40)
    results = bench.answer(sources, batch_size)
    assert [result.source for result in results] == sources
    assert all(best(result) in result.source.name for result in results)
    assert sum(shape[0] for shape in bench.network.batches) == 400
    assert max(shape[0] for shape in bench.network.batches) <= most
    bench.stream.close()


class Counting(Decoder):
    """Counts what was decoded; waits for the gate."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.gate = threading.Event()

    def decode(self, source: ImageSource, check: Callable[[], None] = lambda: None) -> DecodedImage:
        assert self.gate.wait(20)
        self.count += 1
        return super().decode(source, check)


def test_only_a_few_images_are_read_ahead(tmp_path: Path) -> None:
    decoder = Counting()
    decoder.gate.set()
    bench = Bench(decoder=decoder)
    steps = bench.stream.answer(bench.classifier, pictures(tmp_path, 50), batch_size=2)
    while isinstance(next(steps), Future):
        pass
    time.sleep(0.3)
    assert decoder.count <= 2 + 2 * 2 + 2 + 2
    steps.close()
    time.sleep(0.2)
    assert decoder.count < 20
    bench.stream.close()


def test_while_an_image_is_being_read_others_get_their_turn(tmp_path: Path) -> None:
    decoder = Counting()
    bench = Bench(decoder=decoder)
    steps = bench.stream.answer(bench.classifier, pictures(tmp_path, 2))
    first = next(steps)
    assert isinstance(first, Future)
    assert not first.done()
    decoder.gate.set()
    assert len(all_of(steps)) == 2
    bench.stream.close()


class Hanging(Decoder):
    """Links hang until they are cancelled; files called slow wait for the gate."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.cancelled = threading.Event()

    def decode(self, source: ImageSource, check: Callable[[], None] = lambda: None) -> DecodedImage:
        if source.url:
            self.wait_for(check)
        if source.name.startswith("slow"):
            assert self.gate.wait(20)
        return super().decode(source, check)

    def wait_for(self, check: Callable[[], None]) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                check()
            except Cancelled:
                self.cancelled.set()
                raise
            time.sleep(0.005)
        raise AssertionError("nobody cancelled the link")


def test_links_that_hang_keep_no_file_waiting_and_can_be_cancelled(tmp_path: Path) -> None:
    decoder = Hanging()
    bench = Bench(decoder=decoder)
    links = [ImageSource(f"{n}.jpg", url=f"http://127.0.0.1/{n}.jpg") for n in range(8)]
    hanging = bench.stream.answer(bench.classifier, links)
    assert isinstance(next(hanging), Future)
    assert len(bench.answer(pictures(tmp_path, 20))) == 20
    hanging.close()
    assert decoder.cancelled.wait(5)
    bench.stream.close()


def test_an_image_asked_for_now_is_not_read_after_those_of_a_folder(tmp_path: Path) -> None:
    decoder = Hanging()
    bench = Bench(decoder=decoder)
    slow = [ImageSource(f"slow-{source.name}", source.path) for source in pictures(tmp_path, 30)]
    folder = bench.stream.answer(bench.classifier, slow)
    assert isinstance(next(folder), Future)
    (now,) = bench.answer(pictures(tmp_path, 1))
    assert best(now) in now.source.name
    assert now.thumbnail
    decoder.gate.set()
    assert len(all_of(folder)) == 30
    bench.stream.close()


def test_one_call_does_not_change_the_batches_of_another(bench: Bench, tmp_path: Path) -> None:
    sources = pictures(tmp_path, 12)
    long = bench.stream.answer(bench.classifier, sources, batch_size=3)
    begun = next(step for step in long if not isinstance(step, Future))
    bench.answer(sources[:2], batch_size=1)
    bench.network.batches.clear()
    assert len(begun) + len(all_of(long)) == 12
    # Which images are ready by then is chance, so not every pass is full.
    assert max(shape[0] for shape in bench.network.batches) > 1


def test_a_pass_that_the_network_refuses_fails_its_images_and_no_others(tmp_path: Path) -> None:
    class Picky(Colours):
        def forward(self, images: Tensor) -> Tensor:
            if images.shape[2] == 9:
                raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
            return super().forward(images)

    bench = Bench()
    bench.classifier = Classifier(Picky(), classifier_info(NAMES))
    results = bench.answer(pictures(tmp_path, 9, sizes=((8, 6), (5, 9), (8, 6))), 4)
    assert [result.error is not None for result in results] == [False, True, False] * 3
    assert all(result.thumbnail for result in results)
    bench.stream.close()


def test_an_image_without_a_thumbnail_has_its_answer(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: DecodedImage) -> bytes:
        raise OSError("encoder error -2")

    monkeypatch.setattr(stream_module, "thumbnail", broken)
    results = bench.answer(pictures(tmp_path, 3))
    assert [result.thumbnail for result in results] == [b"", b"", b""]
    assert all(best(result) in result.source.name for result in results)
