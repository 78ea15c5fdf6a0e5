"""How long it takes to tell an architecture by names and shapes, for all that are known."""

from __future__ import annotations

import statistics
import time

from core.fingerprints import exact_fits, fingerprint, identifiers, nearest
from tests.core.test_timm import usual as usual_shapes


def measure() -> str:
    """The slowest of all, once the tables are loaded (goal: under 0.2 s), and of the search for the nearest."""
    names = [name for name in identifiers() if fingerprint(name).head]
    exact_fits(usual_shapes(names[-1]))
    nearest({"conv1.weight": (64, 3, 5, 5)})
    told = [_seconds(name, changed=False) for name in names]
    near = [_seconds(name, changed=True) for name in names[::10]]
    return (
        f"recognising {len(names)} architectures: {statistics.median(told) * 1000:.1f} ms in the median,"
        f" {max(told) * 1000:.0f} ms at most; the nearest of a changed one {max(near) * 1000:.0f} ms at most; goal 200"
    )


def _seconds(name: str, *, changed: bool) -> float:
    shapes = usual_shapes(name)
    if changed:
        shapes = {**shapes, "something.else": (3,)}
    begin = time.perf_counter()
    if changed:
        nearest(shapes)
    else:
        exact_fits(shapes)
    return time.perf_counter() - begin
