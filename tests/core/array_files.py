"""Files of numbers for tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray


def put(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def npy(folder: Path, value: NDArray[Any], name: str = "a.npy") -> Path:
    np.save(folder / name, value)
    return folder / name


def npz(folder: Path, **arrays: NDArray[Any]) -> Path:
    cast("Callable[..., None]", np.savez_compressed)(folder / "a.npz", **arrays)
    return folder / "a.npz"
