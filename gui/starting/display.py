"""Whether a window can open here, found out before Qt is started: Qt itself would abort the process."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from core.errors import DesktopError

HEADLESS = "python main.py classify PATH..."
"""The command that answers pictures without a window."""

_X_TIMEOUT_S = 5.0
_NO_DISPLAY = f"Start it from a desktop session, or answer pictures without a window: {HEADLESS}"
_MISSING = re.compile(r"(lib[\w.+-]+\.so[.\d]*): cannot open shared object file")

# What Qt's own libraries need from the system: library -> Debian's and Fedora's package.
_PACKAGES: Mapping[str, tuple[str, str]] = {
    "libEGL.so.1": ("libegl1", "libglvnd-egl"),
    "libGL.so.1": ("libgl1", "libglvnd-glx"),
    "libX11-xcb.so.1": ("libx11-xcb1", "libX11-xcb"),
    "libX11.so.6": ("libx11-6", "libX11"),
    "libdbus-1.so.3": ("libdbus-1-3", "dbus-libs"),
    "libfontconfig.so.1": ("libfontconfig1", "fontconfig"),
    "libfreetype.so.6": ("libfreetype6", "freetype"),
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libgthread-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libxcb-cursor.so.0": ("libxcb-cursor0", "xcb-util-cursor"),
    "libxcb-icccm.so.4": ("libxcb-icccm4", "xcb-util-wm"),
    "libxcb-image.so.0": ("libxcb-image0", "xcb-util-image"),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1", "xcb-util-keysyms"),
    "libxcb-randr.so.0": ("libxcb-randr0", "libxcb"),
    "libxcb-render-util.so.0": ("libxcb-render-util0", "xcb-util-renderutil"),
    "libxcb-render.so.0": ("libxcb-render0", "libxcb"),
    "libxcb-shape.so.0": ("libxcb-shape0", "libxcb"),
    "libxcb-shm.so.0": ("libxcb-shm0", "libxcb"),
    "libxcb-sync.so.1": ("libxcb-sync1", "libxcb"),
    "libxcb-util.so.1": ("libxcb-util1", "xcb-util"),
    "libxcb-xfixes.so.0": ("libxcb-xfixes0", "libxcb"),
    "libxcb-xkb.so.1": ("libxcb-xkb1", "libxcb"),
    "libxcb.so.1": ("libxcb1", "libxcb"),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0", "libxkbcommon-x11"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon"),
    "libwayland-client.so.0": ("libwayland-client0", "libwayland-client"),
    "libwayland-cursor.so.0": ("libwayland-cursor0", "libwayland-cursor"),
    "libzstd.so.1": ("libzstd1", "libzstd"),
}


def check_display() -> None:
    """Make sure that Qt will find a display and can load the plugin for it.

    Looks at what Qt looks at: ``QT_QPA_PLATFORM``, then Wayland where the session offers it, then X.  Takes
    some 20 ms, most of it for loading libraries that the window needs anyway.  Does nothing where Qt cannot
    fail this way (Windows, macOS).

    Raises:
        DesktopError: no display can be reached, or a library is missing; says what to install or do.
    """
    if not sys.platform.startswith("linux"):
        return
    unreachable: list[DesktopError] = []
    unloadable: list[DesktopError] = []
    for platform in _platforms():
        if (problem := _unreachable(platform)) is not None:
            unreachable.append(problem)
        elif (problem := _unloadable(platform)) is not None:
            unloadable.append(problem)
        else:
            return
    # A missing package is the easiest to mend.
    raise [*unloadable, *unreachable][0]


def explain_import_error(error: ImportError) -> DesktopError:
    """Say why Qt cannot be imported, and what to install."""
    text = str(error)
    detail = f"{type(error).__name__}: {text}"
    if isinstance(error, ModuleNotFoundError) and (error.name or "").split(".")[0] in {"PySide6", "shiboken6"}:
        return DesktopError(
            "The window cannot open: PySide6 is not installed.",
            "It is the part that draws windows, and this Python does not have it.",
            "Install it with: python -m pip install pyside6-essentials",
            detail=detail,
        )
    if missing := _MISSING.search(text):
        return _missing_library(missing.group(1), detail)
    if "GLIBC" in text:
        return DesktopError(
            "The window cannot open: this Linux is older than the installed Qt.",
            "Qt asks for a newer C library than the one here.",
            f"Install an older one (python -m pip install 'pyside6-essentials<6.10'), or use: {HEADLESS}",
            detail=detail,
        )
    if "DLL load failed" in text:
        return DesktopError(
            "The window cannot open: Windows cannot load Qt.",
            "A library that it builds on is missing.",
            f"Install Microsoft's Visual C++ Redistributable (x64), or use: {HEADLESS}",
            detail=detail,
        )
    return DesktopError(
        "The window cannot open: a part of it cannot be imported.",
        f"Python says: {text}.",
        f"Install Whatsit again (python -m pip install .), or use: {HEADLESS}",
        detail=detail,
    )


def _platforms() -> list[str]:
    """What Qt will try, in its order; it goes on to the next where one fails."""
    asked = [entry.partition(":")[0] for entry in os.environ.get("QT_QPA_PLATFORM", "").split(";")]
    if any(asked):
        return [platform for platform in asked if platform]
    if "WAYLAND_DISPLAY" in os.environ or os.environ.get("XDG_SESSION_TYPE") == "wayland":
        return ["wayland", "xcb"]
    return ["xcb"]


def _unreachable(platform: str) -> DesktopError | None:
    if platform == "xcb":
        return _unreachable_x()
    if platform.startswith("wayland"):
        return _unreachable_wayland()
    return None


def _unreachable_wayland() -> DesktopError | None:
    if "WAYLAND_SOCKET" in os.environ:
        return None
    import socket  # Here, not above: it would delay every start by some milliseconds.

    path = Path(os.environ.get("XDG_RUNTIME_DIR", ""), os.environ.get("WAYLAND_DISPLAY", "wayland-0"))
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(_X_TIMEOUT_S)
            probe.connect(str(path))
    except OSError as error:
        return DesktopError(
            "The window cannot open: the Wayland display does not answer.",
            f"Nothing can be reached at {path}.",
            _NO_DISPLAY,
            detail=str(error),
        )
    return None


def _unreachable_x() -> DesktopError | None:
    display = os.environ.get("DISPLAY", "")
    if not display:
        return DesktopError(
            "The window cannot open: there is no display.",
            "DISPLAY is not set, as on a server or over a plain SSH connection.",
            _NO_DISPLAY,
        )
    try:
        library = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return None  # The plugin needs it too: that check says which package is missing.
    library.xcb_connect.restype = ctypes.c_void_p
    library.xcb_connection_has_error.argtypes = library.xcb_disconnect.argtypes = [ctypes.c_void_p]
    refused: list[bool] = []

    def connect() -> None:
        # Without a place for the screen's number a screen that does not exist passes, and Qt then aborts.
        connection = library.xcb_connect(None, ctypes.byref(ctypes.c_int()))
        refused.append(bool(library.xcb_connection_has_error(connection)))
        library.xcb_disconnect(connection)

    # A host that swallows packets holds up the call for minutes.
    thread = threading.Thread(target=connect, daemon=True, name="display check")
    thread.start()
    thread.join(_X_TIMEOUT_S)
    if refused == [False]:
        return None
    how = "is not running, or refuses the connection" if refused else f"does not answer within {_X_TIMEOUT_S:.0f} s"
    return DesktopError(
        f"The window cannot open: the display {display} cannot be reached.",
        f"DISPLAY names an X server that {how}.",
        _NO_DISPLAY,
    )


def _unloadable(platform: str) -> DesktopError | None:
    folder = _plugins()
    if folder is None:
        return None
    name = "wayland" if platform.startswith("wayland") else platform
    # Some 6.x releases have one wayland plugin, others one for each way of drawing.
    files = sorted(folder.glob(f"libq{name}.so")) or sorted(folder.glob(f"libq{name}-*.so"))
    if not files:
        known = ", ".join(sorted(file.stem.removeprefix("libq") for file in folder.glob("libq*.so")))
        return DesktopError(
            f"The window cannot open: Qt has no way of drawing called {platform!r}.",
            f"QT_QPA_PLATFORM asks for it; this Qt knows {known}.",
            "Unset QT_QPA_PLATFORM, and start again.",
        )
    try:
        ctypes.CDLL(str(files[0]))
    except OSError as error:
        missing = _MISSING.search(str(error))
        return _missing_library(missing.group(1) if missing else "", str(error))
    return None


def _plugins() -> Path | None:
    """The folder of Qt's platform plugins; ``None`` where it is not PySide6's own."""
    if "QT_QPA_PLATFORM_PLUGIN_PATH" in os.environ or "QT_PLUGIN_PATH" in os.environ:
        return None
    found = importlib.util.find_spec("PySide6")
    for place in (found and found.submodule_search_locations) or ():
        folder = Path(place, "Qt", "plugins", "platforms")
        if folder.is_dir():
            return folder
    return None  # Not installed (the import says so), or a distribution's, which brings what it needs.


def _missing_library(name: str, detail: str) -> DesktopError:
    if name and not name.startswith("libQt6"):
        # The loader stops at the first: name all, so that one command is enough.
        missing = [name, *(other for other in _alike(name) if not _loads(other))]
        return DesktopError(
            f"The window cannot open: {_join(missing)} {'is' if len(missing) == 1 else 'are'} missing.",
            "Qt needs it to draw windows." if len(missing) == 1 else "Qt needs them to draw windows.",
            f"{_install(missing)}, or answer pictures without a window: {HEADLESS}",
            detail=detail,
        )
    return DesktopError(
        "The window cannot open: Qt's own files cannot be loaded.",
        f"The system says: {detail}.",
        f"Install it again (python -m pip install --force-reinstall pyside6-essentials), or use: {HEADLESS}",
        detail=detail,
    )


def _alike(name: str) -> Iterable[str]:
    """The other libraries of the same side, Wayland's or X's: nobody needs both."""
    wayland = name.startswith("libwayland")
    return (other for other in _PACKAGES if other != name and other.startswith("libwayland") == wayland)


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _install(libraries: Iterable[str]) -> str:
    import shutil

    packages = [_PACKAGES[library] for library in libraries if library in _PACKAGES]
    if not packages:
        return "Install the package that holds it"
    debian, fedora = (" ".join(dict.fromkeys(names)) for names in zip(*packages, strict=True))
    if shutil.which("apt-get"):
        return f"Install with: sudo apt-get install {debian}"
    if shutil.which("dnf"):
        return f"Install with: sudo dnf install {fedora}"
    return f"Install the packages that hold them (Debian's names: {debian}; Fedora's: {fedora})"


def _join(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
