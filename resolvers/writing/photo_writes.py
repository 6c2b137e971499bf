"""Writes photo changes of mutations: read, edit, conditional write with retries, then index."""

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
from resolvers.writing.outcome import MODIFIED, NOT_FOUND, Fault

MAX_TRIES = 3
CHUNK = 500
"""Photos read, changed and written at a time; bounds memory."""

EditResult = Draft | Fault | None
"""A new version to write, a fault, or None if the photo is already in the requested state."""
Edit = Callable[[Sequence[SeenPhoto]], Awaitable[Sequence[EditResult]]]


def edit_each(change: Callable[[PhotoRecord], PhotoRecord | Fault]) -> Edit:
    """An edit of plain record fields; encrypted values stay unchanged."""

    async def edit(photos: Sequence[SeenPhoto]) -> Sequence[EditResult]:
        return [_edit_result(p.record, change(p.record)) for p in photos]

    return edit


async def write_photos(
    mutation: MutationContext, ids: Sequence[str], edit: Edit, *, tries: int = MAX_TRIES
) -> dict[str, Fault | None]:
    """Edits photos of the owner by local id. Returns the fault of each in order, None on success.

    On return the photos are indexed or marked as pending. `edit` is called again with a newer version after a conflict.
    """
    faults: dict[str, Fault | None] = {}
    for start in range(0, len(ids), CHUNK):
        faults |= await _write_chunk(mutation, ids[start : start + CHUNK], edit, tries)
    return faults


async def _write_chunk(mutation: MutationContext, ids: Sequence[str], edit: Edit, tries: int) -> dict[str, Fault | None]:
    faults: dict[str, Fault | None] = dict.fromkeys(ids, MODIFIED)
    written: list[PhotoKey] = []
    async with mutation.index_lag.writing(mutation.owner):
        for _ in range(tries):
            pending = [i for i, fault in faults.items() if fault is MODIFIED]
            if not pending:
                break
            drafts = await _drafts(mutation, pending, edit, faults)
            saved = await _save(mutation, drafts)
            mutation.index_lag.mark_pending({r.key: r.version for r in saved})
            written += [r.key for r in saved]
            faults.update({r.id: None for r in saved})
    await wait_for_index(mutation, written)
    return faults


async def _drafts(mutation: MutationContext, ids: Sequence[str], edit: Edit, faults: dict[str, Fault | None]) -> list[Draft]:
    """The versions to write. Sets the result of photos that need no write in `faults`."""
    records = await mutation.sources.photos.raw([PhotoKey(mutation.owner, i) for i in ids])
    live = [r for r in records.values() if not r.deleted]
    seen = list((await mutation.sources.photos.opened(live, OWNER_VISIBILITY)).values())
    faults.update(dict.fromkeys(ids, NOT_FOUND))
    drafts: list[Draft] = []
    for photo, step in zip(seen, await edit(seen), strict=True):
        if isinstance(step, Draft):
            drafts.append(step)
            faults[photo.record.id] = MODIFIED
        else:
            faults[photo.record.id] = step
    return drafts


async def _save(mutation: MutationContext, drafts: Sequence[Draft]) -> list[PhotoRecord]:
    if not drafts:
        return []
    try:
        saved = await mutation.sources.photos.save(drafts, now_ms=mutation.sources.now_ms())
    except SourceError:
        # Some photos may have been written before the failure, so the index lag must be recorded.
        try:
            stored = await mutation.sources.photos.raw([d.record.key for d in drafts])
        except SourceError:
            mutation.index_lag.mark_unknown(mutation.owner)
        else:
            stored_keys = {
                d.record.key for d in drafts if d.record.key in stored and stored[d.record.key].version > d.record.version
            }
            mutation.index_lag.mark_pending({k: stored[k].version for k in stored_keys})
            mutation.index_lag.run_in_background(_index(mutation, list(stored_keys)))
        raise
    return [r for r in saved if r is not None]


async def wait_for_index(mutation: MutationContext, keys: Sequence[PhotoKey]) -> None:
    """Indexes photos and waits up to `write_wait_s`.

    If it takes longer it continues in the background; if it fails, the change feed consumer indexes them later.
    """
    if not keys:
        return
    task = mutation.index_lag.run_in_background(_index(mutation, keys))
    with suppress(TimeoutError):
        async with asyncio.timeout(mutation.index_lag.write_wait_s):
            await asyncio.shield(task)


async def _index(mutation: MutationContext, keys: Sequence[PhotoKey]) -> None:
    with suppress(SourceError):
        await index_photos(mutation.sources, keys, mutation.index_lag)


def _edit_result(old: PhotoRecord, new: PhotoRecord | Fault) -> EditResult:
    if isinstance(new, Fault):
        return new
    return None if new == old else Draft(new)
