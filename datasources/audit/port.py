"""The audit: one record for each request that opened personal data, in a chain that shows every change.

A record holds keyed hashes of customers and the classes that were read, never a value.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple

import msgspec


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who read what, when and what for.

    `at`: milliseconds since 1970. `owners`: keyed hashes of the customers whose data it was, by relation. `operation`: SHA-256
    of the document, or the name of a command. `rows`: digest of the rows that the customers themselves can see.
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
    """Signed: that the chain had so many records, and how it ended. Kept elsewhere, it shows that the end was cut off."""

    chain: str
    count: int
    hash: str
    at: int
    signature: str


class Link(NamedTuple):
    """One line of a chain as it is stored: its chain's name, its place from 1 on, and the line itself."""

    chain: str
    number: int
    line: bytes


class AuditLog(ABC):
    """Where the chain is kept. Records of requests that wait are written in one go."""

    @property
    @abstractmethod
    def failures(self) -> int:
        """How often a group of records could not be written, since the start."""

    @abstractmethod
    async def append(self, records: Sequence[AuditRecord]) -> None:
        """On disk, or wherever it is kept, when it returns; raises `Unavailable` when it is not."""

    @abstractmethod
    def note(self, record: AuditRecord) -> None:
        """For an owner's own reads: written soon, kept in memory up to a bound while it cannot be, with an alarm."""

    @abstractmethod
    async def settle(self) -> None:
        """Returns when everything noted so far is written, or cannot be."""

    @abstractmethod
    def links(self) -> AsyncIterator[Link]:
        """Every line of every chain, chain by chain, oldest first, as it stands."""

    @abstractmethod
    async def checkpoints(self) -> Sequence[Checkpoint]:
        """Every checkpoint that is kept, oldest first."""

    async def checkpoint(self) -> Checkpoint | None:
        """Where the chain that we write stands now, signed; None when nothing was ever recorded."""
        known = await self.checkpoints()
        return known[-1] if known else None

    @abstractmethod
    async def close(self) -> None:
        """Writes what is noted and a last checkpoint, and lets go of everything."""
