"""Locations of files for worker processes: a path, or a member of an archive that is copied; and names as readable text."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import msgspec

from ingest.formats.archives import copy_member, copy_range
from pictures.formats.errors import BadFile

_NOT_PRINTED = frozenset({"Cc", "Cs", "Zl", "Zp"})


def readable_name(name: bytes) -> str:
    """A file name as text. Bytes that are not UTF-8 become hexadecimal numbers, so that different names remain different."""
    return name.decode("utf-8", "backslashreplace")


def readable_path(path: bytes) -> str:
    """A path for reports, in one line: control characters, with which a name could change a terminal, are escaped too."""
    text = readable_name(path)
    if text.isprintable():
        return text
    return "".join(c.encode("unicode_escape").decode("ascii") if unicodedata.category(c) in _NOT_PRINTED else c for c in text)


class FileLocation(msgspec.Struct, frozen=True):
    """A file at `path`, or a member of the archive there: number `member` of a zip, or `size` bytes at `offset` of a tar."""

    path: bytes
    member: int = -1
    offset: int = -1
    size: int = 0
    copy_path: bytes = b""

    @property
    def in_archive(self) -> bool:
        """Whether the file is a member of an archive."""
        return self.member >= 0 or self.offset >= 0

    @property
    def local_path(self) -> bytes:
        """The path of the file, or of its copy."""
        return self.copy_path if self.in_archive else self.path


def fetch(source: FileLocation) -> bytes:
    """Copies a member of an archive unless its copy exists, and returns the path of the file. Raises `BadFile`."""
    if source.in_archive and not os.path.exists(source.copy_path):  # noqa: PTH110  (bytes)
        if source.member >= 0:
            copy_member(source.path, source.member, source.copy_path)
        else:
            copy_range(source.path, source.offset, source.size, source.copy_path)
    return source.local_path


@contextmanager
def opened(path: bytes) -> Iterator[tuple[BinaryIO, os.stat_result]]:
    """Opens a regular file that is not empty. The open file is checked, so that it cannot be replaced in between."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise BadFile("is not a regular file")
        if status.st_size == 0:
            raise BadFile("is empty")
        yield file, status
