"""The devices of this machine."""

from __future__ import annotations

import platform
from typing import Any, cast

import torch

from core.descriptions import DeviceInfo
from core.errors import DeviceError

_OUT_OF_MEMORY = ("out of memory", "not enough memory", "can't allocate memory", "status_alloc_failed")


def list_devices() -> tuple[DeviceInfo, ...]:
    """All devices that can compute, the one that ``auto`` means first, the CPU last."""
    found: list[DeviceInfo] = []
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            properties = cast(Any, torch.cuda).get_device_properties(index)
            found.append(DeviceInfo(f"cuda:{index}", properties.name, properties.total_memory))
    if torch.backends.mps.is_available():
        found.append(DeviceInfo("mps", "Apple GPU"))
    found.append(DeviceInfo("cpu", platform.processor() or platform.machine() or "processor"))
    return tuple(found)


def choose_device(wanted: str) -> DeviceInfo:
    """The device for ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.

    Raises:
        DeviceError: this machine has no such device.
    """
    devices = list_devices()
    if wanted == "auto":
        return devices[0]
    full = "cuda:0" if wanted == "cuda" else wanted
    for device in devices:
        if device.id == full:
            return device
    raise DeviceError(
        f"There is no device {wanted!r} here.",
        f"This machine has {', '.join(device.id for device in devices)}."
        + (" PyTorch sees no CUDA device." if wanted.startswith("cuda") and not torch.cuda.is_available() else ""),
        "Choose one of these, or auto.",
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch's means that the device's memory is full.

    CUDA has a class for it; MPS and the CPU's allocator raise a plain RuntimeError with these words.
    """
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _OUT_OF_MEMORY)


def release_memory() -> None:
    """Give memory that torch keeps in reserve back to the device."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
