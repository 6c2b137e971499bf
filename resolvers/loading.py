"""A batching loader for all sources: collects the keys of one level of the response and calls the source once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from aiodataloader import DataLoader

from datasources.instrumentation.call_stats import record_batch

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Loader(DataLoader[Any, Any], Generic[K, V]):  # type: ignore[misc] # aiodataloader is untyped here
    """A DataLoader for one request; `cancel` stops its running batches. Absent keys load as None."""

    def __init__(self, fetch: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        super().__init__()
        self._fetch = fetch
        self._running: set[asyncio.Task[Any]] = set()

    async def batch_load_fn(self, keys: list[K]) -> list[V | None]:
        """One source call for all collected keys."""
        record_batch(len(keys))
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
        """The value of a key. Fields with the same key share a future; the shield keeps it alive when one of their tasks
        is cancelled.
        """
        return asyncio.shield(super().load(key))

    async def one(self, key: K) -> V | None:
        """The value of one key; None if absent."""
        value: V | None = await self.load(key)
        return value

    async def many(self, keys: Sequence[K]) -> list[V]:
        """The values of these keys in order, without the absent ones."""
        values: list[V | None] = await self.load_many(list(keys))
        return [v for v in values if v is not None]

    def cancel(self) -> None:
        """Cancels the running batches, at the end of the request."""
        for task in tuple(self._running):
            task.cancel()
