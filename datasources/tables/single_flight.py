"""Single flight: what is already being loaded is waited for, what is not is loaded together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """Loads by key, never the same key twice at a time. A failure reaches everybody who waited for it."""

    def __init__(self, load: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._load = load
        self._flying: dict[K, asyncio.Task[Mapping[K, V]]] = {}

    async def many(self, keys: Iterable[K]) -> dict[K, V]:
        """What there is for the keys. A waiter who is cancelled does not cancel the load: others may wait for it too."""
        wanted = list(dict.fromkeys(keys))
        new = [key for key in wanted if key not in self._flying]
        if new:
            task = asyncio.create_task(self._fly(new))
            task.add_done_callback(_seen)
            self._flying.update(dict.fromkeys(new, task))
        waited = [(key, self._flying[key]) for key in wanted]
        loaded = {task: await asyncio.shield(task) for task in dict.fromkeys(task for _, task in waited)}
        return {key: loaded[task][key] for key, task in waited if key in loaded[task]}

    async def _fly(self, keys: Sequence[K]) -> Mapping[K, V]:
        try:
            return await self._load(keys)
        finally:
            for key in keys:
                del self._flying[key]


def _seen(task: asyncio.Task[Mapping[K, V]]) -> None:
    """A failure that nobody waits for any more is no news."""
    if not task.cancelled():
        task.exception()
