"""Why there is no window, for a person who started Whatsit by a double click and has no terminal to read."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping

_TITLE = "Whatsit cannot open its window"
_ERROR_ICON = 0x10
# What desktops bring for showing a message, each with the arguments before it.
_BOXES: Mapping[str, tuple[str, ...]] = {
    "zenity": ("--error", f"--title={_TITLE}", "--no-markup", "--text"),
    "kdialog": ("--title", _TITLE, "--error"),
    "xmessage": ("-center",),
}


def say(text: str) -> None:
    """Write a message to standard error, and, where nobody would read it there, show it in a box of the system's.

    On Windows that is a GUI program, which has no standard error; on Linux one that the desktop's menu started.

    Args:
        text: what happened, why, and what to do.
    """
    # A Windows program without a console has no standard error, whatever its type says.
    error_stream: object = sys.stderr
    if error_stream is not None:
        print(text, file=sys.stderr)
    if sys.platform == "win32" and error_stream is None:
        show_on_windows(text, ctypes.windll.user32.MessageBoxW)
    elif sys.platform.startswith("linux") and "GIO_LAUNCHED_DESKTOP_FILE" in os.environ:
        show_on_linux(text)


def show_on_windows(text: str, message_box: Callable[[int, str, str, int], int]) -> None:
    """A message box.  Untried on Windows itself."""
    message_box(0, text, _TITLE, _ERROR_ICON)


def show_on_linux(text: str) -> bool:
    """A box by the first of the desktops' own programs that is here, until it is closed; whether there is one."""
    for program, arguments in _BOXES.items():
        path = shutil.which(program)
        if path is not None:
            subprocess.run([path, *arguments, text], stdin=subprocess.DEVNULL, check=False)
            return True
    return False
