"""An LRU cache of public data from remote services: names and places, never coordinates."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Final, Generic, TypeVar

from datasources.errors import SourceError

_TTL_S: Final = 3_600.0
_CAPACITY: Final = 50_000
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LruCache(Generic[K, V]):
    """A bounded cache. Entries expire after an hour, but are served while the service is unavailable."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._entries: OrderedDict[K, tuple[V, float]] = OrderedDict()

    def clear(self) -> None:
        """Remove all entries."""
        self._entries.clear()

    async def get_many(self, keys: Sequence[K], fetch: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> dict[K, V]:
        """The values of the keys; missing and expired ones are fetched in one call."""
        now = self._now_s()
        cached = {key: self._entries[key] for key in keys if key in self._entries}
        missing = [key for key in keys if key not in cached or cached[key][1] <= now]
        found = {key: value for key, (value, _) in cached.items()}
        if not missing:
            return found
        try:
            fetched = await fetch(missing)
        except SourceError:
            if any(key not in cached for key in missing):
                raise
            return found
        for key, value in fetched.items():
            self._entries[key] = value, now + _TTL_S
        while len(self._entries) > _CAPACITY:
            self._entries.popitem(last=False)
        return {key: value for key, value in found.items() if key not in set(missing)} | dict(fetched)
