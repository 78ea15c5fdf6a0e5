"""Every network that the documents name answers as a plain script does, and no code runs before a person agreed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.models import get_model
from torchvision.transforms import v2

from core.architectures.input_form import InputForm
from core.building import assumed, with_channels
from core.descriptions import ClassifierInfo, ModelSpec
from core.engine import Engine
from core.errors import MatchError, NoClassifierError, QuestionsError, TrustError
from core.images import Decoder, ImageSource
from core.jobs import Context, Emitted, JobEvent, Steps
from core.predictions import ImageResult
from core.preprocessing import PRESETS, Preprocessing
from core.questions import TrustRequest
from core.trust import GivenFor
from tests.core import networks
from tests.core.making import run_steps, write_photo


class Everyone:
    """Agrees to everything, and remembers to what."""

    def __init__(self) -> None:
        self.asked: list[TrustRequest] = []

    def trusted(self, request: TrustRequest) -> bool:
        self.asked.append(request)
        return True


class Room:
    """An engine whose jobs run here and now."""

    def __init__(self) -> None:
        self.everyone = Everyone()
        self.engine = Engine([self.everyone])

    def run(self, steps: Steps) -> object:
        return run_steps(steps)

    def open(self, spec: ModelSpec) -> ClassifierInfo:
        info = self.run(self.engine.open(Context(1, lambda _: None), spec, "cpu"))
        assert isinstance(info, ClassifierInfo)
        return info

    def answer(self, photo: Path) -> ImageResult:
        events: list[JobEvent] = []
        self.run(self.engine.classify(Context(1, events.append), [ImageSource("a", photo)], Decoder(), 1))
        (result,) = [e.value for e in events if isinstance(e, Emitted) and isinstance(e.value, ImageResult)]
        return result

    def scores(self, photo: Path) -> Sequence[float]:
        result = self.answer(photo)
        assert result.prediction is not None, result.error
        return list(result.prediction.probabilities)


@pytest.fixture
def room() -> Iterator[Room]:
    room = Room()
    yield room
    room.engine.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return write_photo(tmp_path / "photo.png", (61, 47))


def plain(photo: Path, *steps: nn.Module) -> Tensor:
    transform = v2.Compose([*steps, v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
    with Image.open(photo) as image:
        return transform(image)[None]


def values(tensor: Tensor) -> list[float]:
    return cast("list[float]", tensor.detach().flatten().tolist())  # pyright: ignore[reportUnknownMemberType]


def close(found: Sequence[float], expected: Tensor) -> bool:
    return torch.allclose(torch.tensor(found), expected.detach().flatten(), rtol=0, atol=1e-5)


def spec_of(weights: Path, **changes: object) -> ModelSpec:
    return replace(ModelSpec("file", str(weights)), **changes)


class TestPeoplesOwnNetworks:
    def test_simple_cnn_takes_28_pixels_and_nobody_needs_to_know_it(
        self, room: Room, tmp_path: Path, photo: Path
    ) -> None:
        weights, network = networks.write(tmp_path / "a", "SimpleCNN", 10)
        info = room.open(spec_of(weights))
        assert (info.architecture, len(info.labels)) == ("SimpleCNN", 10)
        assert info.preprocessing.size == (28, 28)
        assert "assumed" in info.preprocessing_source
        batch = plain(photo, v2.Resize((28, 28), antialias=True)) * 2 - 1
        assert close(room.scores(photo), torch.softmax(network(batch), 1))

    def test_simple_mlp_takes_a_flattened_grey_image_and_its_sizes_come_from_the_weights(
        self, room: Room, tmp_path: Path, photo: Path
    ) -> None:
        weights, network = networks.write(tmp_path / "a", "SimpleMLP", 784, 128, 10)
        info = room.open(spec_of(weights))
        assert (info.architecture, info.preprocessing.flatten, info.preprocessing.size) == ("SimpleMLP", True, (28, 28))
        grey = plain(photo, v2.Grayscale(), v2.Resize((28, 28), antialias=True))
        batch = ((grey - 0.1307) / 0.3081).flatten(1)
        found = room.scores(photo)
        expected = torch.softmax(network(batch), 1)
        # The order of greying and resizing is ours to choose: within a grey level.
        assert found == pytest.approx(values(expected), abs=5e-3)

    @pytest.mark.parametrize(("name", "classes"), [("SimpleModel", 2), ("ModelWithCustomLayer", 1)])
    def test_what_takes_rows_of_numbers_opens_and_says_so(
        self, room: Room, tmp_path: Path, photo: Path, name: str, classes: int
    ) -> None:
        weights, _ = networks.write(tmp_path / "a", name)
        info = room.open(spec_of(weights))
        assert (info.architecture, len(info.labels)) == (name, classes)
        assert info.refuses == "The network takes rows of 10 numbers, not images."
        error = room.answer(photo).error
        assert error is not None
        assert "rows of 10 numbers" in str(error)

    def test_a_resnet_with_its_last_layer_replaced_needs_no_file(self, room: Room, tmp_path: Path, photo: Path) -> None:
        weights, network = networks.write(tmp_path / "a", "resnet18_for_cifar10", source="")
        preset = replace(PRESETS["half"], resize="exact", size=(32, 32), crop=None)
        info = room.open(spec_of(weights, preprocessing=preset))
        assert (info.architecture, len(info.labels), room.everyone.asked) == ("resnet18", 10, [])
        batch = plain(photo, v2.Resize((32, 32), antialias=True)) * 2 - 1
        assert close(room.scores(photo), torch.softmax(network(batch), 1))

    def test_softmax_is_not_applied_twice(self, room: Room, tmp_path: Path, photo: Path) -> None:
        weights, network = networks.write(tmp_path / "a", "EndsInSoftmax", 4)
        room.open(
            spec_of(weights, preprocessing=Preprocessing(resize="none", crop=None, mean=(0.0,) * 3, std=(1.0,) * 3))
        )
        assert close(room.scores(photo), network(plain(photo)))

    def test_one_number_is_the_probability_of_the_second_class(self, room: Room, tmp_path: Path, photo: Path) -> None:
        weights, network = networks.write(tmp_path / "a", "OneNumber")
        info = room.open(
            spec_of(weights, preprocessing=Preprocessing(resize="none", crop=None, mean=(0.0,) * 3, std=(1.0,) * 3))
        )
        assert any("one number" in notice for notice in info.notices)
        second = torch.sigmoid(network(plain(photo)))
        assert close(room.scores(photo), torch.cat([1 - second, second], dim=1))


class TestTrust:
    def test_a_python_file_beside_the_weights_is_asked_about_once_and_not_run_before(self, tmp_path: Path) -> None:
        weights, _ = networks.write(tmp_path / "a", "SimpleCNN", 10)
        canary = tmp_path / "ran"
        source = weights.with_name("nets.py")
        source.write_text(f"import pathlib\nclass Base:\n    pathlib.Path({str(canary)!r}).touch()\n{networks.SOURCE}")
        engine = Engine([GivenFor([])])
        with pytest.raises(TrustError) as caught:
            list(engine.open(Context(1, lambda _: None), spec_of(weights), "cpu"))
        assert Path(caught.value.request.file) == source
        assert "--trust" in caught.value.remedy
        assert not canary.exists()
        engine.close()
        agreed = Engine([GivenFor([source])])
        list(agreed.open(Context(1, lambda _: None), spec_of(weights), "cpu"))
        agreed.close()

    def test_what_a_network_beside_the_weights_asks_is_answered_for_its_file(self, room: Room, tmp_path: Path) -> None:
        weights, _ = networks.write(tmp_path / "a", "Asking", "tanh", 2.0)
        with pytest.raises(QuestionsError) as caught:
            room.open(spec_of(weights))
        assert (caught.value.architecture, caught.value.source) == ("Asking", str(weights.with_name("nets.py")))
        # Any number would fit as well, so none is suggested.
        assert [(each.name, each.suggestion) for each in caught.value.questions if each.name == "scale"] == [
            ("scale", "")
        ]
        given = spec_of(
            weights,
            architecture=caught.value.architecture,
            architecture_file=caught.value.source,
            arguments=(("act", "tanh"), ("scale", "2.0")),
        )
        assert room.open(given).architecture == "Asking"

    def test_an_unrelated_python_file_is_not_asked_about(self, room: Room, tmp_path: Path) -> None:
        weights, _ = networks.write(tmp_path / "a", "SimpleCNN", 10, source="")
        weights.with_name("other.py").write_text("class A:\n    def __init__(self):\n        self.thing = 1\n")
        with pytest.raises(MatchError):
            room.open(spec_of(weights))
        assert room.everyone.asked == []

    def test_torchscript_of_a_known_architecture_runs_nothing(self, room: Room, tmp_path: Path, photo: Path) -> None:
        network = get_model("squeezenet1_1", weights=None, num_classes=5).eval()
        save_script(network, tmp_path / "s.pt")
        preset = Preprocessing(resize="none", crop=None, mean=(0.0,) * 3, std=(1.0,) * 3)
        info = room.open(spec_of(tmp_path / "s.pt", preprocessing=preset))
        assert (info.architecture, info.checkpoint.container) == ("squeezenet1_1", "torchscript")
        assert room.everyone.asked == []
        assert close(room.scores(photo), torch.softmax(network(plain(photo)), 1))

    def test_torchscript_of_an_unknown_one_runs_after_a_word(self, room: Room, tmp_path: Path, photo: Path) -> None:
        network = networks.make("SimpleCNN", 10)
        save_script(network, tmp_path / "s.pt", torch.rand(1, 3, 28, 28))
        info = room.open(spec_of(tmp_path / "s.pt"))
        assert [request.kind for request in room.everyone.asked] == ["torchscript"]
        assert info.preprocessing.size == (28, 28)
        batch = plain(photo, v2.Resize((28, 28), antialias=True)) * 2 - 1
        assert close(room.scores(photo), torch.softmax(network(batch), 1))

    def test_a_whole_network_of_layers_opens_without_a_word(self, room: Room, tmp_path: Path, photo: Path) -> None:
        network = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(8, 3),
        ).eval()  # fmt: skip
        torch.save(network, tmp_path / "whole.pth")
        preset = Preprocessing(resize="none", crop=None, mean=(0.0,) * 3, std=(1.0,) * 3)
        info = room.open(spec_of(tmp_path / "whole.pth", preprocessing=preset))
        assert (info.checkpoint.container, len(info.labels), room.everyone.asked) == ("module", 3, [])
        assert close(room.scores(photo), torch.softmax(network(plain(photo)), 1))


def save_script(network: nn.Module, path: Path, example: Tensor | None = None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        jit = cast(Any, torch.jit)
        jit.save(jit.script(network) if example is None else jit.trace(network, example), str(path))


class TestWhatIsNoClassifier:
    def test_it_is_called_what_it_is(self, room: Room, tmp_path: Path) -> None:
        parts = {"rpn.head.conv.weight": torch.zeros(4, 4, 3, 3), "roi_heads.box_head.fc6.weight": torch.zeros(4, 4)}
        torch.save({f"model.{name}": tensor for name, tensor in parts.items()}, tmp_path / "d.pth")
        with pytest.raises(NoClassifierError, match=r"d\.pth is an object detector \(R-CNN\)"):
            room.open(spec_of(tmp_path / "d.pth"))

    def test_a_whole_network_of_unknown_classes_asks_for_its_python_file(self, room: Room, tmp_path: Path) -> None:
        network = networks.make("SimpleCNN", 10)
        torch.save({"net": network.state_dict()}, tmp_path / "plain.pth")
        with pytest.raises(MatchError):
            room.open(spec_of(tmp_path / "plain.pth"))


class TestAssumptions:
    @pytest.mark.parametrize(
        ("form", "size", "crop", "channels"),
        [
            (InputForm("image", 3, 64, 64, any=True), (256, 256), (224, 224), "rgb"),
            (InputForm("image", 3, 224, 224), (256, 256), (224, 224), "rgb"),
            (InputForm("image", 3, 32, 32), (32, 32), None, "rgb"),
            (InputForm("image", 1, 28, 28), (28, 28), None, "grey"),
            (InputForm("image", 3, 150, 150), (150, 150), (150, 150), "rgb"),
            (InputForm("image", 3, 120, 160), (120, 160), (120, 160), "rgb"),
            (InputForm("image", 1, 64, 64, any=True), (224, 224), None, "grey"),
        ],
    )
    def test_follow_from_the_input_that_was_found(
        self, form: InputForm, size: tuple[int, int], crop: tuple[int, int] | None, channels: str
    ) -> None:
        found = assumed(form)
        assert (found.size, found.crop, found.channels) == (size, crop, channels)

    def test_channels_are_made_to_fit(self) -> None:
        grey = with_channels(PRESETS["imagenet"], 1)
        assert (grey.channels, grey.mean) == ("grey", (pytest.approx((0.485 + 0.456 + 0.406) / 3),))
        assert with_channels(grey, 3).mean == grey.mean * 3
        with pytest.raises(MatchError, match="4 channels"):
            with_channels(PRESETS["imagenet"], 4)


def test_photos_that_are_left_as_they_are_may_have_the_only_size_that_the_network_takes(tmp_path: Path) -> None:
    """A network for 28 x 28 pixels, and a photo of 28 x 28: no other size is tried first."""
    room = Room()
    weights, _ = networks.write(tmp_path, "SimpleCNN")
    code = str(tmp_path / "nets.py")
    room.open(
        ModelSpec("file", str(weights), architecture="SimpleCNN", architecture_file=code, preprocessing=PRESETS["none"])
    )
    assert room.answer(write_photo(tmp_path / "a.png", (28, 28))).error is None
