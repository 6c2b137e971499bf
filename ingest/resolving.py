"""A library resolved again by newer places: resumable, with progress, and never touching what an owner corrected.

A photo keeps the version of the places that found its place. Photos of another version are the ones to do, so a stopped
run goes on by being started again, and a finished one finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import msgspec

from access.policy import OWNER_VISIBILITY
from datasources import Sources
from datasources.locations.port import PlaceRecord, Point
from datasources.tables.photos import Draft, PhotoRecord, SeenPhoto

_PAGE = 500
_TRIES = 3


@dataclass
class Resolved:
    """What became of the photos with coordinates."""

    photos: int = 0
    moved: int = 0
    """Now another place, another time zone, or none."""
    kept: int = 0
    """The same place by newer data."""
    pinned: int = 0
    """Corrected by their owner: left alone."""
    current: int = 0
    """Already resolved by this data."""
    conflicts: int = 0
    """Changed by others again and again; the next run does them."""

    def line(self, version: str, *, whole: bool) -> str:
        """One line of JSON."""
        return msgspec.json.encode({**asdict(self), "version": version, "whole": whole}).decode()


@dataclass
class Resolving:
    """One run. `stopped` is asked between batches."""

    sources: Sources
    moved: Callable[[int, int, int], None] = lambda _photos, _done, _all: None
    """Told how many photos have been looked at, and of how many customers' libraries how many are done."""
    stopped: Callable[[], bool] = lambda: False

    async def run(self, owner: str | None = None) -> tuple[Resolved, bool]:
        """For one owner or everyone; what became of it, and whether it came to its end."""
        done = Resolved()
        await self.sources.locations.look_again()  # a service elsewhere tells its version with its first answer
        owners = [owner] if owner is not None else [o async for o in self.sources.customers.everyone()]
        for number, each in enumerate(owners):
            after: str | None = None
            while True:
                if self.stopped():
                    return done, False
                records, after = await self.sources.photos.of_owner(each, after=after, limit=_PAGE)
                await self._batch(records, done)
                self.moved(done.photos, number, len(owners))
                if after is None:
                    break
        return done, True

    async def _batch(self, records: Sequence[PhotoRecord], done: Resolved) -> None:
        live = [r for r in records if not r.deleted and r.has_location]
        done.photos += len(live)
        done.pinned += sum(r.place_pinned for r in live)
        free = [r for r in live if not r.place_pinned]
        version = self.sources.locations.data_version
        old = [r for r in free if r.place_data != version]
        done.current += len(free) - len(old)
        for _ in range(_TRIES):
            if not old:
                return
            again = await self._write(old, done)
            fresh = await self.sources.photos.raw([r.key for r in again])
            # Whoever was faster may have pinned it, moved it, deleted it.
            old = [
                r for r in fresh.values() if not r.deleted and r.has_location and not r.place_pinned and r.place_data != version
            ]
        done.conflicts += len(old)

    async def _write(self, records: Sequence[PhotoRecord], done: Resolved) -> Sequence[PhotoRecord]:
        """Writes what the places say now; the records that somebody else changed meanwhile."""
        seen = await self.sources.photos.opened(records, OWNER_VISIBILITY)
        drafts = [Draft(self._placed(s.record, place)) for s, place in await self._found(list(seen.values()))]
        written = await self.sources.photos.save(drafts, now_ms=self.sources.now_ms()) if drafts else ()
        stored = {d.record.key: r for d, r in zip(drafts, written, strict=True)}
        before = {r.key: r for r in records}
        for key, record in stored.items():
            if record is not None:
                same = (record.place, record.time_zone) == (before[key].place, before[key].time_zone)
                done.kept, done.moved = done.kept + same, done.moved + (not same)
        return [before[key] for key, record in stored.items() if record is None]

    async def _found(self, photos: Sequence[SeenPhoto]) -> Sequence[tuple[SeenPhoto, PlaceRecord | None]]:
        located = [(p, Point(c.latitude, c.longitude)) for p in photos if (c := p.coordinates) is not None]
        ids = await self.sources.locations.resolve([point for _, point in located]) if located else ()
        places = await self.sources.locations.by_ids(list({i for i in ids if i is not None}))
        return [(p, places.get(i) if i else None) for (p, _), i in zip(located, ids, strict=True)]

    def _placed(self, record: PhotoRecord, place: PlaceRecord | None) -> PhotoRecord:
        return msgspec.structs.replace(
            record,
            place=None if place is None else place.id,
            time_zone=None if place is None else place.time_zone,
            place_data=self.sources.locations.data_version,
        )
