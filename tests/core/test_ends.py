"""How many channels go in and how many classes come out, of networks that nobody knows, sorted files among them."""

from __future__ import annotations

import functools

import pytest
from torch import nn

from core.architectures import blueprint
from core.catalogue import architectures
from core.ends import head_size, stem_channels
from tests.core import networks

CLASSES = 13
NAMES = [entry.id for entry in architectures() if entry.source == "torchvision"]


Shapes = dict[str, tuple[int, ...]]


def shapes_of(network: nn.Module, *, is_sorted: bool) -> Shapes:
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    return dict(sorted(shapes.items())) if is_sorted else shapes


@functools.cache
def known(name: str) -> Shapes:
    return shapes_of(blueprint(name, CLASSES), is_sorted=False)


@pytest.mark.parametrize("is_sorted", [False, True])
def test_both_ends_of_nearly_all_known_networks_are_found_without_knowing_them(is_sorted: bool) -> None:
    wrong = [
        name
        for name in NAMES
        if (shapes := dict(sorted(known(name).items())) if is_sorted else known(name))
        and (head_size(shapes), stem_channels(shapes)) != (CLASSES, 3)
    ]
    assert wrong == []


@pytest.mark.parametrize("is_sorted", [False, True])
@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("SimpleCNN", (13,), (13, 3)),
        ("SimpleMLP", (784, 128, 13), (13, 0)),
        ("SimpleModel", (), (2, 0)),
        ("ModelWithCustomLayer", (), (1, 0)),
        ("OneNumber", (), (1, 3)),
    ],
)
def test_both_ends_of_peoples_own(
    name: str, arguments: tuple[int, ...], expected: tuple[int, int], is_sorted: bool
) -> None:
    shapes = shapes_of(networks.make(name, *arguments), is_sorted=is_sorted)
    assert (head_size(shapes), stem_channels(shapes)) == expected


def test_nothing_has_no_ends() -> None:
    assert (head_size({}), stem_channels({})) == (0, 0)
    assert (head_size({"a.bias": (3,)}), stem_channels({"a.bias": (3,)})) == (0, 0)
