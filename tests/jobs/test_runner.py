"""The job runner: every job ends exactly once, whatever happens to its worker."""

from __future__ import annotations

import asyncio

import pytest

from datasources.errors import Unavailable
from datasources.tables.jobs import JobKind, JobStatus, Running
from resolvers.jobs.job_run import JobFailed, folder_of
from resolvers.jobs.runner import MAX_ATTEMPTS, RESULT_RETENTION_MS, delete_expired_files
from resolvers.jobs.start import cancel, new_job, start
from tests.jobs.makers import Counting, begun, runner, stored


async def _names(gateway, job) -> list[str]:
    return list(await gateway.sources.results.names(folder_of(gateway.sources, job)))


async def test_a_job_runs_once_and_leaves_its_files(gateway) -> None:
    ana = await gateway.customer("ana")
    job, work = await begun(gateway, ana), Counting()
    await runner(gateway, work).run_until_idle()
    await runner(gateway, work).run_until_idle()
    done = await stored(gateway, job)
    assert (done.status, done.progress, done.rows, work.done) == (JobStatus.COMPLETED, 1.0, 3, [0, 1, 2])
    assert await _names(gateway, job) == [f.name for f in done.files]
    assert not await gateway.sources.jobs.due()


async def test_one_job_of_a_customer_and_kind_at_a_time(gateway) -> None:
    ana, bob = await gateway.customer("ana"), await gateway.customer("bob")
    first = await begun(gateway, ana)
    again = await start(gateway.sources, new_job(gateway.sources, ana, "ana", JobKind.EXPORT))
    assert again == Running(first.key)
    other = await start(gateway.sources, new_job(gateway.sources, ana, "ana", JobKind.ERASE))
    assert not isinstance(other, Running)
    await begun(gateway, bob)
    await runner(gateway, Counting()).run_until_idle()
    await begun(gateway, ana)


async def test_a_job_resumes_after_its_last_checkpoint(gateway, clock) -> None:
    ana = await gateway.customer("ana")
    job, work = await begun(gateway, ana), Counting()
    work.hold_at = 2
    dying = runner(gateway, work)
    await dying.start_due_jobs()
    await work.at.wait()
    # After a kill, the lease of the dead worker remains.
    held = await stored(gateway, job)
    other = runner(gateway, work, "two")
    assert await other.start_due_jobs() == 0
    clock.ms += 31_000
    work.hold_at = None
    assert await other.start_due_jobs() == 1
    await other.run_until_idle()
    work.go.set()
    await dying.run_until_idle()
    done = await stored(gateway, job)
    assert held.lease.worker == "one"
    assert done.status is JobStatus.COMPLETED
    assert [f.name for f in done.files] == ["part-0.jsonl", "part-1.jsonl", "part-2.jsonl"]


async def test_a_worker_with_the_same_name_resumes_immediately(gateway) -> None:
    ana = await gateway.customer("ana")
    job, work = await begun(gateway, ana), Counting()
    work.hold_at = 1
    first = runner(gateway, work)
    await first.start_due_jobs()
    await work.at.wait()
    second = runner(gateway, Counting())
    assert await second.start_due_jobs() == 1
    await second.run_until_idle()
    await first.stop()
    done = await stored(gateway, job)
    assert (done.status, done.files[0].name) == (JobStatus.COMPLETED, "part-0.jsonl")


async def test_a_server_stop_does_not_count_as_an_attempt(gateway) -> None:
    ana = await gateway.customer("ana")
    job, work = await begun(gateway, ana), Counting()
    work.hold_at = 1
    first = runner(gateway, work)
    await first.start_due_jobs()
    await work.at.wait()
    await first.stop()
    left = await stored(gateway, job)
    assert (left.status, left.lease.worker, left.attempts, left.rows) == (JobStatus.RUNNING, "", 0, 1)
    await runner(gateway, Counting(), "two").run_until_idle()
    assert (await stored(gateway, job)).status is JobStatus.COMPLETED


async def test_a_cancelled_job_stops_and_leaves_no_files(gateway) -> None:
    ana = await gateway.customer("ana")
    job, work = await begun(gateway, ana), Counting()
    work.hold_at = 2
    working = runner(gateway, work)
    await working.start_due_jobs()
    await work.at.wait()
    assert await _names(gateway, job) != []
    stopping = await cancel(gateway.sources, ana, job.key)
    assert stopping is not None
    assert stopping.status is JobStatus.CANCELING
    await working.run_until_idle()
    ended = await stored(gateway, job)
    assert (ended.status, ended.files, work.done) == (JobStatus.CANCELED, (), [0, 1])
    assert await _names(gateway, job) == []
    assert not isinstance(await begun(gateway, ana), Running)


async def test_a_waiting_job_is_cancelled_immediately_and_an_ended_one_is_unchanged(gateway) -> None:
    ana = await gateway.customer("ana")
    job = await begun(gateway, ana)
    ended = await cancel(gateway.sources, ana, job.key)
    assert ended is not None
    assert ended.status is JobStatus.CANCELED
    work = Counting()
    await runner(gateway, work).run_until_idle()
    assert work.done == []
    done = await begun(gateway, ana)
    await runner(gateway, work).run_until_idle()
    again = await cancel(gateway.sources, ana, done.key)
    assert again is not None
    assert again.status is JobStatus.COMPLETED


@pytest.mark.parametrize(("failure", "code"), [(JobFailed("TOO_COMPLEX"), "TOO_COMPLEX"), (KeyError("x"), "INTERNAL")])
async def test_a_failed_job_has_an_error_code(gateway, failure, code) -> None:
    ana = await gateway.customer("ana")
    job, work = await begun(gateway, ana), Counting()
    work.fail = failure
    await runner(gateway, work).run_until_idle()
    ended = await stored(gateway, job)
    assert (ended.status, ended.error_code, ended.files) == (JobStatus.FAILED, code, ())


async def test_an_unavailable_source_is_retried_with_a_limit(gateway, clock) -> None:
    ana = await gateway.customer("ana")
    job, work = await begun(gateway, ana), Counting()
    work.fail = Unavailable("tables", "away")
    working = runner(gateway, work)
    await working.run_until_idle()
    assert (await stored(gateway, job)).live
    assert await working.start_due_jobs() == 0
    for _ in range(MAX_ATTEMPTS):
        clock.ms += 10_000_000
        await working.run_until_idle()
    ended = await stored(gateway, job)
    assert (ended.status, ended.error_code) == (JobStatus.FAILED, "UNAVAILABLE")


async def test_a_job_that_crashes_its_process_fails_after_the_maximum_of_attempts(gateway) -> None:
    ana = await gateway.customer("ana")
    job, work = await begun(gateway, ana), Counting()
    for _ in range(MAX_ATTEMPTS):
        record = await stored(gateway, job)
        assert await runner(gateway, work)._claim(record) is not None
    await runner(gateway, work).run_until_idle()
    assert ((await stored(gateway, job)).error_code, work.done) == ("INTERNAL", [])


async def test_two_runners_never_run_the_same_job(gateway) -> None:
    ana = await gateway.customer("ana")
    await begun(gateway, ana)
    work = Counting()
    await asyncio.gather(runner(gateway, work, "one").run_until_idle(), runner(gateway, work, "two").run_until_idle())
    assert work.done == [0, 1, 2]


async def test_expired_files_are_deleted_and_reported(gateway, clock) -> None:
    ana = await gateway.customer("ana")
    job = await begun(gateway, ana)
    await runner(gateway, Counting()).run_until_idle()
    assert await delete_expired_files(gateway.sources) == 0
    clock.ms += RESULT_RETENTION_MS + 1_000
    assert (await stored(gateway, job)).status_at(clock()) is JobStatus.EXPIRED
    assert await delete_expired_files(gateway.sources) == 1
    assert await _names(gateway, job) == []
    assert (await stored(gateway, job)).status_at(clock()) is JobStatus.EXPIRED
    assert await delete_expired_files(gateway.sources) == 0


async def test_erasure_finds_and_deletes_every_job_of_a_customer(gateway) -> None:
    ana, bob = await gateway.customer("ana"), await gateway.customer("bob")
    await begun(gateway, bob)
    job = await begun(gateway, ana)
    found = [j async for j in gateway.sources.jobs.of_owner("ana")]
    assert [j.key for j in found] == [job.key]
    await gateway.sources.jobs.forget(found[0])
    assert [j async for j in gateway.sources.jobs.of_owner("ana")] == []
    await begun(gateway, ana)  # the lock was deleted too
