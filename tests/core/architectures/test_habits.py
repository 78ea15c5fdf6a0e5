"""Networks as people write and save them: each opens, and answers as the plain script's."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest
import torch
from torch import Tensor, nn

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


def test_a_network_saved_whole_in_what_training_put_around_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = HEAD + (
        "class Net(nn.Module):\n"
        "    def __init__(self, width, names):\n"
        "        super().__init__()\n"
        "        self.fc = nn.Linear(width, len(names))\n"
        "    def forward(self, x):\n"
        "        return self.fc(x.mean((2, 3)))\n"
    )
    network = plain(text, "Net", 3, "abc")
    importable(network, monkeypatch)
    assert_answers(opened(tmp_path, text, nn.DataParallel(network)), network, 3, 40, 40)


def importable(network: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if its class were one of a module that was imported."""
    kind = type(network)
    module = ModuleType("of_somebody")
    kind.__module__ = module.__name__
    setattr(module, kind.__name__, kind)
    monkeypatch.setitem(sys.modules, module.__name__, module)


BODY = (
    "        self.conv = nn.Conv2d(3, {width}, 3)\n"
    "        self.drop = nn.Dropout(0.1)\n"
    "        self.head = nn.Linear({width}, {classes})\n"
    "    def forward(self, x):\n"
    "        return self.head(self.drop(F.relu(self.conv(x))).mean((2, 3)))\n"
)


def made_with(parameter: str, width: str, classes: str, before: str = "", first: str = "") -> str:
    """A network whose width and number of classes come from something else than plain arguments."""
    return (
        f"{HEAD}{before}class Net(nn.Module):\n"
        f"    def __init__(self{parameter}):\n        super().__init__()\n{first}"
        + BODY.format(width=width, classes=classes)
    )


DATACLASS = (
    "from dataclasses import dataclass\n"
    "@dataclass\nclass Config:\n    hidden: int = 8\n    heads: int = 2\n    num_classes: int = 10\n"
    "    @property\n    def width(self):\n        return self.hidden * self.heads\n"
)
CONSTANTS = "class CFG:\n    seed = 42\n    width = 16\n    target_size = 10\n    folds = [0, 1]\n"
PARSER = (
    "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('data')\n"
    "parser.add_argument('--width', type=int, required=True)\nparser.add_argument('--classes', type=int, default=10)\n"
    "args = parser.parse_args()\nargs.width = args.width or 16\n"
)
DATA = (
    "from torchvision import datasets\ntrain_data = datasets.ImageFolder('train')\n"
    "class_names = train_data.classes\nNUM = len(class_names)\n"
)


@pytest.mark.parametrize(
    ("text", "given", "beside"),
    [
        (made_with(", config", "config['width']", "config['classes']"), {"width": 12, "classes": 4}, {}),
        (
            made_with(", args", "args.width", "args.classes"),
            argparse.Namespace(width=12, classes=4),
            {"args": argparse.Namespace(width=12, classes=4, lr=0.1)},
        ),
        (made_with(", cfg", "cfg['net']['width']", "cfg['net'].get('classes', 7)"),
         {"net": {"width": 12}}, {"config": {"net": {"width": 12}}}),
        (made_with(", **kwargs", "kwargs.get('width', 20)", "kwargs['num_classes']"),
         {"width": 12, "num_classes": 4}, {}),
        (made_with(", class_names", "12", "len(class_names)"), ["a", "b", "c", "d"], {}),
    ],
    ids=["items", "namespace in the file", "nested", "keywords", "names"],
)  # fmt: skip
def test_whatever_a_constructor_takes(text: str, given: object, beside: Mapping[str, object], tmp_path: Path) -> None:
    options = cast("dict[str, object]", given)
    network = plain(text, "Net", **options) if "**" in text else plain(text, "Net", given)
    built = opened(tmp_path, text, {"model": network.state_dict(), **beside})
    assert_answers(built, network, 3, 40, 40)


@pytest.mark.parametrize(
    ("text", "change"),
    [
        (made_with(", config: Config", "config.width", "config.num_classes", DATACLASS), "hidden=6"),
        (made_with(", cfg", "cfg.width", "cfg.target_size", CONSTANTS), "width=12"),
        (made_with("", "CFG.width", "CFG.target_size", CONSTANTS), "width=12"),
        (made_with("", "args.width", "args.classes", PARSER), "width=12"),
        (made_with("", "16", "NUM", DATA), "NUM=3"),
        (made_with(", classes=len(class_names)", "16", "classes", DATA), "NUM=3"),
    ],
    ids=["dataclass", "constants", "constants outside", "parser", "data", "data in a default"],
)
def test_values_that_the_file_holds_and_that_were_others_in_training(text: str, change: str, tmp_path: Path) -> None:
    """The code at the file's top level says one value, and the weights were trained with another."""
    name, _, value = change.partition("=")
    changed = (
        text.replace(DATA, f"NUM = {value}\nclass_names = [''] * NUM\n")
        .replace(PARSER, f"import types\nargs = types.SimpleNamespace({change}, classes=10)\n")
        .replace(f"{name} = 16", f"{name} = {value}")
        .replace(f"{name}: int = 8", f"{name}: int = {value}")
    )
    holder = ["Config()"] if "Config" in text else ["CFG"] if ", cfg" in text else []
    network = plain(f"{changed}\ndef make():\n    return Net({', '.join(holder)})\n", "make")
    built = opened(tmp_path, text, network.state_dict())
    assert any("as the shapes tell" in notice for notice in built.notices)
    assert_answers(built, network, 3, 40, 40)


def test_lists_that_are_read_side_by_side(tmp_path: Path) -> None:
    text = HEAD + (
        "class Net(nn.Module):\n"
        "    def __init__(self, in_channels: int, filters: list, kernel_sizes: tuple, num_classes: int):\n"
        "        super().__init__()\n"
        "        layers, c = [], in_channels\n"
        "        for f, k in zip(filters, kernel_sizes):\n"
        "            layers += [nn.Conv2d(c, f, k, padding=k // 2), nn.ReLU()]\n"
        "            c = f\n"
        "        self.features = nn.Sequential(*layers)\n"
        "        self.fc = nn.Linear(c, num_classes)\n"
        "    def forward(self, x):\n"
        "        return self.fc(self.features(x).mean((2, 3)))\n"
    )
    network = plain(text, "Net", 3, [8, 12, 6], (7, 5, 3), 4)
    assert_answers(opened(tmp_path, text, network.state_dict()), network, 3, 40, 40)
