"""Running a network once, to see whether it takes an input and what reaches its layers."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn

from core.architectures.answers import described, outputs_of, rows_of
from core.architectures.custom.guard import Failure, attempt
from core.architectures.endings import Ending, LastCalls
from core.checkpoints.values import shown
from core.errors import MatchError

_RESHAPED = re.compile(r"shape '\[([\d, -]+)\]' is invalid for input of size (\d+)")
_SIDES = re.compile(r"The size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)")
_PRODUCT = re.compile(r"mat1 and mat2 shapes cannot be multiplied \((\d+)x(\d+) and (\d+)x\d+\)")
_LARGEST_REAL = 256
_LARGE = 64
_MOST_NUMBERS = 1 << 30
"""That one layer may make of a try's images: 4 GiB, far more than any classifier's."""


@dataclass(frozen=True)
class Run:
    """How a network took an input.

    Attributes:
        fits: whether it answered with something for each image.
        arriving: numbers an image that reached the layer that refused; 0 where that cannot be told.
        wanted: numbers an image that this layer takes; 0 where that cannot be told.
    """

    fits: bool
    arriving: int = 0
    wanted: int = 0


def is_worth_a_try(network: nn.Module) -> bool:
    """Whether a network that its tensors tell has to be tried all the same, as it was saved whole.

    It may have a layer of its own that makes probabilities, where a library's ends in its head; or one that makes an
    image larger, which a hostile file may have do so without end.
    """
    layers = list(network.modules())
    ends = isinstance(layers[-1], nn.Sigmoid) or any(isinstance(layer, nn.Softmax | nn.LogSoftmax) for layer in layers)
    return ends or any(isinstance(layer, nn.Upsample) or _enlarges(layer) for layer in layers)


def _enlarges(layer: nn.Module) -> bool:
    values: tuple[object, ...] = tuple(getattr(layer, name, 0) for name in ("padding", "output_size", "output_padding"))
    sides = (
        side
        for value in values
        for side in (cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,))
    )
    return any(isinstance(side, int) and side > _LARGE for side in sides)


class Runner:
    """Runs a network on shapes alone where it can, on zeros where it cannot.

    Attributes:
        error: why it last refused an input; empty if it never did.
        answer: what it last answered with that is no row of numbers for each image; empty if it never did.
    """

    def __init__(self, network: nn.Module) -> None:
        self.error = ""
        self.answer = ""
        self._network = network
        # A TorchScript program has its own memory, and runs as it is or not at all.
        self._meta = not any(isinstance(layer, torch.jit.ScriptModule) for layer in network.modules())
        self._seen: dict[tuple[int, ...], Run] = {}
        self._shells = {
            name: torch.empty_like(tensor, device="meta")
            for name, tensor in (*network.named_parameters(), *network.named_buffers())
        }

    def image(self, channels: int, height: int, width: int, batch: int) -> Run:
        """How it takes images of a size."""
        return self._run((batch, channels, height, width))

    def rows(self, features: int, batch: int) -> Run:
        """How it takes rows of numbers."""
        return self._run((batch, features))

    def grid(self, height: int, width: int, batch: int) -> Run:
        """How it takes grey images without their channel."""
        return self._run((batch, height, width))

    def real(self, values: Tensor) -> tuple[object, Ending]:
        """What it answers to an input, and how it ended."""
        calls = LastCalls()
        with _kept(self._network), calls:
            outputs: object = self._network(values)
        return outputs, calls.ending(self._network)

    def _run(self, shape: tuple[int, ...]) -> Run:
        if shape not in self._seen:
            self._seen[shape] = self._fresh(shape)
        return self._seen[shape]

    def _fresh(self, shape: tuple[int, ...]) -> Run:
        watch = _Watch(self._network)
        with watch:
            result = attempt(lambda: self._once(shape))
            if isinstance(result, Failure) and self._meta and _cannot_do_shapes(result.error):
                self._meta = False
                watch.forget()
                result = attempt(lambda: self._once(shape))
        batch = shape[0]
        if isinstance(result, Failure) and isinstance(result.error, _TooMuch):
            raise MatchError(
                "The network asks for more memory than any classifier.",
                f"Tried with {batch} small images, {result.error}.",
                "Choose the weights of an image classifier, from somebody whom you know.",
            )
        if isinstance(result, Failure):
            return self._refused(result.error, watch, batch)
        if outputs_of(result, batch) is not None:
            return Run(True)
        self.answer = described(result, batch)
        # `view(-1, 1568)` makes more rows of an image that is too large, and nobody refuses them.
        rows = rows_of(result)
        linear = watch.linear
        if linear is None or not rows:
            return Run(False)
        return Run(False, linear.in_features * rows // batch, linear.in_features)

    def _once(self, shape: tuple[int, ...]) -> object:
        with _kept(self._network):
            if self._meta:
                with _bounded(self._network):
                    return torch.func.functional_call(self._network, self._shells, (torch.empty(shape, device="meta"),))
            if max(shape[2:], default=0) > _LARGEST_REAL:
                raise _TooLarge
            return self._network(torch.zeros(shape))

    def _refused(self, error: BaseException, watch: _Watch, batch: int) -> Run:
        text = str(error)
        if not isinstance(error, _TooLarge):
            self.error = f"{type(error).__name__}: {shown(text.partition(chr(10))[0], 200)}"
        reshaped = _RESHAPED.search(text)
        if reshaped:
            sides = [int(side) for side in reshaped[1].split(",")]
            wanted = 1
            for side in sides:
                wanted *= side if side > 0 else 1
            # `view(2, 1568)` has the batch among its sides, `view(-1, 1568)` has not.
            if sides[0] == batch:
                wanted //= batch
            return Run(False, int(reshaped[2]) // batch, wanted)
        if watch.linear is not None and watch.arrived:
            return Run(False, watch.arrived // batch, watch.linear.in_features)
        product = _PRODUCT.search(text)
        if product and int(product[1]) == batch:
            return Run(False, int(product[2]), int(product[3]))
        sides = _SIDES.search(text)
        if sides:
            return Run(False, int(sides[1]), int(sides[2]))
        return Run(False)


class _TooMuch(Exception):
    """A layer makes more numbers than there may be memory for."""


class _TooLarge(Exception):
    """An image of this size would take too long to be tried with real numbers."""


@contextmanager
def _bounded(network: nn.Module) -> Generator[None]:
    """On shapes alone a layer may ask for any memory: one that asks for more than there may be is refused in time.

    Raises:
        _TooMuch: from the forward pass.
    """

    def check(name: str, layer: nn.Module, _: object, output: object) -> None:
        if isinstance(output, Tensor) and output.numel() > _MOST_NUMBERS:
            kind = type(layer).__name__
            raise _TooMuch(f"its layer {shown(name, 60)} ({kind}) makes {output.numel():,} numbers of them")

    named = cast("Iterator[tuple[str, nn.Module]]", network.named_modules())
    handles: list[Any] = [
        layer.register_forward_hook(partial(check, name)) for name, layer in named if not list(layer.children())
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _kept(network: nn.Module) -> Generator[None]:
    """What a forward pass hangs on the network's layers is gone afterwards: it would be of the wrong size."""
    layers = [layer for layer in network.modules() if not isinstance(layer, torch.jit.ScriptModule)]
    before = [(layer, dict(vars(layer)), dict(layer._buffers)) for layer in layers]  # pyright: ignore[reportPrivateUsage]
    try:
        yield
    finally:
        for layer, attributes, buffers in before:
            vars(layer).clear()
            vars(layer).update(attributes)
            layer._buffers.clear()  # pyright: ignore[reportPrivateUsage]
            layer._buffers.update(buffers)  # pyright: ignore[reportPrivateUsage]


class _Watch:
    """Notes what reaches the last linear layer that was called.

    Attributes:
        linear: that layer, if any was called.
        arrived: numbers in its input, where they do not fit it; else 0.
    """

    def __init__(self, network: nn.Module) -> None:
        self._layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear | nn.BatchNorm1d)]
        self._handles: list[Any] = []
        self.linear: nn.Linear | None = None
        self.arrived = 0

    def __enter__(self) -> _Watch:
        self._handles = [layer.register_forward_pre_hook(self._note) for layer in self._layers]
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()

    def forget(self) -> None:
        """Start over."""
        self.linear, self.arrived = None, 0

    def _note(self, layer: nn.Module, inputs: tuple[object, ...]) -> None:
        given = inputs[0] if inputs else None
        if isinstance(layer, nn.Linear) and isinstance(given, Tensor) and given.dim() > 0:
            if self.linear is None:
                self.linear = layer
            if given.shape[-1] != layer.in_features:
                self.linear, self.arrived = layer, given.numel()


def _cannot_do_shapes(error: BaseException) -> bool:
    """Whether a failure comes from running on shapes alone, and not from the shapes."""
    text = str(error).lower()
    return isinstance(error, NotImplementedError) or "meta" in text or "device" in text
