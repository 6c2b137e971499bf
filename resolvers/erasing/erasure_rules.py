"""Where a customer stands in each table, and how they are taken out of it. A table without an entry stops the import."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from datasources import TABLES
from datasources.tables.access_log import ACCESS_LOG
from datasources.tables.albums import ALBUMS
from datasources.tables.customers import CUSTOMERS
from datasources.tables.documents import DOCUMENTS
from datasources.tables.erasure_marks import ERASURE_MARKS
from datasources.tables.grants import GRANTS
from datasources.tables.idempotency import IDEMPOTENCY_KEYS
from datasources.tables.jobs import JOBS
from datasources.tables.keys import KEYS
from datasources.tables.people import PEOPLE
from datasources.tables.photos import PHOTOS
from datasources.tables.pictures import PICTURES
from datasources.tables.store import ItemStore, Key, Remove, Span, Table
from datasources.tables.support_tickets import TICKETS
from datasources.tables.zones import ZONINGS, row_of

_PAGE: Final = 200
Rows = Callable[[ItemStore, str], AsyncIterator[Sequence[Key]]]


@dataclass(frozen=True, slots=True)
class ErasureRule:
    """The rows about a customer in one table, batch by batch, as they are now; a removal meanwhile disturbs nothing."""

    table: Table
    rows: Rows

    async def remove(self, store: ItemStore, owner: str) -> int:
        """Takes them out; how many there were."""
        removed = 0
        async for keys in self.rows(store, owner):
            await store.write_each([Remove(self.table, key, None) for key in keys])
            removed += len(keys)
        return removed

    async def left(self, store: ItemStore, owner: str) -> list[Key]:
        """What is there still."""
        return [key async for keys in self.rows(store, owner) for key in keys]


def _in_partition(table: Table, named: Callable[[str], str] = str) -> Rows:
    async def rows(store: ItemStore, owner: str) -> AsyncIterator[Sequence[Key]]:
        after: str | None = None
        while True:
            page = await store.query(table, named(owner), Span(), limit=_PAGE, after=after)
            if page.items:
                yield [item.key for item in page.items]
            after = page.after
            if after is None:
                return

    return rows


def _in_index(table: Table, index: str) -> Rows:
    async def rows(store: ItemStore, owner: str) -> AsyncIterator[Sequence[Key]]:
        after: str | None = None
        while True:
            page = await store.query_index(table, index, owner, Span(), limit=_PAGE, after=after)
            # An index may follow a moment later: what is gone from the table is gone.
            there = await store.get_many(table, [entry.key for entry in page.entries]) if page.entries else {}
            if there:
                yield list(there)
            after = page.after
            if after is None:
                return

    return rows


def _at(table: Table, key: Callable[[str], Key]) -> Rows:
    async def rows(store: ItemStore, owner: str) -> AsyncIterator[Sequence[Key]]:
        if await store.get_many(table, [key(owner)]):
            yield [key(owner)]

    return rows


def _each(*several: Rows) -> Rows:
    async def rows(store: ItemStore, owner: str) -> AsyncIterator[Sequence[Key]]:
        for one in several:
            async for keys in one(store, owner):
                yield keys

    return rows


def not_applicable() -> Rows:
    """Nothing of customers stands there, or it is taken out by other means."""
    return _each()


def _as_caller(owner: str) -> str:
    return f"CUSTOMER:{owner}"


PLACES: Final[Mapping[str, ErasureRule]] = MappingProxyType(
    {
        place.table.name: place
        for place in (
            ErasureRule(PHOTOS, _in_partition(PHOTOS)),
            ErasureRule(ALBUMS, _in_partition(ALBUMS)),
            ErasureRule(PEOPLE, _in_partition(PEOPLE)),
            ErasureRule(PICTURES, _in_partition(PICTURES)),
            ErasureRule(GRANTS, _each(_in_partition(GRANTS), _in_index(GRANTS, "grantee"))),
            ErasureRule(TICKETS, _in_partition(TICKETS)),
            ErasureRule(ZONINGS, _at(ZONINGS, row_of)),
            ErasureRule(ACCESS_LOG, _in_partition(ACCESS_LOG)),
            ErasureRule(IDEMPOTENCY_KEYS, _in_partition(IDEMPOTENCY_KEYS, _as_caller)),
            ErasureRule(CUSTOMERS, _in_partition(CUSTOMERS)),
            ErasureRule(KEYS, _at(KEYS, lambda owner: Key(f"owner:{owner}", "keys"))),
            # Jobs have files: `erase` sees to them. The mark stays for ever. Documents are the clients'.
            ErasureRule(JOBS, not_applicable()),
            ErasureRule(ERASURE_MARKS, not_applicable()),
            ErasureRule(DOCUMENTS, not_applicable()),
        )
    }
)
_UNKNOWN: Final = {table.name for table in TABLES} ^ set(PLACES)
if _UNKNOWN:
    raise TypeError(f"erasing must say where customers stand in: {', '.join(sorted(_UNKNOWN))}")
