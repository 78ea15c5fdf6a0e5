"""Tensors that no memory holds, and shapes that no tensor has."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import pytest
import torch

from core.checkpoints import open_checkpoint, storages
from core.errors import WeightsError
from tests.core.checkpoints.making import saved, small_state


def safetensors_of(path: Path, shape: list[int], length: int) -> Path:
    """A file of one tensor, whose bytes are a hole that takes no room on a disk."""
    header = json.dumps({"w": {"dtype": "F32", "shape": shape, "data_offsets": [0, length]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    os.truncate(path, 8 + len(header) + length)
    return path


def test_a_file_that_memory_cannot_hold_is_said_to_be_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As torch says it on a computer with less memory than the file has bytes."""

    def full(*_: object, **__: object) -> torch.Tensor:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(storages.torch, "empty", full)
    for path in (safetensors_of(tmp_path / "w.safetensors", [2**30], 2**32), tmp_path / "w.pth"):
        if path.suffix == ".pth":
            path.write_bytes(saved(small_state()))
        with pytest.raises(WeightsError) as caught:
            open_checkpoint(path)
        assert caught.value.what == f"{path.name} does not fit into this computer's memory."
        assert "more memory" in caught.value.remedy


@pytest.mark.parametrize("shape", [[0, 2**47, 2**47], [2**47, 0, 2**20]])
def test_sides_that_cannot_be_counted_are_damage(shape: list[int], tmp_path: Path) -> None:
    """Without numbers nothing is too large for the file, and yet torch cannot count through it."""
    path = safetensors_of(tmp_path / "w.safetensors", shape, 0)
    with pytest.raises(WeightsError, match="describes a tensor wrongly"):
        open_checkpoint(path)
