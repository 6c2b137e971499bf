"""Trying again without making things worse: few attempts, growing pauses with chance in them, and a budget.

When a source is sick, retries of every request together may cost it a tenth more than it had, and no more.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from datasources.errors import DeadlineExceeded

_FULL = 20.0
_EARNED = 0.1
ATTEMPTS = 4


@dataclass
class RetryBudget:
    """A retry costs 1 of at most 20; every success gives a tenth back."""

    left: float = _FULL

    def earn(self) -> None:
        """Something worked."""
        self.left = min(_FULL, self.left + _EARNED)

    def spend(self) -> bool:
        """Whether another try may be made."""
        if self.left < 1:
            return False
        self.left -= 1
        return True


@dataclass(frozen=True)
class RetryPolicy:
    """How long a call may take in all, how often it is tried, how long the first pause may be."""

    deadline_s: float = 5.0
    attempts: int = ATTEMPTS
    first_pause_s: float = 0.05
    chance: Callable[[], float] = random.random
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    budget: RetryBudget = field(default_factory=RetryBudget)

    async def should_retry(self, attempt: int) -> bool:
        """After a failed attempt (the first is 0): pauses and says yes, or says no."""
        if attempt + 1 >= self.attempts or not self.budget.spend():
            return False
        await self.sleep(self.first_pause_s * 2**attempt * (0.5 + self.chance() / 2))
        return True

    @asynccontextmanager
    async def with_deadline(self, source: str) -> AsyncIterator[None]:
        """The deadline; raises `DeadlineExceeded`."""
        try:
            async with asyncio.timeout(self.deadline_s):
                yield
        except TimeoutError as e:
            raise DeadlineExceeded(source, f"no answer within {self.deadline_s:g} s") from e
