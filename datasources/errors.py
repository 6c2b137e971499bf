"""How a source can fail, divided by who can do something about it. Missing is not a failure: absent keys are absent.

SourceError
├── Unavailable        the source does not answer; a later try may work
├── DeadlineExceeded   it did not answer in time
├── Throttled          it asks us to slow down; `retry_after_s` if it said how long
├── Conflict           the item changed meanwhile; read again and decide again
└── Corrupt            what came back cannot be true; somebody must look
"""

from __future__ import annotations


class SourceError(Exception):
    """Any failure of a source. Its text holds ids and classes, never values."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason


class Unavailable(SourceError):
    """The source does not answer; a later try may work."""


class DeadlineExceeded(SourceError):
    """The source did not answer in time."""


class Throttled(SourceError):
    """The source asks us to slow down."""

    def __init__(self, source: str, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(source, reason)
        self.retry_after_s = retry_after_s


class Conflict(SourceError):
    """A condition did not hold: the item changed meanwhile."""


class Corrupt(SourceError):
    """What came back cannot be true: a seal that does not open, an index that contradicts itself."""
