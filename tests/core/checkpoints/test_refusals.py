"""What is no weights file is named for what it is: the exact words."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from core.checkpoints import open_checkpoint
from core.errors import WeightsError
from tests.core.checkpoints.making import saved, small_state

CHOOSE = "Choose a PyTorch weights file: .pth, .pt or .safetensors."
STATE_DICT = "In the code that made it, run torch.save(model.state_dict(), 'weights.pth'), and open that file."
ASK = "Ask whoever made it for a state dict: torch.save(model.state_dict(), 'weights.pth')."
AGAIN = "Download or copy the file again."
CUT_OFF = ("f.pth is cut off.", "The file ends in the middle, as after a broken download or a full disk.", AGAIN)


def image(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, kind)
    return buffer.getvalue()


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, data in members.items():
            made.writestr(name, data)
    return buffer.getvalue()


def tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        made.addfile(tarfile.TarInfo("storages"))
    return buffer.getvalue()


def numpy_file(many: bool) -> bytes:
    buffer = io.BytesIO()
    if many:
        np.savez(buffer, a=np.zeros(3))
    else:
        np.save(buffer, np.zeros(3))
    return buffer.getvalue()


def compiled() -> bytes:
    return archive(**{"m/archive_format": b"pt2", "m/data/aotinductor/model/a.wrapper.so": b""})


def quantised() -> bytes:
    return saved({"fc.weight": torch.quantize_per_tensor(torch.ones(4, 4), 0.1, 0, torch.qint8)})


def optimizer() -> bytes:
    return saved(torch.optim.Adam([nn.Parameter(torch.ones(3))]).state_dict())


TABLE: list[tuple[str, Callable[[], bytes], tuple[str, str, str]]] = [
    ("empty", lambda: b"", ("f.pth is empty.", "The file has no bytes.", AGAIN)),
    ("cut off zip", lambda: saved(small_state())[:-10], CUT_OFF),
    ("cut off legacy file", lambda: saved(small_state(), legacy=True)[:-10], CUT_OFF),
    ("cut off safetensors", lambda: struct.pack("<Q", 500) + b'{"a": {"dtype"', CUT_OFF),
    ("cut off pickle", lambda: pickle.dumps(["x" * 50])[:20], CUT_OFF),
    (
        "text",
        lambda: b"epoch 1: loss 0.3\nepoch 2: loss 0.2\n",
        ("f.pth is a text file.", "It begins with: epoch 1: loss 0.3", CHOOSE),
    ),
    (
        "web page",
        lambda: b"\n<!DOCTYPE html><html><body>Sign in</body></html>",
        (
            "f.pth is a web page.",
            "A download that needs a login or a confirmation often leaves one.",
            "Open the address in a browser, and download the file itself.",
        ),
    ),
    (
        "Git LFS pointer",
        lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
        (
            "f.pth is a Git LFS pointer.",
            "It says where the weights are, and does not hold them.",
            "Run `git lfs pull` in the repository, or download the file itself.",
        ),
    ),
    (
        "zeros",
        lambda: bytes(5000),
        (
            "f.pth is full of zeros.",
            "Its 5,000 bytes begin and end with nothing else, as after a download that was cut off.",
            AGAIN,
        ),
    ),
    ("Parquet", lambda: b"PAR1\x15\x04", ("f.pth is a table (Parquet).", "", CHOOSE)),
    (
        "SavedModel",
        lambda: b"\x08\x01\x12\xb0\x10\n\x86\x01\n\x14\n\x05Const\x12\x06tensor\x10tensorflow",
        ("f.pth is a TensorFlow SavedModel.", "", "Choose PyTorch weights of the same network."),
    ),
    (
        "Core ML",
        lambda: b"\x08\x04\x12\x8c\x01\n\x1d\n\x05image\xa2\x06\x20com.github.apple.coremltools.version",
        ("f.pth is a Core ML model.", "", "Choose the PyTorch weights that it was made from."),
    ),
    (
        "photos",
        lambda: archive(**{"p/1.jpg": b"", "p/2.PNG": b""}),
        (
            "f.pth is a zip archive of pictures.",
            "",
            "Unpack it, open a weights file, and then the folder of pictures.",
        ),
    ),
    ("JSON", lambda: json.dumps({"a": 1}).encode(), ("f.pth is a JSON file.", 'It begins with: {"a": 1}', CHOOSE)),
    (
        "XML",
        lambda: b"<?xml version='1.0'?><a/>",
        ("f.pth is an XML file.", "It begins with: <?xml version='1.0'?><a/>", CHOOSE),
    ),
    (
        "Keras",
        lambda: b"\x89HDF\r\n\x1a\n" + bytes(100),
        ("f.pth is a Keras or other HDF5 file.", "", "Convert it to PyTorch, or choose PyTorch weights."),
    ),
    (
        "Keras 3",
        lambda: archive(**{"metadata.json": b"{}", "config.json": b"{}", "model.weights.h5": b""}),
        ("f.pth is a Keras model.", "", "Convert it to PyTorch, or choose PyTorch weights."),
    ),
    (
        "ONNX",
        lambda: b"\x08\x08\x12\x07pytorch\x1a\x052.4.0:\xe8\x03",
        ("f.pth is an ONNX model.", "", "Choose the PyTorch weights that it was exported from."),
    ),
    (
        "TensorFlow Lite",
        lambda: b"\x1c\0\0\0TFL3" + bytes(50),
        ("f.pth is a TensorFlow Lite model.", "", "Choose PyTorch weights of the same network."),
    ),
    ("PNG", lambda: image("PNG"), ("f.pth is a PNG image.", "", CHOOSE)),
    ("JPEG", lambda: image("JPEG"), ("f.pth is a JPEG image.", "", CHOOSE)),
    ("WebP", lambda: image("WEBP"), ("f.pth is a WebP image.", "", CHOOSE)),
    ("NumPy array", lambda: numpy_file(False), ("f.pth is a NumPy array.", "", CHOOSE)),
    ("NumPy archive", lambda: numpy_file(True), ("f.pth is an archive of NumPy arrays (.npz).", "", CHOOSE)),
    (
        "plain zip",
        lambda: archive(**{"readme.txt": b"", "b.txt": b""}),
        ("f.pth is a zip archive without PyTorch weights.", "It holds readme.txt, b.txt.", CHOOSE),
    ),
    (
        "zip around weights",
        lambda: archive(**{"best/model.pth": b"x"}),
        ("f.pth is a zip archive.", "The weights are a file in it.", "Unpack it, and choose best/model.pth."),
    ),
    (
        "gzip",
        lambda: b"\x1f\x8b\x08" + bytes(50),
        ("f.pth is a gzip archive.", "", "Unpack it, and choose the weights file in it."),
    ),
    (
        "tar",
        tar,
        (
            "f.pth is a tar archive.",
            "It is none of those that PyTorch itself wrote before 2017.",
            "Unpack it, and choose the weights file in it.",
        ),
    ),
    (
        "compiled program",
        compiled,
        (
            "f.pth is a program that was compiled for one kind of machine (AOTInductor).",
            "It holds machine code in place of a network.",
            STATE_DICT,
        ),
    ),
    (
        "torch.package",
        lambda: archive(**{"m/.data/extern_modules": b"", "m/net.py": b""}),
        (
            "f.pth is a package of torch.package.",
            "It brings Python code of its own, which is not run here.",
            STATE_DICT,
        ),
    ),
    (
        "program for phones",
        lambda: b"\x1c\0\0\0PTMF" + bytes(50),
        (
            "f.pth is a PyTorch program for phones (.ptl).",
            "",
            "Choose the file that it was made from, or a state dict.",
        ),
    ),
    (
        "ExecuTorch",
        lambda: b"\x1c\0\0\0ET12" + bytes(50),
        (
            "f.pth is an ExecuTorch program for phones (.pte).",
            "",
            "Choose the PyTorch weights that it was made from.",
        ),
    ),
    (
        "whole network without tensors",
        lambda: saved(nn.ReLU()),
        ("f.pth is a whole pickled network (torch.nn.modules.activation.ReLU) without tensors.", "", ASK),
    ),
    (
        "bare tensor",
        lambda: saved(torch.zeros(3, 4)),
        ("f.pth is a single tensor (3 x 4), not a network's.", "It has no names.", ASK),
    ),
    (
        "list of tensors",
        lambda: saved([torch.zeros(3), torch.zeros(4)]),
        (
            "f.pth is a list of 2 tensors without names.",
            "Names are needed to tell which layer each belongs to.",
            ASK,
        ),
    ),
    (
        "arrays by name",
        lambda: saved({"conv.weight": np.zeros((4, 3)), "conv.bias": np.zeros(4)}),
        (
            "f.pth is a file of 2 NumPy arrays in place of tensors.",
            "",
            "Save them as tensors: torch.save({name: torch.from_numpy(each) for name, each in arrays.items()}, path).",
        ),
    ),
    (
        "optimizer",
        optimizer,
        (
            "f.pth is the state of an optimizer, without the network's weights.",
            "",
            "Choose the file that was saved beside it with the network's weights.",
        ),
    ),
    (
        "quantised",
        quantised,
        (
            "f.pth is a quantised network.",
            "Its numbers are stored in a form that ordinary networks do not take.",
            "Save the network's state dict before it is quantised, and open that.",
        ),
    ),
    (
        "nothing but settings",
        lambda: saved({"epoch": 3, "arch": "resnet18"}),
        ("f.pth is a PyTorch file without tensors: it holds epoch, arch.", "", ASK),
    ),
    (
        "safetensors without tensors",
        lambda: struct.pack("<Q", 2) + b"{}",
        ("f.pth is a .safetensors file without tensors.", "", CHOOSE),
    ),
    (
        "Python pickle",
        lambda: pickle.dumps({"weights": np.zeros(3)}),
        (
            "f.pth is a Python pickle that torch.save did not write.",
            "It holds objects of numpy._core.multiarray._reconstruct, numpy.dtype, numpy.ndarray.",
            ASK,
        ),
    ),
    (
        "pickle of plain values",
        lambda: pickle.dumps([1, 2, 3]),
        ("f.pth is a Python pickle that torch.save did not write.", "It holds plain values only.", ASK),
    ),
    (
        "pickle that would run code",
        lambda: b"cposix\nsystem\n(S'touch canary'\ntR.",
        (
            "f.pth is not safe.",
            "It would run code when opened: it asks Python for posix.system. Nothing was run.",
            "Do not open it with other programs; ask whoever made it for a .safetensors file.",
        ),
    ),
    (
        "pickle of somebody's own module called profile",
        lambda: b"cprofile\nSettings\n)R.",
        (
            "f.pth is a Python pickle that torch.save did not write.",
            "It holds objects of profile.Settings.",
            ASK,
        ),
    ),
    (
        "unknown bytes",
        lambda: b"\x01\xfe\xff\x00\x13\x37\xaa\xbb\xcc",
        ("f.pth is no weights file that is known here.", "Its 9 bytes begin with 01 fe ff 00 13 37 aa bb.", CHOOSE),
    ),
]


@pytest.mark.filterwarnings("ignore:torch.ao.quantization:DeprecationWarning", "ignore:.*quantize.*:UserWarning")
@pytest.mark.parametrize(("make", "expected"), [pytest.param(make, words, id=name) for name, make, words in TABLE])
def test_message(make: Callable[[], bytes], expected: tuple[str, str, str], tmp_path: Path) -> None:
    path = tmp_path / "f.pth"
    path.write_bytes(make())
    with pytest.raises(WeightsError) as caught:
        open_checkpoint(path)
    assert (caught.value.what, caught.value.why, caught.value.remedy) == expected


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        open_checkpoint(tmp_path / "gone.pth")
    assert caught.value.what == "gone.pth does not exist."
    assert str(tmp_path) in caught.value.why


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        open_checkpoint(tmp_path)
    assert (caught.value.what, caught.value.remedy) == (f"{tmp_path.name} is a folder.", "Choose a file in it.")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pth")
    with pytest.raises(WeightsError) as caught:
        open_checkpoint(tmp_path / "pipe.pth")
    assert caught.value.what == "pipe.pth is no plain file, but a device or a pipe."


def test_no_permission(private_file: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        open_checkpoint(private_file)
    assert caught.value.what == f"{private_file.name} may not be read."
    assert "permission" in caught.value.why


def test_a_name_with_a_null_byte(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot be opened"):
        open_checkpoint(tmp_path / "a\0b.pth")


def test_python_code_is_sent_to_where_it_belongs(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text("import torch\n")
    with pytest.raises(WeightsError) as caught:
        open_checkpoint(path)
    assert caught.value.what == "net.py is Python code."
    assert "--architecture-file" in caught.value.remedy
