"""Keeping the index up with what an import writes: by ourselves when the index is ours, else by whoever has it.

When it is ours, photos are indexed as they are written, and the feed is read behind them: what others wrote meanwhile is
indexed too, and only then is the mark set. So a kill at any moment leaves a mark that is too low, never one too high.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from datasources import Sources
from datasources.errors import Corrupt, SourceError
from datasources.photo_key import PhotoKey
from datasources.search.port import PhotoDocument, Removal, Unwritable
from datasources.tables.photos import PHOTOS, PhotoRecord
from indexing.documents import CONSUMER, documents, entries
from indexing.index_lag import IndexLag

_CHANGES = 5_000
_REFRESH_EVERY = 40
"""Batches between two refreshes: each costs a commit of the index."""
_NEAR = 1_000
_IDLE_S = 0.1
_SLOWEST_S = 5.0
_log = logging.getLogger("photos.following")


@dataclass
class IndexFollower:
    """Indexes in bulk, for the one process that has the index; tells `freshness` what the index has reached."""

    sources: Sources
    freshness: IndexLag | None = None
    reads_feed: bool = True
    """False where Lambda follows: then only what is added here is indexed here."""
    _written: dict[PhotoKey, int] = field(default_factory=dict)
    _batches: int = 0

    async def add(self, records: Sequence[PhotoRecord]) -> None:
        """Photos just written; visible after `settle` at the latest."""
        await self._write(await documents(self.sources, records))
        self._written.update({r.key: r.version for r in records})
        self._batches += 1
        if self._batches % _REFRESH_EVERY == 0:
            await self.settle()

    async def settle(self) -> int:
        """Everything in the feed is in the index, durable and visible, and the mark says so; how many changes there were."""
        if not self.reads_feed:
            await self.sources.index.refresh()
            return 0
        count, doubts = 0, 0 if self.freshness is None else self.freshness.doubts
        while changes := await self.sources.feed.read(await self.sources.feed.mark(CONSUMER), limit=_CHANGES):
            newest = {PhotoKey(*c.key): c.version for c in changes if c.table == PHOTOS.name}
            others = [k for k, version in newest.items() if self._written.get(k, 0) < version]
            made = await self._entries(others) if others else ()
            if newest:
                await self._write(made)
                await self.sources.index.refresh()
            if self.freshness is not None:
                await self.freshness.reached({e.key: e.version for e in made})
            await self.sources.feed.set_mark(CONSUMER, changes[-1].position)
            count += len(changes)
        if self.freshness is not None:
            await self.freshness.followed(doubts)
        self._written.clear()
        return count

    async def index(self, keys: Sequence[PhotoKey]) -> None:
        """Brings the index up to the tables for these photos, durable on return."""
        await self._write(await self._entries(keys))

    async def _write(self, made: Sequence[PhotoDocument | Removal]) -> None:
        """One photo that the engine does not take must not keep the others waiting: the next try would fail alike."""
        try:
            await self.sources.index.write(made)
        except Unwritable as e:
            _log.error("photos are left out of the index", extra={"count": len(e.keys)})

    async def _entries(self, keys: Sequence[PhotoKey]) -> Sequence[PhotoDocument | Removal]:
        """One photo that cannot be read must not keep the rest of the library from being found: it alone is left out."""
        try:
            return await entries(self.sources, keys)
        except Corrupt:
            return [entry for key in keys for entry in await self._entry(key)]

    async def _entry(self, key: PhotoKey) -> Sequence[PhotoDocument | Removal]:
        try:
            return await entries(self.sources, [key])
        except Corrupt:
            _log.exception("a photo cannot be read and is left out of the index", extra={"path": f"{key.owner}/{key.id}"})
            records = await self.sources.photos.raw([key])
            return [Removal(key, r.version) for r in records.values()]


async def follow(
    follower: IndexFollower, pause: Callable[[float], Awaitable[None]] = asyncio.sleep, *, idle_s: float = _IDLE_S
) -> NoReturn:
    """Settles for ever: at once when there is more, every 100 ms when there is nothing, ever slower while a source fails."""
    failures = 0
    while not follower.reads_feed:
        await pause(_SLOWEST_S)
    while True:
        try:
            await follower.settle()
            failures = 0
        except SourceError as e:
            failures += 1
            _log.warning("the index is not following", extra={"reason": f"{e.source}: {type(e).__name__}"})
        await pause(min(idle_s * 2**failures, _SLOWEST_S))


async def index_position_reached(sources: Sources, position: str | None) -> bool:
    """Whether the index, elsewhere, holds every change up to a position of the feed."""
    if position is None or await sources.feed.lag(CONSUMER) == 0:
        return True
    if await sources.feed.lag(CONSUMER) > _NEAR:
        return False
    ahead = await sources.feed.read(await sources.feed.mark(CONSUMER), limit=_NEAR)
    return all(change.position != position for change in ahead)
