"""Recall of the approximate vector search; `benchmarks/vectors.py` measures it with 100,000 photos."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.vectors import main
from tests.search.engines import cluster

pytestmark = [pytest.mark.servers, pytest.mark.slow]


async def test_of_the_exact_answer_at_least_98_of_100_are_found_whatever_a_filter_keeps(tmp_path: Path) -> None:
    assert await main(cluster(), [1_000, 10_000], tmp_path) >= 0.98
