"""What a person is told where no window can open; each case in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from core.errors import DesktopError
from gui.starting.display import HEADLESS, check_display, explain_import_error

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

ROOT = Path(__file__).parents[2]
CHECK = """
import sys, time
from core.errors import DesktopError
from gui.starting.display import check_display
start = time.perf_counter()
try:
    check_display()
    print("ok")
except DesktopError as error:
    print(error)
print(time.perf_counter() - start)
print("Qt" if any(name.startswith("PySide6") for name in sys.modules) else "no Qt")
"""
SESSION = {"QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "XDG_SESSION_TYPE", "XAUTHORITY"}


def check(environment: Mapping[str, str], code: str = CHECK) -> tuple[str, float]:
    """What the check says, and how long it took, in a fresh process with only these session variables."""
    clean = {name: value for name, value in os.environ.items() if name not in SESSION}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=clean | dict(environment),
        capture_output=True,
        text=True,
        check=True,
    )
    said, seconds, qt = done.stdout.splitlines()
    assert qt == "no Qt"
    return said, float(seconds)


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A running X server."""
    program = shutil.which("Xvfb")
    assert program, "Xvfb is missing: apt-get install xvfb"
    read, write = os.pipe()
    server = subprocess.Popen(
        [program, "-displayfd", str(write), "-screen", "0", "640x480x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as answer:
        number = answer.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(10)


def test_without_any_display() -> None:
    said, _ = check({})
    assert "there is no display" in said
    assert "DISPLAY is not set" in said
    assert HEADLESS in said


def test_a_working_display(display: str) -> None:
    assert check({"DISPLAY": display})[0] == "ok"


def test_a_screen_that_the_server_does_not_have(display: str) -> None:
    assert "cannot be reached" in check({"DISPLAY": f"{display}.7"})[0]


@pytest.mark.parametrize("dead", [":7654", "127.0.0.1:7654", "nonsense"])
def test_a_display_that_does_not_answer(dead: str) -> None:
    said, _ = check({"DISPLAY": dead})
    assert f"the display {dead} cannot be reached" in said
    assert HEADLESS in said


def test_a_display_that_swallows_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        number = silent.getsockname()[1] - 6000
        said, seconds = check(
            {"DISPLAY": f"127.0.0.1:{number}"},
            CHECK.replace("start =", "d._X_TIMEOUT_S = 0.5; start =").replace(
                "import sys", "import gui.starting.display as d; import sys"
            ),
        )
    assert "does not answer within" in said
    assert 0.4 < seconds < 10


@pytest.mark.parametrize("platform", ["offscreen", "minimal", "vnc:port=5999", "offscreen;xcb", "xcb;offscreen"])
def test_platforms_that_need_no_display(platform: str) -> None:
    assert check({"QT_QPA_PLATFORM": platform})[0] == "ok"


def test_x_asked_for_explicitly(display: str) -> None:
    assert "there is no display" in check({"QT_QPA_PLATFORM": "xcb"})[0]
    assert check({"QT_QPA_PLATFORM": "xcb", "DISPLAY": display})[0] == "ok"


def test_an_unknown_platform() -> None:
    said, _ = check({"QT_QPA_PLATFORM": "teletext"})
    assert "no way of drawing called 'teletext'" in said
    assert "offscreen" in said


def test_wayland_that_answers(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "wayland-3"))
        server.listen()
        assert check({"WAYLAND_DISPLAY": "wayland-3", "XDG_RUNTIME_DIR": str(tmp_path)})[0] == "ok"


def test_wayland_that_is_gone(tmp_path: Path, display: str) -> None:
    gone = {"WAYLAND_DISPLAY": "wayland-3", "XDG_RUNTIME_DIR": str(tmp_path)}
    said, _ = check(gone)
    assert "Wayland display does not answer" in said
    assert str(tmp_path / "wayland-3") in said
    assert check(gone | {"DISPLAY": display})[0] == "ok"


@pytest.fixture
def broken_qt(tmp_path: Path) -> Path:
    """A PySide6 whose X plugin needs a library that does not exist."""
    spec = importlib.util.find_spec("PySide6")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    real = Path(spec.submodule_search_locations[0], "Qt")
    plugins, libraries = (tmp_path / "PySide6" / "Qt" / name for name in ("plugins/platforms", "lib"))
    plugins.mkdir(parents=True)
    libraries.mkdir()
    (tmp_path / "PySide6" / "__init__.py").touch()
    shutil.copy(real / "plugins" / "platforms" / "libqxcb.so", plugins)
    for library in (real / "lib").iterdir():
        (libraries / library.name).symlink_to(library)
    patched = libraries / "libQt6XcbQpa.so.6"
    original = patched.read_bytes()
    patched.unlink()
    assert b"libxcb-icccm.so.4\0" in original
    patched.write_bytes(original.replace(b"libxcb-icccm.so.4\0", b"libxcb-xxxxx.so.4\0"))
    return tmp_path


def test_a_missing_library_is_named(broken_qt: Path, display: str) -> None:
    said, _ = check({"DISPLAY": display, "PYTHONPATH": str(broken_qt)})
    assert "libxcb-xxxxx.so.4 is missing" in said
    assert HEADLESS in said


def test_a_missing_library_comes_before_a_display_that_is_gone(broken_qt: Path, display: str, tmp_path: Path) -> None:
    environment = {"DISPLAY": display, "PYTHONPATH": str(broken_qt), "WAYLAND_DISPLAY": "wayland-3"}
    assert "libxcb-xxxxx.so.4" in check(environment | {"XDG_RUNTIME_DIR": str(tmp_path)})[0]


@pytest.mark.parametrize(
    ("command", "packages"),
    [("apt-get", "apt-get install libegl1"), ("dnf", "dnf install libglvnd-egl"), ("", "libegl1")],
)
def test_the_package_of_a_missing_library_is_named(
    command: str, packages: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {command: f"/usr/bin/{command}"}
    monkeypatch.setattr(shutil, "which", found.get)
    error = explain_import_error(
        ImportError("libEGL.so.1: cannot open shared object file: No such file or directory", name="PySide6.QtGui")
    )
    assert "libEGL.so.1" in error.what
    assert packages in error.remedy
    assert HEADLESS in error.remedy


def test_all_missing_libraries_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def loads(library: str) -> bool:
        return library not in {"libxcb-cursor.so.0", "libxcb-icccm.so.4", "libwayland-client.so.0"}

    monkeypatch.setattr("gui.starting.display._loads", loads)
    monkeypatch.setattr(shutil, "which", str)
    error = explain_import_error(ImportError("libxcb-icccm.so.4: cannot open shared object file: No such file"))
    assert "libxcb-icccm.so.4 and libxcb-cursor.so.0 are missing" in error.what
    assert "apt-get install libxcb-icccm4 libxcb-cursor0," in error.remedy


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (ModuleNotFoundError("No module named 'PySide6'", name="PySide6"), "PySide6 is not installed"),
        (ImportError("/lib/libc.so.6: version `GLIBC_2.99' not found"), "older than the installed Qt"),
        (ImportError("DLL load failed while importing QtGui: ..."), "Windows cannot load Qt"),
        (ImportError("cannot import name 'x' from 'gui.y'"), "cannot be imported"),
    ],
)
def test_import_errors_are_explained(error: ImportError, what: str) -> None:
    explained = explain_import_error(error)
    assert what in explained.what
    assert explained.remedy
    assert str(error) in explained.detail


def test_elsewhere_nothing_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SESSION:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DesktopError):
        check_display()
    monkeypatch.setattr(sys, "platform", "win32")
    check_display()
