"""Statistics of the images of an import."""

from __future__ import annotations

from dataclasses import dataclass, field

from ingest.report_file import LOST, UNRENDERABLE, ReportFile


@dataclass
class ImageStats:
    """Counts of stored, unrenderable and lost files, and the seconds of their processing."""

    stored: int = 0
    unrenderable: int = 0
    lost: int = 0
    seconds: float = 0.0
    report_file: ReportFile = field(default_factory=lambda: ReportFile(None))

    def add_unrenderable(self, where: str, reason: str) -> None:
        """Counts a file without renditions."""
        self.unrenderable += 1
        self.report_file.add(UNRENDERABLE, where, f"is stored, but {reason}")

    def add_lost(self, where: str) -> None:
        """Counts a file that could not be stored."""
        self.lost += 1
        self.report_file.add(LOST, where, "was changed or removed before it was stored")

    def report(self) -> list[str]:
        """Lines for the report of the import."""
        lines = []
        if self.stored:
            rate = f"{self.stored:,} in {self.seconds:.1f} s ({self.stored / max(self.seconds, 0.001):,.0f}/s)"
            lines.append(f"Files stored, hashed and decoded: {rate}.")
        if self.unrenderable:
            lines.append(f"{self.unrenderable:,} of them cannot be rendered; their files are stored.")
        if self.lost:
            lines.append(f"{self.lost:,} files were changed or removed before they were stored: import them again.")
        return lines
