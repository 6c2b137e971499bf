"""Measures how fast records are encrypted, written and indexed in a new data folder with embedded engines."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from demo.synthetic import TENTH, synthetic_library
from indexing.change_feed_consumer import IndexFollower
from indexing.open_stores import open_exclusive
from resolvers.importing.writer import RecordWriter

PHOTOS = 20_000
BATCH = 250


async def measure(folder: Path) -> None:
    """Imports the records of one customer; at the end all are durable and searchable."""
    household = next(h for h in synthetic_library(owners=3, photos=10 * PHOTOS) if h.external_id == TENTH)
    records = list(household.records())
    async with open_exclusive(folder, "a benchmark") as sources:
        owner = sources.ids.local_id("customer", "bench")
        await sources.customers.ensure(owner, "bench", now_ms=sources.now_ms())
        writer, follower = RecordWriter(sources, owner), IndexFollower(sources)
        start_s = time.perf_counter()
        for start in range(0, len(records), BATCH):
            done = await writer.write(records[start : start + BATCH])
            await follower.add([d.written for d in done if d.written is not None])
        await follower.catch_up()
        seconds = time.perf_counter() - start_s
    print(f"import: {len(records):,} records in {seconds:.1f} s, {len(records) / seconds:,.0f} records/s, including indexing")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder)))
