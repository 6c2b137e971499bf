"""What an import counted and what it has to report, bounded however bad the input is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from ingest.readers.reading import Rejected

_REPORTED = 50
_KINDS = ("added", "updated", "unchanged", "rejected")
_MORE = ("unread", "skipped")
"""Not outcomes of records: `unread` are rejections, `skipped` are none."""


@dataclass
class Counters:
    """Counts by outcome, and the first fifty rejections and remarks."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*_KINDS, *_MORE), 0))
    rejections: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    remarked: int = 0
    before: int = 0
    """Rejections of the run that this one goes on from."""

    def resume(self, counts: Mapping[str, int]) -> None:
        """Goes on counting."""
        self.counts = {kind: int(counts.get(kind, 0)) for kind in (*_KINDS, *_MORE)}
        self.before = self.counts["rejected"]

    def count(self, kind: str) -> None:
        """One record more of a kind."""
        self.counts[kind] += 1

    def reject(self, where: str, reason: str) -> None:
        """One record that could not be taken."""
        self.count("rejected")
        if len(self.rejections) < _REPORTED:
            self.rejections.append(f"{where} {reason}")

    def turned_away(self, rejected: Rejected) -> None:
        """The same, as readers say it; what is no photo by its name is only counted apart."""
        if rejected.skipped:
            self.count("skipped")
            return
        if rejected.unread:
            self.count("unread")
        self.reject(rejected.where, rejected.reason)

    def remark(self, where: str, remark: str) -> None:
        """Something of a taken record was left out."""
        self.remarked += 1
        if len(self.remarks) < _REPORTED:
            self.remarks.append(f"{where}: {remark}")

    @property
    def records(self) -> int:
        """How many were looked at in all."""
        return sum(self.counts[kind] for kind in _KINDS)

    @property
    def taken(self) -> int:
        """How many are in the library now."""
        return self.records - self.counts["rejected"]

    def report(self, unknown: list[str]) -> list[str]:
        """Lines for the person who imports."""
        lines = []
        if self.rejections:
            more = self.counts["rejected"] - self.before - len(self.rejections)
            lines += ["Not taken:", *(f"  {r}" for r in self.rejections), *([f"  and {more:,} more"] if more else [])]
        if self.before:
            lines.append(f"{self.before:,} more were not taken before the interruption and were reported then.")
        if self.remarks:
            more = self.remarked - len(self.remarks)
            lines += ["Taken, but:", *(f"  {r}" for r in self.remarks), *([f"  and {more:,} more"] if more else [])]
        if skipped := self.counts["skipped"]:
            lines.append(f"{skipped:,} files were left alone: they are no photos.")
        if unknown:
            lines.append(f"Names that no record has, and that were left out: {', '.join(unknown)}")
        return lines

    def line(self, seconds: float) -> str:
        """The summary: one line of JSON. What is counted beside the outcomes is there only where there is some."""
        counts = {kind: count for kind, count in self.counts.items() if count or kind in _KINDS}
        return msgspec.json.encode({**counts, "seconds": round(seconds, 3)}).decode()
