"""Progress of long commands: a progress bar on a terminal, otherwise lines of text."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

from indexing.progress import ProgressDisplay

_EVERY_S = 5.0


class PlainProgress(ProgressDisplay):
    """Writes a line every five seconds."""

    def __init__(self, stream: TextIO, now_s: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._now_s = now_s
        self._begun = self._last = now_s()
        self._first: tuple[int, int] | None = None

    def update(self, records: int, done: int, total: int) -> None:
        """See `ProgressDisplay`."""
        now = self._now_s()
        if self._first is None:
            self._first = records, done
        if now - self._last < _EVERY_S:
            return
        self._last = now
        elapsed = now - self._begun
        rate = (records - self._first[0]) / elapsed
        completed = done - self._first[1]
        remaining = f", {round((total - done) * elapsed / completed):,} s left" if completed else ""
        self.print_line(f"{records:,} records, {done * 100 // max(total, 1)} %, {rate:,.0f} records/s{remaining}")

    def print_line(self, text: str) -> None:
        """See `ProgressDisplay`."""
        print(text, file=self._stream, flush=True)

    def start_stage(self, text: str) -> None:
        """See `ProgressDisplay`."""
        self.print_line(text)
        self._begun = self._last = self._now_s()
        self._first = None

    def close(self) -> None:
        """Does nothing: there is no progress bar to remove."""


class TerminalProgress(ProgressDisplay):
    """A progress bar."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.fields[records]:,} records"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]:,.0f} records/s"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task: Any = None
        self._begun = time.monotonic()
        self._first = 0

    def update(self, records: int, done: int, total: int) -> None:
        """See `ProgressDisplay`."""
        if self._task is None:
            self._first = records
            self._bar.start()
            self._task = self._bar.add_task("", total=max(total, 1), records=records, rate=0.0)
        rate = (records - self._first) / max(time.monotonic() - self._begun, 0.001)
        self._bar.update(self._task, completed=done, records=records, rate=rate)

    def print_line(self, text: str) -> None:
        """See `ProgressDisplay`."""
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def start_stage(self, text: str) -> None:
        """See `ProgressDisplay`."""
        if self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None
        self.print_line(text)
        self._begun = time.monotonic()

    def close(self) -> None:
        """See `ProgressDisplay`."""
        self._bar.stop()


def progress_for(stream: TextIO = sys.stderr) -> ProgressDisplay:
    """The display for a stream: a progress bar if it is a terminal."""
    return TerminalProgress() if stream.isatty() else PlainProgress(stream)
