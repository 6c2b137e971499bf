"""Opens the reader for some paths: folders, archives, Parquet (detected by its first bytes), otherwise JSON Lines."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ingest.formats.file_references import readable_path
from ingest.readers.export import ExportReader
from ingest.readers.export_files import Files
from ingest.readers.reading import ImportReader, Unreadable
from pictures.formats.media_types import is_packed

_TAKEOUT_PART = re.compile(rb"takeout-.*\.(zip|tgz|tar|tar\.gz)", re.IGNORECASE)
_PICTURE_STARTS = (b"\xff\xd8\xff", b"\x89PNG", b"II*\0", b"MM\0*", b"GIF8")


def open_reader(path: Path, *more: Path, spool: Path | None = None) -> ImportReader:
    """Opens a reader; raises `Unreadable`. `more` are further parts of the same library.

    `spool` is the folder for temporary copies of members of archives, by default that of the system.
    """
    if not more and (export := Files.at(path)) is not None:
        return ExportReader(export, path, spool)
    paths = (path, *more)
    kinds = [_kind(path) for path in paths]
    if all(kind in {"folder", "archive"} for kind in kinds):
        return _open_files(list(zip(paths, kinds, strict=True)), spool or Path(tempfile.gettempdir()))
    if len(paths) > 1:
        raise Unreadable("Several paths must be folders or archives that are parts of one library")
    if kinds[0] == "parquet":
        # Imported lazily, because importing pyarrow takes 0.25 seconds.
        from ingest.readers.parquet import ParquetReader

        return ParquetReader(paths[0])
    from ingest.readers.jsonl import JsonLinesReader

    return JsonLinesReader(paths[0])


def needs_copies(path: Path) -> bool:
    """Whether members of archives may be copied to disk while the path is read; raises `Unreadable`."""
    return _kind(path) in {"folder", "archive"}


def _kind(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return "folder"
        if not stat.S_ISREG(mode):
            raise Unreadable(f"{_shown(path)} is neither a file nor a folder")
        with path.open("rb") as file:
            start = file.read(512)
    except OSError as error:
        raise Unreadable(f"{_shown(path)} cannot be opened: {error.strerror}") from error
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(_PICTURE_STARTS) or start[4:8] == b"ftyp":
        raise Unreadable(f"{_shown(path)} is one picture or video: import its folder instead")
    if path.name.lower().endswith((".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".txz", ".tbz2")):
        return "archive"
    return "archive" if is_packed(start) else "lines"


def _shown(path: Path) -> str:
    return readable_path(os.fsencode(path))


def _open_files(paths: Sequence[tuple[Path, str]], spool: Path) -> ImportReader:
    from ingest.readers.containers import ArchiveContainer, FileContainer, FolderContainer
    from ingest.readers.files import FilesReader
    from ingest.readers.temp_files import TempFiles
    from workers.pool import WorkerPool

    workers, copies = WorkerPool("ingest.formats.worker_jobs:work"), TempFiles(spool)
    containers: list[FileContainer] = []
    try:
        for path, kind in paths:
            if kind == "archive":
                containers.append(ArchiveContainer(path, workers, copies))
                continue
            parts = _takeout_parts(path)
            containers.append(FolderContainer(path, frozenset(os.fsencode(part.name) for part in parts)))
            containers += [ArchiveContainer(part, workers, copies) for part in parts]
        return FilesReader(containers, workers, copies)
    except BaseException:
        workers.close()
        copies.close()
        raise


def _takeout_parts(folder: Path) -> list[Path]:
    """The archives of a Takeout in one folder, which are read as one library."""
    with suppress(OSError):
        return sorted(
            p for p in folder.iterdir() if _TAKEOUT_PART.fullmatch(os.fsencode(p.name)) and p.is_file() and not p.is_symlink()
        )
    return []
