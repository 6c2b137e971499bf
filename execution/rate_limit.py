"""How much one principal may ask for: a bucket of cost units for each, filled at a steady rate."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from execution.errors import RequestError

REFUSED: Final = 100.0
"""What a document costs that is refused: finding out is work too."""
COST_OF_NEW_DOCUMENT: Final = 50.0
"""What a document costs besides that this process has not prepared before: clients send the same ones again and again."""
LEAST_PART: Final = 0.1
"""Of what an operation may cost, so much is kept at least: an answer may be empty after much work."""
BASE_COST: Final = 1.0
"""What every operation costs at least."""
_LONGEST_WAIT_S: Final = 3_600


@dataclass(frozen=True, slots=True)
class Rate:
    """Units a second, and how many may be saved up; `burst` must admit the dearest operation."""

    per_s: float
    burst: float


class Buckets:
    """The buckets of all principals. Bounded: whoever has not asked for longest is forgotten, and is full again."""

    def __init__(self, rate: Rate, now_s: Callable[[], float], *, most: int = 100_000) -> None:
        self._rate = rate
        self._now_s = now_s
        self._most = most
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def charge(self, principal: str, cost: float) -> None:
        """Takes the units; raises RATE_LIMITED, with the seconds to wait, where they are not there."""
        level = self._level(principal)
        if level < cost:
            wait = min(math.ceil((min(cost, self._rate.burst) - level) / self._rate.per_s), _LONGEST_WAIT_S)
            message = "You asked for more than your share: wait a little."
            raise RequestError("RATE_LIMITED", message, extensions={"retryAfterSeconds": max(wait, 1)})
        self._set(principal, level - cost)

    def settle(self, principal: str, difference: float) -> None:
        """Gives back what was taken too much, or takes what was too little, into debt if need be."""
        self._set(principal, min(self._level(principal) + difference, self._rate.burst))

    def _level(self, principal: str) -> float:
        level, since = self._levels.get(principal, (self._rate.burst, self._now_s()))
        return min(level + max(self._now_s() - since, 0.0) * self._rate.per_s, self._rate.burst)

    def _set(self, principal: str, level: float) -> None:
        self._levels[principal] = max(level, -self._rate.burst), self._now_s()
        self._levels.move_to_end(principal)
        if len(self._levels) > self._most:
            self._levels.popitem(last=False)


class RateLimiter:
    """What operations pay, by the `principal` of their context; a context without one pays nothing."""

    def __init__(self, buckets: Buckets | None = None) -> None:
        self._buckets = buckets

    def charge(self, context: Any, cost: float) -> None:
        """Before it runs; raises RequestError."""
        principal = getattr(context, "principal", None)
        if self._buckets is not None and principal is not None:
            self._buckets.charge(principal, cost)

    def settle(self, context: Any, difference: float) -> None:
        """After it ran."""
        principal = getattr(context, "principal", None)
        if self._buckets is not None and principal is not None and difference:
            self._buckets.settle(principal, difference)
