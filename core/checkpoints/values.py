"""What a weights file can hold, before a single tensor is read: plain values, tensors by place, placeholders."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from core.errors import shown as shown

ELEMENT_BYTES: Mapping[str, int] = {
    "bool": 1,
    "uint8": 1,
    "int8": 1,
    "float8_e4m3fn": 1,
    "float8_e5m2": 1,
    "int16": 2,
    "uint16": 2,
    "float16": 2,
    "bfloat16": 2,
    "int32": 4,
    "uint32": 4,
    "float32": 4,
    "int64": 8,
    "uint64": 8,
    "float64": 8,
    "complex64": 8,
    "complex128": 16,
}
"""Bytes of an element, by torch's name of its type."""


MAX_DIMENSIONS = 32
LONGEST_NAME = 500
"""Letters of a tensor's full name; longer ones, put together from shared parts, could fill any memory."""


class BrokenFile(Exception):
    """The bytes contradict themselves; the message completes a sentence that begins with "because".

    Attributes:
        globals: names in Python that the file had asked for until then.
    """

    def __init__(self, because: str) -> None:
        super().__init__(because)
        self.globals: frozenset[str] = frozenset()


def check_shape(sides: Sequence[int]) -> None:
    """Refuse sides that no tensor can have, be it one without numbers.

    Raises:
        BrokenFile: steps from number to number would not fit into 64 bits.
    """
    if math.prod(max(side, 1) for side in sides) >= 2**60:
        raise BrokenFile("it describes a tensor wrongly")


class Placed(bytes):
    """Bytes that a file holds as such, ``length`` of them from its byte ``start`` on; empty where they are long."""

    start: int
    length: int


@dataclass(frozen=True, slots=True, eq=False)
class Storage:
    """Numbers in the file that tensors are views of.

    Attributes:
        key: name within the file.
        dtype: torch's name of the element type, such as ``float32``.
        start: first element that belongs to it (old files have storages within storages).
        numel: how many elements.
    """

    key: str
    dtype: str
    start: int
    numel: int


@dataclass(frozen=True, slots=True, eq=False)
class TensorRef:
    """A tensor, by its place in the file: checked to lie within its storage, and not read yet.

    Attributes:
        storage: what it is a view of.
        dtype: torch's name of the element type.
        offset: its first element, counted from the storage's start.
        shape, stride: in elements.
    """

    storage: Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def numel(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


def is_count(value: object) -> bool:
    """Whether a value from a file is a whole number that can count or place something in a file."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**48


def view_of(storage: Storage, offset: object, shape: object, stride: object, dtype: str = "") -> TensorRef | None:
    """A tensor as a file describes it, checked to lie within its storage.

    Args:
        storage: what it is a view of.
        offset: its first element.
        shape: its sides, as a tuple.
        stride: its steps, as a tuple.
        dtype: its element type, where it is not the storage's.

    Returns:
        The tensor; ``None`` where numbers are repeated, which weights never do and which could claim terabytes.

    Raises:
        BrokenFile: it is described wrongly, or reaches beyond its storage.
    """
    sides, steps = _counts(shape), _counts(stride)
    if len(sides) != len(steps) or not is_count(offset):
        raise BrokenFile("it describes a tensor wrongly")
    check_shape(sides)
    dtype = dtype or storage.dtype
    elements = storage.numel
    if dtype != storage.dtype:
        elements = storage.numel * ELEMENT_BYTES.get(storage.dtype, 1) // ELEMENT_BYTES.get(dtype, 1)
    found = TensorRef(storage, dtype, cast(int, offset), sides, steps)
    if found.numel:
        last = found.offset + sum((size - 1) * step for size, step in zip(sides, steps, strict=True))
        if last >= elements:
            raise BrokenFile("a tensor in it reaches beyond its own numbers")
        if found.numel > elements:
            return None
    return found


def _counts(value: object) -> tuple[int, ...]:
    counts = as_tuple(value)
    if not isinstance(value, tuple) or len(counts) > MAX_DIMENSIONS or not all(is_count(count) for count in counts):
        raise BrokenFile("it describes a tensor wrongly")
    return cast("tuple[int, ...]", counts)


@dataclass(frozen=True, slots=True)
class Global:
    """A name of something in Python, which nobody imports."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class Inert:
    """Stands for an object of a class that nobody imports.

    Attributes:
        cls: what it was made with, usually a ``Global``.
        args: what it was made from.
        state: what it was given afterwards, usually a dict of its attributes; ``None`` if nothing.
        items: what was appended to it.
        pairs: what was stored in it under a key.
    """

    __slots__ = ("args", "cls", "items", "pairs", "state")

    def __init__(self, cls: object, args: object = ()) -> None:
        self.cls = cls
        self.args = args
        self.state: object = None
        self.items: list[object] = []
        self.pairs: dict[object, object] = {}

    @property
    def kind(self) -> str:
        """The name of its class, such as ``argparse.Namespace``."""
        return str(self.cls) if isinstance(self.cls, Global) else "an unnamed class"

    def __repr__(self) -> str:
        return f"<{self.kind}>"


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of the file.

    Attributes:
        start: where they begin, from the file's beginning.
        length: how many.
        crc32: their checksum; ``None`` where the file does not say.
        unpacked: how many bytes they unpack to; ``None`` where they are stored as they are.
    """

    start: int
    length: int
    crc32: int | None = None
    unpacked: int | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """Code in a file that can only be run as a whole, after a person's word.

    Attributes:
        kind: ``torchscript`` or ``exported_program``.
        contents: what is in it, in plain words, one line each.
        classes: name of each module and the class it once had, outermost first, as far as the file says.
        obstacle: why it cannot be loaded on this computer, one sentence; empty where nothing is known against it.
        example: shape of the input that it was made with, such as (1, 3, 224, 224); empty where it does not say.
    """

    kind: str
    contents: tuple[str, ...]
    classes: tuple[tuple[str, str], ...] = ()
    obstacle: str = ""
    example: tuple[int, ...] = ()

    @property
    def image_size(self) -> tuple[int, int] | None:
        """Height and width of that input where it is a batch of images; else ``None``."""
        return (self.example[2], self.example[3]) if len(self.example) == 4 else None


@dataclass(frozen=True, slots=True)
class Contents:
    """What a reader found in a file.

    Attributes:
        container: ``state_dict``, ``safetensors``, ``torchscript`` or ``exported_program``.
        root: the outermost value: dicts, lists, tuples, plain values, ``TensorRef``, ``Inert``, ``Global``.
        spans: where the bytes of each storage lie, by the storage's key.
        globals: names in Python that the file asks for, sorted; none was imported.
        texts: metadata of the container itself, by key.
        program: the code in it, where the container is one of a program.
    """

    container: str
    root: object
    spans: Mapping[str, Span]
    globals: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    program: Program | None = None


def as_tuple(value: object) -> tuple[object, ...]:
    """A tuple as it is; anything else as an empty one."""
    return cast("tuple[object, ...]", value) if isinstance(value, tuple) else ()


def as_items(value: object) -> Sequence[object]:
    """A list or tuple as it is; anything else as an empty one."""
    return cast("Sequence[object]", value) if isinstance(value, list | tuple) else ()


def as_dict(value: object) -> dict[object, object]:
    """A dict as it is; anything else as an empty one."""
    return cast("dict[object, object]", value) if isinstance(value, dict) else {}
