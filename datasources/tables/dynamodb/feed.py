"""The change feed read from DynamoDB Streams. In production Lambda reads the streams (`deploy/lambda`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from typing_extensions import override

from datasources.aws.calls import AwsCalls
from datasources.errors import Conflict, Corrupt
from datasources.tables.changes import Change, ChangeFeed
from datasources.tables.dynamodb.positions import Position, Reached, Shard
from datasources.tables.dynamodb.reads import DynamoReader
from datasources.tables.dynamodb.records import change_of, sequence_of
from datasources.tables.dynamodb.rows import item_of
from datasources.tables.dynamodb.schema import MARKS
from datasources.tables.dynamodb.shards import BEGINNING, DynamoShards, checked, readable
from datasources.tables.dynamodb.writes import DynamoWriter
from datasources.tables.limits import check_limit, check_text
from datasources.tables.page_tokens import Tokens
from datasources.tables.store import Item, Key, Put, Table

_SORT = "mark"
_TRIES = 8
_PAGE = 1_000
_MOST_LAG = 10_000
"""Maximum number of changes that are read to count the lag."""


class DynamoChangeFeed(ChangeFeed):
    """Created by `DynamoTables.open`. Changes are in order for each item and are stored for a day."""

    def __init__(self, calls: AwsCalls, streams: AwsCalls, tables: Sequence[Table], prefix: str, tokens: Tokens) -> None:
        self._shards = DynamoShards(calls, streams, tables, prefix)
        self._reader = DynamoReader(calls, prefix)
        self._writer = DynamoWriter(calls, prefix)
        self._tokens = tokens
        self._head: str | None = None

    @override
    async def read(self, after: str | None, *, limit: int) -> Sequence[Change]:
        check_limit(limit)
        position = Position() if after is None else Position.read(self._tokens, after)
        kept = await self._shards.listed()
        position = checked(kept, position)
        changes: list[Change] = []
        tried: set[Shard] = set()
        while len(changes) < limit:
            shard = next((s for s in readable(kept, position) if s not in tried), None)
            if shard is None:
                break
            some, position = await self._some(shard, position, limit - len(changes))
            changes += some
            if not some:
                tried.add(shard)
        return changes

    async def _some(self, shard: Shard, position: Position, limit: int) -> tuple[list[Change], Position]:
        """The next changes of a shard, each with the position after it, and the position after all."""
        number = position.shards.get(shard, BEGINNING).number
        found = await self._shards.read(shard, number, limit)
        changes = []
        for at, record in enumerate(found.records, 1):
            number = int(sequence_of(record))
            position = position.moved(shard, Reached(number, found.ended and at == len(found.records)))
            changes.append(change_of(record, shard.table, position.text(self._tokens)))
        if found.ended and not found.records:
            position = position.moved(shard, Reached(number, ended=True))
        return changes, position

    @override
    async def head(self) -> str | None:
        try:
            while changes := await self.read(self._head, limit=_PAGE):
                self._head = changes[-1].position
        except Corrupt:
            if self._head is None:
                raise
            self._head = None  # nobody asked for a day: from the oldest that is kept
            return await self.head()
        return self._head

    @override
    async def mark(self, consumer: str) -> str | None:
        marked = await self._marked(consumer)
        return None if marked is None else marked.body.decode()

    @override
    async def set_mark(self, consumer: str, position: str) -> None:
        new = Position.read(self._tokens, position)
        for _ in range(_TRIES):
            marked = await self._marked(consumer)
            old = Position() if marked is None else Position.read(self._tokens, marked.body.decode())
            further = old.joined(new)
            if marked is not None and further == old:
                return
            version = 0 if marked is None else marked.version
            item = Item(Key(consumer, _SORT), version + 1, further.text(self._tokens).encode())
            if (await self._writer.each_of([Put(MARKS, item, version)], 0))[0]:
                return
        raise Conflict("tables", "the mark of a consumer is being set by others")

    async def _marked(self, consumer: str) -> Item | None:
        check_text(consumer)
        key = Key(consumer, _SORT)
        rows: Mapping[Key, Mapping[str, object]] = await self._reader.by_key(MARKS.name, [key])
        return item_of(MARKS, rows[key]) if key in rows else None

    @override
    async def lag(self, consumer: str) -> int:
        position, count = await self.mark(consumer), 0
        while count < _MOST_LAG and (changes := await self.read(position, limit=_PAGE)):
            position = changes[-1].position
            count += len(changes)
        return count

    @override
    async def forget(self, owner: str) -> int:
        """Does nothing: a stream cannot be changed. It holds old rows with sealed values for a day."""
        return 0
