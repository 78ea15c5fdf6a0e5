"""Networks with what people change in them: the input's channels, the first convolution, the head."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

import torch
from torch import Tensor, nn

from core.errors import MatchError
from core.fingerprints import Layer, NewHead, NewStem

_AVERAGES = ("avgpool", "global_pool")
"""What pools the features of ResNets, in torchvision and in timm."""
POOLING = ("maxpool", "features.pool0")
"""What follows the first convolution of ResNets and DenseNets."""


class MaximumAndAverage(nn.Module):
    """Pools as fastai's ``AdaptiveConcatPool2d``: the maximum of each feature, then the average of each.

    Takes (N, C, H, W), gives (N, 2 C, 1, 1).
    """

    def forward(self, features: Tensor) -> Tensor:
        """The maxima, then the averages."""
        return torch.cat([features.amax((2, 3), keepdim=True), features.mean((2, 3), keepdim=True)], 1)


class ClassAndAverage(nn.Module):
    """Puts a Vision Transformer's class token and the average of its patches one after the other.

    So do the heads of DINOv2 (``Dinov2ForImageClassification`` of transformers, and its authors' ``dinov2_vitb14_lc``).
    Takes (N, tokens, C), the class token first, and gives (N, 2 C).
    """

    def __init__(self, prefix: int) -> None:
        """Args: prefix: tokens that are no patches, the class token among them."""
        super().__init__()
        self._prefix = prefix

    def forward(self, tokens: Tensor) -> Tensor:
        """The class token, then the average."""
        return torch.cat([tokens[:, 0], tokens[:, self._prefix :].mean(1)], 1)


class Chain(nn.Module):
    """Layers in a row, named as in the file that they come from.

    The input is made a row of numbers first, as a head's usually is already.
    """

    def __init__(self, layers: Iterable[tuple[str, nn.Module]]) -> None:
        """Take over layers.

        Args:
            layers: in order; dots in a name make modules within modules.
        """
        super().__init__()
        self._names: list[str] = []
        for name, layer in layers:
            *outer, own = name.split(".")
            place: nn.Module = self
            for part in outer:
                if part not in place._modules:
                    place.add_module(part, nn.Module())
                place = cast(nn.Module, place._modules[part])
            place.add_module(own, layer)
            self._names.append(name)

    def forward(self, values: Tensor) -> Tensor:
        """Numbers for each image, (batch, ...), to numbers for each image, (batch, outputs)."""
        values = values.flatten(1)
        for name in self._names:
            values = self.get_submodule(name)(values)
        return values


def change_channels(network: nn.Module, convolution: str, channels: int) -> None:
    """Put a first convolution for another number of channels in place of a network's own.

    Args:
        network: changed in place.
        convolution: its module's name.
        channels: of the input.
    """
    _set(network, convolution, _convolution(network, convolution, in_channels=channels))


def apply_stem(network: nn.Module, stem: NewStem) -> None:
    """Put another first convolution in place of a network's own; of one for small images, without the max-pooling.

    The weights show the convolution's size and nothing else.  Of what goes with a 3 x 3 one, this is what is usual
    for images of 32 pixels: a stride of 1, and no max-pooling.

    Raises:
        MatchError: the network has no such parts.
    """
    changes: dict[str, object] = {"bias": True} if stem.bias else {}
    if stem.small:
        pooling = next((name for name in POOLING if _has(network, name)), "")
        if not pooling:
            raise MatchError(
                f"A {type(network).__name__} with a 3 x 3 first convolution cannot be built.",
                "What follows its first convolution is not known to be left out for small images.",
                "Choose another architecture.",
            )
        changes |= {"kernel_size": 3, "stride": 1, "padding": 1}
        _set(network, pooling, nn.Identity().eval())
    _set(network, stem.convolution, _convolution(network, stem.convolution, **changes))


def apply_head(network: nn.Module, head: NewHead) -> None:
    """Put a head of other layers in place of a network's own; the weights are still to be assigned."""
    own = network.get_submodule(head.module)
    with torch.device("meta"):
        if len(head.layers) == 1 and not head.layers[0].name:
            made: nn.Module = _layer(head.layers[0])
        else:
            made = Chain(_layers(head.layers, activation_of(own)))
    _set(network, head.module, made.eval().requires_grad_(False))
    if head.pooled:
        _set(network, "avgpool", nn.AdaptiveAvgPool2d(1).eval())
    if head.twice and head.module == "head":
        # timm's VisionTransformer asks this module, where it has one, for what its head takes.
        network.attn_pool = ClassAndAverage(int(cast(int, network.num_prefix_tokens))).eval()
        network.pool_include_prefix = True  # pyright: ignore[reportArgumentType]
    elif head.twice:
        pooling = next((name for name in _AVERAGES if _has(network, name)), "")
        if not pooling:
            raise MatchError(
                f"A {type(network).__name__} with a head of fastai's cannot be built.",
                "What pools its features is not known.",
                "Choose another architecture.",
            )
        _set(network, pooling, MaximumAndAverage().eval())


def _layers(layers: Iterable[Layer], own: type[nn.Module]) -> Iterator[tuple[str, nn.Module]]:
    for number, layer in enumerate(layers):
        if layer.activation:
            yield f"assumed_{number}", own() if layer.activation == "original" else nn.ReLU()
        yield layer.name, _layer(layer)


def _layer(layer: Layer) -> nn.Module:
    if layer.kind == "linear":
        return nn.Linear(layer.inputs, layer.outputs, bias=layer.bias)
    if layer.kind == "batch_norm":
        return nn.BatchNorm1d(layer.outputs)
    return nn.LayerNorm(layer.outputs) if layer.kind == "layer_norm" else nn.PReLU()


def activation_of(own: nn.Module) -> type[nn.Module]:
    """The kind of activation that a network's own head has between its layers."""
    for module in own.modules():
        if type(module) in (nn.Hardswish, nn.GELU, nn.SiLU, nn.Tanh, nn.ReLU6):
            return type(module)
    return nn.ReLU


def _convolution(network: nn.Module, name: str, **changes: object) -> nn.Conv2d:
    own = network.get_submodule(name)
    if not isinstance(own, nn.Conv2d):
        raise MatchError(
            f"A {type(network).__name__} with another first convolution cannot be built.",
            f"Its first layer is a {type(own).__name__}.",
            "Choose another architecture.",
        )
    options: dict[str, object] = {
        "in_channels": own.in_channels,
        "out_channels": own.out_channels,
        "kernel_size": own.kernel_size,
        "stride": own.stride,
        "padding": own.padding,
        "bias": own.bias is not None,
        "device": "meta",
    }
    made = nn.Conv2d(**{**options, **changes})  # pyright: ignore[reportArgumentType]
    return made.eval().requires_grad_(False)


def _has(network: nn.Module, name: str) -> bool:
    place: object = network
    for part in name.split("."):
        place = getattr(place, part, None)
    return isinstance(place, nn.Module)


def _set(network: nn.Module, name: str, module: nn.Module) -> None:
    owner, _, own = name.rpartition(".")
    setattr(network.get_submodule(owner), own, module)
