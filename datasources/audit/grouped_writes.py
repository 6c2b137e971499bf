"""Grouped writes, shared by all audit logs: concurrent records are written together."""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections import deque
from collections.abc import Sequence

from datasources.audit.port import AuditLog, AuditRecord
from datasources.errors import SourceError, Unavailable

MAX_PENDING = 10_000
_MAX_GROUP = 1_000
_log = logging.getLogger("photos.audit")


class GroupedAuditLog(AuditLog):
    """One write at a time; records that arrive meanwhile are written with the next group."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Sequence[AuditRecord], asyncio.Future[None]]] = deque()
        self._pending: deque[AuditRecord] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._lost = 0
        self._failures = 0

    @property
    def failures(self) -> int:
        """See the port."""
        return self._failures

    @property
    def begun_chains(self) -> frozenset[str]:
        """See the port."""
        return frozenset()

    @abstractmethod
    async def _write(self, records: Sequence[AuditRecord]) -> None:
        """Append a group durably; raises `SourceError` if none of it was written."""

    async def append(self, records: Sequence[AuditRecord]) -> None:
        """See the port."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((records, done))
        self._start()
        await done

    def append_later(self, record: AuditRecord) -> None:
        """See the port."""
        if len(self._pending) >= MAX_PENDING:
            self._pending.popleft()
            self._lost += 1
        self._pending.append(record)
        self._start()

    async def flush(self) -> None:
        """See the port."""
        if self._pending or self._waiting:
            self._start()
        if self._writer is not None:
            await asyncio.wait({self._writer})

    def _start(self) -> None:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        while self._waiting or self._pending:
            group = [self._waiting.popleft() for _ in range(len(self._waiting))]
            pending = [self._pending.popleft() for _ in range(min(len(self._pending), _MAX_GROUP))]
            try:
                await self._write([*(r for records, _ in group for r in records), *pending])
            except SourceError as e:
                self._failed(e, [done for _, done in group], pending)
                return
            for _, done in group:
                if not done.done():
                    done.set_result(None)
            if self._lost:
                _log.error("audit records of owner reads were lost", extra={"reason": f"{self._lost} lost"})
                self._lost = 0

    def _failed(self, error: SourceError, waiting: Sequence[asyncio.Future[None]], pending: Sequence[AuditRecord]) -> None:
        """Fail the waiting requests; background records are retried with the next write."""
        self._failures += 1
        for done in waiting:
            if not done.done():
                done.set_exception(Unavailable("audit", error.reason))
        self._pending.extendleft(reversed(pending))
        if pending:
            _log.error(
                "audit records of owner reads could not be written and will be retried", extra={"reason": type(error).__name__}
            )
