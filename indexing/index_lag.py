"""Read-your-writes: tracks written photos that the index does not contain yet, and waits for the index with a time limit.

A mutation writes the tables, then the index. If indexing is late, the written versions stay pending until the change
feed consumer has indexed them. Searches in that owner's library wait up to `search_wait_s`, then report stale results.
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
    """One per process. Starts with nothing pending, because the server indexes the change feed before it is ready.

    Searches wait at most `search_wait_s` for the index, mutations at most `write_wait_s`.
    """

    def __init__(self, *, search_wait_s: float = 0.5, write_wait_s: float = 1.0) -> None:
        self._search_wait_s = search_wait_s
        self.write_wait_s = write_wait_s
        self._pending: dict[str, dict[str, int]] = {}
        self._writing: Counter[str] = Counter()
        self._unknown: dict[str, int] = {}
        self._unknown_count = 0
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def writing(self, owner: str) -> AsyncIterator[None]:
        """Reports the owner as behind while the tables are being written.

        Versions are known only after the write, and a search could run between the write and `mark_pending`.
        """
        self._writing[owner] += 1
        try:
            yield
        finally:
            self._writing[owner] -= 1
            if not self._writing[owner]:
                del self._writing[owner]
            async with self._changed:
                self._changed.notify_all()

    @asynccontextmanager
    async def unknown_on_failure(self, owner: str) -> AsyncIterator[None]:
        """As `writing`, for a write that may be partly stored when it fails.

        After a failure the owner stays behind until all changes up to then are indexed.
        """
        async with self.writing(owner):
            try:
                yield
            except BaseException:
                self.mark_unknown(owner)
                raise

    def mark_unknown(self, owner: str) -> None:
        """Photos of this owner may have been written; the owner is behind until `clear_unknown`."""
        self._unknown_count += 1
        self._unknown[owner] = self._unknown_count

    @property
    def unknown_count(self) -> int:
        """How often `mark_unknown` was called. Read it before you read changes, and pass it to `clear_unknown`."""
        return self._unknown_count

    async def clear_unknown(self, unknown_count: int, owner: str | None = None) -> None:
        """The index contains every change, of this owner or of all, that was stored when the count had this value."""
        async with self._changed:
            indexed = [o for o, number in self._unknown.items() if number <= unknown_count and owner in {None, o}]
            for each in indexed:
                del self._unknown[each]
            self._changed.notify_all()

    def mark_pending(self, versions: Mapping[PhotoKey, int]) -> None:
        """These versions were written and are not indexed yet."""
        for key, version in versions.items():
            waiting = self._pending.setdefault(key.owner, {})
            waiting[key.id] = max(version, waiting.get(key.id, 0))

    async def mark_indexed(self, versions: Mapping[PhotoKey, int]) -> None:
        """The index contains these photos at these versions or later."""
        async with self._changed:
            for key, version in versions.items():
                waiting = self._pending.get(key.owner, {})
                if waiting.get(key.id, version + 1) <= version:
                    del waiting[key.id]
                    if not waiting:
                        del self._pending[key.owner]
            self._changed.notify_all()

    async def wait_until_indexed(self, owners: Iterable[str]) -> bool:
        """Waits until nothing of these owners is pending; False after `search_wait_s`."""
        waited_for = frozenset(owners)
        if not self._is_behind(waited_for):
            return True
        try:
            async with asyncio.timeout(self._search_wait_s), self._changed:
                await self._changed.wait_for(lambda: not self._is_behind(waited_for))
        except TimeoutError:
            return False
        return True

    def run_in_background(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Runs work that must continue when its request is cancelled, such as a started write."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget_task)
        return task

    async def close(self) -> None:
        """Waits for all background work; call it before the sources are closed."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _forget_task(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Reads the exception so that asyncio does not log "exception was never retrieved" for a cancelled caller.
            task.exception()

    def _is_behind(self, owners: frozenset[str]) -> bool:
        return any(owner in self._pending or owner in self._writing or owner in self._unknown for owner in owners)
