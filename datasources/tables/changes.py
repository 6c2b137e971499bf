"""The change feed: changes of the tables with `feed`, in order for each item, delivered at least once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from datasources.tables.store import Key


class Change(NamedTuple):
    """A written or removed item. `version` is the written one. The item itself is read from its table."""

    position: str
    table: str
    key: Key
    version: int


class ChangeFeed(ABC):
    """Changes in order. A position is opaque to its callers."""

    @abstractmethod
    async def read(self, after: str | None, *, limit: int) -> Sequence[Change]:
        """Changes after a position (None: from the oldest stored one), oldest first; empty at the end."""

    @abstractmethod
    async def head(self) -> str | None:
        """The position of the newest change; None when there is none."""

    @abstractmethod
    async def mark(self, consumer: str) -> str | None:
        """The checkpoint of a consumer."""

    @abstractmethod
    async def set_mark(self, consumer: str, position: str) -> None:
        """Stores the checkpoint of a consumer: the effects of all changes up to it are durable. It never goes back."""

    @abstractmethod
    async def lag(self, consumer: str) -> int:
        """The number of changes after the checkpoint of a consumer."""

    @abstractmethod
    async def forget(self, owner: str) -> int:
        """Removes the id of a customer from stored changes, if the engine allows it, and returns their number."""
