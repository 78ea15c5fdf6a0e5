"""More families of Hugging Face's transformers, by the names that it gives their parts.

Each is a network of timm's or torchvision's that computes the same.  Sources: the modules ``modeling_siglip``,
``modeling_beit``, ``modeling_convnextv2``, ``modeling_regnet``, ``modeling_efficientnet`` and ``modeling_dinov2`` of
transformers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.checkpoints.dictionaries import Dictionary, Shapes, fused, table


@dataclass(frozen=True)
class Family:
    """A kind of network.

    Attributes:
        anchor: a pattern of a name that each has.
        dictionary: the names.
        meant: a pattern of the architectures that it is, where others have the same tensors.
        epsilon: what its layer normalisations add to the variance, where that is another number than here; else 0.
        tanh: whether its GELUs are approximated with the hyperbolic tangent.
    """

    anchor: str
    dictionary: Dictionary
    meant: str
    epsilon: float = 0.0
    tanh: bool = False


_SIGLIP = r"vision_model\.encoder\.layers\.(\d+)"
_siglip = table(
    (r"vision_model\.embeddings\.patch_embedding\.(.*)", r"patch_embed.proj.\1"),
    (r"vision_model\.embeddings\.position_embedding\.weight", "pos_embed^1"),
    (r"vision_model\.embeddings\.position_ids", ""),
    (_SIGLIP + r"\.self_attn\.([qkv]_proj)\.(weight|bias)", fused("blocks.{0}.attn.qkv.{leaf}")),
    (_SIGLIP + r"\.self_attn\.out_proj\.(.*)", r"blocks.\1.attn.proj.\2"),
    (_SIGLIP + r"\.layer_norm([12])\.(.*)", r"blocks.\1.norm\2.\3"),
    (_SIGLIP + r"\.mlp\.fc([12])\.(.*)", r"blocks.\1.mlp.fc\2.\3"),
    (r"vision_model\.post_layernorm\.(.*)", r"norm.\1"),
    # Its attention pooling takes no part in the answer.
    (r"vision_model\.head\..*", ""),
    (r"classifier\.(.*)", r"head.\1"),
)

_NORMS = {"before": 1, "after": 2}
_BEIT = r"beit\.(?:encoder\.layer|layers)\.(\d+)"
_IN_BEIT = _BEIT + r"\.attention\.(?:attention\.(?=query|key|value))?"
_beit = table(
    (r"beit\.embeddings\.cls_token", "cls_token"),
    (r"beit\.embeddings\.mask_token", ""),
    (r"beit\.embeddings\.patch_embeddings\.projection\.(.*)", r"patch_embed.proj.\1"),
    (_IN_BEIT + r"(query|key|value|[qkv]_proj)\.(weight)", fused("blocks.{0}.attn.qkv.{leaf}")),
    (_IN_BEIT + r"(?:query|q_proj)\.bias", r"blocks.\1.attn.q_bias"),
    (_IN_BEIT + r"(?:value|v_proj)\.bias", r"blocks.\1.attn.v_bias"),
    (_BEIT + r"\.attention\.(?:output\.dense|o_proj)\.(.*)", r"blocks.\1.attn.proj.\2"),
    (
        _BEIT + r"(?:\.attention\.attention)?\.relative_position_bias\.relative_position_bias_table",
        r"blocks.\1.attn.relative_position_bias_table",
    ),
    (_BEIT + r"(?:\.attention\.attention)?\.relative_position_bias\.relative_position_index", ""),
    (_BEIT + r"\.lambda_([12])", r"blocks.\1.gamma_\2"),
    (_BEIT + r"\.layernorm_(before|after)\.(.*)", lambda found: f"blocks.{found[1]}.norm{_NORMS[found[2]]}.{found[3]}"),
    (_BEIT + r"\.(?:intermediate\.dense|mlp\.fc1)\.(.*)", r"blocks.\1.mlp.fc1.\2"),
    (_BEIT + r"\.(?:output\.dense|mlp\.fc2)\.(.*)", r"blocks.\1.mlp.fc2.\2"),
    (r"beit\.pooler\.layernorm\.(.*)", r"fc_norm.\1"),
    (r"classifier\.(.*)", r"head.\1"),
)

_STAGE = r"convnextv2\.encoder\.stages\.(\d+)"


def _convnextv2(form: str) -> Dictionary:
    """ConvNeXt V2, whose small networks have 1 x 1 convolutions in timm where others have linear layers."""
    return table(
        (r"convnextv2\.embeddings\.patch_embeddings\.(.*)", r"stem.0.\1"),
        (r"convnextv2\.embeddings\.layernorm\.(.*)", r"stem.1.\1"),
        (_STAGE + r"\.downsampling_layer\.(\d)\.(.*)", r"stages.\1.downsample.\2.\3"),
        (_STAGE + r"\.layers\.(\d+)\.dwconv\.(.*)", r"stages.\1.blocks.\2.conv_dw.\3"),
        (_STAGE + r"\.layers\.(\d+)\.layernorm\.(.*)", r"stages.\1.blocks.\2.norm.\3"),
        (_STAGE + r"\.layers\.(\d+)\.pwconv([12])\.weight", r"stages.\1.blocks.\2.mlp.fc\3.weight" + form),
        (_STAGE + r"\.layers\.(\d+)\.pwconv([12])\.bias", r"stages.\1.blocks.\2.mlp.fc\3.bias"),
        (_STAGE + r"\.layers\.(\d+)\.grn\.(?:weight|gamma)", r"stages.\1.blocks.\2.mlp.grn.weight^0"),
        (_STAGE + r"\.layers\.(\d+)\.grn\.(?:bias|beta)", r"stages.\1.blocks.\2.mlp.grn.bias^0"),
        (r"convnextv2\.layernorm\.(.*)", r"head.norm.\1"),
        (r"classifier\.(.*)", r"head.fc.\1"),
    )


_LEAF = {"convolution": 0, "normalization": 1}
_REGNET = r"regnet\.encoder\.stages\.(\d+)\.layers\.(\d+)"


def _block(found: re.Match[str]) -> str:
    return f"trunk_output.block{int(found[1]) + 1}.block{int(found[1]) + 1}-{found[2]}"


_regnet = table(
    (
        r"regnet\.embedder\.embedder\.(convolution|normalization)\.(.*)",
        lambda found: f"stem.{_LEAF[found[1]]}.{found[2]}",
    ),
    (
        _REGNET + r"\.shortcut\.(convolution|normalization)\.(.*)",
        lambda found: f"{_block(found)}.proj.{_LEAF[found[3]]}.{found[4]}",
    ),
    (
        # Of a Y, the third place is the squeeze and excitation; of an X, it is the last convolution.
        _REGNET + r"\.layer\.([0123])\.(convolution|normalization)\.(.*)",
        lambda found: f"{_block(found)}.f.{'abcc'[int(found[3])]}.{_LEAF[found[4]]}.{found[5]}",
    ),
    (
        _REGNET + r"\.layer\.2\.attention\.([02])\.(.*)",
        lambda found: f"{_block(found)}.f.se.fc{int(found[3]) // 2 + 1}.{found[4]}",
    ),
    (r"classifier\.1\.(.*)", r"fc.\1"),
)

_DINO = r"dinov2\.encoder\.layers?\.(\d+)"
_IN_DINO = _DINO + r"\.attention\.(?:attention\.(?=query|key|value))?"
_dinov2 = table(
    (r"dinov2\.embeddings\.cls_token", "cls_token"),
    (r"dinov2\.embeddings\.mask_token", ""),
    (r"dinov2\.embeddings\.position_embeddings", "pos_embed"),
    (r"dinov2\.embeddings\.patch_embeddings\.projection\.(.*)", r"patch_embed.proj.\1"),
    (_IN_DINO + r"(query|key|value|[qkv]_proj)\.(weight|bias)", fused("blocks.{0}.attn.qkv.{leaf}")),
    (_DINO + r"\.attention\.(?:output\.dense|o_proj)\.(.*)", r"blocks.\1.attn.proj.\2"),
    (_DINO + r"\.layer_scale([12])\.lambda1", r"blocks.\1.ls\2.gamma"),
    (_DINO + r"\.norm([12])\.(.*)", r"blocks.\1.norm\2.\3"),
    (_DINO + r"\.mlp\.fc([12])\.(.*)", r"blocks.\1.mlp.fc\2.\3"),
    (r"dinov2\.layernorm\.(.*)", r"norm.\1"),
    (r"classifier\.(.*)", r"head.\1"),
)

_FIRST = {
    "depthwise_conv.depthwise_conv": "conv_dw",
    "depthwise_conv.depthwise_norm": "bn1",
    "projection.project_conv": "conv_pw",
    "projection.project_bn": "bn2",
}
_LATER = {
    "expansion.expand_conv": "conv_pw",
    "expansion.expand_bn": "bn1",
    "depthwise_conv.depthwise_conv": "conv_dw",
    "depthwise_conv.depthwise_norm": "bn2",
    "projection.project_conv": "conv_pwl",
    "projection.project_bn": "bn3",
}
_SQUEEZE = {"squeeze_excite.reduce": "se.conv_reduce", "squeeze_excite.expand": "se.conv_expand"}
_ENDS = {
    "efficientnet.embeddings.convolution": "conv_stem",
    "efficientnet.embeddings.batchnorm": "bn1",
    "efficientnet.encoder.top_conv": "conv_head",
    "efficientnet.encoder.top_bn": "bn2",
    "classifier": "classifier",
}
_BLOCK = re.compile(r"efficientnet\.encoder\.blocks\.(\d{1,4})\.(\w+\.\w+)\.(\w+)")


def _efficientnet(shapes: Shapes) -> dict[str, str] | None:
    """All blocks are numbered in a row; timm numbers stages, each of which begins where the width changes."""
    places = numbered_in_stages(shapes, "efficientnet.encoder.blocks.{}.projection.project_conv.weight")
    names: dict[str, str] = {}
    for raw in shapes:
        found = _BLOCK.fullmatch(raw)
        module, _, leaf = raw.rpartition(".")
        if found is None:
            if module not in _ENDS:
                return None
            names[raw] = f"{_ENDS[module]}.{leaf}"
            continue
        place = places.get(found[1])
        own = _SQUEEZE.get(found[2]) or (_FIRST if place and place[0] == 0 else _LATER).get(found[2])
        if place is None or own is None:
            return None
        names[raw] = f"blocks.{place[0]}.{place[1]}.{own}.{found[3]}"
    return names


def numbered_in_stages(shapes: Shapes, projection: str) -> dict[str, tuple[int, int]]:
    """Stage and place in it for each of an EfficientNet's blocks, by their numbers in a row.

    Args:
        shapes: by name.
        projection: what a block's last convolution is called, by its number.
    """
    places: dict[str, tuple[int, int]] = {}
    stage, block, width = -1, 0, 0
    while (made := shapes.get(projection.format(len(places)))) and len(made) == 4:
        stage, block = (stage, block + 1) if made[0] == width else (stage + 1, 0)
        places[str(len(places))], width = (stage, block), made[0]
    return places


FAMILIES: Sequence[Family] = (
    # The default ``hidden_act`` of ``SiglipVisionConfig`` is ``gelu_pytorch_tanh``.
    Family(r"vision_model\.embeddings\.position_embedding\.weight", _siglip, r"timm/vit_\w+_siglip_gap_\d+", tanh=True),
    Family(r"beit\.embeddings\.cls_token", _beit, r"timm/beit_\w+", 1e-12),
    *(
        Family(r"convnextv2\.embeddings\.layernorm\.weight", _convnextv2(form), r"timm/convnextv2_\w+")
        for form in ("", "^x")
    ),
    Family(r"regnet\.embedder\.embedder\.convolution\.weight", _regnet, r"regnet_\w+"),
    Family(r"dinov2\.embeddings\.cls_token", _dinov2, r"timm/vit_\w+_dinov2"),
    Family(r"efficientnet\.embeddings\.convolution\.weight", _efficientnet, r"timm/tf_efficientnet_b\d"),
)
