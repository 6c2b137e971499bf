"""The port of the tables: items by partition and sort key, versions, ordered pages, conditional writes, transactions.

The body of an item is opaque to engines; the modules of the record types encode and decode it. So a stored field concerns
one module and no engine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from datasources.stored_data import Backup, Erasure, Export, NoCustomerData, StoredData


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its name, its sparse indexes, and whether its changes are written to the change feed.

    `stored` declares how customers' data in it are erased, exported, backed up and tested. It has no default.
    """

    name: str
    indexes: tuple[str, ...] = ()
    feed: bool = False
    expires: bool = False
    stored: StoredData | NoCustomerData = field(kw_only=True)

    @property
    def recovery(self) -> bool:
        """Whether backups are allowed. A backup of keys would keep a destroyed key alive."""
        return isinstance(self.stored, NoCustomerData) or self.stored.backed_up is not Backup.NEVER

    @property
    def erased(self) -> Erasure:
        """How a customer is erased from it."""
        return Erasure(self.stored.reason) if isinstance(self.stored, NoCustomerData) else self.stored.erased

    @property
    def exported(self) -> Export:
        """Where an export holds its data."""
        return Export(text=self.stored.reason) if isinstance(self.stored, NoCustomerData) else self.stored.exported


class Key(NamedTuple):
    """Partition and sort key: non-empty texts, ordered by their UTF-8 bytes."""

    partition: str
    sort: str


class Item(msgspec.Struct, frozen=True):
    """An item. `version` starts at 1. `indexes` holds partition and sort key for each sparse index that contains it.

    `expires_at` is in seconds since 1970. Reads do not return an expired item, even if it is not removed yet.
    """

    key: Key
    version: int
    body: bytes
    indexes: Mapping[str, Key] = {}
    expires_at: int | None = None


class Put(NamedTuple):
    """Writes an item if the stored version is `if_version`: 0 means that there is no item, None means no condition."""

    table: Table
    item: Item
    if_version: int | None


class Remove(NamedTuple):
    """Removes an item on the same condition."""

    table: Table
    key: Key
    if_version: int | None


Write = Put | Remove


class ItemPage(NamedTuple):
    """Items in order of their sort key. `after` continues, None at the end. A page may be short or empty before the end."""

    items: Sequence[Item]
    after: str | None


class ScanPage(NamedTuple):
    """Some items of a table; `after` is the key to continue from, None at the end."""

    items: Sequence[Item]
    after: Key | None


class IndexEntry(NamedTuple):
    """An entry of an index: the sort key in the index, and the key of the item."""

    sort: str
    key: Key


class IndexPage(NamedTuple):
    """Entries in order. `after` continues, None at the end."""

    entries: Sequence[IndexEntry]
    after: str | None


@dataclass(frozen=True, slots=True)
class Span:
    """A range of sort keys, from `start` (inclusive) to `end` (exclusive), and its direction."""

    start: str | None = None
    end: str | None = None
    descending: bool = False


MAX_BODY = 380_000
"""Maximum bytes of a body. DynamoDB allows 400 KB for the whole item."""
MAX_TRANSACTION = 100


class ItemStore(ABC):
    """A store of items. Reads by key are consistent; indexes are eventually consistent."""

    @abstractmethod
    async def get_many(self, table: Table, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """Items by key, in no order. Any number of keys, also repeated ones; missing items are absent from the result.

        Partial responses of an engine are completed. Raises `Unavailable` or `Throttled` rather than returning less.
        """

    @abstractmethod
    async def query(self, table: Table, partition: str, span: Span, *, limit: int, after: str | None = None) -> ItemPage:
        """A page of a partition in order of the sort key, at most `limit` items."""

    @abstractmethod
    async def query_index(
        self, table: Table, index: str, partition: str, span: Span, *, limit: int, after: str | None = None
    ) -> IndexPage:
        """A page of a partition of an index in order of its sort key, then of the sort key of the item."""

    @abstractmethod
    async def scan(self, table: Table, *, limit: int, after: Key | None = None) -> ScanPage:
        """Every item of a table in an order of the engine's own, also expired ones: for upgrades of all records."""

    @abstractmethod
    async def transact(self, writes: Sequence[Write]) -> None:
        """Executes all writes or none, at most 100, each item once; raises `Conflict` when a condition does not hold."""

    @abstractmethod
    async def write_each(self, writes: Sequence[Write]) -> Sequence[bool]:
        """Executes each write separately, any number, each item once. Returns in order whether it was written."""

    @abstractmethod
    async def sweep(self) -> int:
        """Removes expired items if the engine does not do so itself, and returns their number."""

    @abstractmethod
    async def purge(self) -> None:
        """Rewrites the local files of the engine, so that they no longer contain removed or replaced data."""

    @abstractmethod
    async def close(self) -> None:
        """Closes connections and threads."""
