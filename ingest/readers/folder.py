"""A folder of files, walked in the order of their names; JPEG is read, other formats are named as unread."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, unquote_to_bytes

from ingest.readers.jpeg import MAGIC, Picture, read_jpeg
from ingest.readers.jpeg_header import BadPicture
from ingest.readers.kinds import kind_of_name, kind_of_start, reason_to_skip
from ingest.readers.reading import Item, Original, Reader, Reading, Rejected

_MAX_FILE = 512 << 20
_MAX_DEPTH = 64
Parts = tuple[bytes, ...]


class FolderReader(Reader):
    """Readings of every file below a folder. Links are not followed: they loop, and lead out of the folder."""

    def __init__(self, root: Path) -> None:
        self._root = os.fsencode(root)
        total, digest = 0, hashlib.sha256()
        for parts, entry in self._walk((), ()):
            if isinstance(entry, os.DirEntry) and entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                total += status.st_size
                digest.update(repr((parts, status.st_size, status.st_mtime_ns)).encode())
        super().__init__(total=total, fingerprint=digest.hexdigest())

    def readings(self, after: str | None = None) -> Iterator[Reading]:
        """A position is the path below the folder, percent-encoded: file names may be any bytes."""
        behind: Parts = tuple(unquote_to_bytes(after).split(b"/")) if after else ()
        done = 0
        for parts, entry in self._walk((), ()):
            if isinstance(entry, os.DirEntry) and entry.is_file(follow_symlinks=False):
                done += entry.stat(follow_symlinks=False).st_size
            if parts > behind:
                yield self._reading(parts, entry, done)

    def _walk(self, parts: Parts, above: tuple[int, ...]) -> Iterator[tuple[Parts, os.DirEntry[bytes] | str]]:
        """Paths with their entry, or with the reason why a folder is not walked."""
        try:
            with os.scandir(os.path.join(self._root, *parts)) as found:  # noqa: PTH118  (bytes, not text)
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            yield parts, f"cannot be opened: {error.strerror}"
            return
        for entry in entries:
            path = (*parts, entry.name)
            if not entry.is_dir(follow_symlinks=False) or reason_to_skip(os.fsdecode(entry.name)):
                yield path, entry
            elif len(path) > _MAX_DEPTH:
                yield path, "lies deeper than 64 folders"
            elif (inode := entry.inode()) in above:
                yield path, "is a folder within itself"
            else:
                yield from self._walk(path, (*above, inode))

    def _reading(self, parts: Parts, entry: os.DirEntry[bytes] | str, done: int) -> Reading:
        position = quote(b"/".join(parts), safe="/")
        where = b"/".join(parts).decode("utf-8", "replace") or "the folder"
        if isinstance(entry, str):
            return Rejected(position, entry, where, done)
        name = os.fsdecode(entry.name)
        reason = "is a link, and links are not followed" if entry.is_symlink() else reason_to_skip(name)
        if reason:
            return Rejected(position, reason, where, done, skipped=True)
        try:
            with _opened(entry.path) as file:
                picture = _read(file, name.encode("utf-8", "replace").decode())
        except BadPicture as bad:
            return Rejected(position, str(bad), where, done, skipped=kind_of_name(name) == "other")
        except OSError as error:
            return Rejected(position, f"cannot be opened: {error.strerror}", where, done)
        original = Original(
            Path(os.fsdecode(entry.path)).absolute(),
            picture.record.source_id.removeprefix("sha256:"),
            picture.record.content_type or "image/jpeg",
            picture.record.file_size or 0,
        )
        return Item(position, picture.record, where, done, picture.remarks, original)


def _opened(path: bytes) -> BinaryIO:
    """A regular file of a bearable size. Opened before it is looked at, so that nobody can change it in between."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    file = os.fdopen(descriptor, "rb")
    status = os.fstat(descriptor)
    reason = None
    if not stat.S_ISREG(status.st_mode):
        reason = "is no regular file"
    elif status.st_size == 0:
        reason = "is empty"
    elif status.st_size > _MAX_FILE:
        reason = "is larger than 512 MiB"
    if reason:
        file.close()
        raise BadPicture(reason)
    return file


def _read(file: BinaryIO, name: str) -> Picture:
    start = file.read(32)
    if start.startswith(MAGIC):
        file.seek(0)
        return read_jpeg(file, name)
    kind = kind_of_start(start)
    if kind:
        raise BadPicture(f"is {kind}, which this version does not read")
    if kind_of_name(name) == "jpeg":
        raise BadPicture("is named a JPEG but is none, or its beginning is lost")
    raise BadPicture("is of a kind that is not read")
