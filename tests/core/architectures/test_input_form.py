"""The input that a network takes is found by trying, and proved."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision import models

from core.architectures.input_form import Answering, InputForm, find_input
from core.errors import MatchError


class Convolutional(nn.Module):
    """Takes only some sizes; ``flat`` says how it makes rows."""

    def __init__(self, side: int, flat: Callable[[Tensor, int], Tensor], channels: int = 3, pools: int = 2) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, 4, 3, padding=1)
        self.others = nn.ModuleList(nn.Conv2d(4, 4, 3, padding=1) for _ in range(pools))
        self.features = 4 * (side // 2**pools) ** 2
        self.fc = nn.Linear(self.features, 5)
        self.flat = flat

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        for layer in self.others:
            x = functional.max_pool2d(torch.relu(layer(x)), 2)
        return self.fc(self.flat(x, self.features))


def flattened(x: Tensor, _: int) -> Tensor:
    return x.flatten(1)


def viewed(x: Tensor, features: int) -> Tensor:
    """The common mistake: an image that is too large becomes several rows."""
    return x.view(-1, features)


def shaped(x: Tensor, features: int) -> Tensor:
    return x.view(x.size(0), features)


def batched(x: Tensor, _: int) -> Tensor:
    return x.reshape(x.shape[0], -1)


@pytest.mark.parametrize("flat", [flattened, viewed, shaped, batched])
@pytest.mark.parametrize(("side", "channels", "pools"), [(28, 3, 2), (37, 1, 0), (96, 3, 3), (150, 3, 1), (224, 3, 4)])
def test_the_size_that_fits_is_found(
    flat: Callable[[Tensor, int], Tensor], side: int, channels: int, pools: int
) -> None:
    network = Convolutional(side, flat, channels, pools).eval()
    form = find_input(network)
    low = side - side % 2**pools
    assert (form.kind, form.channels, form.any, form.outputs) == ("image", channels, False, 5)
    assert (form.height, form.sizes) == (side, (low, low + 2**pools - 1))
    # The plain way: each size around it, tried with real numbers.
    for size in {low - 1, low, low + 2**pools - 1, low + 2**pools}:
        try:
            shape = network(torch.zeros(2, channels, size, size)).shape
        except RuntimeError:
            shape = ()
        assert (shape == (2, 5)) == (form.sizes[0] <= size <= form.sizes[1])


def test_an_oblong_input() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2 * 30 * 40, 4))
    form = find_input(network)
    assert (form.channels, form.height, form.width) == (1, 60, 80)


@pytest.mark.parametrize(
    ("features", "kind", "channels", "side"),
    [
        (784, "flat", 1, 28),
        (64, "flat", 1, 8),
        (3072, "flat", 3, 32),
        (150528, "flat", 3, 224),
        (10, "vector", 0, 0),
        (100, "vector", 0, 0),
        (13, "vector", 0, 0),
    ],
)
def test_rows_of_numbers(features: int, kind: str, channels: int, side: int) -> None:
    network = nn.Sequential(nn.Linear(features, 6), nn.ReLU(), nn.Linear(6, 2))
    form = find_input(network)
    assert (form.kind, form.features, form.channels) == (kind, features, channels)
    assert (form.height, form.width, form.outputs) == (side, side, 2)


def test_a_network_that_makes_rows_itself_takes_images() -> None:
    form = find_input(nn.Sequential(nn.Flatten(), nn.Linear(784, 6), nn.ReLU(), nn.Linear(6, 3)))
    assert (form.kind, form.channels, form.height, form.features) == ("image", 1, 28, 0)


def test_any_size_is_taken() -> None:
    form = find_input(models.squeezenet1_1(num_classes=3))
    assert (form.any, form.channels, form.output_shape, form.ends_in) == (True, 3, (3,), "")
    small = nn.Sequential(nn.Conv2d(4, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2))
    assert (find_input(small).any, find_input(small).channels) == (True, 4)


def test_a_transformer_takes_its_own_size() -> None:
    network = models.VisionTransformer(64, 16, 1, 2, 16, 16, num_classes=3)
    form = find_input(network)
    assert (form.any, form.height, form.sizes) == (False, 64, (64, 64))


class Ending(nn.Module):
    def __init__(self, end: Callable[[Tensor], Any], outputs: int = 4) -> None:
        super().__init__()
        self.fc = nn.Linear(9, outputs)
        self.end = end

    def forward(self, x: Tensor) -> object:
        return self.end(self.fc(x))


class Named(NamedTuple):
    features: Tensor
    logits: Tensor


ENDS: list[tuple[Callable[[Tensor], Any], str]] = [
    (lambda x: x, ""),
    (lambda x: torch.softmax(x, 1), "softmax"),
    (lambda x: functional.softmax(x, dim=-1), "softmax"),
    (lambda x: functional.log_softmax(x, dim=1), "log_softmax"),
    (nn.LogSoftmax(dim=1), "log_softmax"),
    (torch.sigmoid, "sigmoid"),
    (nn.Sigmoid(), "sigmoid"),
    (lambda x: torch.softmax(x, 1) * 2, ""),
    (lambda x: torch.relu(x) + 1, ""),
    (lambda x: torch.sigmoid(x) - x, ""),
]


@pytest.mark.parametrize(("end", "ends_in"), ENDS)
def test_how_a_network_ends(end: Callable[[Tensor], object], ends_in: str) -> None:
    assert find_input(Ending(end)).ends_in == ends_in


ANSWERS: list[tuple[Callable[[Tensor], Any], object, int]] = [
    (lambda x: x, None, 4),
    (lambda x: (x, x[:, :2]), 0, 4),
    (lambda x: [torch.zeros(7), x], 1, 4),
    (lambda x: {"features": x[:, :2], "logits": x}, "logits", 4),
    (lambda x: Named(x[:, :2], x), "logits", 4),
    (lambda x: x[:, :, None, None], None, 4),
    (lambda x: x[:, 0], None, 1),
]


@pytest.mark.parametrize(("end", "output", "outputs"), ANSWERS)
def test_which_of_its_outputs_is_the_answer(end: Callable[[Tensor], Any], output: object, outputs: int) -> None:
    network = Ending(end)
    form = find_input(network)
    assert (form.output, form.outputs) == (output, outputs)
    rows = torch.rand(3, 9)
    assert torch.equal(Answering(network, form)(rows), network.fc(rows)[:, :outputs])


class Remembering(nn.Module):
    """Changes itself when it is run, and keeps what depends on the size of its input."""

    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 3)
        self.norm = nn.BatchNorm2d(2, momentum=1.0)
        self.register_buffer("count", torch.zeros(1))
        self.grid: Tensor | None = None
        self.dropout = nn.Dropout(0.9)

    def forward(self, x: Tensor) -> Tensor:
        if self.grid is None:
            self.grid = torch.ones_like(x[:1, :1])
        self.count += 1
        self.norm.train()
        x = self.norm(self.conv(x * self.grid))
        self.norm.eval()
        return self.dropout(x).mean((2, 3))


def test_a_network_is_left_as_it_was() -> None:
    network = Remembering().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    form = find_input(network)
    assert form.any
    assert not network.training
    assert network.grid is None
    after = network.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert not any(vars(module)["_forward_pre_hooks"] for module in network.modules())
    with torch.inference_mode():
        network(torch.zeros(1, 3, 30, 30))


class Looking(Convolutional):
    """Looks at its numbers, which shapes alone cannot show."""

    def forward(self, x: Tensor) -> Tensor:
        assert float(x.abs().sum()) >= 0
        return super().forward(x) + torch.from_numpy(x.mean((1, 2, 3)).numpy())[:, None]  # pyright: ignore[reportUnknownMemberType]


def test_a_network_that_looks_at_its_numbers() -> None:
    assert find_input(Looking(44, flattened)).sizes == (44, 47)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (nn.Embedding(10, 4), "takes words"),
        (nn.Sequential(nn.Conv1d(1, 2, 3)), "takes sequences"),
        (nn.Sequential(nn.Conv3d(1, 2, 3)), "takes volumes"),
        (nn.Conv2d(3, 2, 3), "answers with 2 maps of numbers"),
        (nn.Bilinear(3, 3, 2), "takes 2 inputs at once"),
    ],
)
def test_what_takes_no_image_says_so(network: nn.Module, words: str) -> None:
    with pytest.raises(MatchError, match=words):
        find_input(network)


def test_a_forward_method_that_fails_says_why() -> None:
    class Broken(Convolutional):
        def forward(self, x: Tensor) -> Tensor:
            raise KeyError(f"no such thing in {x.shape[1]} channels")

    with pytest.raises(MatchError, match="KeyError: 'no such thing"):
        find_input(Broken(28, flattened))


def test_what_is_known_is_tried_first() -> None:
    network = Convolutional(28, flattened)
    assert find_input(network, side=30).height == 30
    any_size = nn.Sequential(nn.Conv2d(3, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2))
    assert find_input(any_size, side=48).height == 48


def test_it_can_be_asked_on_any_thread() -> None:
    found: list[InputForm] = []
    thread = threading.Thread(target=lambda: found.append(find_input(Convolutional(28, flattened))))
    thread.start()
    thread.join()
    assert found[0].height == 28
