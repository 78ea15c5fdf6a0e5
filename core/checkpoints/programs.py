"""Programs that bring code of their own: what is in them, read without running any of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import BinaryIO, cast

from core.checkpoints.archive import common_root, locate, read_directory, read_span
from core.checkpoints.modules import is_module, read_tree
from core.checkpoints.pickles import read_pickle
from core.checkpoints.values import (
    ELEMENT_BYTES,
    BrokenFile,
    Contents,
    Global,
    Inert,
    Program,
    Span,
    Storage,
    TensorRef,
    as_dict,
    shown,
    view_of,
)

MAX_PICKLE = 64 * 1024 * 1024
MAX_CODE = 64 * 1024 * 1024
MAX_TEXT = 1024 * 1024
MAX_TEXTS = 64
MAX_NESTED = 64

_FEW = 6
_TYPES = {
    1: "uint8",
    2: "int8",
    3: "int16",
    4: "int32",
    5: "int64",
    6: "float16",
    7: "float32",
    8: "float64",
    10: "complex64",
    11: "complex128",
    12: "bool",
    13: "bfloat16",
    28: "uint16",
    29: "float8_e4m3fn",
    30: "float8_e5m2",
    34: "uint32",
    35: "uint64",
}
"""Element types by torch's numbers for them (``torch/_export/serde/schema.py``)."""
_CLASS = re.compile(r"^class (\w+)\(", re.MULTILINE)
_TOUCHES_FILES = re.compile(r"\b(?:torch|ops\.aten)\.(save|load|from_file)\(|\bops\.image\.(read_file|write_file)\(")
_FOREIGN = re.compile(r"\bops\.(?!aten\.|prim\.|prims\.|inductor\.|quantized\.|torchvision\.|image\.)(\w+)\.(\w+)")
_STACK = re.compile(r'"nn_module_stack":\s*"([^"\\]*+(?:\\.[^"\\]*+)*+)"')
_USER_INPUT = re.compile(r'"user_input":\s*\{"arg":\s*\{"as_tensor":\s*\{"name":\s*"(\w{1,100})"')
_MOST_SIZES, _LONGEST = 4000, 10_000
_TARGET = re.compile(r'"target":\s*"([^"\\]{1,200})"')


def read_torchscript(file: BinaryIO, members: Mapping[str, Span]) -> Contents:
    """What ``torch.jit.save`` wrote: the tensors of its modules, and what its code is.

    Args:
        file: the open file.
        members: its table of contents; the code may be compressed.

    Raises:
        BrokenFile: it is damaged.
    """
    root = common_root(members)
    value: object = {}
    names: set[str] = set()
    for part in ("data.pkl", "constants.pkl"):
        span = members.get(root + part)
        if span is not None:
            found, asked = read_pickle(read_span(file, span, MAX_PICKLE))
            value = found if part == "data.pkl" else value
            names |= {name for name in asked if not name.startswith("__torch__")}
    folder = f"{root}data/"
    spans = {name.removeprefix(folder): span for name, span in members.items() if name.startswith(folder)}
    code = _code(file, {name: span for name, span in members.items() if name.startswith(f"{root}code/")})
    runnable = any(name.startswith(f"{root}code/") for name in members)
    classes = read_tree(value).classes if isinstance(value, Inert) and is_module(value) else ()
    obstacle = (
        ""
        if runnable
        else "It was made for phones (the lite interpreter), and lacks the code that PyTorch on a desktop needs."
    )
    program = Program(
        "torchscript", tuple(_torchscript_lines(code, f"{root}bytecode.pkl" in members)), classes, obstacle
    )
    texts = _texts(file, members, f"{root}extra/")
    return Contents("torchscript", value, spans, tuple(sorted(names)), texts, program)


def _code(file: BinaryIO, members: Mapping[str, Span]) -> str:
    parts: list[str] = []
    left = MAX_CODE
    for name in sorted(members):
        if name.endswith(".py"):
            data = read_span(file, members[name], left)
            left -= len(data)
            parts.append(data.decode("utf-8", "replace"))
    return "\n".join(parts)


def _torchscript_lines(code: str, lite: bool) -> Iterator[str]:
    classes = sorted({*_CLASS.findall(code)})
    yield f"A TorchScript program of {code.count(chr(10)):,} lines, which PyTorch runs outside of Python."
    if classes:
        yield f"Its classes: {_listed(classes)}."
    risky = sorted({f"aten::{one}" if one else f"image::{other}" for one, other in _TOUCHES_FILES.findall(code)})
    if risky:
        yield f"It reads or writes files: it uses {_listed(risky)}."
    else:
        yield "No operation that reads or writes files is named in it."
    foreign = sorted({f"{library}::{name}" for library, name in _FOREIGN.findall(code)})
    if foreign:
        yield f"It uses operations that PyTorch does not have: {_listed(foreign)}."
    if lite:
        yield "It holds a second program for phones (the lite interpreter), which is not used."


def _texts(file: BinaryIO, members: Mapping[str, Span], folder: str) -> dict[str, str]:
    """Texts that were saved beside a program (``_extra_files``), by the name of each."""
    texts: dict[str, str] = {}
    for name, span in list(members.items())[:10_000]:
        if name.startswith(folder) and span.unpacked is None and span.length <= MAX_TEXT and len(texts) < MAX_TEXTS:
            try:
                texts[name.removeprefix(folder)] = read_span(file, span, MAX_TEXT).decode("utf-8")
            except UnicodeDecodeError:
                continue
    return texts


def read_exported(file: BinaryIO, members: Mapping[str, Span]) -> Contents:
    """What ``torch.export.save`` wrote, in the layouts of PyTorch 2.1 to 2.15.

    Args:
        file: the open file.
        members: its table of contents.

    Raises:
        BrokenFile: it is damaged.
    """
    reader = _Exported(file, members)
    models = reader.models()
    sets = {name: reader.weights(name) for name in models}
    names = reader.all_globals()
    root: object = sets if len(sets) > 1 else sets[models[0]]
    text = reader.graph(models[0])
    lines, classes = _graph(text)
    if len(models) > 1:
        lines.append(f"It holds {len(models)} programs: {_listed(models)}.")
    unusual = sorted(name for name in names if not name.startswith(("torch.", "collections.")))
    if unusual:
        lines.append(f"It holds objects that loading it makes in Python: {_listed(unusual)}.")
    program = Program("exported_program", tuple(lines), classes, example=_example(text))
    texts = _texts(file, members, f"{reader.root}extra/") | _texts(file, members, "extra_files/")
    return Contents("exported_program", root, reader.spans, tuple(sorted(names)), texts, program)


def _graph(text: str) -> tuple[list[str], tuple[tuple[str, str], ...]]:
    """Lines about a program's operations, and its modules as far as they are named."""
    counts = Counter(_TARGET.findall(text))
    known = ("torch.ops.aten.", "torch.ops.higher_order.", "torch.ops.prims.", "_operator.")
    own = sorted(name for name in counts if not name.startswith(known))
    usual = [name.removeprefix("torch.ops.aten.") for name, _ in counts.most_common() if name.startswith(known[0])]
    lines = [f"A program of torch.export with {counts.total():,} operations, such as {_listed(usual[:_FEW])}."]
    if own:
        lines.append(f"It uses operations that PyTorch does not have: {_listed(own)}.")
    lines.append("Loading it may unpickle objects and evaluate texts that are in the file.")
    classes: dict[str, str] = {}
    for stack in _STACK.findall(text)[:100_000]:
        for entry in stack.split(";"):
            _, name, cls = [*entry.split(",", 2), "", ""][:3]
            classes.setdefault(name, cls)
    return lines, tuple(sorted(classes.items()))


def _example(text: str) -> tuple[int, ...]:
    """Shape of the first input that a program was exported with, from its text; of a free side, what it was then.

    The fields are those of ``TensorMeta`` and ``InputSpec`` in ``torch/_export/serde/schema.py``.
    """
    first = _USER_INPUT.search(text)
    found = re.search(rf'"{re.escape(first[1])}":\s*\{{"dtype":\s*\d+,\s*"sizes":\s*', text) if first else None
    if found is None:
        return ()
    try:
        sizes: object = json.JSONDecoder().raw_decode(text[found.end() : found.end() + _MOST_SIZES])[0]
    except (ValueError, RecursionError):
        return ()
    sides = [as_dict(side) for side in cast("list[object]", sizes)] if isinstance(sizes, list) else []
    free = [as_dict(as_dict(side.get("as_expr")).get("hint")) for side in sides]
    shape = [side.get("as_int", hint.get("as_int")) for side, hint in zip(sides, free, strict=True)]
    known = tuple(side for side in shape if isinstance(side, int) and 0 < side <= _LONGEST)
    return known if len(known) == len(shape) else ()


class _Exported:
    """The parts of an archive of ``torch.export``.

    Attributes:
        root: the folder that everything is in, with its slash; may be empty.
        spans: where the numbers of each storage lie that was asked for.
    """

    def __init__(self, file: BinaryIO, members: Mapping[str, Span]) -> None:
        self.root = common_root(members)
        self.spans: dict[str, Span] = {}
        self._file = file
        self._members = members

    def models(self) -> list[str]:
        """The names of the programs in it."""
        folder = f"{self.root}models/"
        found = [name[len(folder) : -len(".json")] for name in self._members if name.startswith(folder)]
        return sorted(found, key=lambda name: (name != "model", name)) or ["model"]

    def graph(self, model: str) -> str:
        """The text of a program; empty where there is none, or too much of it."""
        for name in (f"{self.root}models/{model}.json", "serialized_exported_program.json"):
            span = self._members.get(name)
            if span is not None and span.length <= MAX_CODE:
                return read_span(self._file, span, MAX_CODE).decode("utf-8", "replace")
        return ""

    def weights(self, model: str) -> dict[object, object]:
        """The tensors of a program's state dict, by name."""
        folder = f"{self.root}data/weights/"
        config = self._members.get(f"{folder}{model}_weights_config.json")
        if config is not None:
            return dict(self._configured(folder, read_span(self._file, config, MAX_PICKLE)))
        for name in (f"{folder}{model}.pt", "serialized_state_dict.pt", "serialized_state_dict.json"):
            span = self._members.get(name)
            if span is not None:
                return as_dict(self._nested(name, span)[0])
        return {}

    def _configured(self, folder: str, config: bytes) -> Iterator[tuple[object, object]]:
        try:
            parsed: object = json.loads(config)
        except (ValueError, RecursionError) as error:
            raise BrokenFile("its table of tensors cannot be read") from error
        for name, entry in as_dict(as_dict(parsed).get("config")).items():
            fields = as_dict(entry)
            path = f"{folder}{fields.get('path_name')}"
            span = self._members.get(path)
            if span is None:
                raise BrokenFile("it lacks the numbers of some of its tensors")
            if fields.get("use_pickle") is True:
                yield name, self._nested(path, span)[0]
            else:
                self.spans[path] = span
                yield name, _described(str(name), path, span, as_dict(fields.get("tensor_meta")))

    def _nested(self, name: str, span: Span) -> tuple[object, frozenset[str]]:
        """The value of a file of ``torch.save`` within the archive, and what it asks Python for."""
        window = _Window(self._file, span)
        inner = locate(window, read_directory(window, span.length))
        root = common_root(inner)
        data = inner.get(f"{root}data.pkl")
        if data is None:
            raise BrokenFile("a part of it is no file of PyTorch")
        value, names = read_pickle(read_span(window, data, MAX_PICKLE))
        folder = f"{root}data/"
        for member, place in inner.items():
            if member.startswith(folder):
                key = f"{name}/{member.removeprefix(folder)}"
                self.spans[key] = Span(span.start + place.start, place.length, place.crc32)
        return _moved(value, name), names

    def all_globals(self) -> set[str]:
        """What all pickles in it ask Python for; none of it was imported."""
        names: set[str] = set()
        nested = [name for name in self._members if name.endswith(".pt")]
        for name in nested[:MAX_NESTED]:
            try:
                names |= self._nested(name, self._members[name])[1]
            except BrokenFile as error:
                names |= error.globals
        objects = [name for name in self._members if "custom_obj_" in name or "opaque_obj_" in name]
        for name in objects[:MAX_NESTED]:
            try:
                names |= read_pickle(read_span(self._file, self._members[name], MAX_PICKLE))[1]
            except BrokenFile as error:
                names |= error.globals
        return names


class _Window:
    """A part of a file, as a file."""

    def __init__(self, file: BinaryIO, span: Span) -> None:
        self._file = file
        self._span = span
        self._at = 0

    def seek(self, position: int) -> int:
        """Go there."""
        self._at = max(0, position)
        return self._at

    def read(self, count: int) -> bytes:
        """At most so many bytes."""
        self._file.seek(self._span.start + self._at)
        data = self._file.read(max(0, min(count, self._span.length - self._at)))
        self._at += len(data)
        return data


def _moved(value: object, name: str) -> object:
    """A tensor, or a dict of tensors, whose storages are known by another name in the outer archive."""
    if isinstance(value, TensorRef):
        old = value.storage
        storage = Storage(f"{name}/{old.key}", old.dtype, old.start, old.numel)
        return TensorRef(storage, value.dtype, value.offset, value.shape, value.stride)
    if isinstance(value, dict):
        return {key: _moved(below, name) for key, below in cast("dict[object, object]", value).items()}
    return value if isinstance(value, Inert | Global | str | int | float | None) else None


def _described(name: str, path: str, span: Span, meta: Mapping[object, object]) -> TensorRef:
    """A tensor as ``TensorMeta`` describes it."""
    kind = meta.get("dtype")
    dtype = _TYPES.get(kind) if isinstance(kind, int) else None
    if dtype is None:
        raise BrokenFile(f"its tensor {shown(name)!r} has an unknown type")
    storage = Storage(path, dtype, 0, span.length // ELEMENT_BYTES[dtype])
    offset = as_dict(meta.get("storage_offset")).get("as_int")
    found = view_of(storage, offset, _numbers(meta.get("sizes")), _numbers(meta.get("strides")))
    if found is None:
        raise BrokenFile(f"its tensor {shown(name)!r} repeats its numbers")
    return found


def _numbers(values: object) -> tuple[object, ...]:
    listed = cast("list[object]", values) if isinstance(values, list) else []
    return tuple(as_dict(value).get("as_int") for value in listed)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(shown(name) for name in names[:_FEW]) + more
