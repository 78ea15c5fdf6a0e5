"""The layers that fastai puts behind a network's body, written anew: fastai itself is not needed for its files.

After ``fastai/layers.py`` of fastai 1.0 and 2.8 (Apache-2.0), as far as their attributes and answers go.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class AdaptiveConcatPool2d(nn.Module):
    """Maximum and average of each feature, one after the other: (N, C, H, W) -> (N, 2 C, size, size)."""

    ap: nn.Module
    mp: nn.Module

    def forward(self, features: Tensor) -> Tensor:
        """The maxima, then the averages."""
        return torch.cat([self.mp(features), self.ap(features)], 1)


class Flatten(nn.Module):
    """(N, ...) -> (N, numbers); with ``full``, which no classifier sets, one row for all."""

    full: bool

    def forward(self, values: Tensor) -> Tensor:
        """The same numbers in a row."""
        return values.reshape(-1) if self.full else values.reshape(len(values), -1)


LAYERS: dict[str, type[nn.Module]] = {
    "fastai.layers.AdaptiveConcatPool2d": AdaptiveConcatPool2d,
    "fastai.layers.Flatten": Flatten,
}
"""By the names that are pickled."""
