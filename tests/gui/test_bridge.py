from __future__ import annotations

import threading
import time

from PySide6.QtCore import QObject, QThread
from pytestqt.qtbot import QtBot

from core.jobs import Finished, JobEvent, Progressed
from gui.bridge import Bridge


def test_events_arrive_on_the_windows_thread_in_order(qtbot: QtBot) -> None:
    bridge = Bridge()
    seen: list[JobEvent] = []
    threads: set[bool] = set()

    def take(event: JobEvent) -> None:
        seen.append(event)
        threads.add(QThread.currentThread() is bridge.thread())

    bridge.happened.connect(take)

    def work() -> None:
        for number in range(500):
            bridge.listen(Progressed(1, number, 500, ""))

    worker = threading.Thread(target=work)
    worker.start()
    qtbot.waitUntil(lambda: len(seen) == 500)
    worker.join()
    assert [event.done for event in seen if isinstance(event, Progressed)] == list(range(500))
    assert threads == {True}


def test_a_flood_leaves_room_for_other_events(qtbot: QtBot) -> None:
    bridge = Bridge()
    taken = 0
    gaps: list[float] = []

    def take() -> None:
        nonlocal taken
        taken += 1
        time.sleep(0.001)

    bridge.happened.connect(take)
    for number in range(200):
        bridge.listen(Progressed(1, number, 0, ""))
    last = time.perf_counter()
    while taken < 200:
        qtbot.wait(1)
        gaps.append(time.perf_counter() - last)
        last = time.perf_counter()
    # 200 ms of work came in many slices, not in one.
    assert len(gaps) > 5


def test_prepare_runs_on_the_workers_thread(qtbot: QtBot) -> None:
    names: list[str] = []

    def prepare(event: JobEvent) -> JobEvent:
        names.append(threading.current_thread().name)
        return Finished(event.job, "made")

    bridge = Bridge(prepare)
    seen: list[JobEvent] = []
    bridge.happened.connect(seen.append)
    with qtbot.waitSignal(bridge.happened):
        worker = threading.Thread(target=lambda: bridge.listen(Progressed(3, 0, 0, "")), name="worker")
        worker.start()
    worker.join()
    assert names == ["worker"]
    assert seen == [Finished(3, "made")]


def test_nothing_is_delivered_after_closing(qtbot: QtBot) -> None:
    bridge = Bridge()
    seen: list[JobEvent] = []
    bridge.happened.connect(seen.append)
    bridge.listen(Progressed(1, 0, 0, ""))
    bridge.close()
    bridge.listen(Progressed(1, 1, 0, ""))
    qtbot.wait(20)
    assert seen == []


def test_a_worker_survives_the_bridges_destruction(qtbot: QtBot) -> None:
    parent = QObject()
    bridge = Bridge(parent=parent)
    with qtbot.waitSignal(bridge.destroyed):
        parent.deleteLater()
    bridge.listen(Progressed(1, 0, 0, ""))
    bridge.listen(Progressed(1, 1, 0, ""))
