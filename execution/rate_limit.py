"""Rate limiter: a token bucket of cost units for each principal."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from execution.context import RequestContext
from execution.errors import RequestError

COST_OF_REFUSED_DOCUMENT: Final = 100.0
"""The cost of a rejected document, because parsing and validation take time."""
COST_OF_NEW_DOCUMENT: Final = 50.0
"""The additional cost of a document that is not in the document cache."""
MIN_CHARGED_FRACTION: Final = 0.1
"""The part of the estimated cost that is never refunded, because a small response may have taken much work."""
BASE_COST: Final = 1.0
"""The cost of every operation in addition to its fields."""
_MAX_WAIT_S: Final = 3_600


@dataclass(frozen=True, slots=True)
class Rate:
    """Cost units per second, and the capacity of a bucket; `burst` must be at least the cost of the largest operation."""

    per_s: float
    burst: float


class TokenBuckets:
    """The buckets of all principals. At most `capacity` are stored; the least recently used is removed, and so is full again."""

    def __init__(self, rate: Rate, now_s: Callable[[], float], *, capacity: int = 100_000) -> None:
        self._rate = rate
        self._now_s = now_s
        self._capacity = capacity
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def charge(self, principal: str, cost: float) -> None:
        """Takes the units from the bucket; raises RATE_LIMITED with the seconds to wait if there are too few."""
        level = self._level(principal)
        if level < cost:
            wait = min(math.ceil((min(cost, self._rate.burst) - level) / self._rate.per_s), _MAX_WAIT_S)
            message = "Rate limit exceeded. Retry after `retryAfterSeconds`."
            raise RequestError("RATE_LIMITED", message, extensions={"retryAfterSeconds": max(wait, 1)})
        self._set(principal, level - cost)

    def refund(self, principal: str, difference: float) -> None:
        """Returns units to the bucket; a negative difference takes more, below zero if necessary."""
        self._set(principal, min(self._level(principal) + difference, self._rate.burst))

    def _level(self, principal: str) -> float:
        level, since = self._levels.get(principal, (self._rate.burst, self._now_s()))
        return min(level + max(self._now_s() - since, 0.0) * self._rate.per_s, self._rate.burst)

    def _set(self, principal: str, level: float) -> None:
        self._levels[principal] = max(level, -self._rate.burst), self._now_s()
        self._levels.move_to_end(principal)
        if len(self._levels) > self._capacity:
            self._levels.popitem(last=False)


class RateLimiter:
    """Charges operations to the principal of their context; a context without a principal is not limited."""

    def __init__(self, buckets: TokenBuckets | None = None) -> None:
        self._buckets = buckets

    def charge(self, context: RequestContext, cost: float) -> None:
        """Charges the estimated cost before execution; raises RequestError."""
        if self._buckets is not None and context.principal is not None:
            self._buckets.charge(context.principal, cost)

    def refund(self, context: RequestContext, difference: float) -> None:
        """Corrects the charge after execution."""
        if self._buckets is not None and context.principal is not None and difference:
            self._buckets.refund(context.principal, difference)
