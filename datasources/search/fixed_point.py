"""Clause weights as integers, so that every engine computes the same score in any order of addition.

32-bit floats add integers exactly up to 2^24; therefore weights are counted in ten-thousandths.
"""

from __future__ import annotations

from collections.abc import Sequence

from datasources.search.port import Clause

UNIT = 10_000
"""Units of a weight of 1.0."""

_LIMIT = 1 << 24


def units(clauses: Sequence[Clause]) -> list[int]:
    """The weight of each clause in units; raises `OverflowError` if their sum is not exact in 32-bit floats."""
    found = [round(clause.weight * UNIT) for clause in clauses]
    if sum(found) >= _LIMIT or any(unit < 0 for unit in found):
        raise OverflowError("clause weights must be at least 0 and their sum less than 1677")
    return found


def score(total: float) -> float:
    """A sum of units as the score of the port."""
    return total / UNIT
