"""Copies or references the files of an import. A file is stored only if its bytes still have the hash that the import read."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from datasources.media.encrypted_blobs import Originals
from datasources.media.referenced_files import FileChanged, ReferencedFile, pieces_of_file
from datasources.tables.pictures import PictureRecord, Waiting


@dataclass(frozen=True, slots=True)
class OriginalWriter:
    """Writes the originals of one owner."""

    originals: Originals
    owner: str

    async def store_files(self, record: PictureRecord, waiting: Waiting) -> PictureRecord:
        """Copies or references the files of a photo; raises `FileChanged` if their bytes have changed."""
        original = await self.store_file(waiting.path, waiting.sha256, link=waiting.link)
        motion, motion_type = record.motion, record.motion_type
        if waiting.motion_path is not None and waiting.motion_sha256 is not None:
            if waiting.motion_start:
                motion = await self._store_film(waiting.motion_path, waiting.motion_sha256, waiting)
            else:
                motion = await self.store_file(waiting.motion_path, waiting.motion_sha256, link=waiting.link)
            motion_type = waiting.motion_type
        return msgspec.structs.replace(
            record,
            original=original,
            motion=motion,
            motion_type=motion_type,
            linked=waiting.link,
            waiting=False,
            content_type=waiting.content_type,
        )

    async def store_file(self, path: bytes, sha256: str, *, link: bool) -> str:
        """Stores one file and returns its name among the originals."""
        name = self.originals.name_of(self.owner, sha256)
        file = await asyncio.to_thread(_current, path, sha256)
        if link:
            digest = hashlib.sha256()
            async for piece in pieces_of_file(file, 0, file.size):
                digest.update(piece)
            if digest.hexdigest() != sha256:
                raise FileChanged
            await self.originals.link(self.owner, name, file)
        else:
            await self.originals.store(self.owner, name, _checked(file))
        return name

    async def _store_film(self, path: bytes, sha256: str, waiting: Waiting) -> str:
        """Copies the film inside the file of a motion photo, also where the file itself is referenced."""
        name = self.originals.name_of(self.owner, sha256)
        file = await asyncio.to_thread(_current, path, sha256)
        part = (waiting.motion_start, waiting.motion_start + waiting.motion_size)
        await self.originals.store(self.owner, name, _checked(file, part))
        return name

    async def store_poster(self, data: bytes) -> str:
        """Stores the still of a video and returns its name."""
        name = self.originals.name_of(self.owner, hashlib.sha256(data).hexdigest())
        await self.originals.store(self.owner, name, _once(data))
        return name


def _current(path: bytes, sha256: str) -> ReferencedFile:
    """A reference to the current file; raises `FileChanged` if it is not a regular file."""
    file = Path(os.fsdecode(path))
    if not stat.S_ISREG(file.lstat().st_mode):
        raise FileChanged
    return ReferencedFile.of(file, sha256)


async def _checked(file: ReferencedFile, part: tuple[int, int] | None = None) -> AsyncIterator[bytes]:
    """The bytes of a file, or of a part of it with this hash.

    It raises `FileChanged` after the last byte if the hash differs, so that the copy is not stored.
    """
    digest = hashlib.sha256()
    async for piece in pieces_of_file(file, *(part or (0, file.size))):
        digest.update(piece)
        yield piece
    if digest.hexdigest() != file.sha256:
        raise FileChanged


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
