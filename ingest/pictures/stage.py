"""The second part of an import: files are copied or linked, looked at once, and compared. Any of it may be interrupted.

While metadata is written, each file is only remembered (one small sealed row). Then, apart from it, files are kept and looked
at in worker processes, a few at once; a row that is done waits no more, so whatever kills us, the same import goes on.
Files out of archives do not outlast their batch: they are kept at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from access.policy import OWNER_SIGHT
from datasources import Sources
from datasources.media.linked import Changed, Linked, pieces_of_file
from datasources.photo_key import PhotoKey
from datasources.tables.pictures import MOST_TWINS, PictureRecord, Shown, Waiting
from ingest.pictures.looked import Looked
from ingest.pictures.twins import Twins
from ingest.pictures.work import WORK
from ingest.readers.reading import Item
from ingest.workers import WorkerDied, Workers

_TRIES = 5
_AT_ONCE = 100


@dataclass
class PictureStage:
    """The files of one owner's import. Close it: it holds worker processes once it has looked at something."""

    sources: Sources
    owner: str
    link: bool = False
    now_s: Callable[[], float] = time.monotonic
    looked: Looked = field(default_factory=Looked)
    _twins: Twins | None = None
    _workers: Workers | None = None

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
                await self._look(record, told)
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
            for batch in _batches(waiting, self._pool().count + 1):
                if stop.is_set():
                    return False
                await asyncio.gather(*(self._look(r, w) for r, w in batch))
                done += len(batch)
                moved(done)
        return True

    def close(self) -> None:
        """Ends the workers."""
        if self._workers is not None:
            self._workers.close()

    def _pool(self) -> Workers:
        self._workers = self._workers or Workers(WORK, count=min(2, os.cpu_count() or 1))
        return self._workers

    async def _look(self, record: PictureRecord, waiting: Waiting) -> None:
        try:
            kept = await self._keep(record, waiting)
        except (Changed, OSError):
            self.looked.lost += 1
            kept = msgspec.structs.replace(record, waiting=False)
            await self.sources.pictures.save(kept)
        else:
            seen = await self._seen(waiting)
            await self._settle(kept, seen)
            self.looked.kept += 1

    async def _keep(self, record: PictureRecord, waiting: Waiting) -> PictureRecord:
        """Copies or links the files; raises `Changed` when they are not what was read."""
        original = await self._keep_file(waiting.path, waiting.sha256, link=waiting.link)
        motion = record.motion
        if waiting.motion_path is not None and waiting.motion_sha256 is not None:
            motion = await self._keep_file(waiting.motion_path, waiting.motion_sha256, link=waiting.link)
        return msgspec.structs.replace(
            record,
            original=original,
            motion=motion,
            linked=waiting.link,
            waiting=False,
            content_type=waiting.content_type,
        )

    async def _keep_file(self, path: bytes, sha256: str, *, link: bool) -> str:
        name = self.sources.originals.name_of(self.owner, sha256)
        file = await asyncio.to_thread(_looked_up, path, sha256)
        if link:
            digest = hashlib.sha256()
            async for piece in pieces_of_file(file, 0, file.size):
                digest.update(piece)
            if digest.hexdigest() != sha256:
                raise Changed
            await self.sources.originals.link(self.owner, name, file)
        else:
            await self.sources.originals.keep(self.owner, name, _checked(file))
        return name

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

    async def _settle(self, record: PictureRecord, seen: dict[str, Any] | None) -> None:
        if seen is not None:
            width, height = seen["size"]
            record = msgspec.structs.replace(record, width=width, height=height)
            if seen["poster"] is not None:
                record = msgspec.structs.replace(record, poster=await self._poster(seen["poster"]))
        shown = None if seen is None else Shown(seen["thumbhash"], seen["hashes"], seen["sketch"])
        twins = await self._known_twins()
        same = twins.of(record.id, record.original, shown)[:MOST_TWINS]
        twins.add(record.id, record.original, shown)
        await self._save(msgspec.structs.replace(record, twins=tuple(same)), shown)
        await self._tell(same, record.id)

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

    async def _poster(self, data: bytes) -> str:
        name = self.sources.originals.name_of(self.owner, hashlib.sha256(data).hexdigest())
        await self.sources.originals.keep(self.owner, name, _once(data))
        return name

    async def _tell(self, photos: Sequence[str], twin: str) -> None:
        """The others learn of it too, those that are still there and know of few enough."""
        left = [PhotoKey(self.owner, p) for p in photos]
        for _ in range(_TRIES):
            known = await self.sources.pictures.raw(left) if left else {}
            told = [r for r in known.values() if twin not in r.twins and len(r.twins) < MOST_TWINS]
            changed = [msgspec.structs.replace(r, twins=(*r.twins, twin)) for r in told]
            left = [r.key for r in changed if await self.sources.pictures.save(r) is None]

    async def _known_twins(self) -> Twins:
        if self._twins is None:
            twins, after = Twins(), None
            while True:
                records, after = await self.sources.pictures.of_owner(self.owner, after=after)
                for seen in await self.sources.pictures.opened(records, OWNER_SIGHT):
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


def _looked_up(path: bytes, sha256: str) -> Linked:
    """A file as it looks now; raises `Changed` for what is no file any more."""
    file = Path(os.fsdecode(path))
    if not stat.S_ISREG(file.lstat().st_mode):
        raise Changed
    return Linked.of(file, sha256)


async def _checked(file: Linked) -> AsyncIterator[bytes]:
    """The bytes of a file; raises `Changed` behind the last one when they were not those of its hash: so none is kept."""
    digest = hashlib.sha256()
    async for piece in pieces_of_file(file, 0, file.size):
        digest.update(piece)
        yield piece
    if digest.hexdigest() != file.sha256:
        raise Changed


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _batches(waiting: Sequence[tuple[PictureRecord, Waiting]], size: int) -> Sequence[Sequence[tuple[PictureRecord, Waiting]]]:
    return [waiting[i : i + size] for i in range(0, len(waiting), size)]
