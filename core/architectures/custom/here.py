"""A person's code on the device that was chosen, whatever device it asks for.

Many networks call ``.cuda()`` when they are made or run.  What they ask for is turned into the device that they are
on, for the calls of the thread that runs them and as long as that lasts; nothing of torch's own is replaced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from core.architectures.calls import Calls

_OTHERS = ("cuda", "mps", "xpu", "npu", "hpu", "mtia")
_TYPES = "torch.cuda."
_DTYPES = {
    "FloatTensor": torch.float32,
    "DoubleTensor": torch.float64,
    "HalfTensor": torch.float16,
    "BFloat16Tensor": torch.bfloat16,
    "LongTensor": torch.int64,
    "IntTensor": torch.int32,
    "ByteTensor": torch.uint8,
    "BoolTensor": torch.bool,
}
"""Element types by the names of the tensors of PyTorch before 0.4, which old code still asks for."""


class Here(Calls):
    """While it is entered, another device than this one is this one.

    Attributes:
        device: where all goes; ``None`` for where each tensor is already.
        asked: whether another was asked for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.device: torch.device | None = None
        self.asked = False

    def answer(self, func: Callable[..., object], args: tuple[object, ...], options: dict[str, object]) -> object:
        """The same here."""
        if func is Tensor.cuda:
            self.asked = True
            tensor = cast(Tensor, args[0])
            return tensor if self.device is None else tensor.to(self.device)
        args = self.moved(func, args, options)
        return func(*args, **options)

    def moved(
        self, func: Callable[..., object], args: tuple[object, ...], options: dict[str, object]
    ) -> tuple[object, ...]:
        """The arguments of a call without another device; ``options`` are changed in place."""
        if func is Tensor.to:
            here = self.device or cast(Tensor, args[0]).device
            self.asked |= any(is_elsewhere(arg) for arg in (*args, options.get("device")))
            args = tuple(here if is_elsewhere(arg) else arg for arg in args)
            if is_elsewhere(options.get("device")):
                options["device"] = here
        elif func is Tensor.type and len(args) > 1 and (dtype := _of_cuda(args[1])) is not None:
            self.asked = True
            args = (args[0], dtype)
        if is_elsewhere(options.get("device")):
            self.asked = True
            options["device"] = self.device
        return args


class Anywhere(nn.Module):
    """A person's network that may ask for a device: it computes where its input is.

    Takes and gives what the network does.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self._here = Here()

    @property
    def asked(self) -> bool:
        """Whether it asked for another device so far."""
        return self._here.asked

    def forward(self, batch: Tensor) -> object:
        """The network's answer."""
        self._here.device = batch.device
        with self._here:
            return self.network(batch)


def is_elsewhere(device: object) -> bool:
    """Whether a value names a device other than the CPU."""
    if isinstance(device, str) and device:
        return device.partition(":")[0] in _OTHERS
    return isinstance(device, torch.device) and device.type not in ("cpu", "meta")


def _of_cuda(kind: object) -> torch.dtype | None:
    """The element type of ``torch.cuda.FloatTensor`` and its like, given as a class or as a text."""
    name = kind if isinstance(kind, str) else f"{getattr(kind, '__module__', '')}.{getattr(kind, '__name__', '')}"
    return _DTYPES.get(name.removeprefix(_TYPES)) if name.startswith(_TYPES) else None
