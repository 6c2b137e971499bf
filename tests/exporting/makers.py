"""Exports made and taken in, as a person would."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

from access.viewer import Viewer
from commands.progress import PlainProgress
from datasources.media.port import MediaKey
from datasources.tables.jobs import JobKind, JobRecord, JobStatus
from indexing.change_feed_consumer import IndexFollower
from ingest.counters import Counters
from ingest.readers.opening import open_reader
from ingest.run import ImportRequest, ImportRun
from resolvers.exporting.export import export
from resolvers.jobs.job_run import folder_of
from resolvers.jobs.runner import JobRunner
from tests.requests.harness import Gateway

START = "mutation($f: BulkFormat) { exportMyData(input: {format: $f}) { bulkOperation { id } userErrors { code } } }"
JOBS = {JobKind.EXPORT: export}


async def exported(gateway: Gateway, viewer: Viewer, into: Path, format_: str = "JSONL") -> JobRecord:
    """The files of an export, in a folder as somebody would download them."""
    started = await gateway.answer(START, {"f": format_}, as_=viewer)
    assert started["exportMyData"]["userErrors"] == []
    await JobRunner(gateway.sources, JOBS, worker="one").run_until_idle()
    (job, *_) = await gateway.sources.jobs.of_viewer(viewer, limit=1)
    assert job.status is JobStatus.COMPLETED, job.error_code
    await fetched(gateway, job, into)
    return job


async def fetched(gateway: Gateway, job: JobRecord, into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - a test's own folder
    assert job.manifest is not None
    for file in (*job.files, job.manifest):
        pieces = await gateway.sources.results.read(MediaKey(folder_of(gateway.sources, job), file.name))
        assert pieces is not None
        data = b"".join([p async for p in pieces])
        assert len(data) == file.size
        (into / file.name).write_bytes(data)


async def imported(gateway: Gateway, path: Path, owner: str, data: Path, **order: Any) -> Counters:
    """An import into an opened gateway; gives what it counted."""
    reader = open_reader(path)
    data.mkdir(exist_ok=True)  # noqa: ASYNC240 - a test's own folder
    job = ImportRun(gateway.sources, IndexFollower(gateway.sources), PlainProgress(io.StringIO()), asyncio.Event())
    try:
        assert await job.run(reader, ImportRequest(path, owner, **order), data)
        assert await job.process_images()
        assert await job.wait_for_index(data)
    finally:
        reader.close()
    return job.counters


def customer_of(gateway: Gateway, external: str) -> Viewer:
    from access.viewer import ViewerKind

    return Viewer(ViewerKind.CUSTOMER, external, customer=gateway.sources.ids.local_id("customer", external))
