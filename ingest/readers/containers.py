"""Where files of a library lie: a folder that is walked, or an archive whose list of contents is read."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ingest.formats.archives import Listing, Member
from ingest.formats.file_references import Source
from ingest.formats.media_types import reason_to_skip
from ingest.readers.reading import Unreadable
from ingest.readers.temp_files import TempFiles
from workers.pool import WorkerDied, WorkerPool

Parts = tuple[bytes, ...]
_MAX_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, or why there is none. `source` is where a worker finds it."""

    parts: Parts
    size: int
    stamp: int
    source: Source | None = None
    reason: str = ""
    skipped: bool = False

    @property
    def name(self) -> str:
        """For people and for rules about names; what is not UTF-8 is replaced."""
        return self.parts[-1].decode("utf-8", "replace") if self.parts else ""


class Place(ABC):
    """Folders in the order of their paths, each with its files in the order of their names."""

    label = ""

    @abstractmethod
    def folders(self) -> Iterator[tuple[Parts, Sequence[Entry]]]:
        """Each folder once."""


class FolderPlace(Place):
    """A folder on the disk. Links are not followed: they loop, and lead out of the folder."""

    def __init__(self, root: Path, without: frozenset[bytes] = frozenset()) -> None:
        self._root = os.path.abspath(os.fsencode(root))  # noqa: PTH100  (bytes)
        self._without = without

    def folders(self) -> Iterator[tuple[Parts, Sequence[Entry]]]:
        """See `Place`; a folder that cannot be walked is an entry with its reason."""
        return self._walk((), ())

    def _walk(self, parts: Parts, above: tuple[int, ...]) -> Iterator[tuple[Parts, Sequence[Entry]]]:
        try:
            with os.scandir(os.path.join(self._root, *parts)) as found:  # noqa: PTH118  (bytes, not text)
                listed = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            yield parts, [Entry((*parts, b"."), 0, 0, reason=f"cannot be opened: {error.strerror}")]
            return
        inner, entries = [], []
        for entry in listed:
            path = (*parts, entry.name)
            if not parts and entry.name in self._without:
                continue
            if not entry.is_dir(follow_symlinks=False) or reason_to_skip(os.fsdecode(entry.name)):
                entries.append(_entry(path, entry))
            elif len(path) > _MAX_DEPTH:
                entries.append(Entry(path, 0, 0, reason="lies deeper than 64 folders"))
            elif entry.inode() in above:
                entries.append(Entry(path, 0, 0, reason="is a folder within itself"))
            else:
                inner.append((path, entry.inode()))
        yield parts, entries
        for path, inode in inner:
            yield from self._walk(path, (*above, inode))


def _entry(path: Parts, entry: os.DirEntry[bytes]) -> Entry:
    reason = "is a link, and links are not followed" if entry.is_symlink() else reason_to_skip(os.fsdecode(entry.name))
    if reason:
        return Entry(path, 0, 0, reason=reason, skipped=True)
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError as error:
        return Entry(path, 0, 0, reason=f"cannot be opened: {error.strerror}")
    return Entry(path, status.st_size, status.st_mtime_ns, Source(entry.path))


class ArchivePlace(Place):
    """A zip or a tar. Raises Unreadable where its contents cannot be listed."""

    def __init__(self, path: Path, workers: WorkerPool, spool: TempFiles) -> None:
        self.label = f"{path.name.encode('utf-8', 'replace').decode()}: "
        whole = os.path.abspath(os.fsencode(path))  # noqa: PTH100
        to = os.fsencode(spool.new())
        try:
            answer = workers.submit({"do": "list", "with": {"path": whole, "to": to}}).result()
        except WorkerDied as died:
            raise Unreadable(f"{path.name} {died}") from None
        listing = msgspec.convert(answer, Listing)
        if listing.reason:
            raise Unreadable(f"{path.name} cannot be read: {listing.reason}")
        in_zip = not listing.unpacked and _is_zip(whole)
        self._folders: dict[Parts, list[Entry]] = {}
        for member in listing.members:
            entry = _member(member, to if listing.unpacked else whole, in_zip=in_zip)
            self._folders.setdefault(entry.parts[:-1], []).append(entry)

    def folders(self) -> Iterator[tuple[Parts, Sequence[Entry]]]:
        """See `Place`."""
        for parts in sorted(self._folders):
            yield parts, sorted(self._folders[parts], key=lambda e: e.parts)


def _is_zip(path: bytes) -> bool:
    with open(path, "rb") as file:  # noqa: PTH123  (bytes)
        return file.read(2) == b"PK"


def _member(member: Member, archive: bytes, *, in_zip: bool) -> Entry:
    raw = [part for part in member.name.replace(b"\\", b"/").split(b"/") if part not in {b"", b"."}]
    parts = tuple(raw) or (b"(no name)",)
    hidden = next((reason for part in parts if (reason := reason_to_skip(os.fsdecode(part)))), None)
    reason = member.reason
    if member.name.startswith((b"/", b"\\")) or b".." in parts or parts[0][1:2] == b":":
        reason = "has a path that leads out of the archive"
    elif len(parts) > _MAX_DEPTH:
        reason = "lies deeper than 64 folders"
    if reason or hidden:
        return Entry(parts, member.size, member.stamp, reason=reason or hidden or "", skipped=not reason)
    source = Source(archive, member=member.at) if in_zip else Source(archive, at=member.at, size=member.size)
    return Entry(parts, member.size, member.stamp, source)
