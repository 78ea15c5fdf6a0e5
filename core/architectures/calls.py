"""Seeing what torch is asked to do while a network is built or run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from torch import Tensor
from torch.overrides import TorchFunctionMode

_FILLS = frozenset(
    {"normal_", "uniform_", "constant_", "zero_", "fill_", "ones_", "zeros_", "trunc_normal_", "orthogonal_"}
    | {f"{name}_{kind}_" for name in ("kaiming", "xavier") for kind in ("normal", "uniform")}
    # What `torch.nn.init.trunc_normal_` is made of.
    | {"erfinv_", "mul_", "add_", "clamp_"}
)


class Calls(TorchFunctionMode):
    """Sees every call of torch's functions while it is entered; a subclass says what becomes of it."""

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: Iterable[type],
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        return self.answer(func, args, dict(kwargs or {}))

    def answer(self, func: Callable[..., object], args: tuple[object, ...], options: dict[str, object]) -> object:
        """What the call gives; ``func(*args, **options)`` where nothing is special about it."""
        raise NotImplementedError


def unfilled(func: Callable[..., object], args: tuple[object, ...], options: Mapping[str, object]) -> Tensor | None:
    """The tensor that a call would fill, where that has no memory: it would take time all the same."""
    if func.__name__ not in _FILLS:
        return None
    # torch.nn.init passes its tensor by name.
    target = args[0] if args else options.get("tensor")
    return target if isinstance(target, Tensor) and target.is_meta else None
