"""Workers may die of a job; the job is told why, and the others do not notice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future

import pytest

from workers.pool import Limits, WorkerDied, WorkerPool

FUNCTION = "tests.ingest.worker_jobs:work"


@pytest.fixture(scope="module")
def workers() -> Iterator[WorkerPool]:
    with WorkerPool(FUNCTION, Limits(seconds=60, memory_bytes=512 << 20), count=2) as pool:
        yield pool


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        ("crash", "crashes its decoder"),
        ("leave", "crashes its decoder"),
        ("devour", "needs more memory than allowed"),
        ("fail", "cannot be decoded"),
        ("deep", "is nested too deeply"),
    ],
)
def test_a_death_costs_one_job_and_tells_why(workers: WorkerPool, job: str, reason: str) -> None:
    before, dead, after = workers.submit(1), workers.submit(job), workers.submit(2)
    with pytest.raises(WorkerDied) as died:
        dead.result()
    assert str(died.value) == reason
    assert (before.result(), after.result()) == (2, 4)


def test_answers_come_in_the_order_of_the_jobs(workers: WorkerPool) -> None:
    things = [*range(40), "skip", "crash", 7]
    found = list(workers.each(things, lambda thing: None if thing == "skip" else thing))
    assert [thing for thing, _ in found] == things
    assert [future.result() for _, future in found[:40] if future is not None] == [n * 2 for n in range(40)]
    assert found[40][1] is None
    assert isinstance(found[41][1], Future)
    assert isinstance(found[41][1].exception(), WorkerDied)


def test_what_libraries_print_does_not_reach_the_answers(workers: WorkerPool) -> None:
    assert [workers.submit("chatter").result() for _ in range(3)] == ["quiet"] * 3


def test_ctrl_c_is_not_for_workers(workers: WorkerPool) -> None:
    assert workers.submit("interrupted").result() == "went on"


def test_work_without_end_is_ended() -> None:
    with WorkerPool(FUNCTION, Limits(seconds=0.2), count=1) as pool:
        with pytest.raises(WorkerDied, match="takes longer than allowed"):
            pool.submit("hang").result()
        assert pool.submit(1).result() == 2


def test_work_that_gets_on_may_take_long(workers: WorkerPool) -> None:
    assert workers.submit("get_on").result() > 5


def test_a_closed_pool_leaves_no_process() -> None:
    pool = WorkerPool(FUNCTION, count=1)
    pid, endless = pool.submit("who").result(), pool.submit("hang")
    waiting = pool.submit(1)
    pool.close()
    for unfinished in (endless, waiting):
        with pytest.raises((WorkerDied, CancelledError)):
            unfinished.result()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_secrets_in_the_environment_are_not_handed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    with WorkerPool("os:getenv", count=1) as pool:
        assert pool.submit("AWS_SECRET_ACCESS_KEY").result() is None
        assert pool.submit("PATH").result()
