"""The table of the access log: who read the data of a customer, shown to that customer, for 400 days."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence

import msgspec

from access.classes import DataClass
from access.scope import Scope
from datasources.stored_data import Backup, Export, StoredData
from datasources.tables.erasure import by_partition
from datasources.tables.sealed_body import read_body
from datasources.tables.store import Item, ItemStore, Key, Put, Span, Table

ACCESS_LOG = Table(
    "readings",
    indexes=("readers",),
    expires=True,
    stored=StoredData(
        name="table readings",
        holds="The access log: who read which classes of a customer's data, for 400 days",
        classes=(DataClass.OPERATIONAL,),
        erased=by_partition(text="The customer's own log. In the logs of others the customer's id is removed."),
        exported=Export(("readings",)),
        backed_up=Backup.INCLUDED,
        proven=("tests/erasing/test_erase.py", "tests/exporting/test_access_log_section.py"),
    ),
)
_PAGE = 500
KEPT_MS = 400 * 86_400_000
_ENCODE = msgspec.msgpack.Encoder().encode


class ReadingRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A read by another viewer: owner of the data, time, kind and name of the viewer, purpose, classes, number of photos.

    `principal` is a service's name, a support agent's ticket, or a customer's local id; a guest of a link has none.
    """

    owner: str
    id: str
    at_ms: int
    kind: str
    principal: str | None = None
    purpose: str | None = None
    classes: tuple[str, ...] = ()
    photos: int = 0

    @property
    def slot(self) -> str:
        """The sort key; the latest comes last."""
        return f"{self.at_ms:014d}#{self.id}"


_RECORD = msgspec.msgpack.Decoder(ReadingRecord)


class AccessLog:
    """Access log entries by customer."""

    def __init__(self, store: ItemStore) -> None:
        self._store = store

    async def add(self, records: Sequence[ReadingRecord]) -> None:
        """Writes entries; raises `SourceError`."""
        await self._store.write_each([Put(ACCESS_LOG, _item(r), None) for r in records])

    async def of_customer(self, scope: Scope, *, before: str | None, limit: int) -> Sequence[ReadingRecord]:
        """The latest entries of the viewer's own log before a sort key."""
        if scope.own is None:
            return ()
        found: list[ReadingRecord] = []
        after: str | None = None
        while len(found) < limit:
            page = await self._store.query(
                ACCESS_LOG, scope.own, Span(end=before, descending=True), limit=limit - len(found), after=after
            )
            found += [read_body(_RECORD, item, ACCESS_LOG) for item in page.items]
            after = page.after
            if after is None:
                break
        return found

    async def everything(self, scope: Scope) -> AsyncIterator[ReadingRecord]:
        """Every entry of the viewer's own log, latest first."""
        before: str | None = None
        while page := await self.of_customer(scope, before=before, limit=_PAGE):
            for record in page:
                yield record
            before = page[-1].slot

    async def unname(self, reader: str) -> int:
        """Removes the id of an erased customer from the logs of others, and returns the number of changed entries."""
        unnamed, after = 0, None
        while True:
            page = await self._store.query_index(ACCESS_LOG, "readers", reader, Span(), limit=100, after=after)
            items = await self._store.get_many(ACCESS_LOG, [e.key for e in page.entries]) if page.entries else {}
            found = [(item, read_body(_RECORD, item, ACCESS_LOG)) for item in items.values()]
            named = [(item, record) for item, record in found if record.principal == reader]
            puts = [Put(ACCESS_LOG, _item(msgspec.structs.replace(r, principal=None)), item.version) for item, r in named]
            unnamed += sum(await self._store.write_each(puts)) if puts else 0
            after = page.after
            if after is None:
                return unnamed


def principal_label(record: ReadingRecord, display_name: str | None) -> str:
    """The label of the reader that the customer sees; a customer by display name, if it is given."""
    match record.kind:
        case "CUSTOMER":
            return display_name or "A customer with whom an album was shared"
        case "SUPPORT":
            return f"Support, ticket {record.principal}"
        case "GUEST":
            return "A guest of a shared link"
        case _:
            return record.principal or ""


def digest(records: Sequence[ReadingRecord]) -> str:
    """The digest of entries in the audit log, by which a changed entry is detected."""
    hashed = hashlib.blake2b(digest_size=32)
    for record in sorted(records, key=lambda r: (r.owner, r.slot)):
        body = _ENCODE(record)
        hashed.update(len(body).to_bytes(8, "big") + body)
    return hashed.hexdigest()


def _item(record: ReadingRecord) -> Item:
    expires = (record.at_ms + KEPT_MS) // 1_000
    reader = record.principal if record.kind == "CUSTOMER" else None
    indexes = {} if reader is None else {"readers": Key(reader, record.slot)}
    return Item(Key(record.owner, record.slot), 1, _ENCODE(record), indexes, expires)
