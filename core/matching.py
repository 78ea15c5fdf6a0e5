"""Which architecture a checkpoint is of, and the network that they make together."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from core.architectures import blueprint
from core.catalogue import architecture as entry_of
from core.catalogue import published
from core.checkpoints import Checkpoint
from core.checkpoints.values import as_dict, shown
from core.descriptions import Match
from core.errors import MatchError
from core.fingerprints import CLASSES, FREE, Fit, Shape, compare, exact_fits, fingerprints, nearest

_FIRST_FEW = 3
_DETAIL = 200


def rank(checkpoint: Checkpoint) -> tuple[Match, ...]:
    """The architectures that a checkpoint fits by every name and shape, best first; empty if none."""
    return tuple(
        Match(
            architecture=fit.architecture,
            num_classes=fit.num_classes,
            input_channels=fit.input_channels,
            evidence=_evidence(fit, checkpoint),
            input_size=fit.input_size,
        )
        for fit in exact_fits(_shapes(checkpoint))
    )


def assemble(checkpoint: Checkpoint, architecture: str) -> nn.Module:
    """The network of an architecture with a checkpoint's weights, in eval mode, on the CPU, in float32.

    Args:
        checkpoint: where the weights are from; they are shared where their type is float32.
        architecture: id; empty where none fits, to have the reason raised.

    Raises:
        UsageError: there is no such architecture.
        MatchError: the weights do not fit it by every name and shape.
    """
    shapes = _shapes(checkpoint)
    if not architecture:
        raise _fits_nothing(checkpoint, shapes)
    fit = compare(shapes, fingerprints()[entry_of(architecture).id])
    if not fit.exact:
        raise _misfit(checkpoint, shapes, fit)
    _check_types(checkpoint, architecture)
    network = blueprint(
        architecture,
        fit.num_classes,
        input_size=fit.input_size,
        transform_input=transforms_input(checkpoint),
    )
    _assign(network, checkpoint.tensors, keep=frozenset(fingerprints()[architecture].computed))
    return network


def transforms_input(checkpoint: Checkpoint) -> bool:
    """Whether a GoogLeNet or Inception changes its input from ImageNet's mean and std to 0.5 by itself.

    No tensor shows it.  torchvision's builder sets it together with its published weights, so it is known for
    these files (by their sha256), and where the checkpoint's own settings say so.  Otherwise it is off, as in a
    network built without them.  Weights fine-tuned from the published ones need it, or, which is the same, the
    preprocessing ``half``.
    """
    if published(checkpoint.summary.sha256) is not None:
        return True
    places = (checkpoint.metadata, *(as_dict(checkpoint.metadata.get(key)) for key in ("hyper_parameters", "args")))
    return any(place.get("transform_input") is True for place in places)


def _check_types(checkpoint: Checkpoint, architecture: str) -> None:
    """Weights are fractions: whole numbers in their place are quantised, and would be read as something else."""
    for name in fingerprints()[architecture].required:
        tensor = checkpoint.tensors[name]
        if not tensor.is_floating_point():
            kind = str(tensor.dtype).removeprefix("torch.")
            raise MatchError(
                f"The weights fit {architecture}, but they are not plain numbers.",
                f"{shown(name)} holds values of type {kind}: it is quantised, or packed in another way.",
                "Choose the weights before they were quantised.",
            )


def _shapes(checkpoint: Checkpoint) -> dict[str, Shape]:
    return {name: tuple(tensor.shape) for name, tensor in checkpoint.tensors.items()}


def _evidence(fit: Fit, checkpoint: Checkpoint) -> str:
    parts = [f"all {fit.total} names and shapes fit"]
    if fit.left_out:
        heads = sorted({name.partition(".")[0] for name in fit.left_out})
        parts.append(f"{', '.join(heads)}, used in training only, left out")
    if checkpoint.summary.left_out:
        parts.append(f"{len(checkpoint.summary.left_out)} tensor(s) beside them left out")
    if fit.architecture in ("googlenet", "inception_v3"):
        state = "on" if transforms_input(checkpoint) else "off, as the file does not say"
        parts.append(f"transform_input {state}")
    return "; ".join(parts)


def _assign(network: nn.Module, tensors: Mapping[str, Tensor], keep: frozenset[str]) -> None:
    """Put the tensors in place of the network's own.

    Not through ``load_state_dict``: MNASNet's refuses a plain dict, and others rename once more.

    Args:
        network: a blueprint.
        tensors: by name; those that the network lacks are known to be left out.
        keep: names of buffers that the network computes by itself.
    """
    for name, present in network.state_dict(keep_vars=True).items():
        if name not in keep:
            owner, _, own = name.rpartition(".")
            setattr(network.get_submodule(owner), own, _like(tensors[name], present))


def _like(tensor: Tensor, present: Tensor) -> Tensor:
    """A checkpoint's tensor as the network's own kind; integers stay, every float becomes float32."""
    if tensor.shape != present.shape:
        raise ValueError(f"{tuple(tensor.shape)} in place of {tuple(present.shape)}")
    tensor = tensor.to(present.dtype)
    return nn.Parameter(tensor, requires_grad=False) if isinstance(present, nn.Parameter) else tensor


def _misfit(checkpoint: Checkpoint, shapes: Mapping[str, Shape], fit: Fit) -> MatchError:
    best = next(iter(nearest(shapes, 1)), None)
    if best is None or best.architecture == fit.architecture:
        remedy = "Choose the architecture that the weights were trained with; none that is known here fits better."
    elif best.exact:
        remedy = f"Choose {best.architecture}: {_evidence(best, checkpoint)}."
    else:
        remedy = f"The nearest is {best.architecture}: {best.fitting} of {best.total} names and shapes fit."
    lines = _differences(fit)
    return MatchError(
        f"The weights do not fit {fit.architecture}.",
        f"{fit.total - fit.fitting} of {fit.total} names or shapes differ: {_few(lines)}.",
        remedy,
        detail="\n".join(lines[:_DETAIL]),
    )


def _fits_nothing(checkpoint: Checkpoint, shapes: Mapping[str, Shape]) -> MatchError:
    name = shown(checkpoint.summary.file.replace("\\", "/").rpartition("/")[2])
    close = nearest(shapes, 1)
    if not close or 4 * close[0].fitting < close[0].total:
        some = ", ".join(shown(key, 40) for key in list(shapes)[:_FIRST_FEW])
        return MatchError(
            f"{name} fits no architecture that is known here.",
            f"It has {len(shapes)} tensor(s): {some}{' and more' if len(shapes) > _FIRST_FEW else ''}.",
            "Choose weights of one of torchvision's classifiers.",
        )
    best = close[0]
    lines = _differences(best)
    return MatchError(
        f"{name} fits no architecture exactly.",
        f"The nearest is {best.architecture}, where {best.total - best.fitting} of {best.total} names or shapes"
        f" differ: {_few(lines)}.",
        "It may be a changed network: save one of torchvision's own classifiers.",
        detail="\n".join(lines[:_DETAIL]),
    )


def _few(lines: list[str]) -> str:
    more = f", and {len(lines) - _FIRST_FEW} more" if len(lines) > _FIRST_FEW else ""
    return "; ".join(lines[:_FIRST_FEW]) + more


def _differences(fit: Fit) -> list[str]:
    """Each difference in words, the telling ones first."""
    return [
        *(f"{shown(name)} is {_sides(found)} and should be {_sides(wanted)}" for name, found, wanted in fit.different),
        *(f"{shown(name)} is missing" for name in fit.missing),
        *(f"{shown(name)} is not part of it" for name in fit.unexpected),
    ]


def _sides(shape: Shape) -> str:
    words = {CLASSES: "classes", FREE: "positions"}
    return " x ".join(words.get(side, str(side)) for side in shape) or "one number"
