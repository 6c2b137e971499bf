"""From the truth to the index: what the index keeps of a photo, and how it catches up with the tables.

One handler for all: mutations call it before they answer, the feed's poller makes good what they missed, and import
uses it in bulk. Effects are idempotent: the index skips what it already has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from access.policy import OWNER_VISIBILITY
from datasources import Sources
from datasources.locations.port import PlaceKind, PlaceRecord
from datasources.photo_key import PhotoKey
from datasources.search.port import Coordinates, Embedding, PhotoDocument, Removal
from datasources.tables.photos import PHOTOS, PhotoRecord, SeenPhoto
from indexing.index_lag import IndexLag
from indexing.media_gc import clear
from resolvers.tiles import KILOMETER_ZOOM, STREET_ZOOM, tile_center

CONSUMER = "index"
SURE_ENOUGH = 0.5
"""Labels less sure than this are stored, but neither shown unless asked for nor found."""


async def entries(sources: Sources, keys: Sequence[PhotoKey]) -> Sequence[PhotoDocument | Removal]:
    """What the index should hold of these photos now, read from the tables; files of deleted ones go."""
    records = await sources.photos.raw(keys)
    await clear(sources, [k for k, r in records.items() if r.deleted])
    return await documents(sources, list(records.values()))


async def documents(sources: Sources, records: Sequence[PhotoRecord]) -> Sequence[PhotoDocument | Removal]:
    """The same for records at hand. A photo whose owner's key is gone is removed."""
    live = [r for r in records if not r.deleted]
    seen = await sources.photos.opened(live, OWNER_VISIBILITY)
    places = await _places(sources, live)
    made: list[PhotoDocument | Removal] = [document(s, places) for s in seen.values()]
    return made + [Removal(r.key, r.version) for r in records if r.key not in seen]


async def index_photos(sources: Sources, keys: Sequence[PhotoKey], freshness: IndexLag | None = None) -> None:
    """Brings the index up to the tables for these photos: durable and visible on return."""
    made = await entries(sources, keys)
    await sources.index.write(made)
    await sources.index.refresh()
    if freshness is not None:
        await freshness.reached({e.key: e.version for e in made})


async def catch_up(sources: Sources, freshness: IndexLag | None = None, *, limit: int = 1_000) -> int:
    """Works off the next changes of the feed, then says so; how many there were."""
    doubts = 0 if freshness is None else freshness.doubts
    mark = await sources.feed.mark(CONSUMER)
    changes = await sources.feed.read(mark, limit=limit)
    if not changes:
        if freshness is not None:
            await freshness.followed(doubts)
        return 0
    keys = dict.fromkeys(PhotoKey(*c.key) for c in changes if c.table == PHOTOS.name)
    if keys:
        await index_photos(sources, list(keys), freshness)
    await sources.feed.set_mark(CONSUMER, changes[-1].position)
    return len(changes)


def document(photo: SeenPhoto, places: Mapping[str, PlaceRecord]) -> PhotoDocument:
    """The index document of one photo (DECISIONS 12)."""
    r, content, point, vector = photo.record, photo.content, photo.coordinates, photo.embedding
    at = _hierarchy(r.place, places)
    return PhotoDocument(
        key=r.key,
        version=r.version,
        state=r.state,
        media_type=r.media_type,
        added_at_ms=r.added_at_ms,
        taken_local=r.taken_local,
        instant=instant_s(r),
        albums=r.albums,
        places={kind.value: place.id for kind, place in at.items()},
        exact=Coordinates(*tile_center(point.latitude, point.longitude, STREET_ZOOM)) if point else None,
        kilometer=Coordinates(*tile_center(point.latitude, point.longitude, KILOMETER_ZOOM)) if point else None,
        city=_center(at.get(PlaceKind.CITY)) if point else None,
        country=_center(at.get(PlaceKind.COUNTRY)) if point else None,
        home=r.home,
        people=r.people,
        labels=tuple(m.concept for m in r.labels if m.confidence >= SURE_ENOUGH),
        keywords=content.keywords if content else (),
        text=tuple(t for t in (content.caption, content.recognized_text) if t) if content else (),
        has_caption=r.has_caption,
        file_name=content.file_name if content else None,
        camera=r.camera,
        lens=r.lens,
        iso=r.iso,
        aperture=r.aperture,
        focal_length=r.focal_length_mm,
        width=r.width,
        height=r.height,
        duration=r.duration_s,
        favorite=r.favorite,
        rating=r.rating,
        embedding=None if vector is None else Embedding(vector.model, vector.vector),
    )


def instant_s(record: PhotoRecord) -> int | None:
    """Seconds since 1970, where the offset is known (DECISIONS 22: an assumed offset is none)."""
    if record.taken_local is None or record.offset_minutes is None:
        return None
    local = datetime.fromisoformat(record.taken_local) - datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock
    return round((local - timedelta(minutes=record.offset_minutes)).total_seconds())


def instant(record: PhotoRecord) -> datetime | None:
    """The same as a moment; None where it falls out of the years that can be told."""
    seconds = instant_s(record)
    try:
        return None if seconds is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return None


async def _places(sources: Sources, records: Sequence[PhotoRecord]) -> Mapping[str, PlaceRecord]:
    """The places of these photos and all they lie in."""
    ids = {r.place for r in records if r.place is not None}
    found = dict(await sources.locations.by_ids(list(ids))) if ids else {}
    above = {a for p in found.values() for a in p.ancestors} - set(found)
    return {**found, **(await sources.locations.by_ids(list(above)) if above else {})}


def _hierarchy(place: str | None, places: Mapping[str, PlaceRecord]) -> dict[PlaceKind, PlaceRecord]:
    record = places.get(place) if place else None
    if record is None:
        return {}
    chain = [*(places[a] for a in record.ancestors if a in places), record]
    return {p.kind: p for p in chain}


def _center(place: PlaceRecord | None) -> Coordinates | None:
    return None if place is None else Coordinates(place.latitude, place.longitude)
