"""Networks that were saved whole open as what they were, and only where nothing in them could run."""

from __future__ import annotations

import collections
import copy
import functools
import importlib.util
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision import models

from core.checkpoints import Checkpoint, open_checkpoint
from core.checkpoints.values import Global
from core.errors import MatchError, UnsafeError
from core.matching import assemble
from core.rebuilding import can_rebuild, own_classes, rebuild, settings_that_differ
from core.rebuilding.allowed import function, kept_class, member_of_enum, module_class
from tests.core.checkpoints.making import saved
from tests.core.weights import network, save, scores


def opened(value: object, tmp_path: Path, *, legacy: bool = False) -> Checkpoint:
    return open_checkpoint(save(value, tmp_path / "w.pth", legacy=legacy))


def outputs(net: nn.Module, side: int = 16, channels: int = 3) -> Tensor:
    torch.manual_seed(1)  # pyright: ignore[reportUnknownMemberType]
    with torch.inference_mode():
        return net(torch.randn(2, channels, side, side))


def same(first: nn.Module, second: nn.Module, side: int = 16, channels: int = 3) -> bool:
    return torch.equal(outputs(first.eval(), side, channels), outputs(second, side, channels))


def modules_of(net: nn.Module) -> dict[str, nn.Module]:
    return dict(net.named_modules())  # pyright: ignore[reportUnknownArgumentType]


def layers() -> nn.Sequential:
    return nn.Sequential(
        collections.OrderedDict(
            first=nn.Conv2d(3, 8, 3, stride=2, padding=1, padding_mode="reflect"),
            norm=nn.BatchNorm2d(8),
            act=nn.LeakyReLU(0.3),
            group=nn.GroupNorm(2, 8),
            up=nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
            pool=nn.AdaptiveAvgPool2d((2, 2)),
            flat=nn.Flatten(),
            drop=nn.Dropout(0.5),
            head=nn.Linear(32, 5),
        )
    )


class Applied(nn.Module):
    """Own layers in a class that no library has."""

    def __init__(self, width: int, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.conv = nn.Conv2d(3, width, 3)
        self.act = functional.relu
        self.norm_layer = functools.partial(nn.BatchNorm2d, eps=0.01)
        self.head = nn.Linear(width, 4)
        self.register_buffer("scale", torch.full((1,), 2.0), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        scale = cast(Tensor, self.scale)
        return self.head(self.act(self.conv(images)).mean((2, 3))) * scale * self.settings.factor


class Settings:
    """No layer: what a network was configured with."""

    def __init__(self, factor: float) -> None:
        self.factor = factor


NETWORKS = (
    ("squeezenet1_1", False),
    ("squeezenet1_1", True),
    ("mobilenet_v3_small", False),
    ("shufflenet_v2_x0_5", False),
)


@pytest.mark.parametrize(("architecture", "legacy"), NETWORKS)
def test_torchvisions_networks(architecture: str, legacy: bool, tmp_path: Path) -> None:
    plain = network(architecture)
    checkpoint = opened(plain, tmp_path, legacy=legacy)
    assert checkpoint.summary.container == "module"
    assert checkpoint.tensors.keys() == plain.state_dict().keys()
    assert dict(checkpoint.classes) == {
        name: f"{type(module).__module__}.{type(module).__qualname__}" for name, module in modules_of(plain).items()
    }
    assert own_classes(checkpoint) == ()
    rebuilt = rebuild(checkpoint)
    assert torch.equal(scores(rebuilt, 64), scores(plain, 64))
    assert settings_that_differ(checkpoint, rebuilt) == ()


def test_unusual_settings_that_no_tensor_shows(tmp_path: Path) -> None:
    plain = network("resnet18")
    cast(nn.Conv2d, plain.conv1).stride = (1, 1)
    plain.relu = nn.SiLU()
    checkpoint = opened(plain, tmp_path)
    assert torch.equal(scores(rebuild(checkpoint), 32), scores(plain, 32))
    # By names and shapes it is a ResNet-18, which would answer differently: this is noticed.
    usual = assemble(checkpoint, "resnet18")
    assert not torch.equal(scores(usual, 32), scores(plain, 32))
    assert settings_that_differ(checkpoint, usual) == (
        "conv1: stride is (1, 1), not (2, 2)",
        "relu: it is a SiLU, not a ReLU",
    )


@pytest.mark.parametrize("legacy", [False, True])
def test_layers_in_a_row(legacy: bool, tmp_path: Path) -> None:
    plain = layers()
    assert same(plain, rebuild(opened(plain, tmp_path, legacy=legacy)))


MORE: list[Callable[[], nn.Module]] = [
    lambda: nn.Sequential(nn.Flatten(2), nn.LSTM(256, 8, 2, bidirectional=True)),
    lambda: nn.Sequential(nn.Flatten(2), nn.TransformerEncoderLayer(256, 4, 32, activation="gelu", batch_first=True)),
    lambda: nn.Sequential(nn.Flatten(), nn.Linear(768, 3, bias=False), nn.LogSoftmax(1)),
    lambda: models.resnet18(norm_layer=functools.partial(nn.GroupNorm, 4), num_classes=3),
    lambda: models.VisionTransformer(16, 8, 1, 2, 16, 32, num_classes=3),
]
if importlib.util.find_spec("timm") is not None:

    def timms() -> nn.Module:
        return cast(nn.Module, importlib.import_module("timm").create_model("test_vit", img_size=16, num_classes=3))

    MORE.append(timms)


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize("make", MORE)
def test_layers_with_state_of_their_own(make: Callable[[], nn.Module], tmp_path: Path) -> None:
    plain = make().eval()
    rebuilt = rebuild(opened(plain, tmp_path))
    torch.manual_seed(1)  # pyright: ignore[reportUnknownMemberType]
    images = torch.randn(2, 3, 16, 16)
    with torch.inference_mode():
        first, second = cast("tuple[object, object]", (plain(images), rebuilt(images)))
    torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_tied_layers_stay_tied(tmp_path: Path) -> None:
    layer = nn.Linear(3, 3)
    rebuilt = rebuild(opened(nn.Sequential(layer, nn.ReLU(), layer), tmp_path))
    assert rebuilt.get_submodule("0") is rebuilt.get_submodule("2")


def test_wrappers_around_a_network(tmp_path: Path) -> None:
    plain = layers()
    checkpoint = opened({"epoch": 3, "net": nn.DataParallel(plain), "note": Settings(2)}, tmp_path)
    assert (checkpoint.summary.container, checkpoint.summary.unwrapped) == ("module", ("net",))
    assert checkpoint.summary.prefix == "module."
    assert checkpoint.metadata["epoch"] == 3
    assert same(plain, rebuild(checkpoint))


def test_half_precision_becomes_single(tmp_path: Path) -> None:
    plain = layers().half()
    rebuilt = rebuild(opened(plain, tmp_path))
    assert {tensor.dtype for tensor in rebuilt.parameters()} == {torch.float32}


def test_class_names_on_a_network(tmp_path: Path) -> None:
    plain = layers()
    plain.__dict__["class_to_idx"] = {"dog": 1, "cat": 0}
    assert opened(plain, tmp_path).metadata["class_names"] == ["cat", "dog"]


def test_files_of_older_versions(tmp_path: Path) -> None:
    """PyTorch 0.4 had fewer attributes: what is missing is what it would be without being said."""
    plain = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AvgPool2d(2), nn.Upsample(scale_factor=2), nn.Flatten()
    )
    intact = copy.deepcopy(plain)
    for module in plain.modules():
        for name in (
            "_non_persistent_buffers_set",
            "_is_full_backward_hook",
            "_backward_pre_hooks",
            "_forward_hooks_with_kwargs",
            "_forward_hooks_always_called",
            "_forward_pre_hooks_with_kwargs",
            "_load_state_dict_pre_hooks",
            "_load_state_dict_post_hooks",
            "_state_dict_pre_hooks",
            "padding_mode",
            "_reversed_padding_repeated_twice",
            "divisor_override",
            "recompute_scale_factor",
            "inplace",
            "start_dim",
            "end_dim",
        ):
            module.__dict__.pop(name, None)
    checkpoint = opened(plain, tmp_path, legacy=True)
    assert same(intact, rebuild(checkpoint))


class TestOwnClasses:
    """Classes that no library has: shown without trust, bound to a person's Python file after it."""

    def test_they_are_shown_and_named(self, tmp_path: Path) -> None:
        plain = Applied(6, Settings(3.0))
        checkpoint = opened(plain, tmp_path)
        assert checkpoint.classes[0] == ("", f"{__name__}.Applied")
        assert checkpoint.tensors.keys() == plain.state_dict().keys()
        assert own_classes(checkpoint) == (f"{__name__}.Applied",)
        assert not can_rebuild(checkpoint)
        with pytest.raises(MatchError) as caught:
            rebuild(checkpoint)
        assert f"{__name__}.Applied" in caught.value.why
        assert "Choose the Python file" in caught.value.remedy

    def test_they_bind_to_trusted_classes(self, tmp_path: Path) -> None:
        plain = Applied(6, Settings(3.0))
        checkpoint = opened(plain, tmp_path)
        rebuilt = rebuild(checkpoint, {"Applied": Applied, "Settings": Settings})
        assert type(rebuilt) is Applied
        assert same(plain, rebuilt)
        with pytest.raises(MatchError, match="Settings"):
            rebuild(checkpoint, {"Applied": Applied})


def evil(**changes: object) -> nn.Module:
    """A layer with attributes that it should not have; pickled as it is."""
    made = nn.Linear(2, 2)
    made.__dict__.update(changes)
    return nn.Sequential(made, nn.Linear(2, 2))


def with_hook() -> nn.Module:
    made = nn.Linear(2, 2)
    made.register_forward_hook(print)
    return made


HOSTILE: list[tuple[Callable[[], object], str]] = [
    (with_hook, "_forward_hooks of the network itself holds code"),
    (lambda: evil(_forward_pre_hooks={0: len}), "_forward_pre_hooks of its layer 0 holds code"),
    (lambda: evil(_backward_hooks={0: len}), "_backward_hooks of its layer 0 holds code"),
    (lambda: evil(forward=len), "forward of its layer 0 is builtins.len, which is not allowed"),
    (lambda: evil(forward=functional.relu), "forward of its layer 0 would take the place"),
    (lambda: evil(forward=nn.ReLU), "forward of its layer 0 would take the place"),
    (lambda: evil(_call_impl=1), "_call_impl of its layer 0 would take the place"),
    (lambda: evil(__class__=1), "__class__ of its layer 0 would change"),
    (lambda: evil(__dict__={}), "__dict__ of its layer 0 would change"),
    (lambda: evil(act=print), "which is not allowed"),
    (lambda: evil(act=functools.partial(print, 1)), "calls builtins.print, which is not allowed"),
    (lambda: evil(act=functools.partial(models.resnet18)), "which is not allowed"),
    (lambda: evil(act=[{"a": (torch.save,)}]), "act of its layer 0 is torch.serialization.save, which is not allowed"),
    (lambda: evil(cls=models.ResNet), "which is not allowed"),
    (lambda: evil(_parameters={"weight": 3}), "0.weight is neither a layer nor a tensor"),
    (lambda: evil(_parameters={"a.b": torch.ones(1)}), "has a name that is none"),
    (lambda: evil(_modules={"a": len}), "0.a is neither a layer nor a tensor"),
    (lambda: evil(_modules={"a": torch.optim.SGD([torch.ones(1)])}), "0.a is neither"),
    (lambda: evil(note=Settings(1)), "is an object of tests.core.test_rebuilding.Settings, which is not allowed"),
]


@pytest.mark.parametrize(("make", "reason"), HOSTILE)
def test_what_could_run_refuses_the_network(make: Callable[[], object], reason: str, tmp_path: Path) -> None:
    checkpoint = opened(make(), tmp_path)
    with pytest.raises(MatchError) as caught:
        rebuild(checkpoint)
    assert reason in caught.value.why
    assert not can_rebuild(checkpoint)


def test_an_attribute_that_pickling_leaves_out(tmp_path: Path) -> None:
    data = saved(evil(_compiled_call_imp1=functional.relu), legacy=True)
    path = tmp_path / "w.pth"
    path.write_bytes(data.replace(b"_compiled_call_imp1", b"_compiled_call_impl"))
    with pytest.raises(MatchError, match="_compiled_call_impl of its layer 0 would take the place"):
        rebuild(open_checkpoint(path))


def test_a_network_that_contains_itself(tmp_path: Path) -> None:
    plain = nn.Sequential(nn.Linear(2, 2))
    plain.__dict__["_modules"]["1"] = plain
    with pytest.raises(Exception, match="more modules than any network"):
        opened(plain, tmp_path)


NOT_CLASSES = [
    "torch.nn.modules.module.__builtins__",
    "torch.nn.modules.linear.Linear.__init__",
    "torch.nn.modules.linear.math.exp",
    "torch.nn.modules.linear.nn.Linear",
    "torch.nn.modules.Linear",  # re-exported, not defined there
    "torch.nn.Linear",
    "torch.nn.modules.linear.Tensor",
    "torch.nn.modules.module.Parameter",
    "torch.nn.modules.module.functools",
    "torch.nn.modules.linear..Linear",
    "torch.nn.modules.linear",
    "torch.nn.modules.no_such_module.Linear",
    "torchvision.models.os.system",
    "torchvision.models._api.WeightsEnum",
    "torchvision.models.resnet.resnet18",
    "torchvision.models.detection.faster_rcnn.FasterRCNN",
    "torchvision.io.image.read_file",
    "os.system",
    "",
]


@pytest.mark.parametrize("name", NOT_CLASSES)
def test_names_that_are_no_allowed_classes(name: str) -> None:
    assert module_class(name) is None
    assert kept_class(name) is None
    assert function(name) is None


def test_names_that_are() -> None:
    assert module_class("torch.nn.modules.linear.Linear") is nn.Linear
    assert module_class("torchvision.models.resnet.ResNet") is models.ResNet
    assert module_class("torchvision.models.mobilenet.MobileNetV2") is models.MobileNetV2
    assert kept_class("torchvision.models.resnet.ResNet") is None
    assert function("torch.nn.functional.relu") is functional.relu
    assert function("torch.save") is None
    assert function("torch.nn.functional.torch") is None
    assert member_of_enum(Global("os", "system"), "x") is None


def test_no_module_is_imported_because_a_file_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trap = tmp_path / "torchvision_trap"
    trap.mkdir()
    (trap / "__init__.py").write_text(f"open({str(tmp_path / 'canary')!r}, 'w').close()")
    monkeypatch.syspath_prepend(str(tmp_path))  # pyright: ignore[reportUnknownMemberType]
    data = pickle.dumps(nn.Sequential(nn.Linear(2, 2)))
    for name in ("torchvision_trap", "torch.nn.modules.antigravity", "this"):
        assert module_class(f"{name}.Linear") is None
    assert b"Linear" in data
    assert not (tmp_path / "canary").exists()


def test_code_beside_a_network_is_named(tmp_path: Path) -> None:
    path = save({"model": evil(act=eval), "x": 1}, tmp_path / "w.pth")
    with pytest.raises(UnsafeError) as caught:
        open_checkpoint(path)
    assert caught.value.blocked == ("builtins.eval",)
    described = open_checkpoint(path, refuse_unsafe=False)
    assert described.summary.blocked == ("builtins.eval",)
    assert described.tensors["0.weight"].shape == (2, 2)
    with pytest.raises(MatchError, match=r"builtins\.eval"):
        rebuild(described)


def test_a_state_dict_is_no_network(tmp_path: Path) -> None:
    with pytest.raises(MatchError, match="no whole network"):
        rebuild(opened(layers().state_dict(), tmp_path))
