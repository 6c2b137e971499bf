"""Writes one photo as a line of an export: an import record, and in `stored` the values that no import record can express.

`stored` contains only the values that importing the record would not restore. They are found by drafting the record and
comparing, so a new stored field needs no change here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from datasources.tables.photos import Content, Coordinates, PhotoRecord, SeenPhoto
from resolvers.importing.common_fields import wire_values
from resolvers.importing.drafting import ResolvedReferences, draft
from resolvers.importing.moments import format_moment
from resolvers.importing.record_reading import read_record
from resolvers.importing.records import BadRecord, SealedPart

LIBRARY_FIELDS: Final = frozenset(
    {"owner", "id", "version", "added_at_ms", "changed_at_ms", "deleted", "source_digest", "sealed", "albums", "people", "home"}
)
"""Fields that are valid in one library only; an import sets its own values (`home` follows from its home zones)."""
EXPORTED_FIELDS: Final = tuple(f for f in PhotoRecord.__struct_fields__ if f not in LIBRARY_FIELDS)
NamesById = Mapping[str, str | None]
"""Titles or names by local id."""


def photo_line(seen: SeenPhoto, albums: NamesById, people: NamesById) -> dict[str, Any]:
    """The line without its file names. Deleted albums and people are left out."""
    record, content = seen.record, seen.content or Content(source_id=seen.record.id)
    wire = _wire(seen, content)
    try:
        stored = _stored_values(seen, content, wire)
    except BadRecord:  # the photo was stored under older rules that allowed more: export all its values in `stored`
        wire = {"sourceId": content.source_id}
        stored = _stored_values(seen, content, wire)
    wire["albums"] = [_reference(a, "title", albums) for a in record.albums if a in albums]
    wire["people"] = [_reference(p, "name", people) for p in record.people if p in people]
    line = {k: v for k, v in wire.items() if v not in (None, [], (), {})}
    return {**line, "stored": stored} if stored else line


def _stored_values(seen: SeenPhoto, content: Content, wire: Mapping[str, Any]) -> dict[str, Any]:
    record = seen.record
    read = read_record({k: v for k, v in wire.items() if v is not None})
    empty = PhotoRecord(owner=record.owner, id=record.id, version=0, added_at_ms=0, changed_at_ms=0)
    pinned = read.place_id is not None
    links = ResolvedReferences(
        digest="",
        labels=record.labels if read.labels else (),
        keywords=read.keywords,
        place=record.place if pinned else None,
        time_zone=record.time_zone if pinned else None,
        data_version=record.place_data if pinned else None,
    )
    imported = draft(read, links, empty, None)
    stored: dict[str, Any] = {
        f: msgspec.to_builtins(v) for f in EXPORTED_FIELDS if (v := getattr(record, f)) != getattr(imported.record, f)
    }
    if imported.content != content:
        stored[SealedPart.CONTENT] = msgspec.to_builtins(content)
    if imported.coordinates != seen.coordinates:
        stored[SealedPart.COORDINATES] = msgspec.to_builtins(seen.coordinates)
    return stored


def _wire(seen: SeenPhoto, content: Content) -> dict[str, Any]:
    r, point, vector = seen.record, seen.coordinates or Coordinates(0.0, 0.0), seen.embedding
    located = seen.coordinates is not None
    return {
        "sourceId": content.source_id,
        **wire_values(r, content),
        "mediaType": None if r.media_type == "UNKNOWN" else r.media_type,
        "takenAt": None if r.taken_local is None else format_moment(r.taken_local, r.offset_minutes),
        "takenFromFileName": r.taken_from_file_name,
        "latitude": point.latitude if located else None,
        "longitude": point.longitude if located else None,
        "altitudeMeters": point.altitude_m,
        "placeId": r.place if r.place_pinned else None,
        "durationSeconds": r.duration_s,
        "camera": _without_nulls(make=r.camera_make, model=r.camera_model, lens=r.lens),
        "exposure": _without_nulls(iso=r.iso, aperture=r.aperture, shutterSeconds=r.shutter_s, focalLengthMm=r.focal_length_mm),
        "labels": [{"key": m.concept, "confidence": m.confidence} for m in r.labels],
        "keywords": list(content.keywords),
        "embedding": None if vector is None else {"model": vector.model, "vector": list(vector.vector)},
        "favorite": r.favorite or None,
        "hidden": r.hidden or None,
        "trashedAt": None if r.trashed_at_ms is None else rfc3339(r.trashed_at_ms),
    }


def _without_nulls(**values: Any) -> dict[str, Any] | None:
    return {k: v for k, v in values.items() if v is not None} or None


def _reference(local: str, what: str, names: NamesById) -> dict[str, str]:
    name = names[local]
    return {"key": local} if name is None else {"key": local, what: name}


def rfc3339(at_ms: int) -> str:
    """An instant in UTC in RFC 3339, with milliseconds if they are not zero."""
    text = datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="milliseconds" if at_ms % 1_000 else "seconds")
    return text.replace("+00:00", "Z")
