"""Seeing what torch is asked to do while a network is built or run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from torch.overrides import TorchFunctionMode


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
