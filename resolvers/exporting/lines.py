"""One photo as a line of an export: an import record that any program can read, and beside it what no record can say.

`stored` holds only those values of the photo that importing the record alone would not give back. What that is, is found
by drafting the record and comparing, so that a field that is new in the store needs nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from datasources.tables.photos import Content, Coordinates, PhotoRecord, SeenPhoto
from resolvers.importing.drafting import Links, draft
from resolvers.importing.moments import written
from resolvers.importing.record_reading import read_record
from resolvers.importing.records import BadRecord, Kept

OWN: Final = frozenset(
    {"owner", "id", "version", "added_at_ms", "changed_at_ms", "deleted", "source_digest", "sealed", "albums", "people", "home"}
)
"""Fields of a stored photo that belong to one library: the importing one gives its own (`home` by its zones)."""
KEPT_FIELDS: Final = tuple(f for f in PhotoRecord.__struct_fields__ if f not in OWN)
Names = Mapping[str, str | None]
"""Titles or names by local id."""


def photo_line(seen: SeenPhoto, albums: Names, people: Names) -> dict[str, Any]:
    """The line without its files. Albums and people that are no more are left out."""
    record, content = seen.record, seen.content or Content(source_id=seen.record.id)
    wire = _wire(seen, content)
    try:
        kept = _kept(seen, content, wire)
    except BadRecord:  # older rules let something in that a record may not hold: all of it is kept as it is stored
        wire = {"sourceId": content.source_id}
        kept = _kept(seen, content, wire)
    wire["albums"] = [_named(a, "title", albums) for a in record.albums if a in albums]
    wire["people"] = [_named(p, "name", people) for p in record.people if p in people]
    line = {k: v for k, v in wire.items() if v not in (None, [], (), {})}
    return {**line, "stored": kept} if kept else line


def _kept(seen: SeenPhoto, content: Content, wire: Mapping[str, Any]) -> dict[str, Any]:
    record = seen.record
    read = read_record({k: v for k, v in wire.items() if v is not None})
    fresh = PhotoRecord(owner=record.owner, id=record.id, version=0, added_at_ms=0, changed_at_ms=0)
    pinned = read.place_id is not None
    links = Links(
        digest="",
        labels=record.labels if read.labels else (),
        keywords=read.keywords,
        place=record.place if pinned else None,
        time_zone=record.time_zone if pinned else None,
        data_version=record.place_data if pinned else None,
    )
    again = draft(read, links, fresh, None)
    kept: dict[str, Any] = {
        f: msgspec.to_builtins(v) for f in KEPT_FIELDS if (v := getattr(record, f)) != getattr(again.record, f)
    }
    if again.content != content:
        kept[Kept.CONTENT] = msgspec.to_builtins(content)
    if again.coordinates != seen.coordinates:
        kept[Kept.COORDINATES] = msgspec.to_builtins(seen.coordinates)
    return kept


def _wire(seen: SeenPhoto, content: Content) -> dict[str, Any]:
    r, point, vector = seen.record, seen.coordinates or Coordinates(0.0, 0.0), seen.embedding
    located = seen.coordinates is not None
    return {
        "sourceId": content.source_id,
        "mediaType": None if r.media_type == "UNKNOWN" else r.media_type,
        "fileName": content.file_name,
        "takenAt": None if r.taken_local is None else written(r.taken_local, r.offset_minutes),
        "caption": content.caption,
        "captionLanguage": content.caption_language,
        "recognizedText": content.recognized_text,
        "latitude": point.latitude if located else None,
        "longitude": point.longitude if located else None,
        "altitudeMeters": point.altitude_m,
        "placeId": r.place if r.place_pinned else None,
        "width": r.width,
        "height": r.height,
        "durationSeconds": r.duration_s,
        "contentType": r.content_type,
        "fileSize": r.file_size,
        "camera": _given(make=r.camera_make, model=r.camera_model, lens=r.lens),
        "exposure": _given(iso=r.iso, aperture=r.aperture, shutterSeconds=r.shutter_s, focalLengthMm=r.focal_length_mm),
        "labels": [{"key": m.concept, "confidence": m.confidence} for m in r.labels],
        "keywords": list(content.keywords),
        "embedding": None if vector is None else {"model": vector.model, "vector": list(vector.vector)},
        "favorite": r.favorite or None,
        "hidden": r.hidden or None,
        "rating": r.rating,
        "trashedAt": None if r.trashed_at_ms is None else rfc3339(r.trashed_at_ms),
    }


def _given(**values: Any) -> dict[str, Any] | None:
    return {k: v for k, v in values.items() if v is not None} or None


def _named(local: str, what: str, names: Names) -> dict[str, str]:
    name = names[local]
    return {"key": local} if name is None else {"key": local, what: name}


def rfc3339(at_ms: int) -> str:
    """An instant in UTC, to the millisecond where it has any."""
    text = datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="milliseconds" if at_ms % 1_000 else "seconds")
    return text.replace("+00:00", "Z")
