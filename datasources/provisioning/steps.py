"""What provisioning would do: steps that make or change, notes about what is left alone, refusals of what would destroy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

Do = Callable[[], Awaitable[object]]


class Skipped(Exception):
    """A server that stands in for AWS lacks this."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do, in words. `do` raises `LeftOut` where a server on this machine does not know such a thing."""

    what: str
    do: Do


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in order; while anything is refused, none of them is done."""

    steps: Sequence[Step] = ()
    refused: Sequence[str] = ()
    notes: Sequence[str] = ()

    @classmethod
    def joined(cls, plans: Sequence[Plan]) -> Plan:
        """One after the other."""
        return cls(
            [step for plan in plans for step in plan.steps],
            [sentence for plan in plans for sentence in plan.refused],
            [sentence for plan in plans for sentence in plan.notes],
        )
