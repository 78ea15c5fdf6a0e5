"""A transformer's layers as the configuration beside its weights says: honoured where they can be, else said."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import nn
from torch.nn import functional

from core.building import Built
from core.checkpoints import TANH, Checkpoint
from core.checkpoints.values import shown
from core.preprocessing import Preprocessing
from core.sidecars import LayerSettings

TRANSFORMERS = "Hugging Face's transformers"
"""What ``CheckpointSummary.note`` says of networks that were translated from it."""

_TANH = (TANH, "gelu_new", "gelu_fast")
"""Its words for GELUs that are approximated with the hyperbolic tangent, all with the same formula."""
_GELU = ("gelu", "gelu_python")


def configured(checkpoint: Checkpoint, said: LayerSettings) -> Checkpoint:
    """A checkpoint whose layers will be built as a configuration says.

    Args:
        checkpoint: of a transformer of Hugging Face's.
        said: by the configuration beside it.
    """
    about = checkpoint.about
    tanh = said.activation in _TANH or (about.tanh_gelu and said.activation not in _GELU)
    epsilon = said.layer_norm_eps or about.layer_norm_eps
    return replace(checkpoint, about=replace(about, layer_norm_eps=epsilon, tanh_gelu=tanh))


def for_size(checkpoint: Checkpoint, said: LayerSettings, preprocessing: Preprocessing | None) -> Checkpoint:
    """A DINOv2 with the positions of its patches as it uses them for images of the size that it was fine-tuned with.

    As ``Dinov2Embeddings.interpolate_pos_encoding`` of transformers does for each image: bicubic, without antialias.
    """
    positions = checkpoint.tensors.get("pos_embed")
    patches = checkpoint.tensors.get("patch_embed.proj.weight")
    if said.kind != "dinov2" or preprocessing is None or positions is None or patches is None:
        return checkpoint
    height, width = preprocessing.crop or preprocessing.size
    steps, side = height // patches.shape[-1], math.isqrt(positions.shape[1] - 1)
    if height != width or steps in (0, side) or side * side != positions.shape[1] - 1:
        return checkpoint
    grid = positions[:, 1:].float().reshape(1, side, side, -1).permute(0, 3, 1, 2)
    grid = functional.interpolate(grid, size=(steps, steps), mode="bicubic", align_corners=False)
    changed = torch.cat([positions[:, :1].float(), grid.permute(0, 2, 3, 1).flatten(1, 2)], 1)
    note = f"{checkpoint.about.note}; its positions brought from {side} to {steps} a side, as {said.file}'s images need"
    about = replace(checkpoint.about, note=note)
    return replace(checkpoint, about=about, tensors={**checkpoint.tensors, "pos_embed": changed})


def with_differences(built: Built, said: LayerSettings) -> Built:
    """A network with what the configuration says otherwise, and what is not honoured."""
    found: list[str] = []
    heads = next((heads for module in built.network.modules() if (heads := _heads(module))), 0)
    if said.heads and heads and said.heads != heads:
        found.append(f"{said.heads} attention heads, where {built.architecture} has {heads}")
    if said.activation and said.activation not in (*_TANH, *_GELU):
        found.append(f"the activation {shown(said.activation, 30)}, where {built.architecture} has GELU")
    if not found:
        return built
    notice = f"{said.file} asks for {' and '.join(found)}: the answers are not those of the network that was trained."
    return replace(built, ambiguous=True, notices=(*built.notices, notice))


def _heads(module: nn.Module) -> int:
    heads = getattr(module, "num_heads", 0)
    return heads if isinstance(heads, int) else 0
