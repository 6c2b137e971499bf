"""The report of an import by HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from resolvers.importing.record_reading import UnknownKeys
from resolvers.importing.records import BadRecord

MAX_ERRORS: Final = 50


@dataclass
class Report:
    """Counts of the outcomes of the lines, and the errors of the first 50 rejected lines."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("added", "updated", "unchanged", "rejected"), 0))
    lines: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    unknown: UnknownKeys = field(default_factory=UnknownKeys)

    def refuse(self, line: int, bad: BadRecord) -> None:
        """Counts a rejected line."""
        self.counts["rejected"] += 1
        if len(self.errors) < MAX_ERRORS:
            error = {"line": line, "message": str(bad)}
            self.errors.append(error if bad.field is None else error | {"field": bad.field})

    def to_json(self, seconds: float, *, indexed: bool) -> dict[str, Any]:
        """The JSON object of the response."""
        report: dict[str, Any] = {**self.counts, "seconds": round(seconds, 3), "indexed": indexed}
        if self.errors:
            report |= {"errors": self.errors, "moreErrors": self.counts["rejected"] - len(self.errors)}
        if self.unknown.names:
            report["unknownKeys"] = self.unknown.names
        return report
