"""The table of grants: who may see which album with which precision. Ending a grant removes its row."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Collection, Sequence

import msgspec

from access.classes import DataClass
from access.grants import Grants as ScopeGrants
from access.precision import LocationPrecision, TimePrecision
from access.scope import Grant
from access.seals import Binding, SealError, seal, unseal
from access.viewer import Viewer, ViewerKind
from datasources.errors import Corrupt
from datasources.stored_data import Backup, Export, StoredData
from datasources.tables.erasure import by_partition_and_index
from datasources.tables.sealed_body import Keys, read_body
from datasources.tables.store import Item, ItemStore, Key, Put, Remove, Span, Table

GRANTS = Table(
    "grants",
    indexes=("grantee",),
    feed=True,
    stored=StoredData(
        name="table grants",
        holds="Shares of albums with customers and by link",
        classes=(DataClass.OPERATIONAL,),
        erased=by_partition_and_index("grantee", "The shares that the customer gave, and those that the customer received."),
        exported=Export(("shares",)),
        backed_up=Backup.INCLUDED,
        proven=("tests/erasing/test_erase.py", "tests/exporting/test_round_trip.py"),
    ),
)
_DECODED_CUSTOMERS = 200
"""Customers whose decoded grants stay in memory."""
LINK = "link"
SECRET = "CREDENTIAL"  # noqa: S105 - the name of a sealed group
_ENCODE = msgspec.msgpack.Encoder().encode


def link_grantee(secret: str) -> str:
    """The grantee key of a link, a hash of its secret. The secret is only in the link and, sealed, in the grant."""
    return f"{LINK}:{hashlib.sha256(secret.encode()).hexdigest()[:32]}"


class GrantRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A grant. `grantee` is the id of a customer, or `link:` and the hash of the secret of a link."""

    owner: str
    album: str
    grantee: str
    version: int
    created_at_ms: int
    location: int
    time: int
    originals: bool = False
    expires_at_ms: int | None = None
    sealed_secret: bytes | None = None
    accepted_at_ms: int | None = None
    """When the customer accepted; None for a link, and for a share from before invitations, which counts as accepted."""

    @property
    def by_link(self) -> bool:
        """Whether it is a grant by link."""
        return self.grantee.startswith(f"{LINK}:")

    def live(self, now_ms: int) -> bool:
        """Whether it is not expired."""
        return self.expires_at_ms is None or self.expires_at_ms > now_ms

    @property
    def slot(self) -> str:
        """The sort key: one grant for each album and customer, one link for each album."""
        return f"{self.album}#{LINK if self.by_link else self.grantee}"

    @property
    def binding(self) -> Binding:
        """The binding of its seal."""
        return Binding(GRANTS.name, self.owner, self.slot)

    def grant(self) -> Grant:
        """The grant as a part of a scope."""
        return Grant(
            self.owner,
            self.album,
            LocationPrecision(self.location),
            TimePrecision(self.time),
            self.originals,
            self.expires_at_ms,
        )


_RECORD = msgspec.msgpack.Decoder(GrantRecord)


def grant_item(record: GrantRecord) -> Item:
    """The item of a grant."""
    index = {"grantee": Key(record.grantee, f"{record.owner}#{record.album}")}
    return Item(Key(record.owner, record.slot), record.version, _ENCODE(record), index)


class Grants:
    """Reads grants by viewer and by album, and writes grants."""

    def __init__(self, store: ItemStore, keys: Keys) -> None:
        self._store = store
        self._keys = keys
        self._decoded: OrderedDict[str, tuple[tuple[bytes, ...], ScopeGrants]] = OrderedDict()

    async def of_viewer(self, viewer: Viewer) -> Sequence[Grant]:
        """Every grant to a viewer, also expired ones: one index query and one batch."""
        if viewer.kind is ViewerKind.CUSTOMER and viewer.customer is not None:
            return await self._of_customer(viewer.customer)
        if viewer.guest_of is not None:
            found = await self.of_grantee(viewer.guest_of.grantee)
            return [g.grant() for g in found if (g.owner, g.album) == (viewer.guest_of.owner, viewer.guest_of.album)]
        return ()

    async def _of_customer(self, customer: str) -> Sequence[Grant]:
        """The grants of a customer. Those of equal stored bodies are decoded once, because most requests read the same ones."""
        items = sorted(await self._items_of_grantee(customer), key=lambda item: item.key)
        bodies = tuple(item.body for item in items)
        known = self._decoded.get(customer)
        if known is None or known[0] != bodies:
            read = (read_body(_RECORD, item, GRANTS) for item in items)
            known = (bodies, ScopeGrants(g.grant() for g in read if g.grantee == customer))
            self._decoded[customer] = known
            while len(self._decoded) > _DECODED_CUSTOMERS:
                self._decoded.popitem(last=False)
        self._decoded.move_to_end(customer)
        return known[1]

    async def of_grantee(self, grantee: str) -> Sequence[GrantRecord]:
        """Every grant to one grantee."""
        items = await self._items_of_grantee(grantee)
        return [g for g in (read_body(_RECORD, i, GRANTS) for i in items) if g.grantee == grantee]

    async def _items_of_grantee(self, grantee: str) -> Collection[Item]:
        keys: list[Key] = []
        after: str | None = None
        while True:
            page = await self._store.query_index(GRANTS, "grantee", grantee, Span(), limit=500, after=after)
            keys += [e.key for e in page.entries]
            after = page.after
            if after is None:
                break
        return (await self._store.get_many(GRANTS, keys)).values() if keys else ()

    async def of_album(self, owner: str, album: str) -> Sequence[GrantRecord]:
        """Every grant to one album, oldest first."""
        return sorted(await self._span(owner, f"{album}#"), key=lambda g: (g.created_at_ms, g.grantee))

    async def of_albums(self, owner: str) -> Sequence[GrantRecord]:
        """Every grant of an owner."""
        return await self._span(owner, "")

    async def by_slot(self, owner: str, slot: str) -> GrantRecord | None:
        """A grant by its sort key."""
        item = (await self._store.get_many(GRANTS, [Key(owner, slot)])).get(Key(owner, slot))
        return None if item is None else read_body(_RECORD, item, GRANTS)

    async def secret_of(self, grant: GrantRecord) -> str | None:
        """The secret of a link; for its owner only."""
        if grant.sealed_secret is None:
            return None
        keys = (await self._keys.keys_of([grant.owner])).get(grant.owner)
        if keys is None:
            return None
        try:
            return unseal(keys, grant.binding, SECRET, grant.sealed_secret).decode()
        except SealError as e:
            raise Corrupt("grants", str(e)) from e

    async def save(self, record: GrantRecord, *, secret: str | None = None) -> GrantRecord | None:
        """Writes the next version and seals the secret of a link, if given. Returns None if the stored version differs."""
        sealed = record.sealed_secret
        if secret is not None:
            sealed = seal(await self._keys.ensure(record.owner), record.binding, SECRET, secret.encode())
        written = msgspec.structs.replace(record, version=record.version + 1, sealed_secret=sealed)
        (done,) = await self._store.write_each([Put(GRANTS, grant_item(written), record.version)])
        return written if done else None

    async def remove(self, records: Sequence[GrantRecord]) -> None:
        """Removes grants; they end at once."""
        await self._store.write_each([Remove(GRANTS, Key(r.owner, r.slot), None) for r in records])

    async def _span(self, owner: str, prefix: str) -> Sequence[GrantRecord]:
        span = Span(start=prefix or None, end=f"{prefix[:-1]}$" if prefix else None)
        found: list[GrantRecord] = []
        after: str | None = None
        while True:
            page = await self._store.query(GRANTS, owner, span, limit=500, after=after)
            found += [read_body(_RECORD, i, GRANTS) for i in page.items]
            after = page.after
            if after is None:
                return found
