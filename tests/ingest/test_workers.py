"""A worker may die in a job: the job fails with a reason, and other jobs are not affected."""

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
        ("exit_process", "crashes its decoder"),
        ("exhaust_memory", "needs more memory than allowed"),
        ("fail", "cannot be decoded"),
        ("deep", "is nested too deeply"),
    ],
)
def test_the_death_of_a_worker_fails_one_job_with_a_reason(workers: WorkerPool, job: str, reason: str) -> None:
    before, dead, after = workers.submit(1), workers.submit(job), workers.submit(2)
    with pytest.raises(WorkerDied) as died:
        dead.result()
    assert str(died.value) == reason
    assert (before.result(), after.result()) == (2, 4)


def test_results_are_in_the_order_of_the_jobs(workers: WorkerPool) -> None:
    items = [*range(40), "skip", "crash", 7]
    found = list(workers.each(items, lambda item: None if item == "skip" else item))
    assert [item for item, _ in found] == items
    assert [future.result() for _, future in found[:40] if future is not None] == [n * 2 for n in range(40)]
    assert found[40][1] is None
    assert isinstance(found[41][1], Future)
    assert isinstance(found[41][1].exception(), WorkerDied)


def test_output_of_libraries_does_not_disturb_the_results(workers: WorkerPool) -> None:
    assert [workers.submit("print_output").result() for _ in range(3)] == ["quiet"] * 3


def test_workers_ignore_ctrl_c(workers: WorkerPool) -> None:
    assert workers.submit("interrupt").result() == "continued"


def test_a_job_that_exceeds_its_time_limit_is_ended() -> None:
    with WorkerPool(FUNCTION, Limits(seconds=0.2), count=1) as pool:
        with pytest.raises(WorkerDied, match="takes longer than allowed"):
            pool.submit("hang").result()
        assert pool.submit(1).result() == 2


def test_a_job_may_extend_its_deadline(workers: WorkerPool) -> None:
    assert workers.submit("extend").result() > 5


def test_a_closed_pool_has_no_processes() -> None:
    pool = WorkerPool(FUNCTION, count=1)
    pid, endless = pool.submit("process_id").result(), pool.submit("hang")
    waiting = pool.submit(1)
    pool.close()
    for unfinished in (endless, waiting):
        with pytest.raises((WorkerDied, CancelledError)):
            unfinished.result()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_workers_do_not_inherit_secrets_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    with WorkerPool("os:getenv", count=1) as pool:
        assert pool.submit("AWS_SECRET_ACCESS_KEY").result() is None
        assert pool.submit("PATH").result()
