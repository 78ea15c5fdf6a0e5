"""The longest time that the window does not react while a folder of images is answered."""

from __future__ import annotations

import itertools
import tempfile
import time
from pathlib import Path

from PySide6.QtCore import QTimer

from tests.benchmarks.window import open_window
from tests.core.making import write_photo

COUNT = 500


def measure() -> str:
    """The longest gap between two beats of a timer, in milliseconds (goal: under 50)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(COUNT):
            write_photo(folder / "in" / f"{number:03}.jpg", (320, 240), seed=number)
        with open_window(folder) as opened:
            # A person has not clicked by then, and the window has had time for what it prepares.
            opened.run(1.0)
            begin = time.perf_counter()
            opened.open_architectures()
            listing = time.perf_counter() - begin
            beats: list[float] = []
            timer = QTimer(interval=1)
            timer.timeout.connect(lambda: beats.append(time.perf_counter()))
            begin = time.perf_counter()
            timer.start()
            opened.drop([folder / "in"])
            opened.until(lambda: opened.answered == COUNT)
            timer.stop()
            seconds = time.perf_counter() - begin
    gaps = sorted((later - before for before, later in itertools.pairwise(beats)), reverse=True)
    usual = gaps[len(gaps) // 1000] * 1000
    return (
        f"longest gap {gaps[0] * 1000:.0f} ms (99.9 % under {usual:.0f} ms) while {COUNT} images are answered "
        f"in {seconds:.1f} s; {listing * 1000:.0f} ms to list the architectures for the first time; goal 50"
    )
