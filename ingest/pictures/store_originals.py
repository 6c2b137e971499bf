"""Files of an import are copied or linked by the hash of what was read, and not kept when they are something else by now."""

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
class Keeper:
    """The originals of one owner."""

    originals: Originals
    owner: str

    async def files(self, record: PictureRecord, waiting: Waiting) -> PictureRecord:
        """Copies or links the files; raises `Changed` when they are not what was read."""
        original = await self.file(waiting.path, waiting.sha256, link=waiting.link)
        motion = record.motion
        if waiting.motion_path is not None and waiting.motion_sha256 is not None:
            motion = await self.file(waiting.motion_path, waiting.motion_sha256, link=waiting.link)
        return msgspec.structs.replace(
            record,
            original=original,
            motion=motion,
            linked=waiting.link,
            waiting=False,
            content_type=waiting.content_type,
        )

    async def file(self, path: bytes, sha256: str, *, link: bool) -> str:
        """One file; its name among the originals."""
        name = self.originals.name_of(self.owner, sha256)
        file = await asyncio.to_thread(_looked_up, path, sha256)
        if link:
            digest = hashlib.sha256()
            async for piece in pieces_of_file(file, 0, file.size):
                digest.update(piece)
            if digest.hexdigest() != sha256:
                raise FileChanged
            await self.originals.link(self.owner, name, file)
        else:
            await self.originals.keep(self.owner, name, _checked(file))
        return name

    async def poster(self, data: bytes) -> str:
        """A still of a film, kept beside it."""
        name = self.originals.name_of(self.owner, hashlib.sha256(data).hexdigest())
        await self.originals.keep(self.owner, name, _once(data))
        return name


def _looked_up(path: bytes, sha256: str) -> ReferencedFile:
    """A file as it looks now; raises `Changed` for what is no file any more."""
    file = Path(os.fsdecode(path))
    if not stat.S_ISREG(file.lstat().st_mode):
        raise FileChanged
    return ReferencedFile.of(file, sha256)


async def _checked(file: ReferencedFile) -> AsyncIterator[bytes]:
    """The bytes of a file; raises `Changed` behind the last one when they were not those of its hash: so none is kept."""
    digest = hashlib.sha256()
    async for piece in pieces_of_file(file, 0, file.size):
        digest.update(piece)
        yield piece
    if digest.hexdigest() != file.sha256:
        raise FileChanged


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
