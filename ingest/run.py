"""Runs an import: reads, writes and indexes records, and processes images. An import can be stopped, resumed and repeated."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from datasources import Sources
from datasources.aws.stack import Stack
from datasources.data_folder import EMBEDDED, IndexLock, prepare
from datasources.vendors import NO_EXTERNAL_SERVICES, ExternalServices
from datasources.wiring import open_index
from indexing.change_feed_consumer import IndexFollower, index_position_reached
from indexing.documents import CONSUMER
from indexing.open_stores import open_shared
from indexing.progress import ProgressDisplay
from ingest.checkpoints import Checkpoint, CheckpointFile
from ingest.counters import Counters
from ingest.pictures.image_stats import ImageStats
from ingest.pictures.pipeline import ImagePipeline
from ingest.readers.export import ExportReader
from ingest.readers.opening import needs_copies, open_reader
from ingest.readers.reading import ImportItem, ImportReader, ReadResult
from ingest.report_file import ReportFile
from ingest.restoring import Restoring
from resolvers.importing.upsert import upsert
from resolvers.importing.writer import RecordWriter, WriteResult

BATCH = 250
HOLDER = "an import"
_POLL_S = 0.1
_MAX_COPIED_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """The paths and options of an import.

    `owner` is the external id of the customer; `restore` also imports photos that were deleted; `link` references original files
    instead of copying them.
    """

    path: Path
    owner: str
    restore: bool = False
    link: bool = False
    more: tuple[Path, ...] = ()
    """Further parts of the same library, such as the archives of one Takeout."""
    report: Path | None = None
    """The file for the complete report."""


@dataclass
class ImportRun:
    """One import into open data sources. `follower` is None if another process has the index."""

    sources: Sources
    follower: IndexFollower | None
    progress: ProgressDisplay
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    counters: Counters = field(default_factory=Counters)
    pictures: ImagePipeline | None = None

    async def run(self, reader: ImportReader, request: ImportRequest, data: Path) -> bool:
        """Writes the records after the checkpoint; False if it was stopped. `wait_for_index` completes the indexing."""
        owner = self.sources.ids.local_id("customer", request.owner)
        await self.sources.customers.ensure(owner, request.owner, now_ms=self.sources.now_ms())
        checkpoints = self._checkpoint_file(owner, request, data)
        known = checkpoints.read(reader.fingerprint)
        if known is not None:
            self.counters.resume(known.counts)
            done = f"{self.counters.records:,} records of an interrupted import"
            self.progress.print_line(f"Continuing after {done}, which are included in the counts.")
        else:
            self.counters.report_file.restart()
        writer = RecordWriter(self.sources, owner, restore=request.restore)
        if isinstance(reader, ExportReader):
            restoring = Restoring(self.sources, owner)
            await restoring.restore(reader)
            writer.set_known_ids(albums=restoring.albums, people=restoring.people)
        stats = ImageStats(report_file=self.counters.report_file)
        self.pictures = ImagePipeline(self.sources, owner, link=request.link, stats=stats)
        batches = _batches(reader.read(known.position if known else None))
        ahead = asyncio.create_task(asyncio.to_thread(next, batches, None))
        try:
            while batch := await ahead:
                ahead = asyncio.create_task(asyncio.to_thread(next, batches, None))  # read while the previous batch is written
                await self._write(writer, batch)
                reader.release(batch)
                checkpoints.save(Checkpoint(reader.fingerprint, batch[-1].position, self.counters.counts))
                self.progress.update(self.counters.records, batch[-1].done, reader.total)
                if self.stop.is_set():
                    return False
        finally:
            reader.stop()
            await asyncio.wait([ahead])
        checkpoints.remove()
        return True

    def _checkpoint_file(self, owner: str, request: ImportRequest, data: Path) -> CheckpointFile:
        paths = [os.fspath(path.resolve()).encode("utf-8", "surrogateescape").hex() for path in (request.path, *request.more)]
        return CheckpointFile.of(data, self.sources.ids.local_id("import", owner, *paths, str(request.restore)))

    async def _write(self, writer: RecordWriter, batch: Sequence[ReadResult]) -> None:
        items = [r for r in batch if isinstance(r, ImportItem)]
        for result in batch:
            if not isinstance(result, ImportItem):
                self.counters.add_rejected(result)
        outcomes = await self._outcomes(writer, items)
        for item, done in outcomes:
            self.counters.count(done.outcome.value)
            for remark in item.remarks:
                self.counters.remark(item.where, remark)
            if writer.unknown_place(item.record):
                self.counters.remark(item.where, "its placeId is unknown and was left out")
        if self.pictures is not None:
            await self.pictures.add([(writer.key_of(item.record), item) for item, _ in outcomes])
        written = {d.written.key: d.written for _, d in outcomes if d.written is not None}
        if self.follower is not None and written:
            await self.follower.add(list(written.values()))

    async def _outcomes(self, writer: RecordWriter, items: Sequence[ImportItem]) -> list[tuple[ImportItem, WriteResult]]:
        """Writes records and returns the results of those that were imported; the others are counted as rejected."""
        outcomes: list[tuple[ImportItem, WriteResult]] = []
        for item, done in zip(items, await upsert(writer, [i.record for i in items]), strict=True):
            if isinstance(done, str):
                self.counters.reject(item.where, done)
            else:
                outcomes.append((item, done))
        return outcomes

    async def process_images(self) -> bool:
        """Stores and decodes the files; False if it was stopped, in which case the same import continues."""
        if self.pictures is None:
            return True
        try:
            return await self.pictures.run(self.stop, self.progress.update_images)
        finally:
            self.pictures.close()

    def close(self) -> None:
        """Ends the worker processes."""
        if self.pictures is not None:
            self.pictures.close()

    async def wait_for_index(self, data: Path) -> bool:
        """Waits until the index has everything that was written; False if it was stopped."""
        if self.follower is not None:
            await self.follower.catch_up()
            return True
        head = await self.sources.feed.head()
        reported = False
        while not await index_position_reached(self.sources, head):
            # The process with the index may have ended before it indexed the last changes.
            lock = IndexLock.take(data, HOLDER)
            if lock is not None:
                with lock:
                    await self._index_remaining(data)
                return True
            if not reported:
                lag = await self.sources.feed.lag(CONSUMER)
                self.progress.print_line(
                    f"All records are written. The running server is indexing them ({lag:,} changes remaining)."
                )
                reported = True
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), _POLL_S)
            if self.stop.is_set():
                return False
        return True

    async def _index_remaining(self, data: Path) -> None:
        index = open_index(data)
        try:
            await IndexFollower(replace(self.sources, index=index)).catch_up()
        finally:
            await index.close()


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The counts of an import, whether it was completed, and its duration."""

    counters: Counters
    is_complete: bool
    seconds: float
    unknown_names: list[str]
    image_stats: ImageStats | None = None
    """Statistics of the files. Their seconds are a part of those of the import."""


async def run_import(
    data: Path,
    request: ImportRequest,
    progress: ProgressDisplay,
    stop: asyncio.Event,
    now_s: Callable[[], float] = time.monotonic,
    *,
    stack: Stack | None = None,
    vendors: ExternalServices = NO_EXTERNAL_SERVICES,
) -> ImportResult:
    """Imports paths into a data folder, also while a server runs. Raises `Unreadable`, `UnusableFolder` or `SourceError`."""
    start_s = now_s()
    report = ReportFile(request.report)
    reader = await asyncio.to_thread(_open, data, request, EMBEDDED if stack is None else stack.name)
    try:
        async with open_shared(data, HOLDER, stack, vendors) as (sources, has_index):
            follower = IndexFollower(sources, reads_feed=stack is None or stack.follow) if has_index else None
            job = ImportRun(sources, follower, progress, stop, Counters(report_file=report))
            try:
                is_complete = await job.run(reader, request, data)
                is_indexed = await job.wait_for_index(data)
                is_complete = is_complete and await job.process_images() and is_indexed
            finally:
                job.close()
    finally:
        reader.close()
        report.close()
    return ImportResult(
        job.counters, is_complete, now_s() - start_s, reader.unknown.names, job.pictures.stats if job.pictures else None
    )


def _open(data: Path, request: ImportRequest, engines: str) -> ImportReader:
    if request.more or needs_copies(request.path):
        prepare(data, engines)  # temporary copies of members of archives are stored there
    return open_reader(request.path, *request.more, spool=data / "imports")


def _batches(results: Iterator[ReadResult]) -> Iterator[list[ReadResult]]:
    """Batches that are limited in their number of results, and in the bytes of temporary copies on disk."""
    batch: list[ReadResult] = []
    copied = 0
    for result in results:
        batch.append(result)
        if isinstance(result, ImportItem):
            copied += sum(o.size for o in (result.original, result.motion) if o is not None and o.is_temporary)
        if len(batch) == BATCH or copied > _MAX_COPIED_BYTES:
            yield batch
            batch, copied = [], 0
    if batch:
        yield batch
