"""Home zones of owners, and the owners whose new zones are not applied to all photos yet.

Each photo has a flag that tells whether it is in a home zone of its owner; every write of a photo sets it. Changed zones are
applied to the other photos afterwards. Until that is done, the owner has a row in the table `zonings`, and others see at
most the city of their photos.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from access.classes import DataClass
from access.policy import OWNER_VISIBILITY
from access.zones import Circle
from datasources.stored_data import Backup, Export, StoredData
from datasources.tables.customers import CUSTOMERS, SORT, CustomerRecord, HomeZone
from datasources.tables.erasure import by_key
from datasources.tables.sealed_body import Keys, open_group, read_body
from datasources.tables.store import Item, ItemStore, Key, Put, Remove, Span, Table

ZONINGS = Table(
    "zonings",
    stored=StoredData(
        name="table zonings",
        holds="Customers whose home zones are being applied to their photos",
        classes=(DataClass.OPERATIONAL,),
        erased=by_key(lambda owner: row_of(owner)),  # noqa: PLW0108 - `row_of` is defined below
        exported=Export(text="It is the progress of an update; the zones themselves are in `customer`."),
        backed_up=Backup.INCLUDED,
        proven=("tests/erasing/test_erase.py",),
    ),
)
_PARTITION = "settling"
_CUSTOMER = msgspec.msgpack.Decoder(CustomerRecord)
_ZONES = msgspec.msgpack.Decoder(tuple[HomeZone, ...])


class Zoning(msgspec.Struct, frozen=True):
    """Zones that are being applied to the photos of an owner, done up to the photo `after`."""

    owner: str
    version: int
    after: str | None = None


_ZONING = msgspec.msgpack.Decoder(Zoning)


def row_of(owner: str) -> Key:
    """The key of the row of an owner."""
    return Key(_PARTITION, owner)


class Zones:
    """Zones by owner, and the owners whose zones are being applied."""

    def __init__(self, store: ItemStore, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    async def of(self, owners: Iterable[str]) -> Mapping[str, Sequence[Circle]]:
        """The home zones of these owners. Owners without zones are absent."""
        items = await self._store.get_many(CUSTOMERS, [Key(o, SORT) for o in sorted(set(owners))])
        zoned = [r for r in (read_body(_CUSTOMER, i, CUSTOMERS) for i in items.values()) if DataClass.LOCATION.value in r.sealed]
        keys = await self._keys.keys_of([r.id for r in zoned]) if zoned else {}
        found = {}
        for record in zoned:
            if record.id in keys:
                plain = open_group(OWNER_VISIBILITY, DataClass.LOCATION, keys[record.id], record.binding, record.sealed)
                zones = _ZONES.decode(plain) if plain else ()
                found[record.id] = tuple(Circle(z.latitude, z.longitude, z.radius_m) for z in zones)
        return {owner: zones for owner, zones in found.items() if zones}

    async def settling(self) -> frozenset[str]:
        """Owners whose zones are not applied to all photos yet."""
        return frozenset([z.owner for z in await self.unsettled()])

    async def unsettled(self) -> Sequence[Zoning]:
        """Zones that are not applied yet, with their progress."""
        found: list[Zoning] = []
        after: str | None = None
        while True:
            page = await self._store.query(ZONINGS, _PARTITION, Span(), limit=500, after=after)
            found += [read_body(_ZONING, i, ZONINGS) for i in page.items]
            after = page.after
            if after is None:
                return found

    async def begin(self, owner: str) -> Zoning:
        """Marks the zones of the owner as not applied; to be called before zones are written."""
        key = row_of(owner)
        standing = (await self._store.get_many(ZONINGS, [key])).get(key)
        begun = Zoning(owner, 1 if standing is None else standing.version + 1)
        await self._store.transact([self._put(begun, None)])
        return begun

    async def reached(self, zoning: Zoning, after: str) -> Zoning | None:
        """Stores the progress; None if the zones were changed again."""
        further = msgspec.structs.replace(zoning, version=zoning.version + 1, after=after)
        (done,) = await self._store.write_each([self._put(further, zoning.version)])
        return further if done else None

    async def settled(self, zoning: Zoning) -> None:
        """Marks the zones as applied, unless they were changed again."""
        await self._store.write_each([Remove(ZONINGS, row_of(zoning.owner), zoning.version)])

    def _put(self, zoning: Zoning, if_version: int | None) -> Put:
        item = Item(row_of(zoning.owner), zoning.version, msgspec.msgpack.encode(zoning))
        return Put(ZONINGS, item, if_version)
