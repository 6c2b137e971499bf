"""Lines out of a body that comes in pieces, compressed or not: never more in memory than a piece and a line."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Final

MOST_LINE: Final = 1 << 20
_OUT: Final = 1 << 18
_GZIP: Final = 31
_FREE: Final = 16 << 20
_RATIO: Final = 200
"""How much longer than its compressed form a text of records may be, beyond the first megabytes."""
TOO_LONG: Final = None


class BadStream(Exception):
    """A body that is not what it says it is; `reason` is for `extensions.reason`."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason


async def inflated(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The plain bytes of a gzip stream, a bounded piece at a time; raises `BadStream` where it is broken or a bomb."""
    inflate, came, went, within = zlib.decompressobj(_GZIP), 0, 0, False
    async for piece in pieces:
        came += len(piece)
        waiting = piece
        while waiting:
            within = True
            try:
                plain = inflate.decompress(waiting, _OUT)
            except zlib.error as e:
                raise BadStream("the body is not gzip", "CONTENT_ENCODING") from e
            went += len(plain)
            if went > _FREE + came * _RATIO:
                raise BadStream("the body grows too much when it is unpacked", "RATIO")
            yield plain
            waiting = inflate.unconsumed_tail
            if inflate.eof:
                # Several members make one stream (RFC 1952, 2.2).
                waiting, within = inflate.unused_data, False
                inflate = zlib.decompressobj(_GZIP)
    while within and (plain := inflate.decompress(b"", _OUT)):
        within = not inflate.eof
        yield plain
    if within:
        raise BadStream("the body ends within its gzip stream", "CUT")


class NdjsonDecoder:
    """Pieces go in, whole lines come out."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._skipping = False

    def feed(self, piece: bytes) -> Iterator[bytes | None]:
        """Lines that end in this piece; None for one that was too long, whose rest is passed over."""
        at = 0
        while (end := piece.find(b"\n", at)) >= 0:
            yield from self._ended(piece[at:end])
            at = end + 1
        if not self._skipping:
            self._held += piece[at:]
            if len(self._held) > MOST_LINE:
                self._held.clear()
                self._skipping = True

    def rest(self) -> Iterator[bytes | None]:
        """The last line, where no line feed ends it."""
        if self._held or self._skipping:
            yield from self._ended(b"")

    def _ended(self, tail: bytes) -> Iterator[bytes | None]:
        if self._skipping or len(self._held) + len(tail) > MOST_LINE:
            yield TOO_LONG
        else:
            yield bytes(self._held) + tail if self._held else tail
        self._held.clear()
        self._skipping = False
