"""Builds index documents of photos from the tables and writes them to the index.

Mutations call it before they respond, the change feed consumer repairs what they missed, and imports use it in bulk.
All writes are idempotent: the index skips versions that it already has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from access.policy import OWNER_VISIBILITY
from access.tiles import KILOMETER_ZOOM, STREET_ZOOM, tile_center
from datasources import Sources
from datasources.locations.port import PlaceKind, PlaceRecord
from datasources.photo_key import PhotoKey
from datasources.search.port import Coordinates, Embedding, PhotoDocument, Removal
from datasources.tables.photos import PHOTOS, PhotoRecord, SeenPhoto
from indexing.index_lag import IndexLag
from indexing.media_gc import delete_unreferenced_media

CONSUMER = "index"
MIN_LABEL_CONFIDENCE = 0.5
"""Labels with a lower confidence are stored but not indexed; the API returns them only on request."""


async def index_entries(sources: Sources, keys: Sequence[PhotoKey]) -> Sequence[PhotoDocument | Removal]:
    """The current index entries of these photos, read from the tables; deletes the files of deleted photos."""
    records = await sources.photos.raw(keys)
    await delete_unreferenced_media(sources, [k for k, r in records.items() if r.deleted])
    return await documents(sources, list(records.values()))


async def documents(sources: Sources, records: Sequence[PhotoRecord]) -> Sequence[PhotoDocument | Removal]:
    """Index entries of these records; a removal for a deleted photo and for one whose owner's key is destroyed."""
    live = [r for r in records if not r.deleted]
    seen = await sources.photos.opened(live, OWNER_VISIBILITY)
    places = await _places(sources, live)
    found: list[PhotoDocument | Removal] = [document(s, places) for s in seen.values()]
    return found + [Removal(r.key, r.version) for r in records if r.key not in seen]


async def index_photos(sources: Sources, keys: Sequence[PhotoKey], index_lag: IndexLag | None = None) -> None:
    """Writes the current versions of these photos to the index; they are durable and searchable on return."""
    entries = await index_entries(sources, keys)
    await sources.index.write(entries)
    await sources.index.refresh()
    if index_lag is not None:
        await index_lag.mark_indexed({e.key: e.version for e in entries})


async def catch_up(sources: Sources, index_lag: IndexLag | None = None, *, limit: int = 1_000) -> int:
    """Indexes the next changes of the feed and moves the checkpoint; returns how many changes there were."""
    unknown_count = 0 if index_lag is None else index_lag.unknown_count
    checkpoint = await sources.feed.mark(CONSUMER)
    changes = await sources.feed.read(checkpoint, limit=limit)
    if not changes:
        if index_lag is not None:
            await index_lag.clear_unknown(unknown_count)
        return 0
    keys = dict.fromkeys(PhotoKey(*c.key) for c in changes if c.table == PHOTOS.name)
    if keys:
        await index_photos(sources, list(keys), index_lag)
    await sources.feed.set_mark(CONSUMER, changes[-1].position)
    return len(changes)


def document(photo: SeenPhoto, places: Mapping[str, PlaceRecord]) -> PhotoDocument:
    """The index document of one photo. Coordinates are reduced to tile centers: the index never holds exact ones."""
    r, content, point, vector = photo.record, photo.content, photo.coordinates, photo.embedding
    at = _hierarchy(r.place, places)
    return PhotoDocument(
        key=r.key,
        version=r.version,
        state=r.state,
        media_type=r.media_type,
        added_at_ms=r.added_at_ms,
        taken_local=r.taken_local,
        instant=r.instant_s,
        albums=r.albums,
        places={kind.value: place.id for kind, place in at.items()},
        exact=Coordinates(*tile_center(point.latitude, point.longitude, STREET_ZOOM)) if point else None,
        kilometer=Coordinates(*tile_center(point.latitude, point.longitude, KILOMETER_ZOOM)) if point else None,
        city=_center(at.get(PlaceKind.CITY)) if point else None,
        country=_center(at.get(PlaceKind.COUNTRY)) if point else None,
        home=r.home,
        people=r.people,
        labels=tuple(m.concept for m in r.labels if m.confidence >= MIN_LABEL_CONFIDENCE),
        keywords=content.keywords if content else (),
        text=tuple(t for t in (content.caption, content.title, content.recognized_text) if t) if content else (),
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


async def _places(sources: Sources, records: Sequence[PhotoRecord]) -> Mapping[str, PlaceRecord]:
    """The places of these photos and their ancestors."""
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
