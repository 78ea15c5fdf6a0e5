"""How fast it goes, and how long it will take."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gui.widgets import wording

if TYPE_CHECKING:
    from core.jobs import Progressed


_DOWNLOADING = "Downloading"


@dataclass(frozen=True, slots=True)
class Pace:
    """How far an evaluation is.

    Attributes:
        done, total: images, or bytes of a download; ``total`` is 0 where nobody knows.
        text: what is being done.
        rate: images a second; 0 where it cannot be told yet.
        left_s: seconds that are left at this rate.
        before: how many of ``done`` were answered before, in an earlier run.
    """

    done: int
    total: int
    text: str
    rate: float = 0.0
    left_s: float = 0.0
    before: int = 0

    @property
    def words(self) -> str:
        """In one line."""
        if self.text.startswith(_DOWNLOADING) and self.total:
            return f"{self.text}: {wording.size(self.done)} of {wording.size(self.total)}"
        parts = [f"{self.done:,} of {self.total:,} images" if self.total else f"{self.text} …"]
        if self.rate:
            parts += [f"{wording.value(float(f'{self.rate:.2g}'))} a second"]
            parts += [f"{_left(self.left_s)} left"] if self.left_s >= 1 else []
        parts += [f"{self.before:,} from before"] if self.before and self.total else []
        return "   ·   ".join(parts)


class Pacer:
    """Measures the pace of one job from its start, or from where it went on."""

    def __init__(self) -> None:
        self._began: tuple[float, int] | None = None

    def pace(self, event: Progressed) -> Pace:
        """How far it is by now."""
        now = time.monotonic()
        if self._began is None and event.total:
            self._began = now, event.done
        if self._began is None:
            return Pace(event.done, event.total, event.text)
        began, first = self._began
        rate = (event.done - first) / max(now - began, 1e-3) if event.done > first and now - began > 0.5 else 0.0
        left = (event.total - event.done) / rate if rate else 0.0
        return Pace(event.done, event.total, event.text, rate, left, first)


def _left(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
