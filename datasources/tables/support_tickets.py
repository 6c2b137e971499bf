"""The table of support tickets: access of support to the data of one customer for half an hour, visible to the customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec

from access.classes import DataClass
from access.policy import OWNER_VISIBILITY, SUPPORT_CLASSES
from access.scope import Scope
from access.seals import Binding, OwnerKeys, seal
from access.viewer import TicketRef, Viewer
from datasources.stored_data import Backup, Export, StoredData
from datasources.tables.erasure import by_partition
from datasources.tables.sealed_body import Keys, open_group, read_body
from datasources.tables.store import Item, ItemStore, Key, Put, Span, Table

TICKETS = Table(
    "tickets",
    stored=StoredData(
        name="table tickets",
        holds="Support tickets: agent, classes, expiry; sealed: the reason",
        classes=(DataClass.OPERATIONAL, DataClass.CONTENT),
        erased=by_partition(),
        exported=Export(text="The accesses made with a ticket are in the access log, which is exported."),
        backed_up=Backup.INCLUDED,
        proven=("tests/erasing/test_erase.py",),
    ),
)
OPEN_MS = 30 * 60_000
_ENCODE = msgspec.msgpack.Encoder().encode


class TicketRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ticket. A closed number may be opened again. The reason is sealed."""

    owner: str
    number: str
    agent: str
    version: int
    classes: tuple[str, ...]
    opened_at_ms: int
    closes_at_ms: int
    sealed: dict[str, bytes] = {}

    @property
    def slot(self) -> str:
        """The sort key; the latest comes last."""
        return f"{self.opened_at_ms:014d}#{self.number}"

    @property
    def binding(self) -> Binding:
        """The binding of its seal."""
        return Binding(TICKETS.name, self.owner, self.slot)

    @property
    def of(self) -> TicketRef:
        """The reference of a support token."""
        return TicketRef(self.owner, self.slot)


@dataclass(frozen=True)
class SeenTicket:
    """A ticket as its customer sees it."""

    record: TicketRecord
    keys: OwnerKeys

    @cached_property
    def reason(self) -> str:
        """The reason."""
        plain = open_group(OWNER_VISIBILITY, DataClass.IDENTITY, self.keys, self.record.binding, self.record.sealed)
        return "" if plain is None else plain.decode()


_RECORD = msgspec.msgpack.Decoder(TicketRecord)


class SupportTickets:
    """Reads tickets by viewer and by customer, and writes tickets."""

    def __init__(self, store: ItemStore, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    async def of_viewer(self, viewer: Viewer, *, now_ms: int) -> frozenset[DataClass] | None:
        """The classes of the open ticket of a viewer; None if it is closed."""
        if viewer.ticket is None:
            return None
        key = Key(viewer.ticket.owner, viewer.ticket.slot)
        item = (await self._store.get_many(TICKETS, [key])).get(key)
        record = None if item is None else read_body(_RECORD, item, TICKETS)
        if record is None or record.agent != viewer.subject or record.closes_at_ms <= now_ms:
            return None
        return frozenset(c for c in SUPPORT_CLASSES if c.value in record.classes)

    async def of_customer(self, scope: Scope, *, now_ms: int) -> Sequence[SeenTicket]:
        """Every ticket for the viewer's own data, open ones first, then the latest."""
        if scope.own is None:
            return ()
        records = await self._of_owner(scope.own)
        keys = await self._keys.keys_of([scope.own]) if records else {}
        ordered = sorted(records, key=lambda r: (r.closes_at_ms <= now_ms, -r.opened_at_ms, r.number))
        return [SeenTicket(r, keys[scope.own]) for r in ordered if scope.own in keys]

    async def open(self, record: TicketRecord, reason: str) -> TicketRecord | None:
        """Opens a ticket; None if the number is open for this customer."""
        if any(r.number == record.number for r in await self._open_ones(record.owner, record.opened_at_ms)):
            return None
        keys = await self._keys.ensure(record.owner)
        sealed = {DataClass.IDENTITY.value: seal(keys, record.binding, DataClass.IDENTITY.value, reason.encode())}
        written = msgspec.structs.replace(record, version=1, sealed=sealed)
        (done,) = await self._store.write_each([self._put(written, 0)])
        return written if done else None

    async def close(self, owner: str, number: str, *, now_ms: int) -> int:
        """Closes the tickets of a number at once for every process, and returns their number."""
        standing = [r for r in await self._open_ones(owner, now_ms) if r.number == number]
        closed = [msgspec.structs.replace(r, version=r.version + 1, closes_at_ms=now_ms) for r in standing]
        done = await self._store.write_each([self._put(r, r.version - 1) for r in closed])
        return sum(done)

    async def _open_ones(self, owner: str, now_ms: int) -> Sequence[TicketRecord]:
        return [r for r in await self._of_owner(owner) if r.closes_at_ms > now_ms]

    async def _of_owner(self, owner: str) -> list[TicketRecord]:
        found: list[TicketRecord] = []
        after: str | None = None
        while True:
            page = await self._store.query(TICKETS, owner, Span(), limit=500, after=after)
            found += [read_body(_RECORD, i, TICKETS) for i in page.items]
            after = page.after
            if after is None:
                return found

    def _put(self, record: TicketRecord, if_version: int) -> Put:
        return Put(TICKETS, Item(Key(record.owner, record.slot), record.version, _ENCODE(record)), if_version)
