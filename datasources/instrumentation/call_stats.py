"""What is asked of sources: calls, keys, bytes and seconds, of the process since its start and of one request.

No values and no ids, so both may be shown to whoever operates the gateway.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from datasources.errors import Conflict, SourceError

BATCHES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)
"""Sizes of loaders' batches that are counted together."""
_log = logging.getLogger("photos.sources")


class CallKey(NamedTuple):
    """Of which source, of which table of it (or nothing), and what."""

    source: str
    part: str
    operation: str


@dataclass(slots=True)
class CallStats:
    """`seconds` adds up calls that ran side by side. `weighed`: whether the source hands over bytes at all."""

    calls: int = 0
    keys: int = 0
    seconds: float = 0.0
    bytes: int = 0
    weighed: bool = False

    def add(self, keys: int, seconds: float, size: int | None) -> None:
        """One call more."""
        self.calls += 1
        self.keys += keys
        self.seconds += seconds
        if size is not None:
            self.weighed = True
            self.bytes += size


@dataclass(slots=True)
class Meter:
    """Of a whole process."""

    spent: dict[CallKey, CallStats] = field(default_factory=dict)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By source and kind of failure; a condition that did not hold is none."""
    batches: list[int] = field(default_factory=lambda: [0] * (len(BATCHES) + 1))
    batched_keys: int = 0

    def add(self, asked: CallKey, keys: int, seconds: float, size: int | None) -> None:
        """A call that came to an end, however."""
        self.spent.setdefault(asked, CallStats()).add(keys, seconds, size)
        request = _CURRENT.get()
        if request is not None and request.ledger is not None:
            request.ledger.add(asked, keys, seconds, size)

    def failed(self, source: str, error: SourceError) -> None:
        """A call that failed; a line of the log says which source and how, never what was asked."""
        if isinstance(error, Conflict):
            return
        kind = type(error).__name__
        self.failures[source, kind] += 1
        _log.warning("a source failed", extra={"reason": f"{source}: {kind}"})

    def batched(self, keys: int) -> None:
        """A loader asked for so many keys at once."""
        self.batches[bisect_left(BATCHES, keys)] += 1
        self.batched_keys += keys


class RequestStats:
    """Of one request."""

    def __init__(self) -> None:
        self._spent: dict[str, CallStats] = {}

    def add(self, asked: CallKey, keys: int, seconds: float, size: int | None) -> None:
        """One call more."""
        name = f"{asked.source}.{asked.part}" if asked.part else asked.source
        self._spent.setdefault(name, CallStats()).add(keys, seconds, size)

    def clear(self) -> None:
        """Begins anew."""
        self._spent.clear()

    def told(self) -> list[dict[str, object]]:
        """As `extensions.trace` says it. `bytes` is null where a source hands over no bytes, but things."""
        return [
            {
                "source": name,
                "calls": s.calls,
                "keys": s.keys,
                "ms": round(s.seconds * 1_000, 2),
                "bytes": s.bytes if s.weighed else None,
            }
            for name, s in sorted(self._spent.items())
        ]


class Request(NamedTuple):
    """Who counts, and for whom; no ledger where nobody wants to know."""

    meter: Meter
    ledger: RequestStats | None


_CURRENT: ContextVar[Request | None] = ContextVar("counting", default=None)


def counting(meter: Meter, ledger: RequestStats | None) -> None:
    """From here on, this task and those it begins count for this request."""
    _CURRENT.set(Request(meter, ledger))


def batched(keys: int) -> None:
    """A loader of the current request asks for so many keys at once."""
    request = _CURRENT.get()
    if request is not None:
        request.meter.batched(keys)
