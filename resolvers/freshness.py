"""Read your own writes: which photos the index is known to be behind with, and waiting for it, within a bound.

A mutation writes the tables, then the index. If the index did not follow in time, the owner is marked behind until the
feed's handler has caught up; questions about that owner wait a little and otherwise say that they are stale.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from datasources.photo_key import PhotoKey


class Freshness:
    """Kept for the life of a process. Nothing is behind at first: the server catches up before it is ready."""

    def __init__(self, *, patience_s: float = 0.5) -> None:
        self._patience_s = patience_s
        self._behind: dict[str, dict[str, int]] = {}
        self._moved = asyncio.Condition()

    def expect(self, versions: Mapping[PhotoKey, int]) -> None:
        """These photos were written; the index must reach these versions."""
        for key, version in versions.items():
            self._behind.setdefault(key.owner, {})[key.id] = version

    async def reached(self, versions: Mapping[PhotoKey, int]) -> None:
        """The index holds these photos at these versions or later."""
        async with self._moved:
            for key, version in versions.items():
                waiting = self._behind.get(key.owner, {})
                if waiting.get(key.id, version + 1) <= version:
                    del waiting[key.id]
                    if not waiting:
                        del self._behind[key.owner]
            self._moved.notify_all()

    async def settled(self, owners: Iterable[str]) -> bool:
        """Waits until the index is not behind with any of these owners; False when patience ran out."""
        wanted = frozenset(owners)
        if not self._late(wanted):
            return True
        try:
            async with asyncio.timeout(self._patience_s), self._moved:
                await self._moved.wait_for(lambda: not self._late(wanted))
        except TimeoutError:
            return False
        return True

    def _late(self, owners: frozenset[str]) -> bool:
        return any(owner in self._behind for owner in owners)
