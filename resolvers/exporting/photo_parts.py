"""One part of an export: a file of lines and a zip archive for up to `MAX_ROWS` photos, small enough to be rewritten."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from access.policy import OWNER_VISIBILITY
from datasources import Sources
from datasources.errors import Corrupt
from datasources.media.encrypted_blobs import OriginalStream
from datasources.tables.photos import SeenPhoto
from resolvers.exporting.archive import Archive
from resolvers.exporting.lines import NamesById, photo_line
from resolvers.exporting.sections import Library, Line
from resolvers.exporting.sidecar import sidecar

MAX_ROWS = 4_000
MAX_BYTES = 1 << 30
"""Approximate size of the originals in one part."""
PAGE = 250
_HASH_PREFIX = "sha256:"
_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
_MAX_NAME_LENGTH = 100


@dataclass
class ExportPart:
    """Photos after the key `after`. `lines` contain no file names until `archive` has run."""

    library: Library
    after: str | None
    behind: int
    """The number of photos in earlier parts."""
    lines: list[Line] = field(default_factory=list)
    unreadable: int = 0
    missing: int = 0
    ended: bool = False
    size: int = 0

    async def read(self) -> None:
        """Reads the lines from the tables."""
        photos, titles, names = self.library.sources.photos, self.library.titles, self.library.names
        while len(self.lines) < MAX_ROWS and self.size < MAX_BYTES and not self.ended:
            records, self.after = await photos.of_owner(self.library.owner, after=self.after, limit=PAGE)
            live = [r for r in records if not r.deleted]
            seen = list((await photos.opened(live, OWNER_VISIBILITY)).values())
            # In a thread, because decrypting and encoding a page takes tens of milliseconds.
            page = await asyncio.to_thread(_lines, seen, titles, names)
            self.unreadable += len(live) - len(seen) + page.count(None)
            self.lines += [line for line in page if line is not None]
            self.size += sum(r.file_size or 0 for r in live)
            self.ended = self.after is None

    async def archive(self) -> AsyncIterator[bytes]:
        """The sidecars and originals as a zip archive; adds the file names to each line."""
        zipped = Archive()
        for number, line in enumerate(self.lines, self.behind + 1):
            name = _file_name(line, number)
            for field_name, source_id, suffix in _originals(line):
                stream = await _readable_original(self.library.sources, self.library.owner, source_id)
                if stream is None:
                    self.missing += 1
                    continue
                line[field_name] = name + suffix
                async for piece in zipped.stream(name + suffix, stream.size, stream.read(0, stream.size)):
                    yield piece
            line["sidecar"] = f"{name}.xmp"
            yield zipped.member(line["sidecar"], sidecar(line))
            if number % PAGE == 0:
                await asyncio.sleep(0)
        yield zipped.end()


def _lines(seen: Sequence[SeenPhoto], titles: NamesById, names: NamesById) -> list[Line | None]:
    return [_line(s, titles, names) for s in seen]


def _line(seen: SeenPhoto, titles: NamesById, names: NamesById) -> Line | None:
    try:
        return photo_line(seen, titles, names)
    except Corrupt:
        return None


def _originals(line: Line) -> Sequence[tuple[str, str, str]]:
    """The possible files of a photo: field name in the line, source id, suffix of the file name."""
    content = line.get("stored", {}).get("content", {})
    found = (("original", str(line["sourceId"]), ""), ("motion", str(content.get("motion_id")), ".motion.mov"))
    return [f for f in found if f[1].startswith(_HASH_PREFIX)]


async def _readable_original(sources: Sources, owner: str, source_id: str) -> OriginalStream | None:
    """An original that was read to its end once, because a corrupt file would break the archive; None if it is corrupt."""
    name = sources.originals.name_of(owner, source_id.removeprefix(_HASH_PREFIX))
    try:
        stream = await sources.originals.open(OWNER_VISIBILITY, owner, name)
        if stream is not None:
            async for _ in stream.read(0, stream.size):
                pass
    except Corrupt:
        return None
    return stream


def _file_name(line: Line, number: int) -> str:
    """A unique name in a folder per year, valid on all file systems. The number makes it unique."""
    year = str(line.get("takenAt", ""))[:4] or "undated"
    given = _UNSAFE.sub("_", str(line.get("fileName", "")))[:_MAX_NAME_LENGTH].strip(" .")
    return f"{year}/{number:08d}-{given or 'photo'}"
