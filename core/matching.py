"""Which architecture a checkpoint is of, and the network that they make together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from torch import Tensor, nn

from core.architectures import build
from core.architectures.spelling import spell
from core.catalogue import PretrainedEntry, pretrained, published
from core.catalogue import architecture as entry_of
from core.checkpoints import Checkpoint
from core.checkpoints.values import as_dict, shown
from core.constructions import Construction
from core.descriptions import Match
from core.errors import MatchError
from core.fingerprints import (
    Fingerprint,
    Fit,
    Shape,
    changed_fits,
    compare,
    describe,
    exact_fits,
    explain,
    fingerprint,
    is_computed,
)
from core.misfits import fits_nothing, misfit, no_head
from core.showing import counted
from core.tables import TIMM_PREFIX, functions, twins

_TRANSFORM_INPUT = ("googlenet", "inception_v3")
_PUBLISHERS = ("hf-hub:", "hf_hub:", "huggingface.co/", "torchvision/", "local-dir:")


def rank(checkpoint: Checkpoint) -> tuple[Match, ...]:
    """The architectures that a checkpoint fits by every name and shape, best first; empty if none.

    Where none fits as it is, those that it fits with a known change (``Match.variant``), and where no such
    gives classes, those whose last layer is missing (``num_classes`` 0).

    The order: torchvision's before timm's; of timm's, those that are usually built for the size that the
    tensors show, then the shorter name, which is the plainer network.  All that compute the same from these
    tensors have the same ``Match.function``; ``Match.ambiguous`` where there are several such.
    """
    shapes = _shapes(checkpoint)
    fits = sorted(exact_fits(shapes) or changed_fits(shapes), key=_order)
    names = _functions([fit.architecture for fit in fits])
    ambiguous = len(set(names.values())) > 1
    return tuple(
        Match(
            architecture=fit.architecture,
            num_classes=fit.num_classes,
            input_channels=fit.input_channels,
            evidence=_evidence(fit, checkpoint),
            input_size=fit.input_size,
            source="timm" if fit.architecture.startswith(TIMM_PREFIX) else "torchvision",
            variant=", ".join(describe(fit)),
            small_images=(fit.stem is not None and fit.stem.small) or (fit.head is not None and fit.head.pooled),
            function=names[fit.architecture],
            ambiguous=ambiguous,
            options=fit.options,
        )
        for fit in fits
    )


def decide(matches: Sequence[Match], hints: Iterable[str] = ()) -> tuple[Match | None, bool]:
    """The match to use, and whether another one that computes something else is as good.

    Args:
        matches: from ``rank``: what a hint says counts only where it is among these.
        hints: names that something says, the most trustworthy first (see ``hints_of``).

    Returns:
        ``None`` where nothing matches.
    """
    if len(matches) == 1:
        return matches[0], matches[0].ambiguous
    by_id = {match.architecture: match for match in matches}
    for hint in hints:
        for name in _meant(hint):
            if name in by_id:
                return replace(by_id[name], ambiguous=False), False
    if not matches:
        return None, False
    return matches[0], matches[0].ambiguous


def hints_of(checkpoint: Checkpoint, beside: str = "") -> Iterator[str]:
    """Names of architectures that something says about a checkpoint, the most trustworthy first.

    Its sha256, where it is a published file; what lies beside it; what is written in it, which is sometimes
    wrong, since people copy it from other models.

    Args:
        checkpoint: what it is about.
        beside: the architecture that a sidecar names; may be empty.
    """
    known = publication(checkpoint)
    if known is not None:
        yield known.architecture
    if beside:
        yield beside
    if checkpoint.meant:
        yield checkpoint.meant
    yield from _written(checkpoint.metadata)


def publication(checkpoint: Checkpoint) -> PretrainedEntry | None:
    """The published weights that a file is a copy of; waits for its sha256 only where one of these has its size."""
    if any(entry.has_size(checkpoint.about.bytes) for entry in pretrained()):
        return published(checkpoint.summary.sha256)
    return None


def _written(metadata: Mapping[str, object]) -> Iterator[str]:
    # timm's training script writes both.
    is_timms = "version" in metadata and "arch" in metadata
    # A network of timm's that was saved whole.
    own = as_dict(metadata.get("pretrained_cfg")) or as_dict(metadata.get("default_cfg"))
    if isinstance(name := own.get("architecture"), str):
        yield TIMM_PREFIX + name
    keys = ("arch", "architecture", "model_name", "model", "backbone", "timm_model", "network", "encoder_name")
    places = (metadata, *(as_dict(metadata.get(key)) for key in ("args", "hyper_parameters", "config", "hparams")))
    for place in places:
        for key in keys:
            value = place.get(key)
            if isinstance(value, str) and value:
                if is_timms or key == "timm_model":
                    yield TIMM_PREFIX + value
                yield value


def _meant(hint: str) -> Iterator[str]:
    """Ids that a name may mean: as it is, without a publisher, without timm's tag, torchvision's first."""
    plain = hint.strip()
    for publisher in _PUBLISHERS:
        plain = plain.removeprefix(publisher)
    tagged = plain.partition(".")[0]
    yield plain
    if tagged != plain:
        # Only timm's models have tags, such as resnet50.a1_in1k.
        yield TIMM_PREFIX + tagged.removeprefix(TIMM_PREFIX)
    bare = tagged.removeprefix(TIMM_PREFIX).lower().replace("-", "_")
    if not plain.startswith(TIMM_PREFIX):
        yield bare
    yield TIMM_PREFIX + bare


def _order(fit: Fit) -> tuple[bool, bool, int, str]:
    # Of most networks no tensor shows a size: timm's table, which takes a while to be read, is not needed for these.
    known = fingerprint(fit.architecture) if fit.input_size else None
    other_size = known is not None and bool(known.step) and fit.input_size != known.usual_input
    return (fit.architecture.startswith(TIMM_PREFIX), other_size, len(fit.architecture), fit.architecture)


def _functions(names: Sequence[str]) -> dict[str, str]:
    """For each id the first of those that compute the same as it from the same tensors."""
    found: dict[str, str] = {}
    for name in names:
        found[name] = next((first for first in found.values() if _same_function(first, name)), name)
    return found


def _same_function(first: str, second: str) -> bool:
    if not first.startswith(TIMM_PREFIX) and first in twins():
        # timm's table is not needed for a file of torchvision's.
        return second in twins()[first]["same"]
    numbers = functions()
    return first in numbers and numbers[first] == numbers.get(second)


def assemble(checkpoint: Checkpoint, architecture: str) -> nn.Module:
    """The network of an architecture with a checkpoint's weights, in eval mode, on the CPU, in float32.

    Known changes (another head, first convolution or number of channels) are built in.

    Args:
        checkpoint: where the weights are from; they are shared where their type is float32.
        architecture: id; empty where none fits, to have the reason raised.

    Raises:
        UsageError: there is no such architecture, or it is timm's and timm is not installed.
        MatchError: the weights do not fit it by every name and shape, or have no head that gives classes.
    """
    if not architecture:
        raise fits_nothing(checkpoint.about.file, _shapes(checkpoint))
    known = fingerprint(entry_of(architecture).id)
    fit = _fit(checkpoint, known)
    _check_types(checkpoint, fit)
    transform = fit.architecture in _TRANSFORM_INPUT and transforms_input(checkpoint)
    try:
        network = build(fit, transform_input=transform)
    except (AssertionError, RuntimeError, TypeError, ValueError) as error:
        raise MatchError(
            f"{architecture} cannot be built for these weights.",
            f"Its constructor says: {shown(str(error), 200)}.",
            "Choose another architecture.",
        ) from error
    _assign(network, checkpoint.tensors, frozenset(known.computed), architecture)
    if checkpoint.about.layer_norm_eps:
        for module in network.modules():
            if isinstance(module, nn.LayerNorm):
                module.eps = checkpoint.about.layer_norm_eps
    if checkpoint.about.tanh_gelu:
        for module in network.modules():
            if isinstance(module, nn.GELU):
                module.approximate = "tanh"
    return network


def construction_of(checkpoint: Checkpoint, architecture: str, network: nn.Module) -> Construction:
    """How ``assemble`` made a network.

    Args:
        checkpoint: where the weights are from.
        architecture: id.
        network: what ``assemble`` gave.
    """
    known = fingerprint(architecture)
    spelling = spell(_fit(checkpoint, known), network, transform_input=transforms_input(checkpoint))
    names = tuple(network.state_dict())
    lines, imports = spelling.lines, spelling.imports
    if epsilon := checkpoint.about.layer_norm_eps:
        lines += (
            "for module in network.modules():",
            "    if isinstance(module, nn.LayerNorm):",
            f"        module.eps = {epsilon}",
        )
        imports = tuple(sorted({*imports, "from torch import nn"}))
    if checkpoint.about.tanh_gelu:
        lines += (
            "for module in network.modules():",
            "    if isinstance(module, nn.GELU):",
            '        module.approximate = "tanh"',
        )
        imports = tuple(sorted({*imports, "from torch import nn"}))
    return Construction(
        "library",
        lines=lines,
        imports=imports,
        tensors=names,
        computed=frozenset(name for name in names if name in known.computed or is_computed(name)),
        obstacle=spelling.obstacle,
    )


def _fit(checkpoint: Checkpoint, known: Fingerprint) -> Fit:
    """How the weights fit an architecture, with known changes.

    Raises:
        MatchError: they do not, or have no head.
    """
    shapes = _shapes(checkpoint)
    fit = compare(shapes, known)
    if not fit.exact:
        explained = explain(shapes, known)
        if explained is None:
            raise misfit(shapes, fit)
        fit = explained
    if not fit.num_classes:
        raise no_head(checkpoint.about.file, fit)
    return fit


def transforms_input(checkpoint: Checkpoint) -> bool:
    """Whether a GoogLeNet or Inception changes its input from ImageNet's mean and std to 0.5 by itself.

    No tensor shows it.  torchvision's builder sets it together with its published weights, so it is known for
    these files (by their sha256), and where the checkpoint's own settings say so.  Otherwise it is off, as in a
    network built without them.  Weights fine-tuned from the published ones need it, or, which is the same, the
    preprocessing ``half``.
    """
    if publication(checkpoint) is not None:
        return True
    places = (checkpoint.metadata, *(as_dict(checkpoint.metadata.get(key)) for key in ("hyper_parameters", "args")))
    return any(place.get("transform_input") is True for place in places)


def _check_types(checkpoint: Checkpoint, fit: Fit) -> None:
    """Weights are fractions: whole numbers in their place are quantised, and would be read as something else."""
    for name, tensor in checkpoint.tensors.items():
        if not (tensor.is_floating_point() or is_computed(name) or name in fit.left_out):
            kind = str(tensor.dtype).removeprefix("torch.")
            raise MatchError(
                f"The weights fit {fit.architecture}, but they are not plain numbers.",
                f"{shown(name)} holds values of type {kind}: it is quantised, or packed in another way.",
                "Choose the weights before they were quantised.",
            )


def _shapes(checkpoint: Checkpoint) -> dict[str, Shape]:
    return {name: tuple(tensor.shape) for name, tensor in checkpoint.tensors.items()}


def _evidence(fit: Fit, checkpoint: Checkpoint) -> str:
    changes = describe(fit)
    parts = [f"all {fit.total} names and shapes fit" + (f", with {' and '.join(changes)}" if changes else "")]
    heads = sorted({name.partition(".")[0] for name in fit.left_out if not is_computed(name)})
    if heads:
        parts.append(f"{', '.join(heads)}, used in training only, left out")
    elif fit.left_out:
        parts.append(f"{counted(len(fit.left_out), 'tensor')} that the network computes by itself left out")
    if checkpoint.about.left_out:
        parts.append(f"{counted(len(checkpoint.about.left_out), 'tensor')} beside them left out")
    if checkpoint.about.note:
        parts.append(checkpoint.about.note)
    if fit.architecture in _TRANSFORM_INPUT:
        state = "on" if transforms_input(checkpoint) else "off, as the file does not say"
        parts.append(f"transform_input {state}")
    return "; ".join(parts)


def _assign(network: nn.Module, tensors: Mapping[str, Tensor], keep: frozenset[str], architecture: str) -> None:
    """Put the tensors in place of the network's own.

    Not through ``load_state_dict``: MNASNet's refuses a plain dict, and others rename once more.

    Args:
        network: a blueprint.
        tensors: by name; those that the network lacks are known to be left out.
        keep: names of buffers that the network computes by itself.
        architecture: id.

    Raises:
        MatchError: the network that was built has other tensors.
    """
    for name, present in network.state_dict(keep_vars=True).items():
        if name in keep or (name not in tensors and name.endswith("num_batches_tracked")):
            continue
        if name not in tensors or tensors[name].shape != present.shape:
            raise MatchError(
                f"{architecture} as it is built here does not fit these weights.",
                f"Its tensor {shown(name)} has {tuple(present.shape)} numbers a side.",
                "It may have changed with a newer version of the library; choose another architecture.",
            )
        owner, _, own = name.rpartition(".")
        setattr(network.get_submodule(owner), own, _like(tensors[name], present))


def _like(tensor: Tensor, present: Tensor) -> Tensor:
    """A checkpoint's tensor as the network's own kind; integers stay, every float becomes float32."""
    tensor = tensor.to(present.dtype)
    return nn.Parameter(tensor, requires_grad=False) if isinstance(present, nn.Parameter) else tensor
