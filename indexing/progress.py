"""The interface by which long operations report progress. Commands implement it for terminals and for log files."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod

_EVERY_S = 5.0


class ProgressDisplay(ABC):
    """Writes to standard error, because standard output has only the summary."""

    @abstractmethod
    def update(self, records: int, done: int, total: int) -> None:
        """Updates the number of written records, and the completed part of the total."""

    @abstractmethod
    def print_line(self, text: str) -> None:
        """Prints a line."""

    def start_stage(self, text: str) -> None:
        """Prints a line and restarts the measurement of progress."""
        self.print_line(text)

    @abstractmethod
    def close(self) -> None:
        """Removes the progress bar."""

    _last_images_s: float | None = None

    def update_images(self, done: int) -> None:
        """Prints the number of processed files every few seconds, also on terminals: the progress bar is that of the records."""
        now = time.monotonic()
        self._last_images_s = now if self._last_images_s is None else self._last_images_s
        if now - self._last_images_s >= _EVERY_S:
            self._last_images_s = now
            self.print_line(f"{done:,} files stored and decoded...")
