"""Updates the index from the change feed, in the one process that has the index.

Photos that this process writes are indexed directly. Afterwards the feed is read, the changes of other processes are indexed, and
only then is the checkpoint stored. If the process dies, the checkpoint may be too old but never too new.
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
from indexing.documents import CONSUMER, documents, index_entries
from indexing.index_lag import IndexLag

_CHANGES = 5_000
_REFRESH_EVERY = 40
"""Batches between two refreshes, because each refresh commits the index."""
_NEAR = 1_000
_IDLE_S = 0.1
_SLOWEST_S = 5.0
_log = logging.getLogger("photos.following")


@dataclass
class IndexFollower:
    """Updates the index, and reports the indexed versions to `index_lag`."""

    sources: Sources
    index_lag: IndexLag | None = None
    reads_feed: bool = True
    """False if a Lambda function reads the feed; then only added records are indexed here."""
    _written: dict[PhotoKey, int] = field(default_factory=dict)
    _batches: int = 0

    async def add(self, records: Sequence[PhotoRecord]) -> None:
        """Indexes photos that were just written. They are searchable after `catch_up` at the latest."""
        await self._write(await documents(self.sources, records))
        self._written.update({r.key: r.version for r in records})
        self._batches += 1
        if self._batches % _REFRESH_EVERY == 0:
            await self.catch_up()

    async def catch_up(self) -> int:
        """Indexes all changes in the feed, durably and searchable, and stores the checkpoint; returns the number of changes."""
        if not self.reads_feed:
            await self.sources.index.refresh()
            return 0
        count, unknown = 0, 0 if self.index_lag is None else self.index_lag.unknown_count
        while changes := await self.sources.feed.read(await self.sources.feed.mark(CONSUMER), limit=_CHANGES):
            newest = {PhotoKey(*c.key): c.version for c in changes if c.table == PHOTOS.name}
            others = [k for k, version in newest.items() if self._written.get(k, 0) < version]
            entries = await self._entries(others) if others else ()
            if newest:
                await self._write(entries)
                await self.sources.index.refresh()
            if self.index_lag is not None:
                await self.index_lag.mark_indexed({e.key: e.version for e in entries})
            await self.sources.feed.set_mark(CONSUMER, changes[-1].position)
            count += len(changes)
        if self.index_lag is not None:
            await self.index_lag.clear_unknown(unknown)
        self._written.clear()
        return count

    async def index(self, keys: Sequence[PhotoKey]) -> None:
        """Updates the index for these photos from the tables; the changes are durable when it returns."""
        await self._write(await self._entries(keys))

    async def _write(self, entries: Sequence[PhotoDocument | Removal]) -> None:
        """Writes entries. Photos that the engine rejects are omitted, because a retry would fail again and block the others."""
        try:
            await self.sources.index.write(entries)
        except Unwritable as e:
            _log.error("photos were rejected by the index", extra={"count": len(e.keys)})

    async def _entries(self, keys: Sequence[PhotoKey]) -> Sequence[PhotoDocument | Removal]:
        """The index entries of photos. A photo that cannot be read is removed from the index instead of blocking the others."""
        try:
            return await index_entries(self.sources, keys)
        except Corrupt:
            return [entry for key in keys for entry in await self._entry(key)]

    async def _entry(self, key: PhotoKey) -> Sequence[PhotoDocument | Removal]:
        try:
            return await index_entries(self.sources, [key])
        except Corrupt:
            _log.exception("a photo cannot be read and was removed from the index", extra={"path": f"{key.owner}/{key.id}"})
            records = await self.sources.photos.raw([key])
            return [Removal(key, r.version) for r in records.values()]


async def follow(
    follower: IndexFollower, pause: Callable[[float], Awaitable[None]] = asyncio.sleep, *, idle_s: float = _IDLE_S
) -> NoReturn:
    """Calls `catch_up` forever, every 100 ms; with exponential backoff up to 5 seconds while a source fails."""
    failures = 0
    while not follower.reads_feed:
        await pause(_SLOWEST_S)
    while True:
        try:
            await follower.catch_up()
            failures = 0
        except SourceError as e:
            failures += 1
            _log.warning("the index cannot be updated", extra={"reason": f"{e.source}: {type(e).__name__}"})
        await pause(min(idle_s * 2**failures, _SLOWEST_S))


async def index_position_reached(sources: Sources, position: str | None) -> bool:
    """Whether the index of another process has every change up to a position of the feed."""
    if position is None or await sources.feed.lag(CONSUMER) == 0:
        return True
    if await sources.feed.lag(CONSUMER) > _NEAR:
        return False
    ahead = await sources.feed.read(await sources.feed.mark(CONSUMER), limit=_NEAR)
    return all(change.position != position for change in ahead)
