"""Simplifying boolean operators, so that engine queries contain no dead branches."""

from __future__ import annotations

from datasources.search.conditions import All, Any_, Condition, Everything, Not, Nothing


def and_(*conditions: Condition) -> Condition:
    """The conjunction, simplified."""
    if any(isinstance(c, Nothing) for c in conditions):
        return Nothing()
    parts = tuple(c for c in conditions if not isinstance(c, Everything))
    return parts[0] if len(parts) == 1 else All(parts) if parts else Everything()


def or_(*conditions: Condition) -> Condition:
    """The disjunction, simplified."""
    if any(isinstance(c, Everything) for c in conditions):
        return Everything()
    parts = tuple(c for c in conditions if not isinstance(c, Nothing))
    return parts[0] if len(parts) == 1 else Any_(parts) if parts else Nothing()


def not_(condition: Condition) -> Condition:
    """The negation, simplified."""
    match condition:
        case Everything():
            return Nothing()
        case Nothing():
            return Everything()
        case _:
            return Not(condition)
