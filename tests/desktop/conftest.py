"""An X server of its own, a window manager, the program, and hands for the mouse and the keyboard."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from tests.desktop import drag_source

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("Xvfb", "openbox", "xdotool")
WIDTH, HEIGHT = 1400, 900
TIMEOUT_S = 60

T = TypeVar("T")


def wait_for(what: str, look: Callable[[], T | None], instead: Callable[[], str] = str) -> T:
    """Look again and again until there is something; else fail, and tell what there was instead."""
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    pytest.fail(f"waited {TIMEOUT_S} s for {what}; there was {instead()}")


@dataclass
class Desktop:
    """One X screen with a window manager."""

    environment: dict[str, str]
    folder: Path
    started: list[subprocess.Popen[bytes]] = field(default_factory=list[subprocess.Popen[bytes]])

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a program on this screen."""
        # Into a file: a pipe that nobody empties would stop a program that complains a lot.
        with self.complaints_file(len(self.started)).open("wb") as errors:
            process = subprocess.Popen(command, env=self.environment, cwd=ROOT, stderr=errors)
        self.started.append(process)
        return process

    def complaints_file(self, number: int) -> Path:
        """What the n-th program wrote to standard error."""
        return self.folder / f"errors-{number}.txt"

    def complaints(self, process: subprocess.Popen[bytes]) -> str:
        """What a program wrote to standard error so far."""
        return self.complaints_file(self.started.index(process)).read_text("utf-8", errors="replace")

    def hand(self, *arguments: str) -> str:
        """Do something with the mouse or the keyboard, or ask about windows."""
        done = subprocess.run(
            ["xdotool", *arguments], env=self.environment, capture_output=True, text=True, timeout=30, check=False
        )
        return done.stdout.strip()

    def window(self, name: str) -> str:
        """Wait for a window whose title matches, and give its id."""
        return wait_for(
            f"a window {name!r}", lambda: self.hand("search", "--onlyvisible", "--name", name).split("\n")[0]
        )

    def title(self, window: str) -> str:
        return self.hand("getwindowname", window)

    def drag(self, window: str, *what: str) -> None:
        """Drag something from another program and drop it on the middle of a window."""
        source = self.start(sys.executable, drag_source.__file__, *what)
        self.window(drag_source.TITLE)
        time.sleep(0.3)
        self.hand("mousemove", "40", "30", "mousedown", "1")
        x, y = self.middle(window)
        # A drag is a path, not a jump: the target must see the pointer come.
        for step in range(1, 11):
            self.hand("mousemove", str(40 + (x - 40) * step // 10), str(30 + (y - 30) * step // 10))
            time.sleep(0.03)
        time.sleep(0.3)
        self.hand("mouseup", "1")
        time.sleep(0.3)
        source.terminate()
        source.wait(10)

    def middle(self, window: str) -> tuple[int, int]:
        """Screen coordinates of a window's middle."""
        lines = self.hand("getwindowgeometry", "--shell", window).splitlines()
        values = dict(line.split("=", 1) for line in lines if "=" in line)
        return int(values["X"]) + int(values["WIDTH"]) // 2, int(values["Y"]) + int(values["HEIGHT"]) // 2

    def close(self) -> None:
        """End what is still running."""
        for process in reversed(self.started):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait(10)


@pytest.fixture(scope="session")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An X server with a window manager; gives its ``DISPLAY``."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        pytest.skip(f"missing on this machine: {', '.join(missing)}")
    read, write = os.pipe()
    log = (tmp_path_factory.mktemp("x") / "log").open("wb")
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=log,
    )
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    assert number, "Xvfb did not start"
    name = f":{number}"
    manager = subprocess.Popen(["openbox", "--sm-disable"], env={**os.environ, "DISPLAY": name}, stderr=log)
    yield name
    for process in (manager, server):
        process.terminate()
        process.wait(10)
    log.close()


@pytest.fixture
def desktop(display: str, tmp_path: Path) -> Iterator[Desktop]:
    """A screen for one test, with a home of its own."""
    home = tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("QT_", "XDG_"))}
    environment |= {
        "DISPLAY": display,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_DATA_HOME": str(home / "data"),
        "QT_QPA_PLATFORM": "xcb",
    }
    opened = Desktop(environment, tmp_path)
    yield opened
    opened.close()
