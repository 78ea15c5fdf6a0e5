"""A Python file beside weights that were recognised with something assumed: named, and not run without a word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn
from torchvision import models

from core.building import Built, build
from core.checkpoints import open_checkpoint
from core.descriptions import ModelSpec
from core.errors import TrustError
from tests.core.architectures.opening import plain, write
from tests.core.architectures.test_habits import Agreed, assert_answers

CHANGED = (
    "import torch.nn as nn\n"
    "from torchvision import models\n"
    "def make(classes=4):\n"
    "    model = models.shufflenet_v2_x0_5()\n"
    "    model.fc = nn.Sequential(nn.Linear(1024, 16), nn.Tanh(), nn.Linear(16, classes))\n"
    "    return model\n"
)
OWN = (
    "import torch.nn as nn\n"
    "from torchvision import models\n"
    "class Net(models.ShuffleNetV2):\n"
    "    def __init__(self, classes=4):\n"
    "        super().__init__([4, 8, 4], [24, 48, 96, 192, 1024])\n"
    "        self.fc = nn.Sequential(nn.Linear(1024, 16), nn.Tanh(), nn.Linear(16, classes))\n"
    "        self.conv1, self.conv5, self.stage2 = self.conv1, self.conv5, self.stage2\n"
    "        self.stage3, self.stage4 = self.stage3, self.stage4\n"
)


def saved(folder: Path, network: nn.Module) -> ModelSpec:
    torch.save(network.state_dict(), folder / "weights.pth")
    return ModelSpec("file", str(folder / "weights.pth"))


def opened(spec: ModelSpec, *consents: Agreed) -> Built:
    return build(spec, open_checkpoint(Path(spec.weights)), (), consents)


@pytest.mark.parametrize(("text", "name"), [(CHANGED, "make"), (OWN, "Net")])
def test_it_is_named_and_runs_only_when_it_is_chosen_and_trusted(text: str, name: str, tmp_path: Path) -> None:
    canary = tmp_path / "ran"
    code = write(tmp_path, f"{text}open({str(canary)!r}, 'w').close()\n", "net.py")
    write(tmp_path, "import shutil\n# shufflenet_v2_x0_5\n", "other.py")
    network = plain(text, name)
    spec = saved(tmp_path, network)
    built = opened(spec, Agreed())
    assert (built.architecture, built.beside) == ("shufflenet_v2_x0_5", str(code))
    assert any("net.py" in notice and "may answer otherwise" in notice for notice in built.notices)
    assert any("--architecture-file net.py" in notice for notice in built.notices)
    chosen = replace(spec, architecture_file=built.beside)
    with pytest.raises(TrustError):
        opened(chosen)
    assert not canary.exists()
    own = opened(chosen, Agreed())
    assert_answers(own, network, 3, 64, 64)
    assert not own.beside
    # What is recognised assumes a ReLU, and so answers otherwise here: that is what the notice is for.
    batch = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        assert not torch.allclose(built.network(batch), network(batch))


@pytest.mark.parametrize("text", ["print('shufflenet_v2_x0_5')\n", "def broken(:\n# shufflenet_v2_x0_5\n", OWN[:50]])
def test_files_that_define_no_such_network_are_not_named(text: str, tmp_path: Path) -> None:
    write(tmp_path, text, "net.py")
    built = opened(saved(tmp_path, plain(CHANGED, "make")))
    assert (built.beside, built.notices) == ("", ())


def test_nothing_is_said_where_nothing_is_assumed(tmp_path: Path) -> None:
    write(tmp_path, CHANGED, "net.py")
    built = opened(saved(tmp_path, models.shufflenet_v2_x0_5(num_classes=4)))
    assert (built.beside, built.notices) == ("", ())
