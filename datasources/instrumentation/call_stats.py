"""Statistics of calls to data sources: calls, keys, bytes and seconds, for the process and for one request.

They contain no values and no ids, so operators may see them.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from datasources.errors import Conflict, SourceError

BATCH_SIZES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)
"""Upper bounds of the histogram of loader batch sizes."""
_log = logging.getLogger("photos.sources")


class CallKey(NamedTuple):
    """The data source, its table (or empty) and the operation."""

    source: str
    part: str
    operation: str


@dataclass(slots=True)
class CallStats:
    """Totals of calls. Concurrent calls add to `seconds` separately. `has_bytes`: the source reports bytes."""

    calls: int = 0
    keys: int = 0
    seconds: float = 0.0
    bytes: int = 0
    has_bytes: bool = False

    def add(self, keys: int, seconds: float, size: int | None) -> None:
        """Add a call."""
        self.calls += 1
        self.keys += keys
        self.seconds += seconds
        if size is not None:
            self.has_bytes = True
            self.bytes += size


@dataclass(slots=True)
class Meter:
    """Statistics of the process."""

    calls: dict[CallKey, CallStats] = field(default_factory=dict)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By source and error class; `Conflict` is not counted."""
    batches: list[int] = field(default_factory=lambda: [0] * (len(BATCH_SIZES) + 1))
    batched_keys: int = 0

    def add(self, call: CallKey, keys: int, seconds: float, size: int | None) -> None:
        """Add a finished call, successful or not."""
        self.calls.setdefault(call, CallStats()).add(keys, seconds, size)
        request = _CURRENT.get()
        if request is not None and request.stats is not None:
            request.stats.add(call, keys, seconds, size)

    def add_failure(self, source: str, error: SourceError) -> None:
        """Add a failed call and log the source and the error class, without values."""
        if isinstance(error, Conflict):
            return
        kind = type(error).__name__
        self.failures[source, kind] += 1
        _log.warning("call to a data source failed", extra={"reason": f"{source}: {kind}"})

    def add_batch(self, keys: int) -> None:
        """Add a batch of a loader."""
        self.batches[bisect_left(BATCH_SIZES, keys)] += 1
        self.batched_keys += keys


class RequestStats:
    """Statistics of one request."""

    def __init__(self) -> None:
        self._calls: dict[str, CallStats] = {}

    def add(self, call: CallKey, keys: int, seconds: float, size: int | None) -> None:
        """Add a call."""
        name = f"{call.source}.{call.part}" if call.part else call.source
        self._calls.setdefault(name, CallStats()).add(keys, seconds, size)

    def clear(self) -> None:
        """Reset the statistics."""
        self._calls.clear()

    def to_list(self) -> list[dict[str, object]]:
        """The value of `extensions.trace`. `bytes` is null for sources that do not report bytes."""
        return [
            {
                "source": name,
                "calls": s.calls,
                "keys": s.keys,
                "ms": round(s.seconds * 1_000, 2),
                "bytes": s.bytes if s.has_bytes else None,
            }
            for name, s in sorted(self._calls.items())
        ]


class RequestCounters(NamedTuple):
    """The meter of the process, and the statistics of the request if they were requested."""

    meter: Meter
    stats: RequestStats | None


_CURRENT: ContextVar[RequestCounters | None] = ContextVar("counting", default=None)


def count_calls_of_request(meter: Meter, stats: RequestStats | None) -> None:
    """Count the calls of this task and of the tasks it starts for this request."""
    _CURRENT.set(RequestCounters(meter, stats))


def record_batch(keys: int) -> None:
    """Record the batch size of a loader of the current request."""
    request = _CURRENT.get()
    if request is not None:
        request.meter.add_batch(keys)
