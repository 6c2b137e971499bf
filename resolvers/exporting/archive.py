"""A zip archive as a stream: members go in, bytes come out, nothing is held but what has not gone out yet."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from typing import Any

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every member: the same photos give the same bytes."""
_COMPRESSED = zipfile.ZIP_DEFLATED


class _ZipSink(io.RawIOBase):
    """Where `zipfile` writes: it cannot seek, so sizes stand behind their members."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        taken = bytes(self._held)
        self._held.clear()
        return taken


class Archive:
    """One archive being written."""

    def __init__(self) -> None:
        self._outlet = _ZipSink()
        self._zip = zipfile.ZipFile(self._outlet, "w", allowZip64=True)

    def member(self, name: str, data: bytes) -> bytes:
        """A small member; what comes out."""
        self._zip.writestr(_named(name, _COMPRESSED), data)
        return self._outlet.taken()

    async def stream(self, name: str, size: int, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """A large member as it is: pictures do not get smaller."""
        info = _named(name, zipfile.ZIP_STORED)
        info.file_size = size
        with self._zip.open(info, "w", force_zip64=size > zipfile.ZIP64_LIMIT // 2) as member:
            async for piece in pieces:
                member.write(piece)
                yield self._outlet.taken()
        yield self._outlet.taken()

    def end(self) -> bytes:
        """The directory."""
        self._zip.close()
        return self._outlet.taken()


def _named(name: str, method: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = method
    info.external_attr = 0o600 << 16
    return info
