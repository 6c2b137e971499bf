"""Which rows of a table are about a customer: the building blocks of a table's `Erasure`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from datasources.stored_data import Erasure, RowsOf
from datasources.tables.store import ItemStore, Key, Span, Table

_PAGE: Final = 200


def by_partition(named: Callable[[str], str] = str, text: str = "The rows of the customer's partition.") -> Erasure:
    """Every row of the partition of a customer; `named` gives the partition of an owner."""
    return Erasure(text, _partition(named))


def by_partition_and_index(index: str, text: str) -> Erasure:
    """Every row of the partition of a customer, and the rows of others that name the customer in an index."""
    return Erasure(text, _each(_partition(str), _index(index)))


def by_key(key: Callable[[str], Key], text: str = "The customer's row.") -> Erasure:
    """One row, found by its key."""

    async def rows(table: Table, store: ItemStore, owner: str) -> AsyncIterator[Sequence[Key]]:
        if await store.get_many(table, [key(owner)]):
            yield [key(owner)]

    return Erasure(text, rows)


def _partition(named: Callable[[str], str]) -> RowsOf:
    async def rows(table: Table, store: ItemStore, owner: str) -> AsyncIterator[Sequence[Key]]:
        after: str | None = None
        while True:
            page = await store.query(table, named(owner), Span(), limit=_PAGE, after=after)
            if page.items:
                yield [item.key for item in page.items]
            after = page.after
            if after is None:
                return

    return rows


def _index(index: str) -> RowsOf:
    async def rows(table: Table, store: ItemStore, owner: str) -> AsyncIterator[Sequence[Key]]:
        after: str | None = None
        while True:
            page = await store.query_index(table, index, owner, Span(), limit=_PAGE, after=after)
            # An index may lag behind its table: entries of removed rows are skipped.
            present = await store.get_many(table, [entry.key for entry in page.entries]) if page.entries else {}
            if present:
                yield list(present)
            after = page.after
            if after is None:
                return

    return rows


def _each(*several: RowsOf) -> RowsOf:
    async def rows(table: Table, store: ItemStore, owner: str) -> AsyncIterator[Sequence[Key]]:
        for one in several:
            async for keys in one(table, store, owner):
                yield keys

    return rows
