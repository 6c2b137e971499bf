"""Decodes bodies of items and opens their seals; raises `Corrupt` for what cannot be decoded or decrypted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

import msgspec

from access.classes import DataClass
from access.policy import Visibility
from access.seals import Binding, OwnerKeys, SealError, Seals, open_for, unseal
from datasources.errors import Corrupt
from datasources.tables.store import Item, Table

R = TypeVar("R")


class Keys(Protocol):
    """The source of the data keys of owners."""

    async def keys_of(self, owners: Iterable[str]) -> Mapping[str, OwnerKeys]:
        """The keys of these owners. Erased and unknown owners are absent."""

    async def ensure(self, owner: str) -> OwnerKeys:
        """The keys of an owner, created if there are none."""


def read_body(decoder: msgspec.msgpack.Decoder[R], item: Item, table: Table) -> R:
    """Decodes the record of an item; raises `Corrupt`."""
    try:
        return decoder.decode(item.body)
    except (msgspec.MsgspecError, ValueError) as e:  # ValueError: msgspec lets UnicodeDecodeError through
        raise Corrupt(table.name, "a record cannot be read") from e


def open_group(visibility: Visibility, data_class: DataClass, keys: OwnerKeys, binding: Binding, sealed: Seals) -> bytes | None:
    """`access.seals.open_for`; raises `Corrupt` for a seal that cannot be decrypted."""
    try:
        return open_for(visibility, data_class, keys, binding, sealed)
    except SealError as e:
        raise Corrupt(binding.table, str(e)) from e


def open_sealed(group: str, keys: OwnerKeys, binding: Binding, sealed: bytes) -> bytes:
    """Opens a group that is not a class. The caller has checked the visibility. Raises `Corrupt`."""
    try:
        return unseal(keys, binding, group, sealed)
    except SealError as e:
        raise Corrupt(binding.table, str(e)) from e
