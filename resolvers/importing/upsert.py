"""Records taken into one library, each on its own: what cannot be taken costs no other. For mutations and streams."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from access.ids import BadId
from access.viewer import Viewer, ViewerKind
from datasources import Sources
from datasources.errors import Conflict, Corrupt, SourceError
from datasources.photo_key import PhotoKey
from datasources.tables.keys import Destroyed
from indexing.documents import index_photos
from indexing.index_lag import IndexLag
from resolvers.importing.records import ImportRecord
from resolvers.importing.writer import Done, Writer

WRITE_SCOPE: Final = "photos:write"
LONGEST_OWNER: Final = 256
_LIKE_OURS = re.compile(r"A[Q-Za-f][A-Za-z0-9_-]{40,}")
"""How a global id looks. One that was cut or mistyped must not become a customer of that name."""
TOO_LARGE: Final = "is larger than what one photo may hold"
BUSY: Final = "is being changed by others: send it again"
_PAUSES_S: Final = (0.1, 0.4, 1.6)
UNREADABLE: Final = "is stored already, but what is stored cannot be read"


def may_write(viewer: Viewer, customer: str) -> bool:
    """Whether a caller may write records of this customer: the customer, or a service with the scope for it."""
    if viewer.kind is ViewerKind.SERVICE:
        return WRITE_SCOPE in viewer.scopes
    return viewer.kind is ViewerKind.CUSTOMER and viewer.customer == customer


def external_id(text: str) -> str | None:
    """A customer's external id as another service knows it; None for what cannot be one."""
    ours = _LIKE_OURS.fullmatch(text) is not None
    return text if 0 < len(text) <= LONGEST_OWNER and text.isprintable() and not ours else None


async def customer_for(sources: Sources, viewer: Viewer, text: str) -> str | None:
    """The customer that a caller who may write names; of a customer nobody but themselves is looked up, or made."""
    own = viewer.customer
    if own is None:
        return await _named(sources, text)
    return own if text in {sources.ids.encode("Customer", own, own), viewer.subject} else None


async def _named(sources: Sources, text: str) -> str | None:
    """By global id or external id; None where there can be none.

    An external id that is new makes the customer, as the first import of a file does (DECISIONS 6). A global id never makes
    one. Raises `Destroyed` for one who was erased, however they are named.
    """
    try:
        known = sources.ids.decode(text)
    except BadId:
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


async def upsert(writer: Writer, records: Sequence[ImportRecord]) -> list[Done | str]:
    """What became of each record, in order; a text is why it was not taken. All at once, else one by one."""
    with suppress(ValueError, Conflict, Corrupt):
        return list(await writer.write(records))
    return [await _one(writer, record) for record in records]


async def upsert_verified(
    writer: Writer, records: Sequence[ImportRecord], sources: Sources, freshness: IndexLag
) -> list[Done | str]:
    """The same for the process that answers questions: if the tables fail half way, none claims to know what has landed."""
    if not records:
        return []
    keys = list(dict.fromkeys(map(writer.key_of, records)))
    try:
        async with freshness.doubting(keys[0].owner):
            return await upsert(writer, records)
    except SourceError:
        freshness.keep(_verified(sources, keys, freshness))
        raise


async def _verified(sources: Sources, keys: Sequence[PhotoKey], freshness: IndexLag) -> None:
    """Reads back and indexes what there is, as soon as the tables answer; else it stays in doubt until the feed is followed."""
    doubts = freshness.doubts
    for pause_s in _PAUSES_S:
        with suppress(SourceError):
            await index_photos(sources, keys, freshness)
            await freshness.followed(doubts, keys[0].owner)
            return
        await asyncio.sleep(pause_s)


async def _one(writer: Writer, record: ImportRecord) -> Done | str:
    try:
        return (await writer.write([record]))[0]
    except ValueError:
        return TOO_LARGE
    except Conflict:
        return BUSY
    except Corrupt:
        return UNREADABLE
