"""Changed networks: recognised by their tensors alone, and answering as the network they were saved from.

The references are built by hand, as people build them: one of torchvision's networks, with parts replaced.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torchvision import models

from core.architectures.timm import Unset
from core.architectures.variants import Chain
from core.catalogue import assumed_preprocessing
from core.checkpoints import Checkpoint, open_checkpoint
from core.descriptions import CheckpointSummary
from core.errors import MatchError
from core.fingerprints import changed_fits, describe, exact_fits
from core.matching import assemble, decide, rank
from core.preprocessing import PRESETS
from tests.core.weights import save_safe


def checkpoint_of(tensors: dict[str, Tensor]) -> Checkpoint:
    return Checkpoint(CheckpointSummary("x.pth", "state_dict", (), "", len(tensors), 0, 0, "0" * 64), tensors, {}, 0)


def randomised(net: nn.Module) -> nn.Module:
    """Every tensor matters to the answer."""
    torch.manual_seed(3)  # pyright: ignore[reportUnknownMemberType]
    for name, buffer in net.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(0, 0.1)
        elif name.endswith("running_var"):
            buffer.uniform_(0.5, 1.5)
    for name, parameter in net.named_parameters():
        if parameter.dim() == 1:
            parameter.data.normal_(float(name.endswith("weight")), 0.1)
        else:
            nn.init.kaiming_uniform_(parameter)
    return net.eval().requires_grad_(False)


def answers(net: nn.Module, side: int, channels: int = 3) -> Tensor:
    torch.manual_seed(1)  # pyright: ignore[reportUnknownMemberType]
    with torch.inference_mode():
        outputs = net(torch.randn(2, channels, side, side))
    return outputs / outputs.abs().max()


@dataclass(frozen=True)
class Case:
    """A change as people make it.

    Attributes:
        base: torchvision's architecture.
        change: what is done to the network.
        classes: that it has then.
        words: part of what is said about it; empty where it is the plain architecture's.
        channels: of the input.
        side: pixels of the images compared.
    """

    base: str
    change: Callable[[nn.Module], None]
    classes: int
    words: str
    channels: int = 3
    side: int = 64


def _replaces(name: str, module: nn.Module) -> Callable[[nn.Module], None]:
    def change(net: nn.Module) -> None:
        owner, _, own = name.rpartition(".")
        setattr(net.get_submodule(owner), own, module)

    return change


def _all(*changes: Callable[[nn.Module], None]) -> Callable[[nn.Module], None]:
    def change(net: nn.Module) -> None:
        for each in changes:
            each(net)

    return change


CASES = {
    "grey": Case("resnet18", _replaces("conv1", nn.Conv2d(1, 64, 7, 2, 3, bias=False)), 7, "grey input", 1),
    "four channels": Case("resnet18", _replaces("conv1", nn.Conv2d(4, 64, 7, 2, 3, bias=False)), 7, "4 channels", 4),
    "grey squeezenet": Case("squeezenet1_1", _replaces("features.0", nn.Conv2d(1, 64, 3, 2)), 7, "grey input", 1),
    "grey mobilenet": Case(
        "mobilenet_v3_small", _replaces("features.0.0", nn.Conv2d(1, 16, 3, 2, 1, bias=False)), 7, "grey", 1
    ),
    "small images": Case(
        "resnet18",
        _all(_replaces("conv1", nn.Conv2d(3, 64, 3, 1, 1, bias=False)), _replaces("maxpool", nn.Identity())),
        7,
        "a 3 x 3 first convolution",
        side=32,
    ),
    "small grey images and another head": Case(
        "resnet18",
        _all(
            _replaces("conv1", nn.Conv2d(1, 64, 3, 1, 1, bias=False)),
            _replaces("maxpool", nn.Identity()),
            _replaces("fc", nn.Sequential(nn.Linear(512, 32), nn.ReLU(), nn.Linear(32, 5))),
        ),
        5,
        "grey input, a 3 x 3 first convolution",
        1,
        32,
    ),
    "small images densenet": Case(
        "densenet121",
        _all(
            _replaces("features.conv0", nn.Conv2d(3, 64, 3, 1, 1, bias=False)),
            _replaces("features.pool0", nn.Identity()),
        ),
        7,
        "a 3 x 3 first convolution",
        side=32,
    ),
    "a first convolution with a bias": Case(
        "resnet18", _replaces("conv1", nn.Conv2d(1, 64, 7, 2, 3)), 7, "grey input, a bias in its first convolut", 1
    ),
    "a bias for small images, and another head": Case(
        "resnet18",
        _all(
            _replaces("conv1", nn.Conv2d(3, 64, 3, 1, 1)),
            _replaces("maxpool", nn.Identity()),
            _replaces("fc", nn.Sequential(nn.Linear(512, 32), nn.ReLU(), nn.Linear(32, 5))),
        ),
        5,
        "a bias in its first convolution, a 3 x 3 first convolution",
        side=32,
    ),
    "mobilenet with a bias": Case(
        "mobilenet_v2", _replaces("features.0.0", nn.Conv2d(3, 32, 3, 2, 1)), 7, "a bias in its first convolution"
    ),
    "VGG for small images": Case(
        "vgg11_bn",
        _all(_replaces("avgpool", nn.Identity()), _replaces("classifier", nn.Linear(512, 10))),
        10,
        "on each feature's average over the image",
        side=32,
    ),
    "two linear layers": Case(
        "resnet18",
        _replaces("fc", nn.Sequential(nn.Linear(512, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 4))),
        4,
        "a head of 2 linear layers, 512 to 64 to 4 (assumed: ReLU",
    ),
    "three linear layers": Case(
        "mobilenet_v3_small",
        _replaces(
            "classifier",
            nn.Sequential(nn.Linear(576, 64), nn.ReLU(), nn.Dropout(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 3)),
        ),
        3,
        "576 to 64 to 32 to 3",
    ),
    "linear layers with nothing between": Case(
        "resnet18", _replaces("fc", nn.Sequential(nn.Linear(512, 64), nn.Linear(64, 4))), 4, "nothing between"
    ),
    "dropout first": Case(
        "resnet18", _replaces("fc", nn.Sequential(nn.Dropout(0.2), nn.Linear(512, 3))), 3, "512 to 3"
    ),
    "names in a dict": Case(
        "densenet121",
        _replaces(
            "classifier",
            nn.Sequential(
                OrderedDict(
                    [
                        ("fc1", nn.Linear(1024, 64)),
                        ("relu", nn.ReLU()),
                        ("drop", nn.Dropout(0.2)),
                        ("fc2", nn.Linear(64, 6)),
                    ]
                )
            ),
        ),
        6,
        "1024 to 64 to 6",
    ),
    "batch normalisation between": Case(
        "resnet18",
        _replaces(
            "fc", nn.Sequential(nn.Linear(512, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(), nn.Linear(32, 3))
        ),
        3,
        "batch normalisation",
    ),
    "relu before batch normalisation": Case(
        "resnet18",
        _replaces(
            "fc",
            nn.Sequential(
                nn.BatchNorm1d(512), nn.Linear(512, 32), nn.ReLU(), nn.BatchNorm1d(32), nn.Dropout(), nn.Linear(32, 3)
            ),
        ),
        3,
        "batch normalisation",
    ),
    "a learned activation": Case(
        "resnet18", _replaces("fc", nn.Sequential(nn.Linear(512, 32), nn.PReLU(), nn.Linear(32, 3))), 3, "PReLU"
    ),
    "no bias": Case("resnet18", _replaces("fc", nn.Linear(512, 9, bias=False)), 9, "512 to 9"),
    "one output": Case("resnet18", _replaces("fc", nn.Linear(512, 1)), 1, ""),
    "a convolution as head": Case("squeezenet1_1", _replaces("classifier.1", nn.Conv2d(512, 5, 1)), 5, ""),
    "all of vgg's head": Case(
        "vgg11",
        _replaces("classifier", nn.Sequential(nn.Linear(25088, 32), nn.ReLU(), nn.Dropout(), nn.Linear(32, 3))),
        3,
        "25088 to 32 to 3",
    ),
    "all of alexnet's head, one layer": Case("alexnet", _replaces("classifier", nn.Linear(9216, 3)), 3, "9216 to 3"),
    "all of mobilenet's head, as wide as one likes": Case(
        "mobilenet_v3_small",
        _replaces("classifier", nn.Sequential(nn.Linear(576, 48), nn.Hardswish(), nn.Dropout(), nn.Linear(48, 3))),
        3,
        "the architecture's own activation",
    ),
    "efficientnet's inner layer": Case(
        "efficientnet_b0",
        _replaces("classifier.1", nn.Sequential(nn.Linear(1280, 16), nn.ReLU(), nn.Linear(16, 3))),
        3,
        "1280 to 16 to 3",
    ),
    "convnext's head, flattened": Case(
        "convnext_tiny", _replaces("classifier", nn.Sequential(nn.Flatten(1), nn.Linear(768, 3))), 3, "768 to 3"
    ),
    "swin's head": Case(
        "swin_t", _replaces("head", nn.Sequential(nn.Linear(768, 16), nn.ReLU(), nn.Linear(16, 3))), 3, "768 to 16 to 3"
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_changed_network_is_recognised_and_answers_as_it_did(case: Case, tmp_path: Path) -> None:
    with torch.no_grad(), Unset():
        plain = models.get_model(case.base, weights=None, num_classes=7)
    case.change(plain)
    randomised(plain)
    expected = answers(plain, case.side, case.channels)
    state = {name: tensor.contiguous() for name, tensor in plain.state_dict().items()}
    checkpoint = open_checkpoint(save_safe({f"model.{key}": value for key, value in state.items()}, tmp_path / "w.st"))
    assert checkpoint.summary.prefix == "model."
    match, _ = decide(rank(checkpoint))
    assert match is not None
    assert (match.architecture, match.num_classes) == (case.base, case.classes)
    assert match.input_channels == case.channels
    assert case.words in match.variant
    assert bool(case.words) == bool(match.variant)
    assert case.words.partition(", ")[0] in match.evidence
    made = assemble(checkpoint, match.architecture)
    assert not any(module.training for module in made.modules())
    torch.testing.assert_close(answers(made, case.side, case.channels), expected, rtol=0, atol=1e-6)
    assert made.state_dict().keys() == plain.state_dict().keys()


@pytest.mark.parametrize(
    ("architecture", "head", "made", "side"),
    [
        ("vgg16", "classifier.6", nn.Sequential(nn.Linear(4096, 16), nn.ReLU(), nn.Linear(16, 3)), 64),
        ("vgg16_bn", "classifier", nn.Sequential(nn.Linear(25088, 16), nn.ReLU(), nn.Linear(16, 3)), 64),
        ("vit_b_16", "heads", nn.Linear(768, 3), 224),
        ("vit_l_16", "heads.head", nn.Sequential(nn.Linear(1024, 16), nn.ReLU(), nn.Linear(16, 3)), 224),
        ("densenet201", "classifier", nn.Sequential(nn.Dropout(), nn.Linear(1920, 3)), 64),
    ],
)
def test_large_networks_with_other_heads_are_built(architecture: str, head: str, made: nn.Module, side: int) -> None:
    """With shapes only: they would take gigabytes."""
    with torch.device("meta"):
        plain = models.get_model(architecture, weights=None)
        _replaces(head, made.to("meta"))(plain)
        image = torch.zeros(1, 3, side, side)
    checkpoint = checkpoint_of(dict(plain.state_dict()))
    match, ambiguous = decide(rank(checkpoint))
    assert match is not None
    assert (match.architecture, match.num_classes, ambiguous) == (architecture, 3, False)
    network = assemble(checkpoint, architecture).to("meta")
    assert network(image).shape == (1, 3)
    kinds = [type(layer) for layer in made.modules() if not isinstance(layer, nn.Sequential | nn.Dropout)]
    inside = [type(layer) for layer in network.get_submodule(head).modules() if not isinstance(layer, Chain)]
    assert inside == kinds


class TestWithoutAHead:
    """Features only: recognised, named, and refused as a classifier."""

    @pytest.mark.parametrize(("architecture", "head"), [("resnet18", "fc."), ("vgg11", "classifier.")])
    def test_is_named_and_refused(self, architecture: str, head: str) -> None:
        with torch.device("meta"):
            state = models.get_model(architecture, weights=None).state_dict()
        body = {name: tensor for name, tensor in state.items() if not name.startswith(head)}
        assert rank(checkpoint_of(state))[0].num_classes == 1000
        match = rank(checkpoint_of(body))[0]
        assert (match.architecture, match.num_classes) == (architecture, 0)
        assert "features only" in match.variant
        with pytest.raises(MatchError, match=r"without its last layer. (fc|classifier\.6) is missing") as caught:
            assemble(checkpoint_of(body), architecture)
        assert "whole classifier" in caught.value.remedy
        with pytest.raises(MatchError, match="without its last layer"):
            assemble(checkpoint_of(body), "")


class TestNearMisses:
    """What is no known change is named in words."""

    @pytest.fixture
    def shapes(self) -> dict[str, Tensor]:
        with torch.device("meta"):
            return dict(models.resnet18(weights=None).state_dict())

    def refused(self, tensors: dict[str, Tensor]) -> MatchError:
        assert rank(checkpoint_of(tensors)) == ()
        with pytest.raises(MatchError) as caught:
            assemble(checkpoint_of(tensors), "")
        return caught.value

    def test_another_first_convolution(self, shapes: dict[str, Tensor]) -> None:
        error = self.refused({**shapes, "conv1.weight": torch.empty(64, 3, 5, 5, device="meta")})
        assert error.what == "x.pth fits no architecture exactly."
        assert error.why.startswith("The nearest is ResNet-18 with a 5 x 5 first convolution: 1 of ")

    def test_known_changes_are_named_beside_unknown_ones(self, shapes: dict[str, Tensor]) -> None:
        error = self.refused(
            {
                **shapes,
                "conv1.weight": torch.empty(64, 3, 3, 3, device="meta"),
                "layer4.2.extra.weight": torch.empty(3, device="meta"),
            }
        )
        assert "ResNet-18 with a 3 x 3 first convolution and 1 more tensor in layer4.2.extra" in error.why

    def test_another_head(self, shapes: dict[str, Tensor]) -> None:
        error = self.refused({**shapes, "fc.0.weight": torch.empty(4, 3, 2, device="meta")})
        assert "ResNet-18 with another head" in error.why

    def test_a_missing_block(self, shapes: dict[str, Tensor]) -> None:
        error = self.refused({name: value for name, value in shapes.items() if not name.startswith("layer2.1.bn2")})
        assert "ResNet-18 with 4 fewer tensors in layer2.1.bn2" in error.why

    def test_the_same_plan_with_other_sizes(self, shapes: dict[str, Tensor]) -> None:
        def halved(shape: torch.Size) -> list[int]:
            return [side // 2 if side > 60 else side for side in shape]

        narrow = {name: torch.empty(halved(tensor.shape), device="meta") for name, tensor in shapes.items()}
        assert "the layers of ResNet-18 under the same names, with other sizes" in self.refused(narrow).why


def test_heads_that_are_no_row_of_layers_are_not_guessed() -> None:
    with torch.device("meta"):
        state = models.resnet18(weights=None).state_dict()
    body = {name: tuple(tensor.shape) for name, tensor in state.items() if not name.startswith("fc.")}
    for head in (
        {"fc.0.weight": (10, 512), "fc.2.weight": (3, 11)},  # one does not take what the other gives
        {"fc.0.weight": (10, 511)},
        {"fc.0.weight": (10, 512), "fc.0.scale": (10,)},
        {"fc.0.weight": (10, 512), "fc.0.bias": (9,)},
        {"fc.0.weight": (512,), "fc.0.bias": (512,)},  # nothing that makes classes
        {"fc.weight": (0, 512), "fc.bias": (0,)},
        {f"fc.{number}.weight": (512, 512) for number in range(100)},
    ):
        assert not exact_fits({**body, **head})
        assert not [fit for fit in changed_fits({**body, **head}) if fit.num_classes]


def test_layers_that_a_file_has_in_another_order_are_put_right() -> None:
    with torch.device("meta"):
        state = models.resnet18(weights=None).state_dict()
    body = {name: tuple(tensor.shape) for name, tensor in state.items() if not name.startswith("fc.")}
    head = {"fc.10.weight": (3, 20), "fc.2.weight": (20, 512)}
    fit = changed_fits({**body, **head})[0]
    assert fit.head is not None
    assert [layer.name for layer in fit.head.layers] == ["2", "10"]
    assert "512 to 20 to 3" in describe(fit)[0]


def test_dotted_names_in_a_head_are_built() -> None:
    chain = Chain([("block.0", nn.Linear(4, 3)), ("assumed", nn.ReLU()), ("block.out.fc", nn.Linear(3, 2))])
    assert set(chain.state_dict()) == {f"block.{key}" for key in ("0.weight", "0.bias", "out.fc.weight", "out.fc.bias")}
    assert chain(torch.zeros(5, 4, 1, 1)).shape == (5, 2)


def test_what_is_assumed_for_small_and_grey_images() -> None:
    assert assumed_preprocessing("resnet18", small_images=True) == PRESETS["cifar10"]
    grey = assumed_preprocessing("resnet18", input_channels=1)
    assert (grey.channels, grey.size, len(grey.mean), len(grey.std)) == ("grey", (256, 256), 1, 1)
    assert grey.mean[0] == pytest.approx((0.485 + 0.456 + 0.406) / 3, abs=1e-6)


def test_a_vision_transformer_of_another_size_with_another_head() -> None:
    with torch.device("meta"):
        plain = models.vit_b_32(weights=None, image_size=64)
        _replaces("heads", nn.Sequential(nn.Linear(768, 8), nn.ReLU(), nn.Linear(8, 3)).to("meta"))(plain)
    checkpoint = checkpoint_of(dict(plain.state_dict()))
    match = rank(checkpoint)[0]
    assert (match.architecture, match.input_size, match.num_classes) == ("vit_b_32", 64, 3)
    made = assemble(checkpoint, "vit_b_32").to("meta")
    assert made(torch.zeros(1, 3, 64, 64, device="meta")).shape == (1, 3)
