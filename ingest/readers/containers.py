"""Containers of the files of a library: folders and archives."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ingest.formats.archives import ArchiveListing, ArchiveMember
from ingest.formats.file_references import FileLocation, readable_name, readable_path
from ingest.readers.reading import Unreadable
from ingest.readers.temp_files import TempFiles
from pictures.formats.media_types import reason_to_skip
from workers.pool import WorkerDied, WorkerPool

PathParts = tuple[bytes, ...]
_MAX_DEPTH = 64


@dataclass(frozen=True, slots=True)
class ContainerEntry:
    """A file and its location, or the `reason` why it cannot be read."""

    parts: PathParts
    size: int
    stamp: int
    source: FileLocation | None = None
    reason: str = ""
    skipped: bool = False

    @property
    def name(self) -> str:
        """The file name; bytes that are not UTF-8 are escaped."""
        return readable_name(self.parts[-1]) if self.parts else ""


class FileContainer(ABC):
    """A container of files, listed folder by folder."""

    label = ""

    @abstractmethod
    def folders(self) -> Iterator[tuple[PathParts, Sequence[ContainerEntry]]]:
        """Each folder once, in the order of paths, with its files in the order of names."""


class FolderContainer(FileContainer):
    """A folder on disk. Links are not followed, because they may form loops or lead out of the folder."""

    def __init__(self, root: Path, excluded: frozenset[bytes] = frozenset()) -> None:
        self._root = os.path.abspath(os.fsencode(root))  # noqa: PTH100  (bytes)
        self._excluded = excluded

    def folders(self) -> Iterator[tuple[PathParts, Sequence[ContainerEntry]]]:
        """See `FileContainer`. A folder that cannot be opened is an entry with a reason."""
        return self._walk((), ())

    def _walk(self, parts: PathParts, ancestors: tuple[int, ...]) -> Iterator[tuple[PathParts, Sequence[ContainerEntry]]]:
        try:
            with os.scandir(os.path.join(self._root, *parts)) as found:  # noqa: PTH118  (bytes)
                listed = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            yield parts, [ContainerEntry((*parts, b"."), 0, 0, reason=f"cannot be opened: {error.strerror}")]
            return
        inner, entries = [], []
        for entry in listed:
            path = (*parts, entry.name)
            if not parts and entry.name in self._excluded:
                continue
            if not entry.is_dir(follow_symlinks=False) or reason_to_skip(os.fsdecode(entry.name)):
                entries.append(_entry(path, entry))
            elif len(path) > _MAX_DEPTH:
                entries.append(ContainerEntry(path, 0, 0, reason="is nested deeper than 64 folders"))
            elif entry.inode() in ancestors:
                entries.append(ContainerEntry(path, 0, 0, reason="is a folder that contains itself"))
            else:
                inner.append((path, entry.inode()))
        yield parts, entries
        for path, inode in inner:
            yield from self._walk(path, (*ancestors, inode))


def _entry(path: PathParts, entry: os.DirEntry[bytes]) -> ContainerEntry:
    reason = "is a link, and links are not followed" if entry.is_symlink() else reason_to_skip(os.fsdecode(entry.name))
    if reason:
        return ContainerEntry(path, 0, 0, reason=reason, skipped=True)
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError as error:
        return ContainerEntry(path, 0, 0, reason=f"cannot be opened: {error.strerror}")
    return ContainerEntry(path, status.st_size, status.st_mtime_ns, FileLocation(entry.path))


class ArchiveContainer(FileContainer):
    """A zip or tar. Raises `Unreadable` if its members cannot be listed."""

    def __init__(self, path: Path, workers: WorkerPool, spool: TempFiles) -> None:
        name = readable_path(os.fsencode(path.name))
        self.label = f"{name}: "
        source = os.path.abspath(os.fsencode(path))  # noqa: PTH100
        target = os.fsencode(spool.new())
        try:
            answer = workers.submit({"do": "list", "with": {"path": source, "to": target}}).result()
        except WorkerDied as died:
            raise Unreadable(f"{name} {died}") from None
        listing = msgspec.convert(answer, ArchiveListing)
        if listing.reason:
            raise Unreadable(f"{name} cannot be read: {listing.reason}")
        in_zip = not listing.unpacked and _is_zip(source)
        self._folders: dict[PathParts, list[ContainerEntry]] = {}
        for member in listing.members:
            entry = _member(member, target if listing.unpacked else source, in_zip=in_zip)
            self._folders.setdefault(entry.parts[:-1], []).append(entry)

    def folders(self) -> Iterator[tuple[PathParts, Sequence[ContainerEntry]]]:
        """See `FileContainer`."""
        for parts in sorted(self._folders):
            yield parts, sorted(self._folders[parts], key=lambda e: e.parts)


def _is_zip(path: bytes) -> bool:
    with open(path, "rb") as file:  # noqa: PTH123  (bytes)
        return file.read(2) == b"PK"


def _member(member: ArchiveMember, archive: bytes, *, in_zip: bool) -> ContainerEntry:
    raw = [part for part in member.name.replace(b"\\", b"/").split(b"/") if part not in {b"", b"."}]
    parts = tuple(raw) or (b"(no name)",)
    hidden = next((reason for part in parts if (reason := reason_to_skip(os.fsdecode(part)))), None)
    reason = member.reason
    if member.name.startswith((b"/", b"\\")) or b".." in parts or parts[0][1:2] == b":":
        reason = "has a path outside the archive"
    elif len(parts) > _MAX_DEPTH:
        reason = "is nested deeper than 64 folders"
    if reason or hidden:
        return ContainerEntry(parts, member.size, member.stamp, reason=reason or hidden or "", skipped=not reason)
    source = (
        FileLocation(archive, member=member.position)
        if in_zip
        else FileLocation(archive, offset=member.position, size=member.size)
    )
    return ContainerEntry(parts, member.size, member.stamp, source)
