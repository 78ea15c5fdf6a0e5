"""Changes that people make to an architecture and that its tensors show: another head, another first convolution."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from core.fingerprints.fits import Fit, Layer, NewHead, NewStem, compare, resembles
from core.fingerprints.known import Fingerprint, Shape, Shapes, is_computed
from core.fingerprints.tokens import takes_tokens, usual_tokens

_LARGE_STEMS = frozenset(("conv1.weight", "features.conv0.weight"))
"""First convolutions that are replaced for small images, together with the max-pooling behind them: those of
the families ResNet and DenseNet."""
_FEATURE_LIMIT = 32
"""A head with more layers than this is a network of its own."""

_PLACES = 7 * 7
"""So many places of each feature does the head of a VGG take."""
_RUNNING = {"weight", "bias", "running_mean", "running_var"}


def replaceable_heads(known: Fingerprint) -> tuple[str, ...]:
    """Names of the modules that people put another head in the place of, the innermost first."""
    if len(known.heads) != 1:
        return ()
    head = known.heads[0]
    return (head, known.whole_head) if known.whole_head and known.whole_head != head else (head,)


def explain(shapes: Shapes, known: Fingerprint) -> Fit | None:
    """The tensors as the architecture with known changes; ``None`` where more than that differs.

    A head that gives classes is preferred to none.
    """
    shapes, stem = _usual_stem(shapes, known)
    shapes, tokens = usual_tokens(shapes, known)
    fit = _with_head(shapes, known)
    return None if fit is None else replace(fit, stem=stem, tokens=tokens)


def _with_head(shapes: Shapes, known: Fingerprint) -> Fit | None:
    """The tensors as the architecture, be it with another head or without any."""
    if not resembles(shapes, known, tuple(f"{head}." for head in replaceable_heads(known))):
        return None
    fit = compare(shapes, known)
    if fit.exact or (fit.headless and not known.head):
        return fit
    headless: Fit | None = None
    for module in replaceable_heads(known):
        beginning = f"{module}."
        inside = {name.removeprefix(beginning): shape for name, shape in shapes.items() if name.startswith(beginning)}
        own = {name: shape for name, shape in known.required.items() if name.startswith(beginning)}
        body = {name: shape for name, shape in shapes.items() if not name.startswith(beginning)}
        # What is left must be the architecture's, as if its own head were there.
        whole = compare({**body, **{name: _filled(shape) for name, shape in own.items()}}, known)
        features = _features(own)
        if not whole.complete or not features:
            continue
        plain = frozenset(name.removeprefix(beginning) for name in own)
        layers = _layers(inside, features, plain)
        twice = (
            not layers
            and (module == "fc" or takes_tokens(known))
            and bool(layers := _layers(inside, 2 * features, plain))
        )
        places = _PLACES if known.architecture.startswith("vgg") else 1
        pooled = not layers and places > 1 and bool(layers := _layers(inside, features // places, frozenset()))
        total = whole.total - len(own) + sum(not is_computed(name) for name in inside)
        found = replace(whole, total=total, head=NewHead(module, layers or (), twice, pooled))
        if layers:
            return replace(found, num_classes=layers[-1].outputs)
        if not inside and headless is None:
            headless = replace(found, num_classes=0)
    return headless


def _usual_stem(shapes: Shapes, known: Fingerprint) -> tuple[Shapes, NewStem | None]:
    """The shapes as if the first convolution were the architecture's own, and what it is instead."""
    for name in known.stem:
        shape, wanted = shapes.get(name, ()), known.required[name]
        extra = stem_bias(name)
        biased = extra not in known.required and shapes.get(extra) == shape[:1] != ()
        large = len(wanted) == 4 and wanted[2:] == (7, 7)
        small = name in _LARGE_STEMS and large and shape[:1] == wanted[:1] and shape[2:] == (3, 3)
        if small or biased:
            usual = {raw: size for raw, size in shapes.items() if not (biased and raw == extra)}
            if small:
                usual[name] = (*shape[:2], 7, 7)
            return usual, NewStem(name.removesuffix(".weight"), small, biased)
    return shapes, None


def stem_bias(weight: str) -> str:
    """The name of a first convolution's bias, by that of its weight."""
    return f"{weight.removesuffix('weight')}bias"


def _filled(shape: Shape) -> Shape:
    return tuple(size if size > 0 else 1 for size in shape)


def _features(own: Shapes) -> int:
    """How many numbers go into a head; 0 where that is no row of numbers."""
    first = next(iter(own.values()), ())
    return first[1] if len(first) == 2 else first[0] if len(first) == 1 else 0


def _layers(inside: Shapes, features: int, own: frozenset[str]) -> tuple[Layer, ...]:
    """The layers of a head; empty where its tensors are no such layers in a row.

    Args:
        inside: its tensors, by name below the head's.
        features: how many numbers go in.
        own: the names that the architecture's own head has.
    """
    tensors: dict[str, dict[str, Shape]] = {}
    for name, shape in inside.items():
        module, _, leaf = name.rpartition(".")
        tensors.setdefault(module, {})[leaf] = shape
    if not 0 < len(tensors) <= _FEATURE_LIMIT:
        return ()
    layers = [_layer(name, below) for name, below in tensors.items()]
    known = [layer for layer in layers if layer is not None]
    if len(known) < len(layers):
        return ()
    same = frozenset(name for name in inside if not is_computed(name)) == own
    # A safetensors file may be sorted by name, with 10 before 2.
    for order in (sorted(known, key=lambda layer: _natural(layer.name)), known):
        if _is_chain(order, features):
            return tuple(_with_activations(order, same))
    return ()


def _layer(name: str, tensors: dict[str, Shape]) -> Layer | None:
    weight = tensors.get("weight", ())
    leaves = {leaf for leaf in tensors if not is_computed(leaf)}
    bias = "bias" in leaves
    if bias and tensors["bias"] != weight[:1]:
        return None
    if leaves <= {"weight", "bias"} and len(weight) == 2:
        return Layer(name, "linear", weight[1], weight[0], bias)
    if len(weight) != 1:
        return None
    if leaves == _RUNNING:
        return Layer(name, "batch_norm", weight[0], weight[0])
    if leaves == {"weight", "bias"}:
        return Layer(name, "layer_norm", weight[0], weight[0])
    return Layer(name, "prelu", 1, 1, False) if leaves == {"weight"} and weight == (1,) else None


def _is_chain(layers: Sequence[Layer], features: int) -> bool:
    """Whether each layer takes what the one before it gives, and there is one that makes classes."""
    width = features
    for layer in layers:
        if layer.kind != "prelu":
            if layer.inputs != width:
                return False
            width = layer.outputs
    return layers[-1].kind == "linear" and width > 0


def _with_activations(layers: Sequence[Layer], same: bool) -> Iterator[Layer]:
    """The layers with what no tensor shows between them: one activation between two linear layers.

    Numbers in the names tell whether there is room for one, and where: the first gap has it, later ones are
    taken for dropout.  Names without numbers tell nothing; then it comes before the next linear layer.

    Args:
        layers: in order.
        same: whether they have the names of the architecture's own head.
    """
    behind, active = False, False
    for before, layer in itertools.pairwise((None, *layers)):
        room = behind and not active and before is not None and layer is not None and _has_room(before, layer)
        if layer is None:
            continue
        yield replace(layer, activation="original" if same else "relu") if room else layer
        active |= room or layer.kind == "prelu"
        if layer.kind == "linear":
            behind, active = True, False


def _has_room(before: Layer, layer: Layer) -> bool:
    first, second = (re.fullmatch(r"(.*?)(\d+)", each.name) for each in (before, layer))
    if first is None or second is None or first[1] != second[1] or first[1].rpartition(".")[2]:
        return layer.kind == "linear"
    return int(second[2]) > int(first[2]) + 1


def _natural(name: str) -> list[tuple[str, int]]:
    return [(word, int(digits or 0)) for word, digits in re.findall(r"(\D*)(\d{0,9})", name)]


def describe(fit: Fit, own_kernel: str = "7 x 7") -> tuple[str, ...]:
    """What is changed and what is assumed about it, in a person's words; empty where nothing is."""
    return tuple(_describe(fit, own_kernel))


def _describe(fit: Fit, own_kernel: str) -> Iterator[str]:
    if fit.input_channels == 1:
        yield "grey input"
    elif fit.input_channels not in (0, 3):
        yield f"input of {fit.input_channels} channels"
    if fit.stem is not None and fit.stem.bias:
        yield "a bias in its first convolution"
    if fit.stem is not None and fit.stem.small:
        yield (
            f"a 3 x 3 first convolution in place of {own_kernel} (assumed: stride 1 and no max-pooling behind it,"
            " as for small images; the weights cannot show it)"
        )
    if fit.tokens is not None and fit.tokens.registers:
        yield "a token beside its class token that no head reads, as in a distilled DeiT with one head"
    elif fit.tokens is not None:
        token = "in place of its class token" if fit.tokens.class_token else "as it has no class token"
        yield f"the average of its patches, normalised, before its head, {token}"
    if fit.head is not None:
        yield describe_head(fit.head)


def describe_head(head: NewHead) -> str:
    """A changed head in words."""
    linear = [layer for layer in head.layers if layer.kind == "linear"]
    if not linear:
        return "no head: features only, no classes"
    widths = " to ".join(str(size) for size in (linear[0].inputs, *(layer.outputs for layer in linear)))
    extra = _counted(head.layers)
    assumed = {layer.activation for layer in head.layers} - {""}
    words = f"a head of {len(linear)} linear layer{'s' if len(linear) > 1 else ''}, {widths}{extra}"
    if head.twice and head.module == "fc":
        words += ", on the features' maximum and average as in fastai"
    elif head.twice:
        words += ", on the class token and the average of the patches, as DINOv2's"
    if head.pooled:
        words += ", on each feature's average over the image (assumed: as for small images)"
    if "relu" in assumed:
        words += " (assumed: ReLU between its layers; the weights cannot show it)"
    elif "original" in assumed:
        words += " (assumed: the architecture's own activation between its layers)"
    elif len(linear) > 1:
        words += " (nothing between its layers)"
    return words


def _counted(layers: Iterable[Layer]) -> str:
    names = {"batch_norm": "batch normalisation", "layer_norm": "layer normalisation", "prelu": "PReLU"}
    kinds = dict.fromkeys(names[layer.kind] for layer in layers if layer.kind in names)
    return f" with {' and '.join(kinds)}" if kinds else ""
