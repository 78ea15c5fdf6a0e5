"""Arrays in ``.npy`` and ``.npz`` files: their headers, and one part of them at a time.

A file is read with plain reads, never mapped: one that shrinks while it is open ends a mapped process.
"""

from __future__ import annotations

import functools
import io
import lzma
import math
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from core.arrays import wording
from core.errors import ArrayError

_MAX_WHOLE = 1024**3
_MAX_PART = 256 * 1024**2
_MAX_MEMBERS = 2000
_MAX_SIDES = 8
_NUMBERS = "biuf"
_KINDS = {"c": "complex numbers", "U": "texts", "S": "texts", "M": "dates", "m": "durations"}
_BROKEN = (
    EOFError, LookupError, MemoryError, NotImplementedError, OverflowError, RecursionError, RuntimeError, SyntaxError,
    TypeError, ValueError, lzma.LZMAError, struct.error, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What NumPy and zipfile raise on damaged files."""

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Stored:
    """An array in a file.

    Attributes:
        path: of the file.
        member: its name in an ``.npz``; empty in an ``.npy``.
        shape: its sides.
        dtype: of its elements, which are numbers.
        fortran: whether the first side runs fastest.
        offset: bytes before its data, in the file or in the member.
    """

    path: Path
    member: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    offset: int

    @property
    def nbytes(self) -> int:
        """Of all its elements."""
        return math.prod(self.shape) * self.dtype.itemsize

    def part(self, index: int) -> Numbers:
        """The array below one index of the first side.

        Raises:
            ArrayError: it cannot be read any more, or is too large.
        """
        size = self.nbytes // max(1, self.shape[0])
        if size > _MAX_PART:
            raise wording.too_large(
                self.path, "One row of it takes more than 256 MB.", "Save smaller rows or pictures."
            )
        if self.member or self.fortran:
            return self.whole()[index]
        with _opened(self.path) as file:
            file.seek(self.offset + index * size)
            data = _exactly(self.path, file, size)
        return np.frombuffer(data, self.dtype).reshape(self.shape[1:])

    def whole(self) -> Numbers:
        """All of it; that of the file used last is kept.

        Raises:
            ArrayError: it cannot be read any more, or is larger than 1 GB.
        """
        if self.nbytes > _MAX_WHOLE:
            remedy = "Save it with numpy.save in C order: of an .npy file, only what is needed is read."
            raise wording.too_large(self.path, "Unpacked, it takes more than 1 GB.", remedy)
        return _whole(self, stamp(self.path))


def stamp(path: Path) -> tuple[int, int]:
    """Changes when a file does.

    Raises:
        ArrayError: it is no ordinary file, or cannot be reached.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise wording.unreadable(path, error) from error
    if not stat.S_ISREG(status.st_mode):
        raise ArrayError(f"{path.name} is not an ordinary file.", "", "Choose a file with numbers.")
    return status.st_mtime_ns, status.st_size


def read_npy(path: Path) -> Stored:
    """The array of an ``.npy`` file.

    Raises:
        ArrayError: it is none, is cut off, or holds something else than numbers.
    """
    with _opened(path) as file:
        found = _header(path, "", file)
        size = os.fstat(file.fileno()).st_size
    if found.offset + found.nbytes > size:
        raise wording.damaged(path, f"it should have {found.offset + found.nbytes:,} bytes, and has {size:,}")
    return found


def read_npz(path: Path) -> tuple[tuple[Stored, ...], tuple[str, ...]]:
    """The arrays of numbers in an ``.npz`` file, and the names of those that are none.

    Raises:
        ArrayError: it is no such file.
    """
    found: list[Stored] = []
    others: list[str] = []
    with _opened(path) as file, _archive(path, file) as archive:
        members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        if len(members) > _MAX_MEMBERS:
            raise wording.damaged(path, f"it holds {len(members):,} arrays")
        for info in members:
            name = info.filename.removesuffix(".npy")
            with archive.open(info) as member:
                try:
                    found.append(_header(path, name, member))
                except ArrayError:
                    others.append(name)
    return tuple(found), tuple(others)


def _header(path: Path, member: str, file: IO[bytes]) -> Stored:
    """Shape and type, from the first bytes; nothing but a dictionary literal is evaluated."""
    read = np.lib.format
    try:
        version = read.read_magic(file)
        if version == (1, 0):
            shape, fortran, dtype = read.read_array_header_1_0(file)
        elif version == (2, 0):
            shape, fortran, dtype = read.read_array_header_2_0(file)
        else:
            raise wording.damaged(path, f"its format {version} is not known")
    except _BROKEN as error:
        raise wording.damaged(path, "its header cannot be read", f"{type(error).__name__}: {error}") from error
    if dtype.hasobject:
        raise wording.pickled(path, member)
    if dtype.names is not None:
        raise wording.no_numbers(path, "records with named fields")
    if dtype.kind not in _NUMBERS:
        raise wording.no_numbers(
            path, {"c": "complex numbers", "U": "texts", "S": "texts"}.get(dtype.kind, "no numbers")
        )
    if len(shape) > _MAX_SIDES or any(side < 0 for side in shape):
        raise wording.damaged(path, f"its shape is {wording.sides(shape)}")
    return Stored(path, member, tuple(shape), dtype, bool(fortran), file.tell())


@functools.lru_cache(maxsize=1)
def _whole(stored: Stored, _stamp: tuple[int, int]) -> Numbers:
    with _opened(stored.path) as file:
        if not stored.member:
            file.seek(stored.offset)
            data = _exactly(stored.path, file, stored.nbytes)
        else:
            with _archive(stored.path, file) as archive, archive.open(f"{stored.member}.npy") as member:
                member.read(stored.offset)
                data = _exactly(stored.path, member, stored.nbytes)
    order = "F" if stored.fortran else "C"
    return np.frombuffer(data, stored.dtype).reshape(stored.shape, order=order)


@contextmanager
def _opened(path: Path) -> Generator[io.BufferedReader]:
    try:
        stamp(path)
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise wording.unreadable(path, error) from error


@contextmanager
def _archive(path: Path, file: IO[bytes]) -> Generator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except _BROKEN as error:
        raise wording.damaged(path, "it cannot be unpacked", f"{type(error).__name__}: {error}") from error


def _exactly(path: Path, file: IO[bytes], size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise wording.damaged(path, "it ends before its last number")
    return data
