"""Run the benchmarks: ``python -m tests.benchmarks [NAME ...]``, all without a name."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from tests.benchmarks import drop, edit, evaluate, gap, load, match, start

BENCHMARKS: dict[str, Callable[[], str]] = {
    "start": start.measure,
    "drop": drop.measure,
    "gap": gap.measure,
    "load": load.measure,
    "match": match.measure,
    "edit": edit.measure,
    "evaluate": evaluate.measure,
}


def main() -> int:
    """Print a line for each benchmark."""
    if sys.platform == "linux" and not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    wanted = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in wanted if name not in BENCHMARKS]
    if unknown:
        print(f"there is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    print(f"platform: {os.environ.get('QT_QPA_PLATFORM', 'the desktop')}, {os.cpu_count()} processors", flush=True)
    for name in wanted:
        print(f"{name}: {BENCHMARKS[name]()}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
