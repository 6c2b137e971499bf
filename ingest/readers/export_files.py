"""The files of an export by name, in a folder or a zip file, and their rows. Their content is not trusted."""

from __future__ import annotations

import errno
import os
import stat
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from ingest.readers.jsonl import MAX_LINE
from ingest.readers.reading import Unreadable
from resolvers.exporting.readme import FORMAT

MANIFEST = "manifest.json"
_MOST_MANIFEST = 16 << 20
_MOST_COLUMNS = 512 << 20


class ListedFile(msgspec.Struct, frozen=True):
    """An entry of the manifest."""

    name: str
    path: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """The members of `manifest.json` that the importer reads."""

    format: str
    version: int
    files: tuple[ListedFile, ...]


class Files:
    """Opens files of an export by name, in a folder or in one folder of a zip file."""

    def __init__(self, folder: Path | None, archive: zipfile.ZipFile | None = None, prefix: str = "") -> None:
        self._folder = folder
        self._archive = archive
        self._prefix = prefix

    @classmethod
    def at(cls, path: Path) -> Files | None:
        """The files at a path; None if it has no manifest of this program."""
        in_folder = (path / MANIFEST).is_file()
        found = cls(path) if in_folder else None if path.is_dir() else cls._in_zip(path)
        return found if found is not None and found.manifest() is not None else None

    @classmethod
    def _in_zip(cls, path: Path) -> Files | None:
        try:
            archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError):
            return None
        names = [n for n in archive.namelist() if n == MANIFEST or (n.endswith(f"/{MANIFEST}") and n.count("/") == 1)]
        return cls(None, archive, names[0].removesuffix(MANIFEST)) if len(names) == 1 else None

    def manifest(self) -> Manifest | None:
        """The manifest; None if it is missing or of another program."""
        try:
            with self.open(MANIFEST) as file:
                found = msgspec.json.decode(file.read(_MOST_MANIFEST), type=Manifest)
        except (msgspec.MsgspecError, ValueError, OSError, KeyError, zipfile.BadZipFile):
            return None
        return found if found.format == FORMAT else None

    def open(self, name: str) -> BinaryIO:
        """Opens a file; raises OSError, KeyError or `BadZipFile` if it is missing or damaged."""
        if self._folder is not None:
            return _opened(self._folder / name)
        assert self._archive is not None
        return cast("BinaryIO", self._archive.open(self._prefix + name))

    def close(self) -> None:
        """Closes the zip file."""
        if self._archive is not None:
            self._archive.close()


def _opened(path: Path) -> BinaryIO:
    """Opens a regular file. Links are refused, because they may lead out of the folder, and so are pipes, which block."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, "not a regular file")
    return os.fdopen(descriptor, "rb")


BROKEN = (OSError, KeyError, zipfile.BadZipFile, EOFError, RuntimeError)


def rows_of(stream: BinaryIO, name: str) -> Iterator[Mapping[str, Any] | None]:
    """Rows in order, None for a line that is not a JSON object; raises `Unreadable` for a damaged Parquet or Arrow file."""
    if name.endswith(".jsonl"):
        yield from (object_of(text) for text in texts_of(stream))
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = stream.read(_MOST_COLUMNS)
    try:
        table = pq.read_table(pa.BufferReader(data)) if name.endswith(".parquet") else pa.ipc.open_file(data).read_all()
        for batch in table.to_batches(max_chunksize=250):
            for row in batch.to_pylist():
                yield _without_none(row)
    except (pa.ArrowException, OSError, ValueError) as e:
        raise Unreadable(f"{name} is damaged") from e


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_none(v) for v in value]
    return value


def texts_of(stream: BinaryIO) -> Iterator[bytes]:
    """Lines. A line above the limit is split, and its parts are not valid JSON."""
    while line := stream.readline(MAX_LINE):
        yield line


def object_of(text: bytes) -> Mapping[str, Any] | None:
    """The JSON object of a line; None if it is something else."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
