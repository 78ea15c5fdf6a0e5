"""Comparing two models: the part of the window behind the page, with the real engine."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from pytestqt.qtbot import QtBot
from torchvision.models import get_model

from core.comparing import compare_evaluations
from core.descriptions import ModelSpec
from core.evaluations import Evaluation
from core.jobs import Failed, Finished, JobEvent, Stopped
from core.labelled import EvaluationRequest
from core.measures import verdict
from core.workbench import Workbench
from gui.evaluation import testing
from gui.evaluation.comparing import Changes
from tests.core.evaluated import of_classes, random_scores
from tests.core.making import write_photo


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Twelve photos of two classes."""
    for number in range(12):
        write_photo(tmp_path / "labelled" / ("cat", "dog")[number % 2] / f"{number}.png", (64, 64), number)
    return tmp_path / "labelled"


class Room:
    """The part of the window behind the page, with the real engine."""

    def __init__(self, folder: Path) -> None:
        self.events: queue.SimpleQueue[JobEvent] = queue.SimpleQueue()
        self.workbench = Workbench(self.events.put)
        self.testing = testing.Testing(self.workbench, self.events.put)
        self.changes: Changes | None = None
        self.testing.comparing.found.connect(self._take)
        self.models: list[ModelSpec] = []
        for number, names in enumerate((("cat", "dog"), ("dog", "cat"))):
            path = folder / f"{number}.pth"
            torch.manual_seed(number)  # pyright: ignore[reportUnknownMemberType]
            state = get_model("shufflenet_v2_x0_5", weights=None, num_classes=2).state_dict()
            torch.save({"state_dict": state, "class_to_idx": {name: i for i, name in enumerate(names)}}, path)
            self.models.append(ModelSpec("file", str(path)))

    def _take(self, changes: Changes) -> None:
        self.changes = changes

    def wait(self, job: int) -> object:
        while True:
            event = self.events.get(timeout=60)
            self.testing.handle(event)
            if event.job == job and isinstance(event, Finished | Failed | Stopped):
                assert isinstance(event, Finished)
                return event.value

    def wait_compared(self) -> Changes:
        while self.changes is None:
            self.testing.handle(self.events.get(timeout=60))
        return self.changes


@pytest.fixture
def room(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    del qtbot
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    room = Room(tmp_path)
    yield room
    assert room.testing.close(20)
    assert room.workbench.close(20)


def test_comparing_two_tests_is_taken_up_again(room: Room) -> None:
    (truth, scores), (_, other) = random_scores(200, 5, 1), random_scores(200, 5, 2)
    first, second = (of_classes(truth, each, "abcde") for each in (scores, other))
    stopped: list[bool] = []
    room.testing.comparing.stopped.connect(lambda: stopped.append(True))
    room.testing.comparing.compare(first, second)
    room.testing.comparing.cancel()
    while not stopped:
        room.testing.handle(room.events.get(timeout=60))
    assert room.changes is None
    room.testing.comparing.go_on()
    assert room.wait_compared().compared.first is first


def test_two_networks_in_the_real_engine(room: Room, labelled: Path) -> None:
    request = EvaluationRequest(str(labelled))
    alone: list[Evaluation] = []
    for spec in reversed(room.models):
        room.wait(room.workbench.open(spec, "cpu"))
        alone.append(cast("Evaluation", room.wait(room.workbench.evaluate(request))))
    second, first = alone
    room.testing.comparing.begin(first, request, room.models[1], "cpu")
    found = room.wait_compared().compared
    assert found.second.labels == ("dog", "cat")
    assert np.array_equal(found.second.scores, second.scores)
    assert verdict(found.comparison) == verdict(compare_evaluations(first, second).comparison)
    # The first model is the one in use, all the same.
    again = cast("Evaluation", room.wait(room.workbench.evaluate(request)))
    assert again.provenance == first.provenance
