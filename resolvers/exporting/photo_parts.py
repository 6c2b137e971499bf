"""A part of an export: some thousand photos as one file of lines and one archive, small enough to be written again."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from access.policy import OWNER_VISIBILITY
from datasources import Sources
from datasources.errors import Corrupt
from datasources.media.encrypted_blobs import Stream
from datasources.tables.photos import SeenPhoto
from resolvers.exporting.archive import Archive
from resolvers.exporting.lines import Names, photo_line
from resolvers.exporting.sections import Library, Line
from resolvers.exporting.sidecar import sidecar

ROWS = 4_000
BYTES = 1 << 30
"""Of originals, about: where a part ends."""
PAGE = 250
_BY_HASH = "sha256:"
_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
_LONGEST = 100


@dataclass
class Part:
    """Photos from `after` on: `lines` without their files, until `written` has gone through them."""

    library: Library
    after: str | None
    behind: int
    """How many photos the parts before hold."""
    lines: list[Line] = field(default_factory=list)
    unreadable: int = 0
    missing: int = 0
    ended: bool = False
    size: int = 0

    async def read(self) -> None:
        """Fills itself."""
        photos, titles, names = self.library.sources.photos, self.library.titles, self.library.names
        while len(self.lines) < ROWS and self.size < BYTES and not self.ended:
            records, self.after = await photos.of_owner(self.library.owner, after=self.after, limit=PAGE)
            live = [r for r in records if not r.deleted]
            seen = list((await photos.opened(live, OWNER_VISIBILITY)).values())
            # In a thread: a page is tens of milliseconds of opening seals and writing words.
            made = await asyncio.to_thread(_lines, seen, titles, names)
            self.unreadable += len(live) - len(seen) + made.count(None)
            self.lines += [line for line in made if line is not None]
            self.size += sum(r.file_size or 0 for r in live)
            self.ended = self.after is None

    async def archive(self) -> AsyncIterator[bytes]:
        """The sidecars and originals, as a zip archive; gives each line the names of its files."""
        zipped = Archive()
        for number, line in enumerate(self.lines, self.behind + 1):
            name = _file_name(line, number)
            for what, source_id, ending in _originals(line):
                stream = await _whole(self.library.sources, self.library.owner, source_id)
                if stream is None:
                    self.missing += 1
                    continue
                line[what] = name + ending
                async for piece in zipped.stream(name + ending, stream.size, stream.read(0, stream.size)):
                    yield piece
            line["sidecar"] = f"{name}.xmp"
            yield zipped.member(line["sidecar"], sidecar(line))
            if number % PAGE == 0:
                await asyncio.sleep(0)
        yield zipped.end()


def _lines(seen: Sequence[SeenPhoto], titles: Names, names: Names) -> list[Line | None]:
    return [_line(s, titles, names) for s in seen]


def _line(seen: SeenPhoto, titles: Names, names: Names) -> Line | None:
    try:
        return photo_line(seen, titles, names)
    except Corrupt:
        return None


def _originals(line: Line) -> Sequence[tuple[str, str, str]]:
    """What files a photo may have: under which word, by which id, and how its name ends."""
    content = line.get("stored", {}).get("content", {})
    found = (("original", str(line["sourceId"]), ""), ("motion", str(content.get("motion_id")), ".motion.mov"))
    return [f for f in found if f[1].startswith(_BY_HASH)]


async def _whole(sources: Sources, owner: str, source_id: str) -> Stream | None:
    """An original, read once to its end: what breaks off within would break the archive."""
    name = sources.originals.name_of(owner, source_id.removeprefix(_BY_HASH))
    try:
        stream = await sources.originals.open(OWNER_VISIBILITY, owner, name)
        if stream is not None:
            async for _ in stream.read(0, stream.size):
                pass
    except Corrupt:
        return None
    return stream


def _file_name(line: Line, number: int) -> str:
    """Below the year, never twice, and safe on every system: the number comes first."""
    year = str(line.get("takenAt", ""))[:4] or "undated"
    given = _UNSAFE.sub("_", str(line.get("fileName", "")))[:_LONGEST].strip(" .")
    return f"{year}/{number:08d}-{given or 'photo'}"
