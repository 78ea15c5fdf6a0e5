"""Why there is no window reaches a person who has no terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gui.starting.last_words import show_on_windows

ROOT = Path(__file__).parents[2]
ERROR = "What happened. Why. What to do."


def start(folder: Path, *, from_menu: bool) -> subprocess.CompletedProcess[str]:
    """Whatsit without a display, with a stand-in for the desktop's own box that writes down what it is told."""
    box = folder / "zenity"
    box.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{folder}/shown"\n', encoding="utf-8")
    box.chmod(0o755)
    lost = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XDG_SESSION_TYPE", "GIO_LAUNCHED_DESKTOP_FILE"}
    environment = {name: value for name, value in os.environ.items() if name not in lost}
    environment["PATH"] = f"{folder}:{environment['PATH']}"
    if from_menu:
        environment["GIO_LAUNCHED_DESKTOP_FILE"] = "/usr/share/applications/whatsit.desktop"
    return subprocess.run(
        [sys.executable, "main.py"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_a_start_from_the_menu_that_fails_shows_why_in_a_box(tmp_path: Path) -> None:
    done = start(tmp_path, from_menu=True)
    assert done.returncode == 2
    *_, text = (tmp_path / "shown").read_text(encoding="utf-8").splitlines()
    assert "there is no display" in text
    assert text in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_a_start_from_a_terminal_that_fails_shows_no_box(tmp_path: Path) -> None:
    done = start(tmp_path, from_menu=False)
    assert done.returncode == 2
    assert "there is no display" in done.stderr
    assert not (tmp_path / "shown").exists()


def test_windows_shows_a_message_box() -> None:
    shown: list[tuple[int, str, str, int]] = []

    def message_box(*arguments: object) -> int:
        window, text, title, kind = arguments
        assert isinstance(window, int)
        assert isinstance(kind, int)
        shown.append((window, str(text), str(title), kind))
        return 1

    show_on_windows(ERROR, message_box)
    assert shown == [(0, ERROR, "Whatsit cannot open its window", 0x10)]
