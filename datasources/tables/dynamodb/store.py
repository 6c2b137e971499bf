"""Tables in DynamoDB: the production engine, for any number of processes."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Self

from typing_extensions import override

from datasources.aws.access import AwsAccess
from datasources.aws.calls import AwsCalls
from datasources.retry import RetryPolicy
from datasources.tables.changes import ChangeFeed
from datasources.tables.dynamodb.feed import DynamoChangeFeed
from datasources.tables.dynamodb.reads import DynamoReader
from datasources.tables.dynamodb.rows import alive, entry_of, item_of, key_of
from datasources.tables.dynamodb.writes import DynamoWriter
from datasources.tables.limits import check_each, check_key, check_limit, check_text, check_transaction
from datasources.tables.page_tokens import Tokens
from datasources.tables.store import IndexPage, Item, ItemPage, ItemStore, Key, ScanPage, Span, Table, Write

Clock = Callable[[], float]

_MOST_ROWS = 1_000
"""Maximum rows of a page; a response ends at 1 MB."""


class DynamoTables:
    """Opened tables with a prefix: their items and their change feed."""

    def __init__(self, calls: AwsCalls, streams: AwsCalls, tables: Sequence[Table], prefix: str, clock: Clock) -> None:
        self._streams = streams
        self._tokens = Tokens(secrets.token_bytes(32))
        self.calls = calls
        self.items: ItemStore = DynamoItemStore(calls, tables, prefix, clock, self._tokens)
        self.feed: ChangeFeed = DynamoChangeFeed(calls, streams, tables, prefix, self._tokens)

    @classmethod
    async def open(
        cls, access: AwsAccess, tables: Sequence[Table], *, prefix: str, clock: Clock, retry_policy: RetryPolicy | None = None
    ) -> Self:
        """Opens existing tables (`schema.make_missing` creates them) without a call.

        Continuation tokens are valid in other processes only after `sign`.
        """
        calls = await AwsCalls.open("tables", "dynamodb", access, retry_policy)
        streams = await AwsCalls.open("tables", "dynamodbstreams", access, retry_policy)
        return cls(calls, streams, tables, prefix, clock)

    def sign(self, secret: bytes) -> None:
        """Continuation tokens and positions are signed with a secret of the installation from now on."""
        self._tokens.sign_with(secret)

    async def sweep(self) -> int:
        """Does nothing: DynamoDB removes expired items."""
        return await self.items.sweep()

    async def close(self) -> None:
        """Closes connections; a repeat does nothing."""
        for opened in (self.calls, self._streams):
            await opened.close()


class DynamoItemStore(ItemStore):
    """Created by `DynamoTables.open`."""

    def __init__(self, calls: AwsCalls, tables: Sequence[Table], prefix: str, clock: Clock, tokens: Tokens) -> None:
        self._calls = calls
        self._tables = {table.name: table for table in tables}
        self._reader = DynamoReader(calls, prefix)
        self._writer = DynamoWriter(calls, prefix)
        self._clock = clock
        self._tokens = tokens

    @override
    async def get_many(self, table: Table, keys: Sequence[Key]) -> Mapping[Key, Item]:
        self._check(table)
        wanted = list(dict.fromkeys(keys))
        for key in wanted:
            check_key(key)
        now = self._now()
        rows = await self._reader.by_key(table.name, wanted) if wanted else {}
        return {key: item_of(table, row) for key, row in rows.items() if alive(row, now)}

    @override
    async def query(self, table: Table, partition: str, span: Span, *, limit: int, after: str | None = None) -> ItemPage:
        self._check(table)
        check_text(partition)
        check_limit(limit)
        context = _token_context(table.name, "", partition, span)
        last = None if after is None else Key(partition, self._tokens.read(context, after)[0])
        found = await self._reader.page(table.name, partition, span, last, min(limit, _MOST_ROWS))
        now = self._now()
        items = [item_of(table, row) for row in found.rows if alive(row, now)]
        return ItemPage(items, None if found.last is None else self._tokens.make(context, [key_of(found.last).sort]))

    @override
    async def query_index(
        self, table: Table, index: str, partition: str, span: Span, *, limit: int, after: str | None = None
    ) -> IndexPage:
        if index not in self._check(table).indexes:
            raise ValueError(f"{table.name}: no index {index}")
        check_text(partition)
        check_limit(limit)
        context = _token_context(table.name, index, partition, span)
        last = None if after is None else self._tokens.read(context, after)
        found = await self._reader.index_page(table.name, index, partition, span, (last, min(limit, _MOST_ROWS)))
        now = self._now()
        entries = [entry_of(index, row) for row in found.rows if alive(row, now)]
        if found.last is None:
            return IndexPage(entries, None)
        end = entry_of(index, found.last)
        return IndexPage(entries, self._tokens.make(context, [end.sort, end.key.sort, end.key.partition]))

    @override
    async def scan(self, table: Table, *, limit: int, after: Key | None = None) -> ScanPage:
        self._check(table)
        found = await self._reader.scan(table.name, after, min(limit, _MOST_ROWS))
        return ScanPage([item_of(table, row) for row in found.rows], None if found.last is None else key_of(found.last))

    @override
    async def transact(self, writes: Sequence[Write]) -> None:
        check_transaction(writes)
        for write in writes:
            self._check(write.table)
        if writes:
            await self._writer.all_of(writes, self._now())

    @override
    async def write_each(self, writes: Sequence[Write]) -> Sequence[bool]:
        check_each(writes)
        for write in writes:
            self._check(write.table)
        return await self._writer.each_of(writes, self._now())

    @override
    async def sweep(self) -> int:
        return 0

    @override
    async def purge(self) -> None:
        """Does nothing: the engine has no local files, and its streams end after a day."""

    @override
    async def close(self) -> None:
        await self._calls.close()

    def _check(self, table: Table) -> Table:
        try:
            return self._tables[table.name]
        except KeyError:
            raise ValueError(f"no table {table.name} was opened") from None

    def _now(self) -> int:
        return int(self._clock())


def _token_context(table: str, index: str, partition: str, span: Span) -> tuple[str, ...]:
    return (table, index, partition, "descending" if span.descending else "ascending")
