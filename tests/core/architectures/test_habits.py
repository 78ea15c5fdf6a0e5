"""Networks as people write and save them: each opens, and answers as the plain script's."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torchvision import models

from core.building import Built, build
from core.checkpoints import open_checkpoint
from core.descriptions import ModelSpec
from core.questions import TrustRequest
from tests.core.architectures.opening import plain, write

HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"


class Agreed:
    """A person who agrees to everything."""

    def trusted(self, request: TrustRequest) -> bool:
        return bool(request.sha256)


def opened(folder: Path, text: str, saved: object, name: str = "net.py", **answers: str) -> Built:
    """The network of a file of code and what a script saved."""
    code = write(folder, text, name)
    weights = folder / "weights.pth"
    torch.save(saved, weights)
    spec = ModelSpec("file", str(weights), architecture_file=str(code), arguments=tuple(answers.items()))
    return build(spec, open_checkpoint(weights), (), (Agreed(),))


def assert_answers(built: Built, network: nn.Module, *shape: int, key: int | None = None) -> None:
    """The same numbers as the plain network's."""
    batch = torch.randn(2, *shape, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected: Tensor = network.eval()(batch)
        assert torch.equal(built.network(batch), expected if key is None else expected[key])


def test_names_are_the_authors_where_a_known_network_is_inside(tmp_path: Path) -> None:
    text = HEAD + (
        "import torchvision\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, n=10):\n"
        "        super().__init__()\n"
        "        self.features = nn.Sequential(*list(torchvision.models.resnet18().children())[:-1])\n"
        "        self.fc = nn.Linear(512, n)\n"
        "    def forward(self, x):\n"
        "        return torch.tanh(self.fc(self.features(x).flatten(1)))\n"
    )
    network = plain(text, "Net", 4)
    assert_answers(opened(tmp_path, text, network.state_dict()), network, 3, 64, 64)


def test_a_network_saved_whole_in_what_training_put_around_it(tmp_path: Path) -> None:
    text = HEAD + (
        "class Net(nn.Module):\n"
        "    def __init__(self, width, names):\n"
        "        super().__init__()\n"
        "        self.fc = nn.Linear(width, len(names))\n"
        "    def forward(self, x):\n"
        "        return self.fc(x.mean((2, 3)))\n"
    )
    network = plain(text, "Net", 3, "abc")
    pickled(network)
    assert_answers(opened(tmp_path, text, nn.DataParallel(network)), network, 3, 40, 40)


def pickled(network: nn.Module) -> None:
    """As if its class were one of a module that was imported."""
    import sys
    from types import ModuleType

    kind = type(network)
    module = ModuleType("of_somebody")
    kind.__module__ = module.__name__
    setattr(module, kind.__name__, kind)
    sys.modules[module.__name__] = module
