"""Networks that were pickled whole, made again without running what is in the pickle.

Each module is made from a class of PyTorch, torchvision or timm (or of a Python file that a person trusts), and
given attributes that were checked one by one: numbers, texts, tensors, layers, and a few functions.  Whatever
else is found, a hook or an attribute that would take a method's place included, refuses the whole network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from torch import nn

from core.checkpoints import Checkpoint
from core.checkpoints.modules import class_of, is_module, module_state, walk
from core.checkpoints.values import Global, Inert, shown
from core.errors import MatchError
from core.rebuilding.allowed import module_class
from core.rebuilding.instances import Builder, Refused

__all__ = ["can_rebuild", "own_classes", "rebuild", "settings_that_differ", "wrapped_in"]

_WRAPPERS = {
    "torch.nn.parallel.data_parallel.DataParallel": "module",
    "torch.nn.parallel.distributed.DistributedDataParallel": "module",
    "torch.optim.swa_utils.AveragedModel": "module",
    "torch._dynamo.eval_frame.OptimizedModule": "_orig_mod",
    "timm.utils.model_ema.ModelEma": "ema",
    "timm.utils.model_ema.ModelEmaV2": "module",
    "timm.utils.model_ema.ModelEmaV3": "module",
}
"""What training puts around a network, and that has no part in its answer."""


_SETTINGS = (
    "kernel_size",
    "stride",
    "padding",
    "padding_mode",
    "dilation",
    "groups",
    "ceil_mode",
    "output_size",
    "eps",
    "num_heads",
    "negative_slope",
    "transform_input",
)
"""Attributes of layers that change the answer and that no tensor shows."""


def own_classes(checkpoint: Checkpoint) -> tuple[str, ...]:
    """The classes of a whole network that PyTorch, torchvision and timm do not have, outermost first, each once."""
    names = dict.fromkeys(name for _, name in checkpoint.classes if name not in _WRAPPERS)
    return tuple(name for name in names if module_class(name) is None) if checkpoint.module is not None else ()


def can_rebuild(checkpoint: Checkpoint) -> bool:
    """Whether ``rebuild`` succeeds without a person's classes."""
    try:
        rebuild(checkpoint)
    except MatchError:
        return False
    return True


def rebuild(checkpoint: Checkpoint, own: Mapping[str, type] | None = None) -> nn.Module:
    """The network that was pickled whole, in eval mode, on the CPU, in float32, sharing the checkpoint's tensors.

    Args:
        checkpoint: of a file that holds a whole network.
        own: a person's classes by their name without a module, of a Python file that is trusted: they stand in
            for classes of the same name that are in no library.

    Raises:
        MatchError: it was not pickled whole, or something in it is not allowed; the message says what.
    """
    name = shown(checkpoint.about.file.replace("\\", "/").rpartition("/")[2])
    if checkpoint.module is None:
        raise MatchError(f"{name} holds no whole network.", "It holds tensors by name.", "Choose an architecture.")
    classes = own or {}
    strangers = [each for each in own_classes(checkpoint) if each.rpartition(".")[2] not in classes]
    if strangers:
        raise MatchError(
            f"{name} is a network of its author's own making.",
            f"It is made of {_listed(strangers)}, which no library has.",
            "Choose the Python file that defines "
            + ("this class." if len(strangers) == 1 else "these classes.")
            + " Without it the tensors can be looked at, and opened as any architecture that they fit.",
            detail="\n".join(shown(each) for each in strangers[:200]),
        )
    try:
        network = Builder(checkpoint.module.tensors, classes).build(_unwrapped(checkpoint.module.root))
    except Refused as refused:
        raise MatchError(
            f"{name} cannot be rebuilt without running what is in it.",
            f"It is a {shown(checkpoint.classes[0][1])} that was saved whole, and {refused}.",
            "Choose an architecture that its tensors fit, or the Python file that defines the network.",
        ) from refused
    return network.eval().requires_grad_(False).float()


def settings_that_differ(checkpoint: Checkpoint, network: nn.Module) -> tuple[str, ...]:
    """Where a network that was saved whole is not the one that its tensors were put into, one line each.

    Tensors that fit an architecture by every name and shape do not show strides, paddings or activations, but a
    whole network tells them.

    Args:
        checkpoint: of the file.
        network: what an architecture built for its tensors, with the same names.

    Returns:
        Lines such as ``conv1: stride is (1, 1), not (2, 2)``; empty where nothing differs, or nothing is told.
    """
    if checkpoint.module is None:
        return ()
    built: dict[str, nn.Module] = dict(network.named_modules())  # pyright: ignore[reportUnknownArgumentType]
    lines: list[str] = []
    for name, module in walk(_unwrapped(checkpoint.module.root)):
        other = built.get(name)
        if other is None or not name:
            continue
        written, ours = class_of(module).rpartition(".")[2], type(other).__name__
        if class_of(module).startswith("torch.nn.modules.") and written != ours:
            lines.append(f"{shown(name)}: it is a {shown(written)}, not a {ours}")
            continue
        state = module_state(module)
        for key in _SETTINGS:
            wanted: object = getattr(other, key, None)
            found = state.get(key)
            known = key in state and wanted is not None and not isinstance(found, Inert | Global)
            if known and _pair(found) != _pair(wanted):
                lines.append(f"{shown(name)}: {key} is {shown(found, 20)}, not {shown(wanted, 20)}")
    return tuple(lines)


def _pair(value: object) -> object:
    """One number for both sides is the same as two."""
    return (value, value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def wrapped_in(checkpoint: Checkpoint) -> tuple[str, ...]:
    """The attributes that lead from a network that was saved whole to the one without what training put around it."""
    return tuple(name for name, _ in _inwards(checkpoint.module.root)) if checkpoint.module is not None else ()


def _unwrapped(root: Inert) -> Inert:
    for _, inside in _inwards(root):
        root = inside
    return root


def _inwards(root: Inert) -> Iterator[tuple[str, Inert]]:
    """What training put around a network, taken off one by one: the attribute, and the module in it."""
    for _ in range(len(_WRAPPERS)):
        key = _WRAPPERS.get(class_of(root))
        below = cast("Mapping[object, object]", module_state(root).get("_modules") or {})
        inside = below.get(key) if key is not None else None
        if key is None or not isinstance(inside, Inert) or not is_module(inside):
            return
        yield key, inside
        root = inside


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(shown(name) for name in names[:4]) + more
