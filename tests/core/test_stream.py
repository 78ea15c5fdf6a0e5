"""Many images: in order, in bounded memory, with each failure in its own place."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from core import stream as stream_module
from core.classifier import Classifier
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


class Bench:
    """A stream with what it needs."""

    def __init__(self, preprocessing: Preprocessing = PLAIN, decoder: Decoder | None = None) -> None:
        self.network = Colours()
        self.classifier = Classifier(self.network, classifier_info(NAMES, preprocessing))
        self.stream = Stream(decoder or Decoder())

    def answer(self, sources: list[ImageSource], batch_size: int = 0) -> list[ImageResult]:
        return [r for results in self.stream.answer(self.classifier, sources, batch_size) for r in results]


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


class Counting(Decoder):
    """Counts what was decoded; waits for the gate."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.gate = threading.Event()

    def decode(self, source: ImageSource) -> DecodedImage:
        assert self.gate.wait(20)
        self.count += 1
        return super().decode(source)


def test_only_a_few_images_are_read_ahead(tmp_path: Path) -> None:
    decoder = Counting()
    decoder.gate.set()
    bench = Bench(decoder=decoder)
    steps = bench.stream.answer(bench.classifier, pictures(tmp_path, 50), batch_size=2)
    while not next(steps):
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
    assert next(steps) == []
    assert next(steps) == []
    decoder.gate.set()
    assert sum(len(results) for results in steps) == 2
    bench.stream.close()


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
