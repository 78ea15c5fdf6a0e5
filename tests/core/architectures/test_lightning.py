"""A person's LightningModule is built where Lightning is not installed, and answers as the plain network in it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import nn

from core.architectures.custom import build_custom
from core.errors import UsageError
from tests.core.architectures.opening import loaded, ranked, write

PLAIN = """
from torch import nn


class Net(nn.Module):
    def __init__(self, width, classes):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(3, width, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * width, classes)
        )

    def forward(self, x):
        return self.net(x)
"""

TRAINED = """
import torch
from torch import nn
from torchmetrics import Accuracy, MetricCollection
{imports}


class Lit({base}):
    def __init__(self, width: int = 8, classes: int = 3, lr: float = 1e-3):
        super().__init__()
        self.save_hyperparameters()
        self.example_input_array = torch.zeros(1, 3, 32, 32)
        width, classes = self.hparams.width, self.hparams["classes"]
        self.net = nn.Sequential(
            nn.Conv2d(3, width, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * width, classes)
        )
        self.accuracy = Accuracy(task="multiclass", num_classes=classes)
        self.both = MetricCollection({{"a": Accuracy(task="multiclass", num_classes=classes)}}).clone(prefix="val_")

    def forward(self, x):
        return self.net(x.to(self.device))

    def training_step(self, batch, index):
        self.log("loss", 0)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)
"""
IMPORTS = {
    "pytorch_lightning as pl": ("import pytorch_lightning as pl", "pl.LightningModule"),
    "from pytorch_lightning": ("from pytorch_lightning import LightningModule, Trainer", "LightningModule"),
    "lightning as L": ("import lightning as L", "L.LightningModule"),
    "lightning.pytorch as pl": ("import lightning.pytorch as pl", "pl.LightningModule"),
    "lightning.pytorch": ("import lightning.pytorch", "lightning.pytorch.LightningModule"),
    "from lightning.pytorch": ("from lightning.pytorch import LightningModule", "LightningModule"),
    "from pytorch_lightning.core.lightning": (
        "from pytorch_lightning.core.lightning import LightningModule",
        "LightningModule",
    ),
}


@pytest.fixture(autouse=True)
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a computer that has neither."""
    for name in ("lightning", "pytorch_lightning", "torchmetrics"):
        monkeypatch.setitem(sys.modules, name, None)


def plain(width: int, classes: int) -> nn.Module:
    names: dict[str, type[nn.Module]] = {}
    exec(PLAIN, names)  # noqa: S102
    torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]
    return names["Net"](width, classes).eval()


@pytest.mark.parametrize("way", IMPORTS)
def test_it_is_built_and_answers_as_the_network_in_it(way: str, tmp_path: Path) -> None:
    imports, base = IMPORTS[way]
    path = write(tmp_path, TRAINED.format(imports=imports, base=base))
    network = plain(5, 4)
    saved = {"hyper_parameters": {"width": 5, "classes": 4, "lr": 0.1}}
    fit = ranked(path, network.state_dict(), saved)[0]
    assert (fit.name, fit.exact, fit.questions) == ("Lit", True, ())
    batch = torch.randn(2, 3, 20, 20)
    with torch.inference_mode():
        torch.testing.assert_close(build_custom(fit, network.state_dict())(batch), network(batch), rtol=0, atol=0)


def test_a_person_is_told_that_packages_are_missing(tmp_path: Path) -> None:
    imports, base = IMPORTS["lightning as L"]
    path = write(tmp_path, TRAINED.format(imports=imports, base=base))
    notes = ranked(path, plain(8, 3).state_dict())[0].notes
    assert [note for note in notes if "lightning and torchmetrics are not installed" in note]
    without = write(tmp_path, PLAIN, "plain.py")
    assert not any("installed" in note for note in ranked(without, plain(8, 3).state_dict())[0].notes)


def test_values_come_from_the_shapes_where_the_file_does_not_say(tmp_path: Path) -> None:
    imports, base = IMPORTS["lightning as L"]
    path = write(tmp_path, TRAINED.format(imports=imports, base=base))
    fit = ranked(path, plain(6, 9).state_dict())[0]
    assert fit.exact
    assert dict(fit.arguments) == {"width": "6", "classes": "9"}


HYPERPARAMETERS = """
from argparse import Namespace
import lightning as L
from torch import nn


class Base(L.LightningModule):
    def __init__(self, **options):
        super().__init__()
        self.save_hyperparameters(ignore=["model"])


class Child(Base):
    def __init__(self, model=None, width=4, *, classes=2, **more):
        super().__init__(**more)
        self.fc = nn.Linear(self.hparams.width, self.hparams.classes)
        self.seen = dict(self.hparams)


class Old(L.LightningModule):
    def __init__(self, hparams=Namespace(width=3)):
        super().__init__()
        self.hparams = hparams
        self.fc = nn.Linear(self.hparams.width, 2)


class Given(L.LightningModule):
    def __init__(self, settings=None, other=1):
        super().__init__()
        self.save_hyperparameters({"width": 5})
        self.fc = nn.Linear(self.hparams.width, 2)


class Some(L.LightningModule):
    def __init__(self, width=4, other=1):
        super().__init__()
        self.save_hyperparameters("width")
        self.fc = nn.Linear(self.hparams.width, 2)
        self.seen = dict(self.hparams)
"""


def test_hyperparameters_are_kept_as_lightning_keeps_them(tmp_path: Path) -> None:
    """The expected values are what Lightning 2.6 keeps for the same classes."""
    source = loaded(write(tmp_path, HYPERPARAMETERS))
    classes = {item.name: source.maker(item) for item in source.source.classes}
    child, some = classes["Child"], classes["Some"]
    assert child is not None
    assert vars(child(width=7, more=1))["seen"] == {"width": 7, "classes": 2, "more": 1}
    assert some is not None
    assert vars(some())["seen"] == {"width": 4}
    for name, width in (("Old", 3), ("Given", 5)):
        make = classes[name]
        assert make is not None
        network = make()
        assert isinstance(network, nn.Module)
        assert network.get_submodule("fc").get_parameter("weight").shape == (2, width)


def test_nothing_else_of_lightnings_is_stood_in_for(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "import lightning as L\nfrom torch import nn\nclass Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.trainer = L.Trainer()\n",
    )
    fit = ranked(path, plain(4, 2).state_dict())[0]
    assert "Trainer is of the Python package lightning, which is not installed" in fit.error
    other = write(tmp_path, "from flash import X\nfrom torch import nn\nclass Net(X, nn.Module):\n    pass\n", "b.py")
    with pytest.raises(UsageError, match="needs the Python package flash, which is not installed"):
        loaded(other)


def test_lightning_itself_is_used_where_it_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Real(nn.Module):
        hparams: object = None

        def save_hyperparameters(self) -> None:
            self.hparams = type("H", (dict,), {"width": 2, "classes": 3})({"classes": 3})

    installed = ModuleType("lightning")
    vars(installed)["LightningModule"] = Real
    monkeypatch.setitem(sys.modules, "lightning", installed)
    path = write(tmp_path, TRAINED.format(imports="import lightning as L", base="L.LightningModule"))
    fit = ranked(path, plain(2, 3).state_dict())[0]
    assert fit.exact
    assert issubclass(type(build_custom(fit, plain(2, 3).state_dict())), Real)
    assert not any("lightning" in note for note in fit.notes)
