"""From starting the process to the first painted window, against a bare Qt window."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 9

_BARE = """
import sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow

class Window(QMainWindow):
    said = False
    def paintEvent(self, event):
        super().paintEvent(event)
        if not self.said:
            self.said = True
            print(time.monotonic(), flush=True)
            QTimer.singleShot(0, application.quit)

application = QApplication(sys.argv)
window = Window()
window.resize(1100, 720)
window.show()
application.exec()
"""

_OURS = """
import os, sys, time
import gui.app

def painted(self):
    print(time.monotonic(), "torch" in sys.modules, flush=True)
    # Without the usual end: only the beginning is measured.
    os._exit(0)

# What the app does once its window is painted.
gui.app.App._start = painted
import main
main.main([])
"""


def _seconds(script: str, home: str) -> float:
    """Seconds from starting the interpreter to the first painting."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": home, "XDG_CONFIG_HOME": home}
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, timeout=60, check=False
    )
    said = done.stdout.split()
    if not said:
        raise RuntimeError(f"no window was painted: {done.stderr}")
    if said[1:] == ["True"]:
        raise RuntimeError("torch was imported before the window was painted")
    return float(said[0]) - begin


def measure() -> str:
    """Median of the ratio, pair by pair (goal: under 2)."""
    with tempfile.TemporaryDirectory() as home:
        for script in (_BARE, _OURS):
            _seconds(script, home)
        pairs = [(_seconds(_OURS, home), _seconds(_BARE, home)) for _ in range(ROUNDS)]
    ratio = statistics.median(ours / bare for ours, bare in pairs)
    ours, bare = (statistics.median(times) for times in zip(*pairs, strict=True))
    return f"first paint {ratio:.2f} x a bare Qt window ({ours * 1000:.0f} ms against {bare * 1000:.0f} ms); goal 2"
