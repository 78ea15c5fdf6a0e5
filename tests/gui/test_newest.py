from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from gui.newest import Newest


class Asked:
    """Gives jobs numbers, and notes which were started and which cancelled."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.cancelled: list[int] = []
        self.newest = Newest(self.cancelled.append)

    def ask(self, name: str) -> None:
        def submit() -> int:
            self.started.append(name)
            return len(self.started)

        self.newest.ask(submit)


@pytest.fixture
def asked(qtbot: QtBot) -> Asked:
    assert qtbot
    return Asked()


def test_of_those_that_wait_only_the_newest_is_made(asked: Asked) -> None:
    for name in "abcd":
        asked.ask(name)
    assert (asked.started, asked.newest.job, asked.newest.superseded) == (["a"], 1, True)
    asked.newest.ended()
    assert (asked.started, asked.newest.job, asked.newest.superseded) == (["a", "d"], 2, False)
    asked.newest.ended()
    assert (asked.started, asked.newest.job, asked.cancelled) == (["a", "d"], 0, [])


def test_one_that_is_slow_and_out_of_date_is_cancelled(asked: Asked, qtbot: QtBot) -> None:
    asked.ask("a")
    asked.ask("b")
    assert asked.cancelled == []
    qtbot.waitUntil(lambda: asked.cancelled == [1])
    # It has not ended yet, so the next one still waits.
    assert asked.started == ["a"]
    asked.ask("c")
    asked.newest.ended()
    assert asked.started == ["a", "c"]


def test_one_that_is_slow_and_not_out_of_date_is_left_alone(asked: Asked, qtbot: QtBot) -> None:
    asked.ask("a")
    qtbot.wait(300)
    assert asked.cancelled == []
    asked.ask("b")
    assert asked.cancelled == [1]


def test_dropping_forgets_what_waits(asked: Asked) -> None:
    asked.ask("a")
    asked.ask("b")
    assert asked.newest.drop() == 1
    assert (asked.cancelled, asked.newest.job) == ([1], 0)
    assert asked.newest.drop() == 0
    asked.ask("c")
    assert asked.started == ["a", "c"]
