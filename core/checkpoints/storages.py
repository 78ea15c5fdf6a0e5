"""Reading tensors: straight from the file into memory of their own.

Nothing is memory-mapped: a training run that overwrites the file would pull the numbers away, and the process
with them.  The checksums of a zip archive's numbers are not verified, as PyTorch does not either: it takes longer
than all the rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from io import BufferedReader

import torch
from torch import Tensor

from core.checkpoints.values import ELEMENT_BYTES, BrokenFile, Span, Storage, TensorRef

_MAX_SHARING = 4
"""How many times the same numbers may be used by tensors together; more is no network, but an attack on memory."""
_SLACK = 1024 * 1024
FEW = 3
"""So many numbers are a colour's, such as the mean of a data set's pixels."""


class StorageReader:
    """Reads what is asked for, each storage once.

    Args:
        file: the open file.
        spans: where the bytes of each storage lie.
    """

    def __init__(self, file: BufferedReader, spans: Mapping[str, Span]) -> None:
        self._file = file
        self._spans = spans

    def read(self, refs: Mapping[str, TensorRef]) -> dict[str, Tensor]:
        """Tensors by name, in the element types of the file, contiguous, on the CPU.

        Raises:
            BrokenFile: the file does not hold them.
        """
        _check_memory(refs.values())
        users: dict[str, list[str]] = {}
        spans: dict[str, Span] = {}
        for name, ref in refs.items():
            spans[ref.storage.key] = self._span(ref.storage)
            users.setdefault(ref.storage.key, []).append(name)
        tensors: dict[str, Tensor] = {}
        # In the order of the file: a disk reads ahead.
        for key in sorted(users, key=lambda key: spans[key].start):
            memory = self._memory(spans[key])
            tensors.update({name: _view(memory, refs[name]) for name in users[key]})
        return {name: tensors[name] for name in refs}

    def few(self, ref: TensorRef) -> float | int | bool | list[float] | None:
        """The value of a tensor with one element, or those of one with up to ``FEW``, such as a mean.

        Returns:
            ``None`` where they are more, of no plain type, or their bytes are not cheap.
        """
        if not 1 <= ref.numel <= FEW or self._spans.get(ref.storage.key, Span(0, 1 << 20)).length > 1 << 16:
            return None
        if ref.dtype.startswith("complex"):
            return None
        values = self.read({"": ref})[""].flatten()
        return values.item() if ref.numel == 1 else [float(value) for value in values]

    def _span(self, storage: Storage) -> Span:
        span = self._spans.get(storage.key)
        if span is None or span.unpacked is not None:
            raise BrokenFile("it lacks the numbers of some of its tensors")
        size = ELEMENT_BYTES.get(storage.dtype)
        if size is None or (storage.start + storage.numel) * size > span.length:
            raise BrokenFile("it has fewer numbers than its tensors need")
        return span

    def _memory(self, span: Span) -> Tensor:
        # Each storage its own: memory that an earlier network gave back is used again, and needs no new pages.
        memory = torch.empty(span.length, dtype=torch.uint8)
        view = memory.numpy().data
        self._file.seek(span.start)
        done = 0
        while done < span.length:
            count = self._file.readinto(view[done:])
            if not count:
                raise BrokenFile("it ends in the middle")
            done += count
        return memory


def _view(memory: Tensor, ref: TensorRef) -> Tensor:
    dtype = getattr(torch, ref.dtype, None) if ref.dtype in ELEMENT_BYTES else None
    if not isinstance(dtype, torch.dtype):
        raise BrokenFile(f"its numbers have the type {ref.dtype}, which cannot be read")
    size = ELEMENT_BYTES[ref.dtype]
    start = ref.storage.start * ELEMENT_BYTES[ref.storage.dtype]
    numbers = memory[start : start + (len(memory) - start) // size * size].view(dtype)
    tensor = numbers.as_strided(ref.shape, ref.stride, numbers.storage_offset() + ref.offset)
    # A small part of something large must not keep all of it in memory.
    alone = tensor.is_contiguous() and 2 * tensor.numel() * size >= len(memory)
    return tensor if alone else tensor.clone(memory_format=torch.contiguous_format)


def _check_memory(refs: Iterable[TensorRef]) -> None:
    wanted = 0
    held: dict[str, int] = {}
    for ref in refs:
        if ref.dtype not in ELEMENT_BYTES or ref.storage.dtype not in ELEMENT_BYTES:
            raise BrokenFile(f"its numbers have the type {ref.dtype}, which cannot be read")
        wanted += math.prod(ref.shape) * ELEMENT_BYTES[ref.dtype]
        reached = (ref.storage.start + ref.storage.numel) * ELEMENT_BYTES[ref.storage.dtype]
        held[ref.storage.key] = max(reached, held.get(ref.storage.key, 0))
    if wanted > _MAX_SHARING * sum(held.values()) + _SLACK:
        raise BrokenFile("its tensors claim far more memory than it has numbers")
