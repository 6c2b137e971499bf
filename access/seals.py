"""Seals: personal values encrypted with AES-256-GCM under the owner's data key, one seal for each record and class.

To seal is to encrypt in this way. The associated data binds a seal to its table, owner, record and class, so a seal that is
copied elsewhere cannot be decrypted. Layout: version (1) | key id (8) | nonce (12) | ciphertext and tag. Nonces are random
(96 bits), so a key may make 2^32 seals at most (NIST SP 800-38D, 8.3); keys of one owner never reach that.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from access.classes import DataClass
from access.policy import Visibility

_VERSION = 1
_KEY_ID = slice(1, 9)
_NONCE = slice(9, 21)
_OVERHEAD = 21 + 16

Seals = Mapping[str, bytes]
"""The seals of a record by class group."""


class SealError(Exception):
    """A seal that cannot be decrypted: it was altered or moved, or its key was deleted."""


@dataclass(frozen=True)
class DataKey:
    """One version of an owner's data key. `repr` hides the secret."""

    id: bytes
    secret: bytes

    def __repr__(self) -> str:
        return "<DataKey>"

    @cached_property
    def cipher(self) -> AESGCM:
        """The cipher, cached because the key schedule costs more than decrypting a short value."""
        return AESGCM(self.secret)


@dataclass(frozen=True, slots=True)
class OwnerKeys:
    """All versions of an owner's data key; the current one seals."""

    owner: str
    current: DataKey
    by_id: Mapping[bytes, DataKey]

    @property
    def newest(self) -> DataKey:
        """The key that was added last; it may not be the current one yet."""
        return next(reversed(list(self.by_id.values())))


@dataclass(frozen=True, slots=True)
class Binding:
    """The record that a seal is bound to."""

    table: str
    owner: str
    record: str

    def associated_data(self, group: str) -> bytes:
        """Encodes every part with its length, so that different bindings give different bytes."""
        return _head(self.table, self.owner) + _part(self.record.encode()) + _tail(group)


def _part(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


@lru_cache(maxsize=1_024)
def _head(table: str, owner: str) -> bytes:
    """Encodes the parts that all seals of one owner and table share."""
    return b"".join(_part(p) for p in (b"photos-data-gateway", bytes([_VERSION]), table.encode(), owner.encode()))


@lru_cache(maxsize=64)
def _tail(group: str) -> bytes:
    return _part(group.encode())


def seal(keys: OwnerKeys, binding: Binding, group: str, plain: bytes) -> bytes:
    """Encrypts bytes for one owner, record and class group."""
    nonce = os.urandom(12)
    key = keys.current
    sealed = key.cipher.encrypt(nonce, plain, binding.associated_data(group))
    return bytes([_VERSION]) + key.id + nonce + sealed


def key_id_of(sealed: bytes) -> bytes:
    """Returns the id of the key that encrypted a seal."""
    return sealed[_KEY_ID]


def unseal(keys: OwnerKeys, binding: Binding, group: str, sealed: bytes) -> bytes:
    """Decrypts a seal; raises `SealError` if it was altered or moved, or if its key is unknown."""
    if len(sealed) < _OVERHEAD or sealed[0] != _VERSION:
        raise SealError(f"{binding.table} {group}: the value is not a seal of version {_VERSION}")
    key = keys.by_id.get(sealed[_KEY_ID])
    if key is None:
        raise SealError(f"{binding.table} {group}: the key of the seal does not exist")
    try:
        return key.cipher.decrypt(sealed[_NONCE], sealed[21:], binding.associated_data(group))
    except InvalidTag as e:
        raise SealError(f"{binding.table} {group}: the seal was altered or moved") from e


def open_for(
    visibility: Visibility, data_class: DataClass, keys: OwnerKeys, binding: Binding, sealed: Mapping[str, bytes]
) -> bytes | None:
    """Decrypts a class group; None if it is absent or if the viewer may not read the class. All reads pass this check."""
    if not visibility.may(data_class):
        return None
    value = sealed.get(data_class.value)
    return None if value is None else unseal(keys, binding, data_class.value, value)
