"""One loader for all sources: gathers the keys of a level of the answer and asks the source once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from aiodataloader import DataLoader

from datasources.instrumentation.call_stats import batched

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Loader(DataLoader[Any, Any], Generic[K, V]):  # type: ignore[misc] # aiodataloader is untyped here
    """Request-scoped: dies with its request, and its batches are cancelled with it. Absent keys load as None."""

    def __init__(self, fetch: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        super().__init__()
        self._fetch = fetch
        self._running: set[asyncio.Task[Any]] = set()

    async def batch_load_fn(self, keys: list[K]) -> list[V | None]:
        """One call to the source for all the keys gathered."""
        batched(len(keys))
        task = asyncio.current_task()
        if task is not None:
            self._running.add(task)
        try:
            found = await self._fetch(keys)
        finally:
            if task is not None:
                self._running.discard(task)
        return [found.get(key) for key in keys]

    def load(self, key: K | None = None) -> asyncio.Future[V | None]:
        """What belongs to a key. Fields that wait for the same key share its future: one that is given up must not take
        the answer from the others, as it does when a task is cancelled that waits for a bare future.
        """
        return asyncio.shield(super().load(key))

    async def one(self, key: K) -> V | None:
        """What belongs to one key."""
        value: V | None = await self.load(key)
        return value

    async def many(self, keys: Sequence[K]) -> list[V]:
        """What belongs to these keys, in order, without the absent."""
        values: list[V | None] = await self.load_many(list(keys))
        return [v for v in values if v is not None]

    def cancel(self) -> None:
        """Stops the batches under way: the request has ended."""
        for task in tuple(self._running):
            task.cancel()
