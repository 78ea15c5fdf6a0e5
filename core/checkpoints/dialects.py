"""Networks that are known here, in the names that other libraries give their parts.

Hugging Face's transformers, EfficientNet-PyTorch and the two CIFAR collections that most people train with build
the very networks of torchvision and timm, and call their layers otherwise.  Each dialect is a table of names; where
one library keeps in three tensors what the other keeps in one (query, key and value), these are put together.
Sources: the modules ``modeling_vit``, ``modeling_deit``, ``modeling_swin``, ``modeling_convnext`` and
``modeling_resnet`` of transformers; ``efficientnet_pytorch/model.py``; ``models/resnet.py`` of kuangliu/pytorch-cifar
and of weiaicunzai/pytorch-cifar100.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.checkpoints.dictionaries import QKV, Dictionary, Shapes, fused, put_together, table
from core.checkpoints.families import FAMILIES, Family, numbered_in_stages
from core.fingerprints import changed_fits, exact_fits


@dataclass(frozen=True)
class Translation:
    """Tensors of a known network under another library's names.

    Attributes:
        prefix: what stands before every name.
        names: by the architecture's names, the names as written; several are to be put one behind the other.
        shapes: by the architecture's names.
        note: whose names they are, in a person's words.
        meant: id of the architecture that the library means, where others have the same tensors.
        epsilon: what its layer normalisations add to the variance, where that is another number than here; else 0.
        tanh: whether its GELUs are approximated with the hyperbolic tangent.
    """

    prefix: str
    names: Mapping[str, tuple[str, ...]]
    shapes: Shapes
    note: str
    meant: str = ""
    epsilon: float = 0.0
    tanh: bool = False


def translated(shapes: Shapes) -> Translation | None:
    """The names with which tensors fit an architecture, if one of the dialects has theirs; else ``None``.

    Args:
        shapes: by the names as written.
    """
    for anchor, dictionary, note, family in _DIALECTS:
        first = next((found for name in shapes if (found := anchor.match(name))), None)
        if first is None or not all(name.startswith(first[1]) for name in shapes):
            continue
        below = {name.removeprefix(first[1]): shape for name, shape in shapes.items()}
        names = dictionary(below)
        made = put_together(below, names) if names is not None else None
        if made is None:
            continue
        parts, whole = made
        fits = exact_fits(whole) or changed_fits(whole)
        if fits:
            written = {name: tuple(first[1] + raw for raw in below) for name, below in parts.items()}
            if family is not None:
                known = [fit.architecture for fit in fits if re.fullmatch(family.meant, fit.architecture)]
                meant, epsilon = min(known, key=lambda name: (len(name), name), default=""), family.epsilon
            else:
                # None of these libraries has timm's other networks with the same tensors, such as resnetblur18.
                meant = _meant(whole) or fits[0].architecture
                epsilon = _EPSILON if dictionary in _WITH_EPSILON else 0.0
            tanh = family is not None and family.tanh
            return Translation(first[1], written, whole, note, meant, epsilon, tanh)
    return None


_NORMS = {"before": 1, "after": 2}


_EPSILON = 1e-12
"""The default ``layer_norm_eps`` of ``ViTConfig`` and ``DeiTConfig``; torchvision and timm have 1e-6."""
_VIT = "(?:vit|deit)"
_LAYER = _VIT + r"\.(?:encoder\.layer|layers)\.(\d+)"
_ATTENTION = r"\.attention\.(?:attention\.(?=query|key|value))?(query|key|value|[qkv]_proj)\.(weight|bias)"
_AFTER_ATTENTION = r"\.attention\.(?:output\.dense|o_proj)\.(.*)"
_WIDER = r"\.(?:intermediate\.dense|mlp\.fc1)\.(.*)"
_NARROWER = r"\.(?:output\.dense|mlp\.fc2)\.(.*)"

_vit_of_timm = table(
    (_VIT + r"\.embeddings\.cls_token", "cls_token"),
    (_VIT + r"\.embeddings\.distillation_token", "dist_token"),
    (_VIT + r"\.embeddings\.position_embeddings", "pos_embed"),
    (_VIT + r"\.embeddings\.patch_embeddings\.projection\.(.*)", r"patch_embed.proj.\1"),
    (_LAYER + _ATTENTION, fused("blocks.{0}.attn.qkv.{leaf}")),
    (_LAYER + _AFTER_ATTENTION, r"blocks.\1.attn.proj.\2"),
    (_LAYER + _WIDER, r"blocks.\1.mlp.fc1.\2"),
    (_LAYER + _NARROWER, r"blocks.\1.mlp.fc2.\2"),
    (
        _LAYER + r"\.layernorm_(before|after)\.(.*)",
        lambda found: f"blocks.{found[1]}.norm{_NORMS[found[2]]}.{found[3]}",
    ),
    (_VIT + r"\.layernorm\.(.*)", r"norm.\1"),
    (r"(?:cls_)?classifier\.(.*)", r"head.\1"),
    (r"distillation_classifier\.(.*)", r"head_dist.\1"),
)


def _deit_with_one_head(shapes: Shapes) -> Mapping[str, str] | None:
    """``DeiTForImageClassification``: it has the distillation token, and no head reads it."""
    names = None if "distillation_classifier.weight" in shapes else _vit_of_timm(shapes)
    return None if names is None else {raw: "reg_token" if new == "dist_token" else new for raw, new in names.items()}


_ENCODER = "encoder.layers.encoder_layer_"
_vit_of_torchvision = table(
    (_VIT + r"\.embeddings\.cls_token", "class_token"),
    (_VIT + r"\.embeddings\.position_embeddings", "encoder.pos_embedding"),
    (_VIT + r"\.embeddings\.patch_embeddings\.projection\.(.*)", r"conv_proj.\1"),
    (_LAYER + _ATTENTION, fused(_ENCODER + "{0}.self_attention.in_proj_{leaf}")),
    (_LAYER + _AFTER_ATTENTION, _ENCODER + r"\1.self_attention.out_proj.\2"),
    (_LAYER + _WIDER, _ENCODER + r"\1.mlp.0.\2"),
    (_LAYER + _NARROWER, _ENCODER + r"\1.mlp.3.\2"),
    (
        _LAYER + r"\.layernorm_(before|after)\.(.*)",
        lambda found: f"{_ENCODER}{found[1]}.ln_{_NORMS[found[2]]}.{found[3]}",
    ),
    (_VIT + r"\.layernorm\.(.*)", r"encoder.ln.\1"),
    (r"classifier\.(.*)", r"heads.head.\1"),
)

_SWIN = r"swin\.encoder\.layers\.(\d+)\.blocks\.(\d+)"
_WINDOWS = r"\.attention\.(?:self\.(?=query|key|value))?(query|key|value|[qkv]_proj)\.(weight|bias)"


def _swin(
    patches: str, place: Callable[[str], str], merging: Callable[[str], str], mlp: Sequence[str], head: str
) -> Dictionary:
    """Swin, as timm or torchvision calls it.

    Args:
        patches: the names of the first convolution and the normalisation behind it.
        place: of a stage's number, what its blocks are called.
        merging: of a stage's number, what makes its output smaller.
        mlp: the two layers in a block's second half.
        head: of the last layer.
    """
    convolution, norm = patches.split()
    return table(
        (r"swin\.embeddings\.patch_embeddings\.projection\.(.*)", rf"{convolution}.\1"),
        (r"swin\.embeddings\.norm\.(.*)", rf"{norm}.\1"),
        (
            _SWIN + _WINDOWS,
            lambda found: f"{place(found[1])}.{found[2]}.attn.qkv.{found[4]}#{QKV[found[3]]}",
        ),
        (_SWIN + r"\.attention\.(?:self|relative_position_bias)\.relative_position_index", ""),
        (
            _SWIN + r"\.attention\.(?:self|relative_position_bias)\.relative_position_bias_table",
            lambda found: f"{place(found[1])}.{found[2]}.attn.relative_position_bias_table",
        ),
        (
            _SWIN + _AFTER_ATTENTION,
            lambda found: f"{place(found[1])}.{found[2]}.attn.proj.{found[3]}",
        ),
        (_SWIN + _WIDER, lambda found: f"{place(found[1])}.{found[2]}.mlp.{mlp[0]}.{found[3]}"),
        (_SWIN + _NARROWER, lambda found: f"{place(found[1])}.{found[2]}.mlp.{mlp[1]}.{found[3]}"),
        (
            _SWIN + r"\.layernorm_(before|after)\.(.*)",
            lambda found: f"{place(found[1])}.{found[2]}.norm{_NORMS[found[3]]}.{found[4]}",
        ),
        (r"swin\.encoder\.layers\.(\d+)\.downsample\.(.*)", lambda found: f"{merging(found[1])}.{found[2]}"),
        (r"swin\.layernorm\.(.*)", r"norm.\1"),
        (r"classifier\.(.*)", rf"{head}.\1"),
    )


_swin_of_torchvision = _swin(
    "features.0.0 features.0.2",
    lambda stage: f"features.{2 * int(stage) + 1}",
    lambda stage: f"features.{2 * int(stage) + 2}",
    ("0", "3"),
    "head",
)
_swin_of_timm = _swin(
    "patch_embed.proj patch_embed.norm",
    lambda stage: f"layers.{stage}.blocks",
    lambda stage: f"layers.{int(stage) + 1}.downsample",
    ("fc1", "fc2"),
    "head.fc",
)

_STAGE = r"convnext\.encoder\.stages\.(\d+)"
_convnext = table(
    (r"convnext\.embeddings\.patch_embeddings\.(.*)", r"stem.0.\1"),
    (r"convnext\.embeddings\.layernorm\.(.*)", r"stem.1.\1"),
    (_STAGE + r"\.downsampling_layer\.(\d)\.(.*)", r"stages.\1.downsample.\2.\3"),
    (_STAGE + r"\.layers\.(\d+)\.dwconv\.(.*)", r"stages.\1.blocks.\2.conv_dw.\3"),
    (_STAGE + r"\.layers\.(\d+)\.layernorm\.(.*)", r"stages.\1.blocks.\2.norm.\3"),
    (_STAGE + r"\.layers\.(\d+)\.pwconv([12])\.(.*)", r"stages.\1.blocks.\2.mlp.fc\3.\4"),
    (_STAGE + r"\.layers\.(\d+)\.layer_scale_parameter", r"stages.\1.blocks.\2.gamma"),
    (r"convnext\.layernorm\.(.*)", r"head.norm.\1"),
    (r"classifier\.(.*)", r"head.fc.\1"),
)

_KINDS = {"convolution": "conv", "normalization": "bn"}
_SHORTCUT = {"convolution": 0, "normalization": 1}
_LAYERS = r"resnet\.encoder\.stages\.(\d+)\.layers\.(\d+)"
_resnet_of_transformers = table(
    (r"resnet\.embedder\.embedder\.convolution\.(.*)", r"conv1.\1"),
    (r"resnet\.embedder\.embedder\.normalization\.(.*)", r"bn1.\1"),
    (
        _LAYERS + r"\.layer\.(\d)\.(convolution|normalization)\.(.*)",
        lambda found: f"layer{int(found[1]) + 1}.{found[2]}.{_KINDS[found[4]]}{int(found[3]) + 1}.{found[5]}",
    ),
    (
        _LAYERS + r"\.shortcut\.(convolution|normalization)\.(.*)",
        lambda found: f"layer{int(found[1]) + 1}.{found[2]}.downsample.{_SHORTCUT[found[3]]}.{found[4]}",
    ),
    (r"classifier\.1\.(.*)", r"fc.\1"),
)
_resnet_of_pytorch_cifar = table(
    (r"(layer\d\.\d+)\.shortcut\.(.*)", r"\1.downsample.\2"),
    (r"linear\.(.*)", r"fc.\1"),
    (r"((?:conv1|bn1|layer\d\.\d+\.(?:conv|bn)\d)\..*)", r"\1"),
)


def _in_row(place: int) -> str:
    """What stands at a place in a row of convolution, normalisation, activation, convolution and so on."""
    return f"{('conv', 'bn')[place % 3]}{place // 3 + 1}"


_resnet_of_pytorch_cifar100 = table(
    (r"conv1\.0\.(.*)", r"conv1.\1"),
    (r"conv1\.1\.(.*)", r"bn1.\1"),
    (
        r"conv([2-5])_x\.(\d+)\.residual_function\.([013467])\.(.*)",
        lambda found: f"layer{int(found[1]) - 1}.{found[2]}.{_in_row(int(found[3]))}.{found[4]}",
    ),
    (
        r"conv([2-5])_x\.(\d+)\.shortcut\.(.*)",
        lambda found: f"layer{int(found[1]) - 1}.{found[2]}.downsample.{found[3]}",
    ),
    (r"(fc\..*)", r"\1"),
)

_FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_LATER = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_SQUEEZE = {"_se_reduce": "se.conv_reduce", "_se_expand": "se.conv_expand"}
_ENDS = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}


def _efficientnet(shapes: Shapes) -> dict[str, str] | None:
    """EfficientNet-PyTorch numbers all blocks; timm numbers stages, each of which begins where the width changes."""
    places = numbered_in_stages(shapes, "_blocks.{}._project_conv.weight")
    names: dict[str, str] = {}
    for raw in shapes:
        first, _, leaf = raw.partition(".")
        if first != "_blocks":
            new = _ENDS.get(first)
            if new is None:
                return None
            names[raw] = f"{new}.{leaf}"
            continue
        number, _, rest = leaf.partition(".")
        own, _, leaf = rest.partition(".")
        place = places.get(number)
        if place is None:
            return None
        new = _SQUEEZE.get(own) or (_FIRST if place[0] == 0 else _LATER).get(own)
        if new is None:
            return None
        names[raw] = f"blocks.{place[0]}.{place[1]}.{new}.{leaf}"
    return names


_EFFICIENTNETS = {(16, 1280): 0, (23, 1280): 1, (23, 1408): 2, (26, 1536): 3, (32, 1792): 4, (39, 2048): 5} | {
    (45, 2304): 6,
    (55, 2560): 7,
    (61, 2816): 8,
}
"""EfficientNet's number, by how many blocks it has and how wide its last convolution is."""
_WIDTHS = {192: "tiny", 384: "small", 768: "base", 1024: "large", 1280: "huge"}


def _meant(shapes: Shapes) -> str:
    """The id that tells a network from others with the same tensors."""
    if "conv_stem.weight" in shapes:
        blocks = sum(bool(re.fullmatch(r"blocks\.\d+\.\d+\.conv_dw\.weight", name)) for name in shapes)
        number = _EFFICIENTNETS.get((blocks, shapes.get("conv_head.weight", (0,))[0]))
        return "" if number is None else f"timm/tf_efficientnet_b{number}"
    if "pos_embed" in shapes and "patch_embed.proj.weight" in shapes:
        width, _, patch, _ = shapes["patch_embed.proj.weight"]
        tokens = shapes["pos_embed"][1] - 1 - ("dist_token" in shapes) - ("reg_token" in shapes)
        size = _WIDTHS.get(width, "")
        start = f"deit_{size}_distilled" if "dist_token" in shapes else f"vit_{size}"
        return f"timm/{start}_patch{patch}_{round(tokens**0.5) * patch}"
    return ""


_WITH_EPSILON = (_vit_of_torchvision, _vit_of_timm, _deit_with_one_head)


def _from(library: str) -> str:
    return f"its names are those of {library}"


_TRANSFORMERS = _from("Hugging Face's transformers")
_DIALECTS: Sequence[tuple[re.Pattern[str], Dictionary, str, Family | None]] = tuple(
    (re.compile(rf"((?:.*\.)?){anchor}$"), dictionary, note, family)
    for anchor, dictionary, note, family in (
        *((each.anchor, each.dictionary, _TRANSFORMERS, each) for each in FAMILIES),
        (_VIT + r"\.embeddings\.cls_token", _vit_of_torchvision, _TRANSFORMERS, None),
        (_VIT + r"\.embeddings\.cls_token", _vit_of_timm, _TRANSFORMERS, None),
        (r"deit\.embeddings\.distillation_token", _deit_with_one_head, _TRANSFORMERS, None),
        (r"swin\.embeddings\.norm\.weight", _swin_of_torchvision, _TRANSFORMERS, None),
        (r"swin\.embeddings\.norm\.weight", _swin_of_timm, _TRANSFORMERS, None),
        (r"convnext\.embeddings\.layernorm\.weight", _convnext, _TRANSFORMERS, None),
        (r"resnet\.embedder\.embedder\.convolution\.weight", _resnet_of_transformers, _TRANSFORMERS, None),
        (r"layer2\.0\.shortcut\.0\.weight", _resnet_of_pytorch_cifar, _from("pytorch-cifar"), None),
        (
            r"conv2_x\.0\.residual_function\.0\.weight",
            _resnet_of_pytorch_cifar100,
            _from("pytorch-cifar100"),
            None,
        ),
        (r"_blocks\.0\._depthwise_conv\.weight", _efficientnet, _from("EfficientNet-PyTorch"), None),
    )
)
