"""Tables of items: partition and sort key, versions, ordered pages, conditional writes, transactions.

An item's body is opaque here: what it holds is the business of the noun modules beside this file. So engines are alike
by construction, and a stored field touches one file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its name, its sparse indexes, and whether its changes are fed to the index and the lake."""

    name: str
    indexes: tuple[str, ...] = ()
    feed: bool = False
    expires: bool = False
    recovery: bool = True
    """Whether backups may be kept: never of keys, or destroying one would not destroy it."""


class Key(NamedTuple):
    """Partition and sort key; texts, neither empty, ordered by their UTF-8 bytes."""

    partition: str
    sort: str


class Item(msgspec.Struct, frozen=True):
    """One item. `version` starts at 1. `indexes` holds (partition, sort) for each sparse index it stands in.

    `expires_at` is in seconds since 1970; readers never see an item after it, swept or not.
    """

    key: Key
    version: int
    body: bytes
    indexes: Mapping[str, Key] = {}
    expires_at: int | None = None


class Put(NamedTuple):
    """Writes a whole item if the stored version is `if_version`: 0 is "not there", None is no condition."""

    table: Table
    item: Item
    if_version: int | None


class Remove(NamedTuple):
    """Removes an item, under the same condition."""

    table: Table
    key: Key
    if_version: int | None


Write = Put | Remove


class ItemPage(NamedTuple):
    """Items in order of their sort key; `after` goes on, None at the end. A page may be short, or empty, and go on."""

    items: Sequence[Item]
    after: str | None


class IndexEntry(NamedTuple):
    """Where an item stands in an index: the sort key there, and the item's own key."""

    sort: str
    key: Key


class IndexPage(NamedTuple):
    """Entries in order; `after` goes on, None at the end."""

    entries: Sequence[IndexEntry]
    after: str | None


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of a partition, by sort key: from `start` (included) to `end` (excluded), in which direction."""

    start: str | None = None
    end: str | None = None
    descending: bool = False


MAX_BODY = 380_000
"""Bytes of a body: DynamoDB ends at 400 KB for the whole item."""
MAX_TRANSACTION = 100


class ItemStore(ABC):
    """Where items live. Reads by key are consistent; indexes may follow a moment later."""

    @abstractmethod
    async def get_many(self, table: Table, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """Items by key, any number, repeated keys allowed; absent keys are not there. Order means nothing.

        An engine's part answers are completed here; what cannot be had raises `Unavailable` or `Throttled`, never "absent".
        """

    @abstractmethod
    async def query(self, table: Table, partition: str, span: Span, *, limit: int, after: str | None = None) -> ItemPage:
        """A partition in order of the sort key, at most `limit` items."""

    @abstractmethod
    async def query_index(
        self, table: Table, index: str, partition: str, span: Span, *, limit: int, after: str | None = None
    ) -> IndexPage:
        """A partition of an index in order of its sort key, ties by the item's own sort key."""

    @abstractmethod
    async def transact(self, writes: Sequence[Write]) -> None:
        """All or nothing, at most 100 writes, each item once; raises `Conflict` when a condition does not hold."""

    @abstractmethod
    async def write_each(self, writes: Sequence[Write]) -> Sequence[bool]:
        """Each on its own, any number, each item once: in order, whether its condition held and it was written."""

    @abstractmethod
    async def sweep(self) -> int:
        """Removes what has expired, where the engine does not do so by itself; how many items."""

    @abstractmethod
    async def purge(self) -> None:
        """What was removed or replaced is in no file of the engine any more, as far as the engine keeps files of ours."""

    @abstractmethod
    async def close(self) -> None:
        """Lets go of connections and threads."""
