"""From a path to its reader: a folder, a Parquet file by its first bytes, anything else as JSON Lines."""

from __future__ import annotations

import stat
from pathlib import Path

from ingest.readers.export import ExportReader
from ingest.readers.export_files import Files
from ingest.readers.reading import Reader, Unreadable


def open_reader(path: Path) -> Reader:
    """Raises Unreadable with one sentence. A further format is one reader and one line here."""
    try:
        if (export := Files.at(path)) is not None:
            return ExportReader(export, path)
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            from ingest.readers.folder import FolderReader

            return FolderReader(path)
        if not stat.S_ISREG(mode):
            raise Unreadable(f"{path.name} is neither a file nor a folder")
        with path.open("rb") as file:
            start = file.read(4)
        if start == b"PAR1":
            # pyarrow takes a quarter of a second to import, and few imports need it.
            from ingest.readers.parquet import ParquetReader

            return ParquetReader(path)
        if start.startswith(b"\xff\xd8"):
            raise Unreadable(f"{path.name} is one picture; give the folder that holds it")
        if start.startswith((b"PK\x03\x04", b"\x1f\x8b")):
            raise Unreadable(f"{path.name} is an archive; unpack it first")
        from ingest.readers.jsonl import JsonLinesReader

        return JsonLinesReader(path)
    except OSError as error:
        raise Unreadable(f"{path} cannot be opened: {error.strerror}") from error
