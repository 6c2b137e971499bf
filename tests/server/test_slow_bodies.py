"""A client that sends its body slowly does not occupy an import for hours."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator

import pytest

from execution.errors import GraphQLProblem
from serving import importing
from serving.ndjson import BadStream, inflated


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(importing, "time", clock)
    return clock


async def dripping(clock: Clock, pause_s: float, piece: bytes, count: int) -> AsyncIterator[bytes]:
    """Pieces of a body with a pause before each of them."""
    for _ in range(count):
        clock.now_s += pause_s
        yield piece


async def test_a_body_that_drips_is_refused_although_each_byte_arrives_in_time(clock: Clock) -> None:
    with pytest.raises(GraphQLProblem) as refused:
        async for _ in importing._with_timeout(dripping(clock, 2.0, b"x", 1_000), lambda: None):
            pass
    assert (refused.value.code, refused.value.reason) == ("DEADLINE_EXCEEDED", "SLOW")


async def test_the_time_in_which_the_server_writes_does_not_count(clock: Clock) -> None:
    seen = 0
    async for _ in importing._with_timeout(dripping(clock, 0.0, b"x", 20), lambda: None):
        seen += 1
        clock.now_s += 10.0  # the server writes
    assert seen == 20


async def test_a_slow_but_steady_body_is_accepted(clock: Clock) -> None:
    assert len([p async for p in importing._with_timeout(dripping(clock, 2.0, b"x" * 300, 100), lambda: None)]) == 100


async def test_members_without_content_are_refused() -> None:
    """A hundred thousand of them, two megabytes, occupied the process for 16 seconds."""
    with pytest.raises(BadStream, match="too many gzip members"):
        async for _ in inflated(dripping(Clock(), 0.0, gzip.compress(b"", 1) * 1_000, 100)):
            pass


async def test_members_of_block_compressors_are_accepted() -> None:
    block = gzip.compress(b"x" * 65_280, 1)
    assert sum([len(p) async for p in inflated(dripping(Clock(), 0.0, block, 2_000))]) == 2_000 * 65_280
