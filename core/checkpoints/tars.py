"""What ``torch.save`` wrote before PyTorch 0.1.10 (2017): a tar archive of three pickles with numbers between them.

Nothing is unpacked to a disk: the three members are found by their headers and read in place.  Links, devices,
folders and names with ``..`` in them are never looked at, as only the three exact names are.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Mapping
from dataclasses import replace
from typing import BinaryIO, cast

from core.checkpoints.pickle_calls import STORAGE_TYPES
from core.checkpoints.pickles import PickleReader
from core.checkpoints.values import (
    ELEMENT_BYTES,
    BrokenFile,
    Contents,
    Global,
    Inert,
    Span,
    Storage,
    TensorRef,
    as_tuple,
    is_count,
    view_of,
)

MAX_MEMBERS = 1000
MAX_ENTRIES = 200_000

_BLOCK = 512
_NAMES = ("storages", "tensors", "pickle")
_FILE = (b"0", b"\0")


def is_old_tar(file: BinaryIO, size: int, head: bytes) -> bool:
    """Whether a file is a tar archive with the three members."""
    if head[257:262] != b"ustar":
        return False
    try:
        return all(name in _members(file, size) for name in _NAMES)
    except BrokenFile:
        return False


def read_tar(file: BinaryIO, size: int) -> Contents:
    """The value in such a file.

    Raises:
        BrokenFile: it is damaged.
    """
    members = _members(file, size)
    names: set[str] = set()
    try:
        storages = _Storages(file, members["storages"], names)
        tensors = _tensors(file, members["tensors"], storages.known, names)

        def persistent(key: object) -> object:
            parts = as_tuple(key)
            if parts:
                return parts[0]  # a class that was pickled with its source
            name = _name(key)
            return tensors.get(name, storages.known.get(name, Inert(Global("persistent", "id"))))

        pickled = members["pickle"]
        file.seek(pickled.start)
        root = _read(PickleReader(file, pickled.length, persistent), names)
    except BrokenFile as error:
        file.seek(members["pickle"].start)
        with contextlib.suppress(BrokenFile):
            # Whatever is wrong with the numbers: what the main part asks for is said.
            _read(PickleReader(file, members["pickle"].length), names)
        error.globals |= names
        raise
    return Contents("state_dict", root, storages.spans, tuple(sorted(names)))


def _read(reader: PickleReader, names: set[str]) -> object:
    """The next pickle's value; what it asks Python for joins the names, whatever happens."""
    try:
        return reader.read()
    finally:
        names |= reader.globals


def _members(file: BinaryIO, size: int) -> dict[str, Span]:
    """The plain files in the archive, by name."""
    members: dict[str, Span] = {}
    position = 0
    for _ in range(MAX_MEMBERS):
        file.seek(position)
        header = file.read(_BLOCK)
        if len(header) < _BLOCK or not header.strip(b"\0"):
            return members
        name = header[:100].split(b"\0")[0].decode("utf-8", "backslashreplace").removeprefix("./")
        try:
            length = int(header[124:136].split(b"\0")[0].strip() or b"0", 8)
        except ValueError as error:
            raise BrokenFile("its table of contents is damaged") from error
        start = position + _BLOCK
        if length < 0 or start + length > size:
            raise BrokenFile("it ends in the middle")
        if header[156:157] in _FILE and header[257:262] == b"ustar":
            if name in members:
                raise BrokenFile(f"it has two members called {name[:40]!r}")
            members[name] = Span(start, length)
        position = start + -(-length // _BLOCK) * _BLOCK
    raise BrokenFile("it has more members than any weights file")


class _Storages:
    """The numbers in the archive.

    Attributes:
        known: storages by their number, parts of others included.
        spans: where their bytes lie.
    """

    def __init__(self, file: BinaryIO, member: Span, names: set[str]) -> None:
        self.known: dict[str, Storage] = {}
        self.spans: dict[str, Span] = {}
        self._names = names
        file.seek(member.start)
        end = member.start + member.length
        for _ in range(_count(self._next(file, end))):
            self._one(file, end)
        views = self._next(file, end)
        for view in cast("list[object]", views) if isinstance(views, list) else ():
            self._part(as_tuple(view))

    def _next(self, file: BinaryIO, end: int) -> object:
        return _read(PickleReader(file, end - file.tell()), self._names)

    def _one(self, file: BinaryIO, end: int) -> None:
        parts = as_tuple(self._next(file, end))
        if len(parts) != 3 or not isinstance(parts[2], Global):
            raise BrokenFile("it describes a storage wrongly")
        dtype = STORAGE_TYPES.get(parts[2].name, "")
        head = file.read(8)
        numel = struct.unpack("<q", head)[0] if len(head) == 8 else -1
        length = numel * ELEMENT_BYTES.get(dtype, 0)
        if numel < 0 or dtype not in ELEMENT_BYTES or file.tell() + length > end:
            raise BrokenFile("it ends in the middle, or describes a storage wrongly")
        key = _name(parts[0])
        self.known[key] = Storage(key, dtype, 0, numel)
        self.spans[key] = Span(file.tell(), length)
        file.seek(length, 1)

    def _part(self, view: tuple[object, ...]) -> None:
        root = self.known.get(_name(view[1])) if len(view) == 4 else None
        if root is None or not is_count(view[2]) or not is_count(view[3]):
            raise BrokenFile("it describes a storage wrongly")
        start, numel = cast(int, view[2]), cast(int, view[3])
        if start + numel > root.numel:
            raise BrokenFile("a tensor in it reaches beyond its own numbers")
        self.known[_name(view[0])] = replace(root, start=root.start + start, numel=numel)


def _tensors(
    file: BinaryIO, member: Span, storages: Mapping[str, Storage], names: set[str]
) -> dict[str, TensorRef | None]:
    """The tensors in the archive, by their number."""
    file.seek(member.start)
    end = member.start + member.length

    def following() -> object:
        return _read(PickleReader(file, end - file.tell()), names)

    def numbers(form: str, count: int) -> tuple[int, ...]:
        data = file.read(struct.calcsize(form) * count)
        if len(data) != struct.calcsize(form) * count or file.tell() > end:
            raise BrokenFile("it ends in the middle")
        return struct.unpack(f"<{count}{form}", data)

    tensors: dict[str, TensorRef | None] = {}
    for _ in range(_count(following())):
        parts = as_tuple(following())
        storage = storages.get(_name(parts[1])) if len(parts) == 3 else None
        sides, _ = numbers("i", 2)
        if storage is None or not 0 <= sides <= 32:
            raise BrokenFile("it describes a tensor wrongly")
        shape, stride = numbers("q", sides), numbers("q", sides)
        tensors[_name(parts[0])] = view_of(storage, numbers("q", 1)[0], shape, stride)
    return tensors


def _name(value: object) -> str:
    """What a storage or a tensor is called: a number or a text."""
    return str(value) if isinstance(value, int | str) else ""


def _count(value: object) -> int:
    if not is_count(value) or cast(int, value) > MAX_ENTRIES:
        raise BrokenFile("it claims more parts than any weights file has")
    return cast(int, value)
