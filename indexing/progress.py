"""How long work reports its progress: an interface that commands implement for terminals and for log files."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod

_EVERY_S = 5.0


class ProgressDisplay(ABC):
    """Everything goes to standard error: standard output belongs to the summary."""

    @abstractmethod
    def moved(self, records: int, done: int, total: int) -> None:
        """So many records are written; so much of the total is behind."""

    @abstractmethod
    def say(self, text: str) -> None:
        """A line that stays."""

    def stage(self, text: str) -> None:
        """A line that stays, and counting begins anew."""
        self.say(text)

    @abstractmethod
    def close(self) -> None:
        """The bar goes away."""

    _looked_at: float | None = None

    def looked(self, done: int) -> None:
        """So many files are kept and looked at: a line now and then, on terminals too, for the metadata are written."""
        now = time.monotonic()
        self._looked_at = now if self._looked_at is None else self._looked_at
        if now - self._looked_at >= _EVERY_S:
            self._looked_at = now
            self.say(f"{done:,} files kept and looked at...")
