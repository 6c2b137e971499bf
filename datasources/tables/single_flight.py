"""Single-flight loading: concurrent requests for a key share one load."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """Loads by key, never the same key twice at a time. A failed load fails for each waiter."""

    def __init__(self, load: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._load = load
        self._loading: dict[K, asyncio.Task[Mapping[K, V]]] = {}

    async def load_many(self, keys: Iterable[K]) -> dict[K, V]:
        """The values that exist. Cancelling a waiter does not cancel the load, because others may wait for it."""
        wanted = list(dict.fromkeys(keys))
        new = [key for key in wanted if key not in self._loading]
        if new:
            task = asyncio.create_task(self._start(new))
            task.add_done_callback(_retrieve)
            self._loading.update(dict.fromkeys(new, task))
        waited = [(key, self._loading[key]) for key in wanted]
        loaded = {task: await asyncio.shield(task) for task in dict.fromkeys(task for _, task in waited)}
        return {key: loaded[task][key] for key, task in waited if key in loaded[task]}

    async def _start(self, keys: Sequence[K]) -> Mapping[K, V]:
        try:
            return await self._load(keys)
        finally:
            for key in keys:
                del self._loading[key]


def _retrieve(task: asyncio.Task[Mapping[K, V]]) -> None:
    """Marks the exception of a load without waiters as retrieved, so that asyncio does not log it."""
    if not task.cancelled():
        task.exception()
