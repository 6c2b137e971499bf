"""Statistics of the images of an import."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class ImageStats:
    """Counts of stored, unrenderable and lost files, and the seconds of their processing."""

    stored: int = 0
    unrenderable: int = 0
    lost: int = 0
    seconds: float = 0.0

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
