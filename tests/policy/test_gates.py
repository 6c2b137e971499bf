"""The proof can fail: with any one gate switched off, two worlds can be told apart."""

from __future__ import annotations

import pytest

from tests.policy.switches import SWITCHES, switched_off
from tests.policy.telling import told_apart

pytestmark = pytest.mark.slow

SEEDS, EACH = 120, 50


@pytest.mark.parametrize("gate", SWITCHES)
async def test_without_a_gate_two_worlds_can_be_told_apart(gate: str) -> None:
    with switched_off(gate):
        for seed in range(SEEDS):
            if (await told_apart(seed, EACH)).different:
                return
    pytest.fail(f"nothing told the worlds apart without {gate}: the proof does not look there")
