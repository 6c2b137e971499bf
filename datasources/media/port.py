"""The store of files: opaque bytes under an owner and a name. What they mean is the business of `originals`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from typing import NamedTuple


class MediaKey(NamedTuple):
    """Whose file, and its name: 1 to 128 of `a-z 0-9 . _ -`, beginning with a letter or digit; the owner likewise."""

    owner: str
    name: str


class MediaStore(ABC):
    """Files as streams. Nothing is shared between owners: the same bytes of two owners are two files.

    Every method raises `Unavailable` where the store does not answer, and `ValueError` for a key that cannot be.
    """

    @abstractmethod
    async def put(self, key: MediaKey, chunks: AsyncIterable[bytes]) -> int:
        """Keeps a file, durable on return, instead of what was there; its size. Nobody ever reads half of it.

        When `chunks` raises, or the caller is cancelled, what was there before stays. Of two who put at once, one wins
        whole.
        """

    @abstractmethod
    async def sizes(self, keys: Sequence[MediaKey]) -> Mapping[MediaKey, int]:
        """The size of each file that is there; absent: there is none."""

    @abstractmethod
    async def read(self, key: MediaKey, start: int = 0, end: int | None = None) -> AsyncIterator[bytes] | None:
        """The bytes from `start` up to but without `end`, as far as there are any; None when there is no file.

        In pieces of at most 1 MiB, read as they are asked for. Whoever reads while the file is replaced or deleted gets the
        old bytes or `Unavailable`, never a mixture.
        """

    @abstractmethod
    async def delete_many(self, keys: Sequence[MediaKey]) -> None:
        """Removes files; those that are not there cost nothing."""

    @abstractmethod
    async def delete_owner(self, owner: str) -> int:
        """Removes everything of an owner, also what earlier, interrupted writes left; how many files there were."""

    @abstractmethod
    async def names(self, owner: str, *, after: str | None = None, limit: int = 1_000) -> Sequence[str]:
        """The names of an owner's files in order of their bytes, those behind `after`."""

    @abstractmethod
    async def close(self) -> None:
        """Lets go of connections; again: nothing."""
