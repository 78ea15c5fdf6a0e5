"""Networks as people write and save them: each opens, and answers as the plain script's."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest
import torch
from torch import Tensor, nn
from torchvision import models

from core.building import Built, build
from core.checkpoints import open_checkpoint
from core.descriptions import ModelSpec
from core.errors import MatchError, QuestionsError
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


TUTORIAL = HEAD + (
    "from torchvision import models\n"
    "def initialize_model(model_name, num_classes, feature_extract, use_pretrained=True):\n"
    "    model_ft = None\n"
    "    if model_name == 'resnet':\n"
    "        model_ft = models.resnet18(weights='DEFAULT' if use_pretrained else None)\n"
    "        model_ft.fc = nn.Linear(model_ft.fc.in_features, num_classes)\n"
    "    elif model_name == 'squeezenet':\n"
    "        model_ft = models.squeezenet1_1(weights='DEFAULT' if use_pretrained else None)\n"
    "        model_ft.classifier[1] = nn.Conv2d(512, num_classes, 1)\n"
    "    return model_ft, 224\n"
)
LOOKED_UP = HEAD + (
    "import torchvision\n"
    "def build(arch, num_classes=10):\n"
    "    model = {how}(weights=None)\n"
    "    model.classifier[1] = nn.Conv2d(512, num_classes, 1)\n"
    "    return model\n"
)


@pytest.mark.parametrize(
    ("text", "beside"),
    [
        (TUTORIAL, {}),
        (LOOKED_UP.replace("{how}", "getattr(torchvision.models, arch)"), {"arch": "squeezenet1_1"}),
        (LOOKED_UP.replace("{how}", "torchvision.models.__dict__[arch]"), {"arch": "squeezenet1_1"}),
    ],
    ids=["network and size", "getattr", "dict"],
)
def test_functions_that_make_a_known_network(text: str, beside: Mapping[str, object], tmp_path: Path) -> None:
    network = models.squeezenet1_1(num_classes=3)
    built = opened(tmp_path, text, {"state_dict": network.state_dict(), **beside})
    assert_answers(built, network, 3, 64, 64)


CALLED = HEAD + (
    "import sys\n"
    "class Net(nn.Module):\n"
    "    def __init__(self, body, act, slope=0.1, classes=10):\n"
    "        super().__init__()\n"
    "        self.body = body\n"
    "        self.act = act\n"
    "        self.slope = slope\n"
    "        self.fc = nn.Linear(8, classes)\n"
    "    def forward(self, x):\n"
    "        return self.fc(self.slope * self.act(self.body(x)).mean((2, 3)))\n"
    "def main():\n"
    "    return Net(nn.Conv2d(3, 8, 3), act=nn.Tanh(), slope=0.3, classes=4)\n"
    "if __name__ == '__main__':\n"
    "    sys.exit('it trains')\n"
)


def test_the_call_in_the_file_tells_what_no_weight_shows(tmp_path: Path) -> None:
    network = plain(CALLED, "main")
    built = opened(tmp_path, CALLED.replace("return Net", "model = Net"), network.state_dict())
    assert_answers(built, network, 3, 40, 40)
    assert "slope is 0.3, as the code itself makes it." in built.notices


def test_calls_that_disagree_tell_nothing(tmp_path: Path) -> None:
    text = CALLED + "def other():\n    return Net(nn.Conv2d(3, 8, 3), act=nn.ReLU(), slope=0.3, classes=4)\n"
    both = opened(tmp_path, text, plain(text, "main").state_dict())
    assert both.ambiguous
    assert any("other fits these weights as well" in notice for notice in both.notices)
    text = text.replace("return Net", "model = Net")
    with pytest.raises(QuestionsError) as raised:
        opened(tmp_path, text, plain(CALLED, "main").state_dict())
    assert [question.name for question in raised.value.questions] == ["act"]


PATCHES = HEAD + (
    "from dataclasses import dataclass\n"
    "@dataclass\n"
    "class Config:\n    side: int = 32\n    patch: int = 4\n    width: int = 12\n    bias: bool = True\n"
    "class Block(nn.Module):\n"
    "    def __init__(self, config):\n"
    "        super().__init__()\n"
    "        self.fc = nn.Linear(config.width, config.width, bias=config.bias)\n"
    "    def forward(self, x):\n"
    "        return x + F.gelu(self.fc(x))\n"
    "class Net(nn.Module):\n"
    "    def __init__(self, config):\n"
    "        super().__init__()\n"
    "        assert config.side % config.patch == 0\n"
    "        self.patch = nn.Conv2d(3, config.width, config.patch, config.patch)\n"
    "        self.place = nn.Parameter(torch.zeros(1, (config.side // config.patch) ** 2, config.width))\n"
    "        self.block = Block(config)\n"
    "        self.head = nn.Linear(config.width, 5)\n"
    "    def forward(self, x):\n"
    "        return self.head(self.block(self.patch(x).flatten(2).transpose(1, 2) + self.place).mean(1))\n"
)


def test_a_configuration_that_goes_down_to_the_layers(tmp_path: Path) -> None:
    network = plain(f"{PATCHES}def make():\n    return Net(Config(64, 8, 20, False))\n", "make")
    built = opened(tmp_path, PATCHES, network.state_dict())
    assert built.form is not None
    assert built.form.height == 64
    assert_answers(built, network, 3, 64, 64)


def test_a_configuration_is_read_from_beside_the_code(tmp_path: Path) -> None:
    text = HEAD + (
        "import json\nwith open('net.json') as file:\n    config = json.load(file)\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, config):\n"
        "        super().__init__()\n"
        "        self.act = getattr(torch, config['model']['act'])\n"
        "        self.fc = nn.Linear(3, config['model']['classes'])\n"
        "    def forward(self, x):\n"
        "        return self.fc(self.act(x.mean((2, 3))))\n"
    )
    write(tmp_path, '{"model": {"act": "tanh", "classes": 4}}', "net.json")
    network = plain(
        text.replace("net.json", str(tmp_path / "net.json")) + "def make():\n    return Net(config)\n", "make"
    )
    assert_answers(opened(tmp_path, text, network.state_dict()), network, 3, 40, 40)


def test_a_notebook_with_what_only_notebooks_understand(tmp_path: Path) -> None:
    cells = [
        "%%bash\nls | wc",
        "%%time\nimport torch\nfrom torch import nn\nfiles = !ls\nname = %pwd\ntorch?",
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.fc = nn.Linear(3, 4)\n"
        "    def forward(self, x):\n        return self.fc(x.mean((2, 3)))",
        "for _ in range(2):\n    !wget nowhere\n    %time\nNet().fc.",
    ]
    content = {"cells": [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]}
    network = plain(HEAD + cells[2], "Net")
    built = opened(tmp_path, json.dumps(content), network.state_dict(), "train.ipynb")
    assert_answers(built, network, 3, 40, 40)


def test_a_network_that_reads_an_image_row_by_row(tmp_path: Path) -> None:
    text = HEAD + (
        "class RNN(nn.Module):\n"
        "    def __init__(self, input_size, hidden_size, num_layers, num_classes):\n"
        "        super().__init__()\n"
        "        self.hidden_size, self.num_layers = hidden_size, num_layers\n"
        "        self.lstm = nn.LSTM(input_size, hidden_size, num_layers, batch_first=True)\n"
        "        self.fc = nn.Linear(hidden_size, num_classes)\n"
        "    def forward(self, x):\n"
        "        start = torch.zeros(self.num_layers, x.size(0), self.hidden_size)\n"
        "        return self.fc(self.lstm(x, (start, start))[0][:, -1, :])\n"
    )
    network = plain(text, "RNN", 28, 16, 2, 10)
    built = opened(tmp_path, text, network.state_dict())
    assert built.form is not None
    assert (built.form.kind, built.form.channels, built.form.height) == ("image", 1, 28)
    batch = torch.rand(2, 1, 28, 28)
    with torch.inference_mode():
        assert torch.equal(built.network(batch), network(batch[:, 0]))


@pytest.mark.parametrize(
    ("back", "key"),
    [("f, self.fc(f)", 1), ("self.fc(f), f", 0), ("self.fc(f), self.aux(f)", 0), ("self.fc(f), self.wide(f)", 0)],
)
def test_features_are_no_answer(back: str, key: int, tmp_path: Path) -> None:
    text = HEAD + (
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.conv = nn.Conv2d(3, 8, 3)\n"
        "        self.fc, self.aux, self.wide = nn.Linear(8, 3), nn.Linear(8, 3), nn.Linear(8, 20)\n"
        "    def forward(self, x):\n"
        "        f = self.conv(x).relu().mean((2, 3))\n"
        f"        return {back}\n"
    )
    network = plain(text, "Net")
    assert_answers(opened(tmp_path, text, network.state_dict()), network, 3, 40, 40, key=key)


@pytest.mark.parametrize("size", [(90, 120), (70, 110)])
def test_oblong_inputs(size: tuple[int, int], tmp_path: Path) -> None:
    """A usual one, and one that only the code speaks of."""
    height, width = size
    text = HEAD + (
        f"SIZE = ({height}, {width})\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.conv = nn.Conv2d(3, 3, 1)\n"
        f"        self.fc = nn.Linear({height // 2 * (width // 2) * 3}, 4)\n"
        "    def forward(self, x):\n"
        "        return self.fc(F.max_pool2d(self.conv(x), 2).flatten(1))\n"
    )
    network = plain(text, "Net")
    built = opened(tmp_path, text, network.state_dict())
    assert built.form is not None
    assert (built.form.height, built.form.width) == size
    assert_answers(built, network, 3, *size)


def test_a_compiled_network_saved_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = CALLED.replace("def main", "def make")
    network = plain(text, "make")
    importable(network, monkeypatch)
    compiled = torch.compile(network)
    assert_answers(opened(tmp_path, text, {"model": compiled}), network, 3, 40, 40)


def test_what_may_be_wrong_is_named_where_a_network_takes_nothing(tmp_path: Path) -> None:
    text = HEAD + (
        "class Net(nn.Module):\n"
        "    def __init__(self, heads=3):\n"
        "        super().__init__()\n"
        "        self.heads = heads\n"
        "        self.c = nn.Conv2d(3, 8, 3)\n"
        "        self.fc = nn.Linear(8, 4)\n"
        "    def forward(self, x):\n"
        "        f = self.c(x).mean((2, 3))\n"
        "        return self.fc(f.reshape(len(f), self.heads, 8 // self.heads).flatten(1))\n"
    )
    network = plain(text, "Net", 4)
    with pytest.raises(MatchError, match=r"other values of heads than.*--argument"):
        opened(tmp_path, text, network.state_dict())
    assert_answers(opened(tmp_path, text, network.state_dict(), heads="4"), network, 3, 40, 40)


ITEMS = made_with(", config", "config['width']", "config['classes']")
ATTRIBUTES = made_with(", args", "args.width", "args.classes")
TYPED = made_with(", config: Config", "config.width", "config.num_classes", DATACLASS)


@pytest.mark.parametrize(
    ("text", "make", "beside"),
    [
        (ITEMS, "Net({'width': 12, 'classes': 4})", {}),
        (ATTRIBUTES, "Net(type('A', (), dict(width=12, classes=4)))", {"args": {"width": 12, "classes": 4, "lr": 1}}),
        (TYPED, "Net(Config(hidden=6, num_classes=3))", {}),
        (TUTORIAL, "initialize_model('squeezenet', 3, True, False)[0]", {}),
        (CALLED.replace("return Net", "model = Net"), "Net(nn.Conv2d(3, 8, 3), nn.Tanh(), 0.3, 4)", {}),
    ],
    ids=["items", "attributes", "dataclass", "function", "call"],
)
def test_a_script_makes_the_same_network(text: str, make: str, beside: Mapping[str, object], tmp_path: Path) -> None:
    network = plain(f"{text}\ndef made():\n    return {make}\n", "made")
    built = opened(tmp_path, text, {"model": network.state_dict(), **beside})
    assert built.construction is not None
    source = built.construction.source
    assert source is not None
    assert not source.unsaid
    call = source.call.replace(")[0]", ", use_pretrained=False)[0]")
    again = plain(f"{text}\ndef made():\n    return {call}\n", "made")
    again.load_state_dict(network.state_dict())
    assert_answers(built, again, 3, 64, 64)


@pytest.mark.parametrize(
    ("text", "unsaid"),
    [
        (made_with("", "CFG.width", "CFG.target_size", CONSTANTS.replace("16", "12")), "CFG"),
        (made_with("", "args.width", "args.classes", PARSER.replace("16", "12")), "args"),
        (made_with("", "12", "NUM", DATA), "NUM"),
    ],
)
def test_a_script_that_would_make_another_network_is_none(text: str, unsaid: str, tmp_path: Path) -> None:
    """What was changed at the code's top level, or is not there, cannot be said in a call."""
    state = {"conv.weight": torch.rand(8, 3, 3, 3), "conv.bias": torch.rand(8)}
    if unsaid == "NUM":
        state = {"conv.weight": torch.rand(12, 3, 3, 3), "conv.bias": torch.rand(12)}
    width = len(state["conv.bias"])
    state |= {"head.weight": torch.rand(4, width), "head.bias": torch.rand(4)}
    built = opened(tmp_path, text, state)
    assert built.construction is not None
    assert built.construction.source is not None
    assert built.construction.source.unsaid


def test_a_network_of_two_inputs_says_so(tmp_path: Path) -> None:
    text = HEAD + (
        "class Siamese(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.conv = nn.Conv2d(3, 4, 3)\n"
        "    def forward(self, left, right):\n"
        "        return (self.conv(left) - self.conv(right)).mean((2, 3))\n"
    )
    with pytest.raises(MatchError, match="takes 2 inputs at once: left, right"):
        opened(tmp_path, text, plain(text, "Siamese").state_dict())


def test_a_class_that_cannot_be_built_is_named_beside_one_that_does_not_fit(tmp_path: Path) -> None:
    text = HEAD + (
        "import a_package_that_nobody_has as nobody\n"
        "class Meant(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.fc = nn.Linear(3, 4)\n"
        "        nobody.watch(self)\n"
        "class Other(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.fc = nn.Linear(3, 7)\n"
    )
    with pytest.raises(MatchError, match=r"Meant of the same file cannot be built: .*a_package_that_nobody_has"):
        opened(tmp_path, text, nn.ModuleDict({"fc": nn.Linear(3, 4)}).state_dict())


def test_types_that_are_only_written_down_need_not_be_there(tmp_path: Path) -> None:
    text = HEAD + (
        "from nobody_has_it import DictConfig\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, cfg: DictConfig):\n"
        "        super().__init__()\n"
        "        self.fc = nn.Linear(3, cfg.data.classes)\n"
        "    def forward(self, x):\n"
        "        return self.fc(x.mean((2, 3)))\n"
    )
    network = plain(
        text.replace(": DictConfig", "").replace("from nobody", "# ").replace("cfg.data.classes", "cfg"), "Net", 4
    )
    saved = {"state_dict": network.state_dict(), "hyper_parameters": {"cfg": {"data": {"classes": 4}}}}
    assert_answers(opened(tmp_path, text, saved), network, 3, 40, 40)


def test_a_class_and_its_base_that_fit_alike_are_both_named(tmp_path: Path) -> None:
    text = HEAD + (
        "class Base(nn.Module):\n"
        "    def __init__(self, width, num_classes):\n"
        "        super().__init__()\n"
        "        self.conv, self.fc = nn.Conv2d(3, width, 3), nn.Linear(width, num_classes)\n"
        "    def forward(self, x):\n"
        "        return self.fc(self.conv(x).mean((2, 3)))\n"
        "class Net(Base):\n"
        "    def __init__(self, scale=2.0, **kwargs):\n"
        "        super().__init__(**kwargs)\n"
        "        self.scale = scale\n"
        "    def forward(self, x):\n"
        "        return self.scale * super().forward(x)\n"
    )
    network = plain(text, "Net", width=6, num_classes=3)
    built = opened(tmp_path, text, network.state_dict())
    assert built.ambiguous
    assert any("as well" in notice for notice in built.notices)
