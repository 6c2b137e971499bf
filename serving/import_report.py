"""What became of the lines of a stream, bounded however bad they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from resolvers.importing.record_reading import UnknownKeys
from resolvers.importing.records import BadRecord

MOST_TOLD: Final = 50


@dataclass
class Report:
    """What became of the lines so far; the first fifty refusals by line."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("added", "updated", "unchanged", "rejected"), 0))
    lines: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    unknown: UnknownKeys = field(default_factory=UnknownKeys)

    def refuse(self, line: int, bad: BadRecord) -> None:
        """A line that cannot be taken."""
        self.counts["rejected"] += 1
        if len(self.errors) < MOST_TOLD:
            told = {"line": line, "message": str(bad)}
            self.errors.append(told if bad.field is None else told | {"field": bad.field})

    def shown(self, seconds: float, *, indexed: bool) -> dict[str, Any]:
        """The answer."""
        told: dict[str, Any] = {**self.counts, "seconds": round(seconds, 3), "indexed": indexed}
        if self.errors:
            told |= {"errors": self.errors, "moreErrors": self.counts["rejected"] - len(self.errors)}
        if self.unknown.names:
            told["unknownKeys"] = self.unknown.names
        return told
