"""Writes import records into one library for mutations and streams; a rejected record does not affect the others."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from access.ids import InvalidId
from access.viewer import Viewer
from datasources import Sources
from datasources.errors import Conflict, Corrupt, SourceError
from datasources.photo_key import PhotoKey
from datasources.tables.keys import Destroyed
from indexing.documents import index_photos
from indexing.index_lag import IndexLag
from resolvers.importing.records import ImportRecord
from resolvers.importing.writer import RecordWriter, WriteResult

MAX_EXTERNAL_ID: Final = 256
_GLOBAL_ID = re.compile(r"A[Q-Za-f][A-Za-z0-9_-]{40,}")
"""The form of a global id. A truncated or mistyped global id must not create a customer with that external id."""
TOO_LARGE: Final = "is too large to store as one photo"
BUSY: Final = "is being changed by other requests; send it again"
_RETRY_DELAYS_S: Final = (0.1, 0.4, 1.6)
UNREADABLE: Final = "exists already, but the stored photo cannot be read"


def external_id(text: str) -> str | None:
    """The text if it is a valid external id of a customer, otherwise None."""
    is_global = _GLOBAL_ID.fullmatch(text) is not None
    return text if 0 < len(text) <= MAX_EXTERNAL_ID and text.isprintable() and not is_global else None


async def customer_for(sources: Sources, viewer: Viewer, text: str) -> str | None:
    """The local id of the customer to write to, created if new. A customer can name only themselves; None otherwise."""
    own = viewer.customer
    if own is None:
        return await _customer_by_id(sources, text)
    return own if text in {sources.ids.encode("Customer", own, own), viewer.subject} else None


async def _customer_by_id(sources: Sources, text: str) -> str | None:
    """Finds a customer by global id or external id; None if there is none.

    A new external id creates the customer, as the first import of a file does; a global id never does
    (docs/decisions/031-customers-that-an-upsert-may-create.md). Raises `Destroyed` for an erased customer.
    """
    try:
        known = sources.ids.decode(text)
    except InvalidId:
        external = external_id(text)
        if external is None:
            return None
        owner = sources.ids.local_id("customer", external)
        await sources.keys.ensure(owner)
        await sources.customers.ensure(owner, external, now_ms=sources.now_ms())
        return owner
    if known.type == "Customer" and await sources.keys.is_destroyed(known.local):
        raise Destroyed("keys", "the customer was erased")
    if known.type != "Customer" or known.local not in await sources.customers.raw([known.local]):
        return None
    return known.local if await sources.keys.keys_of([known.local]) else None


async def upsert(writer: RecordWriter, records: Sequence[ImportRecord]) -> list[WriteResult | str]:
    """The result of each record in order, or the reason why it was rejected. Writes one batch; if it fails, each record alone."""
    with suppress(ValueError, Conflict, Corrupt):
        return list(await writer.write(records))
    return [await _upsert_one(writer, record) for record in records]


async def upsert_verified(
    writer: RecordWriter, records: Sequence[ImportRecord], sources: Sources, index_lag: IndexLag
) -> list[WriteResult | str]:
    """As `upsert`, for the serving process: after a failure of the tables the owner is behind until the result is verified."""
    if not records:
        return []
    keys = list(dict.fromkeys(map(writer.key_of, records)))
    try:
        async with index_lag.unknown_on_failure(keys[0].owner):
            return await upsert(writer, records)
    except SourceError:
        index_lag.run_in_background(_verify_and_index(sources, keys, index_lag))
        raise


async def _verify_and_index(sources: Sources, keys: Sequence[PhotoKey], index_lag: IndexLag) -> None:
    """Reads back and indexes what was stored, with retries; otherwise the change feed consumer does it later."""
    unknown_count = index_lag.unknown_count
    for pause_s in _RETRY_DELAYS_S:
        with suppress(SourceError):
            await index_photos(sources, keys, index_lag)
            await index_lag.clear_unknown(unknown_count, keys[0].owner)
            return
        await asyncio.sleep(pause_s)


async def _upsert_one(writer: RecordWriter, record: ImportRecord) -> WriteResult | str:
    try:
        return (await writer.write([record]))[0]
    except ValueError:
        return TOO_LARGE
    except Conflict:
        return BUSY
    except Corrupt:
        return UNREADABLE
