"""The change feed: what changed in the tables that are fed, in order for each item, at least once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from datasources.tables.store import Key


class Change(NamedTuple):
    """An item was written or removed; `version` is the one written. Read the item itself from its table."""

    position: str
    table: str
    key: Key
    version: int


class ChangeFeed(ABC):
    """Changes in the order they were made. A position is opaque but to the feed that gave it."""

    @abstractmethod
    async def read(self, after: str | None, *, limit: int) -> Sequence[Change]:
        """Changes after a position (None: from the oldest kept), oldest first; empty at the end."""

    @abstractmethod
    async def head(self) -> str | None:
        """The position of the newest change; None when there is none."""

    @abstractmethod
    async def mark(self, consumer: str) -> str | None:
        """How far a consumer has come, as it said last."""

    @abstractmethod
    async def set_mark(self, consumer: str, position: str) -> None:
        """A consumer says that the effects of everything up to here are durable. Marks never go back."""

    @abstractmethod
    async def lag(self, consumer: str) -> int:
        """How many changes the consumer has still before it."""

    @abstractmethod
    async def forget(self, owner: str) -> int:
        """Takes a customer's name out of the changes that are kept, where they are ours to change; out of how many."""
