"""What every engine of the audit shares: requests that wait are written together, and owners' reads a little later."""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections import deque
from collections.abc import Sequence

from datasources.audit.port import AuditLog, AuditRecord
from datasources.errors import SourceError, Unavailable

MOST_NOTED = 10_000
_MOST_AT_ONCE = 1_000
_log = logging.getLogger("photos.audit")


class GroupedAuditLog(AuditLog):
    """One writer at a time; what comes meanwhile goes in the next group."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Sequence[AuditRecord], asyncio.Future[None]]] = deque()
        self._noted: deque[AuditRecord] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._lost = 0
        self._failures = 0

    @property
    def failures(self) -> int:
        """See the port."""
        return self._failures

    @abstractmethod
    async def _write(self, records: Sequence[AuditRecord]) -> None:
        """Writes a group to the end of the chain, durably; raises `SourceError` and has then written none of it."""

    async def append(self, records: Sequence[AuditRecord]) -> None:
        """See the port."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((records, done))
        self._begin()
        await done

    def note(self, record: AuditRecord) -> None:
        """See the port."""
        if len(self._noted) >= MOST_NOTED:
            self._noted.popleft()
            self._lost += 1
        self._noted.append(record)
        self._begin()

    async def settle(self) -> None:
        """See the port."""
        if self._noted or self._waiting:
            self._begin()
        if self._writer is not None:
            await asyncio.wait({self._writer})

    def _begin(self) -> None:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        while self._waiting or self._noted:
            group = [self._waiting.popleft() for _ in range(len(self._waiting))]
            noted = [self._noted.popleft() for _ in range(min(len(self._noted), _MOST_AT_ONCE))]
            try:
                await self._write([*(r for records, _ in group for r in records), *noted])
            except SourceError as e:
                self._failed(e, [done for _, done in group], noted)
                return
            for _, done in group:
                if not done.done():
                    done.set_result(None)
            if self._lost:
                _log.error("readings of owners were never recorded", extra={"reason": f"{self._lost} lost"})
                self._lost = 0

    def _failed(self, error: SourceError, waiting: Sequence[asyncio.Future[None]], noted: Sequence[AuditRecord]) -> None:
        """Whoever waits is told; what was noted stays for the next try, and somebody must look."""
        self._failures += 1
        for done in waiting:
            if not done.done():
                done.set_exception(Unavailable("audit", error.reason))
        self._noted.extendleft(reversed(noted))
        if noted:
            _log.error("readings of owners cannot be recorded now", extra={"reason": type(error).__name__})
