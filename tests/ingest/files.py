"""Reads single files in this process as a worker does, and libraries with real workers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ingest.formats.file_references import FileLocation
from ingest.formats.worker_jobs import FileJob, FileResult, work
from ingest.readers.opening import open_reader
from ingest.readers.reading import ImportReader, ReadResult
from resolvers.importing.records import ImportRecord


def answer(content: bytes | Path, name: str = "a.jpg", **sidecars: bytes) -> FileResult:
    """The result for a file. `sidecars` are the contents of `xmp`, `json` and `motion`."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for part, data in {"own": content.read_bytes() if isinstance(content, Path) else content, **sidecars}.items():
            paths[part] = Path(folder) / part
            paths[part].write_bytes(data)
        sources = {part: FileLocation(os.fsencode(path)) for part, path in paths.items()}
        job = FileJob(sources["own"], name, sources.get("xmp"), sources.get("json"), sources.get("motion"))
        found = work({"do": "read", "with": job})
        assert isinstance(found, FileResult)
        return found


class Taken(NamedTuple):
    record: ImportRecord
    remarks: tuple[str, ...]


def taken_of(content: bytes | Path, name: str = "a.jpg", **sidecars: bytes) -> Taken:
    found = answer(content, name, **sidecars)
    assert found.record is not None, found.reason
    return Taken(found.record, tuple(found.remarks))


def record(content: bytes | Path, name: str = "a.jpg", **sidecars: bytes) -> ImportRecord:
    found = answer(content, name, **sidecars)
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
