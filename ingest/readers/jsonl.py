"""Reads JSON Lines (UTF-8, one record per line) as a stream."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import orjson

from ingest.readers.reading import ImportItem, ImportReader, ReadResult, RejectedItem, Unreadable
from resolvers.importing.record_reading import read_record
from resolvers.importing.records import BadRecord

MAX_LINE = 1 << 20
_BOM = b"\xef\xbb\xbf"


class JsonLinesReader(ImportReader):
    """Reads a JSON Lines file. Blank lines and a byte order mark are ignored; lines longer than 1 MiB are rejected."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            head = file.read(1 << 16)
            status = os.fstat(file.fileno())
        start = hashlib.sha256(head).hexdigest()
        super().__init__(total=status.st_size, fingerprint=f"{status.st_size}-{status.st_mtime_ns}-{start}")
        self._path = path
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise Unreadable(f"{path} is UTF-16; JSON Lines are UTF-8")
        if head.removeprefix(_BOM).lstrip().startswith(b"["):
            raise Unreadable(f"{path} is one JSON array; JSON Lines have one object on each line")
        if not _begins_with_objects(head, is_whole=status.st_size <= len(head)):
            raise Unreadable(f"{path} is not JSON Lines: none of its first lines is a JSON object")

    def read(self, after: str | None = None) -> Iterator[ReadResult]:
        """See `ImportReader`. A position has the offset after a line and the number of the line."""
        offset, number = (int(part) for part in (after or "0:0").split(":"))
        with self._path.open("rb") as file:
            file.seek(offset)
            while line := file.readline(MAX_LINE + 1):
                number += 1
                offset += len(line)
                if len(line) > MAX_LINE and not line.endswith(b"\n"):
                    offset += _rest_of_line(file)
                    yield RejectedItem(f"{offset}:{number}", "is longer than 1 MiB", f"line {number}", offset)
                    continue
                text = (line.removeprefix(_BOM) if number == 1 else line).strip()
                if text:
                    yield self._result(text, offset, number, ended=line.endswith(b"\n"))

    def _result(self, text: bytes, offset: int, number: int, *, ended: bool) -> ReadResult:
        position, where = f"{offset}:{number}", f"line {number}"
        try:
            return ImportItem(position, read_record(text, self.unknown), where, offset)
        except BadRecord as bad:
            truncated = not ended and bad.field is None and not text.endswith(b"}")
            reason = "is the last line and truncated" if truncated else str(bad)
            return RejectedItem(position, reason, where, offset)


def _begins_with_objects(head: bytes, *, is_whole: bool) -> bool:
    """Whether one of the first lines is a JSON object, or the first lines do not show what the file is."""
    lines = head.removeprefix(_BOM).split(b"\n")
    complete = [line for line in (lines if is_whole else lines[:-1]) if line.strip()]
    if not complete:
        return lines[-1].lstrip()[:1] in {b"", b"{"}
    return any(_is_object(line) for line in complete)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _rest_of_line(file: BinaryIO) -> int:
    skipped = 0
    while chunk := file.readline(MAX_LINE):
        skipped += len(chunk)
        if chunk.endswith(b"\n"):
            break
    return skipped
