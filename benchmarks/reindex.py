"""People at work while an index is made anew: readers and writers at given rates, and a model that knows what is right."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import msgspec

from access.scope import Scope
from access.viewer import Viewer, ViewerKind
from datasources import Sources
from datasources.photo_key import PhotoKey
from datasources.search.conditions import AnyOf, Field
from datasources.search.port import FacetQuestion, Question
from datasources.tables.photos import Draft, PhotoRecord, tombstone
from resolvers.indexing import index_photos

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

    @property
    def scope(self) -> Scope:
        return Scope(Viewer(ViewerKind.CUSTOMER, self.owner, self.owner), self.owner)

    async def read(self) -> None:
        """Hits, total and a facet of what is liked."""
        before, busy = dict(self._moves), set(self._busy)
        begun = time.perf_counter()
        asked = Question(condition=LIKED, limit=5_000, total=True, facets=(FacetQuestion(Field.FAVORITE),))
        answer = await self.sources.index.ask(self.scope, asked)
        self.slowest_s = max(self.slowest_s, time.perf_counter() - begun)
        found = {hit.key.id for hit in answer.hits}
        moved = {p for p, n in self._moves.items() if n != before.get(p, 0)} | busy | self._busy
        right = {p for p, r in self.records.items() if r.favorite and not r.deleted}
        if (found - moved) != (right - moved):
            self.wrong.append(f"{len(found - moved - right)} too many, {len(right - moved - found)} missing")
        if answer.total != len(found) and not moved:
            self.wrong.append("total and hits disagree")
        self.reads += 1

    async def write(self) -> None:
        """Likes a photo, or takes that back; now and then deletes one. Returns when the index has it, as a mutation does."""
        photo = self.random.choice([p for p, r in self.records.items() if p not in self._busy and not r.deleted])
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
    """So many photos of one customer in the tables, every seventh liked."""
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
    return Draft(PhotoRecord(owner=key.owner, id=key.id, version=0, added_at_ms=n, changed_at_ms=1, favorite=n % 7 == 0))
