"""Whatsit in the applications menu: with its icon, and among the programs that open pictures.

Three kinds, by system: a freedesktop entry (Linux and kin), a Start-menu shortcut (Windows), an application
bundle (macOS).  The last two are untried on their systems: what they consist of is made by functions that
run anywhere, and is tested as such.
"""

from __future__ import annotations

import base64
import contextlib
import io
import os
import plistlib
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from core import VERSION
from core.errors import DesktopError

APP_ID = "whatsit"
"""Name of the desktop entry; Wayland ties a window to its icon by it (``setDesktopFileName``)."""
WINDOW_CLASS = "Whatsit"
"""What X ties them by: Qt makes it of the application's name (``setApplicationName``)."""
_BUNDLE_ID = "io.github.whatsit.Whatsit"
_COMMENT = "See what a trained image classifier makes of your pictures"
_HOUSE = Path(__file__).resolve().parents[2]
_IMAGES = [
    *("avif", "bmp", "gif", "heic", "heif", "jp2", "jpeg", "png", "tiff", "webp", "vnd.microsoft.icon"),
    *("x-icns", "x-pcx", "x-portable-bitmap", "x-portable-graymap", "x-portable-pixmap", "x-tga"),
]
_WEIGHTS = {
    "application/x-pytorch-weights": ("PyTorch weights", ("*.pth", "*.pt")),
    "application/x-safetensors": ("Safetensors weights", ("*.safetensors",)),
}
_APOSTROPHES = "'\u2018\u2019\u201a\u201b"


def install_launcher() -> list[Path]:
    """Put Whatsit, as it runs now, into this person's applications menu; again is no harm.

    Returns:
        What was written.

    Raises:
        DesktopError: it cannot be written; says why.
    """
    try:
        if sys.platform == "win32":
            return _install_windows()
        files = macos_files(start_command()) if sys.platform == "darwin" else freedesktop_files(start_command())
        written = [_write(path, content) for path, content in files.items()]
        if sys.platform == "darwin":
            written[-1].chmod(0o755)
        else:
            _refresh()
    except OSError as error:
        raise DesktopError(
            "Whatsit cannot be put into the applications menu.",
            f"{error.filename or 'A file'} cannot be written: {error.strerror or error}.",
            f"Check who may write there; {shlex.join(start_command())} starts Whatsit without the menu.",
            detail=str(error),
        ) from error
    return written


def remove_launcher() -> list[Path]:
    """Undo ``install_launcher``.

    Returns:
        What was removed; empty where nothing was installed.

    Raises:
        DesktopError: it cannot be removed; says why.
    """
    if sys.platform == "win32":
        places = [_shortcut(), _windows_icon()]
    elif sys.platform == "darwin":
        places = [_bundle()]
    else:
        places = list(freedesktop_files(start_command()))
    removed: list[Path] = []
    try:
        for place in places:
            if place.is_dir():
                shutil.rmtree(place)
            elif place.exists():
                place.unlink()
            else:
                continue
            removed.append(place)
    except OSError as error:
        raise DesktopError(
            "Whatsit cannot be taken out of the applications menu.",
            f"{error.filename} cannot be removed: {error.strerror}.",
            "Check who may write there.",
            detail=str(error),
        ) from error
    if removed and sys.platform not in {"win32", "darwin"}:
        _refresh()
    return removed


def start_command() -> list[str]:
    """What starts this copy of Whatsit: the installed ``whatsit-gui``, or this Python with ``main.py``."""
    python = Path(sys.executable)
    windows = sys.platform == "win32"
    if _HOUSE.name == "_whatsit":
        script = python.with_name("whatsit-gui.exe" if windows else "whatsit-gui")
        if script.exists():
            return [str(script)]
    if windows and python.with_name("pythonw.exe").exists():
        python = python.with_name("pythonw.exe")  # Without a console window beside ours.
    return [str(python), str(_HOUSE / "main.py")]


# Linux and kin


def freedesktop_files(command: Sequence[str]) -> dict[Path, bytes]:
    """The files of a freedesktop menu entry, by where they belong.

    Sources: the Desktop Entry, Icon Theme, Shared MIME-info and Base Directory specifications.
    """
    data = _data_home()
    icons = data / "icons" / "hicolor"
    return {
        data / "applications" / f"{APP_ID}.desktop": _desktop_entry(command).encode(errors="surrogateescape"),
        data / "mime" / "packages" / f"{APP_ID}.xml": _mime_types().encode(),
        icons / "scalable" / "apps" / f"{APP_ID}.svg": (_HOUSE / "resources" / "whatsit.svg").read_bytes(),
        icons / "256x256" / "apps" / f"{APP_ID}.png": (_HOUSE / "resources" / "whatsit-256.png").read_bytes(),
    }


def _desktop_entry(command: Sequence[str]) -> str:
    types = [*(f"image/{name}" for name in _IMAGES), *_WEIGHTS]
    lines = {
        "Type": "Application",
        "Version": "1.1",
        "Name": "Whatsit",
        "GenericName": "Image Classifier",
        "Comment": _COMMENT,
        "Exec": " ".join([*(_exec_argument(argument) for argument in command), "%F"]),
        "TryExec": command[0].replace("\\", "\\\\"),
        "Icon": APP_ID,
        "Terminal": "false",
        "Categories": "Graphics;Photography;Viewer;",
        "Keywords": "photo;picture;recognition;neural;network;PyTorch;",
        "MimeType": "".join(f"{name};" for name in types),
        "StartupNotify": "true",
        "StartupWMClass": WINDOW_CLASS,
    }
    return "".join(["[Desktop Entry]\n", *(f"{key}={value}\n" for key, value in lines.items())])


def _exec_argument(argument: str) -> str:
    """One argument of an Exec line: quoted, and then escaped once more as every value is."""
    quoted = "".join(f"\\{letter}" if letter in '"`$\\' else letter for letter in argument)
    escaped = quoted.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return f'"{escaped}"'.replace("%", "%%")


def _mime_types() -> str:
    types = "".join(
        f'  <mime-type type="{name}">\n    <comment>{comment}</comment>\n'
        + "".join(f'    <glob pattern="{pattern}"/>\n' for pattern in patterns)
        + "  </mime-type>\n"
        for name, (comment, patterns) in _WEIGHTS.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">\n{types}</mime-info>\n'
    )


def _data_home() -> Path:
    named = Path(os.environ.get("XDG_DATA_HOME", ""))
    # The specification: a relative path is to be ignored.
    return named if named.is_absolute() else Path.home() / ".local" / "share"


def _refresh() -> None:
    """Let the desktop know now; without these helpers it finds out by itself, later."""
    data = _data_home()
    with contextlib.suppress(OSError):
        os.utime(data / "icons" / "hicolor")
    _run_quietly("update-desktop-database", str(data / "applications"))
    _run_quietly("update-mime-database", str(data / "mime"))


def _run_quietly(*command: str) -> None:
    program = shutil.which(command[0])
    if program is not None:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run([program, *command[1:]], capture_output=True, check=False, timeout=60)


# macOS


def macos_files(command: Sequence[str]) -> dict[Path, bytes]:
    """The files of a minimal application bundle, by where they belong; the last is to be executable."""
    contents = _bundle() / "Contents"
    information = {
        "CFBundleName": "Whatsit",
        "CFBundleDisplayName": "Whatsit",
        "CFBundleIdentifier": _BUNDLE_ID,
        "CFBundleExecutable": APP_ID,
        "CFBundleIconFile": "whatsit.icns",
        "CFBundlePackageType": "APPL",
        "CFBundleShortVersionString": VERSION,
        "CFBundleVersion": VERSION,
        "CFBundleInfoDictionaryVersion": "6.0",
        "LSApplicationCategoryType": "public.app-category.photography",
        "NSHighResolutionCapable": True,
    }
    return {
        contents / "Info.plist": plistlib.dumps(information),
        contents / "Resources" / "whatsit.icns": _icon("ICNS"),
        contents / "MacOS" / APP_ID: f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n'.encode(errors="surrogateescape"),
    }


def _bundle() -> Path:
    return Path.home() / "Applications" / "Whatsit.app"


# Windows


def windows_script(command: Sequence[str], shortcut: Path | str, icon: Path | str) -> str:
    """A PowerShell script that makes a shortcut."""
    properties = {
        "TargetPath": command[0],
        "Arguments": subprocess.list2cmdline(command[1:]),
        "IconLocation": f"{icon},0",
        "Description": _COMMENT,
    }
    return "\n".join(
        [
            "$ErrorActionPreference = 'Stop'",
            f"$link = (New-Object -ComObject WScript.Shell).CreateShortcut({_powershell(str(shortcut))})",
            *(f"$link.{name} = {_powershell(value)}" for name, value in properties.items()),
            "$link.Save()",
        ]
    )


def windows_command(script: str) -> list[str]:
    """What runs a PowerShell script; encoded, so that no quoting on the way can change it."""
    encoded = base64.b64encode(script.encode("utf-16-le")).decode("ascii")
    return ["powershell.exe", "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded]


def _install_windows() -> list[Path]:
    shortcut, icon = _shortcut(), _windows_icon()
    _write(icon, _icon("ICO"))
    shortcut.parent.mkdir(parents=True, exist_ok=True)
    command = windows_command(windows_script(start_command(), shortcut, icon))
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        raise DesktopError(
            "Whatsit cannot be put into the Start menu.",
            "PowerShell did not make the shortcut.",
            f"{subprocess.list2cmdline(start_command())} starts Whatsit without it.",
            detail=done.stderr,
        )
    return [shortcut, icon]


def _powershell(text: str) -> str:
    """A literal; PowerShell takes typographic apostrophes for plain ones."""
    return "'" + "".join(letter * 2 if letter in _APOSTROPHES else letter for letter in text) + "'"


def _shortcut() -> Path:
    return _windows_folder("APPDATA", "Roaming") / "Microsoft" / "Windows" / "Start Menu" / "Programs" / "Whatsit.lnk"


def _windows_icon() -> Path:
    return _windows_folder("LOCALAPPDATA", "Local") / "Whatsit" / "whatsit.ico"


def _windows_folder(variable: str, name: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / "AppData" / name)


# All


def _icon(form: str) -> bytes:
    """The application's icon as an ``ICO`` or ``ICNS`` file."""
    from PIL import Image

    with Image.open(_HOUSE / "resources" / "whatsit-256.png") as picture, io.BytesIO() as file:
        picture.save(file, form)
        return file.getvalue()


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
