"""Small weights files of every kind, and pickles that try to run code."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from pathlib import Path

import torch

MARKER = "canary"


def small_state() -> dict[str, torch.Tensor]:
    """Tensors of no network in particular."""
    return {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2), "b.weight": torch.zeros(4, 2)}


def bare_archive(data: bytes, path: Path, **others: bytes) -> Path:
    """A zip archive as torch.save writes it, around any pickle."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, member in {"data.pkl": data, "version": b"3\n", "byteorder": b"little", **others}.items():
            archive.writestr(f"archive/{name}", member)
    return path


def legacy_file(data: bytes, path: Path) -> Path:
    """What torch.save wrote before PyTorch 1.6, around any pickle and without tensors."""
    parts = [pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    path.write_bytes(b"".join([*parts, data, pickle.dumps([], 2)]))
    return path


def _text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def hostile_pickles(canary: Path) -> dict[str, bytes]:
    """Ways to make Python's own unpickler create a file, by name; ``test_hostile`` proves that each does."""
    code = f"open({str(canary)!r}, 'w').close()"
    command = f"touch '{canary}'"
    call = b"cposix\nsystem\n" + _text(command)
    return {
        "REDUCE": b"\x80\x02" + call + b"\x85R.",
        "REDUCE in protocol 0": b"cposix\nsystem\n(V" + command.encode() + b"\ntR.",
        "STACK_GLOBAL": b"\x80\x04" + _text("posix") + _text("system") + b"\x93" + _text(command) + b"\x85R.",
        "STACK_GLOBAL through the memo": b"\x80\x04"
        + _text("system")
        + b"\x94"
        + _text("posix")
        + b"h\x00\x93"
        + _text(command)
        + b"\x85R.",
        "INST": b"(" + b"V" + command.encode() + b"\niposix\nsystem\n.",
        "OBJ": b"(" + call + b"o.",
        "NEWOBJ by way of map": b"\x80\x02cbuiltins\nlist\ncbuiltins\nmap\ncposix\nsystem\n]"
        + _text(command)
        + b"a\x86\x81\x85R.",
        "BUILD by way of __setstate__": b"\x80\x02cargparse\nNamespace\n)\x81}"
        + _text("__setstate__")
        + b"cposix\nsystem\nsb"
        + _text(command)
        + b"b.",
        "exec": b"\x80\x02cbuiltins\nexec\n" + _text(code) + b"\x85R.",
        "eval in a dictionary": b"\x80\x02}"
        + _text("state_dict")
        + b"cbuiltins\neval\n"
        + _text(f"exec({code!r})")
        + b"\x85Rs.",
        "through torch": b"\x80\x04"
        + _text("torch.serialization")
        + _text("os.system")
        + b"\x93"
        + _text(command)
        + b"\x85R.",
        "before the end is damaged": b"\x80\x02" + call + b"\x85R\xff",
        "in a frame": b"\x80\x04\x95" + struct.pack("<Q", len(call) + 3) + call + b"\x85R.",
    }


class Runs:
    """Creates a file when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, ...]:
        return (exec, (f"open({str(self.canary)!r}, 'w').close()",))


def saved(value: object, *, legacy: bool = False) -> bytes:
    """What torch.save writes."""
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()
