"""Networks of torchvision's and timm's, with what was changed in them, as Python that a person can read."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from torch import nn

from core.architectures.torchvision import AUXILIARY
from core.architectures.variants import POOLING, activation_of
from core.fingerprints import Fit, Layer, NewHead, fingerprint
from core.tables import TIMM_PREFIX

_INDENT = "    "
_ASSUMED = "  # assumed: the weights cannot show it"
_NOTHING = "nn.Identity(),  # what was here, such as dropout, has no weights"


class Spelling(NamedTuple):
    """Python that builds a network.

    Attributes:
        imports: the import lines that it needs.
        lines: leave the network, without its weights, in ``network``.
        obstacle: what cannot be written so; empty if all can.
    """

    imports: tuple[str, ...]
    lines: tuple[str, ...]
    obstacle: str = ""


def spell(fit: Fit, network: nn.Module, *, transform_input: bool = False) -> Spelling:
    """What ``core.architectures.build`` does for a fit.

    Args:
        fit: that the network was built from.
        network: what ``build`` made of it.
        transform_input: see ``core.architectures.torchvision.blueprint``.
    """
    timms = fit.architecture.startswith(TIMM_PREFIX)
    imports = {"import timm" if timms else "from torchvision.models import get_model"}
    known = fingerprint(fit.architecture)
    lines = [_base(fit, transform_input=transform_input)]
    stem = fit.stem.convolution if fit.stem is not None else ""
    channels = fit.input_channels or 3
    if not stem and channels != 3 and not timms:
        stem = known.stem[0].removesuffix(".weight")
    if stem:
        imports.add("from torch import nn")
        lines.append(f"{_place(stem)} = {_convolution(network.get_submodule(stem))}")
    if fit.stem is not None and fit.stem.small:
        pooling = next(name for name in POOLING if isinstance(_found(network, name), nn.Identity))
        lines.append(f"{_place(pooling)} = nn.Identity(){_ASSUMED}")
    if fit.head is not None:
        imports.add("from torch import nn")
        made = _head(fit.head, network)
        if fit.head.twice:
            return Spelling((), (), "its head takes two summaries of the features, which no module of PyTorch makes")
        if made is None:
            return Spelling((), (), "the layers of its head have names that no plain nn.Sequential gives")
        place = _place(fit.head.module)
        if fit.head.pooled:
            lines.append(f"network.avgpool = nn.AdaptiveAvgPool2d(1){_ASSUMED}")
        lines.extend((f"{place} = {made[0]}", *made[1:]))
        if any("OrderedDict" in line for line in made):
            imports.add("from collections import OrderedDict")
    return Spelling(tuple(sorted(imports)), tuple(lines))


def _base(fit: Fit, *, transform_input: bool) -> str:
    known = fingerprint(fit.architecture)
    # As the architecture's own, where another head replaces it.
    options = [f"num_classes={fit.num_classes}"] if fit.head is None else []
    if fit.architecture.startswith(TIMM_PREFIX):
        if fit.input_channels not in (0, 3):
            options.append(f"in_chans={fit.input_channels}")
        if known.step and fit.input_size != known.usual_input:
            options.append(f"img_size={fit.input_size}")
        options += [f"{name}={_literal(value)}" for name, value in fit.options]
        arguments = ", ".join([f'"{fit.architecture.removeprefix(TIMM_PREFIX)}"', "pretrained=False", *options])
        return f"network = timm.create_model({arguments})"
    if fit.architecture in AUXILIARY:
        change = transform_input and fit.input_channels in (0, 3)
        options += ["aux_logits=False", "init_weights=False", f"transform_input={change}"]
    elif known.step and fit.input_size and fit.input_size != known.usual_input:
        options.append(f"image_size={fit.input_size}")
    arguments = ", ".join([f'"{fit.architecture}"', "weights=None", *options])
    return f"network = get_model({arguments})"


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _place(name: str) -> str:
    """A module as an expression, such as ``network.features[0][0]``."""
    text = "network"
    for part in name.split("."):
        text += f"[{part}]" if part.isdecimal() else f".{part}"
    return text


def _found(network: nn.Module, name: str) -> object:
    try:
        return network.get_submodule(name)
    except AttributeError:
        return None


def _convolution(layer: nn.Module) -> str:
    assert isinstance(layer, nn.Conv2d)
    options = [
        f"kernel_size={_side(layer.kernel_size)}",
        f"stride={_side(layer.stride)}",
        f"padding={_side(layer.padding)}" if layer.padding not in (0, (0, 0)) else "",
        "" if layer.bias is not None else "bias=False",
    ]
    arguments = ", ".join([str(layer.in_channels), str(layer.out_channels), *(each for each in options if each)])
    return f"nn.Conv2d({arguments})"


def _side(value: object) -> object:
    """One number where both sides have the same."""
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else repr(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _head(head: NewHead, network: nn.Module) -> list[str] | None:
    """Lines of an expression; ``None`` where the names cannot be had so."""
    layers = head.layers
    if len(layers) == 1 and not layers[0].name:
        return [_layer(layers[0])]
    own = activation_of(network.get_submodule(head.module)).__name__
    # All heads get a row of numbers for each image, but for ConvNeXt's, which makes one itself.
    flat = type(network).__name__ != "ConvNeXt" or head.module != "classifier"
    numbers = [int(layer.name) if layer.name.isdecimal() else -1 for layer in layers]
    if -1 not in numbers and (flat or numbers[0] > 0) and all(a < b for a, b in itertools.pairwise(numbers)):
        return ["nn.Sequential(", *(f"{_INDENT}{line}" for line in _numbered(layers, numbers, own, flat)), ")"]
    pairs: list[tuple[str, str]] = [] if flat else [("flatten", "nn.Flatten()")]
    for number, layer in enumerate(layers):
        if layer.activation:
            pairs.append((f"assumed_{number}", _activation(layer, own)))
        pairs.append((layer.name, _layer(layer)))
    lines = _nested(pairs)
    return None if lines is None else [*lines[:-1], lines[-1].removesuffix(",")]


def _numbered(layers: Sequence[Layer], numbers: Sequence[int], own: str, flat: bool) -> Iterator[str]:
    """One line a place of a ``nn.Sequential``; the names of its layers are their places."""
    place = 0
    for layer, number in zip(layers, numbers, strict=True):
        gap = number - place
        if not flat:
            yield "nn.Flatten(),"
            flat, gap = True, gap - 1
        if layer.activation:
            yield f"{_activation(layer, own)},{_ASSUMED}"
            gap -= 1
        yield from itertools.repeat(_NOTHING, gap)
        yield f"{_layer(layer)},"
        place = number + 1


def _nested(pairs: Sequence[tuple[str, str]]) -> list[str] | None:
    """A ``nn.Sequential`` of named layers, in which dots make one within another; ``None`` if these are no groups."""
    lines: list[str] = []
    seen: set[str] = set()
    for first, group in itertools.groupby(pairs, key=lambda pair: pair[0].partition(".")[0]):
        if first in seen:
            return None
        seen.add(first)
        inside = [(name.partition(".")[2], code) for name, code in group]
        if not inside[0][0]:
            lines += [f'("{first}", {code}),' for _, code in inside]
            continue
        below = _nested(inside)
        if below is None:
            return None
        lines += [f'("{first}", {below[0]}', *below[1:-1], below[-1].removesuffix(",") + "),"]
    return ["nn.Sequential(OrderedDict([", *(f"{_INDENT}{line}" for line in lines), "])),"]


def _activation(layer: Layer, own: str) -> str:
    return f"nn.{own}()" if layer.activation == "original" else "nn.ReLU()"


def _layer(layer: Layer) -> str:
    if layer.kind == "linear":
        return f"nn.Linear({layer.inputs}, {layer.outputs}{'' if layer.bias else ', bias=False'})"
    if layer.kind == "batch_norm":
        return f"nn.BatchNorm1d({layer.outputs})"
    return f"nn.LayerNorm({layer.outputs})" if layer.kind == "layer_norm" else "nn.PReLU()"


def indented(lines: Iterable[str], by: int = 1) -> list[str]:
    """Lines further to the right; empty ones stay empty."""
    return [f"{_INDENT * by}{line}" if line else "" for line in lines]
