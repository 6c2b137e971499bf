"""Measures the speed and CPU time of an export without originals and with sidecars."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from msgspec.structs import replace

from access.viewer import Viewer, ViewerKind
from datasources.data_folder import prepare
from datasources.tables.jobs import JobKind, Running
from datasources.wiring import embedded
from demo.synthetic import TENTH, synthetic_library
from resolvers.exporting.export import export
from resolvers.importing.writer import RecordWriter
from resolvers.jobs.runner import JobRunner
from resolvers.jobs.start import new_job
from resolvers.jobs.start import start as start_job

PHOTOS = 20_000


async def measure(folder: Path) -> None:
    sources = await embedded(prepare(folder / "data"))
    owner = sources.ids.local_id("customer", "bench")
    await sources.customers.ensure(owner, "bench", now_ms=sources.now_ms())
    household = next(h for h in synthetic_library(owners=3, photos=10 * PHOTOS) if h.external_id == TENTH)
    records, writer = list(household.records()), RecordWriter(sources, owner)
    for start in range(0, len(records), 500):
        await writer.write(records[start : start + 500])
    viewer = Viewer(ViewerKind.CUSTOMER, "bench", customer=owner)
    job = await start_job(sources, replace(new_job(sources, viewer, owner, JobKind.EXPORT), input=b'{"format":"JSONL"}'))
    assert not isinstance(job, Running)
    start_s, cpu = time.perf_counter(), time.process_time()
    await JobRunner(sources, {JobKind.EXPORT: export}, worker="bench").run_until_idle()
    seconds, cpu = time.perf_counter() - start_s, time.process_time() - cpu
    done = await sources.jobs.raw(job.key)
    assert done is not None
    size = sum(f.size for f in done.files)
    rate, cpu_us = done.rows / seconds, cpu / done.rows * 1e6
    print(
        f"export: {done.rows:,} photos, {rate:,.0f}/s, {cpu_us:.0f} us of CPU per photo, {size / 1e6:.1f} MB, sidecars included"
    )
    await sources.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder)))
