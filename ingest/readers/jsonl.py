"""JSON Lines: one record a line, UTF-8, read as a stream."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ingest.readers.reading import Item, Reader, Reading, Rejected, Unreadable
from resolvers.importing.record_reading import read_record
from resolvers.importing.records import BadRecord

MAX_LINE = 1 << 20
_BOM = b"\xef\xbb\xbf"


class JsonLinesReader(Reader):
    """Readings of a file of lines. Blank lines and a byte order mark are nothing; a longer line than 1 MiB is refused."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            head = file.read(1 << 16)
            status = os.fstat(file.fileno())
        start = hashlib.sha256(head).hexdigest()
        super().__init__(total=status.st_size, fingerprint=f"{status.st_size}-{status.st_mtime_ns}-{start}")
        self._path = path
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise Unreadable(f"{path.name} is UTF-16; JSON Lines are UTF-8")
        if head.removeprefix(_BOM).lstrip().startswith(b"["):
            raise Unreadable(f"{path.name} is one JSON array; JSON Lines have one object on each line")

    def readings(self, after: str | None = None) -> Iterator[Reading]:
        """A position is the byte behind the line and the line's number."""
        offset, number = (int(part) for part in (after or "0:0").split(":"))
        with self._path.open("rb") as file:
            file.seek(offset)
            while line := file.readline(MAX_LINE + 1):
                number += 1
                offset += len(line)
                if len(line) > MAX_LINE and not line.endswith(b"\n"):
                    offset += _rest_of_line(file)
                    yield Rejected(f"{offset}:{number}", "is longer than 1 MiB", f"line {number}", offset)
                    continue
                text = (line.removeprefix(_BOM) if number == 1 else line).strip()
                if text:
                    yield self._reading(text, offset, number, ended=line.endswith(b"\n"))

    def _reading(self, text: bytes, offset: int, number: int, *, ended: bool) -> Reading:
        position, where = f"{offset}:{number}", f"line {number}"
        try:
            return Item(position, read_record(text, self.unknown), where, offset)
        except BadRecord as bad:
            cut_off = not ended and bad.field is None and not text.endswith(b"}")
            reason = "is the last one and cut off" if cut_off else str(bad)
            return Rejected(position, reason, where, offset)


def _rest_of_line(file: BinaryIO) -> int:
    skipped = 0
    while chunk := file.readline(MAX_LINE):
        skipped += len(chunk)
        if chunk.endswith(b"\n"):
            break
    return skipped
