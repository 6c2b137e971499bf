"""One job being worked on: it says how far it is, and hears that it must stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from datasources import Sources
from datasources.tables.jobs import JobRecord, JobStatus, Lease


class Stopped(Exception):
    """The job was cancelled, forgotten, or taken over by another process: nothing more may be written."""


class Retry(Exception):
    """There is nothing to do before a moment; `pause_ms` from now the job is taken up again, by whoever is there."""

    def __init__(self, pause_ms: int) -> None:
        super().__init__(pause_ms)
        self.pause_ms = pause_ms


class JobFailed(Exception):
    """The job cannot be done, now or later; `code` is one of the closed list of error codes."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def folder_of(sources: Sources, record: JobRecord) -> str:
    """Under which name the files of a job lie. The starter is hashed: folders tell of nobody."""
    return f"{record.id}-{sources.ids.local_id('job files', record.starter)[:16]}"


class Run:
    """What a kind's function is handed. Everything it saves is conditional on still being the one who works on it."""

    def __init__(self, sources: Sources, record: JobRecord, *, lease_s: float) -> None:
        self.sources = sources
        self.record = record
        self.folder = folder_of(sources, record)
        self._lease_s = lease_s
        self._one = asyncio.Lock()

    async def save(self, **changes: Any) -> None:
        """Keeps progress, files and checkpoint, and the lease; raises `Stopped`. With a checkpoint the tries begin anew."""
        if "checkpoint" in changes:
            changes["attempts"] = 0
        async with self._one:
            while True:
                lease = Lease(self.record.lease.worker, self.sources.now_ms() + round(self._lease_s * 1_000))
                saved = await self.sources.jobs.save(msgspec.structs.replace(self.record, lease=lease, **changes))
                if saved is not None:
                    break
                await self.look()
            self.record = saved
        await self.sources.jobs.bell.notify()

    async def look(self) -> None:
        """Reads what others wrote; raises `Stopped` when that ends our work."""
        stored = await self.sources.jobs.raw(self.record.key)
        ours = stored is not None and stored.live and stored.lease.worker == self.record.lease.worker
        if stored is None or not ours:
            raise Stopped
        self.record = stored
        if stored.status is JobStatus.CANCELING:
            raise Stopped

    async def beat(self) -> None:
        """Keeps the lease while the work goes on, and looks whenever the bell rings; ends by raising `Stopped`."""
        while True:
            rings = self.sources.jobs.bell.rings
            kept_until = self.record.lease.until_ms
            await self.sources.jobs.bell.after(rings, at_most_s=self._lease_s / 3)
            if self.sources.jobs.bell.rings != rings:
                async with self._one:
                    await self.look()
            elif self.record.lease.until_ms == kept_until:
                await self.save()


Work = Callable[[Run], Awaitable[None]]
"""Does a job from its checkpoint on; on return its files are whole. Raises `JobFailed`, `Later`, `SourceError`, `Stopped`."""
