"""People at work while an index is made anew: readers and writers at given rates, and a model that knows what is right.

    python -m benchmarks.reindex [--photos 20000] [--reads 100] [--writes 20]

Tables are embedded, the index is OpenSearch (`make servers`). Fails if a reader saw a wrong answer; the rates are told.
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
LIKED = AnyOf(Field.FAVORITE, ("true",))


@dataclass
class Load:
    """A photo is liked or not, or deleted. A read is wrong when it disagrees about a photo that nobody wrote meanwhile."""

    sources: Sources
    owner: str
    records: dict[str, PhotoRecord]
    random: Random = field(default_factory=lambda: Random(3))
    reads: int = 0
    writes: int = 0
    wrong: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    _moves: dict[str, int] = field(default_factory=dict)
    _busy: set[str] = field(default_factory=set)
    _albums: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for photo, record in self.records.items():
            self._albums.setdefault(record.albums[0], []).append(photo)

    @property
    def scope(self) -> Scope:
        return Scope(Viewer(ViewerKind.CUSTOMER, self.owner, self.owner), self.owner)

    async def read(self) -> None:
        """Hits, total and a facet of what is liked in an album."""
        before, busy = dict(self._moves), set(self._busy)
        begun, album = time.perf_counter(), self.random.choice(list(self._albums))
        liked = All((LIKED, AnyOf(Field.ALBUM, (album,))))
        asked = SearchRequest(condition=liked, limit=5_000, total=True, facets=(FacetRequest(Field.FAVORITE),))
        answer = await self.sources.index.search(self.scope, asked)
        self.slowest_s = max(self.slowest_s, time.perf_counter() - begun)
        found = {hit.key.id for hit in answer.hits}
        moved = {p for p, n in self._moves.items() if n != before.get(p, 0)} | busy | self._busy
        right = {p for p in self._albums[album] if self.records[p].favorite and not self.records[p].deleted}
        if (found - moved) != (right - moved):
            self.wrong.append(f"{len(found - moved - right)} too many, {len(right - moved - found)} missing")
        if answer.total != len(found) and not moved:
            self.wrong.append("total and hits disagree")
        self.reads += 1

    async def write(self) -> None:
        """Likes a photo, or takes that back; now and then deletes one. Returns when the index has it, as a mutation does."""
        photo = ""
        while not photo or photo in self._busy or self.records[photo].deleted:
            photo = self.random.choice(self.random.choice(list(self._albums.values())))
        self._busy.add(photo)
        record = self.records[photo]
        gone = self.random.random() < 0.05
        changed = tombstone(record) if gone else msgspec.structs.replace(record, favorite=not record.favorite)
        draft = Draft(changed, drop=tuple(record.sealed)) if gone else Draft(changed)
        (saved,) = await self.sources.photos.save([draft], now_ms=self.sources.now_ms())
        assert saved is not None
        await index_photos(self.sources, [saved.key])
        self.records[photo] = saved
        self._moves[photo] = self._moves.get(photo, 0) + 1
        self._busy.discard(photo)
        self.writes += 1

    @asynccontextmanager
    async def at_work(self, *, readers: int, writers: int, rate_each: float | None) -> AsyncIterator[None]:
        """So many loops of each kind, each so often a second, or as fast as it goes."""
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
    """So many photos of one customer in the tables, every seventh liked, in albums of a thousand."""
    await sources.customers.ensure(owner, f"{owner}@outside", now_ms=1)
    made: dict[str, PhotoRecord] = {}
    for at in range(0, count, 500):
        drafts = [_draft(owner, n) for n in range(at, min(at + 500, count))]
        for saved in await _saved(sources, drafts):
            made[saved.id] = saved
    return made


async def _saved(sources: Sources, drafts: Sequence[Draft]) -> list[PhotoRecord]:
    return [r for r in await sources.photos.save(drafts, now_ms=1) if r is not None]


def _draft(owner: str, n: int) -> Draft:
    key = PhotoKey(owner, f"{n:016x}{n:016x}")
    record = PhotoRecord(owner=key.owner, id=key.id, version=0, added_at_ms=n, changed_at_ms=1, favorite=n % 7 == 0)
    return Draft(msgspec.structs.replace(record, albums=(f"album{n // 1_000}",)))


@asynccontextmanager
async def opened(folder: Path, name: str, count: int) -> AsyncIterator[tuple[Sources, Indices, Load]]:
    """A library in embedded tables, and an index of OpenSearch that has it."""
    cluster = Cluster(Places.here().url("opensearch"), deadline_s=60.0)
    async with AsyncExitStack() as held:
        tables = await wiring.embedded(prepare(folder), index=ReadOnlyIndexStub())
        held.push_async_callback(tables.close)
        indices = Indices.connect(cluster, name)
        held.push_async_callback(indices.close)
        held.push_async_callback(indices.delete_all)
        sources = replace(tables, index=OpenSearchIndex.connect(cluster, name))
        held.push_async_callback(sources.index.close)
        records = await library(sources, "ana", count)
        await build_and_switch(sources, indices, QUIET)
        await drop_old(sources, indices, QUIET)
        yield sources, indices, Load(sources, "ana", records)


async def stage(load: Load, name: str, work: Awaitable[object]) -> None:
    """Something done while people are at work, and a line about how they fared."""
    reads, writes, begun = load.reads, load.writes, time.perf_counter()
    load.slowest_s = 0.0
    await work
    took = time.perf_counter() - begun
    rates = f"{(load.reads - reads) / took:8.1f} reads/s {(load.writes - writes) / took:8.1f} writes/s"
    print(f"{name:28}{took:8.1f} s {rates}   slowest read {load.slowest_s * 1_000:6.0f} ms", flush=True)


async def main(photos: int, reads: int, writes: int) -> int:
    """The whole of a reindex, with as many at work as it takes: each waits for its answer and does one thing a second."""
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder), f"reindex-{os.getpid()}", photos) as (sources, indices, load):
            async with load.at_work(readers=reads, writers=writes, rate_each=1.0):
                await stage(load, "before", asyncio.sleep(10))
                await stage(load, "filled, compared, exchanged", build_and_switch(sources, indices, QUIET))
                await stage(load, "both kept", asyncio.sleep(10))
                await stage(load, "compared, exchanged back", roll_back(sources, indices, QUIET))
                await stage(load, "the second dropped", drop_old(sources, indices, QUIET))
                await stage(load, "after", asyncio.sleep(10))
            live = {p: r.version for p, r in load.records.items() if not r.deleted}
            right = await sources.index.versions("ana") == live
    print(f"{load.reads:,} reads, {load.writes:,} writes; {len(load.wrong)} wrong answers; index and tables agree: {right}")
    return 0 if right and not load.wrong else 1


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--photos", type=int, default=20_000)
    arguments.add_argument("--reads", type=int, default=100)
    arguments.add_argument("--writes", type=int, default=20)
    told = arguments.parse_args()
    sys.exit(asyncio.run(main(told.photos, told.reads, told.writes)))
