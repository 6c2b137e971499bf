"""Reseals the rows of an owner under the current key. Records and versions do not change.

A write of somebody else in between wins; what it kept of older seals is found by the next walk. The older keys stay in the
ring: they still open what is not in tables (originals), and whatever a reader has at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from access.seals import Binding, OwnerKeys, SealError, key_id_of, seal, unseal
from datasources.errors import Corrupt
from datasources.tables.albums import ALBUMS, AlbumRecord
from datasources.tables.customers import CUSTOMERS, CustomerRecord
from datasources.tables.grants import GRANTS, SECRET, GrantRecord
from datasources.tables.people import PEOPLE, PersonRecord
from datasources.tables.photos import PHOTOS, PhotoRecord
from datasources.tables.pictures import PICTURES, PictureRecord
from datasources.tables.sealed_body import read_body
from datasources.tables.store import Item, ItemStore, Put, Span, Table
from datasources.tables.support_tickets import TICKETS, TicketRecord

PAGE: Final = 200
_ENCODE = msgspec.msgpack.Encoder().encode


SEALED: Final[Mapping[str, tuple[Table, msgspec.msgpack.Decoder[Any]]]] = {
    table.name: (table, msgspec.msgpack.Decoder(record))
    for table, record in (
        (CUSTOMERS, CustomerRecord),
        (ALBUMS, AlbumRecord),
        (PEOPLE, PersonRecord),
        (TICKETS, TicketRecord),
        (GRANTS, GrantRecord),
        (PICTURES, PictureRecord),
        (PHOTOS, PhotoRecord),
    )
}
"""Tables with seals, small ones first. Results of idempotency keys expire within a day and are not resealed."""


class Walked(NamedTuple):
    """A page: the number of items, the number of resealed items, and the start of the next page."""

    seen: int
    resealed: int
    after: str | None


async def reseal_page(store: ItemStore, table: str, keys: OwnerKeys, after: str | None) -> Walked:
    """Reseals a page of a table; raises `Corrupt` for a seal that cannot be decrypted."""
    of, decoder = SEALED[table]
    page = await store.query(of, keys.owner, Span(), limit=PAGE, after=after)
    fresh = [item for item in (_resealed(of, decoder, keys, item) for item in page.items) if item is not None]
    done = await store.write_each([Put(of, item, item.version) for item in fresh]) if fresh else ()
    return Walked(len(page.items), sum(done), page.after)


def _resealed(of: Table, decoder: msgspec.msgpack.Decoder[Any], keys: OwnerKeys, item: Item) -> Item | None:
    record = read_body(decoder, item, of)
    changed = _grant(record, keys) if isinstance(record, GrantRecord) else _record(record, keys)
    return None if changed is None else msgspec.structs.replace(item, body=_ENCODE(changed))


def _record(record: Any, keys: OwnerKeys) -> Any | None:
    fresh = {g: _reseal(keys, record.binding, g, s) for g, s in record.sealed.items() if key_id_of(s) != keys.current.id}
    return msgspec.structs.replace(record, sealed={**record.sealed, **fresh}) if fresh else None


def _grant(record: GrantRecord, keys: OwnerKeys) -> GrantRecord | None:
    secret = record.sealed_secret
    if secret is None or key_id_of(secret) == keys.current.id:
        return None
    return msgspec.structs.replace(record, sealed_secret=_reseal(keys, record.binding, SECRET, secret))


def _reseal(keys: OwnerKeys, binding: Binding, group: str, sealed: bytes) -> bytes:
    try:
        return seal(keys, binding, group, unseal(keys, binding, group, sealed))
    except SealError as e:
        raise Corrupt(binding.table, str(e)) from e
