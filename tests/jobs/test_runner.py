"""Jobs end, once, whatever happens to who works on them."""

from __future__ import annotations

import asyncio

import pytest

from datasources.errors import Unavailable
from datasources.tables.jobs import JobKind, JobStatus, Running
from resolvers.jobs.job_run import JobFailed, folder_of
from resolvers.jobs.runner import FILES_KEPT_MS, MOST_ATTEMPTS, sweep_files
from resolvers.jobs.start import cancel, fresh_job, start
from tests.jobs.makers import Counting, begun, runner, stored


async def _names(gateway, job) -> list[str]:
    return list(await gateway.sources.results.names(folder_of(gateway.sources, job)))


async def test_a_job_runs_once_and_leaves_its_files(gateway) -> None:
    ana = await gateway.customer("ana")
    job, work = await begun(gateway, ana), Counting()
    await runner(gateway, work).drained()
    await runner(gateway, work).drained()
    done = await stored(gateway, job)
    assert (done.status, done.progress, done.rows, work.done) == (JobStatus.COMPLETED, 1.0, 3, [0, 1, 2])
    assert await _names(gateway, job) == [f.name for f in done.files]
    assert not await gateway.sources.jobs.due()


async def test_one_job_of_a_customer_and_kind_at_a_time(gateway) -> None:
    ana, bob = await gateway.customer("ana"), await gateway.customer("bob")
    first = await begun(gateway, ana)
    again = await start(gateway.sources, fresh_job(gateway.sources, ana, "ana", JobKind.EXPORT))
    assert again == Running(first.key)
    other = await start(gateway.sources, fresh_job(gateway.sources, ana, "ana", JobKind.ERASE))
    assert not isinstance(other, Running)
    await begun(gateway, bob)
    await runner(gateway, Counting()).drained()
    await begun(gateway, ana)


async def test_what_was_done_before_a_kill_is_not_done_again(gateway, clock) -> None:
    ana = await gateway.customer("ana")
    job, work = await begun(gateway, ana), Counting()
    work.hold_at = 2
    dying = runner(gateway, work)
    await dying.take()
    await work.at.wait()
    # What a kill leaves: a lease of a worker that says nothing any more.
    held = await stored(gateway, job)
    other = runner(gateway, work, "two")
    assert await other.take() == 0
    clock.ms += 31_000
    work.hold_at = None
    assert await other.take() == 1
    await other.drained()
    work.go.set()
    await dying.drained()
    done = await stored(gateway, job)
    assert held.lease.worker == "one"
    assert done.status is JobStatus.COMPLETED
    assert [f.name for f in done.files] == ["part-0.jsonl", "part-1.jsonl", "part-2.jsonl"]


async def test_a_worker_of_the_same_name_goes_on_at_once(gateway) -> None:
    ana = await gateway.customer("ana")
    job, work = await begun(gateway, ana), Counting()
    work.hold_at = 1
    first = runner(gateway, work)
    await first.take()
    await work.at.wait()
    second = runner(gateway, Counting())
    assert await second.take() == 1
    await second.drained()
    await first.stop()
    done = await stored(gateway, job)
    assert (done.status, done.files[0].name) == (JobStatus.COMPLETED, "part-0.jsonl")


async def test_a_stop_of_the_server_leaves_the_job_to_the_next_one_uncounted(gateway) -> None:
    ana = await gateway.customer("ana")
    job, work = await begun(gateway, ana), Counting()
    work.hold_at = 1
    first = runner(gateway, work)
    await first.take()
    await work.at.wait()
    await first.stop()
    left = await stored(gateway, job)
    assert (left.status, left.lease.worker, left.attempts, left.rows) == (JobStatus.RUNNING, "", 0, 1)
    await runner(gateway, Counting(), "two").drained()
    assert (await stored(gateway, job)).status is JobStatus.COMPLETED


async def test_a_cancelled_job_stops_and_leaves_nothing(gateway) -> None:
    ana = await gateway.customer("ana")
    job, work = await begun(gateway, ana), Counting()
    work.hold_at = 2
    working = runner(gateway, work)
    await working.take()
    await work.at.wait()
    assert await _names(gateway, job) != []
    stopping = await cancel(gateway.sources, ana, job.key)
    assert stopping is not None
    assert stopping.status is JobStatus.CANCELING
    await working.drained()
    ended = await stored(gateway, job)
    assert (ended.status, ended.files, work.done) == (JobStatus.CANCELED, (), [0, 1])
    assert await _names(gateway, job) == []
    assert not isinstance(await begun(gateway, ana), Running)


async def test_a_waiting_job_is_cancelled_at_once_and_an_ended_one_stays(gateway) -> None:
    ana = await gateway.customer("ana")
    job = await begun(gateway, ana)
    ended = await cancel(gateway.sources, ana, job.key)
    assert ended is not None
    assert ended.status is JobStatus.CANCELED
    work = Counting()
    await runner(gateway, work).drained()
    assert work.done == []
    done = await begun(gateway, ana)
    await runner(gateway, work).drained()
    again = await cancel(gateway.sources, ana, done.key)
    assert again is not None
    assert again.status is JobStatus.COMPLETED


@pytest.mark.parametrize(("failure", "code"), [(JobFailed("TOO_COMPLEX"), "TOO_COMPLEX"), (KeyError("x"), "INTERNAL")])
async def test_a_job_that_cannot_be_done_has_failed_with_a_code(gateway, failure, code) -> None:
    ana = await gateway.customer("ana")
    job, work = await begun(gateway, ana), Counting()
    work.fail = failure
    await runner(gateway, work).drained()
    ended = await stored(gateway, job)
    assert (ended.status, ended.error_code, ended.files) == (JobStatus.FAILED, code, ())


async def test_a_source_that_is_away_is_waited_for_but_not_for_ever(gateway, clock) -> None:
    ana = await gateway.customer("ana")
    job, work = await begun(gateway, ana), Counting()
    work.fail = Unavailable("tables", "away")
    working = runner(gateway, work)
    await working.drained()
    assert (await stored(gateway, job)).live
    assert await working.take() == 0
    for _ in range(MOST_ATTEMPTS):
        clock.ms += 10_000_000
        await working.drained()
    ended = await stored(gateway, job)
    assert (ended.status, ended.error_code) == (JobStatus.FAILED, "UNAVAILABLE")


async def test_a_job_that_kills_its_process_does_not_do_so_for_ever(gateway) -> None:
    ana = await gateway.customer("ana")
    job, work = await begun(gateway, ana), Counting()
    for _ in range(MOST_ATTEMPTS):
        record = await stored(gateway, job)
        assert await runner(gateway, work)._claimed(record) is not None
    await runner(gateway, work).drained()
    assert ((await stored(gateway, job)).error_code, work.done) == ("INTERNAL", [])


async def test_two_runners_never_do_the_same_job(gateway) -> None:
    ana = await gateway.customer("ana")
    await begun(gateway, ana)
    work = Counting()
    await asyncio.gather(runner(gateway, work, "one").drained(), runner(gateway, work, "two").drained())
    assert work.done == [0, 1, 2]


async def test_files_end_and_the_job_says_so(gateway, clock) -> None:
    ana = await gateway.customer("ana")
    job = await begun(gateway, ana)
    await runner(gateway, Counting()).drained()
    assert await sweep_files(gateway.sources) == 0
    clock.ms += FILES_KEPT_MS + 1_000
    assert (await stored(gateway, job)).status_at(clock()) is JobStatus.EXPIRED
    assert await sweep_files(gateway.sources) == 1
    assert await _names(gateway, job) == []
    assert (await stored(gateway, job)).status_at(clock()) is JobStatus.EXPIRED
    assert await sweep_files(gateway.sources) == 0


async def test_erasure_finds_every_job_about_a_customer_and_can_take_it_away(gateway) -> None:
    ana, bob = await gateway.customer("ana"), await gateway.customer("bob")
    await begun(gateway, bob)
    job = await begun(gateway, ana)
    found = [j async for j in gateway.sources.jobs.of_owner("ana")]
    assert [j.key for j in found] == [job.key]
    await gateway.sources.jobs.forget(found[0])
    assert [j async for j in gateway.sources.jobs.of_owner("ana")] == []
    await begun(gateway, ana)  # the lock is gone too
