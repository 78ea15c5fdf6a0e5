"""A job ends exactly once, gives way to a more urgent one, and outlives whatever happens in it."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest

from core.errors import ImageError
from core.jobs import (
    Context,
    Emitted,
    Failed,
    Finished,
    JobEvent,
    JobRunner,
    Priority,
    Progressed,
    Steps,
    Stopped,
    Work,
)

ENDINGS = (Finished, Failed, Stopped)


class Office:
    """A runner whose events can be waited for."""

    def __init__(self, threads: int = 1) -> None:
        self.events: list[JobEvent] = []
        self._queue: queue.SimpleQueue[JobEvent] = queue.SimpleQueue()
        self.runner = JobRunner("test", self._queue.put, threads)

    def submit(self, work: Work, priority: Priority = Priority.SOON) -> int:
        return self.runner.submit(work, priority)

    def ending(self, job: int) -> JobEvent:
        """Collect events until the job has ended."""
        for event in self.events:
            if event.job == job and isinstance(event, ENDINGS):
                return event
        while True:
            event = self._queue.get(timeout=10)
            self.events.append(event)
            if event.job == job and isinstance(event, ENDINGS):
                return event

    def drain(self) -> list[JobEvent]:
        while not self._queue.empty():
            self.events.append(self._queue.get())
        return self.events


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    yield office
    assert office.runner.close(10)


def test_events_arrive_in_order_and_end_with_the_result(office: Office) -> None:
    def work(context: Context) -> Steps:
        context.progress(1, 2, "half")
        context.emit("part")
        yield
        return "whole"

    job = office.submit(work)
    office.ending(job)
    assert office.events == [Progressed(job, 1, 2, "half"), Emitted(job, "part"), Finished(job, "whole")]


def raising(error: BaseException) -> Work:
    def work(context: Context) -> Steps:
        context.check()
        yield
        raise error

    return work


def test_an_error_of_the_family_has_no_report(office: Office) -> None:
    error = ImageError("It is broken.", "Why.", "Do this.")
    ending = office.ending(office.submit(raising(error)))
    assert ending == Failed(ending.job, error, "")


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("a bug"), SystemExit(3), KeyboardInterrupt(), MemoryError(), GeneratorExit()]
)
def test_whatever_is_raised_ends_in_failed_with_a_report_and_the_worker_lives_on(
    office: Office, error: BaseException
) -> None:
    ending = office.ending(office.submit(raising(error)))
    assert isinstance(ending, Failed)
    assert type(error).__name__ in ending.report
    assert isinstance(office.ending(office.submit(counting(1, []))), Finished)


def counting(steps: int, log: list[str], name: str = "") -> Work:
    def work(context: Context) -> Steps:
        context.check()
        for number in range(steps):
            log.append(f"{name}{number}")
            yield
        return steps

    return work


def test_a_job_that_cannot_even_start_fails(office: Office) -> None:
    def work(context: Context) -> Steps:
        raise TypeError(f"job {context.job} is no generator")

    assert isinstance(office.ending(office.submit(work)), Failed)


def gated(log: list[str], entered: threading.Event, gate: threading.Event) -> Work:
    """Waits in its first step until the gate opens."""

    def work(context: Context) -> Steps:
        context.check()
        log.append("first")
        entered.set()
        assert gate.wait(10)
        yield
        log.append("second")
        yield
        log.append("third")
        return None

    return work


def test_a_more_urgent_job_goes_between_the_steps_and_the_longer_one_goes_on(office: Office) -> None:
    log: list[str] = []
    entered, gate = threading.Event(), threading.Event()
    long = office.submit(gated(log, entered, gate), Priority.LONG)
    assert entered.wait(10)
    later = office.submit(counting(1, log, "later"), Priority.LONG)
    now = office.submit(counting(2, log, "now"), Priority.NOW)
    gate.set()
    for job in (long, later, now):
        assert isinstance(office.ending(job), Finished)
    assert log == ["first", "now0", "now1", "second", "third", "later0"]


def test_cancelling_a_running_job_ends_it_at_its_next_step_and_lets_it_clean_up(office: Office) -> None:
    cleaned = threading.Event()

    def work(context: Context) -> Steps:
        try:
            while True:
                context.emit("tick")
                yield
        finally:
            cleaned.set()

    job = office.submit(work)
    office.runner.cancel(job)
    assert office.ending(job) == Stopped(job)
    time.sleep(0.05)
    assert sum(isinstance(event, ENDINGS) for event in office.drain()) == 1
    # It may have been cancelled before its first step: then there is nothing to clean.
    assert cleaned.is_set() or not any(isinstance(event, Emitted) for event in office.events)


def test_cancelling_a_waiting_job_never_starts_it(office: Office) -> None:
    log: list[str] = []
    entered, gate = threading.Event(), threading.Event()
    office.submit(gated(log, entered, gate))
    assert entered.wait(10)
    job = office.submit(counting(3, log, "never"))
    office.runner.cancel(job)
    gate.set()
    assert office.ending(job) == Stopped(job)
    assert log == ["first", "second", "third"]


def test_check_ends_a_job_inside_a_step(office: Office) -> None:
    def work(context: Context) -> Steps:
        office.runner.cancel(context.job)
        context.check()
        yield

    job = office.submit(work)
    assert office.ending(job) == Stopped(job)


def test_cancelling_what_has_ended_does_nothing(office: Office) -> None:
    job = office.submit(counting(1, []))
    office.ending(job)
    office.runner.cancel(job)
    office.runner.cancel(987654)
    assert isinstance(office.ending(office.submit(counting(1, []))), Finished)


def test_a_listener_that_raises_does_not_end_the_worker(caplog: pytest.LogCaptureFixture) -> None:
    ended = threading.Event()
    seen: list[JobEvent] = []

    def listener(event: JobEvent) -> None:
        seen.append(event)
        if isinstance(event, Emitted):
            raise RuntimeError("the window is gone")
        ended.set()

    def work(context: Context) -> Steps:
        context.emit(1)
        yield

    runner = JobRunner("test", listener)
    with caplog.at_level(logging.ERROR):
        runner.submit(work, Priority.SOON)
        assert ended.wait(10)
    assert [type(event) for event in seen] == [Emitted, Finished]
    assert "the window is gone" in caplog.text
    assert runner.close(10)


def test_closing_ends_running_and_waiting_jobs_and_the_threads() -> None:
    office = Office(threads=2)

    def endless(context: Context) -> Steps:
        while not context.job < 0:
            time.sleep(0.001)
            yield

    jobs = [office.submit(endless) for _ in range(5)]
    assert office.runner.close(10)
    assert all(isinstance(office.ending(job), Stopped) for job in jobs)
    assert not any(thread.name.startswith("test-") for thread in threading.enumerate())


def test_a_job_that_comes_after_closing_is_stopped() -> None:
    office = Office()
    assert office.runner.close(10)
    job = office.submit(counting(1, []))
    assert office.ending(job) == Stopped(job)


def test_closing_does_not_wait_longer_than_told() -> None:
    office, gate, entered = Office(), threading.Event(), threading.Event()
    office.submit(gated([], entered, gate))
    assert entered.wait(10)
    assert not office.runner.close(0.01)
    gate.set()
    assert office.runner.close(10)


def test_two_threads_run_two_jobs_at_once() -> None:
    office = Office(threads=2)
    both = threading.Barrier(2)

    def work(context: Context) -> Steps:
        context.check()
        both.wait(10)
        yield

    jobs = [office.submit(work) for _ in range(2)]
    assert all(isinstance(office.ending(job), Finished) for job in jobs)
    assert office.runner.close(10)


def test_ids_are_unique_across_runners() -> None:
    first, second = Office(), Office()
    jobs = [office.submit(counting(1, [])) for office in (first, second, first, second)]
    assert len(set(jobs)) == 4
    assert first.runner.close(10)
    assert second.runner.close(10)


def test_ten_thousand_steps_of_switching_lose_nothing(office: Office) -> None:
    counts: dict[int, int] = {}

    def work(rounds: int) -> Callable[[Context], Steps]:
        def steps(context: Context) -> Steps:
            for _ in range(rounds):
                counts[context.job] = counts.get(context.job, 0) + 1
                yield
            return rounds

        return steps

    jobs = [office.submit(work(100), Priority(number % 3)) for number in range(100)]
    assert all(office.ending(job) == Finished(job, 100) for job in jobs)
    assert set(counts.values()) == {100}


def test_a_job_that_rests_lets_less_urgent_ones_go_on(office: Office) -> None:
    awaited: Future[None] = Future()
    log: list[str] = []

    def resting(context: Context) -> Steps:
        context.check()
        log.append("asks")
        yield awaited
        log.append("has it")
        return None

    first = office.submit(resting, Priority.NOW)
    office.ending(office.submit(counting(2, log, "later"), Priority.LONG))
    assert log == ["asks", "later0", "later1"]
    awaited.set_result(None)
    assert isinstance(office.ending(first), Finished)
    assert log[-1] == "has it"


def test_a_job_that_rests_for_what_is_done_goes_on(office: Office) -> None:
    done: Future[None] = Future()
    done.set_result(None)

    def work(context: Context) -> Steps:
        context.check()
        for _ in range(3):
            yield done
        return "end"

    job = office.submit(work)
    assert office.ending(job) == Finished(job, "end")


def test_a_job_that_rests_can_be_cancelled(office: Office) -> None:
    awaited: Future[None] = Future()
    begun = threading.Event()

    def work(context: Context) -> Steps:
        context.check()
        begun.set()
        yield awaited

    job = office.submit(work)
    assert begun.wait(10)
    office.runner.cancel(job)
    assert office.ending(job) == Stopped(job)
    awaited.set_result(None)


def test_closing_ends_jobs_that_rest() -> None:
    office = Office(threads=2)
    awaited: Future[None] = Future()

    def work(context: Context) -> Steps:
        context.check()
        yield awaited

    jobs = [office.submit(work) for _ in range(3)]
    assert office.runner.close(10)
    assert {event.job for event in office.drain() if isinstance(event, Stopped)} == set(jobs)
