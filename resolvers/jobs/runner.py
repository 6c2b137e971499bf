"""Runs jobs: a few at a time, each by one process, taken up again when that process dies."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from functools import partial

import msgspec

from datasources import Sources
from datasources.errors import Conflict, DeadlineExceeded, SourceError, Throttled, Unavailable
from datasources.tables.jobs import JobKey, JobKind, JobRecord, JobStatus, Lease
from resolvers.jobs.job_run import JobFailed, Retry, Run, Stopped, Work, folder_of

FILES_KEPT_MS = 7 * 86_400_000
"""For how long a result can be fetched."""
MOST_ATTEMPTS = 5
"""Without a new checkpoint in between: a job that kills its process must not do so for ever."""
NEVER_GIVEN_UP = frozenset({JobKind.ERASE})
"""However long a source is away: who was told that they are erased must be."""
_LOOK_S = 2.0
_PASSING = (Unavailable, Throttled, DeadlineExceeded, Conflict)
_log = logging.getLogger("photos.jobs")


class JobRunner:
    """Works off what is due. `worker` names whoever may hold a lease: where one process at a time has the data, always
    the same name, so that after a kill it goes on at once; elsewhere one for each process.
    """

    def __init__(
        self, sources: Sources, works: Mapping[JobKind, Work], *, worker: str, at_once: int = 2, lease_s: float = 30.0
    ) -> None:
        self._sources = sources
        self._works = works
        self._worker = worker
        self._at_once = at_once
        self._lease_s = lease_s
        self._running: dict[JobKey, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """For ever; cancelled, it lets go of its leases."""
        try:
            while True:
                rings = self._sources.jobs.bell.rings
                try:
                    await self.take()
                except SourceError as e:
                    _log.warning("no job was taken up", extra={"reason": f"{e.source}: {type(e).__name__}"})
                await self._sources.jobs.bell.after(rings, at_most_s=_LOOK_S)
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Ends the work in hand; the jobs stay due."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def drained(self) -> None:
        """Works until nothing can be taken up any more: for commands and tests."""
        while await self.take() or self._running:
            await asyncio.wait(self._running.values(), return_when=asyncio.FIRST_COMPLETED)

    async def take(self) -> int:
        """Takes up what is due and free, as much as fits; how many."""
        taken = 0
        for record in await self._sources.jobs.due():
            if len(self._running) >= self._at_once:
                break
            if record.key in self._running or not self._free(record):
                continue
            claimed = await self._claimed(record)
            if claimed is not None:
                task = asyncio.create_task(self._work(claimed))
                self._running[claimed.key] = task
                task.add_done_callback(partial(self._ended, claimed.key))
                taken += 1
        return taken

    def _ended(self, key: JobKey, _: asyncio.Task[None]) -> None:
        self._running.pop(key, None)

    def _free(self, record: JobRecord) -> bool:
        return record.kind in self._works and (
            record.lease.worker == self._worker or record.lease.until_ms <= self._sources.now_ms()
        )

    async def _claimed(self, record: JobRecord) -> JobRecord | None:
        status = JobStatus.CANCELING if record.status is JobStatus.CANCELING else JobStatus.RUNNING
        lease = Lease(self._worker, self._sources.now_ms() + round(self._lease_s * 1_000))
        return await self._sources.jobs.save(
            msgspec.structs.replace(record, status=status, lease=lease, attempts=record.attempts + 1)
        )

    async def _work(self, record: JobRecord) -> None:
        run = Run(self._sources, record, lease_s=self._lease_s)
        try:
            await self._worked(run)
        except asyncio.CancelledError:
            await asyncio.shield(self._let_go(run, 0))
            raise
        except SourceError as e:
            _log.warning("a job could not be ended", extra={"reason": f"{e.source}: {type(e).__name__}"})
        finally:
            await self._sources.jobs.bell.notify()

    async def _worked(self, run: Run) -> None:
        if run.record.status is JobStatus.CANCELING:
            await self._end(run, JobStatus.CANCELED)
            return
        if run.record.attempts > MOST_ATTEMPTS:
            await self._end(run, JobStatus.FAILED, "INTERNAL")
            return
        try:
            await self._beside_its_heart(run)
            await self._end(run, JobStatus.COMPLETED)
        except Stopped:
            stored = await self._sources.jobs.raw(run.record.key)
            if stored is not None and stored.status is JobStatus.CANCELING and stored.lease.worker == self._worker:
                run.record = stored
                await self._end(run, JobStatus.CANCELED)
        except JobFailed as e:
            await self._end(run, JobStatus.FAILED, e.code)
        except Retry as e:
            await self._let_go(run, e.pause_ms)
        except _PASSING as e:
            _log.warning("a job waits", extra={"reason": f"{e.source}: {type(e).__name__}"})
            await self._wait_or_fail(run)
        except Exception:  # noqa: BLE001 - the door of all jobs: whatever broke, this one has failed and the runner goes on
            _log.exception("a job failed")
            await self._end(run, JobStatus.FAILED, "INTERNAL")

    async def _beside_its_heart(self, run: Run) -> None:
        work = asyncio.ensure_future(self._works[run.record.kind](run))
        heart = asyncio.ensure_future(run.beat())
        try:
            await asyncio.wait({work, heart}, return_when=asyncio.FIRST_COMPLETED)
            await (work if work.done() else heart)
        finally:
            for task in (work, heart):
                task.cancel()
            await asyncio.gather(work, heart, return_exceptions=True)

    async def _wait_or_fail(self, run: Run) -> None:
        if run.record.kind in NEVER_GIVEN_UP:
            tries = min(run.record.attempts, MOST_ATTEMPTS - 1)
            run.record = msgspec.structs.replace(run.record, attempts=tries)
            await self._let_go(run, 1_000 * 4**tries)
        elif run.record.attempts >= MOST_ATTEMPTS:
            await self._end(run, JobStatus.FAILED, "UNAVAILABLE")
        else:
            await self._let_go(run, 1_000 * 4**run.record.attempts)

    async def _let_go(self, run: Run, pause_ms: int) -> None:
        """Others may take it up, after a pause. A try that was broken off by our own end is not counted."""
        attempts = run.record.attempts if pause_ms else max(run.record.attempts - 1, 0)
        lease = Lease("", self._sources.now_ms() + pause_ms)
        with suppress(SourceError):
            await self._sources.jobs.save(msgspec.structs.replace(run.record, lease=lease, attempts=attempts))

    async def _end(self, run: Run, status: JobStatus, error_code: str | None = None) -> None:
        now = self._sources.now_ms()
        changes: dict[str, object] = {"status": status, "completed_at_ms": now, "error_code": error_code, "lease": Lease("", 0)}
        if status is JobStatus.COMPLETED:
            changes |= {"progress": 1.0, "files_until_ms": now + FILES_KEPT_MS}
        else:
            changes |= {"files": (), "manifest": None, "checkpoint": b""}
            await self._sources.results.delete_owner(run.folder)
        ended = await self._sources.jobs.save(msgspec.structs.replace(run.record, **changes))
        if ended is None and status is JobStatus.COMPLETED:
            await self._late(run)

    async def _late(self, run: Run) -> None:
        """It was cancelled at its last moment, or taken over."""
        with suppress(Stopped):
            await run.look()
        if run.record.status is JobStatus.CANCELING:
            await self._end(run, JobStatus.CANCELED)


async def sweep_files(sources: Sources) -> int:
    """Deletes files that have expired; how many jobs lost theirs. A job with files is never forgotten before them."""
    old = await sources.jobs.with_old_files(sources.now_ms())
    for record in old:
        await sources.results.delete_owner(folder_of(sources, record))
        await sources.jobs.save(msgspec.structs.replace(record, files=(), manifest=None, checkpoint=b""))
    return len(old)
