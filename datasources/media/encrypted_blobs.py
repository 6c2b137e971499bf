"""Originals: the files that people gave us, sealed under their owner's key, or linked and read where they lie.

A file is kept under a keyed hash of its bytes, for each owner apart: who sees the store learns neither whose file equals whose
nor whether somebody has a known one. A link is a small sealed file that says where the bytes are and how that file looked;
as soon as it looks different it is hashed again, and other bytes are never served as these.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from access.classes import DataClass
from access.policy import Visibility
from access.seals import Binding, OwnerKeys, SealError
from access.streams import HEADER, Slice, StreamOpener, plain_size, seal_stream
from datasources.errors import Corrupt
from datasources.media.port import MediaKey, MediaStore
from datasources.media.referenced_files import FileChanged, ReferencedFile, checked, pieces_of_file

_LINK = "link-"
_MOST_LINK = 8_192


class Keys(Protocol):
    """Where the data keys of owners come from."""

    async def keys_of(self, owners: Iterable[str]) -> Mapping[str, OwnerKeys]:
        """The keys of these owners; absent: erased, or unknown."""

    async def ensure(self, owner: str) -> OwnerKeys:
        """The keys of an owner, made if there are none."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A readable file: its whole size, and a reader of any range of it."""

    size: int
    read: Callable[[int, int], AsyncIterator[bytes]]


class Originals:
    """Files by owner and content. Plain bytes come out only for a sight that may see pictures."""

    def __init__(self, store: MediaStore, keys: Keys, local_id: Callable[..., str]) -> None:
        self._store = store
        self._keys = keys
        self._local_id = local_id

    def name_of(self, owner: str, sha256: str) -> str:
        """What bytes of this hash are called among an owner's files; the same for the same bytes, for ever."""
        return self._local_id("original", owner, sha256)

    async def keep(self, owner: str, name: str, chunks: AsyncIterator[bytes]) -> None:
        """Copies a file, sealed; durable on return."""
        await self._put(MediaKey(owner, name), chunks)
        await self._store.delete_many([MediaKey(owner, _LINK + name)])

    async def link(self, owner: str, name: str, file: ReferencedFile) -> None:
        """Remembers where a file lies instead of copying it."""
        await self._put(MediaKey(owner, _LINK + name), _once(msgspec.msgpack.encode(file)))

    async def has(self, owner: str, name: str) -> bool:
        """Whether there is such a file, copied or linked."""
        return bool(await self._store.sizes([MediaKey(owner, name), MediaKey(owner, _LINK + name)]))

    async def open(self, sight: Visibility, owner: str, name: str) -> Stream | None:
        """The file, None when it is gone (a linked one also when it changed) or this viewer may see no pictures of the owner."""
        keys = (await self._keys.keys_of([owner])).get(owner) if sight.may(DataClass.PICTURE) else None
        if keys is None:
            return None
        copy, link = MediaKey(owner, name), MediaKey(owner, _LINK + name)
        sizes = await self._store.sizes([copy, link])
        if copy in sizes:
            return self._stream(keys, copy, sizes[copy])
        return await self._linked(keys, link, sizes[link]) if link in sizes else None

    async def delete(self, owner: str, names: Iterable[str]) -> None:
        """Removes files; what is linked stays where it lies."""
        await self._store.delete_many([MediaKey(owner, p + n) for n in names for p in ("", _LINK)])

    async def delete_owner(self, owner: str) -> int:
        """Removes every file of an owner."""
        return await self._store.delete_owner(owner)

    async def _put(self, key: MediaKey, chunks: AsyncIterator[bytes]) -> None:
        keys = await self._keys.ensure(key.owner)
        await self._store.put(key, seal_stream(keys, _binding(key), chunks))

    def _stream(self, keys: OwnerKeys, key: MediaKey, sealed_size: int) -> Stream:
        try:
            size = plain_size(sealed_size)
        except SealError as e:
            raise Corrupt("media", str(e)) from e

        def read(start: int, end: int) -> AsyncIterator[bytes]:
            return self._opened(keys, key, size, Slice.of(size, start, end))

        return Stream(size, read)

    async def _opened(self, keys: OwnerKeys, key: MediaKey, size: int, part: Slice) -> AsyncIterator[bytes]:
        header = await self._bytes(key, 0, HEADER)
        sealed = await self._store.read(key, part.start, part.end)
        if sealed is None:
            raise Corrupt("media", "a file went while it was read")
        try:
            opener = StreamOpener(keys, _binding(key), header, size, part)
            async for piece in sealed:
                for plain in opener.feed(piece):
                    yield plain
            for plain in opener.finish():
                yield plain
        except SealError as e:
            raise Corrupt("media", str(e)) from e

    async def _bytes(self, key: MediaKey, start: int, end: int) -> bytes:
        found = await self._store.read(key, start, end)
        return b"" if found is None else b"".join([piece async for piece in found])

    async def _linked(self, keys: OwnerKeys, key: MediaKey, sealed_size: int) -> Stream | None:
        if sealed_size > _MOST_LINK:
            raise Corrupt("media", "a link is too long to be one")
        stream = self._stream(keys, key, sealed_size)
        plain = b"".join([piece async for piece in stream.read(0, stream.size)])
        try:
            link = msgspec.msgpack.decode(plain, type=ReferencedFile)
        except (msgspec.MsgspecError, ValueError) as e:
            raise Corrupt("media", "a link cannot be read") from e
        try:
            fresh = await checked(link)
        except FileChanged:
            return None
        if fresh != link:
            await self.link(key.owner, key.name.removeprefix(_LINK), fresh)
        return Stream(fresh.size, lambda start, end: pieces_of_file(fresh, start, end))


def _binding(key: MediaKey) -> Binding:
    return Binding("media", key.owner, key.name)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
