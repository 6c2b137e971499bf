"""Original files: encrypted with the key of their owner, or referenced in place on the local disk.

A file is named by a keyed hash of its bytes per owner, so the store does not reveal which files are equal or whether an owner
has a known file. A reference is a small sealed file with the path and the status of the referenced file; if the status
changes, the file is hashed again, and different bytes are never served.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from access.classes import DataClass
from access.policy import Visibility
from access.seals import Binding, OwnerKeys, SealError
from access.streams import HEADER, SealedRange, StreamDecryptor, plain_size, seal_stream
from datasources.errors import Corrupt
from datasources.media.port import MediaKey, MediaStore
from datasources.media.referenced_files import FileChanged, ReferencedFile, pieces_of_file, verify

_LINK = "link-"
_MAX_LINK_BYTES = 8_192


class Keys(Protocol):
    """The source of the data keys of owners."""

    async def keys_of(self, owners: Iterable[str]) -> Mapping[str, OwnerKeys]:
        """The keys of these owners; erased and unknown owners are absent."""

    async def ensure(self, owner: str) -> OwnerKeys:
        """The keys of an owner, created if there are none."""


@dataclass(frozen=True, slots=True)
class OriginalStream:
    """A readable file: its total size, and a function that reads a range of it."""

    size: int
    read: Callable[[int, int], AsyncIterator[bytes]]


class Originals:
    """Files by owner and content. Decrypted bytes are returned only for a visibility that includes pictures."""

    def __init__(self, store: MediaStore, keys: Keys, local_id: Callable[..., str]) -> None:
        self._store = store
        self._keys = keys
        self._local_id = local_id

    def name_of(self, owner: str, sha256: str) -> str:
        """The name of a file with this hash; stable for the same owner and bytes."""
        return self._local_id("original", owner, sha256)

    async def store(self, owner: str, name: str, chunks: AsyncIterator[bytes]) -> None:
        """Store an encrypted copy of a file; durable on return."""
        await self._put(MediaKey(owner, name), chunks)
        await self._store.delete_many([MediaKey(owner, _LINK + name)])

    async def link(self, owner: str, name: str, file: ReferencedFile) -> None:
        """Store a reference to a file instead of a copy."""
        await self._put(MediaKey(owner, _LINK + name), _once(msgspec.msgpack.encode(file)))

    async def has(self, owner: str, name: str) -> bool:
        """Whether the file exists, as a copy or a reference."""
        return bool(await self._store.sizes([MediaKey(owner, name), MediaKey(owner, _LINK + name)]))

    async def open(self, visibility: Visibility, owner: str, name: str) -> OriginalStream | None:
        """The file; None if it is missing, if a referenced file changed, or if the viewer may not see pictures of the owner."""
        keys = (await self._keys.keys_of([owner])).get(owner) if visibility.may(DataClass.PICTURE) else None
        if keys is None:
            return None
        copy, link = MediaKey(owner, name), MediaKey(owner, _LINK + name)
        sizes = await self._store.sizes([copy, link])
        if copy in sizes:
            return self._stream(keys, copy, sizes[copy])
        return await self._linked(keys, link, sizes[link]) if link in sizes else None

    async def delete(self, owner: str, names: Iterable[str]) -> None:
        """Remove copies and references; referenced files are not deleted."""
        await self._store.delete_many([MediaKey(owner, p + n) for n in names for p in ("", _LINK)])

    async def delete_owner(self, owner: str) -> int:
        """Remove every copy and reference of an owner; returns their number."""
        return await self._store.delete_owner(owner)

    async def _put(self, key: MediaKey, chunks: AsyncIterator[bytes]) -> None:
        keys = await self._keys.ensure(key.owner)
        await self._store.put(key, seal_stream(keys, _binding(key), chunks))

    def _stream(self, keys: OwnerKeys, key: MediaKey, sealed_size: int) -> OriginalStream:
        try:
            size = plain_size(sealed_size)
        except SealError as e:
            raise Corrupt("media", str(e)) from e

        def read(start: int, end: int) -> AsyncIterator[bytes]:
            return self._decrypted(keys, key, size, SealedRange.of(size, start, end))

        return OriginalStream(size, read)

    async def _decrypted(self, keys: OwnerKeys, key: MediaKey, size: int, part: SealedRange) -> AsyncIterator[bytes]:
        header = await self._bytes(key, 0, HEADER)
        sealed = await self._store.read(key, part.start, part.end)
        if sealed is None:
            raise Corrupt("media", "a file was deleted while it was read")
        try:
            decryptor = StreamDecryptor(keys, _binding(key), header, size, part)
            async for piece in sealed:
                for plain in decryptor.feed(piece):
                    yield plain
            for plain in decryptor.finish():
                yield plain
        except SealError as e:
            raise Corrupt("media", str(e)) from e

    async def _bytes(self, key: MediaKey, start: int, end: int) -> bytes:
        found = await self._store.read(key, start, end)
        return b"" if found is None else b"".join([piece async for piece in found])

    async def _linked(self, keys: OwnerKeys, key: MediaKey, sealed_size: int) -> OriginalStream | None:
        if sealed_size > _MAX_LINK_BYTES:
            raise Corrupt("media", "a file reference is too long")
        stream = self._stream(keys, key, sealed_size)
        plain = b"".join([piece async for piece in stream.read(0, stream.size)])
        try:
            link = msgspec.msgpack.decode(plain, type=ReferencedFile)
        except (msgspec.MsgspecError, ValueError) as e:
            raise Corrupt("media", "a file reference cannot be decoded") from e
        try:
            current = await verify(link)
        except FileChanged:
            return None
        if current != link:
            await self.link(key.owner, key.name.removeprefix(_LINK), current)
        return OriginalStream(current.size, lambda start, end: pieces_of_file(current, start, end))


def _binding(key: MediaKey) -> Binding:
    return Binding("media", key.owner, key.name)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
