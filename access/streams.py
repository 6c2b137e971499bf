"""Encryption of files: AES-256-GCM in chunks, so that a range can be decrypted without the rest.

Layout: version (1) | key id (8) | salt (16) | chunks of 64 KiB, each with its tag (16). Each file has its own key, derived
from the owner's data key and the salt, so the number of a chunk is its nonce (the STREAM construction: Hoang, Reyhanitabar,
Rogaway, Vizar, CRYPTO 2015). The nonce of the last chunk is marked, so a file that was truncated, reordered, altered or moved
to another owner or name cannot be decrypted. Deleting the owner's key makes all copies of the file unreadable.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from access.seals import Binding, OwnerKeys, SealError

CHUNK_BYTES = 1 << 16
_TAG = 16
_SEALED_CHUNK = CHUNK_BYTES + _TAG
_VERSION = 1
_KEY_ID = slice(1, 9)
_SALT = slice(9, 25)
HEADER = 25
_GROUP = "FILE"


def plain_size(sealed_size: int) -> int:
    """Returns the plain size of a sealed file of this size; raises `SealError` if no file has that size."""
    body = sealed_size - HEADER
    chunks = -(-body // _SEALED_CHUNK)
    size = body - chunks * _TAG
    if size < 0 or chunks != chunk_count(size):
        raise SealError("a sealed file was truncated")
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
            raise SealError("a sealed file was altered, moved or truncated") from e


def _nonce(number: int, *, last: bool) -> bytes:
    return bytes([last]) + number.to_bytes(11, "big")


async def seal_stream(keys: OwnerKeys, binding: Binding, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Encrypts a stream; its chunks may have any size."""
    salt = os.urandom(16)
    cipher = _Cipher(keys.current.secret, salt, binding)
    yield bytes([_VERSION]) + keys.current.id + salt
    waiting, number = bytearray(), 0
    async for chunk in chunks:
        waiting += chunk
        # A chunk is known not to be the last only when at least one more byte has arrived.
        full = (len(waiting) - 1) // CHUNK_BYTES
        if full > 0:
            sealed = [
                cipher.seal(number + i, bytes(waiting[i * CHUNK_BYTES : (i + 1) * CHUNK_BYTES]), last=False) for i in range(full)
            ]
            del waiting[: full * CHUNK_BYTES]
            number += full
            yield b"".join(sealed)
    yield cipher.seal(number, bytes(waiting), last=True)


@dataclass(frozen=True, slots=True)
class SealedRange:
    """The bytes `start` to `end` of a sealed file that contain a range of the plain file, and the offset of the range in them."""

    start: int
    end: int
    first: int
    skip: int
    length: int

    @classmethod
    def of(cls, size: int, start: int, end: int) -> SealedRange:
        """Returns the sealed range of the plain bytes from `start` to `end` of a file of `size` plain bytes."""
        end = min(end, size)
        first, behind = start // CHUNK_BYTES, max(-(-end // CHUNK_BYTES), start // CHUNK_BYTES + 1)
        at, until = HEADER + first * _SEALED_CHUNK, HEADER + min(behind * _SEALED_CHUNK, size + _TAG * chunk_count(size))
        return cls(at, until, first, start - first * CHUNK_BYTES, max(end - start, 0))


def chunk_count(size: int) -> int:
    """Returns the number of chunks of a file of `size` plain bytes; an empty file has one."""
    return max(-(-size // CHUNK_BYTES), 1)


class StreamDecryptor:
    """Decrypts a range of one sealed file as its bytes arrive, in order. Returns authenticated bytes only; raises `SealError`."""

    def __init__(self, keys: OwnerKeys, binding: Binding, header: bytes, size: int, part: SealedRange) -> None:
        key = keys.by_id.get(header[_KEY_ID]) if len(header) == HEADER and header[0] == _VERSION else None
        if key is None:
            raise SealError("a sealed file has an unknown version, or its key does not exist")
        self._cipher = _Cipher(key.secret, header[_SALT], binding)
        self._last = chunk_count(size) - 1
        self._part = part
        self._number = part.first
        self._skip = part.skip
        self._remaining = part.length
        self._waiting = bytearray()

    def feed(self, sealed: bytes) -> Iterator[bytes]:
        """Yields the plain bytes that can be decrypted now."""
        self._waiting += sealed
        while len(self._waiting) >= _SEALED_CHUNK:
            yield from self._one(bytes(self._waiting[:_SEALED_CHUNK]))
            del self._waiting[:_SEALED_CHUNK]

    def finish(self) -> Iterator[bytes]:
        """Yields the last bytes; raises `SealError` if bytes are missing."""
        if self._waiting:
            yield from self._one(bytes(self._waiting))
            self._waiting.clear()
        if self._remaining:
            raise SealError("a sealed file was truncated")

    def _one(self, sealed: bytes) -> Iterator[bytes]:
        plain = self._cipher.open(self._number, sealed, last=self._number == self._last)
        self._number += 1
        requested = plain[self._skip : self._skip + self._remaining]
        self._skip = 0
        self._remaining -= len(requested)
        if requested:
            yield requested
