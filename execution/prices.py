"""The price list of an operation, and what it comes to: estimated with a request's variables, counted in its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

LARGEST: Final = 1_000
"""Sizes asked for count at most so much: beyond it every field refuses the page itself, with better words."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A size as the document gives it: a number, or a variable and its default."""

    number: int | None
    variable: str | None = None

    def of(self, variables: Mapping[str, Any]) -> int | None:
        """The number in this request."""
        value = variables.get(self.variable, self.number) if self.variable is not None else self.number
        if isinstance(value, list | tuple):
            return len(value)
        return value if isinstance(value, int) else None


@dataclass(slots=True)
class Position:
    """One response key of a merged selection."""

    key: str
    name: str
    weight: float = 0.0
    many: bool = False
    assumed: int = 1
    asked: tuple[Asked, ...] = ()
    sized: frozenset[str] = frozenset()
    inner: Group | None = None

    def size(self, variables: Mapping[str, Any]) -> int:
        """How many objects, by what the request says."""
        given = [number for asked in self.asked if (number := asked.of(variables)) is not None]
        return min(max(*given, 0), LARGEST) if given else self.assumed


@dataclass(slots=True, eq=False)
class Group:
    """The positions of one merged selection that cost something; shared where fragments are."""

    positions: list[Position] = field(default_factory=list)


def requested(group: Group, variables: Mapping[str, Any]) -> float:
    """What the operation may cost with these variables, defaults applied."""
    known: dict[tuple[int, frozenset[str], int], float] = {}

    def of(group: Group, sized: frozenset[str], size: int) -> float:
        at = (id(group), sized, size if sized else 0)
        if at not in known:
            known[at] = sum(times(p, sized, size) for p in group.positions)
        return known[at]

    def times(position: Position, sized: frozenset[str], size: int) -> float:
        own = position.size(variables)
        count = own if position.many else 1
        if position.name in sized and position.many:
            count = size
        inner = of(position.inner, position.sized, own) if position.inner is not None else 0.0
        return count * (position.weight + inner)

    return of(group, frozenset(), 0)


class _Nothing(dict[str, Any]):
    """Variables that ask for no object at all."""

    def get(self, _name: str, _default: Any = None) -> Any:
        return 0


def least(group: Group) -> float:
    """What the operation costs whatever its variables say."""
    return requested(group, _Nothing())


def actual(group: Group, data: Any) -> float:
    """What the answer did cost, by the objects that are in it."""
    if not isinstance(data, dict):
        return 0.0
    return sum(_counted(p, data.get(p.key)) for p in group.positions)


def _counted(position: Position, value: Any) -> float:
    if value is None:
        return 0.0
    if isinstance(value, list):
        if position.inner is None or not position.inner.positions:
            return position.weight * len(value)
        return sum(_counted(position, item) for item in value)
    return position.weight + (actual(position.inner, value) if position.inner is not None else 0.0)
