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
from datasources.tables.sqlite.pages import index_page, item_page, items_by_key, scan_page
from datasources.tables.sqlite.schema import Statements, prepare, statements_of
from datasources.tables.sqlite.threads import SqliteThreads
from datasources.tables.sqlite.writes import Writer
from datasources.tables.store import IndexPage, Item, ItemPage, ItemStore, Key, Put, ScanPage, Span, Table, Write
from datasources.versions import UPGRADES, Upgrades

Clock = Callable[[], float]
T = TypeVar("T")

_BATCH = 500
"""Maximum writes of a transaction, so that other processes can write in between."""


class SqliteTables:
    """An open file: its items and its change feed."""

    def __init__(self, items: SqliteItemStore, feed: ChangeFeed) -> None:
        self._store = items
        self.items: ItemStore = items
        self.feed = feed

    @classmethod
    def open(
        cls,
        path: Path,
        tables: Sequence[Table],
        *,
        clock: Clock,
        durable: bool = False,
        busy_timeout_s: float = 5.0,
        upgrades: Upgrades = UPGRADES,
    ) -> Self:
        """Opens or creates the file. `clock` returns seconds since 1970; `durable` also survives a power loss, not only a kill.

        Raises `Throttled` if another process writes for longer than `busy_timeout_s`, `Unavailable` for another file version.
        """
        statements = {table.name: statements_of(table) for table in tables}
        threads = SqliteThreads(path, durable=durable, busy_timeout_s=busy_timeout_s)
        try:
            secret = threads.write_now(lambda conn: prepare(conn, list(statements.values()), upgrades.sqlite_version()))
        except BaseException:
            threads.close_now()
            raise
        return cls(SqliteItemStore(threads, statements, Tokens(secret), clock), SqliteChangeFeed(threads))

    async def sweep(self) -> int:
        """Removes expired items (also through the feed) and old changes, and returns the number of items."""
        return await self._store.sweep()

    async def close(self) -> None:
        """Closes threads and connections; a repeat does nothing."""
        await self._store.close()


class SqliteItemStore(ItemStore):
    """Created by `SqliteTables.open`."""

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
        context = _token_context(table.name, "", partition, span)
        last = None if after is None else self._tokens.read(context, after)
        items, more = await self._threads.read(lambda conn: item_page(conn, statements, partition, span, (limit, last, now)))
        return ItemPage(items, self._tokens.make(context, [items[-1].key.sort]) if more else None)

    @override
    async def query_index(
        self, table: Table, index: str, partition: str, span: Span, *, limit: int, after: str | None = None
    ) -> IndexPage:
        check_text(partition)
        check_limit(limit)
        statements, now = self._of(table), self._now()
        if index not in statements.table.indexes:
            raise ValueError(f"{table.name}: no index {index}")
        context = _token_context(table.name, index, partition, span)
        last = None if after is None else self._tokens.read(context, after)
        entries, more = await self._threads.read(
            lambda conn: index_page(conn, (statements, index), partition, span, (limit, last, now))
        )
        if not more:
            return IndexPage(entries, None)
        end = entries[-1]
        return IndexPage(entries, self._tokens.make(context, [end.sort, end.key.sort, end.key.partition]))

    @override
    async def scan(self, table: Table, *, limit: int, after: Key | None = None) -> ScanPage:
        statements = self._of(table)
        items = await self._threads.read(lambda conn: scan_page(conn, statements, limit, after))
        return ScanPage(items, items[-1].key if items else None)

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


def _token_context(table: str, index: str, partition: str, span: Span) -> tuple[str, ...]:
    return (table, index, partition, "descending" if span.descending else "ascending")


def _must_vanish(write: Write) -> bool:
    """Whether the replaced data must disappear from all files, also from the log: a destroyed or replaced key."""
    return not write.table.recovery and not (isinstance(write, Put) and write.if_version == 0)
