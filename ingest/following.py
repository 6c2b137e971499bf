"""Keeping the index up with what an import writes: by ourselves when the index is ours, else by whoever has it.

When it is ours, photos are indexed as they are written, and the feed is read behind them: what others wrote meanwhile is
indexed too, and only then is the mark set. So a kill at any moment leaves a mark that is too low, never one too high.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from datasources import Sources
from datasources.photo_key import PhotoKey
from datasources.tables.photos import PHOTOS, PhotoRecord
from resolvers.indexing import CONSUMER, documents, entries

_CHANGES = 5_000
_REFRESH_EVERY = 40
"""Batches between two refreshes: each costs a commit of the index."""
_NEAR = 1_000


@dataclass
class IndexFollower:
    """Indexes in bulk, for the one process that has the index."""

    sources: Sources
    _written: dict[PhotoKey, int] = field(default_factory=dict)
    _batches: int = 0

    async def add(self, records: Sequence[PhotoRecord]) -> None:
        """Photos just written; visible after `settle` at the latest."""
        await self.sources.index.write(await documents(self.sources, records))
        self._written.update({r.key: r.version for r in records})
        self._batches += 1
        if self._batches % _REFRESH_EVERY == 0:
            await self.settle()

    async def settle(self) -> None:
        """Everything in the feed is in the index, durable and visible, and the mark says so."""
        feed = self.sources.feed
        mark = await feed.mark(CONSUMER)
        refreshed = False
        while changes := await feed.read(mark, limit=_CHANGES):
            newest = {PhotoKey(*c.key): c.version for c in changes if c.table == PHOTOS.name}
            others = [k for k, version in newest.items() if self._written.get(k, 0) < version]
            if others:
                await self.sources.index.write(await entries(self.sources, others))
            if others or not refreshed:
                await self.sources.index.refresh()
                refreshed = True
            mark = changes[-1].position
            await feed.set_mark(CONSUMER, mark)
        self._written.clear()


async def reached(sources: Sources, position: str | None) -> bool:
    """Whether the index, elsewhere, holds every change up to a position of the feed."""
    if position is None or await sources.feed.lag(CONSUMER) == 0:
        return True
    if await sources.feed.lag(CONSUMER) > _NEAR:
        return False
    ahead = await sources.feed.read(await sources.feed.mark(CONSUMER), limit=_NEAR)
    return all(change.position != position for change in ahead)
