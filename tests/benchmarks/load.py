"""From a weights file to a network that can answer, against the plain recipe of building, loading and copying."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from torch import nn
from torchvision.models import get_model

from core.checkpoints import open_checkpoint
from core.matching import assemble, decide, rank

GOALS = {"resnet50": 2, "vit_l_16": 8}
ROUNDS = 5


class _Round(NamedTuple):
    """Seconds of one pair."""

    plain: float
    ours: float
    with_sha256: float


def _plain(architecture: str, file: Path) -> nn.Module:
    """As a person writes it, who knows the architecture."""
    network = get_model(architecture, weights=None).eval()
    network.load_state_dict(cast(Any, torch).load(file, map_location="cpu", weights_only=True))
    return network


def _round(architecture: str, file: Path) -> _Round:
    _cache(file)
    begin = time.perf_counter()
    network = _plain(architecture, file)
    plain = time.perf_counter() - begin
    del network
    _cache(file)
    begin = time.perf_counter()
    checkpoint = open_checkpoint(file)
    match, _ = decide(rank(checkpoint))
    assert match is not None
    network = assemble(checkpoint, match.architecture)
    ours = time.perf_counter() - begin
    assert checkpoint.summary.sha256
    with_sha256 = time.perf_counter() - begin
    del network
    return _Round(plain, ours, with_sha256)


def _cache(file: Path) -> None:
    """Bring a file into the system's cache, for either side alike."""
    with file.open("rb", buffering=0) as opened:
        buffer = bytearray(1 << 20)
        while opened.readinto(buffer):
            pass


def measure() -> str:
    """Median of the ratio, pair by pair, without and with the sha256, which the plain recipe does not take.

    Both find the memory of what was there before them.  The first pair, apart, finds none: pages that the system
    has to make take longer than what is read into them.
    """
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        for architecture, goal in GOALS.items():
            file = Path(name, f"{architecture}.pth")
            torch.save(get_model(architecture, weights=None).state_dict(), file)
            first = _round(architecture, file)
            rounds = [_round(architecture, file) for _ in range(ROUNDS)]
            file.unlink()
            ratio = statistics.median(each.plain / each.ours for each in rounds)
            hashed = statistics.median(each.plain / each.with_sha256 for each in rounds)
            plain, ours, with_sha256 = (statistics.median(times) for times in zip(*rounds, strict=True))
            lines.append(
                f"opening {architecture} {ratio:.1f} x as fast as the plain recipe"
                f" ({ours:.2f} s against {plain:.2f} s); goal {goal};"
                f" {hashed:.1f} x until its sha256 is known, too ({with_sha256:.2f} s);"
                f" {first.plain / first.ours:.1f} x the first time, into memory that is new"
            )
    return "\n".join(lines)
