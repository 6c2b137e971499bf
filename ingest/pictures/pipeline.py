"""The second phase of an import: files are stored, decoded once, and compared. It may be interrupted and continued.

While metadata is written, each file is only recorded as waiting, in an encrypted row. Afterwards files are stored and then
decoded in worker processes, a few concurrently. A processed row is no longer waiting, so the same import continues after an
interruption. Files from archives exist only during their batch, so they are processed immediately.
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
from datasources.tables.pictures import MAX_NEAR_DUPLICATES, PictureRecord, Shown, Waiting
from ingest.formats.file_references import readable_path
from ingest.pictures.image_stats import ImageStats
from ingest.pictures.near_duplicates import NearDuplicates
from ingest.pictures.store_originals import OriginalWriter
from ingest.readers.reading import ImportItem
from pictures.worker_jobs import WORK
from workers.pool import WorkerDied, WorkerPool

_ATTEMPTS = 5
_PAGE = 96
_BATCH = 24
"""Files whose rows are written together; an interruption repeats at most so many."""
_CONCURRENCY = 8
"""Files that are processed concurrently, so that disk writes and decoding overlap."""


class _ProcessedFile(NamedTuple):
    """The row of a file, and its placeholder and fingerprint."""

    record: PictureRecord
    shown: Shown | None = None
    lost: bool = False


@dataclass
class ImagePipeline:
    """Processes the files of one owner's import. It must be closed, because it starts worker processes."""

    sources: Sources
    owner: str
    link: bool = False
    now_s: Callable[[], float] = time.monotonic
    stats: ImageStats = field(default_factory=ImageStats)
    _near_duplicates: NearDuplicates | None = None
    _workers: WorkerPool | None = None
    _members: dict[bytes, str] = field(default_factory=dict)
    """The name in its archive of the copy that is processed."""

    async def add(self, items: Sequence[tuple[PhotoKey, ImportItem]]) -> None:
        """Records the files of written photos as waiting, and processes files from archives immediately."""
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
            entry = _waiting(item, link=self.link)
            if item.original is not None and item.original.is_temporary:
                self._members = {entry.path: item.where}
                start_s = self.now_s()
                await self._process_batch([(record, entry)])
                self.stats.seconds += self.now_s() - start_s
            else:
                waiting.append((record, entry))
        if waiting:
            await self.sources.pictures.put_waiting(waiting)

    async def run(self, stop: asyncio.Event, on_progress: Callable[[int], None]) -> bool:
        """Processes all waiting files; False if it was stopped. `on_progress` is called with the number of processed files."""
        start_s = self.now_s()
        try:
            return await self._run(stop, on_progress)
        finally:
            self.stats.seconds += self.now_s() - start_s

    async def _run(self, stop: asyncio.Event, on_progress: Callable[[int], None]) -> bool:
        done = 0
        while waiting := await self.sources.pictures.waiting(self.owner, limit=_PAGE):
            for at in range(0, len(waiting), _BATCH):
                if stop.is_set():
                    return False
                batch = waiting[at : at + _BATCH]
                await self._process_batch(batch)
                done += len(batch)
                on_progress(done)
        return True

    def close(self) -> None:
        """Ends the worker processes."""
        if self._workers is not None:
            self._workers.close()

    @property
    def _originals(self) -> OriginalWriter:
        return OriginalWriter(self.sources.originals, self.owner)

    def _pool(self) -> WorkerPool:
        self._workers = self._workers or WorkerPool(WORK, count=min(2, os.cpu_count() or 1))
        return self._workers

    async def _process_batch(self, batch: Sequence[tuple[PictureRecord, Waiting]]) -> None:
        """Processes files concurrently, then writes their rows together."""
        slots = asyncio.Semaphore(_CONCURRENCY)

        async def one(record: PictureRecord, waiting: Waiting) -> _ProcessedFile:
            async with slots:
                return await self._process(record, waiting)

        await self._settle(await asyncio.gather(*(one(*file) for file in batch)))

    async def _process(self, record: PictureRecord, waiting: Waiting) -> _ProcessedFile:
        try:
            stored = await self._originals.store_files(record, waiting)
        except (FileChanged, OSError):
            self.stats.add_lost(self._name(waiting))
            return _ProcessedFile(msgspec.structs.replace(record, waiting=False), lost=True)
        seen = await self._inspect(waiting)
        self.stats.stored += 1
        if seen is None:
            return _ProcessedFile(stored)
        width, height = seen["size"]
        poster = None if seen["poster"] is None else await self._originals.store_poster(seen["poster"])
        shown = Shown(seen["thumbhash"], seen["hashes"], seen["sketch"])
        return _ProcessedFile(msgspec.structs.replace(stored, width=width, height=height, poster=poster or stored.poster), shown)

    async def _inspect(self, waiting: Waiting) -> dict[str, Any] | None:
        """The result of the worker; None if the file cannot be rendered, in which case only its renditions are missing."""
        is_video = waiting.content_type.startswith("video/")
        try:
            seen: dict[str, Any] = await asyncio.wrap_future(
                self._pool().submit(
                    {"do": "inspect", "path": waiting.path, "video": is_video, "orientation": waiting.orientation}
                )
            )
        except WorkerDied as died:
            self.stats.add_unrenderable(self._name(waiting), str(died))
            return None
        return seen

    def _name(self, waiting: Waiting) -> str:
        return self._members.get(waiting.path) or readable_path(waiting.path)

    async def _settle(self, batch: Sequence[_ProcessedFile]) -> None:
        """Finds near-duplicates, also within the batch, and writes the rows."""
        near_duplicates = await self._load_near_duplicates()
        rows, found = [], []
        for record, shown, lost in batch:
            same = () if lost else tuple(near_duplicates.of(record.id, record.original, shown)[:MAX_NEAR_DUPLICATES])
            if not lost:
                near_duplicates.add(record.id, record.original, shown)
            rows.append((record if lost else msgspec.structs.replace(record, near_duplicates=same), shown))
            found += [(same, record.id)] if same else []
        saved = await self.sources.pictures.save_many(rows)
        for (record, shown), done in zip(rows, saved, strict=True):
            if done is None:
                await self._save(record, shown)
        for same, photo in found:
            await self._add_near_duplicate(same, photo)

    async def _save(self, record: PictureRecord, shown: Shown | None) -> None:
        """Writes a row again after a conflict: concurrent batches may have added near-duplicates to it."""
        for _ in range(_ATTEMPTS):
            if await self.sources.pictures.save(record, shown) is not None:
                return
            known = (await self.sources.pictures.raw([record.key])).get(record.key)
            if known is None:  # the photo was deleted meanwhile
                await self.sources.originals.delete(self.owner, record.files)
                return
            near_duplicates = tuple(dict.fromkeys((*record.near_duplicates, *known.near_duplicates)))[:MAX_NEAR_DUPLICATES]
            record = msgspec.structs.replace(record, version=known.version, near_duplicates=near_duplicates)

    async def _add_near_duplicate(self, photos: Sequence[str], duplicate: str) -> None:
        """Adds the photo to the rows of its near-duplicates, if they exist and are not full."""
        remaining = [PhotoKey(self.owner, p) for p in photos]
        for _ in range(_ATTEMPTS):
            known = await self.sources.pictures.raw(remaining) if remaining else {}
            affected = [
                r for r in known.values() if duplicate not in r.near_duplicates and len(r.near_duplicates) < MAX_NEAR_DUPLICATES
            ]
            changed = [msgspec.structs.replace(r, near_duplicates=(*r.near_duplicates, duplicate)) for r in affected]
            remaining = [r.key for r in changed if await self.sources.pictures.save(r) is None]

    async def _load_near_duplicates(self) -> NearDuplicates:
        if self._near_duplicates is None:
            loaded, after = NearDuplicates(), None
            while True:
                records, after = await self.sources.pictures.of_owner(self.owner, after=after)
                for seen in await self.sources.pictures.opened(records, OWNER_VISIBILITY):
                    loaded.add(seen.record.id, seen.record.original, seen.shown)
                if after is None:
                    break
            self._near_duplicates = self._near_duplicates or loaded
        return self._near_duplicates


def _waiting(item: ImportItem, *, link: bool) -> Waiting:
    original, motion = item.original, item.motion
    assert original is not None
    return Waiting(
        os.fsencode(original.path),
        original.sha256,
        original.content_type,
        link and not original.is_temporary,
        None if motion is None else os.fsencode(motion.path),
        None if motion is None else motion.sha256,
        item.orientation,
        None if motion is None else motion.content_type,
        0 if motion is None else motion.start,
        0 if motion is None or not motion.start else motion.size,
    )
