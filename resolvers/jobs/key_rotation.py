"""The job that adds a new data key for a customer and re-encrypts the stored values, without downtime.

Processes cache keys, so the job waits `PROPAGATION_MS` after adding the key before it re-encrypts.
"""

from __future__ import annotations

from typing import Final

import msgspec

from datasources.tables.keys import CACHE_S, Destroyed
from datasources.tables.resealing import SEALED, reseal_page
from resolvers.jobs.job_run import JobFailed, Retry, Run

PROPAGATION_MS: Final = round(3 * CACHE_S * 1_000) + 2_000
"""After this time every process encrypts with the new key."""
_MAX_PASSES: Final = 5
"""A pass that changes nothing is the last. The limit ends the job for a library that is written all the time."""
_ENCODE = msgspec.json.Encoder().encode


class Checkpoint(msgspec.Struct, frozen=True):
    """When the key was added, and the position: pass number, table, last row (`after`), rows changed in this pass."""

    added_at_ms: int
    walk: int = 0
    table: str = next(iter(SEALED))
    after: str | None = None
    changed: int = 0
    resealed: int = 0


async def rotate(run: Run) -> None:
    """Continues after the last stored page."""
    known = msgspec.json.decode(run.record.checkpoint, type=Checkpoint) if run.record.checkpoint else await _add_key(run)
    wait = known.added_at_ms + PROPAGATION_MS - run.sources.now_ms()
    if wait > 0:
        raise Retry(wait)
    while known.walk < _MAX_PASSES:
        known = await _reseal_tables(run, known)
        if not known.changed:
            return
        known = Checkpoint(known.added_at_ms, known.walk + 1, resealed=known.resealed)


async def _add_key(run: Run) -> Checkpoint:
    try:
        await run.sources.keys.rotate(run.record.owner)
    except Destroyed as e:
        raise JobFailed("NOT_FOUND") from e
    known = Checkpoint(run.sources.now_ms())
    await run.save(checkpoint=_ENCODE(known))
    return known


async def _reseal_tables(run: Run, known: Checkpoint) -> Checkpoint:
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
