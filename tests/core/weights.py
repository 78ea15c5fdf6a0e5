"""Weights files for tests: networks with random weights, made by torchvision's own constructors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]
from torch import Tensor, nn
from torchvision import models

AUXILIARY = ("googlenet", "inception_v3")
StateDict = dict[str, Tensor]


def network(architecture: str, num_classes: int = 7, seed: int = 0, **options: object) -> nn.Module:
    """A network in eval mode, every tensor of which matters to its answer."""
    torch.manual_seed(seed)  # pyright: ignore[reportUnknownMemberType]
    if architecture in AUXILIARY:
        options = {"init_weights": False, **options}
    made = models.get_model(architecture, weights=None, num_classes=num_classes, **options)
    for name, buffer in made.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(0, 0.1)
        elif name.endswith("running_var"):
            buffer.uniform_(0.5, 1.5)
        elif name.endswith("num_batches_tracked"):
            buffer.fill_(5)
    for name, parameter in made.named_parameters():
        if parameter.dim() == 1 or name.endswith(("layer_scale", "class_token")):
            # What starts at zero or one would hide a tensor that was not loaded.
            parameter.data.add_(torch.randn_like(parameter) * 0.05)
        elif parameter.numel() < 10_000_000:
            # Without this, what the first layers do never reaches the scores of a deep untrained network.
            nn.init.kaiming_normal_(parameter)
    return made.eval().requires_grad_(False)


def scores(net: nn.Module, side: int) -> Tensor:
    """Outputs for two fixed pictures, (2, classes), as parts of the largest: untrained ones may be huge."""
    torch.manual_seed(1)  # pyright: ignore[reportUnknownMemberType]
    with torch.inference_mode():
        outputs = net(torch.randn(2, 3, side, side))
    return outputs / outputs.abs().max()


def save_safe(state: Mapping[str, Tensor], path: Path, metadata: dict[str, str] | None = None) -> Path:
    """With the safetensors library."""
    save_file(dict(state), path, metadata)
    return path


def save(value: object, path: Path, *, legacy: bool = False) -> Path:
    """With torch.save, in the form of today or in that of before PyTorch 1.6."""
    torch.save(value, path, _use_new_zipfile_serialization=not legacy)
    return path
