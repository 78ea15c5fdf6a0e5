"""The two ends of a network, told by names and shapes alone: how many channels go in, how many numbers come out.

For networks that are of no known architecture.  A .safetensors file may be sorted by name, so what comes last in a
file need not be the last layer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]

_HEAD = re.compile(
    r"(^|\.)(fc|fcs|classifier|classif|cls|heads?|output|out|out_layer|last_linear|logits?|linear|dense|predictions?"
    r"|to_logits|mlp_head|final|last|top|score)\d*(\.|$)",
    re.IGNORECASE,
)
_STEM = re.compile(
    r"(^|\.)(conv1|conv_?1|conv_?0|stem|conv_stem|features\.0|patch_embed|first|input|inp|init|c1)(\.|$)"
)
_AUXILIARY = re.compile(r"(^|\.)(aux\w*|auxlogits)\.", re.IGNORECASE)
_INSIDE = re.compile(
    r"(qkv|q_proj|k_proj|v_proj|query|key|value|in_proj|attn|attention|embed|pos|norm|bn|relative|downsample|shortcut)"
)


def head_size(shapes: Shapes) -> int:
    """How many numbers the last layer gives; 0 where no layer looks like one.

    Preferred are layers with a last layer's name, then those whose numbers no other layer takes, then those that
    come later: in the file's order, or, where it is sorted, in the order of the numbers in their names.
    """
    layers = [name for name, shape in shapes.items() if _is_linear(name, shape)]
    if not layers:
        return 0
    order = {name: position for position, name in enumerate(_in_order(shapes, layers))}
    taken = {shapes[name][1] for name in layers}

    def rank(name: str) -> tuple[bool, bool, int]:
        out = shapes[name][0]
        feeds = any(shapes[other][1] == out for other in layers if other != name) if out in taken else False
        return bool(_HEAD.search(name.rpartition(".")[0])), not feeds, order[name]

    plain = [name for name in layers if not _AUXILIARY.search(name)] or layers
    return shapes[max(plain, key=rank)][0]


def stem_channels(shapes: Shapes) -> int:
    """How many channels the first convolution takes; 0 where there is none."""
    layers = [name for name, shape in shapes.items() if len(shape) == 4 and _is_weight(name)]
    if not layers:
        return 0
    ordered = _in_order(shapes, layers)
    named = [name for name in ordered if _STEM.search(name)]
    first = min(named, key=lambda name: name.count("."), default=ordered[0])
    # What is called so deep inside is a block's own: in a numbered network the first has no name.
    first = ordered[0] if ordered[0].count(".") < first.count(".") else first
    # A depthwise convolution takes one channel at a time, whatever comes in.
    return shapes[first][1]


def _is_weight(name: str) -> bool:
    return name.rpartition(".")[2] in ("weight", "weight_v", "weight_orig", "kernel")


def _is_linear(name: str, shape: Shape) -> bool:
    """A fully connected layer, or a 1 x 1 convolution, which some networks end in."""
    if not _is_weight(name) or _INSIDE.search(name.lower()):
        return False
    return len(shape) == 2 or (len(shape) == 4 and shape[2:] == (1, 1))


def _in_order(shapes: Shapes, chosen: list[str]) -> list[str]:
    """Names in the order of the network, as well as it can be told."""
    names = list(shapes)
    return sorted(chosen, key=_natural) if names == sorted(names) else chosen


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
