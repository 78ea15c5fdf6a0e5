"""How well tensors fit an architecture, by name and shape."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from core.fingerprints.known import CLASSES, Fingerprint, Shape, Shapes, channels

Kind = Literal["linear", "batch_norm", "layer_norm", "prelu"]


@dataclass(frozen=True)
class Layer:
    """A layer of a head that was put in place of an architecture's own.

    Attributes:
        name: below the head's name, such as ``3`` or ``fc1``; empty where the head is this one layer.
        kind: which layer its tensors are of.
        inputs: how many numbers go in.
        outputs: how many come out.
        bias: whether it has one.
        activation: what comes before it and no tensor shows: ``relu``, what the architecture has there
            (``original``), or nothing.
    """

    name: str
    kind: Kind
    inputs: int
    outputs: int
    bias: bool = True
    activation: Literal["", "relu", "original"] = ""


@dataclass(frozen=True)
class NewHead:
    """Layers in place of an architecture's own head.

    Attributes:
        module: the name of what they replace, such as ``fc`` or ``classifier``.
        layers: in order; none where there is no head at all.
        twice: whether it takes the features' maximum and average, one after the other, as fastai's heads do; of a
            Vision Transformer the class token and the average of the patches, as DINOv2's do.
        pooled: whether it takes each feature's average over the image, where the architecture's own head takes 7 x 7
            places of each.
    """

    module: str
    layers: tuple[Layer, ...]
    twice: bool = False
    pooled: bool = False


@dataclass(frozen=True)
class NewStem:
    """A first convolution in place of an architecture's own.

    Attributes:
        convolution: its module's name.
        small: whether it is 3 x 3 in place of 7 x 7, for small images.
        bias: whether it has a bias that the architecture's own has not.
    """

    convolution: str
    small: bool = True
    bias: bool = False


@dataclass(frozen=True)
class NewTokens:
    """Other tokens of a Vision Transformer's, or another way from them to its head.

    Attributes:
        averaged: whether the average of its patches goes into its head, in place of the class token.
        class_token: whether it has one.
        registers: tokens beside it that only take part in attention.
    """

    averaged: bool = True
    class_token: bool = True
    registers: int = 0


@dataclass(frozen=True)
class Fit:
    """How well tensors fit an architecture.

    Attributes:
        architecture: id.
        total: names and shapes that were compared.
        missing: names that the architecture has and the file has not.
        unexpected: names that the file has and the architecture has not.
        different: name, shape in the file, shape in the architecture (see ``Fingerprint``).
        left_out: names in the file that only training uses, or older versions saved.
        num_classes: as the head's shape says; 0 where it cannot be told.
        input_channels: as the first convolution's shape says; 0 where it cannot be told.
        input_size: pixels a side that the network takes; 0 where it takes any.
        head: the head in place of the architecture's own; ``None`` where it is the architecture's own.
        stem: the first convolution in place of the architecture's own; ``None`` where it is its own.
        tokens: what its head takes in place of the class token; ``None`` where it takes the architecture's own.
    """

    architecture: str
    total: int
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    different: tuple[tuple[str, Shape, Shape], ...] = ()
    left_out: tuple[str, ...] = ()
    num_classes: int = 0
    input_channels: int = 0
    input_size: int = 0
    head: NewHead | None = None
    stem: NewStem | None = None
    tokens: NewTokens | None = None

    @property
    def changed(self) -> bool:
        """Whether there is anything else in place of the architecture's own."""
        return not (self.head is None and self.stem is None and self.tokens is None)

    @property
    def options(self) -> tuple[tuple[str, str | bool | int], ...]:
        """What timm's constructor is told of what is changed in it."""
        if self.tokens is None:
            return ()
        told: list[tuple[str, str | bool | int]] = []
        if self.tokens.averaged:
            told.append(("global_pool", "avg"))
        if not self.tokens.class_token:
            told.append(("class_token", False))
        if self.tokens.registers:
            told.append(("reg_tokens", self.tokens.registers))
        return tuple(told)

    @property
    def complete(self) -> bool:
        """Whether every name and shape has its place, be it in a changed head or stem."""
        return not (self.missing or self.unexpected or self.different)

    @property
    def exact(self) -> bool:
        """Whether every name and shape fits the architecture as it is, and gives classes."""
        return self.complete and self.num_classes > 0 and not self.changed

    @property
    def headless(self) -> bool:
        """Whether all but the last layer is there."""
        return self.complete and self.num_classes == 0

    @property
    def fitting(self) -> int:
        """How many names and shapes agree."""
        return self.total - len(self.missing) - len(self.unexpected) - len(self.different)


def compare(shapes: Shapes, known: Fingerprint) -> Fit:
    """How tensors differ from an architecture's."""
    sizes = Sizes(shapes, known)
    missing: list[str] = []
    different: list[tuple[str, Shape, Shape]] = []
    for name, wanted in known.required.items():
        shape = shapes.get(name)
        if shape is None:
            missing.append(name)
        elif shape != wanted and not sizes.agree(shape, wanted):
            different.append((name, shape, wanted))
    for name, wanted in known.computed.items():
        # One number may be stored as a list of one.
        if name in shapes and shapes[name] != wanted and math.prod(shapes[name]) != math.prod(wanted):
            different.append((name, shapes[name], wanted))
    beside = [name for name in shapes if name not in known.required and name not in known.computed]
    left_out = tuple(name for name in beside if name.startswith(known.training_only) or known.computes(name))
    leave = frozenset(left_out)
    return Fit(
        architecture=known.architecture,
        total=len(known.required.keys() | (shapes.keys() - leave)),
        missing=tuple(missing),
        unexpected=tuple(name for name in beside if name not in leave),
        different=tuple(different),
        left_out=left_out,
        num_classes=sizes.classes,
        input_channels=sizes.channels,
        input_size=sizes.input_size,
    )


def resembles(shapes: Shapes, known: Fingerprint, leave: tuple[str, ...] = ()) -> bool:
    """Whether every shape that an architecture prescribes is there; told at the first that is not.

    Args:
        shapes: the tensors.
        known: the architecture; sizes that it leaves open may be any.
        leave: beginnings of names that are not looked at.
    """
    for name, wanted in known.required.items():
        shape = shapes.get(name, ())
        if shape != wanted and not _may_be(shape, wanted) and not name.startswith(leave):
            return False
    return True


def _may_be(shape: Shape, wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(
        want <= 0 or size == want for size, want in zip(shape, wanted, strict=True)
    )


class Sizes:
    """The sizes that an architecture leaves open, as a file's tensors have them.

    Attributes:
        classes: size of the head; 0 where it cannot be told.
        channels: of the input; 0 where it cannot be told.
        steps: see ``Formula``; 0 where they cannot be told.
        input_size: pixels a side that the network takes; 0 where it takes any.
    """

    def __init__(self, shapes: Shapes, known: Fingerprint) -> None:
        self._known = known
        self.classes = self._first(shapes, known.head, lambda code, size: size if code == CLASSES else 0)
        self.channels = self._first(shapes, known.stem, _channels)
        self.steps = self._first(shapes, known.required if known.step else (), self._steps)
        self.input_size = self.steps * known.step or known.fixed_input

    def agree(self, shape: Shape, wanted: Shape) -> bool:
        """Whether a shape is as it should be."""
        return len(shape) == len(wanted) and all(
            size == want or (want <= 0 and size == self._open(want)) for size, want in zip(shape, wanted, strict=True)
        )

    def _first(self, shapes: Shapes, names: Iterable[str], tell: Callable[[int, int], int]) -> int:
        """What the first place that can tell says; 0 where none can."""
        for name in names:
            wanted, shape = self._known.required[name], shapes.get(name, ())
            if min(wanted, default=1) <= 0 and len(shape) == len(wanted):
                for code, size in zip(wanted, shape, strict=True):
                    told = tell(code, size) if code <= 0 else 0
                    if told:
                        return told
        return 0

    def _steps(self, code: int, size: int) -> int:
        formula = self._known.formula(code)
        return formula.steps(size) if formula is not None else 0

    def _open(self, code: int) -> float:
        formula = self._known.formula(code)
        if formula is not None:
            return formula.size(self.steps) if self.steps else -1
        if code == CLASSES:
            return self.classes or -1
        return channels(code) * self.channels or -1


def _channels(code: int, size: int) -> int:
    times = channels(code)
    return size // times if times and size % times == 0 else 0
