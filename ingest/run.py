"""An import from beginning to end: read, write, index, report; stoppable, resumable, repeatable."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from datasources import Sources
from datasources.aws.stack import Stack
from datasources.data_folder import EMBEDDED, IndexLock, prepare
from datasources.vendors import NO_VENDORS, Vendors
from datasources.wiring import open_index
from indexing.change_feed_consumer import IndexFollower, index_position_reached
from indexing.documents import CONSUMER
from indexing.open_stores import open_shared
from indexing.progress import ProgressDisplay
from ingest.checkpoints import Checkpoint, Checkpoints
from ingest.counters import Counters
from ingest.pictures.image_stats import ImageStats
from ingest.pictures.pipeline import ImagePipeline
from ingest.readers.export import ExportReader
from ingest.readers.opening import open_reader
from ingest.readers.reading import Item, Reader, Reading
from ingest.restoring import Restoring
from resolvers.importing.upsert import upsert
from resolvers.importing.writer import Done, Writer

BATCH = 250
HOLDER = "an import"
_LOOK_S = 0.1
_COPIED = 1 << 30


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be imported: from where, for whom (their external id), and whether the deleted come back."""

    path: Path
    owner: str
    restore: bool = False
    link: bool = False
    more: tuple[Path, ...] = ()
    """Further parts of the same library (the zips of one Takeout)."""


@dataclass
class Import:
    """One import into opened sources. `follower` is None where another process has the index."""

    sources: Sources
    follower: IndexFollower | None
    screen: ProgressDisplay
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    tally: Counters = field(default_factory=Counters)
    pictures: ImagePipeline | None = None

    async def run(self, reader: Reader, order: Order, data: Path) -> bool:
        """Writes everything that is not behind already; False when it was stopped. Indexing is `finish`'s."""
        ids = self.sources.ids
        owner = ids.local_id("customer", order.owner)
        await self.sources.customers.ensure(owner, order.owner, now_ms=self.sources.now_ms())
        paths = [os.fspath(path.resolve()).encode("utf-8", "surrogateescape").hex() for path in (order.path, *order.more)]
        name = ids.local_id("import", owner, *paths, str(order.restore))
        bookmarks = Checkpoints.of(data, name)
        known = bookmarks.read(reader.fingerprint)
        if known is not None:
            self.tally.resume(known.counts)
            self.screen.say(f"Going on after {self.tally.records:,} records of an interrupted import, counted in below.")
        writer = Writer(self.sources, owner, restore=order.restore)
        if isinstance(reader, ExportReader):
            restoring = Restoring(self.sources, owner)
            await restoring.restore(reader)
            writer.knows(albums=restoring.albums, people=restoring.people)
        self.pictures = ImagePipeline(self.sources, owner, link=order.link)
        batches = _batches(reader.readings(known.position if known else None))
        ahead = asyncio.create_task(asyncio.to_thread(next, batches, None))
        try:
            while batch := await ahead:
                ahead = asyncio.create_task(asyncio.to_thread(next, batches, None))  # read while the last one is written
                await self._write(writer, batch)
                reader.release(batch)
                bookmarks.keep(Checkpoint(reader.fingerprint, batch[-1].position, self.tally.counts))
                self.screen.moved(self.tally.records, batch[-1].done, reader.total)
                if self.stop.is_set():
                    return False
        finally:
            reader.stop()
            await asyncio.wait([ahead])
        bookmarks.remove()
        return True

    async def _write(self, writer: Writer, batch: Sequence[Reading]) -> None:
        items = [r for r in batch if isinstance(r, Item)]
        for reading in batch:
            if not isinstance(reading, Item):
                self.tally.turned_away(reading)
        outcomes = await self._outcomes(writer, items)
        for item, done in outcomes:
            self.tally.count(done.outcome.value)
            for remark in item.remarks:
                self.tally.remark(item.where, remark)
            if writer.unknown_place(item.record):
                self.tally.remark(item.where, "its placeId is no place we know and was left out")
        if self.pictures is not None:
            await self.pictures.take([(writer.key_of(item.record), item) for item, _ in outcomes])
        written = {d.written.key: d.written for _, d in outcomes if d.written is not None}
        if self.follower is not None and written:
            await self.follower.add(list(written.values()))

    async def _outcomes(self, writer: Writer, items: Sequence[Item]) -> list[tuple[Item, Done]]:
        """What was taken; the others are counted as rejected."""
        outcomes: list[tuple[Item, Done]] = []
        for item, done in zip(items, await upsert(writer, [i.record for i in items]), strict=True):
            if isinstance(done, str):
                self.tally.reject(item.where, done)
            else:
                outcomes.append((item, done))
        return outcomes

    async def look(self) -> bool:
        """Keeps the files and looks at them; False when told to stop before the end, and the same import goes on."""
        if self.pictures is None:
            return True
        try:
            return await self.pictures.run(self.stop, self.screen.looked)
        finally:
            self.pictures.close()

    def close(self) -> None:
        """Ends the workers that look at pictures, stopped or not."""
        if self.pictures is not None:
            self.pictures.close()

    async def finish(self, data: Path) -> bool:
        """Returns when the index has everything written here; False when told to stop before."""
        if self.follower is not None:
            await self.follower.settle()
            return True
        head = await self.sources.feed.head()
        told = False
        while not await index_position_reached(self.sources, head):
            # Whoever had the index may have ended without seeing our last changes: then it is our turn.
            lock = IndexLock.take(data, HOLDER)
            if lock is not None:
                with lock:
                    await self._settle_ourselves(data)
                return True
            if not told:
                lag = await self.sources.feed.lag(CONSUMER)
                self.screen.say(f"Everything is written; the running server is indexing it ({lag:,} changes to go).")
                told = True
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), _LOOK_S)
            if self.stop.is_set():
                return False
        return True

    async def _settle_ourselves(self, data: Path) -> None:
        index = open_index(data)
        try:
            await IndexFollower(replace(self.sources, index=index)).settle()
        finally:
            await index.close()


@dataclass(frozen=True, slots=True)
class Ended:
    """How an import ended: what was counted, whether all of it was read, and how long it took."""

    tally: Counters
    whole: bool
    seconds: float
    unknown: list[str]
    looked: ImageStats | None = None
    """What was done with the files, after those seconds."""


async def run_import(
    data: Path,
    order: Order,
    screen: ProgressDisplay,
    stop: asyncio.Event,
    now_s: Callable[[], float] = time.monotonic,
    *,
    stack: Stack | None = None,
    vendors: Vendors = NO_VENDORS,
) -> Ended:
    """Imports a path into a data folder, beside a running server too. Raises `Unreadable`, `UnusableFolder`, `SourceError`."""
    begun = now_s()
    reader = await asyncio.to_thread(_open, data, order, EMBEDDED if stack is None else stack.name)
    try:
        async with open_shared(data, HOLDER, stack, vendors) as (sources, ours):
            follower = IndexFollower(sources, reads_feed=stack is None or stack.follow) if ours else None
            job = Import(sources, follower, screen, stop)
            try:
                whole = await job.run(reader, order, data)
                settled = await job.finish(data)
                # What was done with files out of archives in between is told apart.
                seconds = now_s() - begun - (job.pictures.looked.seconds if job.pictures else 0.0)
                whole = whole and await job.look() and settled
            finally:
                job.close()
    finally:
        reader.close()
    return Ended(job.tally, whole, seconds, reader.unknown.names, job.pictures.looked if job.pictures else None)


def _open(data: Path, order: Order, engines: str) -> Reader:
    if order.path.exists():
        prepare(data, engines)  # members of archives lie there while they are written
    return open_reader(order.path, *order.more, spool=data / "imports")


def _batches(readings: Iterator[Reading]) -> Iterator[list[Reading]]:
    """So many readings, or so many bytes of copies that lie on the disk until they are written."""
    batch: list[Reading] = []
    copied = 0
    for reading in readings:
        batch.append(reading)
        if isinstance(reading, Item):
            copied += sum(o.size for o in (reading.original, reading.motion) if o is not None and o.spooled)
        if len(batch) == BATCH or copied > _COPIED:
            yield batch
            batch, copied = [], 0
    if batch:
        yield batch
