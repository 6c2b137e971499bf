"""A gateway with a clock that the test advances."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.jobs.makers import Clock
from tests.requests.harness import Gateway, opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def gateway(tmp_path: Path, clock: Clock) -> AsyncIterator[Gateway]:
    async with opened(tmp_path, now_ms=clock) as made:
        yield made
