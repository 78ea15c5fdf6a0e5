"""Rows of numbers and arrays of pictures, from a file to scores: against the plain network on the plain numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn
from torchvision.models import get_model

from core import commands
from core.descriptions import ClassifierInfo, ModelSpec
from core.engine import Engine
from core.images import Decoder, ImageSource, walk
from core.jobs import Context, Emitted, JobEvent
from core.predictions import ImageResult
from core.preprocessing import PRESETS
from core.trust import GivenFor
from tests.core.making import run_steps, write_photo
from tests.core.networks import write

X: NDArray[np.float64] = np.random.default_rng(0).normal(size=(5, 10))


class Room:
    """An engine that trusts one folder, whose jobs run here and now."""

    def __init__(self, folder: Path) -> None:
        self.engine = Engine([GivenFor([str(folder / "nets.py"), str(folder / "weights.pth")])])
        self.events: list[JobEvent] = []
        self.context = Context(1, self.events.append)

    def open(self, weights: Path, **changes: Any) -> ClassifierInfo:  # noqa: ANN401
        spec = ModelSpec("file", str(weights), **changes)
        return cast(ClassifierInfo, run_steps(self.engine.open(self.context, spec, "cpu")))

    def classify(self, *sources: ImageSource) -> list[ImageResult]:
        self.events.clear()
        run_steps(self.engine.classify(self.context, sources, Decoder(), 0))
        values = [event.value for event in self.events if isinstance(event, Emitted)]
        return [value for value in values if isinstance(value, ImageResult)]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.engine.close()


def scores(network: nn.Module, values: NDArray[Any]) -> NDArray[np.float32]:
    with torch.inference_mode():
        return torch.softmax(network(torch.tensor(values, dtype=torch.float32)), dim=1).numpy()


def answered(results: list[ImageResult]) -> NDArray[np.float32]:
    """The scores of results, all of which must be answers."""
    assert [str(result.error) for result in results if result.error is not None] == []
    return np.stack([np.asarray(result.prediction.probabilities) for result in results if result.prediction])


@pytest.mark.parametrize(
    ("name", "arguments", "features"), [("SimpleModel", (), 10), ("SimpleMLP", (784, 128, 10), 784)]
)
@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv"])
def test_rows_go_in_as_they_are(
    room: Room, tmp_path: Path, name: str, arguments: tuple[int, ...], features: int, suffix: str
) -> None:
    weights, network = write(tmp_path, name, *arguments)
    values = np.random.default_rng(4).normal(size=(70, features))
    path = tmp_path / f"rows{suffix}"
    if suffix == ".npy":
        np.save(path, values)
    elif suffix == ".npz":
        np.savez(path, values)
    else:
        path.write_text("\n".join(",".join(map(repr, map(float, row))) for row in values), encoding="utf-8")
    info = room.open(weights)
    assert info.features == features
    assert "as they are" in info.describe_input()
    results = room.classify(*walk([path], info.takes))
    assert np.allclose(answered(results), scores(network, values), atol=1e-6)
    assert [result.source.short_name for result in results[:2]] == [f"rows{suffix} #1", f"rows{suffix} #2"]
    assert all(result.prediction and result.prediction.provenance.raw for result in results)


def test_the_network_with_one_number_out_takes_rows_as_well(room: Room, tmp_path: Path) -> None:
    weights, _ = write(tmp_path, "ModelWithCustomLayer")
    np.save(tmp_path / "rows.npy", X)
    info = room.open(weights)
    results = room.classify(*walk([tmp_path / "rows.npy"], info.takes))
    assert [result.error for result in results] == [None] * 5


def test_a_row_that_is_not_like_the_network_fails_alone(room: Room, tmp_path: Path) -> None:
    weights, network = write(tmp_path, "SimpleModel")
    values = X.copy()
    values[1, 3] = np.inf
    np.save(tmp_path / "rows.npy", values)
    np.save(tmp_path / "wide.npy", np.zeros((1, 12)))
    room.open(weights)
    results = room.classify(*walk([tmp_path / "rows.npy", tmp_path / "wide.npy"]))
    assert [result.error is None for result in results] == [True, False, True, True, True, False]
    assert "Number 4 of 10 is inf" in str(results[1].error)
    assert "has 12 numbers, and the network takes 10" in str(results[-1].error)
    kept = [0, 2, 3, 4]
    assert np.allclose(answered([results[index] for index in kept]), scores(network, values[kept]), atol=1e-6)


def test_photos_on_a_network_of_rows_and_rows_on_one_of_photos(room: Room, tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", X)
    photo = ImageSource("photo.png", write_photo(tmp_path / "photo.png"))
    rows = list(walk([tmp_path / "rows.npy"]))
    weights, _ = write(tmp_path, "SimpleModel")
    room.open(weights)
    (refused, taken) = room.classify(photo, rows[0])
    assert "takes rows of 10 numbers, not images. photo.png is a picture" in str(refused.error)
    assert taken.error is None
    torch.save(get_model("shufflenet_v2_x0_5", weights=None, num_classes=3).state_dict(), tmp_path / "photos.pth")
    room.open(tmp_path / "photos.pth")
    (tmp_path / "ages.csv").write_text("path,age\nphoto.png,41\n", "utf-8")
    (taken, refused, table) = room.classify(photo, rows[0], *walk([tmp_path / "ages.csv"]))
    assert taken.error is None
    assert "Test the model" in str(table.error)
    assert "Test the model" not in str(refused.error)
    assert "rows.npy #1 is a row of numbers, and the network takes pictures" in str(refused.error)
    assert "224 x 224" in str(refused.error)


def test_pictures_and_rows_on_a_network_that_takes_both(room: Room, tmp_path: Path) -> None:
    """A flattened image goes in either as a picture, prepared, or as its numbers, which are not touched."""
    weights, network = write(tmp_path, "SimpleMLP", 784, 128, 10)
    digits = np.random.default_rng(5).integers(0, 256, (3, 28, 28), np.uint8)
    prepared = ((digits / np.float32(255) - np.float32(0.1307)) / np.float32(0.3081)).reshape(3, 784)
    np.save(tmp_path / "digits.npy", digits)
    np.save(tmp_path / "rows.npy", prepared)
    info = room.open(weights, preprocessing=replace(PRESETS["mnist"], flatten=True))
    sources = [*walk([tmp_path / "digits.npy"], info.takes), *walk([tmp_path / "rows.npy"], info.takes)]
    assert [source.is_row for source in sources] == [False] * 3 + [True] * 3
    results = room.classify(*sources)
    expected = scores(network, prepared)
    assert np.allclose(answered(results), np.concatenate([expected, expected]), atol=1e-5)
    raw = [result.prediction.provenance.raw for result in results if result.prediction]
    assert raw == [False] * 3 + [True] * 3
    assert results[0].thumbnail
    assert not results[3].thumbnail


def test_pictures_in_an_array_are_answered_as_the_same_pictures_in_files(room: Room, tmp_path: Path) -> None:
    photos = np.random.default_rng(6).integers(0, 256, (3, 40, 50, 3), np.uint8)
    np.save(tmp_path / "photos.npy", photos.transpose(0, 3, 1, 2))
    files: list[Path] = []
    for number, photo in enumerate(photos):
        files.append(tmp_path / f"{number}.png")
        Image.fromarray(photo).save(files[-1])
    torch.save(get_model("shufflenet_v2_x0_5", weights=None, num_classes=3).state_dict(), tmp_path / "photos.pth")
    info = room.open(tmp_path / "photos.pth")
    in_array = answered(room.classify(*walk([tmp_path / "photos.npy"], info.takes)))
    assert np.array_equal(in_array, answered(room.classify(*walk(files))))


def test_rows_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights, network = write(tmp_path, "SimpleModel")
    lines = [",".join([*map(repr, map(float, row)), "cat"]) for row in X]
    (tmp_path / "rows.csv").write_text("\n".join(lines), encoding="utf-8")
    rows, nets = str(tmp_path / "rows.csv"), str(tmp_path / "nets.py")
    status = commands.run(
        ["classify", rows, "--weights", str(weights), "--architecture-file", nets, "--trust", "--format", "json"]
    )
    said = capsys.readouterr()
    assert status == 0
    records = json.loads(said.out)
    assert [record["image"] for record in records] == [f"{rows} #{number}" for number in range(1, 6)]
    found = [[each["score"] for each in sorted(record["predictions"], key=_index)] for record in records]
    assert np.allclose(found, scores(network, X), atol=1e-6)
    assert said.err.count("column 11 is left out") == 1
    assert "10 numbers a row, as they are" in said.err


def _index(score: dict[str, int]) -> int:
    return score["index"]


def test_other_names_are_shown_on_the_row_that_is_looked_at(room: Room, tmp_path: Path) -> None:
    """The network stays, and the row is answered once more, with the names that were written."""
    weights, network = write(tmp_path, "SimpleModel")
    np.save(tmp_path / "rows.npy", X)
    info = room.open(weights)
    shown = next(walk([tmp_path / "rows.npy"], info.takes))
    room.events.clear()
    spec = replace(info.spec, names=("no", "yes"))
    run_steps(room.engine.dress(room.context, spec, "cpu", shown, Decoder()))
    (result,) = [event.value for event in room.events if isinstance(event, Emitted)]
    assert isinstance(result, ImageResult)
    assert result.prediction is not None
    assert result.prediction.labels == ("no", "yes")
    assert np.allclose(answered([result]), scores(network, X[:1]), atol=1e-6)


def test_a_script_does_not_name_a_picture_inside_an_array(room: Room, tmp_path: Path) -> None:
    torch.save(get_model("shufflenet_v2_x0_5", weights=None, num_classes=3).state_dict(), tmp_path / "photos.pth")
    np.save(tmp_path / "photos.npy", np.zeros((2, 40, 40, 3), np.uint8))
    info = room.open(tmp_path / "photos.pth")
    inside = next(walk([tmp_path / "photos.npy"], info.takes))
    text = str(run_steps(room.engine.script(room.context, info, inside, "py", None, Decoder())))
    assert "photos.pth" in text
    assert "photos.npy" not in text
