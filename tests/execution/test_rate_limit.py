from __future__ import annotations

import pytest

from execution.document_cache import Prepared
from execution.errors import RequestError
from execution.persisted import PersistedDocuments
from execution.rate_limit import COST_OF_NEW_DOCUMENT, COST_OF_REFUSED_DOCUMENT, Rate, RateLimiter, TokenBuckets
from execution.requests import Operation
from execution.runner import Runner
from tests.execution.test_persisted import hash_of
from tests.wire.toy import ToyContext, decide, toy_documents, toy_schema


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def wait_of(buckets: TokenBuckets, principal: str, cost: float) -> int | None:
    try:
        buckets.charge(principal, cost)
    except RequestError as refused:
        return int(refused.extensions["retryAfterSeconds"]) if refused.code == "RATE_LIMITED" else -1
    return None


def test_a_bucket_empties_and_fills_again() -> None:
    clock = Clock()
    buckets = TokenBuckets(Rate(per_s=10, burst=100), clock)
    assert wait_of(buckets, "ana", 100) is None
    assert wait_of(buckets, "ana", 50) == 5
    assert wait_of(buckets, "bob", 50) is None
    clock.now += 5
    assert wait_of(buckets, "ana", 50) is None
    assert wait_of(buckets, "ana", 1) == 1
    clock.now += 1_000
    assert wait_of(buckets, "ana", 101) == 1  # never more than may be saved up


def test_what_was_not_used_is_given_back_and_debts_are_paid() -> None:
    clock = Clock()
    buckets = TokenBuckets(Rate(10, 100), clock)
    buckets.charge("ana", 90)
    buckets.refund("ana", 80)
    assert wait_of(buckets, "ana", 90) is None
    buckets.refund("ana", -60)
    assert wait_of(buckets, "ana", 10) == 7
    buckets.refund("ana", 10_000)
    assert wait_of(buckets, "ana", 100) is None
    assert wait_of(buckets, "ana", 1) == 1


def test_a_clock_that_goes_back_gives_nothing() -> None:
    clock = Clock()
    buckets = TokenBuckets(Rate(10, 100), clock)
    buckets.charge("ana", 100)
    clock.now -= 500
    assert wait_of(buckets, "ana", 10) == 1


def test_the_memory_is_bounded_and_forgets_the_least_recently_used() -> None:
    buckets = TokenBuckets(Rate(10, 100), Clock(), capacity=3)
    buckets.charge("ana", 100)
    for n in range(2):
        buckets.charge(f"c{n}", 1)
    assert wait_of(buckets, "ana", 1) == 1
    for n in range(50):
        buckets.charge(f"d{n}", 1)
    assert len(buckets) == 3
    assert wait_of(buckets, "ana", 100) is None


async def spent(runner: Runner[str], found: Prepared[str]) -> str | None:
    """The code of the refusal, where there is one."""
    try:
        await runner.execute(found, {}, ToyContext(principal="ana"))
    except RequestError as refused:
        return refused.code
    return None


async def test_operations_pay_their_price_and_get_back_what_they_did_not_use() -> None:
    rate_limiter = RateLimiter(TokenBuckets(Rate(0.001, 100), Clock()))
    runner: Runner[str] = Runner(toy_schema(), decide=decide, rate_limiter=rate_limiter)
    found = toy_documents().prepare("{ photos(first: 3) { id } }")  # 10 objects are assumed, 3 come
    for _ in range(22):
        answer = await runner.execute(found, {}, ToyContext(principal="ana"))
        assert answer["extensions"]["cost"] == {"requested": 10, "actual": 3}
    left = [await spent(runner, found) for _ in range(10)]
    assert left[-1] == "RATE_LIMITED"
    assert (await runner.execute(found, {}, ToyContext(principal="bob")))["data"] is not None


async def test_events_of_a_subscription_pay_too() -> None:
    runner: Runner[str] = Runner(toy_schema(), decide=decide, rate_limiter=RateLimiter(TokenBuckets(Rate(0.001, 5), Clock())))
    found = toy_documents().prepare("subscription { count(to: 50) }")
    events = runner.subscribe(found, {}, ToyContext(principal="ana"))
    for number in range(1, 6):
        assert (await anext(events))["data"] == {"count": number}
    with pytest.raises(RequestError) as refused:
        await anext(events)
    assert refused.value.code == "RATE_LIMITED"


async def test_refused_documents_are_paid_for() -> None:
    rate_limiter = RateLimiter(TokenBuckets(Rate(0.001, 3 * COST_OF_REFUSED_DOCUMENT), Clock()))
    persisted = PersistedDocuments(toy_documents(), rate_limiter=rate_limiter)
    codes = []
    for _ in range(5):
        with pytest.raises(RequestError) as refused:
            await persisted.prepare(Operation("{ nope }", None, {}), ToyContext(principal="ana"))
        codes.append(refused.value.code)
    assert codes == ["GRAPHQL_VALIDATION_FAILED"] * 3 + ["RATE_LIMITED"] * 2


async def test_documents_that_are_new_cost_more_than_known_ones_unless_they_are_listed() -> None:
    class Everything:
        async def text(self, _: str) -> str:
            return "{ hello }"

    for safelist, charged in ((None, COST_OF_NEW_DOCUMENT), (Everything(), 0)):
        buckets = TokenBuckets(Rate(0.001, 1_000), Clock())
        persisted = PersistedDocuments(toy_documents(), rate_limiter=RateLimiter(buckets), safelist=safelist)
        for _ in range(3):
            await persisted.prepare(Operation("{ hello }", None, {}, hash_of("{ hello }")), ToyContext(principal="ana"))
        assert buckets._level("ana") == 1_000 - charged


async def test_an_operation_whose_answer_is_empty_pays_a_part_nevertheless() -> None:
    buckets = TokenBuckets(Rate(0.001, 100), Clock())
    schema = toy_schema()
    schema.query_type.fields["photos"].resolve = lambda *_, **__: None  # type: ignore[union-attr]
    runner: Runner[str] = Runner(schema, decide=decide, rate_limiter=RateLimiter(buckets))
    answer = await runner.execute(toy_documents().prepare("{ photos { id } }"), {}, ToyContext(principal="ana"))
    assert answer["extensions"]["cost"] == {"requested": 10, "actual": 0}
    assert buckets._level("ana") == 100 - 1 - 1
