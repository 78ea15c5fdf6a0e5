"""What ``pickle.dump`` wrote of tensors or NumPy arrays, without ``torch.save``: read from where the bytes lie.

A tensor pickled so holds, for its numbers, the bytes of a file of its own, as ``torch.save`` wrote them before PyTorch
1.6 (``TypedStorage.__reduce__`` in ``torch/storage.py``).  An array holds its numbers as they are
(``numpy.ndarray.__reduce__``, and ``numpy.core.numeric._frombuffer`` in protocol 5).
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace
from io import BufferedReader
from typing import cast

from core.checkpoints.pickles import PickleReader
from core.checkpoints.readers import MAGIC, MAX_PICKLE, read_legacy
from core.checkpoints.values import (
    BrokenFile,
    Contents,
    Inert,
    Placed,
    Span,
    Storage,
    as_tuple,
    is_count,
    view_of,
)

_UNDERSTOOD = frozenset(("torch.storage._load_from_bytes",))
"""What asks for a file in the file, which is read here, too, and may ask for nothing else."""
_MAX_STORAGES = 200_000
_MAX_AROUND = 4096
"""Bytes of the pickles around the numbers of one tensor, which are short."""
_FEWEST_ARRAYS = 2
"""One array alone is data: a layer has weights and a bias."""
_MAX_VALUES = 200_000
_MAX_DEPTH = 8
_TYPES = {
    "f8": "float64",
    "f4": "float32",
    "f2": "float16",
    "i8": "int64",
    "i4": "int32",
    "i2": "int16",
    "i1": "int8",
    "u1": "uint8",
    "b1": "bool",
}


def read_plain(file: BufferedReader, size: int) -> Contents | None:
    """The tensors and arrays in a pickle that ``torch.save`` did not write.

    Args:
        file: the open file.
        size: in bytes.

    Returns:
        ``None`` where it is no such pickle, has neither, or keeps them in another form (protocols 0 to 2).

    Raises:
        BrokenFile: it is damaged within a tensor.
    """
    storages = _Storages(file)
    spans, names = storages.spans, storages.names
    file.seek(0)
    reader = PickleReader(file, min(size, MAX_PICKLE), end=size, storage_in=storages.storage_in)
    try:
        root = reader.read()
    except BrokenFile as error:
        error.globals = (error.globals - _UNDERSTOOD) | names
        if spans:
            raise
        return None
    end = file.tell()
    arrays = _Arrays(spans)
    root = arrays.put_in(root)
    if not spans or (arrays.count == len(spans) and arrays.count < _FEWEST_ARRAYS):
        return None
    if end < size:
        with contextlib.suppress(BrokenFile):
            # What those that follow ask for is said, too.
            while True:
                reader.read()
        broken = BrokenFile("something follows its pickle")
        broken.globals = frozenset((reader.globals - _UNDERSTOOD) | names)
        raise broken
    names |= reader.globals - _UNDERSTOOD
    return Contents("state_dict", root, spans, tuple(sorted(names)))


class _Storages:
    """Reads the files in the file, of which each holds the numbers of a tensor.

    Attributes:
        spans: where the numbers of each lie, by its key.
        names: what they asked Python for.
    """

    def __init__(self, file: BufferedReader) -> None:
        """Args:
        file: the open file; its place stays.
        """
        self.spans: dict[str, Span] = {}
        self.names: set[str] = set()
        self._file = file
        self._read: dict[int, Storage] = {}

    def storage_in(self, data: Placed) -> Storage:
        """The storage that lies in bytes of the file; the same bytes are read once.

        Raises:
            BrokenFile: they hold none, or there are more than in any weights file.
        """
        known = self._read.get(data.start)
        if known is not None:
            return known
        if len(self._read) >= _MAX_STORAGES:
            raise BrokenFile("it claims more tensors than any network has")
        place = self._file.tell()
        try:
            found = self._storage(data)
        except BrokenFile as error:
            # What Python would make of these bytes is not known.
            self.names.update(error.globals, _UNDERSTOOD)
            raise
        finally:
            self._file.seek(place)
        self._read[data.start] = found
        return found

    def _storage(self, data: Placed) -> Storage:
        self._file.seek(data.start)
        if self._file.read(len(MAGIC)) != MAGIC:
            raise BrokenFile("a tensor in it is stored in a form that nobody knows")
        inside = read_legacy(self._file, data.start + data.length, data.start, _MAX_AROUND)
        self.names.update(inside.globals)
        if not isinstance(inside.root, Storage):
            raise BrokenFile("a tensor in it has no numbers")
        # Each has keys of its own, which another may have, too.
        key = f"{data.start}/{inside.root.key}"
        self.spans[key] = inside.spans[inside.root.key]
        return replace(inside.root, key=key)


class _Arrays:
    """Puts tensors in the place of NumPy arrays.

    Attributes:
        count: how many there were.
    """

    def __init__(self, spans: dict[str, Span]) -> None:
        """Args:
        spans: takes where the numbers of each lie.
        """
        self.count = 0
        self._spans = spans
        self._left = _MAX_VALUES

    def put_in(self, value: object, depth: int = 0) -> object:
        """A value with its arrays as tensors; what is nested too deep stays."""
        self._left -= 1
        if self._left < 0 or depth > _MAX_DEPTH:
            return value
        if isinstance(value, dict):
            pairs = cast("dict[object, object]", value)
            return {key: self.put_in(below, depth + 1) for key, below in pairs.items()}
        if isinstance(value, list):
            return [self.put_in(below, depth + 1) for below in cast("list[object]", value)]
        return self._tensor(value) if isinstance(value, Inert) else value

    def _tensor(self, value: Inert) -> object:
        described = _described(value)
        if described is None:
            return value
        data, shape, code, column_first = described
        dtype = _TYPES.get(code)
        sides = as_tuple(shape)
        if dtype is None or not all(is_count(side) for side in sides):
            return value
        counts = cast("tuple[int, ...]", sides)
        numel = math.prod(counts)
        storage = Storage(f"array {data.start}", dtype, 0, numel)
        found = view_of(storage, 0, counts, _strides(counts, column_first=column_first))
        if found is None:
            return value
        self._spans[storage.key] = Span(data.start, data.length)
        self.count += 1
        return found


def _described(value: Inert) -> tuple[Placed, object, str, bool] | None:
    """An array's bytes, shape, type (as NumPy calls it) and whether it is stored by columns; ``None`` if it is none."""
    if value.kind.endswith("multiarray._reconstruct"):
        state = as_tuple(value.state)
        if len(state) == 5 and isinstance(state[4], Placed):
            return state[4], state[1], _code(state[2]), bool(state[3])
    if value.kind.endswith("numeric._frombuffer"):
        args = as_tuple(value.args)
        if len(args) == 4 and isinstance(args[0], Placed):
            return args[0], args[2], _code(args[1]), args[3] == "F"
    return None


def _code(dtype: object) -> str:
    """NumPy's short name of an element type, such as ``f4``; empty for those of another byte order."""
    if not isinstance(dtype, Inert):
        return ""
    code = next(iter(as_tuple(dtype.args)), "")
    return str(code) if as_tuple(dtype.state)[1:2] in (("<",), ("|",), ("=",)) else ""


def _strides(shape: tuple[int, ...], *, column_first: bool) -> tuple[int, ...]:
    steps: list[int] = []
    step = 1
    for side in shape if column_first else reversed(shape):
        steps.append(step)
        step *= side
    return tuple(steps if column_first else reversed(steps))
