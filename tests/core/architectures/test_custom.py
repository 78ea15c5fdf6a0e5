"""Networks of a person's own Python file against the plain script that makes them by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torchvision import models

from core.architectures.custom import build_custom
from core.architectures.input_form import find_input
from core.errors import MatchError, QuestionsError, UsageError
from tests.core.architectures.opening import assert_same_answers, best, plain, ranked, write
from tests.core.architectures.samples import CHALLENGE, CONFIGURED, RES_BLOCKS, RESNET, SIMPLE, TABLE


@pytest.mark.parametrize(
    ("name", "arguments", "found", "shape"),
    [
        ("SimpleCNN", (10,), "", (3, 28, 28)),
        ("SimpleCNN", (4,), "num_classes=4", (3, 28, 28)),
        ("SimpleMLP", (784, 128, 10), "input_size=784, hidden_size=128, output_size=10", (784,)),
        ("SimpleMLP", (10, 10, 10), "input_size=10, hidden_size=10, output_size=10", (10,)),
        ("SimpleModel", (2,), "", (10,)),
        ("SimpleModel", (1,), "outputs=1", (10,)),
        ("ModelWithCustomLayer", (), "", (10,)),
    ],
)
def test_the_networks_of_the_documents(
    tmp_path: Path, name: str, arguments: tuple[int, ...], found: str, shape: tuple[int, ...]
) -> None:
    network = plain(SIMPLE, name, *arguments)
    fit = best(write(tmp_path, SIMPLE), network)
    assert (fit.name, fit.exact, fit.questions) == (name, True, ())
    assert ", ".join(f"{argument}={value}" for argument, value in fit.arguments) == found
    assert fit.evidence == f"all {len(network.state_dict())} names and shapes fit" + (
        f", with {found}" if found else ""
    )
    built = assert_same_answers(fit, network, *shape)
    form = find_input(built)
    assert (form.features,) == shape if len(shape) == 1 else (form.channels, form.height, form.width) == shape


@pytest.mark.parametrize("hidden", [[512, 256, 128], [37], [64, 64, 64, 64, 64]])
def test_lists_of_sizes_are_found_from_shapes_alone(tmp_path: Path, hidden: list[int]) -> None:
    network = plain(CHALLENGE, "Network", 784, 10, hidden, drop_p=0.2)
    fit = best(write(tmp_path, CHALLENGE), network)
    assert dict(fit.arguments) == {"input_size": "784", "output_size": "10", "hidden_layers": str(hidden)}
    assert_same_answers(fit, network, 784)


def test_a_checkpoint_says_what_its_arguments_were(tmp_path: Path) -> None:
    network = plain(CHALLENGE, "Network", 784, 10, [32, 16])
    metadata = {"input_size": 784, "output_size": 10, "hidden_layers": [32, 16], "drop_p": 0.1, "epoch": 3}
    fit = best(write(tmp_path, CHALLENGE), network, metadata)
    assert dict(fit.arguments)["drop_p"] == "0.1"
    # Nothing had to be tried: what the file says fits.
    assert fit.builder.built == 1
    nested = {"hyper_parameters": {"in_features": 784, "n_classes": 10, "hidden_units": "[32, 16]"}}
    assert best(write(tmp_path, CHALLENGE), network, nested).builder.built == 1


def test_shapes_overrule_what_the_checkpoint_says(tmp_path: Path) -> None:
    network = plain(CHALLENGE, "Network", 784, 10, [32, 16])
    metadata = {"input_size": 28, "output_size": 1000, "hidden_layers": [512]}
    fit = best(write(tmp_path, CHALLENGE), network, metadata)
    assert dict(fit.arguments) == {"input_size": "784", "output_size": "10", "hidden_layers": "[32, 16]"}
    assert "input_size is 784, as the shapes tell; the file says 28." in fit.notes
    assert_same_answers(fit, network, 784)


def test_a_factory_that_wants_published_weights_downloads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(*_: object, **__: object) -> None:
        raise AssertionError("a download")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", download)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", download)
    network = models.resnet18(num_classes=10).eval()
    fit = best(write(tmp_path, RESNET), network)
    assert (fit.name, fit.kind, fit.arguments) == ("build_model", "function", (("num_classes", "10"),))
    assert_same_answers(fit, network, 3, 32, 32)
    assert find_input(build_custom(fit, network.state_dict())).any
    # Afterwards all is as it was.
    with pytest.raises(AssertionError, match="a download"):
        torch.hub.load_state_dict_from_url("https://example.org")


def test_a_class_around_a_torchvision_network(tmp_path: Path) -> None:
    """It asks for published weights, freezes them, changes the head and goes to the GPU, all in its constructor."""
    inside = models.resnet18(num_classes=6)
    inside.fc = nn.Sequential(  # pyright: ignore[reportAttributeAccessIssue]
        nn.Dropout(0.3), nn.Linear(512, 6)
    )
    inside.eval()
    state = {f"model.{name}": tensor for name, tensor in inside.state_dict().items()}
    path = write(tmp_path, RESNET)
    fit = ranked(path, state)[0]
    assert (fit.name, fit.arguments) == ("ResNet18Cifar", (("num_classes", "6"),))
    batch = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        expected = inside(batch)
        assert torch.equal(build_custom(fit, state)(batch), expected)
    # A wrapper's name that was taken off, or one that is too many, changes nothing.
    for other in (inside.state_dict(), {f"module.{name}": tensor for name, tensor in state.items()}):
        again = ranked(path, other)[0]
        assert (again.name, again.exact) == ("ResNet18Cifar", True)
        with torch.inference_mode():
            assert torch.equal(build_custom(again, other)(batch), expected)


def test_factories_go_before_the_class_that_they_use(tmp_path: Path) -> None:
    network = plain(RES_BLOCKS, "ResNet6", 10)
    fits = ranked(write(tmp_path, RES_BLOCKS), network.state_dict())
    assert fits[0].name == "ResNet6"
    assert "test" not in [fit.name for fit in fits]
    assert_same_answers(fits[0], network, 3, 32, 32)
    # Without a factory of its size, the class is built with the blocks of the file, as many as there are tensors.
    other = plain(RES_BLOCKS.replace("[2, 2]", "[3, 1]"), "ResNet6", 7)
    fit = best(write(tmp_path, RES_BLOCKS), other)
    assert dict(fit.arguments) == {"block": "BasicBlock", "num_blocks": "[3, 1]", "num_classes": "7"}
    assert_same_answers(fit, other, 3, 32, 32)


def test_a_name_out_of_a_table_is_found(tmp_path: Path) -> None:
    network = plain(TABLE, "VGG", "large", 5)
    fit = best(write(tmp_path, TABLE), network)
    assert dict(fit.arguments) == {"size": "'large'", "num_classes": "5"}
    assert_same_answers(fit, network, 3, 32, 32)


def test_a_configuration_is_taken_from_the_checkpoint_or_from_the_shapes(tmp_path: Path) -> None:
    config = {"inside": 4, "outside": 3}
    network = plain(TABLE, "Configured", config)
    path = write(tmp_path, TABLE)
    assert_same_answers(best(path, network, {"hparams": {"config": config}}, hint="Configured"), network, 4)
    assert_same_answers(best(path, network, hint="Configured"), network, 4)
    assert_same_answers(best(path, network, answers={"config": str(config)}), network, 4)


def test_blocks_that_look_alike_are_asked_for(tmp_path: Path) -> None:
    text = RES_BLOCKS.replace(
        "def ResNet6",
        "class Other(BasicBlock):\n    def forward(self, x):\n        return "
        "self.bn(self.conv(x)) + self.shortcut(x)\n\n\ndef ResNet6",
    )
    network = plain(text.replace("(BasicBlock, [2, 2]", "(Other, [3, 1]"), "ResNet6", 7)
    path = write(tmp_path, text)
    assert [(each.name, each.suggestion) for each in best(path, network).questions] == [("block", "BasicBlock")]
    assert_same_answers(best(path, network, answers={"block": "Other"}), network, 3, 32, 32)


def test_truth_values_and_the_side_of_an_image_are_found(tmp_path: Path) -> None:
    network = plain(CONFIGURED, "ConvNet", 1, [8, 12], 28, 5, kernel=5, batch_norm=True)
    fit = best(write(tmp_path, CONFIGURED), network)
    assert dict(fit.arguments) == {
        "in_channels": "1",
        "channels": "[8, 12]",
        "image_size": "28",
        "num_classes": "5",
        "kernel": "5",
        "batch_norm": "True",
    }
    assert "image_size may be 28 to 31; 28 is used." in fit.notes
    assert_same_answers(fit, network, 1, 28, 28)


def test_what_no_weight_shows_is_asked_for(tmp_path: Path) -> None:
    network = plain(CONFIGURED, "Asking", 32, 4, "tanh", 0.3)
    path = write(tmp_path, CONFIGURED)
    fit = best(path, network)
    assert (fit.name, fit.exact) == ("Asking", True)
    asked = {question.name: question for question in fit.questions}
    assert asked.keys() == {"nhead", "act"}
    assert "'tanh'" in asked["act"].why
    # Any number of heads has these shapes, so none is suggested.
    assert asked["nhead"].suggestion == ""
    assert "drop_p is taken as 0: it matters in training only." in fit.notes
    with pytest.raises(QuestionsError, match="nhead, act") as raised:
        build_custom(fit, network.state_dict())
    assert raised.value.questions == fit.questions
    answered = best(path, network, answers={"nhead": " 4 ", "act": "tanh"})
    assert answered.questions == ()
    assert_same_answers(answered, network, 16)
    said = best(path, network, {"hparams": {"nhead": 4, "act": "tanh"}})
    assert_same_answers(said, network, 16)


def test_an_answer_that_is_no_value_is_refused(tmp_path: Path) -> None:
    network = plain(CONFIGURED, "Asking", 32, 4, "tanh", 0.3)
    with pytest.raises(UsageError, match="nhead is not understood"):
        best(write(tmp_path, CONFIGURED), network, answers={"nhead": "__import__('os').getpid()"})


def test_a_name_that_a_pickle_gives_decides_among_equals(tmp_path: Path) -> None:
    text = SIMPLE + "\n\nclass Other(SimpleCNN):\n    def forward(self, x):\n        return -super().forward(x)\n"
    network = plain(text, "Other")
    path = write(tmp_path, text)
    assert best(path, network).name == "SimpleCNN"
    fit = best(path, network, hint="__main__.Other")
    assert fit.name == "Other"
    assert_same_answers(fit, network, 3, 28, 28)


def test_weights_of_another_network_say_what_differs(tmp_path: Path) -> None:
    state = plain(SIMPLE, "SimpleCNN").state_dict()
    state["conv1.weight"] = torch.zeros(16, 1, 3, 3)
    fit = ranked(write(tmp_path, SIMPLE), state)[0]
    assert (fit.name, fit.exact, fit.share) == ("SimpleCNN", False, pytest.approx(5 / 6))
    assert fit.differences == ("conv1.weight is 16 x 1 x 3 x 3 and should be 16 x 3 x 3 x 3",)
    with pytest.raises(MatchError, match=r"conv1\.weight is 16 x 1 x 3 x 3") as raised:
        build_custom(fit, state)
    assert "trained with" in raised.value.remedy


@pytest.mark.parametrize("change", [Tensor.half, Tensor.bfloat16, Tensor.double])
def test_other_fractions_become_float32(tmp_path: Path, change: Callable[[Tensor], Tensor]) -> None:
    network = plain(SIMPLE, "SimpleCNN")
    state = {name: change(tensor) for name, tensor in network.state_dict().items()}
    network.load_state_dict(state)
    built = build_custom(ranked(write(tmp_path, SIMPLE), state)[0], state)
    assert {tensor.dtype for tensor in built.state_dict().values()} == {torch.float32}
    batch = torch.randn(2, 3, 28, 28)
    with torch.inference_mode():
        assert torch.equal(built(batch), network(batch))


def test_quantised_numbers_are_refused(tmp_path: Path) -> None:
    state = plain(SIMPLE, "SimpleCNN").state_dict()
    state["fc.weight"] = state["fc.weight"].to(torch.int8)
    with pytest.raises(MatchError, match="not plain numbers"):
        build_custom(ranked(write(tmp_path, SIMPLE), state)[0], state)


COMPUTES = """
import numpy as np
import torch
from torch import nn


class Computes(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.convs = nn.Sequential(nn.Conv2d(1, width, 5), nn.ReLU(), nn.MaxPool2d(2))
        self.to_linear = None
        self.convs(torch.randn(1, 1, 50, 50).view(-1, 1, 50, 50))
        self.to_linear = self.convs(torch.zeros(1, 1, 50, 50))[0].numel()
        self.register_buffer("scale", torch.empty(1).fill_(3.0), persistent=False)
        self.offset = torch.empty(3).fill_(2.0)
        self.fc = nn.Linear(self.to_linear, 3)

    def forward(self, x):
        return self.fc(self.convs(x).flatten(1)) * self.scale + self.offset


class Quiet(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("scale", torch.empty(1).fill_(3.0), persistent=False)
        self.shift = [torch.empty(3).fill_(2.0)]
        self.lazy = nn.LazyLinear(3)

    def forward(self, x):
        return self.lazy(x) * self.scale + self.shift[0]
"""


def test_a_constructor_that_computes_with_its_weights(tmp_path: Path) -> None:
    network = plain(COMPUTES, "Computes", 6)
    fit = best(write(tmp_path, COMPUTES), network)
    assert fit.arguments == (("width", "6"),)
    built = assert_same_answers(fit, network, 1, 50, 50)
    form = find_input(built)
    assert (form.channels, form.height, form.sizes) == (1, 50, (50, 51))


def test_what_a_constructor_computes_and_no_file_holds_is_right(tmp_path: Path) -> None:
    network = plain(COMPUTES, "Quiet")
    network(torch.zeros(1, 9))
    fit = best(write(tmp_path, COMPUTES), network)
    assert fit.name == "Quiet"
    assert_same_answers(fit, network, 9)


def test_counters_that_old_files_lack_are_no_difference(tmp_path: Path) -> None:
    network = plain(RES_BLOCKS, "ResNet6")
    state = {name: tensor for name, tensor in network.state_dict().items() if not name.endswith("batches_tracked")}
    fit = ranked(write(tmp_path, RES_BLOCKS), state)[0]
    assert fit.exact
    batch = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        assert torch.equal(build_custom(fit, state)(batch), network(batch))
