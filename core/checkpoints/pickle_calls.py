"""What the calls in a pickle mean: the few that weights files are made of, understood and not made.

Everything else becomes an ``Inert``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import cast

from core.checkpoints.values import (
    BrokenFile,
    Global,
    Inert,
    Storage,
    TensorRef,
    as_dict,
    as_tuple,
    is_count,
    view_of,
)

MAX_COPIED = 2_000_000
"""Elements that calls such as ``set(list)`` may copy in one file: a list can be copied a million times in little."""
_FEWEST_COPIED = 10_000
_LONGEST_PART = 100
"""Letters of a text in a key of several parts: the same long text could be in a million keys."""

_MAX_PARTS = 16
_KEYS = (str, bytes, bool, int, float, type(None), Global, Inert, TensorRef)

STORAGE_TYPES = {
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "ByteStorage": "uint8",
    "CharStorage": "int8",
    "ShortStorage": "int16",
    "IntStorage": "int32",
    "LongStorage": "int64",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
    "UntypedStorage": "uint8",
}
_NUMPY_SCALARS = {
    "f8": "d",
    "f4": "f",
    "f2": "e",
    "i8": "q",
    "i4": "i",
    "i2": "h",
    "i1": "b",
    "u8": "Q",
    "u4": "I",
    "u2": "H",
    "u1": "B",
    "b1": "?",
}


class Budget:
    """Bounds the copying that a pickle asks for; what goes beyond stays a placeholder.

    Args:
        size: of the pickle in bytes: each element and each character is written in it once, and copied once.
    """

    def __init__(self, size: int) -> None:
        self._elements = max(_FEWEST_COPIED, min(MAX_COPIED, size))
        self._characters = max(_FEWEST_COPIED, size)

    def copy(self, count: int) -> None:
        """Take elements from it.

        Raises:
            _Unusual: it is used up.
        """
        if count > self._elements:
            raise _Unusual
        self._elements -= count

    def encode(self, count: int) -> None:
        """Take characters from it.

        Raises:
            _Unusual: it is used up.
        """
        if count > self._characters:
            raise _Unusual
        self._characters -= count


def storage(name: object) -> object:
    """What a persistent id means: a ``Storage``, or a class that was pickled with its source."""
    parts = as_tuple(name)
    if len(parts) >= 5 and parts[0] == "storage":
        return _storage(parts)
    if len(parts) >= 2 and parts[0] == "module":
        return parts[1]
    return Inert(Global("persistent", "id"))


def _storage(parts: Sequence[object]) -> object:
    cls, key, numel = parts[1], parts[2], parts[4]
    if not isinstance(cls, Global) or not isinstance(key, str | int) or not is_count(numel):
        raise BrokenFile("it describes a storage wrongly")
    dtype = STORAGE_TYPES.get(cls.name, cls.name)
    start = 0
    view = as_tuple(parts[5]) if len(parts) > 5 else ()
    if len(view) == 3:
        # Files older than PyTorch 0.4: a storage that lies within another.
        start, numel = view[1:]
        if not is_count(start) or not is_count(numel):
            raise BrokenFile("it describes a storage wrongly")
    return Storage(str(key), dtype, cast(int, start), cast(int, numel))


def call(function: object, args: object, budget: Budget) -> object:
    """The value that stands for ``function(*args)``."""
    known = _CALLS.get(str(function)) if isinstance(function, Global) and isinstance(args, tuple) else None
    if known is not None:
        try:
            return known(as_tuple(cast(object, args)), budget)
        except (_Unusual, TypeError, ValueError, IndexError, struct.error):
            pass
    return Inert(function, cast(object, args))


def as_key(value: object) -> object:
    """A dictionary key: nothing that is nested, so that hashing stays shallow; a placeholder for what is.

    Nothing that a file can choose has the same hash as many others, either.
    """
    if isinstance(value, tuple):
        parts = cast("tuple[object, ...]", value)
        if len(parts) <= _MAX_PARTS and all(_is_part(part) for part in parts):
            return tuple(_hashed(part) for part in parts)
    elif isinstance(value, _KEYS):
        return _hashed(value)
    return Inert(Global("dictionary", "key"), cast(object, value))


def _is_part(value: object) -> bool:
    return isinstance(value, _KEYS) and not (isinstance(value, str | bytes) and len(value) > _LONGEST_PART)


def _hashed(value: object) -> object:
    """A whole number as text where it is large: ints that differ by 2**61 - 1 have one hash."""
    return str(value) if isinstance(value, int) and not -(2**60) < value < 2**60 else value


class _Unusual(Exception):
    """A known function called in a way that is not understood."""


def _tensor(args: tuple[object, ...], dtype: str = "") -> TensorRef:
    held = args[0]
    if not isinstance(held, Storage):
        raise _Unusual
    found = view_of(held, args[1], args[2], args[3], dtype)
    if found is None:
        raise _Unusual
    return found


def _rebuild_tensor(args: tuple[object, ...], budget: Budget) -> object:
    del budget
    return _tensor(args)


def _rebuild_tensor_v3(args: tuple[object, ...], budget: Budget) -> object:
    del budget
    *_, dtype = args[:7]
    return _tensor(args, dtype.name if isinstance(dtype, Global) else "")


def _first(args: tuple[object, ...], budget: Budget) -> object:
    del budget
    return args[0]


def _reconstruct(args: tuple[object, ...], budget: Budget) -> object:
    """How protocols 0 and 1 make an object."""
    del budget
    return Inert(args[0])


def _rebuild_from_type(args: tuple[object, ...], budget: Budget) -> object:
    if str(args[0]).startswith("torch._tensor.") or not isinstance(args[0], Global):
        raise _Unusual  # one within the other: a million could be
    return call(args[0], args[2], budget)


def _ordered_dict(args: tuple[object, ...], budget: Budget) -> object:
    made: dict[object, object] = {}
    for pair in _elements(args, budget):
        key, value = cast("tuple[object, object]", pair)
        if not isinstance(key, str | int):
            raise _Unusual
        made[as_key(key)] = value
    return made


def _elements(args: tuple[object, ...], budget: Budget) -> Sequence[object]:
    if not args:
        return ()
    first, *others = args
    if others or not isinstance(first, list | tuple):
        raise _Unusual
    values = cast("Sequence[object]", first)
    budget.copy(len(values))
    return values


def _empty_dict(args: tuple[object, ...], budget: Budget) -> object:
    del budget
    if args and not isinstance(args[0], Global):
        raise _Unusual
    return {}


def _counter(args: tuple[object, ...], budget: Budget) -> object:
    del budget
    return as_dict(next(iter(args), None))


def _list(args: tuple[object, ...], budget: Budget) -> object:
    return list(_elements(args, budget))


def _tuple(args: tuple[object, ...], budget: Budget) -> object:
    return tuple(_elements(args, budget))


def _set(args: tuple[object, ...], budget: Budget) -> object:
    values = _elements(args, budget)
    if not all(isinstance(value, str | int | float | bytes | None) for value in values):
        raise _Unusual
    return {as_key(value) for value in values}


def _encode(args: tuple[object, ...], budget: Budget) -> object:
    text, encoding = args
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1", "utf-8", "ascii"):
        raise _Unusual
    budget.encode(len(text))
    return text.encode(cast(str, encoding), "replace")


def _bytes(args: tuple[object, ...], budget: Budget) -> object:
    del budget
    data = next(iter(args), b"")
    if not isinstance(data, bytes):
        raise _Unusual
    return data


def _device(args: tuple[object, ...], budget: Budget) -> object:
    parts = [str(part) for part in args if isinstance(part, str | int)]
    budget.encode(sum(len(part) for part in parts))
    return ":".join(parts)


def _path(args: tuple[object, ...], budget: Budget) -> object:
    parts = [part for part in args if isinstance(part, str)]
    budget.encode(sum(len(part) for part in parts))
    return "/".join(parts).replace("//", "/")


def _numpy_scalar(args: tuple[object, ...], budget: Budget) -> object:
    """A NumPy number as Python's own."""
    del budget
    dtype, data = args
    if not isinstance(dtype, Inert) or not isinstance(data, bytes):
        raise _Unusual
    code = as_tuple(dtype.args)[0]
    form = _NUMPY_SCALARS.get(code) if isinstance(code, str) else None
    if form is None:
        raise _Unusual
    order = ">" if as_tuple(dtype.state)[1:2] == (">",) else "<"
    return struct.unpack(order + form, data)[0]


_Call = Callable[[tuple[object, ...], Budget], object]
_CALLS: dict[str, _Call] = {
    "torch._utils._rebuild_tensor": _rebuild_tensor,
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
    "torch._utils._rebuild_tensor_v3": _rebuild_tensor_v3,
    "torch._utils._rebuild_parameter": _first,
    "torch._utils._rebuild_parameter_with_state": _first,
    "torch._tensor._rebuild_from_type": _rebuild_from_type,
    "torch._tensor._rebuild_from_type_v2": _rebuild_from_type,
    "torch.jit._pickle.restore_type_tag": _first,
    "torch.jit._pickle.build_intlist": _first,
    "torch.jit._pickle.build_doublelist": _first,
    "torch.jit._pickle.build_boollist": _first,
    "torch.jit._pickle.build_tensorlist": _first,
    "torch.Size": _tuple,
    "torch.device": _device,
    "torch.serialization._get_layout": _first,
    "copyreg._reconstructor": _reconstruct,
    "collections.OrderedDict": _ordered_dict,
    "collections.defaultdict": _empty_dict,
    "collections.Counter": _counter,
    "_codecs.encode": _encode,
    "numpy.core.multiarray.scalar": _numpy_scalar,
    "numpy._core.multiarray.scalar": _numpy_scalar,
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "pathlib.PosixPath": _path,
    "pathlib.PurePosixPath": _path,
    "pathlib.WindowsPath": _path,
    "pathlib.PureWindowsPath": _path,
    "builtins.list": _list,
    "builtins.tuple": _tuple,
    "builtins.set": _set,
    "builtins.frozenset": _set,
    "builtins.bytes": _bytes,
    "builtins.bytearray": _bytes,
}
