"""Recognising an architecture by the names and shapes of its tensors, without building it."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.catalogue import ArchitectureRow, table

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]

CLASSES, FREE = 0, -1
"""In a fingerprint's shapes: the number of classes, and a size that follows from the input's."""

_COMPUTED = frozenset({"num_batches_tracked", "relative_position_index", "relative_coords_table"})
"""Buffers that a network computes by itself and that no answer needs from a file.

``num_batches_tracked`` is not in files older than PyTorch 0.4.1, and some converters drop or reshape it.
"""


@dataclass(frozen=True)
class Fingerprint:
    """Names and shapes of an architecture's tensors.

    Attributes:
        architecture: id.
        required: what a file must hold.
        computed: what it may hold, and the network knows anyway.
        training_only: what it may hold and only training uses (auxiliary heads): left out.
        head: names of the tensors whose first size is the number of classes.
        stem: name of the first convolution's weight.
        fixed_input: the one input size in pixels a side that the network takes and no tensor shows; 0 if none.
    """

    architecture: str
    required: Shapes
    computed: Shapes
    training_only: frozenset[str]
    head: tuple[str, ...]
    stem: str
    fixed_input: int

    @property
    def expected(self) -> dict[str, Shape]:
        """All that a file of this architecture usually holds, without what only training uses."""
        return {**self.required, **self.computed}


@dataclass(frozen=True)
class Fit:
    """How well tensors fit an architecture.

    Attributes:
        architecture: id.
        total: names and shapes that were compared.
        missing: names that the architecture has and the file has not.
        unexpected: names that the file has and the architecture has not.
        different: name, shape in the file, shape in the architecture (see ``CLASSES``, ``FREE``).
        left_out: names in the file that only training uses.
        num_classes: as the head's shape says; 0 where it cannot be told.
        input_channels: as the first convolution's shape says; 0 where it cannot be told.
        input_size: pixels a side that the network takes; 0 where it takes any.
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

    @property
    def exact(self) -> bool:
        """Whether every name and shape fits."""
        return not (self.missing or self.unexpected or self.different) and self.num_classes > 0

    @property
    def fitting(self) -> int:
        """How many names and shapes agree."""
        return self.total - len(self.missing) - len(self.unexpected) - len(self.different)


@functools.cache
def fingerprints() -> Mapping[str, Fingerprint]:
    """All that are known, by architecture id."""
    return {name: _fingerprint(name, row) for name, row in table()["architectures"].items()}


@functools.cache
def known_names() -> frozenset[str]:
    """The names of all tensors of all architectures."""
    return frozenset(name for known in fingerprints().values() for name in known.expected)


def exact_fits(shapes: Shapes) -> tuple[Fit, ...]:
    """The architectures that the tensors fit by every name and shape; a millisecond."""
    found = (compare(shapes, known) for known in fingerprints().values() if _may_fit(shapes, known))
    return tuple(fit for fit in found if fit.exact)


def nearest(shapes: Shapes, count: int = 3) -> tuple[Fit, ...]:
    """The architectures that the tensors fit best, best first; without those that share no tensor.

    What is judged is the share of names and shapes that agree, of all that either side has.
    """
    fits = sorted((compare(shapes, known) for known in fingerprints().values()), key=_disagreement)
    return tuple(fit for fit in fits[:count] if fit.fitting > 0)


def compare(shapes: Shapes, known: Fingerprint) -> Fit:
    """How tensors differ from an architecture's."""
    num_classes = _num_classes(shapes, known)
    missing: list[str] = []
    different: list[tuple[str, Shape, Shape]] = []
    for name, wanted in known.required.items():
        if name not in shapes:
            missing.append(name)
        elif not _agrees(shapes[name], wanted, num_classes):
            different.append((name, shapes[name], wanted))
    for name, wanted in known.computed.items():
        # One number may be stored as a list of one.
        if name in shapes and shapes[name] != wanted and math.prod(shapes[name]) != math.prod(wanted):
            different.append((name, shapes[name], wanted))
    expected = known.required.keys() | known.computed.keys() | known.training_only
    unexpected = [name for name in shapes if name not in expected]
    stem = shapes.get(known.stem, ())
    return Fit(
        architecture=known.architecture,
        total=len(known.required.keys() | (shapes.keys() - known.training_only)),
        missing=tuple(missing),
        unexpected=tuple(unexpected),
        different=tuple(different),
        left_out=tuple(name for name in shapes if name in known.training_only),
        num_classes=num_classes,
        input_channels=stem[1] if len(stem) == 4 else 0,
        input_size=_input_size(shapes, known),
    )


def _may_fit(shapes: Shapes, known: Fingerprint) -> bool:
    return all(name in shapes for name in known.required)


def _disagreement(fit: Fit) -> tuple[float, str]:
    return (-fit.fitting / max(1, fit.total), fit.architecture)


def _agrees(shape: Shape, wanted: Shape, num_classes: int) -> bool:
    return len(shape) == len(wanted) and all(
        # The positions of a square of patches, and one for the class.
        (size > 1 and math.isqrt(size - 1) ** 2 == size - 1)
        if want == FREE
        else size == (num_classes if want == CLASSES else want)
        for size, want in zip(shape, wanted, strict=True)
    )


def _num_classes(shapes: Shapes, known: Fingerprint) -> int:
    for name in known.head:
        shape = shapes.get(name, ())
        if len(shape) == len(known.required[name]):
            return shape[0]
    return 0


def _input_size(shapes: Shapes, known: Fingerprint) -> int:
    """A Vision Transformer has a position for each patch, and one for the class."""
    for name, wanted in known.required.items():
        if FREE in wanted:
            shape, patch = shapes.get(name, ()), known.required[known.stem][-1]
            return math.isqrt(max(0, shape[1] - 1)) * patch if len(shape) == 3 else 0
    return known.fixed_input


def _fingerprint(name: str, row: ArchitectureRow) -> Fingerprint:
    shapes = dict(_expand(row["root"]))
    training_only = tuple(row.get("training_only", ()))
    used = {key: shape for key, shape in shapes.items() if not (training_only and key.startswith(training_only))}
    required = {key: shape for key, shape in used.items() if key.rpartition(".")[2] not in _COMPUTED}
    return Fingerprint(
        architecture=name,
        required=required,
        computed={key: shape for key, shape in used.items() if key not in required},
        training_only=frozenset(shapes.keys() - used.keys()),
        head=tuple(key for key, shape in required.items() if CLASSES in shape),
        stem=next(key for key, shape in required.items() if len(shape) == 4),
        fixed_input=row.get("fixed_input", 0),
    )


def _expand(number: int) -> Iterator[tuple[str, Shape]]:
    for name, below in table()["parts"][number].items():
        if isinstance(below, int):
            for rest, shape in _expand(below):
                yield f"{name}.{rest}", shape
        else:
            yield name, tuple(below)
