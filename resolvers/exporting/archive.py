"""Writes a zip archive as a stream, without holding it in memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from typing import Any

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every member, so that the same photos give the same bytes."""
_COMPRESSED = zipfile.ZIP_DEFLATED


class _ZipSink(io.RawIOBase):
    """A write-only buffer for `zipfile`. It cannot seek, so sizes are written after each member."""

    def __init__(self) -> None:
        super().__init__()
        self._buffer = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._buffer += data
        return len(data)

    def drain(self) -> bytes:
        data = bytes(self._buffer)
        self._buffer.clear()
        return data


class Archive:
    """A zip archive; each method returns the bytes to send."""

    def __init__(self) -> None:
        self._sink = _ZipSink()
        self._zip = zipfile.ZipFile(self._sink, "w", allowZip64=True)

    def member(self, name: str, data: bytes) -> bytes:
        """Adds a small member, compressed."""
        self._zip.writestr(_zip_info(name, _COMPRESSED), data)
        return self._sink.drain()

    async def stream(self, name: str, size: int, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Adds a large member in pieces, uncompressed because media files do not compress."""
        info = _zip_info(name, zipfile.ZIP_STORED)
        info.file_size = size
        with self._zip.open(info, "w", force_zip64=size > zipfile.ZIP64_LIMIT // 2) as member:
            async for piece in pieces:
                member.write(piece)
                yield self._sink.drain()
        yield self._sink.drain()

    def end(self) -> bytes:
        """Ends the archive with its central directory."""
        self._zip.close()
        return self._sink.drain()


def _zip_info(name: str, method: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = method
    info.external_attr = 0o600 << 16
    return info
