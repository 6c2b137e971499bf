"""How an import is watched: a bar with rate and time left on a terminal, a line now and then without one."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

from indexing.progress import ProgressDisplay

_EVERY_S = 5.0


class PlainProgress(ProgressDisplay):
    """A line every five seconds."""

    def __init__(self, stream: TextIO, now_s: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._now_s = now_s
        self._begun = self._last = now_s()
        self._first: tuple[int, int] | None = None

    def moved(self, records: int, done: int, total: int) -> None:
        """See `Screen`."""
        now = self._now_s()
        if self._first is None:
            self._first = records, done
        if now - self._last < _EVERY_S:
            return
        self._last = now
        passed = now - self._begun
        rate = (records - self._first[0]) / passed
        gone = done - self._first[1]
        left = f", {round((total - done) * passed / gone):,} s left" if gone else ""
        self.say(f"{records:,} records, {done * 100 // max(total, 1)} %, {rate:,.0f} records/s{left}")

    def say(self, text: str) -> None:
        """See `Screen`."""
        print(text, file=self._stream, flush=True)

    def stage(self, text: str) -> None:
        """See `Screen`."""
        self.say(text)
        self._begun = self._last = self._now_s()
        self._first = None

    def close(self) -> None:
        """Nothing is on the screen."""


class TerminalProgress(ProgressDisplay):
    """A bar by rich."""

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

    def moved(self, records: int, done: int, total: int) -> None:
        """See `Screen`."""
        if self._task is None:
            self._first = records
            self._bar.start()
            self._task = self._bar.add_task("", total=max(total, 1), records=records, rate=0.0)
        rate = (records - self._first) / max(time.monotonic() - self._begun, 0.001)
        self._bar.update(self._task, completed=done, records=records, rate=rate)

    def say(self, text: str) -> None:
        """See `Screen`."""
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def stage(self, text: str) -> None:
        """See `Screen`."""
        if self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None
        self.say(text)
        self._begun = time.monotonic()

    def close(self) -> None:
        """See `Screen`."""
        self._bar.stop()


def progress_for(stream: TextIO = sys.stderr) -> ProgressDisplay:
    """The screen that fits where standard error goes."""
    return TerminalProgress() if stream.isatty() else PlainProgress(stream)
