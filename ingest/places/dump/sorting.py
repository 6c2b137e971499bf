"""External merge sort of lines that do not fit in memory."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

_RUN = 100_000


class SortedLines:
    """Collects lines (bytes without newline) and returns the distinct ones in byte order; one run is in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._run: list[bytes] = []
        self._files: list[Path] = []
        self.count = 0
        """The number of added lines, including duplicates."""

    def add(self, line: bytes) -> None:
        """Add a line."""
        self._run.append(line)
        self.count += 1
        if len(self._run) >= _RUN:
            self._spill()

    def _spill(self) -> None:
        if self._run:
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                file.write(b"\n".join(sorted(set(self._run))) + b"\n")
            self._files.append(Path(file.name))
            self._run = []

    def __iter__(self) -> Iterator[bytes]:
        self._spill()
        with ExitStack() as stack:
            files = [stack.enter_context(file.open("rb")) for file in self._files]
            last = None
            for line in heapq.merge(*files):
                if line != last:
                    last = line
                    yield line[:-1]
