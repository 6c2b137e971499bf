"""A file that lies in its owner's own folder: read where it is, and never taken for what it was when it has changed."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from collections.abc import AsyncIterator
from io import BufferedReader
from pathlib import Path

import msgspec

_PIECE = 1 << 20


class FileChanged(Exception):
    """The file is gone, or holds other bytes than those that were linked."""


class ReferencedFile(msgspec.Struct, frozen=True, array_like=True):
    """Where a file is, the hash of its bytes, and how it looked when that was the hash."""

    path: bytes
    sha256: str
    size: int
    inode: int
    modified_ns: int
    changed_ns: int
    """When the system itself last saw it change: unlike the time of modification, nobody can set it back."""

    @classmethod
    def of(cls, path: Path, sha256: str) -> ReferencedFile:
        """A file as it looks now; raises `OSError`."""
        return cls._looked(os.fsencode(path.resolve()), sha256, path.stat())

    @classmethod
    def _looked(cls, path: bytes, sha256: str, status: os.stat_result) -> ReferencedFile:
        return cls(path, sha256, status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)

    def now(self, descriptor: int) -> ReferencedFile:
        """The same as an open file looks now; raises `Changed` when it is no file any more."""
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FileChanged
        return self._looked(self.path, self.sha256, status)


async def checked(link: ReferencedFile) -> ReferencedFile:
    """The link as the file looks now, hashed anew if that is different; raises `Changed`."""
    return await asyncio.to_thread(_checked, link)


def _checked(link: ReferencedFile) -> ReferencedFile:
    with _opened(link) as file:
        fresh = link.now(file.fileno())
        if fresh == link:
            return link
        if hashlib.file_digest(file, "sha256").hexdigest() != link.sha256 or link.now(file.fileno()) != fresh:
            raise FileChanged
        return fresh


async def pieces_of_file(link: ReferencedFile, start: int, end: int) -> AsyncIterator[bytes]:
    """The bytes of a range; raises `Changed` before the first byte that was read from a changed file."""
    file = await asyncio.to_thread(_opened, link)
    with file:
        at = start
        while at < end:
            piece = await asyncio.to_thread(_piece, link, file.fileno(), at, min(_PIECE, end - at))
            if not piece:
                raise FileChanged
            at += len(piece)
            yield piece


def _opened(link: ReferencedFile) -> BufferedReader:
    try:
        descriptor = os.open(link.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as e:
        raise FileChanged from e
    try:
        link.now(descriptor)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _piece(link: ReferencedFile, descriptor: int, at: int, most: int) -> bytes:
    piece = os.pread(descriptor, most, at)
    if link.now(descriptor) != link:
        raise FileChanged
    return piece
