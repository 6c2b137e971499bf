"""Read your own writes: which photos the index is known to be behind with, and waiting for it, within a bound.

A mutation writes the tables, then the index. If the index did not follow in time, the owner is marked behind until the
feed's handler has caught up; questions about that owner wait a little and otherwise say that they are stale.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from datasources.photo_key import PhotoKey

T = TypeVar("T")


class IndexLag:
    """Kept for the life of a process. Nothing is behind at first: the server catches up before it is ready.

    Questions wait at most `patience_s` for the index, writes at most `follow_s`.
    """

    def __init__(self, *, patience_s: float = 0.5, follow_s: float = 1.0) -> None:
        self._patience_s = patience_s
        self.follow_s = follow_s
        self._behind: dict[str, dict[str, int]] = {}
        self._writing: Counter[str] = Counter()
        self._doubted: dict[str, int] = {}
        self._doubts = 0
        self._moved = asyncio.Condition()
        self._kept: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def writing(self, owner: str) -> AsyncIterator[None]:
        """The tables are being written: until `expect` has said what was, nobody is told that the index agrees.

        Versions are known only after the write, and a question could fall in between.
        """
        self._writing[owner] += 1
        try:
            yield
        finally:
            self._writing[owner] -= 1
            if not self._writing[owner]:
                del self._writing[owner]
            async with self._moved:
                self._moved.notify_all()

    @asynccontextmanager
    async def doubting(self, owner: str) -> AsyncIterator[None]:
        """As `writing`, for a write of which nobody can say, when it fails, what of it has landed.

        The owner is in doubt then: no question is told that the index agrees until all changes up to then have been followed.
        """
        async with self.writing(owner):
            try:
                yield
            except BaseException:
                self.doubt(owner)
                raise

    def doubt(self, owner: str) -> None:
        """Something of this owner may have been written: nobody is told that the index agrees until it has followed."""
        self._doubts += 1
        self._doubted[owner] = self._doubts

    @property
    def doubts(self) -> int:
        """The number of the last doubt: `followed` wants what it was before the changes were read."""
        return self._doubts

    async def followed(self, doubts: int, owner: str | None = None) -> None:
        """The index holds every change, of this owner or of all, that was there when the last doubt had this number."""
        async with self._moved:
            gone = [o for o, number in self._doubted.items() if number <= doubts and owner in {None, o}]
            for each in gone:
                del self._doubted[each]
            self._moved.notify_all()

    def expect(self, versions: Mapping[PhotoKey, int]) -> None:
        """These photos were written; the index must reach these versions."""
        for key, version in versions.items():
            waiting = self._behind.setdefault(key.owner, {})
            waiting[key.id] = max(version, waiting.get(key.id, 0))

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

    def keep(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Runs work that must not end with its request: a write half done, an index half way."""
        task = asyncio.create_task(work)
        self._kept.add(task)
        task.add_done_callback(self._let_go)
        return task

    async def close(self) -> None:
        """Waits for the work that is still kept; call it before the sources are closed."""
        while self._kept:
            await asyncio.wait(self._kept)

    def _let_go(self, task: asyncio.Task[Any]) -> None:
        self._kept.discard(task)
        if not task.cancelled():
            # Whoever awaits the task sees its failure; when nobody does any more, asyncio shall not complain about that.
            task.exception()

    def _late(self, owners: frozenset[str]) -> bool:
        return any(owner in self._behind or owner in self._writing or owner in self._doubted for owner in owners)
