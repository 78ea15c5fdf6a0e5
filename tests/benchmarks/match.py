"""How long it takes to tell an architecture by names and shapes, for all that are known, and for hostile names."""

from __future__ import annotations

import itertools
import statistics
import time

from core.checkpoints.surveying import survey
from core.checkpoints.unwrapping import choose
from core.checkpoints.values import Storage, TensorRef, view_of
from core.fingerprints import Shape, changed_fits, exact_fits, fingerprint, identifiers, nearest
from tests.core.test_timm import usual as usual_shapes

HOSTILE = 20_000
ROUNDS = 3


def measure() -> str:
    """The slowest of all, once the tables are loaded (goal: under 0.2 s), and of the search for the nearest."""
    names = [name for name in identifiers() if fingerprint(name).head]
    exact_fits(usual_shapes(names[-1]))
    changed_fits({"conv1.weight": (64, 3, 5, 5)})
    nearest({"conv1.weight": (64, 3, 5, 5)})
    told = [_seconds(name, changed=False) for name in names]
    near = [_seconds(name, changed=True) for name in names[::10]]
    return (
        f"recognising {len(names)} architectures: {statistics.median(told) * 1000:.1f} ms in the median,"
        f" {max(told) * 1000:.0f} ms at most; the nearest of a changed one {max(near) * 1000:.0f} ms at most;"
        f" unwrapping {HOSTILE:,} hostile names {_hostile() * 1000:.0f} ms at most; goal 200"
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


def _hostile() -> float:
    """The slowest of files whose names are made to be slow: each the best of a few rounds."""
    return max(min(_unwrapping(root) for _ in range(ROUNDS)) for root in _roots())


def _unwrapping(root: object) -> float:
    begin = time.perf_counter()
    choose(survey(root))
    return time.perf_counter() - begin


def _roots() -> list[dict[str, object]]:
    shapes = usual_shapes("resnet50")
    own = {name: _tensor(shape) for name, shape in shapes.items()}
    odd = {**own, "fc.weight": _tensor((3, 3, 3))}
    nested = [f"{a}.{b}.{c}." for a, b, c in itertools.product("abcd", repeat=3)]
    roots: list[dict[str, object]] = [
        # Whole networks within networks; the same with a head that fits nothing; wrappers in the middle of names.
        {place + name: own[name] for place in nested for name in own},
        {place + name: odd[name] for place in nested for name in own},
        {f"{place}module.{name}": _tensor((1,)) for place in nested for name in own},
        {**own, **{f"module.module.module.x{number}.layer.weight": _tensor((1,)) for number in range(HOSTILE)}},
        # Many small dicts.
        {f"s{part}": {f"q{part}.{name}": _tensor((1,)) for name in own} for part in range(len(nested))},
    ]
    return [dict(itertools.islice(root.items(), HOSTILE)) for root in roots]


def _tensor(shape: Shape) -> TensorRef:
    stride = list(itertools.accumulate(reversed(shape[1:]), lambda below, side: below * side, initial=1))[::-1]
    found = view_of(Storage("0", "float32", 0, 1 << 40), 0, shape, tuple(stride[: len(shape)]))
    assert found is not None
    return found
