"""The plan of provisioning: steps that create or change resources, notes, and refusals of changes that would lose data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

Do = Callable[[], Awaitable[object]]


class Skipped(Exception):
    """The local server does not support this operation."""


@dataclass(frozen=True, slots=True)
class Step:
    """A change and its description. `do` raises `Skipped` if a local server does not support it."""

    what: str
    do: Do
    creates: bool = False
    """Whether the step creates a missing resource."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in order; if anything is refused, no step is executed."""

    steps: Sequence[Step] = ()
    refused: Sequence[str] = ()
    notes: Sequence[str] = ()

    @classmethod
    def joined(cls, plans: Sequence[Plan]) -> Plan:
        """The plans, one after the other."""
        return cls(
            [step for plan in plans for step in plan.steps],
            [sentence for plan in plans for sentence in plan.refused],
            [sentence for plan in plans for sentence in plan.notes],
        )

    def check_only(self, owner: str) -> Plan:
        """The plan for resources that `owner` manages: missing resources are refusals, other differences are notes."""
        missing = [f"Missing resource ({step.what}): deploy {owner} first." for step in self.steps if step.creates]
        differences = [
            f"A setting differs from the definition ({step.what}): update {owner}." for step in self.steps if not step.creates
        ]
        return Plan([], [*self.refused, *missing], [*self.notes, *differences])
