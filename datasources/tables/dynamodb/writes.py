"""Writes to DynamoDB: single writes with conditions, batches without, and transactions. No write is executed twice."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from datasources.aws.calls import AwsCalls, ExpectedError
from datasources.errors import Conflict, Corrupt, SourceError, Throttled, Unavailable
from datasources.tables.dynamodb.rows import WRITE, condition, requested
from datasources.tables.store import Put, Write

_BATCH = 25
_AT_ONCE = 32
_FAILED = "ConditionalCheckFailedException"
_CANCELLED = "TransactionCanceledException"
_BUSY = frozenset({"TransactionInProgressException", "TransactionConflictException"})
_MISUSED = "IdempotentParameterMismatchException"
_SLOW = frozenset({"ThrottlingError", "ProvisionedThroughputExceeded"})


class DynamoWriter:
    """Writes of one store."""

    def __init__(self, calls: AwsCalls, prefix: str) -> None:
        self._calls = calls
        self._prefix = prefix
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def each_of(self, writes: Sequence[Write], now: int) -> list[bool]:
        """Executes each write whose condition holds. No write is running when this returns or raises."""
        plain = [w for w in writes if w.if_version is None]
        bound = [w for w in writes if w.if_version is not None]
        work: list[Any] = [self._batch(some) for some in _chunks(plain)]
        ended = await asyncio.gather(*work, *(self._one(w, now) for w in bound), return_exceptions=True)
        for outcome in ended:
            if isinstance(outcome, BaseException):
                raise outcome
        done = iter(ended[len(work) :])
        return [True if w.if_version is None else bool(next(done)) for w in writes]

    async def all_of(self, writes: Sequence[Write], now: int) -> None:
        """Executes all writes or raises `Conflict`."""
        if len(writes) == 1 and isinstance(writes[0], Put):
            if not (await self.each_of(writes, now))[0]:
                raise Conflict("tables", f"{writes[0].table.name}: write 1 of 1 met another version")
            return
        items = [_action(self._prefix, w, now) for w in writes]
        missed = await self._transaction(items)
        if missed is not None:
            name = writes[missed].table.name
            raise Conflict("tables", f"{name}: write {missed + 1} of {len(writes)} met another version")

    async def _one(self, write: Write, now: int) -> bool:
        async with self._gate:
            if not isinstance(write, Put):
                # A removal cannot recognize itself after a lost response; a transaction is recognized by its token.
                return await self._transaction([_action(self._prefix, write, now)]) is None
            return await self._put(write, now)

    async def _put(self, write: Put, now: int) -> bool:
        mark = secrets.token_bytes(8)
        params = {"TableName": self._prefix + write.table.name, **requested(write, mark), **condition(write, now)}
        params["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        try:
            await self._calls.call("put_item", params, expected=frozenset({_FAILED}))
        except ExpectedError as e:
            stored = e.response.get("Item", {}).get(WRITE, {}).get("B")
            return e.uncertain and stored == mark
        return True

    async def _transaction(self, items: Sequence[dict[str, Any]]) -> int | None:
        """The number of the write whose condition failed; None if all are done."""
        params = {"TransactItems": items, "ClientRequestToken": secrets.token_hex(18)}
        policy, attempt = self._calls.retry_policy, 0
        async with policy.with_deadline(self._calls.source):
            while True:
                try:
                    await self._calls.call("transact_write_items", params, expected=frozenset({_CANCELLED, _MISUSED}) | _BUSY)
                except ExpectedError as e:
                    outcome = _reasons(e, len(items))
                else:
                    return None
                if isinstance(outcome, int):
                    return outcome
                if not await policy.should_retry(attempt):
                    raise outcome
                attempt += 1

    async def _batch(self, writes: Sequence[Write]) -> None:
        """Executes writes without conditions; unprocessed ones are requested again."""
        left: dict[str, list[Any]] = {}
        for write in writes:
            kind = "PutRequest" if isinstance(write, Put) else "DeleteRequest"
            left.setdefault(self._prefix + write.table.name, []).append({kind: requested(write, secrets.token_bytes(8))})
        policy, attempt = self._calls.retry_policy, 0
        async with policy.with_deadline(self._calls.source), self._gate:
            while left:
                before = sum(map(len, left.values()))
                answer = await self._calls.call("batch_write_item", {"RequestItems": left})
                left = {name: rows for name, rows in answer.get("UnprocessedItems", {}).items() if rows}
                if left and sum(map(len, left.values())) >= before:
                    if not await policy.should_retry(attempt):
                        raise Throttled(self._calls.source, "leaves writes undone")
                    attempt += 1


def _action(prefix: str, write: Write, now: int) -> dict[str, Any]:
    params = {"TableName": prefix + write.table.name, **requested(write, secrets.token_bytes(8)), **condition(write, now)}
    return {"Put" if isinstance(write, Put) else "Delete": params}


def _reasons(answered: ExpectedError, count: int) -> int | SourceError:
    """The number of the write whose condition failed, or an error after which a retry may succeed."""
    if answered.code == _MISUSED:
        return Corrupt("tables", "a transaction's token was used for another")
    if answered.code in _BUSY:
        return Conflict("tables", "another transaction is at work on the same items")
    codes = [str(reason.get("Code")) for reason in answered.response.get("CancellationReasons", ())]
    if len(codes) == count and "ConditionalCheckFailed" in codes:
        return codes.index("ConditionalCheckFailed")
    if "TransactionConflict" in codes:
        return Conflict("tables", "another transaction is at work on the same items")
    if _SLOW & set(codes):
        return Throttled("tables", "asks us to slow down")
    return Unavailable("tables", "a transaction was cancelled for a reason that is not ours")


def _chunks(writes: Iterable[Write]) -> Iterable[list[Write]]:
    them = iter(writes)
    while some := list(islice(them, _BATCH)):
        yield some
