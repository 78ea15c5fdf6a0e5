"""From a dropped photo to its painted answer, against decoding, transform and forward pass of a plain script."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torchvision.models import get_model

from tests.benchmarks import script
from tests.benchmarks.window import Opened, open_window
from tests.core.making import write_photo

ARCHITECTURE = "resnet50"
PHOTOS = 24
SIZE = (1600, 1200)


def _dropped(opened: Opened, photo: Path) -> float:
    """Seconds from letting the photo go to the answer on screen."""
    opened.hover([photo])
    opened.rest()
    begin = time.perf_counter()
    opened.let_go()
    opened.until(lambda: opened.shows_answer_of(photo))
    opened.paint()
    return time.perf_counter() - begin


def _pair(opened: Opened, plain: Callable[[Path], float], photo: Path) -> tuple[float, float]:
    ours = _dropped(opened, photo)
    opened.rest()
    return ours, plain(photo)


def measure() -> str:
    """Median of the ratio, pair by pair (goal: under 1.15)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        torch.save(get_model(ARCHITECTURE, weights=None).state_dict(), folder / "weights.pth")
        photos = [write_photo(folder / f"{number}.jpg", SIZE, seed=number) for number in range(PHOTOS + 4)]
        with script.running(ARCHITECTURE) as plain, open_window(folder, folder / "weights.pth") as opened:
            pairs = [_pair(opened, plain, photo) for photo in photos][4:]
    ratio = statistics.median(ours / plain for ours, plain in pairs)
    ours, plain = (statistics.median(times) * 1000 for times in zip(*pairs, strict=True))
    return f"a warm drop {ratio:.2f} x a plain script ({ARCHITECTURE}; {ours:.0f} ms against {plain:.0f} ms); goal 1.15"
