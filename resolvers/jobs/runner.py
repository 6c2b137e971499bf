"""Runs jobs, a few at a time. A lease gives each job to one process; another resumes it when the lease expires."""

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
from resolvers.jobs.job_run import JobFailed, JobFunction, Retry, Run, Stopped, folder_of

RESULT_RETENTION_MS = 7 * 86_400_000
"""How long result files can be downloaded."""
MAX_ATTEMPTS = 5
"""Attempts without a new checkpoint. The limit stops a job that crashes its process every time."""
ALWAYS_RETRIED = frozenset({JobKind.ERASE})
"""Kinds that are retried without limit: an accepted erasure must complete."""
_POLL_S = 2.0
_TRANSIENT = (Unavailable, Throttled, DeadlineExceeded, Conflict)
_log = logging.getLogger("photos.jobs")


class JobRunner:
    """Runs due jobs. `worker` is the lease holder's name: constant where only one process can open the data, so that a
    restarted process resumes its own leases immediately; unique per process elsewhere.
    """

    def __init__(
        self,
        sources: Sources,
        job_functions: Mapping[JobKind, JobFunction],
        *,
        worker: str,
        max_concurrent: int = 2,
        lease_s: float = 30.0,
    ) -> None:
        self._sources = sources
        self._job_functions = job_functions
        self._worker = worker
        self._max_concurrent = max_concurrent
        self._lease_s = lease_s
        self._running: dict[JobKey, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """Runs until cancelled, then releases its leases."""
        try:
            while True:
                rings = self._sources.jobs.notifier.count
                try:
                    await self.start_due_jobs()
                except SourceError as e:
                    _log.warning("jobs could not be started", extra={"reason": f"{e.source}: {type(e).__name__}"})
                await self._sources.jobs.notifier.wait(rings, timeout_s=_POLL_S)
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Cancels running work; the jobs stay due."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def run_until_idle(self) -> None:
        """Runs until no job is due; for commands and tests."""
        while await self.start_due_jobs() or self._running:
            await asyncio.wait(self._running.values(), return_when=asyncio.FIRST_COMPLETED)

    async def start_due_jobs(self) -> int:
        """Starts due jobs that no other worker holds, up to the concurrency limit; returns how many."""
        started = 0
        for record in await self._sources.jobs.due():
            if len(self._running) >= self._max_concurrent:
                break
            if record.key in self._running or not self._is_claimable(record):
                continue
            claimed = await self._claim(record)
            if claimed is not None:
                task = asyncio.create_task(self._run_job(claimed))
                self._running[claimed.key] = task
                task.add_done_callback(partial(self._remove_task, claimed.key))
                started += 1
        return started

    def _remove_task(self, key: JobKey, _: asyncio.Task[None]) -> None:
        self._running.pop(key, None)

    def _is_claimable(self, record: JobRecord) -> bool:
        return record.kind in self._job_functions and (
            record.lease.worker == self._worker or record.lease.until_ms <= self._sources.now_ms()
        )

    async def _claim(self, record: JobRecord) -> JobRecord | None:
        status = JobStatus.CANCELING if record.status is JobStatus.CANCELING else JobStatus.RUNNING
        lease = Lease(self._worker, self._sources.now_ms() + round(self._lease_s * 1_000))
        return await self._sources.jobs.save(
            msgspec.structs.replace(record, status=status, lease=lease, attempts=record.attempts + 1)
        )

    async def _run_job(self, record: JobRecord) -> None:
        run = Run(self._sources, record, lease_s=self._lease_s)
        try:
            await self._run_to_end(run)
        except asyncio.CancelledError:
            await asyncio.shield(self._release_lease(run, 0))
            raise
        except SourceError as e:
            _log.warning("the end of a job could not be stored", extra={"reason": f"{e.source}: {type(e).__name__}"})
        finally:
            await self._sources.jobs.notifier.notify()

    async def _run_to_end(self, run: Run) -> None:
        if run.record.status is JobStatus.CANCELING:
            await self._end(run, JobStatus.CANCELED)
            return
        if run.record.attempts > MAX_ATTEMPTS:
            await self._end(run, JobStatus.FAILED, "INTERNAL")
            return
        try:
            await self._run_with_heartbeat(run)
            await self._end(run, JobStatus.COMPLETED)
        except Stopped:
            stored = await self._sources.jobs.raw(run.record.key)
            if stored is not None and stored.status is JobStatus.CANCELING and stored.lease.worker == self._worker:
                run.record = stored
                await self._end(run, JobStatus.CANCELED)
        except JobFailed as e:
            await self._end(run, JobStatus.FAILED, e.code)
        except Retry as e:
            await self._release_lease(run, e.pause_ms)
        except _TRANSIENT as e:
            _log.warning("a job is retried later", extra={"reason": f"{e.source}: {type(e).__name__}"})
            await self._retry_or_fail(run)
        except Exception:  # noqa: BLE001 - the outermost handler: the job fails, the runner continues
            _log.exception("a job failed")
            await self._end(run, JobStatus.FAILED, "INTERNAL")

    async def _run_with_heartbeat(self, run: Run) -> None:
        work = asyncio.ensure_future(self._job_functions[run.record.kind](run))
        heartbeat = asyncio.ensure_future(run.heartbeat())
        try:
            await asyncio.wait({work, heartbeat}, return_when=asyncio.FIRST_COMPLETED)
            await (work if work.done() else heartbeat)
        finally:
            for task in (work, heartbeat):
                task.cancel()
            await asyncio.gather(work, heartbeat, return_exceptions=True)

    async def _retry_or_fail(self, run: Run) -> None:
        if run.record.kind in ALWAYS_RETRIED:
            tries = min(run.record.attempts, MAX_ATTEMPTS - 1)
            run.record = msgspec.structs.replace(run.record, attempts=tries)
            await self._release_lease(run, 1_000 * 4**tries)
        elif run.record.attempts >= MAX_ATTEMPTS:
            await self._end(run, JobStatus.FAILED, "UNAVAILABLE")
        else:
            await self._release_lease(run, 1_000 * 4**run.record.attempts)

    async def _release_lease(self, run: Run, pause_ms: int) -> None:
        """Makes the job due after a pause. An attempt that was interrupted by a shutdown (no pause) is not counted."""
        attempts = run.record.attempts if pause_ms else max(run.record.attempts - 1, 0)
        lease = Lease("", self._sources.now_ms() + pause_ms)
        with suppress(SourceError):
            await self._sources.jobs.save(msgspec.structs.replace(run.record, lease=lease, attempts=attempts))

    async def _end(self, run: Run, status: JobStatus, error_code: str | None = None) -> None:
        now = self._sources.now_ms()
        changes: dict[str, object] = {"status": status, "completed_at_ms": now, "error_code": error_code, "lease": Lease("", 0)}
        if status is JobStatus.COMPLETED:
            changes |= {"progress": 1.0, "files_until_ms": now + RESULT_RETENTION_MS}
        else:
            changes |= {"files": (), "manifest": None, "checkpoint": b""}
            await self._sources.results.delete_owner(run.folder)
        ended = await self._sources.jobs.save(msgspec.structs.replace(run.record, **changes))
        if ended is None and status is JobStatus.COMPLETED:
            await self._end_if_canceled(run)

    async def _end_if_canceled(self, run: Run) -> None:
        """The final save failed: ends the job as canceled if it was canceled; another worker may have taken it over."""
        with suppress(Stopped):
            await run.check_cancelled()
        if run.record.status is JobStatus.CANCELING:
            await self._end(run, JobStatus.CANCELED)


async def delete_expired_files(sources: Sources) -> int:
    """Deletes expired result files; returns of how many jobs. A job record is kept until its files are deleted."""
    expired = await sources.jobs.with_old_files(sources.now_ms())
    for record in expired:
        await sources.results.delete_owner(folder_of(sources, record))
        await sources.jobs.save(msgspec.structs.replace(record, files=(), manifest=None, checkpoint=b""))
    return len(expired)
