"""Reads from DynamoDB: batches by key with retries of unprocessed keys, and ordered pages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from datasources.aws.calls import AwsCalls
from datasources.errors import Corrupt, Throttled
from datasources.tables.dynamodb.rows import PARTITION, SORT, Row, index_attributes, key_of, key_row
from datasources.tables.index_keys import index_bound, index_sort
from datasources.tables.store import Key, Span

_BATCH = 100
_AT_ONCE = 8


class Rows(NamedTuple):
    """Rows in order, and the last evaluated row if more may follow."""

    rows: Sequence[Row]
    last: Row | None


class DynamoReader:
    """Reads of one store."""

    def __init__(self, calls: AwsCalls, prefix: str) -> None:
        self._calls = calls
        self._prefix = prefix
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def by_key(self, table: str, keys: Sequence[Key]) -> Mapping[Key, Row]:
        """Existing rows of distinct keys; fails as a whole if some cannot be read."""
        batches = [keys[start : start + _BATCH] for start in range(0, len(keys), _BATCH)]
        found = await asyncio.gather(*(self._batch(self._prefix + table, batch) for batch in batches))
        return {key: row for some in found for key, row in some.items()}

    async def _batch(self, table: str, keys: Sequence[Key]) -> dict[Key, Row]:
        """Responses come in any order and may leave keys unprocessed (16 MB, or a busy partition), which are requested again."""
        found: dict[Key, Row] = {}
        left, policy, attempt = set(keys), self._calls.retry_policy, 0
        async with policy.with_deadline(self._calls.source), self._gate:
            while left:
                wanted = {"Keys": [key_row(key) for key in left], "ConsistentRead": True}
                answer = await self._calls.call("batch_get_item", {"RequestItems": {table: wanted}})
                rows = _answered(answer, table, left)
                found.update(rows)
                unread = _unprocessed(answer, table, left - set(rows))
                if unread and not rows:
                    if not await policy.should_retry(attempt):
                        raise Throttled(self._calls.source, f"leaves {len(unread)} keys unread")
                    attempt += 1
                left = unread
        return found

    async def page(self, table: str, partition: str, span: Span, last: Key | None, limit: int) -> Rows:
        """Rows of a partition after a key."""
        bounds = _bounds(span, None if last is None else last.sort)
        if bounds is None:
            return Rows((), None)
        start, end = bounds
        params = _query(self._prefix + table, (PARTITION, partition), (SORT, "S", start, end), limit, descending=span.descending)
        if last is not None and _inside(last.sort.encode(), start, end, descending=span.descending):
            params["ExclusiveStartKey"] = key_row(last)
        rows = await self._ask({**params, "ConsistentRead": True}, limit)
        # BETWEEN includes its end, a span does not.
        return rows._replace(rows=[row for row in rows.rows if row[SORT]["S"] != span.end])

    async def index_page(self, table: str, index: str, partition: str, span: Span, place: tuple[list[str] | None, int]) -> Rows:
        """Rows of an index's partition after a place in it: key there, own sort key, own partition."""
        last, limit = place
        bounds = _bounds(span, None if last is None else last[0])
        if bounds is None:
            return Rows((), None)
        start, end = (None if b is None else index_bound(b) for b in bounds)
        names = index_attributes(index)
        params = _query(
            self._prefix + table, (names[0], partition), (names[1], "B", start, end), limit, descending=span.descending
        )
        params["IndexName"] = index
        if last is not None:
            own = Key(last[2], last[1])
            at = index_sort(last[0], own)
            if _inside(at, start, end, descending=span.descending):
                params["ExclusiveStartKey"] = key_row(own) | {names[0]: {"S": partition}, names[1]: {"B": at}}
        return await self._ask(params, limit)

    async def scan(self, table: str, last: Key | None, limit: int) -> Rows:
        """Rows of a whole table after a key, in the order of the engine's partitions."""
        params: dict[str, Any] = {"TableName": self._prefix + table, "Limit": limit, "ConsistentRead": True}
        if last is not None:
            params["ExclusiveStartKey"] = key_row(last)
        return await self._ask(params, limit, operation="scan")

    async def _ask(self, params: Mapping[str, Any], limit: int, operation: str = "query") -> Rows:
        answer = await self._calls.call(operation, params)
        rows = answer.get("Items")
        if rows is None or len(rows) > limit:
            raise Corrupt(self._calls.source, "an invalid page")
        return Rows(rows, answer.get("LastEvaluatedKey"))


def _answered(answer: Mapping[str, Any], table: str, wanted: set[Key]) -> dict[Key, Row]:
    rows = answer.get("Responses", {}).get(table)
    if rows is None and not answer.get("UnprocessedKeys"):
        raise Corrupt("tables", "a response without items")
    found = {key_of(row): row for row in rows or ()}
    if len(found) != len(rows or ()) or not wanted.issuperset(found):
        raise Corrupt("tables", "a response with items that were not requested")
    return found


def _unprocessed(answer: Mapping[str, Any], table: str, left: set[Key]) -> set[Key]:
    unprocessed = {key_of(row) for row in answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", ())}
    if not left.issuperset(unprocessed):
        raise Corrupt("tables", "a response with unprocessed keys that were not requested")
    return unprocessed


def _bounds(span: Span, last: str | None) -> tuple[str | None, str | None] | None:
    """First and last key of what is left of a span; None when nothing can be. An empty key is before every other."""
    start = span.start or None
    if span.end == "" or (start is not None and span.end is not None and start.encode() >= span.end.encode()):
        return None
    if last is not None:
        behind = start is not None and last.encode() < start.encode()
        beyond = span.end is not None and last.encode() >= span.end.encode()
        if behind if span.descending else beyond:
            return None
    return start, span.end


def _inside(at: bytes, start: str | bytes | None, end: str | bytes | None, *, descending: bool) -> bool:
    """Whether a start key is inside the range. DynamoDB refuses start keys outside the range of the query."""
    first, last = (b.encode() if isinstance(b, str) else b for b in (start, end))
    if descending:
        return last is None or at < last
    return first is None or at >= first


def _query(
    table: str,
    partition: tuple[str, str],
    sort: tuple[str, str, str | bytes | None, str | bytes | None],
    limit: int,
    *,
    descending: bool,
) -> dict[str, Any]:
    name, kind, start, end = sort
    text = f"{partition[0]} = :partition"
    values: dict[str, Any] = {":partition": {"S": partition[1]}}
    values |= {f":{word}": {kind: bound} for word, bound in (("start", start), ("end", end)) if bound is not None}
    if start is not None and end is not None:
        text += f" AND {name} BETWEEN :start AND :end"
    elif start is not None:
        text += f" AND {name} >= :start"
    elif end is not None:
        text += f" AND {name} < :end"
    return {
        "TableName": table,
        "KeyConditionExpression": text,
        "ExpressionAttributeValues": values,
        "Limit": limit,
        "ScanIndexForward": not descending,
    }
