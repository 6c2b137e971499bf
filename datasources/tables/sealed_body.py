"""Bodies of items: what cannot be read is `Corrupt`, whatever the reader called it; the one way to open a seal; whose keys."""

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
    """Where the data keys of owners come from."""

    async def keys_of(self, owners: Iterable[str]) -> Mapping[str, OwnerKeys]:
        """The keys of these owners; absent: erased, or unknown."""

    async def ensure(self, owner: str) -> OwnerKeys:
        """The keys of an owner, made if there are none."""


def read_body(decoder: msgspec.msgpack.Decoder[R], item: Item, table: Table) -> R:
    """The record in an item; raises `Corrupt`."""
    try:
        return decoder.decode(item.body)
    except (msgspec.MsgspecError, ValueError) as e:  # ValueError: msgspec lets UnicodeDecodeError through
        raise Corrupt(table.name, "a record cannot be read") from e


def open_group(sight: Visibility, data_class: DataClass, keys: OwnerKeys, binding: Binding, sealed: Seals) -> bytes | None:
    """The gate of `access.seals`; a seal that does not open is `Corrupt`."""
    try:
        return open_for(sight, data_class, keys, binding, sealed)
    except SealError as e:
        raise Corrupt(binding.table, str(e)) from e


def open_sealed(group: str, keys: OwnerKeys, binding: Binding, sealed: bytes) -> bytes:
    """A seal of a group that is no class of its own, for whoever has asked the sight; `Corrupt` when it does not open."""
    try:
        return unseal(keys, binding, group, sealed)
    except SealError as e:
        raise Corrupt(binding.table, str(e)) from e
