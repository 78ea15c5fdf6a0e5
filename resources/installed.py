"""Entry points of an installed copy: the wheel holds this file as ``_whatsit/__init__.py``.

The wheel keeps ``core``, ``gui``, ``resources`` and ``main`` inside the one package ``_whatsit``, where
they are in nobody's way.  They import each other by their own names, so that package's folder goes to
the front of the path, in Whatsit's own process only.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> int:
    """Run ``main.py`` with this process's arguments; returns the exit status."""
    sys.path.insert(0, str(Path(__file__).parent))
    from main import main as run

    return run()
