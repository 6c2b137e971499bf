"""The table of persisted documents: registered documents, their clients, and when they were last used.

Ids are spread over sixteen partitions by their hash, so that a list is sixteen queries and a look-up is one.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from datasources.stored_data import NoCustomerData
from datasources.tables.store import Item, ItemStore, Key, Put, Span, Table

DOCUMENTS = Table("documents", stored=NoCustomerData("It holds the persisted documents of client programs."))
KNOWN_S: Final = 20
"""Seconds that a process caches a document: a retired document is refused everywhere after that time."""
_MOST_KNOWN: Final = 20_000
_DAY_MS: Final = 86_400_000
_PARTITIONS: Final = tuple("0123456789abcdef")
_ENCODE = msgspec.msgpack.Encoder().encode
_MOST_IN_PAGE: Final = 500


class DocumentRecord(msgspec.Struct, frozen=True):
    """A document of a client. `used_at_ms` has the precision of a day."""

    id: str
    client: str
    name: str
    text: str
    added_at_ms: int
    retired_at_ms: int | None = None
    used_at_ms: int | None = None


class PersistedDocuments:
    """The safelist. `text` caches known and unknown ids for some seconds."""

    def __init__(self, store: ItemStore, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._now_ms = now_ms
        self._known: OrderedDict[str, tuple[str | None, int]] = OrderedDict()

    async def add(self, records: Sequence[DocumentRecord]) -> int:
        """Registers documents or reactivates retired ones, and returns how many were not active before."""
        added = 0
        for record in records:
            found = await self._one(record.id, record.client)
            if found is not None and found[0].retired_at_ms is None and found[0].text == record.text:
                continue
            await self._put(record, 0 if found is None else found[1])
            added += 1
        return added

    async def all(self, client: str | None = None) -> list[DocumentRecord]:
        """Every document, or those of one client, by client and name."""
        found: list[DocumentRecord] = []
        for partition in _PARTITIONS:
            found += [_record(item) for item in await self._items(partition, Span())]
        chosen = [r for r in found if client in (None, r.client)]
        return sorted(chosen, key=lambda r: (r.client, r.name, r.id))

    async def retire(self, *, client: str | None = None, document_id: str | None = None) -> int:
        """Retires documents of a client, of an id (under each of its ids), or both, and returns the number of entries."""
        retired, registered = 0, await self.all(client)
        texts = {(r.client, r.text) for r in registered if document_id in (None, r.id)}
        for record in registered:
            if (record.client, record.text) not in texts or record.retired_at_ms is not None:
                continue
            found = await self._one(record.id, record.client)
            if found is not None:
                await self._put(msgspec.structs.replace(found[0], retired_at_ms=self._now_ms()), found[1])
                retired += 1
        self._known.clear()
        return retired

    async def text(self, document_id: str) -> str | None:
        """The text of an active document; stores the day of its use."""
        now = self._now_ms()
        known = self._known.get(document_id)
        if known is None or now >= known[1]:
            known = await self._read(document_id, now), now + KNOWN_S * 1_000
            self._known[document_id] = known
            self._known.move_to_end(document_id)
            if len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
        return known[0]

    async def _read(self, document_id: str, now: int) -> str | None:
        items = await self._items(_partition(document_id), Span(f"{document_id}#", f"{document_id}$"))
        in_use = [(r, item.version) for item in items if (r := _record(item)).retired_at_ms is None]
        stale = [(r, version) for r, version in in_use if r.used_at_ms is None or now - r.used_at_ms >= _DAY_MS]
        # Another process may note the same day, or somebody retire it meanwhile: then theirs stands.
        puts = [Put(DOCUMENTS, _item(msgspec.structs.replace(r, used_at_ms=now), v + 1), v) for r, v in stale]
        if puts:
            await self._store.write_each(puts)
        return in_use[0][0].text if in_use else None

    async def _items(self, partition: str, span: Span) -> list[Item]:
        """All documents."""
        found: list[Item] = []
        after: str | None = None
        while True:
            page = await self._store.query(DOCUMENTS, partition, span, limit=_MOST_IN_PAGE, after=after)
            found += page.items
            after = page.after
            if after is None:
                return found

    async def _one(self, document_id: str, client: str) -> tuple[DocumentRecord, int] | None:
        key = _key(document_id, client)
        item = (await self._store.get_many(DOCUMENTS, [key])).get(key)
        return None if item is None else (_record(item), item.version)

    async def _put(self, record: DocumentRecord, version: int) -> None:
        await self._store.transact([Put(DOCUMENTS, _item(record, version + 1), version)])
        self._known.pop(record.id, None)


def hash_of(text: str) -> str:
    """The default id of a document: the SHA-256 of its text."""
    return hashlib.sha256(text.encode()).hexdigest()


def _partition(document_id: str) -> str:
    return hashlib.sha256(document_id.encode()).hexdigest()[0]


def _key(document_id: str, client: str) -> Key:
    return Key(_partition(document_id), f"{document_id}#{client}")


def _item(record: DocumentRecord, version: int) -> Item:
    return Item(_key(record.id, record.client), version, _ENCODE(record))


def _record(item: Item) -> DocumentRecord:
    return msgspec.msgpack.decode(item.body, type=DocumentRecord)
