"""A file in a folder of its owner, read in place; a changed file is detected and not served."""

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
    """The file is missing or has other bytes than when it was referenced."""


class ReferencedFile(msgspec.Struct, frozen=True, array_like=True):
    """The path of a file, the hash of its bytes, and its status when it was hashed."""

    path: bytes
    sha256: str
    size: int
    inode: int
    modified_ns: int
    changed_ns: int
    """The ctime, which unlike the modification time cannot be set by programs."""

    @classmethod
    def of(cls, path: Path, sha256: str) -> ReferencedFile:
        """A reference with the current status; raises `OSError`."""
        return cls._of_status(os.fsencode(path.resolve()), sha256, path.stat())

    @classmethod
    def _of_status(cls, path: bytes, sha256: str, status: os.stat_result) -> ReferencedFile:
        return cls(path, sha256, status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)

    def now(self, descriptor: int) -> ReferencedFile:
        """The reference with the status of an open file; raises `FileChanged` if it is not a regular file."""
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FileChanged
        return self._of_status(self.path, self.sha256, status)


async def verify(link: ReferencedFile) -> ReferencedFile:
    """The reference with the current status; a changed status causes a new hash. Raises `FileChanged`."""
    return await asyncio.to_thread(_checked, link)


def _checked(link: ReferencedFile) -> ReferencedFile:
    with _opened(link) as file:
        current = link.now(file.fileno())
        if current == link:
            return link
        if hashlib.file_digest(file, "sha256").hexdigest() != link.sha256 or link.now(file.fileno()) != current:
            raise FileChanged
        return current


async def pieces_of_file(link: ReferencedFile, start: int, end: int) -> AsyncIterator[bytes]:
    """The bytes of a range; raises `FileChanged` before the first byte of a changed file."""
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


def _piece(link: ReferencedFile, descriptor: int, at: int, size: int) -> bytes:
    piece = os.pread(descriptor, size, at)
    if link.now(descriptor) != link:
        raise FileChanged
    return piece
