"""Two libraries that differ only in values that a viewer may not see give the same response to every query, byte for byte.

One query for every argument, input field and enum value, then random ones: 1,000 queries in `make test`, 10,000 in CI, and
any number with TWO_WORLDS=100000. A failure prints its seed: TWO_WORLDS_SEED=<seed> runs the worlds of that seed only.
"""

from __future__ import annotations

import os
from random import Random

import pytest
from graphql import parse, validate

from access.precision import LocationPrecision as L
from access.precision import TimePrecision as T
from tests.policy.viewers import SCOPES, SHARED, Looker, some_looker, two_worlds
from tests.policy.world_comparison import asker_of, compare_each, compare_random, paths_to_inputs
from tests.policy.worlds import served

EACH = 50
QUERIES = int(os.environ.get("TWO_WORLDS") or (10_000 if os.environ.get("CI") else 1_000))
BATCHES = 10
SEED = os.environ.get("TWO_WORLDS_SEED")
LOOKERS = (
    Looker("customer", (("x", L.EXACT, T.EXACT), ("y", L.CITY, T.DAY)), SHARED),
    Looker("service", classes=frozenset(SCOPES.values()) - {"BIOMETRIC", "PICTURE"}),
)
"""The viewers of the queries for every coordinate: between them they may use most coordinates."""


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(BATCHES))
async def test_two_worlds_give_the_same_responses(batch: int) -> None:
    count = with_data = 0
    for number, looker in enumerate(LOOKERS):
        part = await compare_each(batch * 1_000_000 + number, sorted(paths_to_inputs())[batch::BATCHES], looker)
        assert not part.different, str(part.different[0])
        count, with_data = count + part.count, with_data + part.with_data
    seed = int(SEED) if SEED is not None else batch * 1_000_000
    while count < QUERIES // BATCHES:
        part = await compare_random(seed, EACH)
        assert not part.different, str(part.different[0])
        count, with_data, seed = count + part.count, with_data + part.with_data, seed + 1
    # Both worlds of a batch may belong to a viewer who sees little, so the share of a small batch may be lower.
    least = 0.7 if count >= 500 else 0.6
    assert with_data > count * least, "most responses must contain data, or the comparison proves little"


async def test_a_few_random_queries_give_the_same_responses() -> None:
    """A small part of the proof for `make check`."""
    part = await compare_random(int(SEED or 0), 15)
    assert not part.different, str(part.different[0])


@pytest.mark.slow
async def test_queries_reach_every_argument_input_field_and_enum_value_that_a_viewer_may_use() -> None:
    for looker in LOOKERS:
        asker = asker_of(looker, *two_worlds(looker, Random(0)), Random(0))
        for coordinate, path in paths_to_inputs().items():
            # Cursor arguments need a cursor of an earlier page: the random queries follow pages.
            paged = coordinate.endswith(("(after:)", "(before:)", "(last:)"))
            if not paged and all(asker.allowed(c) for c in (coordinate, *path)):
                assert asker.question_about(coordinate, path) is not None, f"no query uses {coordinate}"


@pytest.mark.slow
def test_queries_are_valid_so_that_validation_can_be_skipped() -> None:
    """Validation takes most of the time of a query, so the worlds skip it."""
    schema = served()[0].graphql_schema
    for seed in range(10):
        rng = Random(seed)
        looker = some_looker(rng)
        asker = asker_of(looker, *two_worlds(looker, rng), rng)
        for _ in range(2):
            assert validate(schema, parse(asker.question().text)) == []
