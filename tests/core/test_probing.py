"""A probe finds how networks were trained: each is trained here, quickly, on pictures prepared in its own odd way."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torchvision.transforms import functional as tvf

from core.classifier import Classifier
from core.errors import Cancelled, DataError
from core.images import Decoder
from core.labelled import LabelledData, read_labelled
from core.preprocessing import PRESETS, Preprocessing
from core.probes import Probe, scales, shapes
from core.probing import Probing
from tests.core.making import classifier_info

CLASSES = ("left", "middle", "right")
_SIZE = (48, 24)


def picture(index: int, random: np.random.Generator) -> Image.Image:
    """A wide picture: where its orange part is tells the class, and a part in swapped colours misleads."""
    pixels = np.zeros((_SIZE[1], _SIZE[0], 3), np.float64)
    pixels[:] = (90, 110, 100)
    others = [place for place in range(3) if place != index]
    for place, colour in ((index, (210, 120, 40)), (int(random.choice(others)), (40, 120, 210))):
        start = 12 + place * 8 + int(random.integers(-1, 2))
        pixels[5:19, start : start + 8] = colour
    pixels = pixels * random.uniform(0.7, 1.15) + random.normal(0, 40, pixels.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> LabelledData:
    """Pictures that no network was trained on."""
    root, random = tmp_path_factory.mktemp("labelled"), np.random.default_rng(99)
    for index, name in enumerate(CLASSES):
        (root / name).mkdir()
        for number in range(16):
            picture(index, random).save(root / name / f"{number}.png")
    return done(root)


def done(root: Path) -> LabelledData:
    steps = read_labelled(root)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


class Small(nn.Module):
    """Sees where which colour is."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.last = nn.Linear(8 * 64, 3)
        self.side = side

    def forward(self, images: Tensor) -> Tensor:
        if images.shape[2:] != (self.side, self.side):
            raise RuntimeError(f"it takes {self.side} pixels")
        found = functional.adaptive_avg_pool2d(torch.relu(self.norm(self.first(images))), 8)
        return self.last(found.flatten(1))


def resized(image: Image.Image, width: int, height: int) -> Tensor:
    """Bilinear, as torchvision does it, to 0..1."""
    return tvf.pil_to_tensor(image.resize((width, height), Image.Resampling.BILINEAR)).float() / 255


@functools.cache
def trained(prepare: str) -> nn.Module:
    """A network trained on pictures that plain torchvision prepared in one of several ways."""
    torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]
    random, rows, truths = np.random.default_rng(1), list[Tensor](), list[int]()
    for number in range(300):
        image = picture(number % 3, random)
        tensor = resized(image, 16, 16)
        if prepare == "bgr 255":
            tensor = tensor.flip(0) * 255
        elif prepare == "cropped":
            tensor = (resized(image, 32, 16)[:, :, 8:24] - 0.5) / 0.5
        elif prepare == "-1 to 1":
            tensor = (tensor - 0.5) / 0.5
        rows.append(tensor)
        truths.append(number % 3)
    batch, truth = torch.stack(rows), torch.tensor(truths)
    network = Small(16)
    optimizer = torch.optim.Adam(network.parameters(), 0.01, weight_decay=1e-3)
    for _ in range(60):
        loss = functional.cross_entropy(network(batch), truth)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()  # pyright: ignore[reportUnknownMemberType]
    return network.eval()


def quiet(_done: int, _total: int, _text: str) -> None:
    """Nobody watches."""


WRONG = Preprocessing(resize="shorter", size=(16, 16), crop=(16, 16))


def probe(
    network: nn.Module, data: LabelledData, start: Preprocessing = WRONG, own: Preprocessing | None = None
) -> Probe:
    classifier = Classifier(network, classifier_info(CLASSES, start))
    steps = Probing(classifier, Decoder(), quiet, own).run(data)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        ("-1 to 1", {"resize": "exact", "range": "0..1", "channels": "rgb"}),
        ("bgr 255", {"resize": "exact", "range": "0..255", "channels": "bgr"}),
        ("cropped", {"resize": "shorter", "range": "0..1", "channels": "rgb"}),
    ],
)
def test_an_odd_recipe_is_found(prepare: str, expected: dict[str, str], labelled: LabelledData) -> None:
    found = probe(trained(prepare), labelled)
    # Of those that few images cannot tell apart, the right one is among the first.
    best = [one.preprocessing for one in found.tried[: found.ties]]
    assert any({name: getattr(value, name) for name in expected} == expected for value in best), found.tried[:4]
    assert found.tried[0].right >= 0.8 * found.images
    assert found.images == 48


def test_what_is_found_is_better_than_what_was_in_use(labelled: LabelledData) -> None:
    found = probe(trained("bgr 255"), labelled)
    in_use = [one for one in found.tried if one.preprocessing == WRONG]
    assert not in_use or in_use[0].right < found.tried[0].right
    assert found.dropped > 0


def test_what_the_model_brings_is_tried_too(labelled: LabelledData) -> None:
    # A size and a mean that are in no list.
    own = Preprocessing(resize="exact", size=(16, 16), crop=None, mean=(0.41,) * 3, std=(0.37,) * 3)
    found = probe(trained("-1 to 1"), labelled, own=own)
    assert own in [one.preprocessing for one in found.tried]


def test_ties_are_named(labelled: LabelledData) -> None:
    class Blind(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return torch.zeros(len(images), 3)

    found = probe(Blind(), labelled)
    assert found.ties == len(found.tried)
    assert "cannot be told" in found.verdict()
    assert {one.differs for one in found.tried} == {0}


def test_what_is_far_behind_is_told_from_the_best(labelled: LabelledData) -> None:
    found = probe(trained("-1 to 1"), labelled)
    swapped = [one for one in found.tried if one.preprocessing.channels == "bgr"]
    assert all(one.chance < 0.05 for one in swapped)
    assert found.tried[0].chance == 1


def test_names_that_are_none_of_the_models(tmp_path: Path) -> None:
    for name in ("ship", "cup"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (8, 8)).save(tmp_path / name / "a.png")
    with pytest.raises(DataError, match="class names"):
        probe(Small(16), done(tmp_path))


def test_pictures_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    for name in CLASSES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match="None of the images"):
        probe(Small(16), done(tmp_path))
    picture(0, np.random.default_rng(5)).save(tmp_path / "left" / "x.png")
    found = probe(trained("-1 to 1"), done(tmp_path))
    assert found.images == 1
    assert {Path(name).name for name, _ in found.skipped} == {"broken.jpg"}


def test_values_are_no_classes(labelled: LabelledData) -> None:
    info = replace(classifier_info(("0",)), activation="regression")
    steps = Probing(Classifier(Small(16), info), Decoder(), quiet).run(labelled)
    with pytest.raises(DataError, match="values, not classes"):
        next(steps)


def test_it_can_be_ended(labelled: LabelledData) -> None:
    def progress(done: int, _total: int, _text: str) -> None:
        if done > 60:
            raise Cancelled

    steps = Probing(Classifier(Small(16), classifier_info(CLASSES, WRONG)), Decoder(), progress).run(labelled)
    with pytest.raises(Cancelled):
        list(steps)


def test_recipes_are_unlike_each_other() -> None:
    for base in (*PRESETS.values(), Preprocessing(channels="grey", mean=(0.5,), std=(0.5,))):
        values = [one.preprocessing for one in scales(base)]
        assert len(set(values)) == len(values)
        named = [one.name for one in shapes(base, 224, any_size=True)]
        assert len(set(named)) == len(named)
