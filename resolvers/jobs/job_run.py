"""One run of a job: saves progress, renews the lease, detects cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from datasources import Sources
from datasources.tables.jobs import JobRecord, JobStatus, Lease


class Stopped(Exception):
    """The job was cancelled, deleted, or taken over by another process: it must not write any more."""


class Retry(Exception):
    """The job cannot continue yet: the runner starts it again after `pause_ms`."""

    def __init__(self, pause_ms: int) -> None:
        super().__init__(pause_ms)
        self.pause_ms = pause_ms


class JobFailed(Exception):
    """The job fails permanently; `code` is one of the documented error codes."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def folder_of(sources: Sources, record: JobRecord) -> str:
    """The folder name of a job's files. The starter is hashed, so that the name contains no personal data."""
    return f"{record.id}-{sources.ids.local_id('job files', record.starter)[:16]}"


class Run:
    """The argument of a job function. Every save is conditional on still holding the lease."""

    def __init__(self, sources: Sources, record: JobRecord, *, lease_s: float) -> None:
        self.sources = sources
        self.record = record
        self.folder = folder_of(sources, record)
        self._lease_s = lease_s
        self._save_lock = asyncio.Lock()

    async def save(self, **changes: Any) -> None:
        """Stores the changes and renews the lease; raises `Stopped`. A new checkpoint resets the attempt counter."""
        if "checkpoint" in changes:
            changes["attempts"] = 0
        async with self._save_lock:
            while True:
                lease = Lease(self.record.lease.worker, self.sources.now_ms() + round(self._lease_s * 1_000))
                saved = await self.sources.jobs.save(msgspec.structs.replace(self.record, lease=lease, **changes))
                if saved is not None:
                    break
                await self.check_cancelled()
            self.record = saved
        await self.sources.jobs.notifier.notify()

    async def check_cancelled(self) -> None:
        """Reads the stored job; raises `Stopped` if it was cancelled, deleted or taken over."""
        stored = await self.sources.jobs.raw(self.record.key)
        if stored is None or not stored.live or stored.lease.worker != self.record.lease.worker:
            raise Stopped
        self.record = stored
        if stored.status is JobStatus.CANCELING:
            raise Stopped

    async def heartbeat(self) -> None:
        """Renews the lease, and checks for cancellation on each notification; ends only by raising `Stopped`."""
        while True:
            rings = self.sources.jobs.notifier.count
            lease_end = self.record.lease.until_ms
            await self.sources.jobs.notifier.wait(rings, timeout_s=self._lease_s / 3)
            if self.sources.jobs.notifier.count != rings:
                async with self._save_lock:
                    await self.check_cancelled()
            elif self.record.lease.until_ms == lease_end:
                await self.save()


JobFunction = Callable[[Run], Awaitable[None]]
"""Runs a job from its checkpoint; on return its files are complete. Raises `JobFailed`, `Retry`, `SourceError`, `Stopped`."""
