"""Networks that were saved whole with classes of their own: bound to the Python file beside them, after a word."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest
import torch
from torch import nn
from torchvision import models

from core.building import Built, build
from core.checkpoints import open_checkpoint
from core.descriptions import ModelSpec
from core.errors import MatchError, TrustError, WhatsitError
from core.trust import GivenFor

SOURCE = """
from torch import nn
from torchvision import models
from torchvision import models


class Net(nn.Module):
    def __init__(self, classes=4, stride=1, slope=0.0):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, stride=stride)
        self.act = nn.LeakyReLU(slope)
        self.fc = nn.Linear(6, classes)

    def forward(self, x):
        return self.fc(self.act(self.conv(x)).mean((2, 3)))


class Row(nn.Sequential):
    pass


class Mine(models.ResNet):
    def __init__(self):
        super().__init__(models.resnet.BasicBlock, [2, 2, 2, 2], num_classes=3)
        self.conv1.stride = (1, 1)
"""
BATCH = torch.randn(2, 3, 40, 40, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Callable[..., nn.Module]]:
    """The source's classes, as a person's script has them; nobody else finds them."""
    path = tmp_path / "elsewhere" / "training.py"
    path.parent.mkdir()
    path.write_text(SOURCE, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("training", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "training", module)
    spec.loader.exec_module(module)
    torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]
    return lambda name: cast("Callable[..., nn.Module]", vars(module)[name])


def opened(weights: Path, *agreed: Path, architecture: str = "", architecture_file: str = "") -> Built:
    """With a person's word for some files."""
    spec = ModelSpec("file", str(weights), architecture, architecture_file=architecture_file)
    return build(spec, open_checkpoint(weights), (), [GivenFor(agreed)])


def same(built: Built, network: nn.Module) -> None:
    with torch.inference_mode():
        torch.testing.assert_close(built.network(BATCH), network.eval()(BATCH), rtol=0, atol=1e-6)


def test_what_no_shape_shows_is_as_it_was_saved(own: Callable[[str], Callable[..., nn.Module]], tmp_path: Path) -> None:
    """A stride and a slope that are not the constructor's defaults."""
    network = own("Net")(5, stride=2, slope=0.3)
    torch.save(network, tmp_path / "w.pth")
    source = tmp_path / "nets.py"
    source.write_text(SOURCE, encoding="utf-8")
    with pytest.raises(TrustError) as caught:
        opened(tmp_path / "w.pth")
    assert Path(caught.value.request.file) == source
    same(opened(tmp_path / "w.pth", source), network)


def test_a_network_without_names_finds_the_file_of_its_class(
    own: Callable[[str], Callable[..., nn.Module]], tmp_path: Path
) -> None:
    network = own("Row")(nn.Conv2d(3, 6, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4))
    torch.save(network, tmp_path / "w.pth")
    (tmp_path / "a.py").write_text("from torch import nn\n\n\nclass Other(nn.Module):\n    pass\n", encoding="utf-8")
    with pytest.raises(MatchError, match="classes that are not here"):
        opened(tmp_path / "w.pth")
    source = tmp_path / "b.py"
    source.write_text(SOURCE, encoding="utf-8")
    same(opened(tmp_path / "w.pth", source), network)


class TestTensorsThatFitAnArchitecture:
    def test_with_other_settings_its_own_file_is_asked_about(
        self, own: Callable[[str], Callable[..., nn.Module]], tmp_path: Path
    ) -> None:
        network = own("Mine")()
        torch.save(network, tmp_path / "w.pth")
        alone = opened(tmp_path / "w.pth")
        assert (alone.architecture, alone.ambiguous) == ("resnet18", True)
        assert "conv1: stride is (1, 1), not (2, 2)" in alone.notices[0]
        source = tmp_path / "nets.py"
        source.write_text(SOURCE, encoding="utf-8")
        with pytest.raises(TrustError):
            opened(tmp_path / "w.pth")
        same(opened(tmp_path / "w.pth", source), network)

    def test_a_person_may_choose_the_architecture_all_the_same(
        self, own: Callable[[str], Callable[..., nn.Module]], tmp_path: Path
    ) -> None:
        torch.save(own("Mine")(), tmp_path / "w.pth")
        (tmp_path / "nets.py").write_text(SOURCE, encoding="utf-8")
        assert opened(tmp_path / "w.pth", architecture="resnet18").architecture == "resnet18"


def test_another_class_of_the_file_can_be_chosen(
    own: Callable[[str], Callable[..., nn.Module]], tmp_path: Path
) -> None:
    network = own("Net")(5)
    torch.save(network, tmp_path / "w.pth")
    text = SOURCE + "\n\nclass Twice(Net):\n    def forward(self, x):\n        return 2 * super().forward(x)\n"
    source = tmp_path / "nets.py"
    source.write_text(text, encoding="utf-8")
    built = opened(tmp_path / "w.pth", source, architecture_file=str(source), architecture="Twice")
    with torch.inference_mode():
        torch.testing.assert_close(built.network(BATCH), 2 * network.eval()(BATCH))


def test_ultralytics_classifiers_say_how_to_export_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cls = type("ClassificationModel", (nn.Sequential,), {"__module__": "ultralytics.nn.tasks"})
    for name in ("ultralytics", "ultralytics.nn", "ultralytics.nn.tasks"):
        module = ModuleType(name)
        vars(module)["ClassificationModel"] = cls
        monkeypatch.setitem(sys.modules, name, module)
    torch.save({"model": cls(nn.Conv2d(3, 6, 3), nn.Linear(6, 4))}, tmp_path / "y.pt")
    with pytest.raises(WhatsitError, match=r"yolo export model=y\.pt format=torchscript"):
        opened(tmp_path / "y.pt")


@pytest.mark.parametrize("greedy", [nn.Upsample(20_000), nn.AdaptiveAvgPool2d(20_000), nn.ZeroPad2d(10_000)])
@pytest.mark.parametrize("known", [False, True])
def test_a_layer_that_asks_for_any_memory_is_refused_before_it_gets_any(
    greedy: nn.Module, known: bool, tmp_path: Path
) -> None:
    if known:
        network: nn.Module = models.squeezenet1_1(num_classes=4)
        network.features = nn.Sequential(*network.features, greedy)
    else:
        network = nn.Sequential(nn.Conv2d(3, 8, 3), greedy, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))
    torch.save(network, tmp_path / "net.pth")
    with pytest.raises(MatchError, match=r"its layer [\w.]+ \(\w+\) makes [\d,]+ numbers"):
        build(ModelSpec("file", str(tmp_path / "net.pth")), open_checkpoint(tmp_path / "net.pth"), (), ())
