"""Home zones of owners, and which owners' photos do not all know of their new zones yet.

A photo carries one flag, whether it lies in a home zone of its owner; it is set wherever photos are written. Changed
zones reach the other photos afterwards: until the last one, the owner stands in the table `zonings`, and everybody
else sees no more of their photos than the city.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from access.classes import DataClass
from access.policy import OWNER_VISIBILITY
from access.zones import Circle
from datasources.tables.customers import CUSTOMERS, SORT, CustomerRecord, HomeZone
from datasources.tables.sealed_body import Keys, open_group, read_body
from datasources.tables.store import Item, ItemStore, Key, Put, Remove, Span, Table

ZONINGS = Table("zonings")
_PARTITION = "settling"
_CUSTOMER = msgspec.msgpack.Decoder(CustomerRecord)
_ZONES = msgspec.msgpack.Decoder(tuple[HomeZone, ...])


class Zoning(msgspec.Struct, frozen=True):
    """Zones on their way to an owner's photos: so far they have reached those up to `after`."""

    owner: str
    version: int
    after: str | None = None


_ZONING = msgspec.msgpack.Decoder(Zoning)


def row_of(owner: str) -> Key:
    """Where an owner stands while settling."""
    return Key(_PARTITION, owner)


class Zones:
    """Zones by owner, and the list of owners whose photos are being told."""

    def __init__(self, store: ItemStore, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    async def of(self, owners: Iterable[str]) -> Mapping[str, Sequence[Circle]]:
        """The home zones of these owners; absent: none."""
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
        """Owners whose photos do not all know of their zones yet."""
        return frozenset([z.owner for z in await self.unsettled()])

    async def unsettled(self) -> Sequence[Zoning]:
        """The same with how far each has come."""
        found: list[Zoning] = []
        after: str | None = None
        while True:
            page = await self._store.query(ZONINGS, _PARTITION, Span(), limit=500, after=after)
            found += [read_body(_ZONING, i, ZONINGS) for i in page.items]
            after = page.after
            if after is None:
                return found

    async def begin(self, owner: str) -> Zoning:
        """Before zones are written: from now on the owner settles, from the first photo on."""
        key = row_of(owner)
        standing = (await self._store.get_many(ZONINGS, [key])).get(key)
        begun = Zoning(owner, 1 if standing is None else standing.version + 1)
        await self._store.transact([self._put(begun, None)])
        return begun

    async def reached(self, zoning: Zoning, after: str) -> Zoning | None:
        """Remembers how far the zones have come; None when they were changed again meanwhile."""
        further = msgspec.structs.replace(zoning, version=zoning.version + 1, after=after)
        (done,) = await self._store.write_each([self._put(further, zoning.version)])
        return further if done else None

    async def settled(self, zoning: Zoning) -> None:
        """They have reached every photo; nothing happens when they were changed again meanwhile."""
        await self._store.write_each([Remove(ZONINGS, row_of(zoning.owner), zoning.version)])

    def _put(self, zoning: Zoning, if_version: int | None) -> Put:
        item = Item(row_of(zoning.owner), zoning.version, msgspec.msgpack.encode(zoning))
        return Put(ZONINGS, item, if_version)
