"""Retries with exponential backoff, jitter and a retry budget.

The budget limits the retries of all requests together to a tenth of the successful calls, so that retries do not overload
a failing source.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from datasources.errors import DeadlineExceeded

_CAPACITY = 20.0
_REFILL = 0.1
ATTEMPTS = 4


@dataclass
class RetryBudget:
    """A token bucket: a retry takes 1 of at most 20 tokens; each successful call returns 0.1."""

    tokens: float = _CAPACITY

    def refill(self) -> None:
        """Record a successful call."""
        self.tokens = min(_CAPACITY, self.tokens + _REFILL)

    def spend(self) -> bool:
        """Take one token; False if there is none."""
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass(frozen=True)
class RetryPolicy:
    """The deadline of a call including its retries, the maximum number of attempts, and the delay before the first retry."""

    deadline_s: float = 5.0
    attempts: int = ATTEMPTS
    base_delay_s: float = 0.05
    random: Callable[[], float] = random.random
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    budget: RetryBudget = field(default_factory=RetryBudget)

    async def should_retry(self, attempt: int) -> bool:
        """After failed attempt number `attempt` (from 0): sleep and return True, or return False if no retry is allowed."""
        if attempt + 1 >= self.attempts or not self.budget.spend():
            return False
        await self.sleep(self.base_delay_s * 2**attempt * (0.5 + self.random() / 2))
        return True

    @asynccontextmanager
    async def with_deadline(self, source: str) -> AsyncIterator[None]:
        """Cancel the body at the deadline and raise `DeadlineExceeded`."""
        try:
            async with asyncio.timeout(self.deadline_s):
                yield
        except TimeoutError as e:
            raise DeadlineExceeded(source, f"no answer within {self.deadline_s:g} s") from e
