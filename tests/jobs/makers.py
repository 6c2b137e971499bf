"""Jobs and job functions for tests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from access.viewer import Viewer
from datasources.media.port import MediaKey
from datasources.tables.jobs import JobFile, JobKind, JobRecord, Running
from resolvers.jobs.job_run import Run
from resolvers.jobs.runner import JobRunner
from resolvers.jobs.start import new_job, start
from tests.requests.harness import Gateway

JOB = (
    "query($id: ID!) { bulkOperation(id: $id) { id status progress rowCount errorCode completedAt files { path } manifestUrl } }"
)
CANCEL = "mutation($id: ID!) { cancelBulkOperation(input: {id: $id}) { bulkOperation { id status } userErrors { code } } }"
EXPORT = "mutation { exportMyData(input: {}) { bulkOperation { id status } userErrors { code nodeId } } }"


class Clock:
    """A manual clock in milliseconds. It starts at the current time, because SQLite expires items by its own clock."""

    def __init__(self) -> None:
        self.ms = time.time_ns() // 1_000_000

    def __call__(self) -> int:
        return self.ms


class Counting:
    """A job function that counts with a checkpoint at each number, and can pause at one."""

    def __init__(self, to: int = 3) -> None:
        self.to = to
        self.done: list[int] = []
        self.at = asyncio.Event()
        self.go = asyncio.Event()
        self.hold_at: int | None = None
        self.fail: Exception | None = None

    async def __call__(self, run: Run) -> None:
        for number in range(int(run.record.checkpoint or b"0"), self.to):
            if number == self.hold_at:
                self.at.set()
                await self.go.wait()
            if self.fail is not None:
                raise self.fail
            self.done.append(number)
            name = f"part-{number}.jsonl"
            size = await run.sources.results.put(MediaKey(run.folder, name), _line(number))
            file = JobFile(name, "numbers", 1, size, b"0" * 32)
            await run.save(
                checkpoint=str(number + 1).encode(),
                files=(*run.record.files, file),
                rows=number + 1,
                progress=(number + 1) / self.to,
            )


async def _line(number: int) -> AsyncIterator[bytes]:
    yield b"%d\n" % number


def runner(gateway: Gateway, work: Any, worker: str = "one") -> JobRunner:
    return JobRunner(gateway.sources, {JobKind.EXPORT: work}, worker=worker)


async def begun(gateway: Gateway, viewer: Viewer) -> JobRecord:
    job = await start(gateway.sources, new_job(gateway.sources, viewer, viewer.customer or "", JobKind.EXPORT))
    assert not isinstance(job, Running)
    return job


async def stored(gateway: Gateway, job: JobRecord) -> JobRecord:
    found = await gateway.sources.jobs.raw(job.key)
    assert found is not None
    return found
