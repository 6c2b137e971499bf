"""Notifies tasks of the same process that wait for a change. Tasks of other processes poll."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Notifier:
    """Counts notifications, so that one between a check and the wait is not missed."""

    def __init__(self) -> None:
        self.count = 0
        self._condition = asyncio.Condition()

    async def notify(self) -> None:
        """Wakes every waiting task."""
        self.count += 1
        async with self._condition:
            self._condition.notify_all()

    async def wait(self, count: int, *, timeout_s: float) -> None:
        """Returns when there was a notification since `count` was read, or after `timeout_s`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), self._condition:
                await self._condition.wait_for(lambda: self.count != count)
