"""From a weights file to a network that can answer, against the plain recipe of building, loading and copying."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import torch
from torchvision.models import get_model

from core.checkpoints import open_checkpoint
from core.matching import assemble, decide, rank

GOALS = {"resnet50": 2, "vit_l_16": 8}
ROUNDS = 5


def _plain(architecture: str, file: Path) -> None:
    network = get_model(architecture, weights=None).eval()
    network.load_state_dict(cast(Any, torch).load(file, map_location="cpu", weights_only=True))


def _ours(file: Path) -> None:
    checkpoint = open_checkpoint(file)
    match, _ = decide(rank(checkpoint))
    assert match is not None
    assemble(checkpoint, match.architecture)


def _seconds(action: Callable[[], None]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def measure() -> str:
    """Median of the ratio, pair by pair; the file is in the system's cache, and ours also takes its sha256."""
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        for architecture, goal in GOALS.items():
            file = Path(name, f"{architecture}.pth")
            torch.save(get_model(architecture, weights=None).state_dict(), file)
            _ours(file)
            pairs = [
                (_seconds(lambda f=file: _ours(f)), _seconds(lambda a=architecture, f=file: _plain(a, f)))
                for _ in range(ROUNDS)
            ]
            file.unlink()
            ratio = statistics.median(plain / ours for ours, plain in pairs)
            ours, plain = (statistics.median(times) for times in zip(*pairs, strict=True))
            lines.append(
                f"opening {architecture} {ratio:.1f} x as fast as the plain recipe"
                f" ({ours:.2f} s against {plain:.2f} s); goal {goal}"
            )
    return "\n".join(lines)
