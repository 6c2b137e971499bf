"""A store that does all the port allows and SQLite never does: answers in any order, short and empty pages, late indexes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from typing_extensions import override

from datasources.tables.store import IndexEntry, IndexPage, Item, ItemPage, ItemStore, Key, Put, ScanPage, Span, Table, Write

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.tables.engines import Clock, Tables

_AGAIN = "again:"
_ALL = 1_000


class Awkward(ItemStore):
    """Another store behind it. `late`: its indexes stay as they were until `catch_up`; `hollow`: first pages may be empty."""

    def __init__(self, store: ItemStore, *, late: bool = False, hollow: bool = True) -> None:
        self._store = store
        self._random = Random(7)
        self._late = late
        self._hollow = hollow
        self._before: dict[tuple[str, Key], Item | None] = {}

    def catch_up(self) -> None:
        """The indexes hold what was written so far."""
        self._before.clear()

    @override
    async def get_many(self, table: Table, keys: Sequence[Key]) -> Mapping[Key, Item]:
        found = list((await self._store.get_many(table, keys)).items())
        self._random.shuffle(found)
        return dict(found)

    @override
    async def query(self, table: Table, partition: str, span: Span, *, limit: int, after: str | None = None) -> ItemPage:
        page = await self._store.query(table, partition, span, limit=self._fewer(limit), after=_inner(after))
        token = self._nothing_yet(after)
        return page if token is None else ItemPage([], token)

    @override
    async def query_index(
        self, table: Table, index: str, partition: str, span: Span, *, limit: int, after: str | None = None
    ) -> IndexPage:
        token, few = self._nothing_yet(after), self._fewer(limit)
        if self._before:
            entries, start = await self._as_it_was(table, index, partition, span), int(_inner(after) or 0)
            page = IndexPage(entries[start : start + few], str(start + few) if start + few < len(entries) else None)
        else:
            page = await self._store.query_index(table, index, partition, span, limit=few, after=_inner(after))
        return page if token is None else IndexPage([], token)

    async def _as_it_was(self, table: Table, index: str, partition: str, span: Span) -> list[IndexEntry]:
        """All entries, with those of items written since then as they were before."""
        found: list[IndexEntry] = []
        after = None
        while True:
            page = await self._store.query_index(table, index, partition, span, limit=_ALL, after=after)
            found += [e for e in page.entries if (table.name, e.key) not in self._before]
            if (after := page.after) is None:
                break
        for (name, key), item in self._before.items():
            at = item.indexes.get(index) if item is not None and name == table.name else None
            if at is not None and at.partition == partition and (span.start or "") <= at.sort < (span.end or "\U0010ffff"):
                found.append(IndexEntry(at.sort, key))
        return sorted(found, key=lambda e: (e.sort, e.key.sort, e.key.partition), reverse=span.descending)

    @override
    async def scan(self, table: Table, *, limit: int, after: Key | None = None) -> ScanPage:
        return await self._store.scan(table, limit=self._fewer(limit), after=after)

    @override
    async def transact(self, writes: Sequence[Write]) -> None:
        await self._remember(writes)
        await self._store.transact(writes)

    @override
    async def write_each(self, writes: Sequence[Write]) -> Sequence[bool]:
        await self._remember(writes)
        return await self._store.write_each(writes)

    async def _remember(self, writes: Sequence[Write]) -> None:
        for write in writes if self._late else ():
            key = write.item.key if isinstance(write, Put) else write.key
            if (write.table.name, key) not in self._before:
                self._before[write.table.name, key] = (await self._store.get_many(write.table, [key])).get(key)

    @override
    async def sweep(self) -> int:
        return await self._store.sweep()

    @override
    async def purge(self) -> None:
        await self._store.purge()

    @override
    async def close(self) -> None:
        await self._store.close()

    def _nothing_yet(self, after: str | None) -> str | None:
        """Now and then an empty page that goes on."""
        if after is None and not self._hollow:
            return None  # a token of ours alone is bound to nothing
        if (after is not None and after.startswith(_AGAIN)) or self._random.random() < 0.6:
            return None
        return _AGAIN + (after or "")

    def _fewer(self, limit: int) -> int:
        return self._random.randint(1, limit) if limit > 1 else limit


def _inner(after: str | None) -> str | None:
    return after if after is None or not after.startswith(_AGAIN) else after.removeprefix(_AGAIN) or None


@asynccontextmanager
async def awkward(folder: Path, tables: Sequence[Table], clock: Clock) -> AsyncIterator[Tables]:
    """SQLite behind it."""
    from tests.tables.engines import sqlite

    async with sqlite(folder, tables, clock) as opened:
        opened.items = Awkward(opened.items, hollow=False)
        yield opened
