"""Ids and cursors: opaque, deterministic, unforgeable texts (AES-SIV, RFC 5297). They are names, never permissions.

An id hides type, owner and local id; the same thing has the same id for ever. A cursor hides where a page ended, and is
bound to its viewer, question and policy. Local ids are keyed hashes, so that importing again finds the same photo.
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


class BadId(ValueError):
    """Not an id or cursor that we made."""


class GlobalId(NamedTuple):
    """What an id stands for. `owner` is empty for public things."""

    type: str
    owner: str
    local: str


class Ids:
    """Makes and reads global ids, and the keyed local ids beneath them. One secret for an installation, for ever."""

    def __init__(self, secret: bytes) -> None:
        self._siv = AESSIV(_derive(secret, "id", 64))
        self._local = _derive(secret, "local", 32)
        self.encode = lru_cache(maxsize=_CACHED)(self._encode)

    def _encode(self, type_name: str, owner: str, local: str) -> str:
        """The global id of a customer's thing."""
        plain = type_name.encode() + b":" + _pack(owner) + _pack(local)
        return _text(_VERSION + self._siv.encrypt(plain, [b"id"]))

    def decode(self, text: str) -> GlobalId:
        """What an id stands for, public ones too; raises `BadId`."""
        public = _public(text)
        if public is not None:
            return public
        data = _bytes(text)
        try:
            plain = self._siv.decrypt(data[1:], [b"id"])
        except (InvalidTag, ValueError) as e:
            raise BadId from e
        head, _, rest = plain.partition(b":")
        owner, rest = _unpack(rest)
        return GlobalId(head.decode(), owner, _unpack(rest)[0])

    def local_id(self, *parts: str) -> str:
        """A keyed hash of parts, 32 hexadecimal characters: photos by owner and source, customers by external id."""
        digest = hashlib.blake2b(key=self._local, digest_size=16)
        for part in parts:
            data = part.encode()
            digest.update(len(data).to_bytes(4, "big") + data)
        return digest.hexdigest()


class Cursors:
    """Makes and reads cursors, bound to whatever the caller names."""

    def __init__(self, secret: bytes) -> None:
        self._siv = AESSIV(_derive(secret, "cursor", 64))

    def encode(self, plain: bytes, bound_to: Sequence[bytes]) -> str:
        """Hides `plain`; it can be read again only when bound to the same."""
        return _text(_VERSION + self._siv.encrypt(plain, [b"cursor", *bound_to]))

    def decode(self, text: str, bound_to: Sequence[bytes]) -> bytes:
        """Reads a cursor; raises `BadId` when it was altered or is bound to something else."""
        data = _bytes(text)
        try:
            return self._siv.decrypt(data[1:], [b"cursor", *bound_to])
        except (InvalidTag, ValueError) as e:
            raise BadId from e


def public_id(type_name: str, code: str) -> str:
    """The computable id of a public thing, `Place:IT.16` or `Label:beach` in base64url."""
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
        raise BadId from e


def _derive(secret: bytes, use: str, size: int) -> bytes:
    return hashlib.blake2b(key=secret, person=use.encode(), digest_size=size).digest()


def _pack(local: str) -> bytes:
    """A length, or 0 and the 16 bytes of a hexadecimal local id, which are half of its text."""
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
        raise BadId
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (Base64Error, ValueError) as e:
        raise BadId from e
    if _text(data) != text:
        raise BadId
    return data
