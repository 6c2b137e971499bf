from __future__ import annotations

from pathlib import Path
from random import Random

from tests.policy.stored_fields import NOT_IN_WORLDS, SHARED, differing, fields, stored_values, structures
from tests.policy.viewers import some_looker, two_worlds
from tests.policy.worlds import inhabited

SEEDS = 8


async def test_two_worlds_differ_in_every_stored_field_that_is_not_listed_as_shared(tmp_path: Path) -> None:
    different = set[str]()
    for seed in range(SEEDS):
        rng = Random(seed)
        looker = some_looker(rng)
        one, other = two_worlds(looker, rng)
        async with (
            inhabited(tmp_path / f"{seed}-1", one, looker) as first,
            inhabited(tmp_path / f"{seed}-2", other, looker) as second,
        ):
            different |= set(differing(await stored_values(first.sources), await stored_values(second.sources)))
    message = "Let tests/policy/library.py draw a value for the field, or list it in SHARED with the reason."
    assert fields() - different - SHARED.keys() == set(), message
    assert SHARED.keys() & different == set(), "these fields are listed as shared, but the worlds differ in them"


def test_every_listed_field_and_structure_exists() -> None:
    assert SHARED.keys() - fields() == set()
    assert NOT_IN_WORLDS.keys() - structures().keys() == set()
