"""The facade: a download keeps nobody waiting, and is one job to whoever asked for it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core import catalogue, hub, opening
from core.catalogue import ArchitectureEntry, PretrainedEntry, pretrained
from core.descriptions import ClassifierInfo, ModelSpec
from core.errors import DownloadError, ImageError, WeightsError
from core.images import DecodedImage, Decoder, ImageSource
from core.jobs import Emitted, Failed, Finished, JobEvent, Priority, Progressed, Stopped
from core.predictions import ImageResult
from core.workbench import Workbench
from tests.core.making import write_photo

ENTRY = next(entry for entry in pretrained() if entry.architecture == "shufflenet_v2_x0_5")
PUBLISHED = ModelSpec(kind="pretrained", weights=ENTRY.id)
Progress = Callable[[int, int, str], None]


class Desk:
    """A workbench whose events can be waited for."""

    def __init__(self) -> None:
        self.queue: queue.SimpleQueue[JobEvent] = queue.SimpleQueue()
        self.workbench = Workbench(self.queue.put)
        self.events: list[JobEvent] = []

    def ending(self, job: int) -> JobEvent:
        while True:
            for event in self.events:
                if event.job == job and isinstance(event, Finished | Failed | Stopped):
                    return event
            self.events.append(self.queue.get(timeout=60))


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    assert desk.workbench.close(20)


def stalled(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """A download that goes on until the event is set, or it is cancelled."""
    gate = threading.Event()

    def fetch(wanted: str, progress: Progress, check: Callable[[], None]) -> tuple[Path, PretrainedEntry]:
        progress(1, 2, f"Downloading {wanted}")
        while not gate.wait(0.01):
            check()
        raise DownloadError("The connection was lost.", "", "Try again.")

    monkeypatch.setattr(hub, "fetch_pretrained", fetch)
    return gate


def test_photos_are_answered_while_weights_are_downloaded(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = stalled(monkeypatch)
    assert isinstance(desk.ending(desk.workbench.open(ModelSpec())), Finished)
    download = desk.workbench.open(PUBLISHED)
    photo = write_photo(tmp_path / "a.png")
    answer = desk.workbench.classify((ImageSource("a.png", photo),), Priority.LONG)
    assert desk.ending(answer) == Finished(answer, 1)
    assert any(isinstance(event, Emitted) and isinstance(event.value, ImageResult) for event in desk.events)
    assert Progressed(download, 1, 2, f"Downloading {ENTRY.id}") in desk.events
    gate.set()
    ending = desk.ending(download)
    assert isinstance(ending, Failed)
    assert isinstance(ending.error, DownloadError)
    assert ending.report == ""


def test_a_download_is_cancelled_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    stalled(monkeypatch)
    job = desk.workbench.open(PUBLISHED)
    desk.workbench.cancel(job)
    assert desk.ending(job) == Stopped(job)


def test_what_comes_of_opening_a_download_comes_as_that_jobs(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(*_: object) -> tuple[Path, PretrainedEntry]:
        return tmp_path / "missing.pth", ENTRY

    monkeypatch.setattr(hub, "fetch_pretrained", fetch)
    monkeypatch.setattr(opening, "fetch_pretrained", fetch)
    job = desk.workbench.open(PUBLISHED)
    ending = desk.ending(job)
    assert isinstance(ending, Failed)
    assert isinstance(ending.error, WeightsError)


def test_closing_ends_a_download(monkeypatch: pytest.MonkeyPatch) -> None:
    stalled(monkeypatch)
    desk = Desk()
    job = desk.workbench.open(PUBLISHED)
    assert desk.workbench.close(10)
    assert isinstance(desk.ending(job), Stopped)


def test_lists_of_what_can_be_chosen_are_read_on_another_thread(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []
    plain = catalogue.architectures

    def noted() -> tuple[ArchitectureEntry, ...]:
        threads.append(threading.current_thread().name)
        return plain()

    monkeypatch.setattr(catalogue, "architectures", noted)
    ending = desk.ending(desk.workbench.prepare_lists())
    assert isinstance(ending, Finished)
    assert ending.value == len(plain())
    assert threads
    assert threading.current_thread().name not in threads


def test_the_built_in_model_opens(desk: Desk) -> None:
    ending = desk.ending(desk.workbench.open(ModelSpec()))
    assert isinstance(ending, Finished)
    assert isinstance(ending.value, ClassifierInfo)


class Noting(Decoder):
    """Notes what was read, and on whose behalf."""

    def __init__(self) -> None:
        super().__init__()
        self.names: queue.SimpleQueue[str] = queue.SimpleQueue()

    def decode(self, source: ImageSource, check: Callable[[], None] = lambda: None) -> DecodedImage:
        try:
            return super().decode(source, check)
        finally:
            self.names.put(source.name)


@pytest.mark.parametrize("read_first", [True, False])
def test_the_first_image_is_read_before_anyone_asks_for_it(desk: Desk, tmp_path: Path, read_first: bool) -> None:
    paths = tuple(write_photo(tmp_path / f"{number}.png", seed=number) for number in range(3))
    decoder = desk.workbench.decoder = Noting()
    ending = desk.ending(desk.workbench.expand(paths, read_first=read_first))
    assert isinstance(ending, Finished)
    assert ending.value == 3
    if read_first:
        assert decoder.names.get(timeout=20).endswith("0.png")
    assert decoder.names.empty()


def test_a_first_image_that_cannot_be_read_is_found_all_the_same(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "no.jpg"
    path.write_text("no picture", encoding="utf-8")
    decoder = desk.workbench.decoder = Noting()
    found = desk.ending(desk.workbench.expand((path,), read_first=True))
    assert isinstance(found, Finished)
    assert found.value == 1
    assert decoder.names.get(timeout=20).endswith("no.jpg")
    shown = desk.ending(desk.workbench.preview(ImageSource("no.jpg", path)))
    assert isinstance(shown, Failed)
    assert isinstance(shown.error, ImageError)
    assert {event.job for event in desk.events} == {found.job, shown.job}
