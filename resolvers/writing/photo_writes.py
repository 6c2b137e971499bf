"""The one way in which mutations change photos: read, change, write if unchanged since, and bring the index along."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from access.policy import OWNER_VISIBILITY
from datasources.errors import SourceError
from datasources.photo_key import PhotoKey
from datasources.tables.photos import Draft, PhotoRecord, SeenPhoto
from indexing.documents import index_photos
from resolvers.writing.mutation import MutationContext
from resolvers.writing.outcome import CHANGED, NOT_THERE, Fault

TRIES = 3
CHUNK = 500
"""Photos read, changed and written at a time: what stands in memory together."""

Step = Draft | Fault | None
"""What to do with a photo: write this, refuse it, or nothing because it is as wanted already."""
Edit = Callable[[Sequence[SeenPhoto]], Awaitable[Sequence[Step]]]


def each(change: Callable[[PhotoRecord], PhotoRecord | Fault]) -> Edit:
    """An edit of records one by one, whose seals stay."""

    async def edit(photos: Sequence[SeenPhoto]) -> Sequence[Step]:
        return [_step(p.record, change(p.record)) for p in photos]

    return edit


async def write_photos(desk: MutationContext, ids: Sequence[str], edit: Edit, *, tries: int = TRIES) -> dict[str, Fault | None]:
    """Edits photos of the owner by local id; for each, in order, why it was not done, None if it was.

    On return the index has followed, or the owner is marked behind. `edit` may be asked again with a newer version.
    """
    faults: dict[str, Fault | None] = {}
    for start in range(0, len(ids), CHUNK):
        faults |= await _write_chunk(desk, ids[start : start + CHUNK], edit, tries)
    return faults


async def _write_chunk(desk: MutationContext, ids: Sequence[str], edit: Edit, tries: int) -> dict[str, Fault | None]:
    faults: dict[str, Fault | None] = dict.fromkeys(ids, CHANGED)
    written: list[PhotoKey] = []
    async with desk.freshness.writing(desk.owner):
        for _ in range(tries):
            pending = [i for i, fault in faults.items() if fault is CHANGED]
            if not pending:
                break
            drafts = await _drafts(desk, pending, edit, faults)
            saved = await _save(desk, drafts)
            desk.freshness.expect({r.key: r.version for r in saved})
            written += [r.key for r in saved]
            faults.update({r.id: None for r in saved})
    await follow(desk, written)
    return faults


async def _drafts(desk: MutationContext, ids: Sequence[str], edit: Edit, faults: dict[str, Fault | None]) -> list[Draft]:
    """What to write. Whatever needs no write is settled in `faults`."""
    records = await desk.sources.photos.raw([PhotoKey(desk.owner, i) for i in ids])
    live = [r for r in records.values() if not r.deleted]
    seen = list((await desk.sources.photos.opened(live, OWNER_VISIBILITY)).values())
    faults.update(dict.fromkeys(ids, NOT_THERE))
    drafts: list[Draft] = []
    for photo, step in zip(seen, await edit(seen), strict=True):
        if isinstance(step, Draft):
            drafts.append(step)
            faults[photo.record.id] = CHANGED
        else:
            faults[photo.record.id] = step
    return drafts


async def _save(desk: MutationContext, drafts: Sequence[Draft]) -> list[PhotoRecord]:
    if not drafts:
        return []
    try:
        saved = await desk.sources.photos.save(drafts, now_ms=desk.sources.now_ms())
    except SourceError:
        # Some may have been written before it failed: questions must know, though the caller gets an error.
        try:
            stored = await desk.sources.photos.raw([d.record.key for d in drafts])
        except SourceError:
            desk.freshness.doubt(desk.owner)
        else:
            landed = {d.record.key for d in drafts if d.record.key in stored and stored[d.record.key].version > d.record.version}
            desk.freshness.expect({k: stored[k].version for k in landed})
            desk.freshness.keep(_index(desk, list(landed)))
        raise
    return [r for r in saved if r is not None]


async def follow(desk: MutationContext, keys: Sequence[PhotoKey]) -> None:
    """Brings the index along, within a bound; what takes longer goes on, what fails is the feed's to make good."""
    if not keys:
        return
    task = desk.freshness.keep(_index(desk, keys))
    with suppress(TimeoutError):
        async with asyncio.timeout(desk.freshness.follow_s):
            await asyncio.shield(task)


async def _index(desk: MutationContext, keys: Sequence[PhotoKey]) -> None:
    with suppress(SourceError):
        await index_photos(desk.sources, keys, desk.freshness)


def _step(old: PhotoRecord, new: PhotoRecord | Fault) -> Step:
    if isinstance(new, Fault):
        return new
    return None if new == old else Draft(new)
