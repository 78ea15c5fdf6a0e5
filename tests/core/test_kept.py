"""What was answered in an earlier run is found again, and only where nothing that scores depend on has changed."""

from __future__ import annotations

import os
import queue
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.descriptions import ModelSpec
from core.jobs import Emitted, Failed, Finished, JobEvent, Stopped
from core.kept import Kept
from core.labelled import EvaluationRequest
from core.preprocessing import Preprocessing
from core.scores import ANSWERED, ScoreStore, answered_in
from core.workbench import Workbench
from tests.core.labelled.making import folders


class Desk:
    """A workbench with a model, whose events can be waited for."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[JobEvent] = queue.SimpleQueue()
        self.workbench = Workbench(self._events.put)
        self.wait(self.workbench.open(ModelSpec()))

    def wait(self, job: int) -> list[object]:
        """What a job gave, in parts and at its end."""
        given: list[object] = []
        while True:
            event = self._events.get(timeout=60)
            if event.job != job:
                continue
            if isinstance(event, Emitted | Finished):
                given.append(event.value)
            if isinstance(event, Failed):
                raise event.error
            if isinstance(event, Finished | Stopped):
                return given

    def kept(self, data: Path, *chosen: tuple[str, int]) -> Kept:
        given = self.wait(self.workbench.survey(EvaluationRequest(str(data), chosen=chosen)))
        (kept,) = [value for value in given if isinstance(value, Kept)]
        return kept


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    desk = Desk()
    yield desk
    assert desk.workbench.close(20)


def test_a_test_that_ended_or_was_cut_off(desk: Desk, tmp_path: Path) -> None:
    data = folders(tmp_path / "data", {"cat": 3, "dog": 2})
    assert desk.kept(data) == Kept(0, 5)
    desk.wait(desk.workbench.evaluate(EvaluationRequest(str(data))))
    assert desk.kept(data) == Kept(5, 5)
    # As a run leaves it that was cut off after three.
    (folder,) = (tmp_path / "cache" / "whatsit" / "evaluations").iterdir()
    state = np.fromfile(folder / "state.u8", np.uint8)
    state[3:] = 0
    state.tofile(folder / "state.u8")
    assert desk.kept(data) == Kept(3, 5)
    # The same images under other labels are the same images.
    assert desk.kept(data, ("dog", 2)) == Kept(3, 5)


def test_a_changed_file_or_model_starts_anew(desk: Desk, tmp_path: Path) -> None:
    data = folders(tmp_path / "data", {"cat": 2})
    desk.wait(desk.workbench.evaluate(EvaluationRequest(str(data))))
    status = (data / "cat" / "0.png").stat()
    os.utime(data / "cat" / "0.png", ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000))
    assert desk.kept(data) == Kept(0, 2, changed=True)
    os.utime(data / "cat" / "0.png", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert desk.kept(data) == Kept(2, 2)
    desk.wait(desk.workbench.dress(ModelSpec(preprocessing=Preprocessing(size=(40, 40), crop=(32, 32)))))
    assert desk.kept(data) == Kept(0, 2, changed=True)
    assert desk.kept(folders(tmp_path / "other", {"cat": 2})) == Kept(0, 2)


def test_scores_of_another_number_of_images_are_not_counted(tmp_path: Path) -> None:
    store = ScoreStore(tmp_path / "e", 3, 2)
    store.answer(1, np.array([0.5, 0.5], np.float32))
    store.flush()
    assert (answered_in(tmp_path / "e", 3), answered_in(tmp_path / "e", 4)) == (1, 0)
    assert answered_in(tmp_path / "nothing", 3) == 0
    assert store.state[1] == ANSWERED
    (tmp_path / "e" / "scores.f32").unlink()
    assert answered_in(tmp_path / "e", 3) == 0
