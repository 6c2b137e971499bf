"""The cost of an operation: estimated with a request's variables, and counted in its response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

MAX_SIZE: Final = 1_000
"""Larger requested sizes count as this one: every field rejects them with an error message of its own."""


@dataclass(frozen=True, slots=True)
class RequestedSize:
    """A page size in the document: a number, or a variable and its default."""

    number: int | None
    variable: str | None = None

    def of(self, variables: Mapping[str, Any]) -> int | None:
        """Returns the number in this request."""
        value = variables.get(self.variable, self.number) if self.variable is not None else self.number
        if isinstance(value, list | tuple):
            return len(value)
        return value if isinstance(value, int) else None


@dataclass(slots=True)
class PricedField:
    """One response key of a merged selection, with its price."""

    key: str
    name: str
    weight: float = 0.0
    many: bool = False
    assumed: int = 1
    requested_sizes: tuple[RequestedSize, ...] = ()
    sized: frozenset[str] = frozenset()
    inner: PricedSelection | None = None

    def size(self, variables: Mapping[str, Any]) -> int:
        """Returns the requested number of objects, or the assumed one."""
        sizes = [number for size in self.requested_sizes if (number := size.of(variables)) is not None]
        return min(max(*sizes, 0), MAX_SIZE) if sizes else self.assumed


@dataclass(slots=True, eq=False)
class PricedSelection:
    """The fields of one merged selection that have a price; shared between uses of a fragment."""

    positions: list[PricedField] = field(default_factory=list)


def requested_cost(group: PricedSelection, variables: Mapping[str, Any]) -> float:
    """Returns the estimated cost with these variables, defaults applied."""
    costs: dict[tuple[int, frozenset[str], int], float] = {}

    def of(group: PricedSelection, sized: frozenset[str], size: int) -> float:
        key = (id(group), sized, size if sized else 0)
        if key not in costs:
            costs[key] = sum(times(p, sized, size) for p in group.positions)
        return costs[key]

    def times(position: PricedField, sized: frozenset[str], size: int) -> float:
        own = position.size(variables)
        count = own if position.many else 1
        if position.name in sized and position.many:
            count = size
        inner = of(position.inner, position.sized, own) if position.inner is not None else 0.0
        return count * (position.weight + inner)

    return of(group, frozenset(), 0)


class _Zero(dict[str, Any]):
    """Variables that request no objects."""

    def get(self, _name: str, _default: Any = None) -> Any:
        return 0


def minimum_cost(group: PricedSelection) -> float:
    """Returns the cost with the cheapest possible variables."""
    return requested_cost(group, _Zero())


def actual_cost(group: PricedSelection, data: Any) -> float:
    """Returns the cost of a response by the objects in it."""
    if not isinstance(data, dict):
        return 0.0
    return sum(_counted(p, data.get(p.key)) for p in group.positions)


def _counted(position: PricedField, value: Any) -> float:
    if value is None:
        return 0.0
    if isinstance(value, list):
        if position.inner is None or not position.inner.positions:
            return position.weight * len(value)
        return sum(_counted(position, item) for item in value)
    return position.weight + (actual_cost(position.inner, value) if position.inner is not None else 0.0)
