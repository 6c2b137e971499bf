"""Where a worker finds the bytes of a file: at a path, or in an archive, from where it copies them to a path that it is told."""

from __future__ import annotations

import os

import msgspec

from ingest.formats.archives import copy_member, copy_range


class Source(msgspec.Struct, frozen=True):
    """`member` is a number in a zip, `at` and `size` a range of a tar; with neither, `path` is the file itself."""

    path: bytes
    member: int = -1
    at: int = -1
    size: int = 0
    to: bytes = b""

    @property
    def packed(self) -> bool:
        """Whether it must be copied out first."""
        return self.member >= 0 or self.at >= 0

    @property
    def local(self) -> bytes:
        """Where it lies, or will."""
        return self.to if self.packed else self.path


def fetch(source: Source) -> bytes:
    """The path of the file, copied out if it is not there yet. Raises BadFile."""
    if source.packed and not os.path.exists(source.to):  # noqa: PTH110  (bytes)
        if source.member >= 0:
            copy_member(source.path, source.member, source.to)
        else:
            copy_range(source.path, source.at, source.size, source.to)
    return source.local
