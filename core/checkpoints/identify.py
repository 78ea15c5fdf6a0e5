"""What a file that holds no weights is, told by its bytes, and what to do about it."""

from __future__ import annotations

import contextlib
import stat
import struct
from collections.abc import Iterable
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from core.checkpoints.archive import Directory, NotStored
from core.checkpoints.danger import runs_code
from core.checkpoints.pickles import PickleReader
from core.checkpoints.values import BrokenFile, shown
from core.errors import UnsafeError, WeightsError

SAVE_STATE_DICT = "In the code that made it, run torch.save(model.state_dict(), 'weights.pth'), and open that file."
ASK_FOR_STATE_DICT = "Ask whoever made it for a state dict: torch.save(model.state_dict(), 'weights.pth')."
QUANTISED = (
    "a quantised network",
    "Save the network's state dict before it is quantised, and open that.",
    "Its numbers are stored in a form that ordinary networks do not take.",
)
"""What, remedy and why."""
CHOOSE_WEIGHTS = "Choose a PyTorch weights file: .pth, .pt or .safetensors."
AGAIN = "Download or copy the file again."
HEAD_BYTES = 4096
CUT_OFF = "it ends in the middle"
_MAX_PICKLE = 64 * 1024 * 1024

_BEGINNINGS: tuple[tuple[bytes, str, str], ...] = (
    (b"\x89HDF\r\n\x1a\n", "a Keras or other HDF5 file", "Convert it to PyTorch, or choose PyTorch weights."),
    (b"\x89PNG\r\n\x1a\n", "a PNG image", CHOOSE_WEIGHTS),
    (b"\xff\xd8\xff", "a JPEG image", CHOOSE_WEIGHTS),
    (b"GIF8", "a GIF image", CHOOSE_WEIGHTS),
    (b"II*\0", "a TIFF image", CHOOSE_WEIGHTS),
    (b"MM\0*", "a TIFF image", CHOOSE_WEIGHTS),
    (b"BM", "a BMP image", CHOOSE_WEIGHTS),
    (b"%PDF", "a PDF document", CHOOSE_WEIGHTS),
    (b"\x93NUMPY", "a NumPy array", CHOOSE_WEIGHTS),
    (b"GGUF", "a GGUF file, a language model for llama.cpp", CHOOSE_WEIGHTS),
    (b"\x1f\x8b", "a gzip archive", "Unpack it, and choose the weights file in it."),
    (b"BZh", "a bzip2 archive", "Unpack it, and choose the weights file in it."),
    (b"\xfd7zXZ\0", "an xz archive", "Unpack it, and choose the weights file in it."),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Unpack it, and choose the weights file in it."),
    (b"Rar!\x1a\x07", "a RAR archive", "Unpack it, and choose the weights file in it."),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", "Unpack it, and choose the weights file in it."),
    (b"\x7fELF", "a program for Linux", CHOOSE_WEIGHTS),
    (b"MZ", "a program for Windows", CHOOSE_WEIGHTS),
    (b"SQLite format 3", "an SQLite database", CHOOSE_WEIGHTS),
    (b"PAR1", "a table (Parquet)", CHOOSE_WEIGHTS),
    (b"ARROW1", "a table (Arrow)", CHOOSE_WEIGHTS),
    (b"lmgg", "a GGML file, a language model for llama.cpp", CHOOSE_WEIGHTS),
    (b"\x12\x01\0\0\0\0\0\0", "an MXNet file", "Choose PyTorch weights of the same network."),
    (b"\x82\xa6params", "a JAX or Flax file", "Choose PyTorch weights of the same network."),
    (b"\x81\xa6params", "a JAX or Flax file", "Choose PyTorch weights of the same network."),
    (b"ptrt", "a TensorRT engine", "Choose the PyTorch weights that it was made from."),
    (b"ftrt", "a TensorRT engine", "Choose the PyTorch weights that it was made from."),
    (b"\x04\x22\x4d\x18", "an LZ4 archive", "Unpack it, and choose the weights file in it."),
    (b"\xca\xfe\xba\xbe", "a program for macOS or Java", CHOOSE_WEIGHTS),
    (b"\xcf\xfa\xed\xfe", "a program for macOS", CHOOSE_WEIGHTS),
    (b"\0asm", "a WebAssembly program", CHOOSE_WEIGHTS),
)
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".heic")
_WITHIN: tuple[tuple[int, bytes, str, str], ...] = (
    (4, b"TFL3", "a TensorFlow Lite model", "Choose PyTorch weights of the same network."),
    (4, b"PTMF", "a PyTorch program for phones (.ptl)", "Choose the file that it was made from, or a state dict."),
    (4, b"ET1", "an ExecuTorch program for phones (.pte)", "Choose the PyTorch weights that it was made from."),
    (4, b"ftyp", "a HEIC image or a video", CHOOSE_WEIGHTS),
    (8, b"WEBP", "a WebP image", CHOOSE_WEIGHTS),
    (8, b"WAVE", "a sound", CHOOSE_WEIGHTS),
)


def not_weights(path: Path, is_what: str, remedy: str, why: str = "", detail: str = "") -> WeightsError:
    """The error for a file that is something else; ``is_what`` completes "NAME is ..."."""
    return WeightsError(f"{shown(path.name)} is {is_what}.", why, remedy, detail=detail)


def damaged(path: Path, error: BrokenFile) -> WeightsError:
    """The error for a file whose bytes contradict themselves."""
    danger = unsafe(path, error.globals)
    if danger is not None:
        return danger
    if str(error) == CUT_OFF:
        return WeightsError(
            f"{shown(path.name)} is cut off.",
            "The file ends in the middle, as after a broken download or a full disk.",
            AGAIN,
        )
    return WeightsError(f"{shown(path.name)} cannot be read as weights.", f"The file is damaged: {error}.", AGAIN)


def too_large(path: Path, size: int) -> WeightsError:
    """The error for a file whose tensors the computer cannot hold; ``size`` is in bytes."""
    return WeightsError(
        f"{shown(path.name)} does not fit into this computer's memory.",
        f"The file has {size / 1e9:,.1f} GB.",
        "Close other programs, or open it on a computer with more memory.",
    )


def open_regular(path: Path) -> tuple[BufferedReader, int]:
    """Open a file that has bytes in it.

    Returns:
        The file, and its size in bytes.

    Raises:
        WeightsError: it is missing, a folder, no plain file, may not be read, or is empty.
    """
    name = shown(path.name or path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise WeightsError(f"{name} is a folder.", "Weights are a file.", "Choose a file in it.")
        if not stat.S_ISREG(status.st_mode):
            raise WeightsError(f"{name} is no plain file, but a device or a pipe.", "", CHOOSE_WEIGHTS)
        if status.st_size == 0:
            raise WeightsError(f"{name} is empty.", "The file has no bytes.", AGAIN)
        return path.open("rb"), status.st_size
    except FileNotFoundError as error:
        raise WeightsError(
            f"{name} does not exist.", f"There is nothing at {shown(path, 300)}.", CHOOSE_WEIGHTS
        ) from error
    except PermissionError as error:
        raise WeightsError(
            f"{name} may not be read.",
            "Your account has no permission to read the file.",
            "Change its permissions, or copy it to a folder of yours.",
        ) from error
    except (OSError, ValueError) as error:
        raise WeightsError(f"{name} cannot be opened.", f"The system says: {error}.", CHOOSE_WEIGHTS) from error


def name_by_bytes(path: Path, file: BinaryIO, head: bytes, size: int) -> WeightsError:
    """The error that names a file which is none of the containers.

    Args:
        path: for its name.
        file: the open file.
        head: its first bytes.
        size: in bytes.
    """
    for beginning, is_what, remedy in _BEGINNINGS:
        if head.startswith(beginning):
            return not_weights(path, is_what, remedy)
    for position, middle, is_what, remedy in _WITHIN:
        if head[position : position + len(middle)] == middle:
            return not_weights(path, is_what, remedy)
    if head[257:262] == b"ustar":
        return not_weights(
            path,
            "a tar archive",
            "Unpack it, and choose the weights file in it.",
            "It is none of those that PyTorch itself wrote before 2017.",
        )
    other = _name_buffer(path, head)
    if other is not None:
        return other
    if _is_onnx(head):
        return not_weights(path, "an ONNX model", "Choose the PyTorch weights that it was exported from.")
    # Before text: the oldest pickles are text, too.
    return (
        _name_pickle(path, file, size)
        or _name_text(path, head)
        or _name_zeros(path, file, head, size)
        or not_weights(
            path,
            "no weights file that is known here",
            CHOOSE_WEIGHTS,
            f"Its {size:,} bytes begin with {head[:8].hex(' ')}.",
        )
    )


def _name_buffer(path: Path, head: bytes) -> WeightsError | None:
    """A protocol buffer of TensorFlow or Core ML, which say so near their beginning; ``None`` if it is none."""
    if head[:1] == b"\x08" and head[2:3] == b"\x12" and (b"com.apple" in head or b"coremltools" in head):
        return not_weights(path, "a Core ML model", "Choose the PyTorch weights that it was made from.")
    words = (b"Placeholder", b"tensorflow", b"VarHandleOp", b"serve", b"NoOp")
    if head[:3] == b"\x08\x01\x12" and any(word in head for word in words):
        return not_weights(path, "a TensorFlow SavedModel", "Choose PyTorch weights of the same network.")
    if head[:1] == b"\x0a" and (b"Placeholder" in head or b"\x05dtype\x12" in head):
        return not_weights(path, "a TensorFlow graph", "Choose PyTorch weights of the same network.")
    return None


def _name_zeros(path: Path, file: BinaryIO, head: bytes, size: int) -> WeightsError | None:
    """A file that was made and never filled; ``None`` if it is none."""
    file.seek(max(0, size - HEAD_BYTES))
    if head.strip(b"\0") or file.read(HEAD_BYTES).strip(b"\0"):
        return None
    return not_weights(
        path,
        "full of zeros",
        AGAIN,
        f"Its {size:,} bytes begin and end with nothing else, as after a download that was cut off.",
    )


def _name_text(path: Path, head: bytes) -> WeightsError | None:
    """Text, by what it says; ``None`` if it is none."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"version https://git-lfs.github.com/"):
        return not_weights(
            path,
            "a Git LFS pointer",
            "Run `git lfs pull` in the repository, or download the file itself.",
            "It says where the weights are, and does not hold them.",
        )
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<!--")):
        return not_weights(
            path,
            "a web page",
            "Open the address in a browser, and download the file itself.",
            "A download that needs a login or a confirmation often leaves one.",
        )
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return None
        text = head[: error.start].decode("utf-8")
    if not all(character.isprintable() or character in "\t\r\n\f" for character in text):
        return None
    first = shown(text.strip().partition("\n")[0].strip(), 60)
    if path.suffix.lower() == ".py":
        return not_weights(
            path,
            "Python code",
            "Choose the weights file, and this as the code of its network (--architecture-file).",
            "It may say how a network is built, and does not hold its weights.",
        )
    if start.startswith(b"<"):
        return not_weights(path, "an XML file", CHOOSE_WEIGHTS, f"It begins with: {first}")
    if start.startswith((b"{", b"[")):
        return not_weights(path, "a JSON file", CHOOSE_WEIGHTS, f"It begins with: {first}")
    return not_weights(path, "a text file", CHOOSE_WEIGHTS, f"It begins with: {first}")


def _is_onnx(head: bytes) -> bool:
    """A protocol buffer that begins with a small ``ir_version`` and a ``producer_name`` or graph, as ONNX does."""
    if len(head) < 4 or head[0] != 0x08 or not 1 <= head[1] <= 20:
        return False
    if head[2] == 0x12:
        name = head[4 : 4 + head[3]]
        return name.isascii() and name.decode("ascii", "replace").isprintable()
    return head[2] in (0x3A, 0x42) and (b"onnx" in head or b"graph" in head or b"Conv" in head)


def container_of_zip(directory: Directory) -> str:
    """Which container an archive is, by its members: see ``CheckpointSummary``; empty if it is none."""
    names = directory.names
    parts = {name.partition("/")[2] for name in names}
    if {"constants.pkl", "bytecode.pkl"} & parts or any(part.startswith("code/") for part in parts):
        return "torchscript"
    if any(part.startswith(("models/", "data/weights/")) for part in parts) or any(
        name.startswith("serialized_exported_program") for name in names
    ):
        return "exported_program"
    return "state_dict" if "data.pkl" in parts else ""


def name_zip(path: Path, directory: Directory) -> WeightsError:
    """The error that names an archive which is none of the containers."""
    names = directory.names
    parts = {name.partition("/")[2] for name in names}
    if "archive_format" in parts or any(part.startswith("data/aotinductor/") for part in parts):
        return not_weights(
            path,
            "a program that was compiled for one kind of machine (AOTInductor)",
            SAVE_STATE_DICT,
            "It holds machine code in place of a network.",
        )
    if ".data/extern_modules" in parts:
        return not_weights(
            path,
            "a package of torch.package",
            SAVE_STATE_DICT,
            "It brings Python code of its own, which is not run here.",
        )
    if "model.weights.h5" in names:
        return not_weights(path, "a Keras model", "Convert it to PyTorch, or choose PyTorch weights.")
    if names and all(name.endswith(".npy") for name in names):
        return not_weights(path, "an archive of NumPy arrays (.npz)", CHOOSE_WEIGHTS)
    if names and all(name.lower().endswith((*_PICTURES, "/")) for name in names):
        return not_weights(
            path, "a zip archive of pictures", "Unpack it, open a weights file, and then the folder of pictures."
        )
    if any(".mlpackage/" in name or name.endswith(".mlmodel") for name in names):
        return not_weights(path, "a Core ML model", "Choose the PyTorch weights that it was made from.")
    weights = [name for name in names if name.endswith((".pth", ".pt", ".safetensors"))]
    if weights:
        return not_weights(
            path, "a zip archive", f"Unpack it, and choose {shown(weights[0])}.", "The weights are a file in it."
        )
    listed = ", ".join(shown(name, 40) for name in names[:3])
    return not_weights(
        path, "a zip archive without PyTorch weights", CHOOSE_WEIGHTS, f"It holds {listed or 'nothing'}."
    )


def packed(path: Path, error: NotStored) -> WeightsError:
    """The error for weights that another program packed again."""
    return WeightsError(
        f"{shown(path.name)} was packed again by another program.",
        f"PyTorch's own files are not compressed: {error}.",
        "Unpack it if it holds a weights file, or save it again with torch.save.",
    )


def _name_pickle(path: Path, file: BinaryIO, size: int) -> WeightsError | None:
    """The error that names a pickle which ``torch.save`` did not write; ``None`` if it is none."""
    file.seek(0)
    reader = PickleReader(file, min(size, _MAX_PICKLE))
    try:
        reader.read()
    except BrokenFile as error:
        cut = str(error) == CUT_OFF
        # Of a large one, only the beginning was looked at.
        whole = cut and size > _MAX_PICKLE
    else:
        whole, cut = True, False
        with contextlib.suppress(BrokenFile):
            # Several may follow each other: what any of them asks for is said.
            while True:
                reader.read()
    danger = unsafe(path, reader.globals)
    if danger is not None:
        return danger
    file.seek(0)
    if file.read(2)[:1] != b"\x80":
        return None if not reader.globals or not whole else _other_pickle(path, reader.globals)
    if whole:
        return _other_pickle(path, reader.globals)
    return damaged(path, BrokenFile(CUT_OFF if cut else "it begins as a pickle does, and does not go on so"))


_PICKLE_ANEW = (
    "Where it was made, save the same dictionary with torch.save(weights, 'weights.pth'), "
    "or with pickle.dump(weights, file, protocol=4)."
)


def _other_pickle(path: Path, names: Iterable[str]) -> WeightsError:
    asked = frozenset(names)
    if "_codecs.encode" in asked and any(name.startswith("numpy.") for name in asked):
        return not_weights(path, "a Python pickle of NumPy arrays, in a form from before Python 3", _PICKLE_ANEW)
    return not_weights(path, "a Python pickle that torch.save did not write", ASK_FOR_STATE_DICT, _asks(asked))


def unsafe(path: Path, names: Iterable[str]) -> UnsafeError | None:
    """The error for a pickle that asks for what no weights need; ``None`` if it does not."""
    asked = frozenset(names)
    bad = sorted(name for name in asked if runs_code(name))
    if not bad:
        return None
    why = f"It would run code when opened: it asks Python for {_listed(bad)}. Nothing was run."
    if "fastai.learner.Learner" in asked:
        return UnsafeError(
            f"{shown(path.name)} is a Learner that fastai exported, code and all.",
            why,
            "Where it was made, run torch.save(learn.model.state_dict(), 'weights.pth'), and open that file.",
            blocked=tuple(bad),
        )
    return UnsafeError(
        f"{shown(path.name)} is not safe.",
        why,
        "Do not open it with other programs; ask whoever made it for a .safetensors file.",
        blocked=tuple(bad),
    )


def _asks(names: Iterable[str]) -> str:
    return f"It holds objects of {_listed(sorted(names))}." if names else "It holds plain values only."


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(shown(name) for name in names[:3]) + more


def looks_like_safetensors(head: bytes) -> bool:
    """Whether a file begins as .safetensors do: the length of a JSON object, then its brace."""
    return len(head) > 8 and head[8:9] == b"{" and struct.unpack("<Q", head[:8])[0] < 2**40
