"""Weights files: opened without running anything in them, unwrapped, and read into memory of their own."""

from __future__ import annotations

import hashlib
import math
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import cast

from torch import Tensor

from core.checkpoints import identify
from core.checkpoints.archive import NotStored, locate, read_directory
from core.checkpoints.metadata import PlainValues, class_names
from core.checkpoints.readers import MAGIC, read_legacy, read_safetensors, read_zip
from core.checkpoints.storages import StorageReader
from core.checkpoints.unwrapping import Found, TensorSet, choose, survey
from core.checkpoints.values import BrokenFile, Contents, TensorRef, shown
from core.descriptions import CheckpointSummary
from core.errors import WeightsError

__all__ = ["Checkpoint", "open_checkpoint"]


@dataclass(frozen=True)
class Checkpoint:
    """What was read from a weights file.

    Attributes:
        summary: what the file is.
        tensors: the network's tensors on the CPU, by name, in the element types of the file; wrappers and
            prefixes are taken off.
        metadata: small plain values that were saved beside them (``epoch``, ``arch``, ``args`` as a dict);
            ``class_names``, a list in the order of the head, where the file has class names in any form.
        modified_ns: the file's modification time when it was read.
    """

    summary: CheckpointSummary
    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, object]
    modified_ns: int


def open_checkpoint(path: Path) -> Checkpoint:
    """Read a weights file: a state dict, bare or as training runs save it, .pth or .safetensors.

    The container is told by the bytes.  No code in the file runs, and nothing stays open or mapped.

    Raises:
        WeightsError: it is no weights file, or a damaged one; the message says what it is.
    """
    file, size = identify.open_regular(path)
    with file:
        before = os.fstat(file.fileno())
        hashing = _Hash(path)
        try:
            contents, chosen, tensors, metadata = _read(path, file, size)
            hashing.wait()
        finally:
            hashing.stop()
        if not hashing.hexadecimal or _changed(path, before):
            raise WeightsError(
                f"{shown(path.name)} changed while it was read.",
                "Another program, perhaps a training run, was writing it.",
                "Open it again.",
            )
    summary = CheckpointSummary(
        file=str(path),
        container=contents.container,
        unwrapped=chosen.path,
        prefix=chosen.prefix,
        tensors=len(tensors),
        parameters=sum(math.prod(tensor.shape) for tensor in tensors.values()),
        bytes=size,
        sha256=hashing.hexadecimal,
        left_out=chosen.left_out,
    )
    return Checkpoint(summary, tensors, metadata, before.st_mtime_ns)


def _read(
    path: Path, file: BufferedReader, size: int
) -> tuple[Contents, TensorSet, dict[str, Tensor], dict[str, object]]:
    """What is in the file, which of its tensors were chosen, these tensors, and what is beside them."""
    try:
        contents, texts = _contents(path, file, size)
        chosen = _chosen(path, contents)
        reader = StorageReader(file, contents.spans)
        return contents, chosen, reader.read(chosen.refs), _metadata(contents, texts, chosen, reader)
    except NotStored as error:
        raise identify.packed(path, error) from error
    except BrokenFile as error:
        raise identify.damaged(path, error) from error
    except OSError as error:
        why = f"The system says: {error}."
        raise WeightsError(f"{shown(path.name)} cannot be read.", why, identify.AGAIN) from error


def _changed(path: Path, before: os.stat_result) -> bool:
    """Whether a file is another one now; one that is gone was read whole."""
    try:
        after = path.stat()
    except OSError:
        return False
    return (after.st_size, after.st_mtime_ns, after.st_ino) != (before.st_size, before.st_mtime_ns, before.st_ino)


class _Hash:
    """The sha256 of a file, computed while it is read.

    Attributes:
        hexadecimal: once ``wait`` has returned; empty if the file could not be read.
    """

    def __init__(self, path: Path) -> None:
        self.hexadecimal = ""
        self._path = path
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sha256", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until it is known."""
        self._thread.join()

    def stop(self) -> None:
        """It is not needed any more."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        digest = hashlib.sha256()
        buffer = bytearray(1 << 20)
        view = memoryview(buffer)
        try:
            with self._path.open("rb", buffering=0) as file:
                while (count := file.readinto(buffer)) and not self._stopped.is_set():
                    digest.update(view[:count])
        except OSError:
            return
        self.hexadecimal = digest.hexdigest()


def _contents(path: Path, file: BufferedReader, size: int) -> tuple[Contents, Mapping[str, str]]:
    """What the reader of the file's container finds, and texts beside it."""
    head = file.read(identify.HEAD_BYTES)
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        directory = read_directory(file, size)
        other = identify.name_zip(path, directory)
        if other is not None:
            raise other
        contents = read_zip(file, locate(file, directory))
    elif head.startswith(MAGIC):
        contents = read_legacy(file, size)
    elif identify.looks_like_safetensors(head):
        return read_safetensors(file, size)
    else:
        raise identify.name_by_bytes(path, file, head, size)
    danger = identify.unsafe(path, contents.globals)
    if danger is not None:
        raise danger
    return contents, {}


def _chosen(path: Path, contents: Contents) -> TensorSet:
    found = survey(contents.root)
    chosen = choose(found)
    if chosen is None or (found.modules and not chosen.fits):
        raise _no_tensors(path, contents, found)
    return chosen


def _no_tensors(path: Path, contents: Contents, found: Found) -> WeightsError:
    """The error for what PyTorch saved and what is no state dict."""
    if found.modules:
        return identify.not_weights(
            path,
            f"a whole pickled network ({shown(found.modules[0])}), not a state dict",
            identify.SAVE_STATE_DICT,
            "Opening it would need the code that it was made with, which is not run here.",
        )
    if found.quantised:
        return identify.not_weights(
            path,
            "a quantised network",
            "Save the network's state dict before it is quantised, and open that.",
            "Its numbers are stored in a form that ordinary networks do not take.",
        )
    if isinstance(contents.root, TensorRef):
        shape = " x ".join(str(side) for side in contents.root.shape) or "no sides"
        return identify.not_weights(
            path, f"a single tensor ({shape}), not a network's", identify.ASK_FOR_STATE_DICT, "It has no names."
        )
    if found.loose:
        return identify.not_weights(
            path,
            f"a list of {len(found.loose)} tensor(s) without names",
            identify.ASK_FOR_STATE_DICT,
            "Names are needed to tell which layer each belongs to.",
        )
    if found.optimizer:
        return identify.not_weights(
            path,
            "the state of an optimizer, without the network's weights",
            "Choose the file that was saved beside it with the network's weights.",
        )
    if contents.container == "safetensors":
        return identify.not_weights(path, "a .safetensors file without tensors", identify.CHOOSE_WEIGHTS)
    return identify.not_weights(
        path, f"a PyTorch file without tensors: it holds {_inventory(contents.root)}", identify.ASK_FOR_STATE_DICT
    )


def _inventory(root: object) -> str:
    if isinstance(root, dict):
        keys = [shown(key, 30) for key in cast("dict[object, object]", root)]
        return ", ".join(keys[:5]) + (f" and {len(keys) - 5} more" if len(keys) > 5 else "") or "an empty dictionary"
    return shown(repr(root) if not isinstance(root, list | tuple) else f"a {type(root).__name__}", 60)  # pyright: ignore[reportUnknownArgumentType]


def _metadata(
    contents: Contents, texts: Mapping[str, str], chosen: TensorSet, reader: StorageReader
) -> dict[str, object]:
    root = contents.root
    used = {id(ref) for ref in chosen.refs.values()}
    metadata: dict[str, object] = dict(texts)
    if isinstance(root, dict) and contents.container != "safetensors":
        pairs = cast("dict[object, object]", root)
        metadata |= PlainValues(reader).items(
            {key: value for key, value in pairs.items() if id(value) not in used and _is_extra(value)}
        )
    names = class_names(metadata)
    if names:
        metadata["class_names"] = names
    return metadata


def _is_extra(value: object) -> bool:
    """Whether a value beside the tensors is more than tensors."""
    if not isinstance(value, dict):
        return not (isinstance(value, TensorRef) and value.numel != 1)
    return not any(isinstance(below, TensorRef) for below in cast("dict[object, object]", value).values())
