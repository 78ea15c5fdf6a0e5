"""The table of contents of a zip archive such as ``torch.save`` writes, read without trusting it.

Stricter than zip tools: members are stored as they are (but for the code of TorchScript, which PyTorch
packs), each once, none overlapping another, nothing after the end.  Two programs then cannot see two different
contents, and the bytes of a member can be read in place.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from core.checkpoints.values import BrokenFile, Span, shown

MAX_DIRECTORY = 64 * 1024 * 1024
MAX_MEMBERS = 200_000

END = b"PK\x05\x06"
LONGEST_END = 66_000
"""Bytes from the end of a file in which programs look for the end of an archive."""
_END64, _LOCATOR64 = b"PK\x06\x06", b"PK\x06\x07"
_MEMBER, _LOCAL = b"PK\x01\x02", b"PK\x03\x04"
_END_SIZE, _END64_SIZE, _LOCATOR64_SIZE = 22, 56, 20
_ENCRYPTED = 1
_STORED, _DEFLATED = 0, 8


class Source(Protocol):
    """A file, or a part of one."""

    def seek(self, position: int, /) -> int:
        """Go to a byte."""
        ...

    def read(self, count: int, /) -> bytes:
        """At most so many bytes from there."""
        ...


class NotStored(BrokenFile):
    """A member is compressed or encrypted."""


@dataclass(frozen=True, slots=True)
class Record:
    """A member, as the table of contents describes it."""

    name: str
    flags: int
    method: int
    crc32: int
    packed: int
    length: int
    header: int


@dataclass(frozen=True, slots=True)
class Directory:
    """An archive's table of contents, as it claims to be."""

    start: int
    records: tuple[Record, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all members."""
        return tuple(record.name for record in self.records)


def read_directory(file: Source, size: int) -> Directory:
    """The table of contents, not held against the rest of the file yet.

    Raises:
        BrokenFile: there is none, or it is damaged.
    """
    start, length, count = _find_directory(file, size)
    if length > MAX_DIRECTORY or count > MAX_MEMBERS:
        raise BrokenFile(f"its table of contents claims {count:,} members")
    return Directory(start, tuple(_records(_read(file, start, length), count)))


def locate(file: Source, directory: Directory, packed: str = "") -> dict[str, Span]:
    """Where the bytes of each member lie, by its name.

    Args:
        file: the open file.
        directory: its table of contents.
        packed: members whose names begin so may be compressed; empty for none.

    Raises:
        BrokenFile: the members are not as the table of contents says.
        NotStored: a member is compressed or encrypted.
    """
    spans: dict[str, Span] = {}
    read_as: set[str] = set()
    reached = 0
    for record in sorted(directory.records, key=lambda each: each.header):
        may_be_packed = bool(packed) and record.name.startswith(packed)
        # Some programs end a name at its first NUL, and PyTorch does not tell capitals from small letters.
        known_as = record.name if may_be_packed else record.name.partition("\0")[0].lower()
        if known_as in read_as:
            raise BrokenFile(f"it has two members called {shown(record.name)!r}")
        read_as.add(known_as)
        span = _span(file, record, may_be_packed)
        if record.header < reached or span.start + span.length > directory.start:
            raise BrokenFile(f"its member {shown(record.name)!r} overlaps another")
        reached = span.start + span.length
        spans[record.name] = span
    return spans


def read_span(file: Source, span: Span, limit: int) -> bytes:
    """The bytes of a member, unpacked.

    Raises:
        BrokenFile: there are more than ``limit``, or they are damaged.
    """
    longest = max(span.length, span.unpacked or 0)
    if longest > limit:
        raise BrokenFile(f"a part of it that describes the others has {longest:,} bytes")
    data = _read(file, span.start, span.length)
    if span.unpacked is not None:
        data = _unpack(data, span.unpacked)
    if span.crc32 is not None and zlib.crc32(data) != span.crc32:
        raise BrokenFile("its checksum is wrong: it was damaged")
    return data


def _unpack(data: bytes, length: int) -> bytes:
    """Deflated bytes as they were; never more than they claim to be, so that a bomb stays small."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        unpacked = unpacker.decompress(data, length + 1)
    except zlib.error as error:
        raise BrokenFile("a compressed part of it is damaged") from error
    if len(unpacked) != length or not unpacker.eof:
        raise BrokenFile("a compressed part of it has another size than it claims")
    return unpacked


def common_root(names: Iterable[str]) -> str:
    """The folder, with its slash, that PyTorch puts everything into; empty if there is none."""
    roots = {"".join(name.partition("/")[:2]) for name in names}
    root = roots.pop() if len(roots) == 1 else ""
    return root if root.endswith("/") else ""


def _read(file: Source, start: int, length: int) -> bytes:
    file.seek(start)
    data = file.read(length)
    if len(data) != length:
        raise BrokenFile("it ends in the middle")
    return data


def _find_directory(file: Source, size: int) -> tuple[int, int, int]:
    """Start and length in bytes of the central directory, and how many members it lists."""
    if size < _END_SIZE:
        raise BrokenFile("it ends in the middle")
    end = _read(file, size - _END_SIZE, _END_SIZE)
    if end[:4] != END or end[-2:] != b"\0\0":
        tail = _read(file, max(0, size - LONGEST_END), min(size, LONGEST_END))
        if END in tail[: -_END_SIZE + len(END)]:
            raise BrokenFile("something was added after its end")
        raise BrokenFile("it ends in the middle")
    disk, first_disk, here, count, length, start = struct.unpack("<4H2L", end[4:20])
    directory_end = size - _END_SIZE
    if size >= _END_SIZE + _LOCATOR64_SIZE + _END64_SIZE:
        locator = _read(file, size - _END_SIZE - _LOCATOR64_SIZE, _LOCATOR64_SIZE)
        if locator[:4] == _LOCATOR64:
            directory_end = size - _END_SIZE - _LOCATOR64_SIZE - _END64_SIZE
            end64 = _read(file, directory_end, _END64_SIZE)
            (offset,) = struct.unpack("<Q", locator[8:16])
            if end64[:4] != _END64 or offset != directory_end:
                raise BrokenFile("its table of contents is not where it says")
            narrow = (disk, first_disk, here, count, length, start)
            disk, first_disk, here, count, length, start = struct.unpack("<2L4Q", end64[16:56])
            wide = (disk, first_disk, here, count, length, start)
            limits = (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
            if any(few not in (many, limit) for few, many, limit in zip(narrow, wide, limits, strict=True)):
                raise BrokenFile("it has two tables of contents that differ")
    if disk or first_disk or here != count or start + length != directory_end:
        raise BrokenFile("its table of contents is not where it says")
    return start, length, count


def _records(directory: bytes, count: int) -> Iterator[Record]:
    position = 0
    for _ in range(count):
        head = directory[position : position + 46]
        if len(head) < 46 or head[:4] != _MEMBER:
            raise BrokenFile("its table of contents is damaged")
        flags, method = struct.unpack("<2H", head[8:12])
        crc32, packed, length, name_size, extra_size, comment_size = struct.unpack("<3L3H", head[16:34])
        (header,) = struct.unpack("<L", head[42:46])
        name_end = position + 46 + name_size
        extra = directory[name_end : name_end + extra_size]
        length, packed, header = _large(extra, length, packed, header)
        name = directory[position + 46 : name_end].decode("utf-8", "backslashreplace")
        yield Record(name, flags, method, crc32, packed, length, header)
        position = name_end + extra_size + comment_size
    if position != len(directory):
        raise BrokenFile("its table of contents is damaged")


def _large(extra: bytes, length: int, packed: int, header: int) -> tuple[int, int, int]:
    """The three sizes, with those that need more than 32 bits taken from the extra field."""
    sizes = [length, packed, header]
    position = 0
    while len(extra) - position >= 4:
        kind, size = struct.unpack_from("<2H", extra, position)
        position += 4
        if kind == 1:
            field = extra[position : position + size]
            for index, value in enumerate(sizes):
                if value == 0xFFFFFFFF:
                    if len(field) < 8:
                        raise BrokenFile("its table of contents is damaged")
                    (sizes[index],) = struct.unpack("<Q", field[:8])
                    field = field[8:]
            break
        position += size
    return sizes[0], sizes[1], sizes[2]


def _span(file: Source, record: Record, may_be_packed: bool) -> Span:
    deflated = may_be_packed and record.method == _DEFLATED
    stored = record.method == _STORED and record.packed == record.length
    if record.flags & _ENCRYPTED or not (stored or deflated):
        raise NotStored(f"its member {shown(record.name)!r} is compressed or encrypted")
    local = _read(file, record.header, 30)
    if local[:4] != _LOCAL:
        raise BrokenFile(f"its member {shown(record.name)!r} is not where it should be")
    (method,) = struct.unpack("<H", local[8:10])
    name_size, extra_size = struct.unpack("<2H", local[26:30])
    name = _read(file, record.header + 30, name_size).decode("utf-8", "backslashreplace")
    if name != record.name or method != record.method:
        raise BrokenFile(f"its member {shown(record.name)!r} has two descriptions that differ")
    # torch.serialization.set_crc32_options(False) leaves the sum at 0.
    start = record.header + 30 + name_size + extra_size
    return Span(start, record.packed, record.crc32 or None, record.length if deflated else None)
