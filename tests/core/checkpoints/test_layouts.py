"""Known networks whose parts were given other names: fastai's numbered bodies, and heads beside their body."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

from core.checkpoints import open_checkpoint
from core.checkpoints.layouts import renamed
from core.inspecting import inspect_file
from core.matching import assemble, decide, rank
from tests.core.weights import network, save


class ConcatPool(nn.Module):
    """fastai's ``AdaptiveConcatPool2d``, as its documentation describes it."""

    def __init__(self) -> None:
        super().__init__()
        self.ap, self.mp = nn.AdaptiveAvgPool2d(1), nn.AdaptiveMaxPool2d(1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.mp(x), self.ap(x)], 1)


def fastai(classes: int = 3) -> nn.Module:
    """What ``vision_learner(dls, resnet18)`` makes."""
    body = nn.Sequential(*list(network("resnet18").children())[:-2])
    head = nn.Sequential(
        ConcatPool(), nn.Flatten(), nn.BatchNorm1d(1024), nn.Dropout(0.25), nn.Linear(1024, 40, bias=False),
        nn.ReLU(inplace=True), nn.BatchNorm1d(40), nn.Dropout(0.5), nn.Linear(40, classes, bias=False),
    )  # fmt: skip
    return nn.Sequential(body, head).eval()


def headed(classes: int = 3) -> nn.Module:
    """A body and a head that are attributes, as in many a training framework."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = network("resnet18")
            self.backbone.fc = nn.Identity()
            self.head = nn.Sequential(OrderedDict(fc=nn.Linear(512, classes)))

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.backbone(x))

    return Net().eval()


def sequential(classes: int = 3) -> nn.Module:
    """Children in a row, and layers behind them."""
    return nn.Sequential(
        *list(network("resnet18").children())[:-1], nn.Flatten(), nn.Linear(512, 20), nn.ReLU(), nn.Linear(20, classes)
    ).eval()


def varied(net: nn.Module) -> nn.Module:
    """With normalisation that matters."""
    torch.manual_seed(3)  # pyright: ignore[reportUnknownMemberType]
    for name, buffer in net.named_buffers():
        if buffer.is_floating_point():
            buffer.uniform_(0.5, 1.5) if "var" in name else buffer.normal_(0, 0.1)
    return net


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (fastai, "its parts are numbered below '0' and its head is called '1'"),
        (headed, "its head is called 'head.fc'"),
        (sequential, "its parts are numbered and its head is called '10, 12'"),
    ],
)
@pytest.mark.parametrize("wrapper", ["", "model."])
def test_it_answers_as_the_network_that_was_saved(
    make: Callable[[], nn.Module], words: str, wrapper: str, tmp_path: Path
) -> None:
    net = varied(make())
    state = {f"{wrapper}{name}": tensor for name, tensor in net.state_dict().items()}
    checkpoint = open_checkpoint(save({"model": state, "opt": {"state": [], "hypers": []}}, tmp_path / "w.pth"))
    assert checkpoint.summary.prefix == wrapper
    match, _ = decide(rank(checkpoint))
    assert match is not None
    assert (match.architecture, match.num_classes) == ("resnet18", 3)
    assert words in match.evidence
    assert "assumed" in match.evidence
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(assemble(checkpoint, "resnet18")(images), net(images), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("architecture", "own", "name"),
    [
        ("resnet18", "fc", "last_linear"),
        ("resnet18", "fc", "classifier.1"),
        ("densenet121", "classifier", "fc"),
        ("mobilenet_v2", "classifier.1", "fc"),
    ],
)
def test_a_head_of_another_name_beside_a_body_that_keeps_its_own(
    architecture: str, own: str, name: str, tmp_path: Path
) -> None:
    net = varied(network(architecture, 3))
    state = {key.replace(f"{own}.", f"{name}.") if key.startswith(own) else key: each for key, each in
             net.state_dict().items()}  # fmt: skip
    checkpoint = open_checkpoint(save(state, tmp_path / "w.pth"))
    match, _ = decide(rank(checkpoint))
    assert match is not None
    assert (match.architecture, match.num_classes) == (architecture, 3)
    assert f"its head is called '{name}' (assumed" in match.evidence
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(assemble(checkpoint, architecture)(images), net(images), rtol=1e-5, atol=1e-5)


def test_numbered_parts_without_a_head_are_named(tmp_path: Path) -> None:
    net = nn.Sequential(*list(network("resnet18").children())[:-1])
    found = inspect_file(save(net.state_dict(), tmp_path / "w.pth"))
    assert (found.architecture, found.num_classes, found.input_channels) == ("resnet18", 0, 3)
    assert "ResNet-18 without its last layer" in found.error


def shapes_of(net: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}


class TestOtherNetworksAreLeftAlone:
    def with_meta(self, change: Callable[[nn.Module], nn.Module]) -> dict[str, tuple[int, ...]]:
        with torch.device("meta"):
            return shapes_of(change(models.resnet18(weights=None)))

    def test_a_body_with_a_decoder(self) -> None:
        shapes = self.with_meta(lambda net: net)
        body = {f"encoder.{name}": shape for name, shape in shapes.items() if not name.startswith("fc.")}
        assert renamed({**body, "decoder.0.weight": (256, 512, 3, 3), "decoder.0.bias": (256,)}) is None
        assert renamed({**body, "head.weight": (10, 300), "head.bias": (10,)}) is None
        assert renamed({**body, "head.weight": (10, 512), "rpn.conv.weight": (4, 512, 3, 3)}) is None

    def test_two_heads(self) -> None:
        shapes = self.with_meta(lambda net: net)
        body = {f"encoder.{name}": shape for name, shape in shapes.items() if not name.startswith("fc.")}
        heads = {"a.weight": (10, 512), "a.bias": (10,), "b.weight": (2, 512), "b.bias": (2,)}
        assert renamed({**body, **heads}) is None

    def test_numbered_layers_that_are_no_resnet(self) -> None:
        assert renamed(shapes_of(nn.Sequential(*(nn.Linear(8, 8) for _ in range(12))))) is None
        assert renamed({"w": (1,)}) is None


def test_features_cut_from_within_are_no_classifier(tmp_path: Path) -> None:
    """A network that was cut in the middle is not taken for a whole one."""
    cut = create_feature_extractor(network("resnet18"), ["layer3"])
    found = inspect_file(save(cut.state_dict(), tmp_path / "w.pth"))
    assert found.architecture == ""


class Behind(nn.Module):
    """A network with its own last layer, and others behind it, as attributes."""

    def __init__(self, body: nn.Module, *layers: nn.Module) -> None:
        super().__init__()
        self.resnet = body
        self.fc = nn.Sequential(*layers) if len(layers) > 1 else next(iter(layers))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.resnet(x))


def thousand() -> nn.Module:
    return network("resnet18", 1000)


EXTENDED: dict[str, tuple[Callable[[], nn.Module], str, str]] = {
    "a layer behind": (lambda: nn.Sequential(thousand(), nn.Linear(1000, 3)), "resnet18", "512 to 1000 to 3"),
    "an activation between": (
        lambda: nn.Sequential(thousand(), nn.ReLU(), nn.Linear(1000, 3)), "resnet18", "assumed: ReLU"
    ),
    "several behind": (
        lambda: nn.Sequential(thousand(), nn.Sequential(nn.Linear(1000, 20), nn.ReLU(), nn.Linear(20, 3))),
        "resnet18", "512 to 1000 to 20 to 3",
    ),
    "an attribute": (lambda: Behind(thousand(), nn.Linear(1000, 3)), "resnet18", "assumed: right behind"),
    "attributes": (
        lambda: Behind(thousand(), nn.Linear(1000, 20), nn.ReLU(), nn.Linear(20, 3)), "resnet18", "called 'fc'"
    ),
    "deeper": (
        lambda: nn.ModuleDict({"classifier": nn.Sequential(thousand(), nn.Linear(1000, 3))})["classifier"],
        "resnet18", "512 to 1000 to 3",
    ),
    "another network": (
        lambda: nn.Sequential(network("mobilenet_v2", 1000), nn.Linear(1000, 3)), "mobilenet_v2", "1280 to 1000 to 3"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", EXTENDED)
def test_layers_behind_a_whole_network(case: str, tmp_path: Path) -> None:
    make, architecture, words = EXTENDED[case]
    plain = varied(make()).eval()
    state = plain.state_dict()
    if case == "deeper":
        state = {f"classifier.{name}": each for name, each in state.items()}
    checkpoint = open_checkpoint(save(state, tmp_path / "w.pth"))
    best, _ = decide(rank(checkpoint))
    assert best is not None
    assert (best.architecture, best.num_classes) == (architecture, 3)
    assert words in best.evidence
    assert checkpoint.about.left_out == ()
    torch.manual_seed(1)  # pyright: ignore[reportUnknownMemberType]
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(assemble(checkpoint, architecture)(images), plain(images), rtol=1e-4, atol=1e-4)


def test_what_does_not_go_behind_is_nothing_known(tmp_path: Path) -> None:
    state = nn.Sequential(thousand(), nn.Linear(999, 3)).state_dict()
    assert not rank(open_checkpoint(save(state, tmp_path / "w.pth")))


@pytest.mark.parametrize("parts", ["vissl", "backbone and head"])
def test_a_head_in_a_dict_of_its_own(parts: str, tmp_path: Path) -> None:
    plain = varied(network("resnet50", 4))
    state = plain.state_dict()
    body = {name: each for name, each in state.items() if not name.startswith("fc.")}
    if parts == "vissl":
        trunk = {f"_feature_blocks.{name}": each for name, each in body.items()}
        heads = {f"0.clf.0.{name.removeprefix('fc.')}": each for name, each in state.items() if name[:3] == "fc."}
        saved = {"classy_state_dict": {"base_model": {"model": {"trunk": trunk, "heads": heads}, "meta": {}}}}
    else:
        saved = {"backbone": body, "head": {"weight": state["fc.weight"], "bias": state["fc.bias"]}, "epoch": 3}
    checkpoint = open_checkpoint(save(saved, tmp_path / "w.torch"))
    best, _ = decide(rank(checkpoint))
    assert best is not None
    assert (best.architecture, best.num_classes) == ("resnet50", 4)
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(assemble(checkpoint, "resnet50")(images), plain(images), rtol=1e-4, atol=1e-4)
