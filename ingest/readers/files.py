"""Reads a library of files in folders and archives by worker processes, folder by folder, in a resumable order."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ingest.formats.file_references import FileLocation, readable_name, readable_path
from ingest.formats.worker_jobs import FileJob, FileResult, HashedFile, JsonTitles, PeekResult
from ingest.readers.containers import ContainerEntry, FileContainer, PathParts
from ingest.readers.planning import FileGroup, is_photo_name, plan_folder
from ingest.readers.positions import PositionKey, parse_position, position_of
from ingest.readers.reading import ImportItem, ImportReader, OriginalFile, ReadResult, RejectedItem
from ingest.readers.temp_files import TempFiles
from pictures.formats.media_types import may_be_still
from workers.pool import WorkerDied, WorkerPool

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Task:
    """A group of files to read. `half` is 1 for a video that turned out not to be the motion part of its still."""

    group: FileGroup
    path: PathParts
    """The path of the planned group. A separated video has that of its still, so that the order of positions is stable."""
    container: int
    half: int
    done: int
    is_video_only: bool = False
    """Whether the still was written before an interruption, so that only its video remains."""

    @property
    def key(self) -> PositionKey:
        return self.path[:-1], self.path[-1], self.container, self.half


class FilesReader(ImportReader):
    """Reads every file of some containers. Folders with the same path in several archives are merged."""

    def __init__(self, containers: Sequence[FileContainer], workers: WorkerPool, spool: TempFiles) -> None:
        self._containers = containers
        self._workers = workers
        self._spool = spool
        self._stopped = False
        self._copies: dict[str, tuple[Path, ...]] = {}
        total, digest = 0, hashlib.sha256()
        for _, entries in self._folders():
            for _, entry in entries:
                total += entry.size
                digest.update(repr((entry.parts, entry.size, entry.stamp)).encode())
        super().__init__(total=total, fingerprint=digest.hexdigest())

    def read(self, after: str | None = None) -> Iterator[ReadResult]:
        """See `ImportReader`. A position has container, half and path, percent-encoded because names may be any bytes."""
        tasks = self._tasks(parse_position(after))
        for task, answer in self._workers.each(tasks, self._job):
            if self._stopped:
                return
            if not task.is_video_only:
                yield self._result(task, answer)
            video = self._separate_video(task, answer)
            if video is not None:
                yield self._result(video, _finished(self._workers.submit(self._job(video))))

    def release(self, results: Sequence[ReadResult]) -> None:
        """See `ImportReader`."""
        for result in results:
            for copy in self._copies.pop(result.position, ()):
                with suppress(OSError):
                    copy.unlink()

    def stop(self) -> None:
        """See `ImportReader`."""
        self._stopped = True
        self._workers.close()

    def close(self) -> None:
        """See `ImportReader`."""
        self._workers.close()
        self._spool.close()

    def _folders(self) -> Iterator[tuple[PathParts, Sequence[tuple[int, ContainerEntry]]]]:
        if len(self._containers) == 1:
            for parts, entries in self._containers[0].folders():
                yield parts, [(0, entry) for entry in entries]
            return
        merged: dict[PathParts, list[tuple[int, ContainerEntry]]] = {}
        for number, container in enumerate(self._containers):
            for parts, entries in container.folders():
                merged.setdefault(parts, []).extend((number, entry) for entry in entries)
        for parts in sorted(merged):
            yield parts, sorted(merged[parts], key=lambda pair: (pair[1].parts, pair[0]))

    def _tasks(self, after: PositionKey | None) -> Iterator[_Task]:
        done = 0
        for parts, entries in self._folders():
            containers = {id(entry): number for number, entry in entries}
            listed = [entry for _, entry in entries]
            if after is not None and parts < after[0]:
                done += sum(entry.size for entry in listed)
                continue
            folder = readable_name(parts[-1]) if parts else ""
            groups = self._pair_live_photos(plan_folder(folder, listed, self._titles))
            for group in groups:
                done += group.entry.size + sum(e.size for e in group.companions)
                task = _Task(group, group.entry.parts, containers[id(group.entry)], 0, min(done, self.total))
                if after is None or task.key > after:
                    yield task
                elif task.key == after and group.motion is not None:
                    yield replace(task, is_video_only=True)

    def _pair_live_photos(self, groups: list[FileGroup]) -> list[FileGroup]:
        """Pairs live photos with different names by content identifier; not in archives, because it would unpack them twice."""
        videos = [u for u in groups if _is_apple_video(u)]
        ids = {u.entry.parts: i for u, i in self._content_ids(videos).items() if i}
        if not ids:
            return groups
        stills = [u for u in groups if u.motion is None and may_be_still(u.entry.name) and _is_local(u)]
        still_of = {i: u for u, i in self._content_ids(stills).items() if i}
        pairs = {still_of[i].entry.parts: parts for parts, i in ids.items() if i in still_of}
        by_parts = {u.entry.parts: u for u in videos}
        paired = set(pairs.values())
        return [
            replace(u, motion=by_parts[pairs[u.entry.parts]].entry) if u.entry.parts in pairs else u
            for u in groups
            if u.entry.parts not in paired
        ]

    def _content_ids(self, groups: Sequence[FileGroup]) -> Mapping[FileGroup, str | None]:
        jobs = self._workers.each(groups, lambda u: {"do": "peek", "with": u.entry.source})
        return {group: _result_or_default(answer, PeekResult).content_id for group, answer in jobs}

    def _titles(self, jsons: Sequence[ContainerEntry]) -> Mapping[ContainerEntry, tuple[str | None, str | None]]:
        found = {}
        for entry, answer in self._workers.each(jsons, lambda e: {"do": "title", "with": self._source(e)[0]}):
            titles = _result_or_default(answer, JsonTitles)
            found[entry] = titles.album, titles.photo
        return found

    def _job(self, task: _Task) -> object | None:
        group = task.group
        if group.reason or group.entry.source is None:
            return None
        copies: list[Path] = []

        def source(entry: ContainerEntry | None) -> FileLocation | None:
            if entry is None:
                return None
            location, copy = self._source(entry)
            copies.extend([copy] if copy is not None else [])
            return location

        main = source(group.entry)
        assert main is not None
        job = FileJob(
            main, group.entry.name, source(group.xmp), source(group.json), source(group.motion), list(group.albums), group.trashed
        )
        self._copies[position_of(task.container, task.half, task.path)] = tuple(copies)
        return {"do": "read", "with": job}

    def _source(self, entry: ContainerEntry) -> tuple[FileLocation, Path | None]:
        assert entry.source is not None
        if not entry.source.in_archive:
            return entry.source, None
        copy = self._spool.new()
        return msgspec.structs.replace(entry.source, copy_path=os.fsencode(copy)), copy

    def _result(self, task: _Task, answer: Future[Any] | None) -> ReadResult:
        group, position = task.group, position_of(task.container, task.half, task.path)
        where = self._containers[task.container].label + readable_path(b"/".join(group.entry.parts).removesuffix(b"/."))
        if answer is None:
            return RejectedItem(
                position, group.reason or group.entry.reason, where, task.done, skipped=group.skipped or group.entry.skipped
            )
        try:
            found = msgspec.convert(answer.result(), FileResult)
        except (WorkerDied, CancelledError) as died:
            return RejectedItem(position, str(died) or "was not read because the import was stopped", where, task.done)
        if found.record is None or found.original is None:
            skipped = not found.is_unsupported and not is_photo_name(group.entry.name)
            return RejectedItem(position, found.reason, where, task.done, skipped=skipped, is_unsupported=found.is_unsupported)
        return ImportItem(
            position,
            found.record,
            where,
            task.done,
            tuple(found.remarks),
            _original(found.original, group.entry, self._copies[position], 0),
            self._motion(found, group, position),
            found.orientation,
        )

    def _motion(self, found: FileResult, group: FileGroup, position: str) -> OriginalFile | None:
        """The film of a live photo in a file of its own, or of a motion photo in the file of the picture."""
        if found.motion is None:
            return None
        own = group.motion if not found.motion.start else None
        return _original(found.motion, own or group.entry, self._copies[position], -1 if own else 0)

    def _separate_video(self, task: _Task, answer: Future[Any] | None) -> _Task | None:
        if task.group.motion is None or answer is None:
            return None
        if not answer.cancelled() and not answer.exception() and answer.result().get("motion") is not None:
            return None
        video = replace(task.group, entry=task.group.motion, motion=None, xmp=None)
        return replace(task, group=video, half=1)


def _original(hashed: HashedFile, entry: ContainerEntry, copies: Sequence[Path], index: int) -> OriginalFile:
    assert entry.source is not None
    path = copies[index] if entry.source.in_archive else Path(os.fsdecode(entry.source.path))
    return OriginalFile(
        path, hashed.sha256, hashed.content_type, hashed.size, is_temporary=entry.source.in_archive, start=hashed.start
    )


def _is_apple_video(group: FileGroup) -> bool:
    return _is_local(group) and group.entry.name.lower().endswith(".mov")


def _is_local(group: FileGroup) -> bool:
    return not group.reason and group.entry.source is not None and not group.entry.source.in_archive


def _result_or_default(answer: Future[Any] | None, kind: Callable[[], T]) -> T:
    """The result of a worker, or the default if it failed; the reason is reported when the file itself is read."""
    if answer is None or answer.cancelled() or answer.exception() is not None:
        return kind()
    result: T = msgspec.convert(answer.result(), kind)
    return result


def _finished(answer: Future[Any]) -> Future[Any]:
    wait([answer])
    return answer
