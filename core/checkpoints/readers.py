"""The containers that weights come in: one reader each, none of which reads a tensor yet."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import BinaryIO, cast

from core.checkpoints.archive import END, LONGEST_END, common_root, read_span
from core.checkpoints.pickles import PickleReader, read_pickle
from core.checkpoints.values import (
    ELEMENT_BYTES,
    MAX_DIMENSIONS,
    BrokenFile,
    Contents,
    Span,
    Storage,
    TensorRef,
    as_dict,
    check_shape,
    shown,
)

MAX_PICKLE = 256 * 1024 * 1024
MAX_HEADER = 100 * 1024 * 1024
MAX_BRACKETS = 1_000_000
"""Lists and objects in a header; a tensor has two and one.  Three bytes make one that takes sixty."""
MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""How files of ``torch.save`` began before PyTorch 1.6."""
_PROTOCOL = 1001

_SAFETENSORS_TYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "I16": "int16",
    "U16": "uint16",
    "F16": "float16",
    "BF16": "bfloat16",
    "I32": "int32",
    "U32": "uint32",
    "F32": "float32",
    "C64": "complex64",
    "I64": "int64",
    "U64": "uint64",
    "F64": "float64",
}


def read_zip(file: BinaryIO, members: Mapping[str, Span]) -> Contents:
    """What ``torch.save`` wrote since PyTorch 1.6.

    Args:
        file: the open file.
        members: its table of contents.

    Raises:
        BrokenFile: it is damaged.
    """
    root = common_root(members)
    order = members.get(f"{root}byteorder")
    if order is not None and read_span(file, order, 16) != b"little":
        raise BrokenFile("it was written on a machine with another byte order")
    data = members.get(f"{root}data.pkl")
    if data is None:
        raise BrokenFile("its members are not in one folder")
    value, names = read_pickle(read_span(file, data, MAX_PICKLE))
    folder = f"{root}data/"
    spans = {name.removeprefix(folder): span for name, span in members.items() if name.startswith(folder)}
    return Contents("state_dict", value, spans, tuple(sorted(names)))


def read_legacy(file: BinaryIO, size: int, start: int = 0, most: int = MAX_PICKLE) -> Contents:
    """What ``torch.save`` wrote before PyTorch 1.6: five pickles, then the numbers.

    Args:
        file: the open file.
        size: where it ends.
        start: where it begins.
        most: bytes of its pickles.

    Raises:
        BrokenFile: it is damaged.
    """
    file.seek(start + len(MAGIC))
    reader = PickleReader(file, min(size - start - len(MAGIC), most))
    try:
        return _legacy(file, size, reader)
    except BrokenFile as error:
        error.globals |= reader.globals  # also where it is not the pickle that is wrong
        raise


def _legacy(file: BinaryIO, size: int, reader: PickleReader) -> Contents:
    if reader.read() != _PROTOCOL:
        raise BrokenFile("it was written by a version of PyTorch that nobody knows")
    system = reader.read()
    if as_dict(system).get("little_endian") is False:
        raise BrokenFile("it was written on a machine with another byte order")
    value = reader.read()
    keys = reader.read()
    if not isinstance(keys, list) or not all(isinstance(key, str | int) for key in cast("list[object]", keys)):
        raise BrokenFile("it does not say where its numbers are")
    spans = _legacy_spans(file, size, [str(key) for key in cast("list[object]", keys)], reader.storages)
    return Contents("state_dict", value, spans, tuple(sorted(reader.globals)))


def _legacy_spans(file: BinaryIO, size: int, keys: list[str], dtypes: Mapping[str, str]) -> dict[str, Span]:
    spans: dict[str, Span] = {}
    position = file.tell()
    for key in keys:
        file.seek(position)
        head = file.read(8)
        if len(head) < 8 or key not in dtypes:
            raise BrokenFile("it ends in the middle")
        (numel,) = struct.unpack("<q", head)
        length = numel * ELEMENT_BYTES.get(dtypes[key], 1)
        if numel < 0 or position + 8 + length > size:
            raise BrokenFile("it ends in the middle")
        spans[key] = Span(position + 8, length)
        position += 8 + length
    file.seek(max(position, size - LONGEST_END))
    if END in file.read(LONGEST_END):
        # Other programs look for an archive at the end of a file, and would see it in place of this.
        raise BrokenFile("an archive was added after its end")
    return spans


def read_safetensors(file: BinaryIO, size: int) -> Contents:
    """A .safetensors file, with its own metadata as texts.

    Raises:
        BrokenFile: it is damaged, or breaks the rules of the format.
    """
    file.seek(0)
    (length,) = struct.unpack("<Q", file.read(8))
    if length > MAX_HEADER:
        raise BrokenFile(f"its header claims {length:,} bytes")
    if 8 + length > size:
        raise BrokenFile("it ends in the middle")
    header = _header(file.read(length))
    metadata = header.pop("__metadata__", None)
    if metadata is not None and not as_dict(metadata) and metadata != {}:
        raise BrokenFile("its metadata is no table of texts")
    data = 8 + length
    tensors: dict[str, object] = {}
    spans: dict[str, Span] = {}
    for name, entry in header.items():
        tensors[name], spans[name] = _safe_tensor(name, entry, data)
    reached = data
    for span in sorted(spans.values(), key=lambda each: (each.start, each.length)):
        if span.start != reached:
            raise BrokenFile("its tensors overlap, or leave a gap")
        reached = span.start + span.length
    if reached > size:
        raise BrokenFile("it ends in the middle")
    if reached < size:
        raise BrokenFile("something was added after its end")
    texts = {str(key): str(value) for key, value in as_dict(metadata).items()}
    return Contents("safetensors", tensors, spans, texts=texts)


def _header(data: bytes) -> dict[str, object]:
    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(pairs)
        if len(made) != len(pairs):
            raise BrokenFile("its header has an entry twice")
        return made

    if max(data.count(b"{"), data.count(b"[")) > MAX_BRACKETS:
        raise BrokenFile("its header has more parts than any weights file")
    try:
        header: object = json.loads(data, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise BrokenFile("its header cannot be read") from error
    if not isinstance(header, dict):
        raise BrokenFile("its header cannot be read")
    return cast("dict[str, object]", header)


def _safe_tensor(name: str, entry: object, data: int) -> tuple[TensorRef, Span]:
    try:
        fields = cast("dict[str, object]", entry)
        kind, shape = fields["dtype"], cast("list[int]", fields["shape"])
        begin, end = cast("list[int]", fields["data_offsets"])
        if any(type(number) is not int or not 0 <= number < 2**48 for number in (*shape, begin, end)):
            raise ValueError
    except (TypeError, KeyError, ValueError) as error:
        raise BrokenFile(f"its tensor {shown(name)!r} is not described") from error
    dtype = _SAFETENSORS_TYPES.get(str(kind))
    if len(shape) > MAX_DIMENSIONS:
        raise BrokenFile(f"its tensor {shown(name)!r} has {len(shape):,} sides")
    if dtype is None:
        raise BrokenFile(f"its tensor {shown(name)!r} has the unknown type {shown(kind, 20)}")
    stride: list[int] = []
    numel = 1
    for side in reversed(shape):
        stride.insert(0, numel)
        numel *= side
    if numel * ELEMENT_BYTES[dtype] != end - begin:
        raise BrokenFile(f"its tensor {shown(name)!r} has a shape that does not fit its size")
    check_shape(shape)
    ref = TensorRef(Storage(name, dtype, 0, numel), dtype, 0, tuple(shape), tuple(stride))
    return ref, Span(data + begin, end - begin)
