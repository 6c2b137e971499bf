"""Resolves the places of photos again with newer place data. Places that an owner corrected do not change.

A photo stores the version of the data with which its place was resolved, and photos with another version are processed. A stopped
run therefore continues when it is started again.
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
_ATTEMPTS = 3


@dataclass
class ResolveCounts:
    """Counts of photos with coordinates by outcome."""

    photos: int = 0
    moved: int = 0
    """Photos that now have another place, another time zone, or none."""
    kept: int = 0
    """Photos with the same place in the newer data."""
    pinned: int = 0
    """Photos whose place was corrected by the owner."""
    current: int = 0
    """Photos that were already resolved with this data."""
    conflicts: int = 0
    """Photos that were modified concurrently; the next run resolves them."""

    def json_line(self, version: str, *, is_complete: bool) -> str:
        """One line of JSON."""
        return msgspec.json.encode({**asdict(self), "version": version, "whole": is_complete}).decode()


@dataclass
class PlaceResolution:
    """One run. `is_stopped` is checked between batches."""

    sources: Sources
    on_progress: Callable[[int, int, int], None] = lambda _photos, _done, _all: None
    """Called with the number of processed photos, of finished customers and of all customers."""
    is_stopped: Callable[[], bool] = lambda: False

    async def run(self, owner: str | None = None) -> tuple[ResolveCounts, bool]:
        """Resolves the photos of one owner or of all; returns the counts and whether it finished."""
        done = ResolveCounts()
        await self.sources.locations.reload()  # a remote service returns its data version only with a response
        owners = [owner] if owner is not None else [o async for o in self.sources.customers.everyone()]
        for number, each in enumerate(owners):
            after: str | None = None
            while True:
                if self.is_stopped():
                    return done, False
                records, after = await self.sources.photos.of_owner(each, after=after, limit=_PAGE)
                await self._batch(records, done)
                self.on_progress(done.photos, number, len(owners))
                if after is None:
                    break
        return done, True

    async def _batch(self, records: Sequence[PhotoRecord], done: ResolveCounts) -> None:
        live = [r for r in records if not r.deleted and r.has_location]
        done.photos += len(live)
        done.pinned += sum(r.place_pinned for r in live)
        unpinned = [r for r in live if not r.place_pinned]
        version = self.sources.locations.data_version
        old = [r for r in unpinned if r.place_data != version]
        done.current += len(unpinned) - len(old)
        for _ in range(_ATTEMPTS):
            if not old:
                return
            conflicting = await self._write(old, done)
            current = await self.sources.photos.raw([r.key for r in conflicting])
            # A concurrent writer may have pinned, moved or deleted the photo.
            old = [
                r for r in current.values() if not r.deleted and r.has_location and not r.place_pinned and r.place_data != version
            ]
        done.conflicts += len(old)

    async def _write(self, records: Sequence[PhotoRecord], done: ResolveCounts) -> Sequence[PhotoRecord]:
        """Writes the new places and returns the records that were modified concurrently."""
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
