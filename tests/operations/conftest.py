"""A gateway with empty stores for each test that writes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.requests.harness import Gateway, opened


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with opened(tmp_path) as fresh_gateway:
        yield fresh_gateway
