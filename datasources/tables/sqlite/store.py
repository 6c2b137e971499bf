"""Tables in one SQLite file: the embedded engine. Several processes may hold the same file open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self, TypeVar

from typing_extensions import override

from datasources.tables.changes import ChangeFeed
from datasources.tables.limits import check_each, check_key, check_limit, check_text, check_transaction
from datasources.tables.page_tokens import Tokens
from datasources.tables.sqlite.feed import SqliteChangeFeed, trim
from datasources.tables.sqlite.pages import index_page, item_page, items_by_key
from datasources.tables.sqlite.schema import Statements, prepare, statements_of
from datasources.tables.sqlite.threads import SqliteThreads
from datasources.tables.sqlite.writes import Writer
from datasources.tables.store import IndexPage, Item, ItemPage, ItemStore, Key, Put, Span, Table, Write

Clock = Callable[[], float]
T = TypeVar("T")

_BATCH = 500
"""Writes or removals in one transaction: other processes get their turn between two."""


class SqliteTables:
    """One open file: its items and its change feed."""

    def __init__(self, items: SqliteItemStore, feed: ChangeFeed) -> None:
        self._store = items
        self.items: ItemStore = items
        self.feed = feed

    @classmethod
    def open(cls, path: Path, tables: Sequence[Table], *, clock: Clock, durable: bool = False, patience_s: float = 5.0) -> Self:
        """Opens or makes the file. `clock` gives seconds since 1970; `durable` survives power loss too, not only a kill.

        Another writer is waited for `patience_s`, then `Throttled`. A file of another version is `Unavailable`.
        """
        statements = {table.name: statements_of(table) for table in tables}
        threads = SqliteThreads(path, durable=durable, patience_s=patience_s)
        try:
            secret = threads.write_now(lambda conn: prepare(conn, list(statements.values())))
        except BaseException:
            threads.close_now()
            raise
        return cls(SqliteItemStore(threads, statements, Tokens(secret), clock), SqliteChangeFeed(threads))

    async def sweep(self) -> int:
        """Removes expired items, feeding their removal, and changes that nobody needs any more; how many items."""
        return await self._store.sweep()

    async def close(self) -> None:
        """Ends threads and connections; again: nothing."""
        await self._store.close()


class SqliteItemStore(ItemStore):
    """Made by `SqliteTables.open`."""

    def __init__(self, threads: SqliteThreads, statements: Mapping[str, Statements], tokens: Tokens, clock: Clock) -> None:
        self._threads = threads
        self._statements = statements
        self._tokens = tokens
        self._clock = clock

    @override
    async def get_many(self, table: Table, keys: Sequence[Key]) -> Mapping[Key, Item]:
        statements = self._of(table)
        wanted = list(dict.fromkeys(keys))
        for key in wanted:
            check_key(key)
        if not wanted:
            return {}
        now = self._now()
        return await self._threads.read(lambda conn: items_by_key(conn, statements, wanted, now))

    @override
    async def query(self, table: Table, partition: str, span: Span, *, limit: int, after: str | None = None) -> ItemPage:
        check_text(partition)
        check_limit(limit)
        statements, now = self._of(table), self._now()
        asked = _asked(table.name, "", partition, span)
        last = None if after is None else self._tokens.read(asked, after)
        items, more = await self._threads.read(lambda conn: item_page(conn, statements, partition, span, (limit, last, now)))
        return ItemPage(items, self._tokens.make(asked, [items[-1].key.sort]) if more else None)

    @override
    async def query_index(
        self, table: Table, index: str, partition: str, span: Span, *, limit: int, after: str | None = None
    ) -> IndexPage:
        check_text(partition)
        check_limit(limit)
        statements, now = self._of(table), self._now()
        if index not in statements.table.indexes:
            raise ValueError(f"{table.name}: no index {index}")
        asked = _asked(table.name, index, partition, span)
        last = None if after is None else self._tokens.read(asked, after)
        entries, more = await self._threads.read(
            lambda conn: index_page(conn, (statements, index), partition, span, (limit, last, now))
        )
        if not more:
            return IndexPage(entries, None)
        end = entries[-1]
        return IndexPage(entries, self._tokens.make(asked, [end.sort, end.key.sort, end.key.partition]))

    @override
    async def transact(self, writes: Sequence[Write]) -> None:
        check_transaction(writes)
        if writes:
            await self._write(writes, lambda writer: writer.all_of(writes))

    @override
    async def write_each(self, writes: Sequence[Write]) -> Sequence[bool]:
        check_each(writes)
        done: list[bool] = []
        for start in range(0, len(writes), _BATCH):
            done += await self._each(writes[start : start + _BATCH])
        return done

    async def _each(self, writes: Sequence[Write]) -> list[bool]:
        return await self._write(writes, lambda writer: writer.each_of(writes))

    async def _write(self, writes: Sequence[Write], work: Callable[[Writer], T]) -> T:
        for write in writes:
            self._of(write.table)
        done = await self._threads.write(lambda conn: work(Writer(conn, self._statements, self._now())))
        if any(_must_vanish(write) for write in writes):
            await self._threads.purge()
        return done

    async def sweep(self) -> int:
        """As `SqliteTables.sweep`."""
        swept = 0
        for statements in self._statements.values():
            gone = _BATCH if statements.table.expires else 0
            while gone == _BATCH:
                gone = await self._sweep_some(statements)
                swept += gone
        await self._threads.write(lambda conn: trim(conn, self._now()))
        return swept

    @override
    async def purge(self) -> None:
        await self._threads.rewrite()

    async def _sweep_some(self, of: Statements) -> int:
        return await self._threads.write(lambda conn: Writer(conn, self._statements, self._now()).swept(of, _BATCH))

    @override
    async def close(self) -> None:
        await self._threads.close()

    def _of(self, table: Table) -> Statements:
        try:
            return self._statements[table.name]
        except KeyError:
            raise ValueError(f"no table {table.name} was opened") from None

    def _now(self) -> int:
        return int(self._clock())


def _asked(table: str, index: str, partition: str, span: Span) -> tuple[str, ...]:
    return (table, index, partition, "descending" if span.descending else "ascending")


def _must_vanish(write: Write) -> bool:
    """Whether what was there may not live on anywhere, not even in the log: a key that is destroyed or replaced."""
    return not write.table.recovery and not (isinstance(write, Put) and write.if_version == 0)
