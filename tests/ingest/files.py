"""Reading a file as a worker does, in this process; and reading a library with real workers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ingest.formats.file_references import FileLocation
from ingest.formats.worker_jobs import FileResult, FileJob, work
from ingest.readers.opening import open_reader
from ingest.readers.reading import ImportReader, ReadResult
from resolvers.importing.records import ImportRecord


def answer(content: bytes | Path, name: str = "a.jpg", **beside: bytes) -> FileResult:
    """`beside`: contents of `xmp`, `json`, `motion`."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for part, given in {"own": content.read_bytes() if isinstance(content, Path) else content, **beside}.items():
            paths[part] = Path(folder) / part
            paths[part].write_bytes(given)
        sources = {part: FileLocation(os.fsencode(path)) for part, path in paths.items()}
        job = FileJob(sources["own"], name, sources.get("xmp"), sources.get("json"), sources.get("motion"))
        found = work({"do": "read", "with": job})
        assert isinstance(found, FileResult)
        return found


class Taken(NamedTuple):
    record: ImportRecord
    remarks: tuple[str, ...]


def taken_of(content: bytes | Path, name: str = "a.jpg", **beside: bytes) -> Taken:
    found = answer(content, name, **beside)
    assert found.record is not None, found.reason
    return Taken(found.record, tuple(found.remarks))


def record(content: bytes | Path, name: str = "a.jpg", **beside: bytes) -> ImportRecord:
    found = answer(content, name, **beside)
    assert found.record is not None, found.reason
    return found.record


@contextmanager
def reading(*paths: Path) -> Iterator[ImportReader]:
    with tempfile.TemporaryDirectory() as spool:
        reader = open_reader(*paths, spool=Path(spool))
        try:
            yield reader
        finally:
            reader.close()


def readings(*paths: Path, after: str | None = None) -> list[ReadResult]:
    with reading(*paths) as reader:
        return list(reader.read(after))
