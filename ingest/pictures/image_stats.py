"""What the second part of an import did, for whoever ran it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class ImageStats:
    """What the second part did, for the report."""

    kept: int = 0
    unshowable: int = 0
    lost: int = 0
    seconds: float = 0.0

    def report(self) -> list[str]:
        """Lines for the person who imports: apart from the metadata, and after them."""
        lines = []
        if self.kept:
            how = f"{self.kept:,} in {self.seconds:.1f} s ({self.kept / max(self.seconds, 0.001):,.0f}/s)"
            lines.append(f"Files kept, hashed and looked at: {how}.")
        if self.unshowable:
            lines.append(f"{self.unshowable:,} of them cannot be shown as pictures; their files are kept.")
        if self.lost:
            lines.append(f"{self.lost:,} files changed or went before they were kept: import them again.")
        return lines
