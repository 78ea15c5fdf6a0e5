"""Weights files: opened without running anything in them, unwrapped, and read into memory of their own."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import math
import os
import threading
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field, replace
from io import BufferedReader
from itertools import chain
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from core.checkpoints import identify
from core.checkpoints.archive import NotStored, common_root, locate, read_directory
from core.checkpoints.danger import runs_code
from core.checkpoints.metadata import PlainValues, beside_program, class_names
from core.checkpoints.modules import ModuleTree, all_refs
from core.checkpoints.plain_pickles import read_plain
from core.checkpoints.programs import read_exported, read_torchscript
from core.checkpoints.readers import MAGIC, read_legacy, read_safetensors, read_zip
from core.checkpoints.storages import FEW, StorageReader
from core.checkpoints.surveying import Found, survey
from core.checkpoints.tars import is_old_tar, read_tar
from core.checkpoints.unwrapping import TensorSet, choose
from core.checkpoints.values import ELEMENT_BYTES, BrokenFile, Contents, Global, Inert, Program, TensorRef, shown
from core.descriptions import CheckpointSummary
from core.devices import is_out_of_memory
from core.errors import UsageError, WeightsError
from core.showing import counted

_PIECE = 4 * 1024 * 1024
_UNUSUAL = (
    ("sparse", "sparse"),
    ("nested", "nested"),
    ("meta", "without numbers, as on the meta device"),
    ("subclass", "of a class of their own"),
)
"""Parts of the names of the functions that make such tensors, and what these are."""
_REPEATED = "repeated, or made in an unusual way"

LAYER_NORM_EPS = "layer_norm_eps"
GELU, TANH = "hidden_act", "gelu_pytorch_tanh"
"""Called so in the metadata of .safetensors, as in Hugging Face's configurations."""

__all__ = ["GELU", "LAYER_NORM_EPS", "TANH", "Checkpoint", "PickledNetwork", "open_checkpoint"]


@dataclass(frozen=True, eq=False)
class PickledNetwork:
    """A network that was saved whole, which nobody made yet.

    Attributes:
        root: the outermost module, a placeholder.
        tensors: all tensors in it, on the CPU; shared with ``Checkpoint.tensors``.
    """

    root: Inert
    tensors: Mapping[TensorRef, Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """What was read from a weights file.

    Attributes:
        about: what the file is, all but its sha256.
        tensors: the network's tensors on the CPU, by name, in the element types of the file; wrappers and
            prefixes are taken off.
        metadata: small plain values that were saved beside them (``epoch``, ``arch``, ``args`` as a dict);
            ``class_names``, a list in the order of the head, where the file has class names in any form.
        modified_ns: the file's modification time when it was read.
        classes: dotted name and class of each module, the outermost first, where a network was saved whole
            or as a program; empty for a state dict.
        module: the network, where the chosen tensors are those of one that was saved whole.
        program: the code in it, for ``torchscript`` and ``exported_program``; nothing of it has run.
        quantised: whether tensors in it are stored in a form that ordinary networks do not take.
        written: the tensors by their names as written, with what was left out, where ``tensors`` are not all by
            these names; else empty.  A network of a person's own may have been saved under these.
        finish: waits for the sha256.
        meant: the architecture that the names of its tensors tell, where others have the same tensors; may be empty.
        normalisation: mean and std with which the network normalises its input before the chosen tensors come in;
            ``None`` where it does not.
    """

    about: CheckpointSummary
    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, object]
    modified_ns: int
    classes: tuple[tuple[str, str], ...] = ()
    module: PickledNetwork | None = None
    program: Program | None = None
    quantised: bool = False
    written: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])
    finish: Callable[[], str] | None = None
    meant: str = ""
    normalisation: tuple[tuple[float, ...], tuple[float, ...]] | None = None

    @functools.cached_property
    def summary(self) -> CheckpointSummary:
        """What the file is.  Of a large file the sha256 takes longer than the tensors: ask when it is needed.

        Raises:
            WeightsError: the file changed while it was read.
        """
        return self.about if self.finish is None else replace(self.about, sha256=self.finish())


@dataclass(frozen=True)
class _Reading:
    """What was read from the open file."""

    contents: Contents
    sets: tuple[TensorSet, ...]
    tree: ModuleTree | None
    tensors: Mapping[TensorRef, Tensor]
    metadata: dict[str, object]
    quantised: bool


def open_checkpoint(path: Path, tensors: str = "", *, refuse_unsafe: bool = True) -> Checkpoint:
    """Read a weights file in any of the containers, as training runs save them.

    The container is told by the bytes.  No code in the file runs, and nothing is mapped; the file stays open until
    its sha256 is known.

    Args:
        path: of the file.
        tensors: which of ``CheckpointSummary.sets`` to use; empty to choose by evidence.
        refuse_unsafe: refuse a file that asks Python for what runs code; ``False`` to describe it, which is as
            safe, with ``CheckpointSummary.blocked`` filled.

    Raises:
        UnsafeError: it asks Python for what runs code (see ``refuse_unsafe``), or holds nothing else.
        UsageError: there is no set of tensors of that name.
        WeightsError: it is no weights file, or a damaged one; the message says what it is.
    """
    file, size = identify.open_regular(path)
    with contextlib.ExitStack() as stack:
        stack.enter_context(file)
        before = os.fstat(file.fileno())
        read = _read(path, file, size, tensors, refuse_unsafe)
        stack.pop_all()
    # Only now: side by side, both take longer, and a person waits for the tensors.
    hashing = _Hash(file, before)

    def finish() -> str:
        hashing.wait()
        if not hashing.hexadecimal:
            raise WeightsError(
                f"{shown(path.name)} changed while it was read.",
                "Another program, perhaps a training run, was writing it.",
                "Open it again.",
            )
        return hashing.hexadecimal

    return _checkpoint(path, read, size, finish, before.st_mtime_ns)


def _checkpoint(path: Path, read: _Reading, size: int, finish: Callable[[], str], modified_ns: int) -> Checkpoint:
    contents, tree = read.contents, read.tree
    chosen = read.sets[0] if read.sets else TensorSet((), "", {})
    tensors = {name: read.tensors[ref] for name, ref in chosen.refs.items()}
    tensors |= {name: torch.cat([read.tensors[ref] for ref in refs]) for name, refs in chosen.parts.items()}
    tensors |= {name: tensors[name].reshape(shape) for name, shape in chosen.reshaped.items()}
    whole = tree is not None and contents.program is None
    about = CheckpointSummary(
        file=str(path),
        container="module" if whole else contents.container,
        unwrapped=chosen.path,
        prefix=chosen.prefix,
        tensors=len(tensors),
        parameters=sum(math.prod(tensor.shape) for tensor in tensors.values()),
        bytes=size,
        sha256="",
        left_out=chosen.left_out,
        note=chosen.note,
        layer_norm_eps=chosen.epsilon or _said_epsilon(contents),
        tanh_gelu=chosen.tanh or _said(contents, GELU) == TANH,
        sets=tuple(each.name for each in read.sets),
        blocked=tuple(name for name in contents.globals if runs_code(name)),
    )
    return Checkpoint(
        about,
        tensors,
        read.metadata,
        modified_ns,
        classes=tree.classes if tree is not None else contents.program.classes if contents.program else (),
        module=PickledNetwork(tree.root, read.tensors) if tree is not None and whole else None,
        program=contents.program,
        quantised=read.quantised,
        written={name: read.tensors[ref] for name, ref in chosen.written.items()},
        finish=finish,
        meant=chosen.meant,
        normalisation=_numbers(chosen, read.tensors),
    )


def _numbers(
    chosen: TensorSet, tensors: Mapping[TensorRef, Tensor]
) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """The mean and std of a network that normalises its input itself."""
    if chosen.normalisation is None:
        return None
    mean, std = (tuple(float(number) for number in tensors[ref].flatten()) for ref in chosen.normalisation)
    return mean, std


def _said(contents: Contents, key: str) -> str:
    return contents.texts.get(key, "") if contents.container == "safetensors" else ""


def _said_epsilon(contents: Contents) -> float:
    """What Whatsit wrote into a .safetensors of its own (``core/packing.py``)."""
    try:
        return float(_said(contents, LAYER_NORM_EPS) or 0)
    except ValueError:
        return 0.0


def _read(path: Path, file: BufferedReader, size: int, wanted: str, refuse_unsafe: bool) -> _Reading:
    """What is in the file, which of its tensors were chosen, these tensors, and what is beside them."""
    try:
        contents = _contents(path, file, size)
        danger = identify.unsafe(path, contents.globals)
        if danger is not None and refuse_unsafe:
            raise danger
        found = survey(contents.root)
        sets = choose(found)
        chosen = _chosen(path, sets, wanted)
        if chosen is None and contents.program is None:
            raise danger or _no_tensors(path, contents, found)
        tree = found.trees.get(chosen.path if chosen is not None else ())
        if chosen is not None:
            sets = (chosen, *(other for other in sets if other is not chosen))
        refs = set[TensorRef]()
        if chosen is not None:
            refs = {*chosen.refs.values(), *chosen.written.values(), *chain(*chosen.parts.values())}
            refs |= {*chosen.normalisation} if chosen.normalisation is not None else set()
        if tree is not None and contents.program is None:
            refs |= {ref for ref in all_refs(tree.root) if ref.dtype in ELEMENT_BYTES}
        reader = StorageReader(file, contents.spans)
        numbered = {str(number): ref for number, ref in enumerate(refs)}
        tensors = reader.read(numbered)
        by_ref = {ref: tensors[number] for number, ref in numbered.items()}
        return _Reading(contents, sets, tree, by_ref, _metadata(contents, tree, refs, reader), found.quantised)
    except NotStored as error:
        raise identify.packed(path, error) from error
    except BrokenFile as error:
        raise identify.damaged(path, error) from error
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise identify.too_large(path, size) from error
    except OSError as error:
        why = f"The system says: {error}."
        raise WeightsError(f"{shown(path.name)} cannot be read.", why, identify.AGAIN) from error


class _Hash:
    """The sha256 of a file that was read, computed on a thread of its own.

    Attributes:
        hexadecimal: once ``wait`` has returned; empty if the file could not be read, or was written to.
    """

    def __init__(self, file: BufferedReader, before: os.stat_result) -> None:
        """Args:
        file: still open, so that it is the one that was read, whatever is at its path now; is closed.
        before: how it was when reading began.
        """
        self.hexadecimal = ""
        self._file = file
        self._before = before
        self._thread = threading.Thread(target=self._run, name="sha256", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until it is known."""
        self._thread.join()

    def _run(self) -> None:
        digest = hashlib.sha256()
        view = memoryview(bytearray(_PIECE))
        try:
            with self._file.detach() as file:
                file.seek(0)
                while count := file.readinto(view):
                    digest.update(view[:count])
                after = os.fstat(file.fileno())
        except OSError:
            return
        if (after.st_size, after.st_mtime_ns) == (self._before.st_size, self._before.st_mtime_ns):
            self.hexadecimal = digest.hexdigest()


def _contents(path: Path, file: BufferedReader, size: int) -> Contents:
    """What the reader of the file's container finds."""
    head = file.read(identify.HEAD_BYTES)
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        directory = read_directory(file, size)
        container = identify.container_of_zip(directory)
        if not container:
            raise identify.name_zip(path, directory)
        packed = f"{common_root(directory.names)}code/" if container == "torchscript" else ""
        members = locate(file, directory, packed)
        if container == "torchscript":
            return read_torchscript(file, members)
        return read_exported(file, members) if container == "exported_program" else read_zip(file, members)
    if head.startswith(MAGIC):
        return read_legacy(file, size)
    if identify.looks_like_safetensors(head):
        return read_safetensors(file, size)
    if is_old_tar(file, size, head):
        return read_tar(file, size)
    if head.startswith(b"\x80"):
        plain = read_plain(file, size)
        if plain is not None:
            return plain
    raise identify.name_by_bytes(path, file, head, size)


def _chosen(path: Path, sets: tuple[TensorSet, ...], wanted: str) -> TensorSet | None:
    """The set of tensors to use; ``None`` if there are no tensors."""
    if not wanted:
        return sets[0] if sets else None
    for candidate in sets:
        if candidate.name == wanted:
            return candidate
    names = ", ".join(shown(each.name) for each in sets)
    raise UsageError(
        f"{shown(path.name)} has no tensors called {shown(wanted)}.",
        f"It has: {names}." if names else "It has no named tensors at all.",
        "Choose one of these, or none to have Whatsit choose.",
    )


def _no_tensors(path: Path, contents: Contents, found: Found) -> WeightsError:
    """The error for what PyTorch saved and what is no state dict."""
    if found.trees:
        name = shown(next(iter(found.trees.values())).classes[0][1])
        return identify.not_weights(
            path, f"a whole pickled network ({name}) without tensors", identify.ASK_FOR_STATE_DICT
        )
    if found.quantised:
        return identify.not_weights(path, *identify.QUANTISED)
    if found.unusual and not found.loose:
        kind = next((words for part, words in _UNUSUAL if any(part in name for name in found.unusual)), _REPEATED)
        return identify.not_weights(
            path,
            "a PyTorch file whose tensors are not plain ones",
            identify.ASK_FOR_STATE_DICT,
            f"They are {kind}, which no network's weights here are.",
        )
    if isinstance(contents.root, TensorRef):
        shape = " x ".join(str(side) for side in contents.root.shape) or "no sides"
        return identify.not_weights(
            path, f"a single tensor ({shape}), not a network's", identify.ASK_FOR_STATE_DICT, "It has no names."
        )
    if found.loose:
        return identify.not_weights(
            path,
            f"a list of {counted(len(found.loose), 'tensor')} without names",
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
    arrays = _arrays(contents.root)
    if arrays:
        return identify.not_weights(
            path,
            f"a file of {arrays} NumPy arrays in place of tensors",
            "Save them as tensors: torch.save({name: torch.from_numpy(each) for name, each in arrays.items()}, path).",
        )
    return identify.not_weights(
        path, f"a PyTorch file without tensors: it holds {_inventory(contents.root)}", identify.ASK_FOR_STATE_DICT
    )


def _arrays(root: object) -> int:
    """How many of the values are NumPy arrays, if most are; else 0."""
    values = list(cast("dict[object, object]", root).values()) if isinstance(root, dict) else []
    count = sum(isinstance(value, Inert) and value.kind.startswith("numpy") for value in values)
    return count if 2 * count > len(values) else 0


def _inventory(root: object) -> str:
    if isinstance(root, dict):
        keys = [shown(key, 30) for key in cast("dict[object, object]", root)]
        return ", ".join(keys[:5]) + (f" and {len(keys) - 5} more" if len(keys) > 5 else "") or "an empty dictionary"
    if isinstance(root, list | tuple | set | frozenset):
        return f"a {type(cast(object, root)).__name__}"
    if isinstance(root, str | bytes):
        root = root[:60]
    return shown(str(root) if isinstance(root, Global) else repr(root), 60)


def _metadata(
    contents: Contents, tree: ModuleTree | None, used: Set[TensorRef], reader: StorageReader
) -> dict[str, object]:
    root = contents.root
    metadata: dict[str, object] = beside_program(contents.texts) if contents.program else dict(contents.texts)
    if tree is not None:
        metadata |= PlainValues(reader).items(tree.attributes)
    if isinstance(root, dict) and contents.container == "state_dict":
        pairs = cast("dict[object, object]", root)
        metadata |= PlainValues(reader).items({key: value for key, value in pairs.items() if _is_extra(value, used)})
    names = class_names(metadata)
    if names:
        metadata["class_names"] = names
    return metadata


def _is_extra(value: object, used: Set[TensorRef]) -> bool:
    """Whether a value beside the tensors is more than tensors."""
    if not isinstance(value, dict):
        return not (isinstance(value, TensorRef) and (value.numel > FEW or value in used))
    return not any(isinstance(below, TensorRef) for below in cast("dict[object, object]", value).values())
