from __future__ import annotations

import base64
import configparser
import io
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core import VERSION
from core.errors import DesktopError
from gui.starting import launcher
from gui.starting.launcher import (
    freedesktop_files,
    install_launcher,
    macos_files,
    remove_launcher,
    start_command,
    windows_command,
    windows_script,
)

ROOT = Path(__file__).parents[2]
AWKWARD = ["/home/a b/it's $HOME/100%/py`thon", 'C:\\new "folder"\\main.py']
VALIDATOR = shutil.which("desktop-file-validate")
posix = pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="needs a freedesktop system")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, and none of the desktop's helpers."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PATH", "")
    return tmp_path


class _Parser(configparser.RawConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr  # Keys are told apart by case.


def entry(command: list[str]) -> dict[str, str]:
    """The desktop entry, its values' escapes undone as the specification says."""
    files = freedesktop_files(command)
    (text,) = [content.decode() for path, content in files.items() if path.suffix == ".desktop"]
    parser = _Parser(delimiters=("=",), comment_prefixes=("#",))
    parser.read_string(text)
    assert parser.sections() == ["Desktop Entry"]
    return {
        key: value.encode().decode("unicode_escape").encode("latin-1").decode()
        for key, value in parser["Desktop Entry"].items()
    }


def arguments(line: str) -> list[str]:
    """An Exec line taken apart by a real shell, whose rules for double quotes the specification took over."""
    command = line.removesuffix(" %F").replace("%%", "%")
    done = subprocess.run(["/bin/sh", "-c", f"printf '%s\\0' {command}"], capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


@posix
def test_installing_and_removing(home: Path) -> None:
    written = install_launcher()
    assert {str(path.relative_to(home / "data")) for path in written} == {
        "applications/whatsit.desktop",
        "mime/packages/whatsit.xml",
        "icons/hicolor/scalable/apps/whatsit.svg",
        "icons/hicolor/256x256/apps/whatsit.png",
    }
    assert all(path.stat().st_size for path in written)
    assert install_launcher() == written
    assert remove_launcher() == written
    assert remove_launcher() == []
    assert [path for path in home.rglob("*") if path.is_file()] == []


@posix
@pytest.mark.parametrize("named", ["", "relative/path"])
def test_the_default_place(home: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", named)
    assert home / ".local/share/applications/whatsit.desktop" in install_launcher()
    assert len(remove_launcher()) == 4


@posix
def test_helpers_are_run_and_may_fail(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = home / "programs"
    programs.mkdir()
    for name in ("update-desktop-database", "update-mime-database"):
        (programs / name).write_text(f'#!/bin/sh\necho "$0 $1" >> {home}/log\nexit 3\n')
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    install_launcher()
    assert (home / "log").read_text().splitlines() == [
        f"{programs}/update-desktop-database {home}/data/applications",
        f"{programs}/update-mime-database {home}/data/mime",
    ]


@posix
def test_a_place_that_cannot_be_written(home: Path) -> None:
    (home / "data").write_text("a file where a folder should be")
    with pytest.raises(DesktopError, match="applications menu") as caught:
        install_launcher()
    assert str(home / "data") in caught.value.why


@posix
def test_the_entry() -> None:
    keys = entry(start_command())
    assert keys["Type"] == "Application"
    assert keys["Name"] == "Whatsit"
    assert keys["Exec"].endswith(" %F")
    assert arguments(keys["Exec"]) == start_command() == [sys.executable, str(ROOT / "main.py")]
    assert keys["TryExec"] == sys.executable
    assert {"image/jpeg", "image/heic", "application/x-safetensors", ""} <= set(keys["MimeType"].split(";"))
    assert keys["Icon"] == "whatsit"
    assert keys["StartupWMClass"] == "Whatsit"
    assert keys["Terminal"] == "false"


@posix
def test_awkward_paths_survive_the_entry() -> None:
    assert arguments(entry(AWKWARD)["Exec"]) == AWKWARD


@posix
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0\n\r\t\x0b\x0c\x1c\x1d\x1e\x85"), min_size=1),
        min_size=1,
        max_size=3,
    )
)
def test_any_path_survives_the_entry(command: list[str]) -> None:
    (content, *_) = freedesktop_files(command).values()
    (line,) = [line for line in content.decode().split("\n") if line.startswith("Exec=")]
    unescaped = line.removeprefix("Exec=").replace("\\\\", "\\")
    assert arguments(unescaped) == command


@posix
@pytest.mark.skipif(VALIDATOR is None, reason="needs desktop-file-utils")
@pytest.mark.parametrize("command", [None, AWKWARD])
def test_the_entry_is_valid(home: Path, monkeypatch: pytest.MonkeyPatch, command: list[str] | None) -> None:
    monkeypatch.setattr(launcher, "start_command", lambda: command or [sys.executable, str(ROOT / "main.py")])
    install_launcher()
    done = subprocess.run(
        [str(VALIDATOR), str(home / "data/applications/whatsit.desktop")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_mime_types_are_those_of_the_entry() -> None:
    files = freedesktop_files(start_command())
    (text,) = [content for path, content in files.items() if path.suffix == ".xml"]
    space = "{http://www.freedesktop.org/standards/shared-mime-info}"
    types = {
        kind.attrib["type"]: [glob.attrib["pattern"] for glob in kind.iter(f"{space}glob")]
        for kind in ElementTree.fromstring(text)
    }
    assert types["application/x-pytorch-weights"] == ["*.pth", "*.pt"]
    assert types["application/x-safetensors"] == ["*.safetensors"]


def test_an_installed_copy_starts_its_own_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "_HOUSE", tmp_path / "_whatsit")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert start_command() == [str(tmp_path / "python"), str(tmp_path / "_whatsit" / "main.py")]
    (tmp_path / "whatsit-gui").touch()
    assert start_command() == [str(tmp_path / "whatsit-gui")]


def test_windows_starts_without_a_console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python.exe"))
    monkeypatch.setattr(sys, "platform", "win32")
    (tmp_path / "pythonw.exe").touch()
    assert start_command() == [str(tmp_path / "pythonw.exe"), str(ROOT / "main.py")]


def test_the_macos_bundle(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = macos_files(AWKWARD)
    bundle = home / "Applications" / "Whatsit.app" / "Contents"
    assert list(files) == [bundle / "Info.plist", bundle / "Resources" / "whatsit.icns", bundle / "MacOS" / "whatsit"]
    information = plistlib.loads(files[bundle / "Info.plist"])
    assert information["CFBundleExecutable"] == "whatsit"
    assert information["CFBundleIconFile"] == "whatsit.icns"
    assert information["CFBundleShortVersionString"] == VERSION
    with Image.open(io.BytesIO(files[bundle / "Resources" / "whatsit.icns"])) as icon:
        assert icon.format == "ICNS"
    monkeypatch.setattr(sys, "platform", "darwin")
    written = install_launcher()
    assert written == list(files)
    assert written[-1].stat().st_mode & 0o111
    assert remove_launcher() == [home / "Applications" / "Whatsit.app"]
    assert not (home / "Applications" / "Whatsit.app").exists()
    assert remove_launcher() == []


@posix
def test_the_macos_script_hands_on_its_arguments(home: Path) -> None:
    script = list(macos_files(["/bin/sh", "-c", 'printf "%s|" "$@"', "it's $0"]).values())[-1]
    (home / "whatsit").write_bytes(script)
    done = subprocess.run(["/bin/sh", str(home / "whatsit"), "a b", "$c"], capture_output=True, text=True, check=True)
    assert done.stdout == "a b|$c|"


def test_the_windows_script() -> None:
    script = windows_script(
        ["C:\\Python's\\pythonw.exe", "C:\\my files\\main.py"], "C:\\Start Menu\\Anna\u2019s.lnk", "C:\\whatsit.ico"
    )
    assert script.splitlines() == [
        "$ErrorActionPreference = 'Stop'",
        "$link = (New-Object -ComObject WScript.Shell).CreateShortcut('C:\\Start Menu\\Anna\u2019\u2019s.lnk')",
        "$link.TargetPath = 'C:\\Python''s\\pythonw.exe'",
        "$link.Arguments = '\"C:\\my files\\main.py\"'",
        "$link.IconLocation = 'C:\\whatsit.ico,0'",
        "$link.Description = 'See what a trained image classifier makes of your pictures'",
        "$link.Save()",
    ]
    *_, option, encoded = windows_command(script)
    assert option == "-EncodedCommand"
    assert base64.b64decode(encoded).decode("utf-16-le") == script


@pytest.mark.parametrize("status", [0, 1])
def test_installing_on_windows(home: Path, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        ran.append(command)
        return subprocess.CompletedProcess(command, status, "", "no such object")

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("APPDATA", str(home / "Roaming"))
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    shortcut = home / "Roaming" / "Microsoft" / "Windows" / "Start Menu" / "Programs" / "Whatsit.lnk"
    icon = home / "AppData" / "Local" / "Whatsit" / "whatsit.ico"
    if status:
        with pytest.raises(DesktopError, match="Start menu") as caught:
            install_launcher()
        assert "no such object" in caught.value.detail
    else:
        assert install_launcher() == [shortcut, icon]
    assert ran[0][0] == "powershell.exe"
    assert str(shortcut) in base64.b64decode(ran[0][-1]).decode("utf-16-le")
    with Image.open(icon) as picture:
        assert picture.format == "ICO"
    shortcut.touch()
    assert remove_launcher() == [shortcut, icon]


def test_the_picture_of_the_icon() -> None:
    with Image.open(ROOT / "resources" / "whatsit-256.png") as picture:
        assert picture.size == (256, 256)
        corner, edge = picture.convert("RGBA").getpixel((0, 0)), picture.convert("RGBA").getpixel((128, 8))
    assert corner == (0, 0, 0, 0)
    assert edge == (0x33, 0x67, 0xD6, 255)
