"""A memory of public things, for services elsewhere: names and places, never a coordinate."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Final, Generic, TypeVar

from datasources.errors import SourceError

_FRESH_S: Final = 3_600.0
_KEPT: Final = 50_000
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LruCache(Generic[K, V]):
    """A bounded memory of public things, fresh for an hour, and older ones where the service is down."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._kept: OrderedDict[K, tuple[V, float]] = OrderedDict()

    def forget(self) -> None:
        """Everything."""
        self._kept.clear()

    async def many(self, keys: Sequence[K], fetch: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> dict[K, V]:
        """What is known of the keys; what is missing or old is fetched in one call."""
        now = self._now_s()
        known = {key: self._kept[key] for key in keys if key in self._kept}
        missing = [key for key in keys if key not in known or known[key][1] <= now]
        found = {key: value for key, (value, _) in known.items()}
        if not missing:
            return found
        try:
            fresh = await fetch(missing)
        except SourceError:
            if any(key not in known for key in missing):
                raise
            return found
        for key, value in fresh.items():
            self._kept[key] = value, now + _FRESH_S
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return {key: value for key, value in found.items() if key not in set(missing)} | dict(fresh)
