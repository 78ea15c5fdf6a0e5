"""What a weights file can hold, before a single tensor is read: plain values, tensors by place, placeholders."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

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


class BrokenFile(Exception):
    """The bytes contradict themselves; the message completes a sentence that begins with "because".

    Attributes:
        globals: names in Python that the file had asked for until then.
    """

    def __init__(self, because: str) -> None:
        super().__init__(because)
        self.globals: frozenset[str] = frozenset()


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
    """

    start: int
    length: int
    crc32: int | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """What a reader found in a file.

    Attributes:
        container: ``state_dict`` or ``safetensors``.
        root: the outermost value: dicts, lists, tuples, plain values, ``TensorRef``, ``Inert``, ``Global``.
        spans: where the bytes of each storage lie, by the storage's key.
        globals: names in Python that the file asks for, sorted; none was imported.
    """

    container: str
    root: object
    spans: Mapping[str, Span]
    globals: tuple[str, ...] = ()


def as_tuple(value: object) -> tuple[object, ...]:
    """A tuple as it is; anything else as an empty one."""
    return cast("tuple[object, ...]", value) if isinstance(value, tuple) else ()


def as_dict(value: object) -> dict[object, object]:
    """A dict as it is; anything else as an empty one."""
    return cast("dict[object, object]", value) if isinstance(value, dict) else {}


def shown(text: object, longest: int = 80) -> str:
    """Text from a file, made safe for a message: one short line, nothing that a terminal would obey."""
    line = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(text))
    return line if len(line) <= longest else line[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"
