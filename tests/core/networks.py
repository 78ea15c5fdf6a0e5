"""A person's own networks, as the source of a Python file, and the same for building by hand."""

from __future__ import annotations

import types
from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch
from torch import nn

from tests.core.architectures.samples import SIMPLE

SOURCE = f"""{SIMPLE}

from torchvision import models


def resnet18_for_cifar10():
    network = models.resnet18(weights=None)
    network.fc = nn.Linear(network.fc.in_features, 10)
    return network


class EndsInSoftmax(nn.Module):
    def __init__(self, classes=4):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(8, classes)

    def forward(self, x):
        return torch.softmax(self.head(self.features(x)), dim=1)


class Asking(nn.Module):
    def __init__(self, act, scale, classes=3):
        super().__init__()
        self.act = nn.ReLU() if act == "relu" else nn.Tanh()
        self.scale = scale
        self.conv = nn.Conv2d(3, 6, 3)
        self.head = nn.Linear(6, classes)

    def forward(self, x):
        return self.head(self.act(self.scale * self.conv(x)).mean((2, 3)))


class OneNumber(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1))

    def forward(self, x):
        return self.body(x)
"""


def make(name: str, *arguments: object) -> nn.Module:
    """A network of the source, built by hand."""
    module = types.ModuleType("by_hand")
    # The test's own source, a few lines above.
    exec(SOURCE, vars(module))  # noqa: S102
    torch.manual_seed(5)  # pyright: ignore[reportUnknownMemberType]
    return cast("Callable[..., nn.Module]", vars(module)[name])(*arguments).eval()


def write(folder: Path, name: str, *arguments: object, source: str = "nets.py") -> tuple[Path, nn.Module]:
    """Weights of a network, with its source beside them where that has a name; and the network."""
    folder.mkdir(parents=True, exist_ok=True)
    network = make(name, *arguments)
    torch.save(network.state_dict(), folder / "weights.pth")
    if source:
        (folder / source).write_text(SOURCE, encoding="utf-8")
    return folder / "weights.pth", network
