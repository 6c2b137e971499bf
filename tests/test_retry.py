"""Retries: the number of attempts, the delays and the budget, without waiting."""

from __future__ import annotations

import asyncio

import pytest

from datasources.errors import DeadlineExceeded
from datasources.retry import ATTEMPTS, RetryBudget, RetryPolicy


class Sleeps:
    """A sleep that records the delays and returns at once."""

    def __init__(self) -> None:
        self.delays: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.delays.append(seconds)


async def retries_until_refused(policy: RetryPolicy) -> int:
    attempt = 0
    while await policy.should_retry(attempt):
        attempt += 1
    return attempt


async def test_a_call_is_retried_until_its_attempts_are_used_up() -> None:
    assert await retries_until_refused(RetryPolicy(sleep=Sleeps())) == ATTEMPTS - 1


@pytest.mark.parametrize(("random", "factor"), [(0.0, 0.5), (1.0, 1.0)])
async def test_delays_double_and_have_jitter_between_half_and_all_of_the_delay(random: float, factor: float) -> None:
    sleeps = Sleeps()
    await retries_until_refused(RetryPolicy(base_delay_s=0.1, random=lambda: random, sleep=sleeps))
    assert sleeps.delays == pytest.approx([0.1 * factor, 0.2 * factor, 0.4 * factor])


async def test_the_budget_ends_the_retries_of_all_calls_together() -> None:
    sleeps = Sleeps()
    policy = RetryPolicy(sleep=sleeps)
    retries = [await policy.should_retry(0) for _ in range(100)]
    assert retries == [True] * 20 + [False] * 80
    assert len(sleeps.delays) == 20


async def test_ten_successes_allow_one_retry_and_never_more_than_the_capacity() -> None:
    budget = RetryBudget(tokens=0.0)
    policy = RetryPolicy(sleep=Sleeps(), budget=budget)
    for _ in range(9):
        budget.refill()
    assert not await policy.should_retry(0)
    for _ in range(2):  # floating point: the tenth may be a little below 1
        budget.refill()
    assert await policy.should_retry(0)
    assert not await policy.should_retry(0)
    for _ in range(1_000):
        budget.refill()
    assert budget.tokens == 20.0


async def test_an_attempt_that_is_the_last_costs_no_budget() -> None:
    policy = RetryPolicy(attempts=1, sleep=Sleeps())
    assert not await policy.should_retry(0)
    assert policy.budget.tokens == 20.0


async def test_the_deadline_is_an_error_that_names_the_source() -> None:
    with pytest.raises(DeadlineExceeded, match="keys"):
        async with RetryPolicy(deadline_s=0.001).with_deadline("keys"):
            await asyncio.Event().wait()
