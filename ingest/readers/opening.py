"""From paths to their reader: a folder, archives, a Parquet file by its first bytes, anything else as JSON Lines."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ingest.formats.media_types import is_packed
from ingest.readers.export import ExportReader
from ingest.readers.export_files import Files
from ingest.readers.reading import Reader, Unreadable

_TAKEOUT_PART = re.compile(rb"takeout-.*\.(zip|tgz|tar|tar\.gz)", re.IGNORECASE)
_PICTURE_STARTS = (b"\xff\xd8\xff", b"\x89PNG", b"II*\0", b"MM\0*", b"GIF8")


def open_reader(path: Path, *more: Path, spool: Path | None = None) -> Reader:
    """Raises Unreadable with one sentence. `more` are further parts of the same library; `spool` is a folder in which
    members of archives lie while they are written, by default the system's for passing things.
    """
    if not more and (export := Files.at(path)) is not None:
        return ExportReader(export, path, spool)
    paths = (path, *more)
    kinds = [_kind(path) for path in paths]
    if all(kind in {"folder", "archive"} for kind in kinds):
        return _open_files(list(zip(paths, kinds, strict=True)), spool or Path(tempfile.gettempdir()))
    if len(paths) > 1:
        raise Unreadable("several paths at once must be folders or archives: parts of one library")
    if kinds[0] == "parquet":
        # pyarrow takes a quarter of a second to import, and few imports need it.
        from ingest.readers.parquet import ParquetReader

        return ParquetReader(paths[0])
    from ingest.readers.jsonl import JsonLinesReader

    return JsonLinesReader(paths[0])


def _kind(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return "folder"
        if not stat.S_ISREG(mode):
            raise Unreadable(f"{path.name} is neither a file nor a folder")
        with path.open("rb") as file:
            start = file.read(512)
    except OSError as error:
        raise Unreadable(f"{path} cannot be opened: {error.strerror}") from error
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(_PICTURE_STARTS) or start[4:8] == b"ftyp":
        raise Unreadable(f"{path.name} is one picture or video; give the folder that holds it")
    if path.name.lower().endswith((".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".txz", ".tbz2")):
        return "archive"
    return "archive" if is_packed(start) else "lines"


def _open_files(paths: Sequence[tuple[Path, str]], spool: Path) -> Reader:
    from ingest.readers.containers import ArchivePlace, FolderPlace, Place
    from ingest.readers.files import FilesReader
    from ingest.readers.temp_files import TempFiles
    from workers.pool import WorkerPool

    workers, copies = WorkerPool("ingest.formats.worker_jobs:work"), TempFiles(spool)
    places: list[Place] = []
    try:
        for path, kind in paths:
            if kind == "archive":
                places.append(ArchivePlace(path, workers, copies))
                continue
            parts = _takeout_parts(path)
            places.append(FolderPlace(path, frozenset(os.fsencode(part.name) for part in parts)))
            places += [ArchivePlace(part, workers, copies) for part in parts]
        return FilesReader(places, workers, copies)
    except BaseException:
        workers.close()
        copies.close()
        raise


def _takeout_parts(folder: Path) -> list[Path]:
    """The archives in which Google hands out an export, laid into one folder: they are read as one library."""
    with suppress(OSError):
        return sorted(
            p for p in folder.iterdir() if _TAKEOUT_PART.fullmatch(os.fsencode(p.name)) and p.is_file() and not p.is_symlink()
        )
    return []
