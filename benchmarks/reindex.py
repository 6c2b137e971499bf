"""Reads and writes at given rates during a reindex, and compares the results with a model.

    python -m benchmarks.reindex [--photos 20000] [--reads 100] [--writes 20]

The tables are embedded and the index is OpenSearch (`make servers`). It prints the rates, and fails if a result was wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import msgspec

from access.scope import Scope
from access.viewer import Viewer, ViewerKind
from commands.progress import PlainProgress
from datasources import Sources, wiring
from datasources.data_folder import prepare
from datasources.photo_key import PhotoKey
from datasources.search.conditions import All, AnyOf, Field
from datasources.search.opensearch.index import OpenSearchIndex
from datasources.search.opensearch.indices import Indices
from datasources.search.opensearch.transport import Cluster
from datasources.search.port import FacetRequest, SearchRequest
from datasources.search.read_only_stub import ReadOnlyIndexStub
from datasources.tables.photos import Draft, PhotoRecord, tombstone
from deploy.servers.addresses import Places
from indexing.documents import index_photos
from indexing.index_switch import build_and_switch, drop_old, roll_back

QUIET = PlainProgress(io.StringIO())
FAVORITE = AnyOf(Field.FAVORITE, ("true",))


@dataclass
class Load:
    """Readers, and writers that change favorites or delete photos. Results are compared for photos without concurrent writes."""

    sources: Sources
    owner: str
    records: dict[str, PhotoRecord]
    random: Random = field(default_factory=lambda: Random(3))
    reads: int = 0
    writes: int = 0
    wrong: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    _write_counts: dict[str, int] = field(default_factory=dict)
    _busy: set[str] = field(default_factory=set)
    _albums: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for photo, record in self.records.items():
            self._albums.setdefault(record.albums[0], []).append(photo)

    @property
    def scope(self) -> Scope:
        return Scope(Viewer(ViewerKind.CUSTOMER, self.owner, self.owner), self.owner)

    async def read(self) -> None:
        """Searches the favorites of an album, with total and a facet, and compares the result with the model."""
        before, busy = dict(self._write_counts), set(self._busy)
        start_s, album = time.perf_counter(), self.random.choice(list(self._albums))
        favorites = All((FAVORITE, AnyOf(Field.ALBUM, (album,))))
        request = SearchRequest(condition=favorites, limit=5_000, total=True, facets=(FacetRequest(Field.FAVORITE),))
        answer = await self.sources.index.search(self.scope, request)
        self.slowest_s = max(self.slowest_s, time.perf_counter() - start_s)
        found = {hit.key.id for hit in answer.hits}
        changed = {p for p, n in self._write_counts.items() if n != before.get(p, 0)} | busy | self._busy
        expected = {p for p in self._albums[album] if self.records[p].favorite and not self.records[p].deleted}
        if (found - changed) != (expected - changed):
            self.wrong.append(f"{len(found - changed - expected)} unexpected, {len(expected - changed - found)} missing")
        if answer.total != len(found) and not changed:
            self.wrong.append("the total differs from the number of hits")
        self.reads += 1

    async def write(self) -> None:
        """Changes the favorite state of a photo, or sometimes deletes it. Returns when it is indexed, as a mutation does."""
        photo = ""
        while not photo or photo in self._busy or self.records[photo].deleted:
            photo = self.random.choice(self.random.choice(list(self._albums.values())))
        self._busy.add(photo)
        record = self.records[photo]
        deletes = self.random.random() < 0.05
        changed = tombstone(record) if deletes else msgspec.structs.replace(record, favorite=not record.favorite)
        draft = Draft(changed, drop=tuple(record.sealed)) if deletes else Draft(changed)
        (saved,) = await self.sources.photos.save([draft], now_ms=self.sources.now_ms())
        assert saved is not None
        await index_photos(self.sources, [saved.key])
        self.records[photo] = saved
        self._write_counts[photo] = self._write_counts.get(photo, 0) + 1
        self._busy.discard(photo)
        self.writes += 1

    @asynccontextmanager
    async def running(self, *, readers: int, writers: int, rate_each: float | None) -> AsyncIterator[None]:
        """Runs loops of both kinds at a rate per second for each, or without pause."""
        stop = asyncio.Event()

        async def loop(work: str) -> None:
            due = time.perf_counter()
            while not stop.is_set():
                await (self.read() if work == "read" else self.write())
                if rate_each is not None:
                    due += 1 / rate_each
                    await asyncio.sleep(max(0.0, due - time.perf_counter()))

        loops = [asyncio.create_task(loop(w)) for w in ["read"] * readers + ["write"] * writers]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*loops)


async def library(sources: Sources, owner: str, count: int) -> dict[str, PhotoRecord]:
    """Writes photos of one customer to the tables, every seventh a favorite, in albums of a thousand."""
    await sources.customers.ensure(owner, f"{owner}@outside", now_ms=1)
    records: dict[str, PhotoRecord] = {}
    for at in range(0, count, 500):
        drafts = [_draft(owner, n) for n in range(at, min(at + 500, count))]
        for saved in await _saved(sources, drafts):
            records[saved.id] = saved
    return records


async def _saved(sources: Sources, drafts: Sequence[Draft]) -> list[PhotoRecord]:
    return [r for r in await sources.photos.save(drafts, now_ms=1) if r is not None]


def _draft(owner: str, n: int) -> Draft:
    key = PhotoKey(owner, f"{n:016x}{n:016x}")
    record = PhotoRecord(owner=key.owner, id=key.id, version=0, added_at_ms=n, changed_at_ms=1, favorite=n % 7 == 0)
    return Draft(msgspec.structs.replace(record, albums=(f"album{n // 1_000}",)))


@asynccontextmanager
async def opened(folder: Path, name: str, count: int) -> AsyncIterator[tuple[Sources, Indices, Load]]:
    """A library in embedded tables and an OpenSearch index with all its photos."""
    cluster = Cluster(Places.here().url("opensearch"), deadline_s=60.0)
    async with AsyncExitStack() as exits:
        tables = await wiring.embedded(prepare(folder), index=ReadOnlyIndexStub())
        exits.push_async_callback(tables.close)
        indices = Indices.connect(cluster, name)
        exits.push_async_callback(indices.close)
        exits.push_async_callback(indices.delete_all)
        sources = replace(tables, index=OpenSearchIndex.connect(cluster, name))
        exits.push_async_callback(sources.index.close)
        records = await library(sources, "ana", count)
        await build_and_switch(sources, indices, QUIET)
        await drop_old(sources, indices, QUIET)
        yield sources, indices, Load(sources, "ana", records)


async def stage(load: Load, name: str, work: Awaitable[object]) -> None:
    """Awaits an operation under load and prints the rates meanwhile."""
    reads, writes, start_s = load.reads, load.writes, time.perf_counter()
    load.slowest_s = 0.0
    await work
    seconds = time.perf_counter() - start_s
    rates = f"{(load.reads - reads) / seconds:8.1f} reads/s {(load.writes - writes) / seconds:8.1f} writes/s"
    print(f"{name:28}{seconds:8.1f} s {rates}   slowest read {load.slowest_s * 1_000:6.0f} ms", flush=True)


async def main(photos: int, reads: int, writes: int) -> int:
    """Runs all steps of a reindex under load. Each loop sends one request per second and waits for its result."""
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder), f"reindex-{os.getpid()}", photos) as (sources, indices, load):
            async with load.running(readers=reads, writers=writes, rate_each=1.0):
                await stage(load, "before", asyncio.sleep(10))
                await stage(load, "filled, compared, switched", build_and_switch(sources, indices, QUIET))
                await stage(load, "both indexes updated", asyncio.sleep(10))
                await stage(load, "compared, switched back", roll_back(sources, indices, QUIET))
                await stage(load, "second index deleted", drop_old(sources, indices, QUIET))
                await stage(load, "after", asyncio.sleep(10))
            live = {p: r.version for p, r in load.records.items() if not r.deleted}
            consistent = await sources.index.versions("ana") == live
    print(f"{load.reads:,} reads, {load.writes:,} writes; {len(load.wrong)} wrong results; index equals tables: {consistent}")
    return 0 if consistent and not load.wrong else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=20_000)
    parser.add_argument("--reads", type=int, default=100)
    parser.add_argument("--writes", type=int, default=20)
    options = parser.parse_args()
    sys.exit(asyncio.run(main(options.photos, options.reads, options.writes)))
