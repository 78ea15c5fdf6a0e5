"""Which input a network takes, found by trying it, and what it answers with.

A network is run on shapes alone (on the meta device, where nothing is computed) with inputs of several sizes.
What arrives at a layer that takes only so many numbers grows with the image, so the size is found by halving.
What was found is then proved with real numbers.
"""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn

from core.architectures.answers import described, no_scores, outputs_of
from core.architectures.custom.guard import Failure, Said, attempt, conditions
from core.architectures.custom.here import Anywhere
from core.architectures.endings import probabilities_in
from core.architectures.running import Run, Runner
from core.checkpoints.values import shown
from core.errors import MatchError

USUAL = (224, 32, 28, 64, 96, 128, 256, 299, 48, 16, 100, 150, 227, 112, 384, 512, 180, 200, 192, 50, 160, 240, 448)
"""Sides in pixels in the order in which they are tried."""
_WIDE = (
    (120, 160),
    (240, 320),
    (480, 640),
    (64, 128),
    (128, 64),
    (60, 80),
    (32, 128),
    (32, 100),
    (160, 120),
    (48, 64),
    (64, 48),
    (90, 120),
    (96, 128),
    (128, 96),
    (180, 240),
    (224, 320),
    (150, 200),
    (75, 100),
    (66, 200),
    (128, 256),
    (256, 128),
    (32, 64),
    (64, 32),
    (360, 640),
    (160, 320),
)
_LARGEST = 1024
_SECONDS = 6.0
_BATCH = 2
_SMALL = 64
_SMALLEST_GREY = 14
_SMALL_GREY = (8,)
_SMALLEST_RGB = 8
_OTHERS = ((nn.Embedding, "words"), (nn.Conv1d, "sequences"), (nn.Conv3d, "volumes"))
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


@dataclass(frozen=True)
class InputForm:
    """The input that a network takes, and its answer.

    Attributes:
        kind: ``image`` (N x channels x height x width), ``flat`` (N x channels*height*width: an image as one row)
            or ``vector`` (N x features: no image at all).
        channels: of the image; 0 for a vector.
        height, width: in pixels, as far as they are fixed; where any size is taken, one that is known to work.
        features: numbers in a row, for ``flat`` and ``vector``; else 0.
        any: whether other sizes are taken as well.
        sizes: smallest and largest side that give the same shapes; equal where only one does.
        outputs: how many numbers it answers with.
        output: which of several outputs is the answer: an index, a key, or ``None`` where there is one only.
        output_shape: of the answer, without the batch.
        ends_in: ``softmax``, ``log_softmax`` or ``sigmoid`` where the network itself ends so; else empty.
        squeezed: whether it takes a grey image as N x height x width, as networks that read it row by row do.
        headless: whether its answer is seen to come from no last layer (linear, or a 1 x 1 convolution): features.
        evidence: how it is known, one line.
    """

    kind: str
    channels: int
    height: int
    width: int
    features: int = 0
    any: bool = False
    sizes: tuple[int, int] = (0, 0)
    outputs: int = 0
    output: int | str | None = None
    output_shape: tuple[int, ...] = ()
    ends_in: str = ""
    squeezed: bool = False
    headless: bool = False
    evidence: str = ""


class Answering(nn.Module):
    """A network that answers with one row of numbers an image, whatever it gives besides.

    Takes (N, C, H, W), or (N, features) for rows; gives (N, outputs).
    """

    def __init__(self, network: nn.Module, form: InputForm) -> None:
        super().__init__()
        self.network = network
        self._output = form.output
        self._outputs = form.outputs
        self._squeezed = form.squeezed

    def forward(self, batch: Tensor) -> Tensor:
        """The answer's numbers as rows."""
        if self._squeezed:
            batch = batch[:, 0]
        return _picked(self.network(batch), self._output).reshape(len(batch), self._outputs)


def find_input(
    network: nn.Module, channels: int = 0, side: int = 0, sizes: Sequence[tuple[int, int]] = ()
) -> InputForm:
    """The input that a network takes.

    Args:
        network: on the CPU; it is put in eval mode, and its buffers are left as they were.
        channels: to be tried first; 0 where nothing is known.
        side: pixels a side to be tried first; 0 where nothing is known.
        sizes: (height, width) that are spoken of where the network comes from.

    Raises:
        MatchError: it takes neither images nor rows of numbers, or none was found within some seconds.
    """
    network.eval()
    buffers = [(buffer, buffer.clone()) for buffer in network.buffers()]
    with conditions(Said(), loading=True), torch.no_grad():
        try:
            return _Finder(network, channels, side, sizes).find()
        finally:
            for buffer, before in buffers:
                if not torch.equal(buffer, before):
                    buffer.copy_(before)


class _Finder:
    def __init__(self, network: nn.Module, channels: int, side: int, sizes: Sequence[tuple[int, int]]) -> None:
        self._runner = Runner(network)
        self._network = network
        self._channels = channels
        squares = [height for height, width in sizes if height == width]
        self._usual = tuple(dict.fromkeys((*((side,) if side else ()), *USUAL[:3], *squares, *USUAL[3:])))
        self._oblong = tuple(dict.fromkeys((*((high, wide) for high, wide in sizes if high != wide), *_WIDE)))
        self._end = time.thread_time() + _SECONDS
        self._first = next(
            (layer for layer in network.modules() if isinstance(layer, (*_CONVOLUTIONS, nn.Linear, nn.Embedding))), None
        )

    def find(self) -> InputForm:
        first = self._first
        takes = next((word for kind, word in _OTHERS if isinstance(first, kind)), "")
        if takes:
            raise MatchError(
                f"The network takes {takes}, not images.",
                f"Its first layer is a {type(first).__name__}.",
                "Choose the weights of an image classifier.",
            )
        names = _inputs_of(self._network)
        if len(names) > 1:
            raise MatchError(
                f"The network takes {len(names)} inputs at once: {', '.join(shown(name, 40) for name in names[:4])}.",
                "One picture is only one of them.",
                "Choose a network that answers to one picture, or one whose forward method makes the others itself.",
            )
        error = ""
        tries = (self._rows, self._images) if isinstance(first, nn.Linear) else (self._images, self._rows)
        if isinstance(first, nn.Linear) and self._patches():
            tries = (self._images, self._rows)
        for attempt_at in (*tries, self._read_by_row):
            for form in attempt_at():
                proved, why = self._proved(form)
                if proved is not None:
                    return proved
                error = why
            # Why it did not take what it most likely takes says more than what came of the rest.
            error = error or self._runner.error
        if self._runner.answer:
            raise no_scores(self._runner.answer)
        raise MatchError(
            "No input was found that the network takes.",
            f"It was tried with images of many sizes and with rows. It stopped with: {error or self._runner.error}",
            "Choose the preprocessing that the weights were trained with, or correct the network's forward method.",
        )

    def _patches(self) -> bool:
        """Whether there is a convolution at all: a Linear that comes first by name may not be the first to run."""
        return any(isinstance(layer, nn.Conv2d) for layer in self._network.modules())

    def _rows(self) -> Iterator[InputForm]:
        """Rows of numbers, and images that the network itself makes rows of."""
        sizes = dict.fromkeys(layer.in_features for layer in self._network.modules() if isinstance(layer, nn.Linear))
        for features in list(sizes)[:8]:
            channels, side = _as_image(features)
            if channels:
                run = self._run(channels, side, side)
                if run.fits:
                    evidence = f"{features} numbers are {_pixels(channels, side, side)}, which it takes as an image"
                    yield InputForm("image", channels, side, side, sizes=(side, side), evidence=evidence)
            if self._runner.rows(features, _BATCH).fits:
                if channels:
                    evidence = f"{features} numbers in a row: {_pixels(channels, side, side)}"
                    yield InputForm("flat", channels, side, side, features, sizes=(side, side), evidence=evidence)
                else:
                    yield InputForm("vector", 0, 0, 0, features, evidence=f"{features} numbers in a row, no image")

    def _read_by_row(self) -> Iterator[InputForm]:
        """Grey images without their one channel, of which a recurrent layer reads a row at a time."""
        for layer in self._network.modules():
            if isinstance(layer, nn.RNNBase) and self._runner.grid(layer.input_size, layer.input_size, _BATCH).fits:
                side = layer.input_size
                evidence = f"it reads {_pixels(1, side, side)} row by row"
                yield InputForm("image", 1, side, side, sizes=(side, side), squeezed=True, evidence=evidence)

    def _images(self) -> Iterator[InputForm]:
        for channels in self._channel_choices():
            tried: dict[int, Run] = {}
            for side in self._usual[:3]:
                tried[side] = self._run(channels, side, side)
                if tried[side].fits:
                    break
            else:
                solved = self._solved(channels, tried)
                if solved is not None:
                    yield solved
                for side in self._usual[3:]:
                    if time.thread_time() > self._end:
                        return
                    tried[side] = self._run(channels, side, side)
                    if tried[side].fits:
                        break
            side = next((size for size, run in tried.items() if run.fits), 0)
            if side:
                yield self._image(channels, side)
                continue
            yield from self._wide(channels)

    def _channel_choices(self) -> tuple[int, ...]:
        convolution = next((layer for layer in self._network.modules() if isinstance(layer, nn.Conv2d)), None)
        said = convolution.in_channels if convolution is not None else 0
        choices = (self._channels, said, 3, 1) if said in (0, 1, 3) else (said, self._channels, 3, 1)
        return tuple(dict.fromkeys(channels for channels in choices if channels))

    def _image(self, channels: int, side: int) -> InputForm:
        """The form for a side that fits: whether others do, too."""
        # Far enough away that rounding in strided layers cannot make it fit by chance.
        if any(self._run(channels, size, size).fits for size in (side // 2, side + 96, 2 * side)):
            return InputForm("image", channels, side, side, any=True, sizes=(side, side), evidence="it takes any size")
        low, high = self._range(channels, side)
        pixels = _pixels(channels, side, side)
        if low == high:
            return InputForm("image", channels, side, side, sizes=(low, high), evidence=f"it takes only {pixels}")
        evidence = f"it takes {low} to {high} pixels a side; {side} is used"
        return InputForm("image", channels, side, side, sizes=(low, high), evidence=evidence)

    def _range(self, channels: int, side: int) -> tuple[int, int]:
        """Sides around one that fit without a gap; at most some."""
        low = high = side
        while low > 1 and side - low < 40 and self._run(channels, low - 1, low - 1).fits:
            low -= 1
        while high - side < 40 and self._run(channels, high + 1, high + 1).fits:
            high += 1
        return low, high

    def _solved(self, channels: int, tried: Mapping[int, Run]) -> InputForm | None:
        """The side for which what arrives at the layer that refuses is what it takes."""
        if not any(run.arriving and run.wanted for run in tried.values()):
            return None

        def over(side: int) -> float:
            """Below 1 where the image is too small, 1 where it fits, above where it is too large."""
            run = self._run(channels, side, side)
            return 1.0 if run.fits else run.arriving / run.wanted if run.wanted else 0.0

        low, high = 0, 1
        while over(high) < 1:
            low, high = high, high * 2
            if high > _LARGEST or time.thread_time() > self._end:
                return None
        while high - low > 1 and time.thread_time() < self._end:
            middle = (low + high) // 2
            low, high = (middle, high) if over(middle) < 1 else (low, middle)
        if not self._run(channels, high, high).fits:
            return None
        form = self._image(channels, high)
        if form.any:
            return form
        side = next((size for size in self._usual if form.sizes[0] <= size <= form.sizes[1]), 0)
        side = side or max(range(form.sizes[0], form.sizes[1] + 1), key=lambda size: size & -size)
        return self._image(channels, side)

    def _wide(self, channels: int) -> Iterator[InputForm]:
        for height, width in self._oblong:
            if time.thread_time() < self._end and self._run(channels, height, width).fits:
                evidence = f"it takes {_pixels(channels, height, width)}"
                yield InputForm("image", channels, height, width, evidence=evidence)
                return

    def _run(self, channels: int, height: int, width: int) -> Run:
        return self._runner.image(channels, height, width, _BATCH)

    def _proved(self, form: InputForm) -> tuple[InputForm | None, str]:
        """The form with what the network answers to real numbers; else why it does not answer."""
        small = form.any and self._run(form.channels, _SMALL, _SMALL).fits
        height, width = (_SMALL, _SMALL) if small else (form.height, form.width)
        shape = (form.features,) if form.features else (form.channels, height, width)
        if form.squeezed:
            shape = (height, width)
        noise = torch.randn((_BATCH, *shape), generator=torch.Generator().manual_seed(0))
        result = attempt(lambda: self._runner.real(noise))
        if isinstance(result, Failure):
            return None, f"{type(result.error).__name__}: {shown(str(result.error).partition(chr(10))[0], 200)}"
        outputs, ending = result
        found = outputs_of(outputs, _BATCH, ending.headless)
        if found is None:
            self._runner.answer = described(outputs, _BATCH)
            return None, "its answer is no row of numbers for each image."
        key, answer = found
        row = answer.reshape(_BATCH, -1).float()
        return replace(
            form,
            outputs=row.shape[1],
            output=key,
            output_shape=tuple(answer.shape[1:]),
            ends_in=probabilities_in(row, ending.function),
            headless=ending.headless(row.numel()),
        ), ""


def _inputs_of(network: nn.Module) -> list[str]:
    """The parameters that a network's forward method must be given; empty where they cannot be told."""
    inside = network.network if isinstance(network, Anywhere) else network
    signature = attempt(lambda: inspect.signature(inside.forward))
    if isinstance(signature, Failure) or isinstance(inside, torch.jit.ScriptModule):
        return []
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [
        name
        for name, parameter in signature.parameters.items()
        if parameter.kind in positional and parameter.default is inspect.Parameter.empty
    ]


def _picked(outputs: object, key: int | str | None) -> Tensor:
    if key is None:
        return cast(Tensor, outputs)
    if isinstance(key, str) and not isinstance(outputs, Mapping):
        return cast(Tensor, getattr(outputs, key))
    return cast("Mapping[int | str, Tensor]", outputs)[key]


def _as_image(features: int) -> tuple[int, int]:
    """Channels and side of the square image that a row of numbers is, if it is one; else zeros."""
    side = math.isqrt(features)
    if side * side == features and (side >= _SMALLEST_GREY or side in _SMALL_GREY):
        return 1, side
    side = math.isqrt(features // 3)
    if 3 * side * side == features and side >= _SMALLEST_RGB:
        return 3, side
    return 0, 0


def _pixels(channels: int, height: int, width: int) -> str:
    colour = {1: "grey", 3: "colour"}.get(channels, f"{channels}-channel")
    return f"{width} x {height} {colour} pixels"
