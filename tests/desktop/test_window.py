"""What a person does with the mouse and the keyboard, and what the window says to it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from torchvision.models import get_model

from tests.core.making import write_image
from tests.desktop.conftest import ROOT, Desktop, wait_for

PHOTOS = ROOT / "tests" / "photos"
READY = "Built-in: CIFAR-10"


class Program:
    """Whatsit on a desktop."""

    def __init__(self, desktop: Desktop, *arguments: str) -> None:
        self.desktop = desktop
        self.process = desktop.start(sys.executable, str(ROOT / "main.py"), *arguments)
        self.window = desktop.window("Whatsit$")

    def wait_for_title(self, *parts: str) -> str:
        """Wait until the title holds all of these."""

        def look() -> str | None:
            title = self.desktop.title(self.window)
            return title if all(part in title for part in parts) else None

        return wait_for(
            f"a title with {parts}", look, lambda: f"{self.desktop.title(self.window)!r} {self.complaints()}"
        )

    def press(self, key: str) -> None:
        self.desktop.hand("windowactivate", "--sync", self.window, "key", key)

    def leave(self) -> float:
        """Leave by the keyboard; seconds until the process has ended."""
        begin = time.monotonic()
        self.desktop.hand("windowactivate", "--sync", self.window, "key", "ctrl+q")
        self.process.wait(20)
        return time.monotonic() - begin

    def complaints(self) -> str:
        """What the process wrote to standard error; for after its end."""
        return self.desktop.complaints(self.process)


@pytest.fixture
def program(desktop: Desktop) -> Iterator[Program]:
    """The program with its built-in model ready."""
    program = Program(desktop)
    program.wait_for_title(READY)
    yield program
    assert program.process.poll() is None, "it died"
    assert program.leave() < 6
    assert program.process.returncode == 0
    assert program.complaints() == ""


@pytest.mark.parametrize("label", ["automobile", "frog", "ship"])
def test_a_photo_dragged_onto_the_window_is_named(program: Program, label: str) -> None:
    program.desktop.drag(program.window, str(PHOTOS / f"{label}.jpg"))
    assert program.wait_for_title(f"{label}.jpg", "%").startswith(label)


def test_several_photos_are_walked_through_with_the_arrow_keys(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, label in enumerate(("frog", "ship", "automobile")):
        (folder / f"{number}.jpg").write_bytes((PHOTOS / f"{label}.jpg").read_bytes())
    (folder / "3.jpg").write_text("a text file called .jpg", encoding="utf-8")
    program.desktop.drag(program.window, str(folder))
    program.wait_for_title("frog", "0.jpg")
    program.press("Right")
    program.wait_for_title("ship", "1.jpg")
    program.press("Right")
    program.press("Right")
    assert "%" not in program.wait_for_title("3.jpg")
    program.press("Left")
    program.wait_for_title("automobile", "2.jpg")


def test_a_weights_file_dropped_on_the_window_becomes_the_model_and_answers_what_is_shown(
    program: Program, tmp_path: Path
) -> None:
    weights = tmp_path / "mine.pth"
    names = {"ant": 0, "bee": 1, "cicada": 2}
    state = get_model("shufflenet_v2_x0_5", weights=None, num_classes=3).state_dict()
    torch.save({"state_dict": state, "class_to_idx": names}, weights)
    program.desktop.drag(program.window, str(PHOTOS / "frog.jpg"))
    program.wait_for_title("frog.jpg", "%", READY)
    program.desktop.drag(program.window, str(weights))
    title = program.wait_for_title("frog.jpg", "%", "mine.pth")
    assert title.startswith(tuple(names))


def test_a_broken_weights_file_leaves_the_model_in_use(program: Program, tmp_path: Path) -> None:
    (tmp_path / "page.pth").write_text("<!DOCTYPE html><title>404</title>", encoding="utf-8")
    program.desktop.drag(program.window, str(tmp_path / "page.pth"))
    program.desktop.drag(program.window, str(PHOTOS / "ship.jpg"))
    assert program.wait_for_title("ship.jpg", "%", READY).startswith("ship")


def test_pixels_from_a_browser_are_named(program: Program) -> None:
    program.desktop.drag(program.window, "--pixels", str(PHOTOS / "frog.jpg"))
    assert program.wait_for_title("%").startswith("frog")


def test_a_link_from_a_browser_is_fetched_and_named(program: Program) -> None:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(PHOTOS))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        link = f"http://127.0.0.1:{server.server_port}/ship.jpg"
        program.desktop.drag(program.window, "--link", link)
        assert program.wait_for_title("ship.jpg", "%").startswith("ship")
        server.shutdown()


def test_closing_while_torch_is_being_imported_ends_the_process(desktop: Desktop) -> None:
    program = Program(desktop)
    assert program.leave() < 6
    assert "Traceback" not in program.complaints()


def test_closing_in_the_middle_of_a_folder_ends_the_process(desktop: Desktop, tmp_path: Path) -> None:
    for number in range(300):
        write_image(tmp_path / "many" / f"{number}.png", size=(800, 600))
    program = Program(desktop, str(tmp_path / "many"))
    program.wait_for_title("%")
    assert program.leave() < 6
    assert program.process.returncode == 0
    assert program.complaints() == ""


def test_images_named_on_the_command_line_are_answered(desktop: Desktop) -> None:
    program = Program(desktop, str(PHOTOS / "frog.jpg"), str(PHOTOS / "ship.jpg"))
    assert program.wait_for_title("frog.jpg", "%").startswith("frog")
    assert program.leave() < 6
