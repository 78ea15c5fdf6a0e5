"""More families of Hugging Face's transformers: their names, and what a configuration beside them says.

The references are the plain networks of timm's and torchvision's, with what differs in transformers set by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import cast

import pytest
import torch
from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]
from torch import Tensor, nn
from torch.nn import functional

from core.checkpoints import open_checkpoint
from core.descriptions import ClassifierInfo, ModelSpec
from core.engine import Engine
from core.jobs import Context
from core.matching import assemble, decide, hints_of, rank
from core.packing import save_model
from tests.core.checkpoints.test_dialects import hugging_vit, of_timm, said, with_epsilon
from tests.core.making import run_steps
from tests.core.weights import network

timm = pytest.importorskip("timm")
State = dict[str, Tensor]


def siglip(state: Mapping[str, Tensor]) -> State:
    layer = r"vision_model.encoder.layers.\1."
    made = said(
        state,
        (r"patch_embed\.proj\.(\w+)", r"vision_model.embeddings.patch_embedding.\1"),
        (r"pos_embed", "vision_model.embeddings.position_embedding.weight"),
        (r"blocks\.(\d+)\.attn\.qkv\.(\w+)", layer + r"self_attn.*_proj.\2|q|k|v"),
        (r"blocks\.(\d+)\.attn\.proj\.(\w+)", layer + r"self_attn.out_proj.\2"),
        (r"blocks\.(\d+)\.norm(\d)\.(\w+)", layer + r"layer_norm\2.\3"),
        (r"blocks\.(\d+)\.mlp\.(\w+\.\w+)", layer + r"mlp.\2"),
        (r"norm\.(\w+)", r"vision_model.post_layernorm.\1"),
        (r"head\.(\w+)", r"classifier.\1"),
    )
    made["vision_model.embeddings.position_embedding.weight"] = state["pos_embed"][0].clone()
    # Attention pooling that its classifier does not use.
    return made | {
        "vision_model.head.probe": torch.ones(1, 1, 768),
        "vision_model.head.layernorm.bias": torch.ones(768),
    }


def beit(state: Mapping[str, Tensor]) -> State:
    layer = r"beit.encoder.layer.\1."
    inside = layer + "attention.attention."
    made = said(
        state,
        (r"cls_token", "beit.embeddings.cls_token"),
        (r"patch_embed\.proj\.(\w+)", r"beit.embeddings.patch_embeddings.projection.\1"),
        (r"blocks\.(\d+)\.attn\.qkv\.weight", inside + "*.weight|query|key|value"),
        (r"blocks\.(\d+)\.attn\.q_bias", inside + "query.bias"),
        (r"blocks\.(\d+)\.attn\.v_bias", inside + "value.bias"),
        (r"blocks\.(\d+)\.attn\.(relative_position_bias_table)", inside + r"relative_position_bias.\2"),
        (r"blocks\.(\d+)\.attn\.proj\.(\w+)", layer + r"attention.output.dense.\2"),
        (r"blocks\.(\d+)\.gamma_(\d)", layer + r"lambda_\2"),
        (r"blocks\.(\d+)\.norm1\.(\w+)", layer + r"layernorm_before.\2"),
        (r"blocks\.(\d+)\.norm2\.(\w+)", layer + r"layernorm_after.\2"),
        (r"blocks\.(\d+)\.mlp\.fc1\.(\w+)", layer + r"intermediate.dense.\2"),
        (r"blocks\.(\d+)\.mlp\.fc2\.(\w+)", layer + r"output.dense.\2"),
        (r"fc_norm\.(\w+)", r"beit.pooler.layernorm.\1"),
        (r"head\.(\w+)", r"classifier.\1"),
    )
    return made | {"beit.embeddings.mask_token": torch.zeros(1, 1, 768)}


def convnextv2(state: Mapping[str, Tensor]) -> State:
    stage = r"convnextv2.encoder.stages.\1."
    made = said(
        state,
        (r"stem\.0\.(\w+)", r"convnextv2.embeddings.patch_embeddings.\1"),
        (r"stem\.1\.(\w+)", r"convnextv2.embeddings.layernorm.\1"),
        (r"stages\.(\d)\.downsample\.(\d\.\w+)", stage + r"downsampling_layer.\2"),
        (r"stages\.(\d)\.blocks\.(\d)\.conv_dw\.(\w+)", stage + r"layers.\2.dwconv.\3"),
        (r"stages\.(\d)\.blocks\.(\d)\.norm\.(\w+)", stage + r"layers.\2.layernorm.\3"),
        (r"stages\.(\d)\.blocks\.(\d)\.mlp\.fc(\d\.\w+)", stage + r"layers.\2.pwconv\3"),
        (r"stages\.(\d)\.blocks\.(\d)\.mlp\.grn\.(\w+)", stage + r"layers.\2.grn.\3"),
        (r"head\.norm\.(\w+)", r"convnextv2.layernorm.\1"),
        (r"head\.fc\.(\w+)", r"classifier.\1"),
    )
    for name, tensor in made.items():
        if ".grn." in name:
            made[name] = tensor.reshape(1, 1, 1, -1)
        elif ".pwconv" in name and name.endswith("weight"):
            # timm has 1 x 1 convolutions in the smallest.
            made[name] = tensor.flatten(1)
    return made


def regnet(state: Mapping[str, Tensor]) -> State:
    squeezed = any(".se." in name for name in state)
    last = "3" if squeezed else "2"
    found: State = {}
    for name, tensor in state.items():
        block = re.match(r"trunk_output\.block(\d)\.block\d-(\d+)\.", name)
        place = f"regnet.encoder.stages.{int(block[1]) - 1}.layers.{block[2]}." if block else ""
        kind = "convolution" if re.search(r"\.0\.\w+$", name) else "normalization"
        leaf = name.rpartition(".")[2]
        rules = [
            (r"stem\.\d\.\w+", f"regnet.embedder.embedder.{kind}.{leaf}"),
            (r"fc\.\w+", f"classifier.1.{leaf}"),
            (r".*\.proj\.\d\.\w+", f"{place}shortcut.{kind}.{leaf}"),
            (r".*\.f\.a\.\d\.\w+", f"{place}layer.0.{kind}.{leaf}"),
            (r".*\.f\.b\.\d\.\w+", f"{place}layer.1.{kind}.{leaf}"),
            (r".*\.f\.se\.fc1\.\w+", f"{place}layer.2.attention.0.{leaf}"),
            (r".*\.f\.se\.fc2\.\w+", f"{place}layer.2.attention.2.{leaf}"),
            (r".*\.f\.c\.\d\.\w+", f"{place}layer.{last}.{kind}.{leaf}"),
        ]
        found[next(new for pattern, new in rules if re.fullmatch(pattern, name))] = tensor
    return found


def efficientnet(state: Mapping[str, Tensor]) -> State:
    matches = [re.match(r"blocks\.(\d+\.\d+)", name) for name in state]
    places = list(dict.fromkeys(each[1] for each in matches if each))
    found: State = {}
    for name, tensor in state.items():
        block = re.match(r"blocks\.(\d+\.\d+)\.", name)
        place = f"efficientnet.encoder.blocks.{places.index(block[1])}." if block else ""
        first = name.startswith("blocks.0.")
        narrow, wide, wider = "projection.project", "expansion.expand", "depthwise_conv.depthwise"
        norms = (f"{wider}_norm", f"{narrow}_bn", "") if first else (f"{wide}_bn", f"{wider}_norm", f"{narrow}_bn")
        found |= said(
            {name: tensor},
            (r"conv_stem\.(\w+)", r"efficientnet.embeddings.convolution.\1"),
            (r"conv_head\.(\w+)", r"efficientnet.encoder.top_conv.\1"),
            (r"bn1\.(\w+)", r"efficientnet.embeddings.batchnorm.\1"),
            (r"bn2\.(\w+)", r"efficientnet.encoder.top_bn.\1"),
            (r"classifier\.(\w+)", r"classifier.\1"),
            (r".*\.se\.conv_(\w+)\.(\w+)", place + r"squeeze_excite.\1.\2"),
            (r".*\.conv_dw\.(\w+)", place + wider + r"_conv.\1"),
            (r".*\.conv_pwl\.(\w+)", place + narrow + r"_conv.\1"),
            (r".*\.conv_pw\.(\w+)", place + (narrow if first else wide) + r"_conv.\1"),
            *((rf".*\.bn{n}\.(\w+)", place + norms[n - 1] + r".\1") for n in (1, 2, 3)),
        )
    return found


def dinov2(state: Mapping[str, Tensor]) -> State:
    layer = r"dinov2.encoder.layer.\1."
    made = said(
        state,
        (r"cls_token", "dinov2.embeddings.cls_token"),
        (r"pos_embed", "dinov2.embeddings.position_embeddings"),
        (r"patch_embed\.proj\.(\w+)", r"dinov2.embeddings.patch_embeddings.projection.\1"),
        (r"blocks\.(\d+)\.attn\.qkv\.(\w+)", layer + r"attention.attention.*.\2|query|key|value"),
        (r"blocks\.(\d+)\.attn\.proj\.(\w+)", layer + r"attention.output.dense.\2"),
        (r"blocks\.(\d+)\.ls(\d)\.gamma", layer + r"layer_scale\2.lambda1"),
        (r"blocks\.(\d+)\.(norm\d|mlp\.fc\d)\.(\w+)", layer + r"\2.\3"),
        (r"norm\.(\w+)", r"dinov2.layernorm.\1"),
        (r"head\.(\w+)", r"classifier.\1"),
    )
    return made | {"dinov2.embeddings.mask_token": torch.zeros(1, 384)}


class Dino(nn.Module):
    """DINOv2 with a head on its class token and the average of its patches."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.body = of_timm_sized("vit_small_patch14_dinov2", size)
        self.head = nn.Linear(768, 5)

    def forward(self, x: Tensor) -> Tensor:
        features = cast("Callable[[Tensor], Tensor]", self.body.forward_features)
        tokens = features(x)
        return self.head(torch.cat([tokens[:, 0], tokens[:, 1:].mean(1)], 1))

    def saved(self) -> State:
        body = {name: each for name, each in self.body.state_dict().items() if not name.startswith("head.")}
        return dinov2(body | {f"head.{name}": each for name, each in self.head.state_dict().items()})


def deit(state: Mapping[str, Tensor]) -> State:
    """With the distillation token, and one head, which does not read it."""
    made = hugging_vit({name.replace("reg_token", "dist_token"): each for name, each in state.items()}, "deit")
    return {name.replace("cls_classifier", "classifier"): each for name, each in made.items()}


class Distilled(nn.Module):
    """timm's distilled DeiT, of which the class token alone is read."""

    def __init__(self) -> None:
        super().__init__()
        self.body = with_epsilon(of_timm("deit_tiny_distilled_patch16_224"), 1e-12)

    def forward(self, x: Tensor) -> Tensor:
        features = cast("Callable[[Tensor], Tensor]", self.body.forward_features)
        return self.body.get_submodule("head")(features(x)[:, 0])

    def saved(self) -> State:
        state = {name: each for name, each in self.body.state_dict().items() if not name.startswith("head_dist.")}
        return deit(state)


def of_timm_sized(name: str, size: int) -> nn.Module:
    torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]
    made: nn.Module = timm.create_model(name, num_classes=5, img_size=size)
    for parameter in made.parameters():
        parameter.data.add_(torch.randn_like(parameter) * 0.05)
    return made.eval().requires_grad_(False)


def with_tanh(made: nn.Module) -> nn.Module:
    for module in made.modules():
        if isinstance(module, nn.GELU):
            module.approximate = "tanh"
    return made


CASES: dict[str, tuple[Callable[[], nn.Module], Callable[[State], State], str, int]] = {
    "SigLIP": (
        lambda: with_tanh(of_timm("vit_base_patch16_siglip_gap_224")),
        siglip, "timm/vit_base_patch16_siglip_gap_224", 224,
    ),
    "BEiT": (lambda: with_epsilon(of_timm("beit_base_patch16_224"), 1e-12), beit, "timm/beit_base_patch16_224", 224),
    "ConvNeXt V2": (lambda: of_timm("convnextv2_atto"), convnextv2, "timm/convnextv2_atto", 64),
    "ConvNeXt V2, larger": (lambda: of_timm("convnextv2_tiny"), convnextv2, "timm/convnextv2_tiny", 64),
    "RegNet X": (lambda: network("regnet_x_400mf", 5), regnet, "regnet_x_400mf", 64),
    "RegNet Y": (lambda: network("regnet_y_400mf", 5), regnet, "regnet_y_400mf", 64),
    "EfficientNet": (lambda: of_timm("tf_efficientnet_b0"), efficientnet, "timm/tf_efficientnet_b0", 64),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_answers_as_the_plain_network(case: str, tmp_path: Path) -> None:
    make, spell, architecture, side = CASES[case]
    plain = make().half().float()
    state = {name: each.half().contiguous() for name, each in sorted(spell(plain.state_dict()).items())}
    path = tmp_path / "model.safetensors"
    save_file(state, path, {"format": "pt"})
    checkpoint = open_checkpoint(path)
    best, ambiguous = decide(rank(checkpoint), hints_of(checkpoint))
    assert best is not None
    assert (best.architecture, ambiguous, best.num_classes) == (architecture, False, 5)
    torch.manual_seed(1)  # pyright: ignore[reportUnknownMemberType]
    images = torch.randn(2, 3, side, side)
    with torch.inference_mode():
        torch.testing.assert_close(assemble(checkpoint, architecture)(images), plain(images), rtol=1e-4, atol=1e-5)


def test_a_distilled_deit_with_one_head(tmp_path: Path) -> None:
    plain = Distilled()
    save_file(plain.saved(), tmp_path / "model.safetensors")
    checkpoint = open_checkpoint(tmp_path / "model.safetensors")
    best, ambiguous = decide(rank(checkpoint), hints_of(checkpoint))
    assert best is not None
    assert (best.architecture, ambiguous) == ("timm/vit_tiny_patch16_224", False)
    assert "no head reads" in best.variant
    images = torch.randn(2, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(assemble(checkpoint, best.architecture)(images), plain(images), rtol=1e-4, atol=1e-5)


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


def opened(engine: Engine, folder: Path, state: State, config: dict[str, object], crop: int = 224) -> ClassifierInfo:
    folder.mkdir()
    save_file({name: each.contiguous() for name, each in state.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"id2label": {str(n): f"c{n}" for n in range(5)}, **config}))
    processor = {
        "size": {"shortest_edge": crop}, "crop_size": {"height": crop, "width": crop}, "resample": 3,
        "do_center_crop": True, "do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
    }  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return reopened(engine, folder)


def reopened(engine: Engine, folder: Path) -> ClassifierInfo:
    spec = ModelSpec("file", str(folder / "model.safetensors"))
    info = run_steps(engine.open(Context(1, lambda _: None), spec, "cpu"))
    assert isinstance(info, ClassifierInfo)
    return info


def outputs(engine: Engine, images: Tensor) -> Tensor:
    """What the network in use gives."""
    assert engine._current is not None  # pyright: ignore[reportPrivateUsage]
    with torch.inference_mode():
        return engine._current._network(images)  # pyright: ignore[reportPrivateUsage]


class TestConfigurations:
    def test_epsilon(self, engine: Engine, tmp_path: Path) -> None:
        plain = with_epsilon(of_timm("vit_tiny_patch16_224"), 0.02)
        config: dict[str, object] = {"model_type": "vit", "layer_norm_eps": 0.02, "num_attention_heads": 3}
        info = opened(engine, tmp_path / "a", hugging_vit(plain.state_dict()), config)
        images = torch.randn(1, 3, 224, 224)
        wanted = plain(images)
        torch.testing.assert_close(outputs(engine, images), wanted, rtol=1e-4, atol=1e-5)
        assert not info.ambiguous
        # What is saved has it, too.
        assert engine._current is not None  # pyright: ignore[reportPrivateUsage]
        (tmp_path / "b").mkdir()
        save_model(tmp_path / "b" / "model.safetensors", info, engine._current.tensors)  # pyright: ignore[reportPrivateUsage]
        reopened(engine, tmp_path / "b")
        torch.testing.assert_close(outputs(engine, images), wanted, rtol=1e-4, atol=1e-5)

    def test_gelu(self, engine: Engine, tmp_path: Path) -> None:
        plain = with_tanh(with_epsilon(of_timm("vit_tiny_patch16_224"), 1e-12))
        config: dict[str, object] = {"model_type": "vit", "hidden_act": "gelu_new"}
        info = opened(engine, tmp_path / "a", hugging_vit(plain.state_dict()), config)
        images = torch.randn(1, 3, 224, 224)
        torch.testing.assert_close(outputs(engine, images), plain(images), rtol=1e-4, atol=1e-5)
        assert not info.ambiguous

    @pytest.mark.parametrize(
        ("said_there", "words"), [({"num_attention_heads": 6}, "6 attention heads"), ({"hidden_act": "relu"}, "relu")]
    )
    def test_what_is_not_honoured_is_said(
        self, said_there: dict[str, object], words: str, engine: Engine, tmp_path: Path
    ) -> None:
        state = hugging_vit(of_timm("vit_tiny_patch16_224").state_dict())
        info = opened(engine, tmp_path / "a", state, {"model_type": "vit", **said_there})
        assert info.ambiguous
        assert any(words in notice for notice in info.notices)

    def test_nothing_is_taken_from_what_is_no_transformer(self, engine: Engine, tmp_path: Path) -> None:
        state = hugging_vit(of_timm("vit_tiny_patch16_224").state_dict())
        info = opened(engine, tmp_path / "a", state, {"model_type": "bert", "layer_norm_eps": 0.5})
        assert info.checkpoint.layer_norm_eps == 1e-12


class TestDino:
    def test_at_the_size_of_its_positions(self, engine: Engine, tmp_path: Path) -> None:
        plain = Dino(56)
        info = opened(engine, tmp_path / "a", plain.saved(), {"model_type": "dinov2"}, 56)
        images = torch.randn(1, 3, 56, 56)
        torch.testing.assert_close(outputs(engine, images), plain(images), rtol=1e-4, atol=1e-5)
        assert "class token and the average of the patches" in info.matches[0].variant

    def test_at_another_size(self, engine: Engine, tmp_path: Path) -> None:
        large, plain = Dino(112), Dino(56)
        state = dict(large.body.state_dict())
        grid = state["pos_embed"][:, 1:].transpose(1, 2).reshape(1, 384, 8, 8)
        small = functional.interpolate(grid, size=(4, 4), mode="bicubic", align_corners=False)
        state["pos_embed"] = torch.cat([state["pos_embed"][:, :1], small.flatten(2).transpose(1, 2)], 1)
        plain.body.load_state_dict(state)
        plain.head.load_state_dict(large.head.state_dict())
        info = opened(engine, tmp_path / "a", large.saved(), {"model_type": "dinov2"}, 56)
        images = torch.randn(1, 3, 56, 56)
        torch.testing.assert_close(outputs(engine, images), plain(images), rtol=1e-4, atol=1e-5)
        assert "positions brought from 8 to 4 a side" in info.matches[0].evidence
