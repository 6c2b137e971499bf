"""Failures of data sources, by the reaction that they need. An absent key is not a failure: it is missing from the result.

SourceError
├── Unavailable        the source does not respond; a retry may succeed
├── DeadlineExceeded   the source did not respond in time
├── Throttled          the source limits requests; `retry_after_s` if it named a time
├── Conflict           the item was modified; read it again and retry
└── Corrupt            the response or the stored data is invalid; an operator must look
"""

from __future__ import annotations


class SourceError(Exception):
    """A failure of a source. Its text contains ids and classes, never values."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason


class Unavailable(SourceError):
    """The source does not respond; a retry may succeed."""


class DeadlineExceeded(SourceError):
    """The source did not respond in time."""


class Throttled(SourceError):
    """The source limits the rate of requests."""

    def __init__(self, source: str, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(source, reason)
        self.retry_after_s = retry_after_s


class Conflict(SourceError):
    """A condition of a write did not hold: the item was modified."""


class Corrupt(SourceError):
    """Invalid data: a seal that cannot be decrypted, or an index that contradicts itself."""
