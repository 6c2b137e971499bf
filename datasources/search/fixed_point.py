"""What clauses weigh, in whole numbers: the same sum on every engine, in whatever order and however narrow its floats.

An engine that scores in 32-bit floats adds whole numbers exactly up to 2^24; so a weight counts in ten-thousandths.
"""

from __future__ import annotations

from collections.abc import Sequence

from datasources.search.port import Clause

UNIT = 10_000
"""So many units are a weight of one."""

_MOST = 1 << 24


def units(clauses: Sequence[Clause]) -> list[int]:
    """The weight of each clause in units; `OverflowError` where all of them together are more than floats can tell apart."""
    found = [round(clause.weight * UNIT) for clause in clauses]
    if sum(found) >= _MOST or any(unit < 0 for unit in found):
        raise OverflowError("the weights of a text are at least 0 and together less than 1677")
    return found


def score(total: float) -> float:
    """A sum of units as the port tells it."""
    return total / UNIT
