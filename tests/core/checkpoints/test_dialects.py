"""Networks of torchvision's and timm's under the names that other libraries give their parts.

The reference is the plain network: its tensors are saved as the other library does, and it answers the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]
from torch import Tensor, nn
from torch.nn import functional
from torchvision import models

from core.checkpoints import Checkpoint, open_checkpoint
from core.checkpoints.dialects import translated
from core.inspecting import inspect_file
from core.matching import assemble, decide, hints_of, rank
from tests.core.weights import network, save

timm = pytest.importorskip("timm")
State = dict[str, Tensor]


def of_timm(name: str, classes: int = 5) -> nn.Module:
    torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]
    made: nn.Module = timm.create_model(name, num_classes=classes)
    for buffer, values in made.named_buffers():
        if buffer.endswith("running_var"):
            values.uniform_(0.5, 1.5)
    for parameter in made.parameters():
        if parameter.dim() == 1:
            parameter.data.add_(torch.randn_like(parameter) * 0.1)
    return made.eval().requires_grad_(False)


def with_epsilon(made: nn.Module, epsilon: float) -> nn.Module:
    for module in made.modules():
        if isinstance(module, nn.LayerNorm):
            module.eps = epsilon
    return made


def said(state: Mapping[str, Tensor], *rules: tuple[str, str]) -> State:
    """Names by the first pattern that fits; what follows a ``|`` are the names of three parts of a tensor."""
    found: State = {}
    for name, tensor in state.items():
        pattern, new = next(rule for rule in rules if re.fullmatch(rule[0], name))
        new = re.sub(pattern, new, name)
        before, *parts = new.split("|")
        pieces = tensor.chunk(3) if parts else [tensor]
        found |= {before.replace("*", part): piece.clone() for part, piece in zip(parts or [""], pieces, strict=True)}
    return found


def hugging_vit(state: Mapping[str, Tensor], base: str = "vit") -> State:
    layer = rf"{base}.encoder.layer.\1."
    return said(
        state,
        (r"cls_token", f"{base}.embeddings.cls_token"),
        (r"dist_token", f"{base}.embeddings.distillation_token"),
        (r"pos_embed", f"{base}.embeddings.position_embeddings"),
        (r"patch_embed\.proj\.(\w+)", rf"{base}.embeddings.patch_embeddings.projection.\1"),
        (r"blocks\.(\d+)\.attn\.qkv\.(\w+)", layer + r"attention.attention.*.\2|query|key|value"),
        (r"blocks\.(\d+)\.attn\.proj\.(\w+)", layer + r"attention.output.dense.\2"),
        (r"blocks\.(\d+)\.mlp\.fc1\.(\w+)", layer + r"intermediate.dense.\2"),
        (r"blocks\.(\d+)\.mlp\.fc2\.(\w+)", layer + r"output.dense.\2"),
        (r"blocks\.(\d+)\.norm1\.(\w+)", layer + r"layernorm_before.\2"),
        (r"blocks\.(\d+)\.norm2\.(\w+)", layer + r"layernorm_after.\2"),
        (r"norm\.(\w+)", rf"{base}.layernorm.\1"),
        (r"head_dist\.(\w+)", r"distillation_classifier.\1"),
        (r"head\.(\w+)", r"classifier.\1" if base == "vit" else r"cls_classifier.\1"),
    )


def hugging_vit_of_torchvision(state: Mapping[str, Tensor]) -> State:
    layer = r"vit.encoder.layer.\1."
    inside = r"encoder\.layers\.encoder_layer_(\d+)\."
    return said(
        state,
        (r"class_token", "vit.embeddings.cls_token"),
        (r"encoder\.pos_embedding", "vit.embeddings.position_embeddings"),
        (r"conv_proj\.(\w+)", r"vit.embeddings.patch_embeddings.projection.\1"),
        (inside + r"self_attention\.in_proj_(\w+)", layer + r"attention.attention.*.\2|query|key|value"),
        (inside + r"self_attention\.out_proj\.(\w+)", layer + r"attention.output.dense.\2"),
        (inside + r"mlp\.0\.(\w+)", layer + r"intermediate.dense.\2"),
        (inside + r"mlp\.3\.(\w+)", layer + r"output.dense.\2"),
        (inside + r"ln_1\.(\w+)", layer + r"layernorm_before.\2"),
        (inside + r"ln_2\.(\w+)", layer + r"layernorm_after.\2"),
        (r"encoder\.ln\.(\w+)", r"vit.layernorm.\1"),
        (r"heads\.head\.(\w+)", r"classifier.\1"),
    )


def fifth(state: State) -> State:
    """The names of version 5 of transformers in memory."""
    changes = (
        ("encoder.layer.", "layers."),
        ("attention.output.dense", "attention.o_proj"),
        ("intermediate.dense", "mlp.fc1"),
        ("output.dense", "mlp.fc2"),
        ("attention.self.relative", "attention.relative_position_bias.relative"),
        *((f"attention.{name}", name) for name in ("attention.query", "attention.key", "attention.value")),
        *((f"attention.{old}", f"attention.{new}_proj") for old, new in (("query", "q"), ("key", "k"), ("value", "v"))),
        *((f"self.{old}", f"{new}_proj") for old, new in (("query", "q"), ("key", "k"), ("value", "v"))),
    )  # fmt: skip
    found: State = {}
    for name, tensor in state.items():
        for old, new in changes:
            name = name.replace(old, new)
        found[name] = tensor
    return found


def hugging_swin(state: Mapping[str, Tensor]) -> State:
    """From torchvision's names, whose odd numbers are stages, and whose even ones make the features smaller."""
    found: State = {}
    for name, tensor in state.items():
        stage = re.match(r"features\.(\d+)\.", name)
        number = int(stage[1]) if stage else 0
        place = f"swin.encoder.layers.{(number - 1) // 2}."
        found |= said(
            {name: tensor},
            (r"features\.0\.0\.(\w+)", r"swin.embeddings.patch_embeddings.projection.\1"),
            (r"features\.0\.2\.(\w+)", r"swin.embeddings.norm.\1"),
            (r"features\.[1357]\.(\d)\.attn\.qkv\.(\w+)", place + r"blocks.\1.attention.self.*.\2|query|key|value"),
            (r"features\.[1357]\.(\d)\.attn\.(relative\w+)", place + r"blocks.\1.attention.self.\2"),
            (r"features\.[1357]\.(\d)\.attn\.proj\.(\w+)", place + r"blocks.\1.attention.output.dense.\2"),
            (r"features\.[1357]\.(\d)\.mlp\.0\.(\w+)", place + r"blocks.\1.intermediate.dense.\2"),
            (r"features\.[1357]\.(\d)\.mlp\.3\.(\w+)", place + r"blocks.\1.output.dense.\2"),
            (r"features\.[1357]\.(\d)\.norm1\.(\w+)", place + r"blocks.\1.layernorm_before.\2"),
            (r"features\.[1357]\.(\d)\.norm2\.(\w+)", place + r"blocks.\1.layernorm_after.\2"),
            (r"features\.[246]\.(\w+\.\w+)", place + r"downsample.\1"),
            (r"norm\.(\w+)", r"swin.layernorm.\1"),
            (r"head\.(\w+)", r"classifier.\1"),
        )
    return found


def hugging_convnext(state: Mapping[str, Tensor]) -> State:
    stage = r"convnext.encoder.stages.\1."
    return said(
        state,
        (r"stem\.0\.(\w+)", r"convnext.embeddings.patch_embeddings.\1"),
        (r"stem\.1\.(\w+)", r"convnext.embeddings.layernorm.\1"),
        (r"stages\.(\d)\.downsample\.(\d\.\w+)", stage + r"downsampling_layer.\2"),
        (r"stages\.(\d)\.blocks\.(\d)\.conv_dw\.(\w+)", stage + r"layers.\2.dwconv.\3"),
        (r"stages\.(\d)\.blocks\.(\d)\.norm\.(\w+)", stage + r"layers.\2.layernorm.\3"),
        (r"stages\.(\d)\.blocks\.(\d)\.mlp\.fc(\d\.\w+)", stage + r"layers.\2.pwconv\3"),
        (r"stages\.(\d)\.blocks\.(\d)\.gamma", stage + r"layers.\2.layer_scale_parameter"),
        (r"head\.norm\.(\w+)", r"convnext.layernorm.\1"),
        (r"head\.fc\.(\w+)", r"classifier.\1"),
    )


def hugging_resnet(state: Mapping[str, Tensor]) -> State:
    found: State = {}
    for name, tensor in state.items():
        block = re.match(r"layer(\d)\.\d+\.(?:conv|bn)?(\d)?", name)
        stage, number = (int(block[1] or 0) - 1, int(block[2] or 1) - 1) if block else (0, 0)
        place = rf"resnet.encoder.stages.{stage}.layers.\1."
        found |= said(
            {name: tensor},
            (r"conv1\.(\w+)", r"resnet.embedder.embedder.convolution.\1"),
            (r"bn1\.(\w+)", r"resnet.embedder.embedder.normalization.\1"),
            (r"layer\d\.(\d+)\.conv\d\.(\w+)", place + rf"layer.{number}.convolution.\2"),
            (r"layer\d\.(\d+)\.bn\d\.(\w+)", place + rf"layer.{number}.normalization.\2"),
            (r"layer\d\.(\d+)\.downsample\.0\.(\w+)", place + r"shortcut.convolution.\2"),
            (r"layer\d\.(\d+)\.downsample\.1\.(\w+)", place + r"shortcut.normalization.\2"),
            (r"fc\.(\w+)", r"classifier.1.\1"),
        )
    return found


def efficientnet_pytorch(state: Mapping[str, Tensor]) -> State:
    """``efficientnet_pytorch.EfficientNet``: all blocks in one list; the first stage has no expansion."""
    matches = [re.match(r"blocks\.(\d+\.\d+)", name) for name in state]
    places = list(dict.fromkeys(each[1] for each in matches if each))
    found: State = {}
    for name, tensor in state.items():
        block = re.match(r"blocks\.(\d+\.\d+)\.", name)
        place = f"_blocks.{places.index(block[1])}." if block else ""
        first = name.startswith("blocks.0.")
        found |= said(
            {name: tensor},
            (r"conv_(stem|head)\.(\w+)", r"_conv_\1.\2"),
            (r"bn1\.(\w+)", r"_bn0.\1"),
            (r"bn2\.(\w+)", r"_bn1.\1"),
            (r"classifier\.(\w+)", r"_fc.\1"),
            (r".*\.se\.conv_(\w+)\.(\w+)", place + r"_se_\1.\2"),
            (r".*\.conv_dw\.(\w+)", place + r"_depthwise_conv.\1"),
            (r".*\.conv_pwl\.(\w+)", place + r"_project_conv.\1"),
            (r".*\.conv_pw\.(\w+)", place + (r"_project_conv.\1" if first else r"_expand_conv.\1")),
            (r".*\.bn1\.(\w+)", place + (r"_bn1.\1" if first else r"_bn0.\1")),
            (r".*\.bn2\.(\w+)", place + (r"_bn2.\1" if first else r"_bn1.\1")),
            (r".*\.bn3\.(\w+)", place + r"_bn2.\1"),
        )
    return found


class CifarBlock(nn.Module):
    """A basic block of kuangliu/pytorch-cifar."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        return functional.relu(out + self.shortcut(x))


class CifarResNet18(nn.Module):
    """``ResNet18`` of kuangliu/pytorch-cifar."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = nn.Sequential(CifarBlock(64, 64, 1), CifarBlock(64, 64, 1))
        self.layer2 = nn.Sequential(CifarBlock(64, 128, 2), CifarBlock(128, 128, 1))
        self.layer3 = nn.Sequential(CifarBlock(128, 256, 2), CifarBlock(256, 256, 1))
        self.layer4 = nn.Sequential(CifarBlock(256, 512, 2), CifarBlock(512, 512, 1))
        self.linear = nn.Linear(512, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.linear(functional.avg_pool2d(x, 4).flatten(1))


def cifar100(state: Mapping[str, Tensor]) -> State:
    """The names of weiaicunzai/pytorch-cifar100."""
    found: State = {}
    for name, tensor in state.items():
        block = re.match(r"layer(\d)\.", name)
        place = rf"conv{int(block[1]) + 1}_x.\1." if block else ""
        found |= said(
            {name: tensor},
            (r"conv1\.(\w+)", r"conv1.0.\1"),
            (r"bn1\.(\w+)", r"conv1.1.\1"),
            *((rf"layer\d\.(\d+)\.conv{n}\.(\w+)", place + rf"residual_function.{3 * n - 3}.\2") for n in (1, 2, 3)),
            *((rf"layer\d\.(\d+)\.bn{n}\.(\w+)", place + rf"residual_function.{3 * n - 2}.\2") for n in (1, 2, 3)),
            (r"layer\d\.(\d+)\.downsample\.(\d\.\w+)", place + r"shortcut.\2"),
            (r"fc\.(\w+)", r"fc.\1"),
        )
    return found


def small(made: nn.Module) -> nn.Module:
    assert isinstance(made, models.ResNet)
    made.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False).requires_grad_(False)
    made.maxpool = nn.Identity()  # pyright: ignore[reportAttributeAccessIssue]
    return made.eval()


def opened(state: Mapping[str, object], tmp_path: Path) -> Checkpoint:
    return open_checkpoint(save(state, tmp_path / "w.pth"))


CASES: dict[str, tuple[Callable[[], nn.Module], Callable[[State], State], str, int]] = {
    "ViT": (
        lambda: with_epsilon(of_timm("vit_tiny_patch16_224"), 1e-12), hugging_vit, "timm/vit_tiny_patch16_224", 224
    ),
    "ViT of torchvision": (
        lambda: with_epsilon(network("vit_b_32", 5), 1e-12), hugging_vit_of_torchvision, "vit_b_32", 224
    ),
    "ViT of version 5": (
        lambda: with_epsilon(of_timm("vit_tiny_patch16_224"), 1e-12),
        lambda state: fifth(hugging_vit(state)),
        "timm/vit_tiny_patch16_224",
        224,
    ),
    "Swin of version 5": (lambda: network("swin_t", 5), lambda state: fifth(hugging_swin(state)), "swin_t", 224),
    "DeiT": (
        lambda: with_epsilon(of_timm("deit_tiny_distilled_patch16_224"), 1e-12),
        lambda state: hugging_vit(state, "deit"),
        "timm/deit_tiny_distilled_patch16_224",
        224,
    ),
    "Swin": (lambda: network("swin_t", 5), hugging_swin, "swin_t", 224),
    "ConvNeXt": (lambda: of_timm("convnext_tiny"), hugging_convnext, "timm/convnext_tiny", 64),
    "ResNet-18": (lambda: network("resnet18", 5), hugging_resnet, "resnet18", 64),
    "ResNet-50": (lambda: network("resnet50", 5), hugging_resnet, "resnet50", 64),
    "EfficientNet": (
        lambda: of_timm("tf_efficientnet_b0"), efficientnet_pytorch, "timm/tf_efficientnet_b0", 64
    ),
    "CIFAR-10": (lambda: CifarResNet18(5).eval(), dict, "resnet18", 32),
    "CIFAR-100": (lambda: small(network("resnet18", 5)), cifar100, "resnet18", 32),
    "CIFAR-100, deep": (lambda: small(network("resnet50", 5)), cifar100, "resnet50", 32),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_answers_as_the_plain_network(case: str, tmp_path: Path) -> None:
    make, spell, architecture, side = CASES[case]
    plain = make()
    checkpoint = opened({"net": {f"module.{name}": each for name, each in spell(plain.state_dict()).items()}}, tmp_path)
    best, ambiguous = decide(rank(checkpoint), hints_of(checkpoint))
    assert best is not None
    assert (best.architecture, ambiguous, best.num_classes) == (architecture, False, 5)
    assert checkpoint.about.prefix == "module."
    assert "its names are those of" in best.evidence
    torch.manual_seed(1)  # pyright: ignore[reportUnknownMemberType]
    images = torch.randn(2, 3, side, side)
    with torch.inference_mode():
        torch.testing.assert_close(assemble(checkpoint, architecture)(images), plain(images), rtol=1e-4, atol=1e-5)


def test_sorted_and_half(tmp_path: Path) -> None:
    plain = with_epsilon(of_timm("vit_tiny_patch16_224"), 1e-12)
    state = {name: tensor.half() for name, tensor in sorted(hugging_vit(plain.state_dict()).items())}
    save_file(state, tmp_path / "model.safetensors", {"format": "pt"})
    network = assemble(open_checkpoint(tmp_path / "model.safetensors"), "timm/vit_tiny_patch16_224")
    images = torch.randn(1, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(network(images), plain.half().float()(images), rtol=1e-4, atol=1e-5)


def test_a_network_that_was_saved_whole_is_recognised(tmp_path: Path) -> None:
    found = inspect_file(save(CifarResNet18(5), tmp_path / "w.pth"))
    assert (found.container, found.architecture, found.num_classes) == ("module", "resnet18", 5)


class TestWhatIsNotTheSame:
    def test_another_kind_of_block(self) -> None:
        shapes = {name: tuple(tensor.shape) for name, tensor in CifarResNet18(5).state_dict().items()}
        assert translated(shapes) is not None
        assert translated({**shapes, "layer1.0.fc1.weight": (4, 64, 1, 1)}) is None
        assert translated({name: shape for name, shape in shapes.items() if name != "layer3.0.bn2.weight"}) is None

    def test_query_and_key_that_do_not_go_together(self) -> None:
        state = hugging_vit(of_timm("vit_tiny_patch16_224").state_dict())
        shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}
        name = "vit.encoder.layer.3.attention.attention.key."
        assert translated({**shapes, f"{name}weight": ()}) is None
        assert translated({**shapes, f"{name}weight": (64, 192)}) is None
        assert translated({key: shape for key, shape in shapes.items() if key != f"{name}bias"}) is None
