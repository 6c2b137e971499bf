"""Conditions put together, told as shortly as possible: what an engine is asked should hold no dead branches."""

from __future__ import annotations

from datasources.search.conditions import All, Any_, Condition, Everything, Not, Nothing


def and_(*conditions: Condition) -> Condition:
    """All of them, told as shortly as possible."""
    if any(isinstance(c, Nothing) for c in conditions):
        return Nothing()
    kept = tuple(c for c in conditions if not isinstance(c, Everything))
    return kept[0] if len(kept) == 1 else All(kept) if kept else Everything()


def or_(*conditions: Condition) -> Condition:
    """Any of them, told as shortly as possible."""
    if any(isinstance(c, Everything) for c in conditions):
        return Everything()
    kept = tuple(c for c in conditions if not isinstance(c, Nothing))
    return kept[0] if len(kept) == 1 else Any_(kept) if kept else Nothing()


def not_(condition: Condition) -> Condition:
    """Not that."""
    match condition:
        case Everything():
            return Nothing()
        case Nothing():
            return Everything()
        case _:
            return Not(condition)
