"""Sealing of personal values: AES-256-GCM under the owner's data key, one seal for each record and class group.

Associated data binds a seal to its table, owner, record and group: moved elsewhere it does not open.
Layout: version (1) | key id (8) | nonce (12) | ciphertext and tag. Nonces are random, 96 bits: at most 2^32 seals a key
(NIST SP 800-38D, 8.3), which per-owner keys never reach.
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
    """A seal that cannot be opened: altered, moved, replayed, or its key is gone."""


@dataclass(frozen=True)
class DataKey:
    """One version of an owner's data key. Its text shows nothing."""

    id: bytes
    secret: bytes

    def __repr__(self) -> str:
        return "<DataKey>"

    @cached_property
    def cipher(self) -> AESGCM:
        """Made once: the key schedule costs more than opening a short value."""
        return AESGCM(self.secret)


@dataclass(frozen=True, slots=True)
class OwnerKeys:
    """All versions of an owner's data key; the current one seals."""

    owner: str
    current: DataKey
    by_id: Mapping[bytes, DataKey]

    @property
    def newest(self) -> DataKey:
        """The one that was added last; it may not seal yet."""
        return next(reversed(list(self.by_id.values())))


@dataclass(frozen=True, slots=True)
class Binding:
    """What a seal is bound to."""

    table: str
    owner: str
    record: str

    def associated_data(self, group: str) -> bytes:
        """Every part with its length before it, so that no two bindings give the same bytes."""
        return _head(self.table, self.owner) + _part(self.record.encode()) + _tail(group)


def _part(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


@lru_cache(maxsize=1_024)
def _head(table: str, owner: str) -> bytes:
    """The same for every seal of a page."""
    return b"".join(_part(p) for p in (b"photos-data-gateway", bytes([_VERSION]), table.encode(), owner.encode()))


@lru_cache(maxsize=64)
def _tail(group: str) -> bytes:
    return _part(group.encode())


def seal(keys: OwnerKeys, binding: Binding, group: str, plain: bytes) -> bytes:
    """Seals bytes for one owner, record and group."""
    nonce = os.urandom(12)
    key = keys.current
    sealed = key.cipher.encrypt(nonce, plain, binding.associated_data(group))
    return bytes([_VERSION]) + key.id + nonce + sealed


def key_id_of(sealed: bytes) -> bytes:
    """By the id of which key a seal was made."""
    return sealed[_KEY_ID]


def unseal(keys: OwnerKeys, binding: Binding, group: str, sealed: bytes) -> bytes:
    """Opens a seal; raises `SealError` when it was altered, moved, or its key is unknown."""
    if len(sealed) < _OVERHEAD or sealed[0] != _VERSION:
        raise SealError(f"{binding.table} {group}: not a seal of this version")
    key = keys.by_id.get(sealed[_KEY_ID])
    if key is None:
        raise SealError(f"{binding.table} {group}: the key is gone")
    try:
        return key.cipher.decrypt(sealed[_NONCE], sealed[21:], binding.associated_data(group))
    except InvalidTag as e:
        raise SealError(f"{binding.table} {group}: altered or moved") from e


def open_for(
    sight: Visibility, data_class: DataClass, keys: OwnerKeys, binding: Binding, sealed: Mapping[str, bytes]
) -> bytes | None:
    """The gate: the plain bytes of a class group, or None when there are none or this viewer may not see the class."""
    if not sight.may(data_class):
        return None
    value = sealed.get(data_class.value)
    return None if value is None else unseal(keys, binding, data_class.value, value)
