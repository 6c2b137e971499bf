"""The table of customers: settings and, sealed, the identity and home zones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec

from access.classes import DataClass
from access.policy import OWNER_VISIBILITY, Relation, Visibility
from access.scope import Scope
from access.seals import Binding, OwnerKeys, seal
from datasources.stored_data import Backup, Export, StoredData
from datasources.tables.erasure import by_partition
from datasources.tables.sealed_body import Keys, open_group, read_body
from datasources.tables.store import Item, ItemStore, Key, Put, Span, Table

CUSTOMERS = Table(
    "customers",
    indexes=("everyone",),
    stored=StoredData(
        name="table customers",
        holds="Settings of customers; sealed: external id, display name, home zones",
        classes=(DataClass.OPERATIONAL, DataClass.IDENTITY, DataClass.LOCATION),
        erased=by_partition(),
        exported=Export(("customer",)),
        backed_up=Backup.INCLUDED,
        proven=("tests/erasing/test_erase.py", "tests/exporting/test_round_trip.py"),
    ),
)
SORT = "customer"
"""The sort key of the only item of a customer."""
_BUCKETS = "0123456789abcdef"
"""Customer ids are hexadecimal."""
_ENCODE = msgspec.msgpack.Encoder().encode


class Identity(msgspec.Struct, frozen=True, omit_defaults=True):
    """The identity of a customer; sealed as one group."""

    external_id: str
    display_name: str | None = None


class HomeZone(msgspec.Struct, frozen=True, array_like=True):
    """A circle in which others see at most the city."""

    latitude: float
    longitude: float
    radius_m: float


class CustomerRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The record of a customer."""

    id: str
    version: int
    created_at_ms: int
    languages: tuple[str, ...] = ()
    time_zone: str | None = None
    sealed: Mapping[str, bytes] = {}

    @property
    def binding(self) -> Binding:
        """The binding of its seals."""
        return Binding(CUSTOMERS.name, self.id, SORT)


@dataclass(frozen=True)
class SeenCustomer:
    """A customer with the visibility of one viewer."""

    record: CustomerRecord
    visibility: Visibility
    keys: OwnerKeys

    @cached_property
    def identity(self) -> Identity | None:
        """The identity, None if the viewer may not see it."""
        plain = open_group(self.visibility, DataClass.IDENTITY, self.keys, self.record.binding, self.record.sealed)
        return None if plain is None else msgspec.msgpack.decode(plain, type=Identity)


_RECORD = msgspec.msgpack.Decoder(CustomerRecord)


class Customers:
    """Reads customers of a scope, and writes customers."""

    def __init__(self, store: ItemStore, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    async def by_ids(self, scope: Scope, ids: Sequence[str]) -> Mapping[str, SeenCustomer]:
        """The viewer, customers who share with the viewer, and customers of service access; one batch.

        A guest sees no customer, because the id alone allows others to send invitations.
        """
        shared = Visibility(scope.relation)
        if scope.relation is Relation.LINK:
            return {}
        return await self._seen({i: scope.library_visibility(i) or shared for i in ids if scope.reaches(i)})

    async def of_invitations(self, ids: Collection[str], visibility: Visibility) -> Mapping[str, SeenCustomer]:
        """The senders of invitations that the viewer received."""
        return await self._seen(dict.fromkeys(ids, visibility))

    async def grantees(self, scope: Scope, ids: Sequence[str]) -> Mapping[str, SeenCustomer]:
        """Customers who accepted shares of the viewer."""
        return await self._seen(dict.fromkeys(ids, Visibility(Relation.SHARED))) if scope.own is not None else {}

    async def raw(self, ids: Sequence[str]) -> Mapping[str, CustomerRecord]:
        """Records as stored; for writers."""
        items = await self._store.get_many(CUSTOMERS, [Key(i, SORT) for i in ids])
        return {r.id: r for r in (read_body(_RECORD, i, CUSTOMERS) for i in items.values())}

    async def identity_of(self, customer: str) -> Identity | None:
        """The identity of a customer; for writers."""
        seen = await self._seen({customer: OWNER_VISIBILITY})
        return seen[customer].identity if customer in seen else None

    async def everyone(self) -> AsyncIterator[str]:
        """The id of every customer, in order. Sixteen partitions distribute the load."""
        for bucket in _BUCKETS:
            after: str | None = None
            while True:
                page = await self._store.query_index(CUSTOMERS, "everyone", bucket, Span(), limit=500, after=after)
                for entry in page.entries:
                    yield entry.key.partition
                after = page.after
                if after is None:
                    break

    async def ensure(self, customer_id: str, external_id: str, *, now_ms: int) -> CustomerRecord:
        """The customer, created by the first token or import."""
        found = (await self.raw([customer_id])).get(customer_id)
        if found is not None:
            return found
        fresh = CustomerRecord(id=customer_id, version=0, created_at_ms=now_ms)
        saved = await self.save(fresh, identity=Identity(external_id))
        return saved or (await self.raw([customer_id]))[customer_id]

    async def save(
        self, record: CustomerRecord, *, identity: Identity | None = None, home_zones: Sequence[HomeZone] | None = None
    ) -> CustomerRecord | None:
        """Writes the next version and seals the given values. Returns None if the stored version differs."""
        keys = await self._keys.ensure(record.id)
        plain = {
            DataClass.IDENTITY.value: None if identity is None else _ENCODE(identity),
            DataClass.LOCATION.value: None if home_zones is None else _ENCODE(tuple(home_zones)),
        }
        fresh = {g: seal(keys, record.binding, g, v) for g, v in plain.items() if v is not None}
        written = msgspec.structs.replace(record, version=record.version + 1, sealed={**record.sealed, **fresh})
        item = Item(Key(record.id, SORT), written.version, _ENCODE(written), {"everyone": Key(record.id[0], record.id)})
        (done,) = await self._store.write_each([Put(CUSTOMERS, item, record.version)])
        return written if done else None

    async def _seen(self, visibilities: Mapping[str, Visibility]) -> Mapping[str, SeenCustomer]:
        records = await self.raw(list(visibilities)) if visibilities else {}
        keys = await self._keys.keys_of(set(records)) if records else {}
        return {i: SeenCustomer(r, visibilities[i], keys[i]) for i, r in records.items() if i in keys}
