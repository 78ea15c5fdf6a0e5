"""The names and shapes of the tensors of every architecture that is known."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.tables import TIMM_PREFIX, ArchitectureRow, Part, TimmRow, timm_table, torchvision_table

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]

CLASSES = 0
"""In a fingerprint's shapes: the number of classes."""
_CHANNELS, _SIZED = -1, -10000
_FREE = -1
"""In torchvision's table: a position for each patch, and one for the class."""

_COMPUTED = frozenset({"num_batches_tracked", "relative_position_index", "relative_coords_table"})
"""Buffers that a network computes by itself and that no answer needs from a file.

``num_batches_tracked`` is not in files older than PyTorch 0.4.1, and some converters drop or reshape it.
"""
_FORMER = frozenset({*_COMPUTED, "attn_mask", "attention_bias_idxs", "attention_biases_idxs", "rel_coords_log"})
"""Buffers that older versions of timm saved."""
_ROTARY = re.compile(r"timm/(eva02|deepseek|qwen3|vit_\w*(rope|dinov3|lingbot|sapiens|_pe_))")
_ONLY_IN_PROGRAMS = {
    "k_bias": re.compile(r"timm/(beit|swinv2_|eva02|vit_\w*(rope|dinov3|lingbot))"),
    "rel_indices": re.compile(r"timm/convit"),
    "filt": re.compile(r"timm/(\w*blur|tresnet)"),
    "relative_coordinates_log": re.compile(r"timm/swinv2_cr"),
    "rel_pos_indices": re.compile(r"timm/lambda"),
    "width_lookup": re.compile(r"timm/maxvit"),
    "height_lookup": re.compile(r"timm/maxvit"),
    "inv_freq": re.compile(r"timm/gemma4"),
    "rope.pos_embed": _ROTARY,
    "bands": _ROTARY,
    "periods": _ROTARY,
    "t_x": _ROTARY,
    "t_y": _ROTARY,
}
"""Buffers that a state dict leaves out and a TorchScript program holds, and the architectures that compute them."""
_TRAINING_ONLY = ("aux1.", "aux2.", "AuxLogits.")
"""Beginnings of the names of heads that only training uses: GoogLeNet's and Inception's."""

WHOLE_HEADS = {
    "AlexNet": "classifier",
    "ConvNeXt": "classifier",
    "EfficientNet": "classifier",
    "MNASNet": "classifier",
    "MobileNet": "classifier",
    "VGG": "classifier",
    "Vision Transformer": "heads",
}
"""torchvision's families whose last layer is inside a module that people replace as a whole."""


@dataclass(frozen=True)
class Formula:
    """A size that follows from the input's: ``(a n^2 + b n + c) / d`` for ``n`` steps a side."""

    a: int
    b: int
    c: int
    d: int

    def size(self, steps: int) -> float:
        """The size for that many steps."""
        return (self.a * steps * steps + self.b * steps + self.c) / self.d

    def steps(self, size: int) -> int:
        """The steps that make a size; 0 if none do."""
        rest = self.c - size * self.d
        if self.a == 0:
            return -rest // self.b if self.b and -rest % self.b == 0 and -rest // self.b > 0 else 0
        inside = self.b * self.b - 4 * self.a * rest
        if inside < 0:
            return 0
        steps = (math.isqrt(inside) - self.b) // (2 * self.a)
        return steps if steps > 0 and self.size(steps) == size else 0


@dataclass(frozen=True)
class Fingerprint:
    """Names and shapes of an architecture's tensors.

    In a shape, a size that is above zero is that size; ``CLASSES``, or what ``channels`` or ``formula`` tell
    apart, is one that a file decides.

    Attributes:
        architecture: id.
        required: what a file must hold.
        computed: what it may hold, and the network knows anyway.
        training_only: beginnings of names that it may hold and only training uses (auxiliary heads).
        head: names of the tensors whose first size is the number of classes; none in networks without a head.
        whole_head: name of the module around the last layer that people replace as a whole; mostly empty.
        stem: names of the tensors that show the number of the input's channels.
        step: pixels for each step of ``formula``; 0 where no shape shows the input's size.
        usual_input: pixels a side that the network is usually built for, where shapes show it; else 0.
        fixed_input: the one input size in pixels a side that the network takes and no tensor shows; 0 if none.
    """

    architecture: str
    required: Shapes
    computed: Shapes
    training_only: tuple[str, ...]
    head: tuple[str, ...]
    whole_head: str
    stem: tuple[str, ...]
    step: int
    usual_input: int
    fixed_input: int
    formulas: tuple[Formula, ...]

    @property
    def expected(self) -> dict[str, Shape]:
        """All that a file of this architecture usually holds, without what only training uses."""
        return {**self.required, **self.computed}

    @property
    def heads(self) -> tuple[str, ...]:
        """Names of the last layers; several where a network averages several answers."""
        return tuple(dict.fromkeys(name.rpartition(".")[0] for name in self.head))

    def computes(self, name: str) -> bool:
        """Whether it needs no tensor of this name from a file, and may find one there."""
        leaf = name.rpartition(".")[2]
        which = _ONLY_IN_PROGRAMS.get("rope.pos_embed" if name.endswith("rope.pos_embed") else leaf)
        return leaf in _FORMER or (which is not None and which.match(self.architecture) is not None)

    def formula(self, code: int) -> Formula | None:
        """What a size follows from, where it follows from the input's size."""
        return self.formulas[_SIZED - code] if code <= _SIZED else None


def channels(code: int) -> int:
    """How many times the input's channels a size in a fingerprint's shape is; 0 where it is something else."""
    return _CHANNELS - code if _SIZED < code < _CHANNELS else 0


def is_computed(name: str) -> bool:
    """Whether a tensor is one that a network computes by itself, or that older versions saved."""
    leaf = name.rpartition(".")[2]
    return leaf in _FORMER or leaf in _ONLY_IN_PROGRAMS or name.endswith("rope.pos_embed")


def is_training_only(name: str) -> bool:
    """Whether a tensor is part of a head that only training uses."""
    return name.startswith(_TRAINING_ONLY)


def identifiers() -> tuple[str, ...]:
    """The ids of all architectures, torchvision's first."""
    return (*torchvision_table()["architectures"], *(TIMM_PREFIX + name for name in timm_table()["architectures"]))


@functools.cache
def fingerprint(architecture: str) -> Fingerprint:
    """The fingerprint of an architecture.

    Raises:
        KeyError: there is none with this id.
    """
    if architecture.startswith(TIMM_PREFIX):
        name = architecture.removeprefix(TIMM_PREFIX)
        return _timm(architecture, timm_table()["architectures"][name])
    return _torchvision(architecture, torchvision_table()["architectures"][architecture])


def _torchvision(name: str, row: ArchitectureRow) -> Fingerprint:
    shapes = dict(expand(torchvision_table()["parts"], row["root"]))
    training_only = tuple(row.get("training_only", ()))
    used = {key: shape for key, shape in shapes.items() if not (training_only and key.startswith(training_only))}
    required = {key: shape for key, shape in used.items() if key.rpartition(".")[2] not in _COMPUTED}
    stem = next(key for key, shape in required.items() if len(shape) == 4)
    outputs, _, *kernel = required[stem]
    required[stem] = (outputs, _CHANNELS - 1, *kernel)
    patch = kernel[-1] if any(_FREE in shape for shape in required.values()) else 0
    for key, shape in required.items():
        required[key] = tuple(_SIZED if size == _FREE else size for size in shape)
    return Fingerprint(
        architecture=name,
        required=required,
        computed={key: shape for key, shape in used.items() if key not in required},
        training_only=training_only,
        head=tuple(key for key, shape in required.items() if CLASSES in shape),
        whole_head=WHOLE_HEADS.get(row["family"], ""),
        stem=(stem,),
        step=patch,
        usual_input=224 if patch else 0,
        fixed_input=row.get("fixed_input", 0),
        formulas=(Formula(1, 0, 1, 1),),
    )


def _timm(architecture: str, row: TimmRow) -> Fingerprint:
    shapes = dict(expand(timm_table()["parts"], row["root"]))
    required = {key: shape for key, shape in shapes.items() if key.rpartition(".")[2] not in _COMPUTED}
    _, height, width = row["input"]
    return Fingerprint(
        architecture=architecture,
        required=required,
        computed={key: shape for key, shape in shapes.items() if key not in required},
        training_only=_TRAINING_ONLY if architecture == "timm/inception_v3" else (),
        head=tuple(key for key, shape in required.items() if CLASSES in shape),
        whole_head="",
        stem=tuple(key for key, shape in required.items() if any(channels(size) for size in shape)),
        step=row.get("step", 0),
        usual_input=height if row.get("step") else 0,
        fixed_input=height if _is_fixed(row) and not row.get("step") and height == width else 0,
        formulas=_timm_formulas(),
    )


def _is_fixed(row: TimmRow) -> bool:
    """Whether a network takes one size only.  timm says so of XCiT, too, which takes any number of patches."""
    return bool(row.get("fixed")) and row["family"] != "XCiT"


@functools.cache
def _timm_formulas() -> tuple[Formula, ...]:
    return tuple(Formula(*sizes) for sizes in timm_table()["sizes"])


def expand(parts: Sequence[Part], number: int) -> Iterator[tuple[str, Shape]]:
    """The names and shapes that a part of a table stands for."""
    for name, below in parts[number].items():
        if isinstance(below, int):
            for rest, shape in expand(parts, below):
                yield f"{name}.{rest}", shape
        else:
            yield name, tuple(below)
