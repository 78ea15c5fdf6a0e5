"""Classifiers of every kind as files, with what opens them: for scripts that must answer as Whatsit does."""

from __future__ import annotations

import argparse
import sys
import types
import warnings
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import timm
import torch
from torch import Tensor, nn

from core.descriptions import ModelSpec
from core.preprocessing import PRESETS, Preprocessing
from tests.core import networks
from tests.core.weights import network, save_safe

CLASSES = ['a "quoted" one', "it's", "back\\slash\nand a new line", "Grüße 日本 🦊", "\u202eright to left"]
"""Names that a careless script would break on."""
ODD = 'it\'s "odd" \\ für'
"""A folder's name, likewise."""
TRAINS = """
import torch
from torch import nn
import a_package_that_nobody_has

torch.manual_seed(0)
WIDTH = 6


# The block that Tiny is made of.
class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3)

    def forward(self, x):
        return torch.relu(self.conv(x)).mean((2, 3))


class Tiny(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.block, self.head = Block(WIDTH), nn.Linear(WIDTH, classes)

    def forward(self, x):
        return {"features": self.block(x), "logits": self.head(self.block(x))}


raise SystemExit("it trains when it is imported")
"""


@dataclass(frozen=True)
class Case:
    """A classifier to be opened, and what its script is expected to say.

    Attributes:
        spec: opens it.
        says: parts of its script.
    """

    spec: ModelSpec
    says: tuple[str, ...] = ()


@contextmanager
def old_ways() -> Generator[None]:
    """TorchScript is deprecated, and people have it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def gentle(net: nn.Module, side: int = 64, channels: int = 3) -> nn.Module:
    """The same with outputs of a spread of about 1, so that no score sticks at 0 or 1."""
    layers = [layer for layer in net.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    with torch.no_grad():
        spread = float(net(torch.randn(2, channels, side, side)).std())
        for parameter in layers[-1].parameters():
            parameter /= spread
    return net.eval()


def _changed(**places: nn.Module) -> nn.Module:
    net: Any = network("resnet18", 5)
    for name, layer in places.items():
        setattr(net, name, layer)
    return net


def prefixed(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {prefix + name: tensor for name, tensor in state.items()}


def _head(folder: Path) -> Case:
    inside = folder / ODD
    inside.mkdir()
    head = nn.Sequential(nn.Linear(512, 32), nn.ReLU(), nn.Dropout(0.4), nn.Linear(32, 5))
    net = gentle(_changed(fc=head))
    path = inside / "weights 'of' \"mine\".pth"
    torch.save({"epoch": 3, "model_state_dict": net.state_dict(), "classes": CLASSES}, path)
    return Case(_file(path), ("nn.ReLU(),  # assumed", 'checkpoint["model_state_dict"]'))


def _small_stem(folder: Path) -> Case:
    stem = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    net = gentle(_changed(conv1=stem, maxpool=nn.Identity()), 32)
    path = folder / "cifar.pth"
    torch.save({"net": prefixed(net.state_dict(), "module."), "acc": np.float64(91.5), "epoch": 1}, path)
    spec = _file(path, replace(PRESETS["half"], resize="exact", size=(32, 32), crop=None))
    return Case(spec, ("network.maxpool = nn.Identity()", "np._core.multiarray.scalar"))


def _grey_stem(folder: Path) -> Case:
    net: Any = network("mobilenet_v3_small", 4)
    net.features[0][0] = nn.Conv2d(1, 16, 3, 2, 1, bias=False)
    torch.save(gentle(net, 28, 1).state_dict(), folder / "grey.pth")
    return Case(_file(folder / "grey.pth", PRESETS["mnist"]), ("network.features[0][0] = nn.Conv2d(1, 16",))


def _averaged(folder: Path) -> Case:
    raw, ema = network("shufflenet_v2_x0_5", 4, seed=1), gentle(network("shufflenet_v2_x0_5", 4, seed=2))
    document: dict[str, object] = {
        "epoch": 9,
        "arch": "shufflenet_v2_x0_5",
        "state_dict": prefixed(raw.state_dict(), "module."),
        "state_dict_ema": prefixed(ema.state_dict(), "module."),
        "args": argparse.Namespace(lr=0.1),
        "optimizer": {"state": {}, "param_groups": []},
    }
    torch.save(document, folder / "run.pth.tar", _use_new_zipfile_serialization=False)
    return Case(_file(folder / "run.pth.tar"), ('checkpoint["state_dict_ema"]', 'removeprefix("module.")'))


def _inside(folder: Path) -> Case:
    """DataParallel around a part, as pytorch/examples does for vgg and alexnet."""
    state = gentle(network("mobilenet_v2", 4)).state_dict()
    names = {name: name.replace("features.", "features.module.", 1) for name in state}
    inside = {names[name]: tensor for name, tensor in state.items()}
    torch.save({"state_dict": inside}, folder / "inside.pth")
    return Case(_file(folder / "inside.pth", PRESETS["half"]), ("re.sub(",))


def _mnasnet(folder: Path) -> Case:
    path = save_safe(gentle(network("mnasnet0_5", 4)).state_dict(), folder / "mnasnet.safetensors")
    return Case(_file(path, Preprocessing(size=(64, 96), crop=(64, 80), interpolation="bicubic")), ("load_file",))


def _timm(folder: Path) -> Case:
    torch.manual_seed(3)  # pyright: ignore[reportUnknownMemberType]
    made = cast(Any, timm).create_model("mobilenetv3_small_050", num_classes=6, in_chans=1)
    torch.save(gentle(made, 64, 1).state_dict(), folder / "timm.pth")
    return Case(_file(folder / "timm.pth"), ("timm.create_model(", "in_chans=1"))


def _own(name: str, *arguments: object, **options: object) -> Callable[[Path], Case]:
    def make(folder: Path) -> Case:
        path, _ = networks.write(folder / name, name, *arguments)
        return Case(_file(path, **cast(Any, options)), (f"source.{name}(",))

    return make


def _own_that_trains(folder: Path) -> Case:
    inside = folder / "training"
    inside.mkdir()
    torch.manual_seed(4)  # pyright: ignore[reportUnknownMemberType]
    state = {"block.conv.weight": torch.randn(6, 3, 3, 3), "block.conv.bias": torch.randn(6)}
    state |= {"head.weight": torch.randn(4, 6), "head.bias": torch.randn(4)}
    torch.save(state, inside / "tiny.pth")
    (inside / "train.py").write_text(TRAINS, encoding="utf-8")
    return Case(_file(inside / "tiny.pth"), ("# The block that Tiny is made of.", "Tiny(classes=4)", '"logits"'))


def _whole(folder: Path) -> Case:
    net = gentle(network("shufflenet_v2_x0_5", 4))
    torch.save({"model": nn.DataParallel(net), "epoch": 1}, folder / "whole.pth")
    return Case(_file(folder / "whole.pth"), ("weights_only=False", "only for files whose maker you trust"))


def _own_whole(folder: Path) -> Case:
    """Pickled whole, of classes of a file that was imported as ``shop``."""
    inside = folder / "whole"
    inside.mkdir()
    (inside / "shop.py").write_text(networks.SOURCE, encoding="utf-8")
    module = types.ModuleType("shop")
    # The test's own source.
    exec(networks.SOURCE, vars(module))  # noqa: S102
    sys.modules["shop"] = module
    try:
        torch.save(vars(module)["SimpleCNN"]().eval(), inside / "cnn.pt")
    finally:
        del sys.modules["shop"]
    return Case(_file(inside / "cnn.pt"), ('sys.modules["shop"] = source', "weights_only=False"))


def _as(activation: str, name: str) -> Callable[[Path], Case]:
    def make(folder: Path) -> Case:
        path, _ = networks.write(folder / activation, name)
        return Case(replace(_file(path), activation=activation))

    return make


def _scripted(folder: Path) -> Case:
    with old_ways():
        trace = cast("Callable[..., Any]", torch.jit.trace)  # pyright: ignore[reportUnknownMemberType]
        trace(networks.make("SimpleCNN"), torch.zeros(1, 3, 28, 28)).save(str(folder / "program.pt"))
    return Case(_file(folder / "program.pt"), ("torch.jit.load",))


def _exported(folder: Path) -> Case:
    program = torch.export.export(networks.make("SimpleCNN"), (torch.zeros(2, 3, 28, 28),))
    torch.export.save(program, folder / "program.pt2")
    return Case(_file(folder / "program.pt2"), ("torch.export.load", "expand(2"))


def _file(path: Path, preprocessing: Preprocessing | None = None) -> ModelSpec:
    return ModelSpec("file", str(path), preprocessing=preprocessing)


CASES: Mapping[str, Callable[[Path], Case]] = {
    "built in": lambda _: Case(ModelSpec(), ("load_file(WEIGHTS)",)),
    "changed head": _head,
    "small stem": _small_stem,
    "grey stem": _grey_stem,
    "averaged, old pickle": _averaged,
    "wrapped in the middle": _inside,
    "mnasnet": _mnasnet,
    "timm": _timm,
    "SimpleCNN": _own("SimpleCNN", 10),
    "SimpleMLP": _own("SimpleMLP", 784, 128, 10),
    "ends in softmax": _own("EndsInSoftmax", preprocessing=replace(PRESETS["half"], resize="pad", fill=(9, 99, 199))),
    "one number": _own("OneNumber", preprocessing=PRESETS["none"]),
    "trains when imported": _own_that_trains,
    "pickled whole": _whole,
    "pickled whole, of one's own": _own_whole,
    "several labels": _as("sigmoid", "SimpleCNN"),
    "values": _as("regression", "OneNumber"),
    "torchscript": _scripted,
    "pt2": _exported,
}
