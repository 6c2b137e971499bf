"""The job that gives a customer a new data key and seals anew what lies in the tables, while everybody reads and writes on.

A new key seals only when every process knows it, so the job waits between its two halves.
"""

from __future__ import annotations

from typing import Final

import msgspec

from datasources.tables.keys import CACHE_S, Destroyed
from datasources.tables.resealing import SEALED, reseal_page
from resolvers.jobs.job_run import JobFailed, Retry, Run

KNOWN_MS: Final = round(3 * CACHE_S * 1_000) + 2_000
"""After so long the new key seals in every process."""
_WALKS: Final = 5
"""A walk that finds nothing is the last; a customer who writes all the time is left to the next rotation."""
_ENCODE = msgspec.json.Encoder().encode


class Checkpoint(msgspec.Struct, frozen=True):
    """The key was added at a moment; so far sealed anew up to `after` of a table, in a walk that changed so many."""

    added_at_ms: int
    walk: int = 0
    table: str = next(iter(SEALED))
    after: str | None = None
    changed: int = 0
    resealed: int = 0


async def rotate(run: Run) -> None:
    """Goes on from the last whole page."""
    known = msgspec.json.decode(run.record.checkpoint, type=Checkpoint) if run.record.checkpoint else await _added(run)
    wait = known.added_at_ms + KNOWN_MS - run.sources.now_ms()
    if wait > 0:
        raise Retry(wait)
    while known.walk < _WALKS:
        known = await _walk(run, known)
        if not known.changed:
            return
        known = Checkpoint(known.added_at_ms, known.walk + 1, resealed=known.resealed)


async def _added(run: Run) -> Checkpoint:
    try:
        await run.sources.keys.rotate(run.record.owner)
    except Destroyed as e:
        raise JobFailed("NOT_FOUND") from e
    known = Checkpoint(run.sources.now_ms())
    await run.save(checkpoint=_ENCODE(known))
    return known


async def _walk(run: Run, known: Checkpoint) -> Checkpoint:
    names = list(SEALED)
    for number in range(names.index(known.table), len(names)):
        known = msgspec.structs.replace(known, table=names[number], after=known.after if names[number] == known.table else None)
        while True:
            keys = (await run.sources.keys.keys_of([run.record.owner])).get(run.record.owner)
            if keys is None:
                raise JobFailed("NOT_FOUND")
            page = await reseal_page(run.sources.store, known.table, keys, known.after)
            known = msgspec.structs.replace(
                known, after=page.after, changed=known.changed + page.resealed, resealed=known.resealed + page.resealed
            )
            await run.save(checkpoint=_ENCODE(known), rows=known.resealed, progress=(number + 1) / (len(names) + 1))
            if page.after is None:
                break
    return known
