"""The complete report of an import as JSON Lines: one object for each rejected or skipped file and for each remark."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

from ingest.formats.file_references import readable_path
from ingest.readers.reading import Unreadable

REJECTED, UNSUPPORTED, SKIPPED, REMARK = "rejected", "unsupported", "skipped", "remark"
UNRENDERABLE, LOST = "unrenderable", "lost"


class ReportFile:
    """Writes each line at once, so that a killed import leaves what it found. Only the user may read the file."""

    def __init__(self, path: Path | None) -> None:
        """Opens the file before the import begins; None reports nothing. Raises `Unreadable`."""
        self._file: IO[bytes] | None = None
        if path is None:
            return
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            shown = readable_path(os.fsencode(path))
            raise Unreadable(f"The report {shown} cannot be written: {error.strerror}") from error
        self._file = os.fdopen(descriptor, "ab", buffering=0)

    def restart(self) -> None:
        """Removes the lines of an earlier import. An import that continues after an interruption keeps its lines."""
        if self._file is not None:
            with suppress(OSError):  # a pipe cannot be truncated
                self._file.truncate(0)

    def add(self, kind: str, where: str, reason: str) -> None:
        """Adds a line. `reason` is a phrase that follows `where`."""
        if self._file is not None:
            self._file.write(msgspec.json.encode({"kind": kind, "where": where, "reason": reason}) + b"\n")

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()
