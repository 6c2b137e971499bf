"""The audit log: one record for each request that read personal data, in a hash chain that reveals every change.

A record contains keyed hashes of customers and the data classes that were read, never a value.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple

import msgspec


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who read which data, when and for which purpose.

    `at`: milliseconds since 1970. `owners`: keyed hashes of the customers whose data was read, by relation. `operation`: SHA-256
    of the document, or the name of a command. `rows`: digest of the rows that these customers can see themselves.
    """

    at: int
    kind: str
    principal: str
    purpose: str | None = None
    owners: Mapping[str, tuple[str, ...]]
    classes: tuple[str, ...]
    photos: int
    operation: str
    policy: int
    decision: str = "ALLOWED"
    rows: str | None = None


class Checkpoint(msgspec.Struct, frozen=True):
    """The signed length and last hash of a chain. A copy stored elsewhere reveals that the end of the chain was removed.

    `format`: 1 for checkpoints of programs whose hashes had no key, otherwise 2.
    """

    chain: str
    count: int
    hash: str
    at: int
    signature: str
    format: int = 1


class ChainLine(NamedTuple):
    """A stored line of a chain, with the name of the chain and the line number (from 1)."""

    chain: str
    number: int
    line: bytes


class AuditLog(ABC):
    """The port of the audit log. Records of concurrent requests are written together."""

    @property
    @abstractmethod
    def failures(self) -> int:
        """The number of failed writes since the start of the process."""

    @property
    @abstractmethod
    def begun_chains(self) -> frozenset[str]:
        """The chains that must have a checkpoint, although they may have no record yet."""

    @abstractmethod
    async def append(self, records: Sequence[AuditRecord]) -> None:
        """Write records; durable on return. Raises `Unavailable` if they could not be written."""

    @abstractmethod
    def append_later(self, record: AuditRecord) -> None:
        """Write a record in the background, for reads of own data; a bounded number stays in memory during a failure."""

    @abstractmethod
    async def flush(self) -> None:
        """Wait until all pending records are written or a write has failed."""

    @abstractmethod
    def links(self) -> AsyncIterator[ChainLine]:
        """Every stored line, chain by chain, oldest first."""

    @abstractmethod
    async def checkpoints(self) -> Sequence[Checkpoint]:
        """Every stored checkpoint, oldest first."""

    async def checkpoint(self) -> Checkpoint | None:
        """A signed checkpoint of the current state of the own chain; None if nothing was ever recorded."""
        known = await self.checkpoints()
        return known[-1] if known else None

    @abstractmethod
    async def close(self) -> None:
        """Write pending records and a last checkpoint, and close."""
