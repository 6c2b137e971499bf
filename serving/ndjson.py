"""Splits a streamed body, which may be compressed, into lines. At most one piece and one line are in memory."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Final

MAX_LINE_BYTES: Final = 1 << 20
_PIECE_BYTES: Final = 1 << 18
_GZIP_WBITS: Final = 31
_RATIO_FREE_BYTES: Final = 16 << 20
_MAX_RATIO: Final = 200
"""The maximum ratio of decompressed to compressed bytes, after the first 16 MiB."""
_MEMBERS_FREE: Final = 1_000
_MIN_MEMBER_BYTES: Final = 1_024
"""The minimum mean size of the decompressed members of a stream, after the first thousand: an empty one costs time too."""
TOO_LONG: Final = None


class BadStream(Exception):
    """The body does not match its encoding; `reason` is the value of `extensions.reason`."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason


async def inflated(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The decompressed bytes in bounded pieces; raises `BadStream` for a damaged stream or a decompression bomb."""
    inflate, received, produced, in_member = zlib.decompressobj(_GZIP_WBITS), 0, 0, False
    members = 0
    async for piece in pieces:
        received += len(piece)
        waiting = piece
        while waiting:
            in_member = True
            try:
                plain = inflate.decompress(waiting, _PIECE_BYTES)
            except zlib.error as e:
                raise BadStream("the body is not a valid gzip stream", "CONTENT_ENCODING") from e
            produced += len(plain)
            if produced > _RATIO_FREE_BYTES + received * _MAX_RATIO:
                raise BadStream("the decompressed body is too large for its compressed size", "RATIO")
            yield plain
            waiting = inflate.unconsumed_tail
            if inflate.eof:
                # Several members make one stream (RFC 1952, 2.2).
                waiting, in_member = inflate.unused_data, False
                members += 1
                if members > _MEMBERS_FREE + produced // _MIN_MEMBER_BYTES:
                    raise BadStream("the body has too many gzip members for its size", "RATIO")
                inflate = zlib.decompressobj(_GZIP_WBITS)
    while in_member and (plain := inflate.decompress(b"", _PIECE_BYTES)):
        in_member = not inflate.eof
        yield plain
    if in_member:
        raise BadStream("the body ends before the end of its gzip stream: send it again", "CUT")


class NdjsonDecoder:
    """Splits a stream of pieces into lines."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skipping = False

    def feed(self, piece: bytes) -> Iterator[bytes | None]:
        """Yields the lines that end in this piece, and None for a line that is too long."""
        at = 0
        while (end := piece.find(b"\n", at)) >= 0:
            yield from self._line(piece[at:end])
            at = end + 1
        if not self._skipping:
            self._buffer += piece[at:]
            if len(self._buffer) > MAX_LINE_BYTES:
                self._buffer.clear()
                self._skipping = True

    def rest(self) -> Iterator[bytes | None]:
        """Yields the last line if no line feed ends it."""
        if self._buffer or self._skipping:
            yield from self._line(b"")

    def _line(self, tail: bytes) -> Iterator[bytes | None]:
        if self._skipping or len(self._buffer) + len(tail) > MAX_LINE_BYTES:
            yield TOO_LONG
        else:
            yield bytes(self._buffer) + tail if self._buffer else tail
        self._buffer.clear()
        self._skipping = False
