"""The proof can fail: with any one gate switched off, two worlds give different responses.

Where a gate shows in few questions, they are asked more often and by whom they tell most. So each is found within a few
worlds, whatever the chances of a seed are, which every new field of the schema deals anew.
"""

from __future__ import annotations

import pytest

from access.precision import LocationPrecision as L
from access.precision import TimePrecision as T
from tests.policy.disabled_checks import SWITCHES, switched_off
from tests.policy.viewers import SHARED, Looker
from tests.policy.world_comparison import compare_random

pytestmark = pytest.mark.slow

SEEDS, EACH = 60, 30
EXACTLY = Looker("customer", (("x", L.EXACT, T.EXACT),), SHARED)
FOCUS: dict[str, tuple[Looker, frozenset[str]]] = {
    "home zones": (EXACTLY, frozenset({"Photo.location", "Photo.place"})),
    "albums of a share": (EXACTLY, frozenset({"PhotoFilter.albums", "IdsFilter.any"})),
}


@pytest.mark.parametrize("gate", SWITCHES)
async def test_without_a_gate_two_worlds_differ(gate: str) -> None:
    looker, focus = FOCUS.get(gate, (None, frozenset()))
    with switched_off(gate):
        for seed in range(SEEDS):
            if (await compare_random(seed, EACH, looker, focus=focus)).different:
                return
    pytest.fail(f"no query distinguishes the worlds without {gate}: the proof does not look there")


@pytest.mark.parametrize("gate", FOCUS)
async def test_with_the_gate_the_same_questions_tell_nothing(gate: str) -> None:
    looker, focus = FOCUS[gate]
    for seed in range(3):
        comparison = await compare_random(seed, EACH, looker, focus=focus)
        assert not comparison.different, str(comparison.different[0])
