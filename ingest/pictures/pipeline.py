"""The second part of an import: files are copied or linked, looked at once, and compared. Any of it may be interrupted.

While metadata is written, each file is only remembered (one small sealed row). Then, apart from it, files are kept and looked
at in worker processes, a few at once; a row that is done waits no more, so whatever kills us, the same import goes on.
Files out of archives do not outlast their batch: they are kept at once.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from access.policy import OWNER_VISIBILITY
from datasources import Sources
from datasources.media.referenced_files import FileChanged
from datasources.photo_key import PhotoKey
from datasources.tables.pictures import MOST_TWINS, PictureRecord, Shown, Waiting
from ingest.pictures.image_stats import ImageStats
from ingest.pictures.near_duplicates import NearDuplicates
from ingest.pictures.store_originals import Keeper
from ingest.pictures.worker_jobs import WORK
from ingest.readers.reading import Item
from workers.pool import WorkerDied, WorkerPool

_TRIES = 5
_AT_ONCE = 96
_BATCH = 24
"""Written together: a kill costs so many looks at most."""
_OPEN = 8
"""Files in hand at once: while some are on their way to the disk, others are looked at."""


class _Looked(NamedTuple):
    """What will be written of a file, and what shows it."""

    record: PictureRecord
    shown: Shown | None = None
    lost: bool = False


@dataclass
class ImagePipeline:
    """The files of one owner's import. Close it: it holds worker processes once it has looked at something."""

    sources: Sources
    owner: str
    link: bool = False
    now_s: Callable[[], float] = time.monotonic
    looked: ImageStats = field(default_factory=ImageStats)
    _twins: NearDuplicates | None = None
    _workers: WorkerPool | None = None

    async def take(self, items: Sequence[tuple[PhotoKey, Item]]) -> None:
        """Remembers the files of photos that were written; those of archives are kept now."""
        found = {key: item for key, item in items if item.original is not None}
        if not found:
            return
        known = await self.sources.pictures.raw(list(found))
        photos = await self.sources.photos.raw(list(found))
        waiting = []
        for key, item in found.items():
            if key not in photos or photos[key].deleted:
                continue
            record = known.get(key) or PictureRecord(owner=self.owner, id=key.id)
            if record.original is not None and not record.linked and (record.motion or item.motion is None):
                continue
            told = _waiting(item, link=self.link)
            if item.original is not None and item.original.spooled:
                begun = self.now_s()
                await self._look([(record, told)])
                self.looked.seconds += self.now_s() - begun
            else:
                waiting.append((record, told))
        if waiting:
            await self.sources.pictures.put_waiting(waiting)

    async def run(self, stop: asyncio.Event, moved: Callable[[int], None]) -> bool:
        """Looks at everything that waits; False when stopped before the end. `moved` hears how many are done."""
        begun = self.now_s()
        try:
            return await self._run(stop, moved)
        finally:
            self.looked.seconds += self.now_s() - begun

    async def _run(self, stop: asyncio.Event, moved: Callable[[int], None]) -> bool:
        done = 0
        while waiting := await self.sources.pictures.waiting(self.owner, limit=_AT_ONCE):
            for at in range(0, len(waiting), _BATCH):
                if stop.is_set():
                    return False
                batch = waiting[at : at + _BATCH]
                await self._look(batch)
                done += len(batch)
                moved(done)
        return True

    def close(self) -> None:
        """Ends the workers."""
        if self._workers is not None:
            self._workers.close()

    @property
    def _keeper(self) -> Keeper:
        return Keeper(self.sources.originals, self.owner)

    def _pool(self) -> WorkerPool:
        self._workers = self._workers or WorkerPool(WORK, count=min(2, os.cpu_count() or 1))
        return self._workers

    async def _look(self, batch: Sequence[tuple[PictureRecord, Waiting]]) -> None:
        """Keeps and looks at several at once, so that the disk and the workers never wait for each other; then writes once."""
        at_once = asyncio.Semaphore(_OPEN)

        async def one(record: PictureRecord, waiting: Waiting) -> _Looked:
            async with at_once:
                return await self._kept_and_seen(record, waiting)

        await self._settle(await asyncio.gather(*(one(*found) for found in batch)))

    async def _kept_and_seen(self, record: PictureRecord, waiting: Waiting) -> _Looked:
        try:
            kept = await self._keeper.files(record, waiting)
        except (FileChanged, OSError):
            self.looked.lost += 1
            return _Looked(msgspec.structs.replace(record, waiting=False), lost=True)
        seen = await self._seen(waiting)
        self.looked.kept += 1
        if seen is None:
            return _Looked(kept)
        width, height = seen["size"]
        poster = None if seen["poster"] is None else await self._keeper.poster(seen["poster"])
        shown = Shown(seen["thumbhash"], seen["hashes"], seen["sketch"])
        return _Looked(msgspec.structs.replace(kept, width=width, height=height, poster=poster or kept.poster), shown)

    async def _seen(self, waiting: Waiting) -> dict[str, Any] | None:
        """What a worker saw in it; None when it cannot be shown, which costs nothing but its picture."""
        film = waiting.content_type.startswith("video/")
        try:
            seen: dict[str, Any] = await asyncio.wrap_future(
                self._pool().submit({"do": "look", "path": os.fsdecode(waiting.path), "film": film})
            )
        except WorkerDied:
            self.looked.unshowable += 1
            return None
        return seen

    async def _settle(self, batch: Sequence[_Looked]) -> None:
        """Compares them, with each other too, and writes what is known of them."""
        twins = await self._known_twins()
        whole, told = [], []
        for record, shown, lost in batch:
            same = () if lost else tuple(twins.of(record.id, record.original, shown)[:MOST_TWINS])
            if not lost:
                twins.add(record.id, record.original, shown)
            whole.append((record if lost else msgspec.structs.replace(record, twins=same), shown))
            told += [(same, record.id)] if same else []
        saved = await self.sources.pictures.save_many(whole)
        for (record, shown), done in zip(whole, saved, strict=True):
            if done is None:
                await self._save(record, shown)
        for same, photo in told:
            await self._tell(same, photo)

    async def _save(self, record: PictureRecord, shown: Shown | None) -> None:
        """Others that are looked at now may have told it of themselves meanwhile."""
        for _ in range(_TRIES):
            if await self.sources.pictures.save(record, shown) is not None:
                return
            known = (await self.sources.pictures.raw([record.key])).get(record.key)
            if known is None:  # deleted while we looked
                await self.sources.originals.delete(self.owner, record.files)
                return
            twins = tuple(dict.fromkeys((*record.twins, *known.twins)))[:MOST_TWINS]
            record = msgspec.structs.replace(record, version=known.version, twins=twins)

    async def _tell(self, photos: Sequence[str], twin: str) -> None:
        """The others learn of it too, those that are still there and know of few enough."""
        left = [PhotoKey(self.owner, p) for p in photos]
        for _ in range(_TRIES):
            known = await self.sources.pictures.raw(left) if left else {}
            told = [r for r in known.values() if twin not in r.twins and len(r.twins) < MOST_TWINS]
            changed = [msgspec.structs.replace(r, twins=(*r.twins, twin)) for r in told]
            left = [r.key for r in changed if await self.sources.pictures.save(r) is None]

    async def _known_twins(self) -> NearDuplicates:
        if self._twins is None:
            twins, after = NearDuplicates(), None
            while True:
                records, after = await self.sources.pictures.of_owner(self.owner, after=after)
                for seen in await self.sources.pictures.opened(records, OWNER_VISIBILITY):
                    twins.add(seen.record.id, seen.record.original, seen.shown)
                if after is None:
                    break
            self._twins = self._twins or twins
        return self._twins


def _waiting(item: Item, *, link: bool) -> Waiting:
    original, motion = item.original, item.motion
    assert original is not None
    return Waiting(
        os.fsencode(original.path),
        original.sha256,
        original.content_type,
        link and not original.spooled,
        None if motion is None else os.fsencode(motion.path),
        None if motion is None else motion.sha256,
    )
