"""A network of one's own: its weights and its Python file dragged onto the window, one question, and an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core import networks
from tests.desktop.conftest import Desktop, wait_for
from tests.desktop.test_window import PHOTOS, READY, Program


@pytest.mark.parametrize("agrees", [True, False])
def test_weights_of_ones_own_network_are_asked_about_once(desktop: Desktop, tmp_path: Path, agrees: bool) -> None:
    weights, _ = networks.write(tmp_path / "own", "SimpleCNN", 10)
    program = Program(desktop, str(PHOTOS / "frog.jpg"))
    program.wait_for_title(READY, "%")
    desktop.drag(program.window, str(weights))
    question = desktop.window("Whatsit asks")
    if agrees:
        desktop.hand("windowactivate", "--sync", question, "key", "Tab", "space")
        program.wait_for_title("weights.pth", "frog.jpg", "%")
    else:
        desktop.hand("windowactivate", "--sync", question, "key", "Return")
        program.wait_for_title(READY, "%")
    assert program.leave() < 6
    assert program.complaints() == ""


def test_what_nothing_tells_is_asked_in_a_form(desktop: Desktop, tmp_path: Path) -> None:
    weights, _ = networks.write(tmp_path / "own", "Asking", "tanh", 2.0)
    program = Program(desktop, str(PHOTOS / "frog.jpg"))
    program.wait_for_title(READY, "%")
    desktop.drag(program.window, str(weights))
    question = desktop.window("Whatsit asks")
    desktop.hand("windowactivate", "--sync", question, "key", "Tab", "space")

    def another() -> str | None:
        shown = desktop.hand("search", "--onlyvisible", "--name", "Whatsit asks").split()
        return next((window for window in shown if window != question), None)

    form = wait_for("the form", another)
    desktop.hand("windowactivate", "--sync", form, "type", "tanh")
    desktop.hand("key", "Tab", "2", "Return")
    program.wait_for_title("weights.pth", "frog.jpg", "%")
    assert program.leave() < 6
    assert program.complaints() == ""
