"""How DynamoDB fails, on the real server behind a proxy that spoils its answers: typed errors, and never a wrong answer."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from datasources.errors import Conflict, Corrupt, DeadlineExceeded, Throttled, Unavailable
from datasources.retry import RetryBudget, RetryPolicy
from datasources.tables.dynamodb.schema import drop, make_missing
from datasources.tables.dynamodb.store import DynamoTables
from datasources.tables.store import Item, ItemStore, Key, Put, Remove, Span
from tests.http_fault_proxy import CUT, Faults, Spoil, faults, garbage, rewritten, silence
from tests.servers import aws_access, places_of
from tests.tables.engines import Clock
from tests.tables.plain_tables import plain_table

pytestmark = pytest.mark.servers
PLAIN = plain_table("plain", feed=True)
KEYS = [Key("ana", f"{n}") for n in range(5)]


@dataclass
class Failing:
    proxy: Faults
    tables: DynamoTables

    @property
    def store(self) -> ItemStore:
        return self.tables.items


async def no_pause(_: float) -> None:
    await asyncio.sleep(0)


@asynccontextmanager
async def sick_tables(**policy: Any) -> AsyncIterator[Failing]:
    """Tables with five items, reached through a proxy that passes everything until it is response otherwise."""
    prefix = f"f{secrets.token_hex(6)}-"
    async with faults(places_of("dynamodb").url("dynamodb")) as proxy:
        wait = RetryPolicy(**{"deadline_s": 20.0, "sleep": no_pause, **policy})
        tables = await DynamoTables.open(
            aws_access("dynamodb", url=proxy.url), (PLAIN,), prefix=prefix, clock=Clock(), retry_policy=wait
        )
        try:
            await make_missing(tables.calls, (PLAIN,), prefix)
            await tables.items.write_each([Put(PLAIN, Item(k, 1, k.sort.encode()), None) for k in KEYS])
            proxy.seen.clear()
            yield Failing(proxy, tables)
        finally:
            proxy.next, proxy.always = [], None
            await drop(tables.calls, (PLAIN,), prefix)
            await tables.close()


@pytest.fixture
async def failing() -> AsyncIterator[Failing]:
    async with sick_tables() as made:
        yield made


def refusal(code: str, status: int = 400, **more: Any) -> Spoil:
    """An error in the form of DynamoDB."""
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "secret words", **more}
    return lambda _s, _b: (status, json.dumps(body).encode())


async def all_there(store: ItemStore) -> bool:
    found = await store.get_many(PLAIN, KEYS)
    return found == {k: Item(k, 1, k.sort.encode()) for k in KEYS}


PASSING: dict[str, Spoil | str] = {
    "throttled": refusal("ProvisionedThroughputExceededException"),
    "too many requests": refusal("ThrottlingException"),
    "server fault": refusal("InternalServerError", 500),
    "unavailable": lambda _s, _b: (503, b"<html>busy</html>"),
    "garbage": garbage,
    "empty": lambda _s, _b: (200, b""),
    "cut": CUT,
    "no items at all": rewritten(lambda response: response.clear()),
}


@pytest.mark.parametrize("fault", [f for f in PASSING if f != "no items at all"])
async def test_a_fault_that_passes_is_not_noticed(failing: Failing, fault: str) -> None:
    failing.proxy.next = [PASSING[fault]]
    assert await all_there(failing.store)
    assert len(failing.proxy.seen) == 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("throttled", Throttled), ("too many requests", Throttled), ("server fault", Unavailable), ("unavailable", Unavailable),
        ("garbage", Corrupt), ("empty", Corrupt), ("cut", Unavailable), ("no items at all", Corrupt),
    ],
)  # fmt: skip
async def test_a_fault_that_stays_is_an_error_after_few_tries_and_never_an_absent_item(
    failing: Failing, fault: str, error: type[Exception]
) -> None:
    failing.proxy.always = PASSING[fault]
    with pytest.raises(error) as response:
        await failing.store.get_many(PLAIN, KEYS)
    assert len(failing.proxy.seen) <= 4
    assert "secret words" not in str(response.value)
    with pytest.raises(error):
        await failing.store.query(PLAIN, "ana", Span(), limit=3)


async def test_unprocessed_keys_are_requested_again(failing: Failing) -> None:
    def skip_three(response: Any) -> None:
        ((table, rows),) = response["Responses"].items()
        response["UnprocessedKeys"] = {table: {"Keys": [{"p": r["p"], "s": r["s"]} for r in rows[2:]]}}
        response["Responses"] = {table: rows[:2]}

    failing.proxy.next = [rewritten(skip_three)] * 2
    assert await all_there(failing.store)
    requested = [len(next(iter(json.loads(body)["RequestItems"].values()))["Keys"]) for _, body in failing.proxy.seen]
    assert requested == [5, 3, 1]


async def test_keys_that_stay_unprocessed_are_an_error_and_never_absent(failing: Failing) -> None:
    def skip_all(response: Any) -> None:
        ((table, rows),) = response["Responses"].items()
        response["UnprocessedKeys"] = {table: {"Keys": [{"p": r["p"], "s": r["s"]} for r in rows]}}
        response["Responses"] = {table: []}

    failing.proxy.always = rewritten(skip_all)
    with pytest.raises(Throttled, match="5 keys unread"):
        await failing.store.get_many(PLAIN, KEYS)


@pytest.mark.parametrize("change", ["another key", "twice", "too many", "a row without a body", "a version that is no number"])
async def test_an_answer_that_cannot_be_true_is_corrupt(failing: Failing, change: str) -> None:
    def spoil(response: Any) -> None:
        (rows,) = response["Responses"].values()
        match change:
            case "another key":
                rows[0]["s"]["S"] = "99"
            case "twice":
                rows.append(rows[0])
            case "too many":
                rows.append({**rows[0], "s": {"S": "98"}})
            case "a row without a body":
                del rows[0]["b"]
            case _:
                rows[0]["v"]["N"] = "x"

    failing.proxy.always = rewritten(spoil)
    with pytest.raises(Corrupt):
        await failing.store.get_many(PLAIN, KEYS)


async def test_silence_ends_at_the_deadline() -> None:
    async with sick_tables() as failing:
        failing.proxy.always = silence
        impatient = RetryPolicy(deadline_s=0.2, sleep=no_pause)
        failing.tables.calls.retry_policy = impatient
        for call in (failing.store.get_many(PLAIN, KEYS), failing.store.write_each([Put(PLAIN, Item(KEYS[0], 2, b""), 1)])):
            with pytest.raises(DeadlineExceeded, match=r"within 0\.2 s"):
                await call
        failing.proxy.always = None
        failing.tables.calls.retry_policy = RetryPolicy()


async def test_a_put_whose_answer_is_lost_is_known_again_and_done_once(failing: Failing) -> None:
    failing.proxy.next = [CUT]
    assert await failing.store.write_each([Put(PLAIN, Item(Key("ana", "new"), 1, b"mine"), 0)]) == [True]
    assert len(failing.proxy.seen) == 2
    failing.proxy.next = [CUT]
    assert await failing.store.write_each([Put(PLAIN, Item(KEYS[0], 1, b"0"), 0)]) == [False]


async def test_a_put_that_fails_after_all_may_have_been_done_and_says_so(failing: Failing) -> None:
    failing.proxy.always = CUT
    with pytest.raises(Unavailable):
        await failing.store.write_each([Put(PLAIN, Item(KEYS[0], 2, b"new"), 1)])
    failing.proxy.always = None
    assert (await failing.store.get_many(PLAIN, KEYS[:1]))[KEYS[0]].version == 2


async def test_a_removal_whose_answer_is_lost_was_ours(failing: Failing) -> None:
    failing.proxy.next = [CUT]
    assert await failing.store.write_each([Remove(PLAIN, KEYS[0], 1)]) == [True]
    assert await failing.store.write_each([Remove(PLAIN, KEYS[0], 1)]) == [False]


async def test_a_transaction_whose_answer_is_lost_is_done_once(failing: Failing) -> None:
    failing.proxy.next = [CUT]
    await failing.store.transact([Put(PLAIN, Item(KEYS[0], 2, b"new"), 1), Remove(PLAIN, KEYS[1], 1)])
    found = await failing.store.get_many(PLAIN, KEYS)
    assert (found[KEYS[0]].version, KEYS[1] in found) == (2, False)
    tokens = {json.loads(body).get("ClientRequestToken") for _, body in failing.proxy.seen[:2]}
    assert len(tokens) == 1


CANCELLED = {
    "TransactionConflict": Conflict, "ThrottlingError": Throttled, "ProvisionedThroughputExceeded": Throttled,
    "ItemCollectionSizeLimitExceeded": Unavailable,
}  # fmt: skip


@pytest.mark.parametrize("reason", CANCELLED)
async def test_a_cancelled_transaction_is_retried_then_reported_by_its_reason(failing: Failing, reason: str) -> None:
    writes = [Put(PLAIN, Item(KEYS[0], 2, b"new"), 1), Put(PLAIN, Item(KEYS[1], 2, b"new"), 1)]
    cancelled = refusal("TransactionCanceledException", CancellationReasons=[{"Code": "None"}, {"Code": reason}])

    async def nothing_done() -> None:
        assert await all_there(failing.store)

    failing.proxy.always = cancelled
    failing.proxy.upstream, upstream = None, failing.proxy.upstream
    with pytest.raises(CANCELLED[reason]):
        await failing.store.transact(writes)
    assert len(failing.proxy.seen) == 4
    failing.proxy.always, failing.proxy.upstream = None, upstream
    await nothing_done()


async def test_unprocessed_writes_are_retried_or_reported(failing: Failing) -> None:
    fresh = [Put(PLAIN, Item(Key("bob", f"{n}"), 1, b"x"), None) for n in range(3)]

    def undone(_status: int, body: bytes) -> tuple[int, bytes]:
        requests = json.loads(failing.proxy.seen[-1][1])["RequestItems"]
        return 200, json.dumps({"UnprocessedItems": requests}).encode()

    failing.proxy.next = [undone]
    assert all(await failing.store.write_each(fresh))
    assert len(await failing.store.get_many(PLAIN, [p.item.key for p in fresh])) == 3
    failing.proxy.always = undone
    with pytest.raises(Throttled, match="undone"):
        await failing.store.write_each(fresh)


async def test_what_cannot_be_helped_is_not_tried_again(failing: Failing) -> None:
    failing.proxy.always = refusal("AccessDeniedException")
    with pytest.raises(Unavailable, match="AccessDeniedException"):
        await failing.store.get_many(PLAIN, KEYS)
    assert len(failing.proxy.seen) == 1


async def test_a_sick_source_gets_a_tenth_more_and_no_storm() -> None:
    async with sick_tables(budget=RetryBudget()) as failing:
        failing.proxy.always = refusal("InternalServerError", 500)
        for _ in range(60):
            with pytest.raises(Unavailable):
                await failing.store.get_many(PLAIN, KEYS)
        assert 60 < len(failing.proxy.seen) <= 60 + 20
        failing.tables.calls.retry_policy.budget.tokens = 20.0


async def test_the_feed_tells_failures_and_goes_on_where_it_was(failing: Failing) -> None:
    feed = failing.tables.feed
    first = await feed.read(None, limit=2)
    for fault, error in ((garbage, Corrupt), (refusal("InternalServerError", 500), Unavailable)):
        failing.proxy.always = fault
        with pytest.raises(error):
            await feed.read(first[-1].position, limit=10)
    failing.proxy.always = None
    rest = await feed.read(first[-1].position, limit=10)
    assert sorted(c.key.sort for c in (*first, *rest)) == [k.sort for k in KEYS]


async def test_trimmed_records_are_reported_and_expired_iterators_are_replaced(failing: Failing) -> None:
    feed = failing.tables.feed
    first = await feed.read(None, limit=2)

    def when(operation: bytes, fault: Spoil) -> Spoil:
        def spoil(status: int, body: bytes) -> tuple[int, bytes] | None:
            return fault(status, body) if operation in failing.proxy.seen[-1][1] else (status, body)

        return spoil

    failing.proxy.next = []
    failing.proxy.always = when(b"AFTER_SEQUENCE_NUMBER", refusal("TrimmedDataAccessException"))
    with pytest.raises(Corrupt, match="no longer kept"):
        await feed.read(first[-1].position, limit=10)
    failing.proxy.always = None
    kept = failing.proxy.seen
    expired = refusal("ExpiredIteratorException")
    response: list[int] = []

    def once(status: int, body: bytes) -> tuple[int, bytes] | None:
        if b'"ShardIterator"' in kept[-1][1] and not response:
            response.append(1)
            return expired(status, body)
        return status, body

    failing.proxy.always = once
    assert len(await feed.read(first[-1].position, limit=10)) == 3
    assert response == [1]
