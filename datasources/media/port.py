"""The port of media stores: opaque bytes by owner and name. `encrypted_blobs` encrypts originals on top of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from typing import NamedTuple


class MediaKey(NamedTuple):
    """Owner and name, each 1 to 128 of the characters `a-z 0-9 . _ -`, beginning with a letter or digit."""

    owner: str
    name: str


class MediaStore(ABC):
    """Files as streams. Owners share nothing: equal bytes of two owners are two files.

    Every method raises `Unavailable` if the store does not respond, and `ValueError` for an invalid key.
    """

    @abstractmethod
    async def put(self, key: MediaKey, chunks: AsyncIterable[bytes]) -> int:
        """Store or replace a file atomically and durably; returns its size.

        If `chunks` raises or the caller is cancelled, the previous file remains. Of two concurrent calls, one wins.
        """

    @abstractmethod
    async def sizes(self, keys: Sequence[MediaKey]) -> Mapping[MediaKey, int]:
        """The size of each file that exists; others are absent."""

    @abstractmethod
    async def read(self, key: MediaKey, start: int = 0, end: int | None = None) -> AsyncIterator[bytes] | None:
        """The bytes from `start` to `end` (exclusive), as far as they exist; None if there is no file.

        Chunks have at most 1 MiB and are read lazily. If the file is replaced or deleted while it is read, the reader gets
        the old bytes or `Unavailable`, never a mixture.
        """

    @abstractmethod
    async def delete_many(self, keys: Sequence[MediaKey]) -> None:
        """Remove files; missing files are ignored."""

    @abstractmethod
    async def delete_owner(self, owner: str) -> int:
        """Remove everything of an owner, including remains of interrupted writes; returns the number of files."""

    @abstractmethod
    async def names(self, owner: str, *, after: str | None = None, limit: int = 1_000) -> Sequence[str]:
        """The names of an owner's files after `after`, in byte order."""

    @abstractmethod
    async def close(self) -> None:
        """Close connections; may be called repeatedly."""
