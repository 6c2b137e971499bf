"""A bell inside one process: whoever waits looks again at once. Elsewhere they look again after a while, so none is needed."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Notifier:
    """Rings are counted, so that one between looking and waiting is not missed."""

    def __init__(self) -> None:
        self.rings = 0
        self._condition = asyncio.Condition()

    async def notify(self) -> None:
        """Wakes everybody."""
        self.rings += 1
        async with self._condition:
            self._condition.notify_all()

    async def after(self, rings: int, *, at_most_s: float) -> None:
        """Returns when the bell has rung since `rings` was read, or after a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most_s), self._condition:
                await self._condition.wait_for(lambda: self.rings != rings)
