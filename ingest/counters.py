"""Counts and messages of an import. The number of messages is limited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from ingest.readers.reading import RejectedItem
from ingest.report_file import REJECTED, REMARK, SKIPPED, UNSUPPORTED, ReportFile

_MAX_REPORTED = 50
_OUTCOMES = ("added", "updated", "unchanged", "rejected")
_OTHER = ("unread", "skipped")
"""Not outcomes of records: `unread` are also counted as rejected, `skipped` are not."""


@dataclass
class Counters:
    """Counts by outcome, and the first fifty rejections and remarks."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*_OUTCOMES, *_OTHER), 0))
    rejections: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    remark_count: int = 0
    report_file: ReportFile = field(default_factory=lambda: ReportFile(None))
    """Gets every rejection and remark."""
    earlier_rejections: int = 0
    """Rejections before the interruption of a resumed import."""

    def resume(self, counts: Mapping[str, int]) -> None:
        """Continues with the counts of a checkpoint."""
        self.counts = {kind: int(counts.get(kind, 0)) for kind in (*_OUTCOMES, *_OTHER)}
        self.earlier_rejections = self.counts["rejected"]

    def count(self, kind: str) -> None:
        """Counts a record or file."""
        self.counts[kind] += 1

    def reject(self, where: str, reason: str, kind: str = REJECTED) -> None:
        """Counts a rejected record and stores its reason."""
        self.count("rejected")
        self.report_file.add(kind, where, reason)
        if len(self.rejections) < _MAX_REPORTED:
            self.rejections.append(f"{where} {reason}")

    def add_rejected(self, rejected: RejectedItem) -> None:
        """Counts the rejection of a reader; skipped files are counted separately."""
        if rejected.skipped:
            self.count("skipped")
            self.report_file.add(SKIPPED, rejected.where, rejected.reason)
            return
        if rejected.is_unsupported:
            self.count("unread")
        self.reject(rejected.where, rejected.reason, UNSUPPORTED if rejected.is_unsupported else REJECTED)

    def remark(self, where: str, remark: str) -> None:
        """Stores the reason why a value of an imported record was omitted."""
        self.remark_count += 1
        self.report_file.add(REMARK, where, remark)
        if len(self.remarks) < _MAX_REPORTED:
            self.remarks.append(f"{where}: {remark}")

    @property
    def records(self) -> int:
        """The number of processed records."""
        return sum(self.counts[kind] for kind in _OUTCOMES)

    @property
    def imported(self) -> int:
        """The number of records that are now in the library."""
        return self.records - self.counts["rejected"]

    def report(self, unknown: list[str]) -> list[str]:
        """The lines of the report; `unknown` are names of unknown fields."""
        lines = []
        if self.rejections:
            more = self.counts["rejected"] - self.earlier_rejections - len(self.rejections)
            lines += ["Not imported:", *(f"  {r}" for r in self.rejections), *([f"  and {more:,} more"] if more else [])]
        if self.earlier_rejections:
            lines.append(f"{self.earlier_rejections:,} more were rejected, and reported, before the interruption.")
        if self.remarks:
            more = self.remark_count - len(self.remarks)
            lines += ["Imported with remarks:", *(f"  {r}" for r in self.remarks), *([f"  and {more:,} more"] if more else [])]
        if skipped := self.counts["skipped"]:
            lines.append(f"{skipped:,} files were skipped because they are not photos.")
        if unknown:
            lines.append(f"Unknown fields that were ignored: {', '.join(unknown)}")
        return lines

    def json_line(self, seconds: float) -> str:
        """The summary as one line of JSON. Counts that are not outcomes of records are present only if they are not zero."""
        counts = {kind: count for kind, count in self.counts.items() if count or kind in _OUTCOMES}
        return msgspec.json.encode({**counts, "seconds": round(seconds, 3)}).decode()
