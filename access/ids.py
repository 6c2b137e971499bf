"""Ids and cursors: opaque, deterministic, unforgeable strings (AES-SIV, RFC 5297). They grant no permission.

An id encrypts type, owner and local id; it never changes. A cursor encrypts the end of a page and is bound to its viewer,
query and policy. Local ids are keyed hashes, so that a repeated import finds the same photo.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

_VERSION = b"\x01"
_CACHED = 50_000
_MAX_TEXT = 1_024
_HASH = 16


class InvalidId(ValueError):
    """A string that is not an id or cursor of this installation."""


class GlobalId(NamedTuple):
    """The decoded parts of an id. `owner` is empty for public objects."""

    type: str
    owner: str
    local: str


class Ids:
    """Encodes and decodes global ids, and derives local ids. The secret of an installation never changes."""

    def __init__(self, secret: bytes) -> None:
        self._siv = AESSIV(_derive(secret, "id", 64))
        self._local = _derive(secret, "local", 32)
        self.encode = lru_cache(maxsize=_CACHED)(self._encode)

    def _encode(self, type_name: str, owner: str, local: str) -> str:
        """Returns the global id of a customer's object."""
        plain = type_name.encode() + b":" + _pack(owner) + _pack(local)
        return _text(_VERSION + self._siv.encrypt(plain, [b"id"]))

    def decode(self, text: str) -> GlobalId:
        """Decodes an id, public ids too; raises `InvalidId`."""
        public = _public(text)
        if public is not None:
            return public
        plain = _decrypted(self._siv, text, [b"id"])
        head, _, rest = plain.partition(b":")
        owner, rest = _unpack(rest)
        return GlobalId(head.decode(), owner, _unpack(rest)[0])

    def local_id(self, *parts: str) -> str:
        """Returns a keyed hash of the parts, 32 hexadecimal characters: photos by owner and source, customers by external id."""
        digest = hashlib.blake2b(key=self._local, digest_size=16)
        for part in parts:
            data = part.encode()
            digest.update(len(data).to_bytes(4, "big") + data)
        return digest.hexdigest()


class Cursors:
    """Encodes and decodes cursors with associated data that the caller gives."""

    def __init__(self, secret: bytes) -> None:
        self._siv = AESSIV(_derive(secret, "cursor", 64))

    def encode(self, plain: bytes, bound_to: Sequence[bytes]) -> str:
        """Encrypts `plain`; decoding needs the same `bound_to`."""
        return _text(_VERSION + self._siv.encrypt(plain, [b"cursor", *bound_to]))

    def decode(self, text: str, bound_to: Sequence[bytes]) -> bytes:
        """Decrypts a cursor; raises `InvalidId` if it was altered or is bound to other data."""
        return _decrypted(self._siv, text, [b"cursor", *bound_to])


def public_id(type_name: str, code: str) -> str:
    """Returns the id of a public object, which clients can compute: `Place:IT.16` or `Label:beach` in base64url."""
    return _text(f"{type_name}:{code}".encode())


_PUBLIC_TYPES = ("Place", "Label")


def _public(text: str) -> GlobalId | None:
    data = _bytes(text)
    head, colon, code = data.partition(b":")
    if not colon or not code:
        return None
    type_name = head.decode("ascii", "replace")
    if type_name not in _PUBLIC_TYPES:
        return None
    try:
        return GlobalId(type_name, "", code.decode())
    except UnicodeDecodeError as e:
        raise InvalidId from e


def _decrypted(siv: AESSIV, text: str, associated: list[bytes]) -> bytes:
    """Decrypts an id or a cursor. AES-SIV authenticates every byte but the first, the version, which is compared here."""
    data = _bytes(text)
    if data[:1] != _VERSION:
        raise InvalidId
    try:
        return siv.decrypt(data[1:], associated)
    except (InvalidTag, ValueError) as e:
        raise InvalidId from e


def _derive(secret: bytes, use: str, size: int) -> bytes:
    return hashlib.blake2b(key=secret, person=use.encode(), digest_size=size).digest()


def _pack(local: str) -> bytes:
    """Encodes a string with its length; a hexadecimal local id as 0 and its 16 bytes, half of its length."""
    if len(local) == 2 * _HASH and all(c in "0123456789abcdef" for c in local):
        return b"\0" + bytes.fromhex(local)
    data = local.encode()
    return bytes([len(data) + 1]) + data


def _unpack(data: bytes) -> tuple[str, bytes]:
    size = data[0]
    if size == 0:
        return data[1 : 1 + _HASH].hex(), data[1 + _HASH :]
    return data[1:size].decode(), data[size:]


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    if not text or len(text) > _MAX_TEXT or not text.isascii():
        raise InvalidId
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (Base64Error, ValueError) as e:
        raise InvalidId from e
    if _text(data) != text:
        raise InvalidId
    return data
