"""Reading tensors: straight from the file into memory of their own.

Nothing is memory-mapped: a training run that overwrites the file would pull the numbers away, and the process
with them.  The checksums of a zip archive's numbers are not verified, as PyTorch does not either: it takes longer
than all the rest.
"""

from __future__ import annotations

import contextlib
import math
import mmap
import sys
from collections.abc import Iterable, Mapping
from io import BufferedReader

import torch
from torch import Tensor

from core.checkpoints.values import ELEMENT_BYTES, BrokenFile, Span, Storage, TensorRef

_MAX_SHARING = 4
"""How many times the same numbers may be used by tensors together; more is no network, but an attack on memory."""
_SLACK = 1024 * 1024
_ALIGNED = 64
"""Storages begin at multiples of this many bytes, as those of PyTorch do."""
_HUGE_PAGE = 2 * 1024 * 1024
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

        Those that take up their storages lie side by side in one piece of memory; it lives as long as any of them.

        Raises:
            BrokenFile: the file does not hold them.
        """
        _check_memory(refs.values())
        users: dict[str, list[str]] = {}
        spans: dict[str, Span] = {}
        for name, ref in refs.items():
            spans[ref.storage.key] = self._span(ref.storage)
            users.setdefault(ref.storage.key, []).append(name)
        # In the order of the file: a disk reads ahead.
        keys = sorted(users, key=lambda key: spans[key].start)
        together = [key for key in keys if any(_fills(refs[name], spans[key].length) for name in users[key])]
        placed, total = _places({key: spans[key] for key in together})
        memory = _memory(total)
        tensors: dict[str, Tensor] = {}
        for key in keys:
            length = spans[key].length
            part = memory[placed[key] : placed[key] + length] if key in placed else _memory(length)
            self._fill(part, spans[key])
            tensors.update({name: _view(part, refs[name]) for name in users[key]})
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

    def _fill(self, memory: Tensor, span: Span) -> None:
        view = memory.numpy().data
        self._file.seek(span.start)
        done = 0
        while done < span.length:
            count = self._file.readinto(view[done:])
            if not count:
                raise BrokenFile("it ends in the middle")
            done += count


def _places(spans: Mapping[str, Span]) -> tuple[dict[str, int], int]:
    """Where in one piece of memory each storage begins, and how many bytes that needs."""
    places: dict[str, int] = {}
    end = 0
    for key, span in spans.items():
        places[key] = end
        end += -(-span.length // _ALIGNED) * _ALIGNED
    return places, end


def _memory(length: int) -> Tensor:
    """Bytes to be filled.

    Where much is asked for, of Linux in pages of 2 MiB: its usual ones of 4 KiB, each handed over on first use, take
    longer than reading does.  This memory is the process's own; nothing of a file is mapped.
    """
    if sys.platform == "linux" and length >= _HUGE_PAGE:
        whole = -(-length // _HUGE_PAGE) * _HUGE_PAGE
        pages = mmap.mmap(-1, whole, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        with contextlib.suppress(OSError):
            # A kernel without them refuses, and gives its usual ones.
            pages.madvise(mmap.MADV_HUGEPAGE)
        return torch.frombuffer(pages, dtype=torch.uint8)[:length]
    return torch.empty(length, dtype=torch.uint8)


def _fills(ref: TensorRef, length: int) -> bool:
    """Whether a tensor can stay where its storage is: it takes up most of it, its numbers in their order."""
    step = 1
    for side, stride in zip(reversed(ref.shape), reversed(ref.stride), strict=True):
        if side != 1 and stride != step:
            return False
        step *= side
    return 2 * ref.numel * ELEMENT_BYTES[ref.dtype] >= length


def _view(memory: Tensor, ref: TensorRef) -> Tensor:
    dtype = getattr(torch, ref.dtype, None) if ref.dtype in ELEMENT_BYTES else None
    if not isinstance(dtype, torch.dtype):
        raise BrokenFile(f"its numbers have the type {ref.dtype}, which cannot be read")
    size = ELEMENT_BYTES[ref.dtype]
    start = ref.storage.start * ELEMENT_BYTES[ref.storage.dtype]
    numbers = memory[start : start + (len(memory) - start) // size * size].view(dtype)
    tensor = numbers.as_strided(ref.shape, ref.stride, numbers.storage_offset() + ref.offset)
    # A small part of something large must not keep all of it in memory.
    return tensor if _fills(ref, len(memory)) else tensor.clone(memory_format=torch.contiguous_format)


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
