"""The shards of the streams: listing, the shards that may be read, and their records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from datasources.aws.calls import AwsCalls, ExpectedError
from datasources.errors import Corrupt, Unavailable
from datasources.tables.dynamodb.positions import Position, Reached, Shard
from datasources.tables.store import Table

_NOT_THERE = "ResourceNotFoundException"
_TRIMMED = "TrimmedDataAccessException"
_EXPIRED = "ExpiredIteratorException"
_MOST_RECORDS = 1_000
_EMPTY_PAGES = 4
"""Maximum pages without records per read; an empty page is not the end of a shard."""


class Read(NamedTuple):
    """Records of a shard in order, and whether the shard will never have more."""

    records: Sequence[Mapping[str, Any]]
    ended: bool


class DynamoShards:
    """The streams of the tables with `feed`."""

    def __init__(self, calls: AwsCalls, streams: AwsCalls, tables: Sequence[Table], prefix: str) -> None:
        self._calls = calls
        self._streams = streams
        self._tables = [t.name for t in tables if t.feed]
        self._prefix = prefix
        self._arns: dict[str, str] = {}
        self._iterators: dict[tuple[Shard, int], str] = {}

    async def listed(self) -> Mapping[Shard, Shard | None]:
        """Every shard of the streams, with its parent."""
        found: dict[Shard, Shard | None] = {}
        for table in self._tables:
            params: dict[str, Any] = {"StreamArn": await self._arn(table)}
            while True:
                response = (await self._streams.call("describe_stream", params))["StreamDescription"]
                for shard in response["Shards"]:
                    parent = shard.get("ParentShardId")
                    found[Shard(table, shard["ShardId"])] = Shard(table, parent) if parent else None
                if not response.get("LastEvaluatedShardId"):
                    break
                params["ExclusiveStartShardId"] = response["LastEvaluatedShardId"]
        return found

    async def _arn(self, table: str) -> str:
        if table not in self._arns:
            response = await self._calls.call("describe_table", {"TableName": self._prefix + table})
            arn = response["Table"].get("LatestStreamArn")
            if not arn:
                raise Unavailable("tables", f"{table} has no stream")
            self._arns[table] = str(arn)
        return self._arns[table]

    async def read(self, shard: Shard, after: int, limit: int) -> Read:
        """At most `limit` records after one; raises `Corrupt` if they were trimmed."""
        iterator = self._iterators.pop((shard, after), None) or await self._iterator(shard, after)
        for _ in range(_EMPTY_PAGES):
            params = {"ShardIterator": iterator, "Limit": min(limit, _MOST_RECORDS)}
            try:
                response = await self._streams.call("get_records", params, expected=frozenset({_TRIMMED, _EXPIRED}))
            except ExpectedError as e:
                if e.code == _TRIMMED:
                    raise _lost() from e
                iterator = await self._iterator(shard, after)
                continue
            records, following = response["Records"], response.get("NextShardIterator")
            if not following:
                return Read(records, ended=True)
            if records:
                return Read(records, ended=False)
            iterator = following
        self._iterators[shard, after] = iterator
        return Read((), ended=False)

    async def _iterator(self, shard: Shard, after: int) -> str:
        params: dict[str, Any] = {"StreamArn": await self._arn(shard.table), "ShardId": shard.id}
        if after:
            params |= {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": f"{after:021}"}
        else:
            params["ShardIteratorType"] = "TRIM_HORIZON"
        try:
            response = await self._streams.call("get_shard_iterator", params, expected=frozenset({_TRIMMED, _NOT_THERE}))
        except ExpectedError as e:
            raise _lost() from e
        return str(response["ShardIterator"])


def readable(kept: Mapping[Shard, Shard | None], position: Position) -> list[Shard]:
    """Shards that may have more, whose parents have no more: so the changes of an item come in order."""
    ended = {shard for shard, reached in position.shards.items() if reached.ended}
    return [s for s, parent in kept.items() if s not in ended and (parent is None or parent not in kept or parent in ended)]


def checked(kept: Mapping[Shard, Shard | None], position: Position) -> Position:
    """The position without shards that are gone; raises `Corrupt` where one of them was not read to its end."""
    gone = {shard for shard in position.shards if shard not in kept}
    if any(not position.shards[shard].ended for shard in gone):
        raise _lost()
    return position.without(gone)


def _lost() -> Corrupt:
    return Corrupt("tables", "changes after this position are no longer kept: rebuild from the tables")


BEGINNING = Reached(0, ended=False)
