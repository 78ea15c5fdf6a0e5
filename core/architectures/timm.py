"""timm's models, built without filling weights that the next step replaces.

timm is optional: it is imported only when one of its models is built.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import torch
from torch import nn

from core.architectures.calls import Calls
from core.errors import UsageError

if TYPE_CHECKING:
    from types import ModuleType


_DATA = torch.Tensor.data


class Unset(Calls):
    """Leaves parameters as they were allocated: whatever would fill one in place does nothing.

    Memory that nothing was written to takes neither time nor room.  Everything else is computed, buffers
    above all, on the CPU: some of timm's constructors run a layer to learn its output's size, or compute
    buffers where a parameter is, which breaks with parameters on the meta device.
    """

    def answer(self, func: Callable[..., object], args: tuple[object, ...], options: dict[str, object]) -> object:
        """Nothing, where a parameter would be filled."""
        # torch.nn.init passes its tensor by name.
        target = args[0] if args else options.get("tensor")
        if isinstance(target, nn.Parameter):
            name = getattr(func, "__name__", "")
            if name.endswith("_") and not name.endswith("__") and name != "requires_grad_":
                return target
            if name == "__get__" and getattr(func, "__self__", None) is _DATA:
                # What is done in place to a parameter's `.data` is left out, too.
                return target
        return func(*args, **options)


def import_timm() -> ModuleType:
    """timm, which not everybody has.

    Raises:
        UsageError: it is not installed, or does not work here.
    """
    try:
        import timm
    except Exception as error:
        raise UsageError(
            "This network is one of timm's, and timm is not installed.",
            f"Python says: {error}.",
            "Install it with `python -m pip install timm`, then open the file again.",
        ) from error
    return timm


def create(name: str, **options: object) -> nn.Module:
    """A model as timm makes it, with random weights.

    Raises:
        UsageError: timm is not installed.
        RuntimeError: timm knows no such model.
    """
    return cast(nn.Module, import_timm().create_model(name, pretrained=False, **options))


def blueprint(
    name: str, num_classes: int, *, input_channels: int = 3, input_size: int = 0, **changes: object
) -> nn.Module:
    """One of timm's models in eval mode whose weights are still to be assigned: they hold anything.

    Args:
        name: timm's, without ``timm/``.
        num_classes: size of the head; 0 for none.
        input_channels: channels of the images.
        input_size: pixels a side, for models whose weights depend on it; 0 for the usual.
        changes: what its constructor is told beside that.

    Raises:
        UsageError: timm is not installed, or is too old or too new to know the model.
        ValueError: it cannot be built with these sizes.
    """
    timm = import_timm()
    if not timm.is_model(name):
        raise UsageError(
            f"The installed timm ({timm.__version__}) does not know {name}.",
            "It is of another version than the one that Whatsit's table was made from.",
            "Update it with `python -m pip install --upgrade timm`.",
        )
    options: dict[str, object] = {**changes, "img_size": input_size} if input_size else changes
    if input_channels != 3:
        options["in_chans"] = input_channels
    with torch.no_grad(), Unset():
        network = create(name, num_classes=num_classes, **options)
    return network.eval().requires_grad_(False)
