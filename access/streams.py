"""Sealing of whole files: AES-256-GCM in pieces, so that any part can be opened without the rest.

Layout: version (1) | key id (8) | salt (16) | pieces of 64 KiB, each with its tag (16). Each file has a key of its own,
derived from the owner's data key and the salt, so the number of a piece serves as its nonce (the STREAM construction: Hoang,
Reyhanitabar, Rogaway, Vizar, CRYPTO 2015). The last piece is marked: a file that was cut off, reordered, moved to another
owner or name, or altered does not open. With the owner's key goes the file, wherever copies of it lie.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from access.seals import Binding, OwnerKeys, SealError

PIECE = 1 << 16
_TAG = 16
_SEALED_PIECE = PIECE + _TAG
_VERSION = 1
_KEY_ID = slice(1, 9)
_SALT = slice(9, 25)
HEADER = 25
_GROUP = "FILE"


def plain_size(sealed_size: int) -> int:
    """How many bytes a sealed file of this size holds; raises `SealError` for a size that none has."""
    body = sealed_size - HEADER
    pieces = -(-body // _SEALED_PIECE)
    size = body - pieces * _TAG
    if size < 0 or pieces != pieces_of(size):
        raise SealError("a sealed file was cut off")
    return size


class _Cipher:
    def __init__(self, secret: bytes, salt: bytes, binding: Binding) -> None:
        key = hashlib.blake2b(salt, key=secret, person=b"file", digest_size=32).digest()
        self._gcm = AESGCM(key)
        self._bound = binding.associated_data(_GROUP)

    def seal(self, number: int, plain: bytes, *, last: bool) -> bytes:
        return self._gcm.encrypt(_nonce(number, last=last), plain, self._bound)

    def open(self, number: int, sealed: bytes, *, last: bool) -> bytes:
        try:
            return self._gcm.decrypt(_nonce(number, last=last), sealed, self._bound)
        except InvalidTag as e:
            raise SealError("a sealed file was altered, moved or cut off") from e


def _nonce(number: int, *, last: bool) -> bytes:
    return bytes([last]) + number.to_bytes(11, "big")


async def seal_stream(keys: OwnerKeys, binding: Binding, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Seals a file as it comes, in pieces of any size."""
    salt = os.urandom(16)
    cipher = _Cipher(keys.current.secret, salt, binding)
    yield bytes([_VERSION]) + keys.current.id + salt
    waiting, number = bytearray(), 0
    async for chunk in chunks:
        waiting += chunk
        # One byte more than a piece must be there before it is sure not to be the last.
        whole = (len(waiting) - 1) // PIECE
        if whole > 0:
            sealed = [cipher.seal(number + i, bytes(waiting[i * PIECE : (i + 1) * PIECE]), last=False) for i in range(whole)]
            del waiting[: whole * PIECE]
            number += whole
            yield b"".join(sealed)
    yield cipher.seal(number, bytes(waiting), last=True)


@dataclass(frozen=True, slots=True)
class Slice:
    """Which bytes of a sealed file are needed for a range of the plain one, and what to leave out of them."""

    start: int
    end: int
    first: int
    skip: int
    length: int

    @classmethod
    def of(cls, size: int, start: int, end: int) -> Slice:
        """For the plain bytes from `start` to `end` of a file of `size` plain bytes."""
        end = min(end, size)
        first, behind = start // PIECE, max(-(-end // PIECE), start // PIECE + 1)
        at, until = HEADER + first * _SEALED_PIECE, HEADER + min(behind * _SEALED_PIECE, size + _TAG * pieces_of(size))
        return cls(at, until, first, start - first * PIECE, max(end - start, 0))


def pieces_of(size: int) -> int:
    """How many pieces a file of `size` plain bytes has: an empty one has one."""
    return max(-(-size // PIECE), 1)


class StreamOpener:
    """Opens pieces of one sealed file in order, as its bytes come. Raises `SealError`, before any byte that is not true."""

    def __init__(self, keys: OwnerKeys, binding: Binding, header: bytes, size: int, part: Slice) -> None:
        key = keys.by_id.get(header[_KEY_ID]) if len(header) == HEADER and header[0] == _VERSION else None
        if key is None:
            raise SealError("a sealed file is of another version, or its key is gone")
        self._cipher = _Cipher(key.secret, header[_SALT], binding)
        self._last = pieces_of(size) - 1
        self._part = part
        self._number = part.first
        self._skip = part.skip
        self._left = part.length
        self._waiting = bytearray()

    def feed(self, sealed: bytes) -> Iterator[bytes]:
        """Plain bytes of the range, as far as they can be opened now."""
        self._waiting += sealed
        while len(self._waiting) >= _SEALED_PIECE:
            yield from self._one(bytes(self._waiting[:_SEALED_PIECE]))
            del self._waiting[:_SEALED_PIECE]

    def finish(self) -> Iterator[bytes]:
        """The rest; raises `SealError` when something is missing."""
        if self._waiting:
            yield from self._one(bytes(self._waiting))
            self._waiting.clear()
        if self._left:
            raise SealError("a sealed file was cut off")

    def _one(self, sealed: bytes) -> Iterator[bytes]:
        plain = self._cipher.open(self._number, sealed, last=self._number == self._last)
        self._number += 1
        wanted = plain[self._skip : self._skip + self._left]
        self._skip = 0
        self._left -= len(wanted)
        if wanted:
            yield wanted
