"""From an import record to the photo to be written: pure, nothing is read here.

What a record does not mention stays as it was. Labels and keywords that it mentions replace the old ones; albums and
people are added to those that the owner has put the photo in meanwhile.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from datasources.tables.photos import Content, Coordinates, Draft, Embedding, LabelMark, PhotoRecord, SeenPhoto
from resolvers.importing.records import (
    MAX_ALBUMS,
    MAX_KEYWORDS,
    MAX_PEOPLE,
    CameraRecord,
    ExposureRecord,
    ImportRecord,
    Kept,
    MediaType,
    OffsetSource,
)


@dataclass(frozen=True, slots=True)
class Links:
    """What the names in a record stand for in this library."""

    digest: str
    albums: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    labels: tuple[LabelMark, ...] = ()
    keywords: tuple[str, ...] = ()
    place: str | None = None
    time_zone: str | None = None
    data_version: str | None = None
    burst: str | None = None


def draft(record: ImportRecord, links: Links, old: PhotoRecord, seen: SeenPhoto | None) -> Draft:
    """The next version of a photo; `seen` opens what is sealed in the old one."""
    fields = {**_plain(record), **_time(record, links), **_lists(record, links, old), **_place(record, links, old)}
    content = _content(record, links, seen.content if seen else None)
    written = msgspec.structs.replace(
        old, **fields, deleted=False, has_caption=content.caption is not None, source_digest=links.digest
    )
    made = Draft(written, content, _coordinates(record), _embedding(record))
    return made if record.kept is None else _as_kept(made, record.kept)


def _as_kept(made: Draft, kept: Mapping[str, Any]) -> Draft:
    """As an export has it: no rule of reading comes between."""
    fields = {name: value for name, value in kept.items() if name not in {Kept.CONTENT, Kept.COORDINATES}}
    content, where = kept.get(Kept.CONTENT, made.content), kept.get(Kept.COORDINATES, made.coordinates)
    record = msgspec.structs.replace(made.record, **fields)
    record = msgspec.structs.replace(record, has_caption=content.caption is not None)
    return dataclasses.replace(made, record=record, content=content, coordinates=where)


def fill_missing(record: ImportRecord, old: PhotoRecord, content: Content | None) -> ImportRecord:
    """Only what a photo does not have yet: a further copy of its file must not undo what its owner, or its sidecar, said."""
    content = content or Content(source_id=record.source_id)
    known = {
        "taken_local": old.taken_local is not None,
        "latitude": old.has_location,
        "longitude": old.has_location,
        "altitude_meters": old.has_location,
        "rating": old.rating is not None,
        "caption": content.caption is not None,
        "file_name": content.file_name is not None,
        "motion_id": content.motion_id is not None,
    }
    kept: dict[str, object] = {name: None for name, is_known in known.items() if is_known}
    if old.labels or content.keywords:
        kept |= {"labels": (), "keywords": ()}
    return msgspec.structs.replace(record, favorite=False, hidden=False, trashed_at=None, **kept)


def is_changed(draft: Draft, old: PhotoRecord, seen: SeenPhoto) -> bool:
    """Whether writing the draft would change anything."""
    if draft.record != old or draft.content != seen.content or draft.embedding is not None:
        return True
    return draft.coordinates is not None and draft.coordinates != seen.coordinates


def _plain(record: ImportRecord) -> dict[str, object]:
    camera, exposure = record.camera or CameraRecord(), record.exposure or ExposureRecord()
    given = {
        "media_type": None if record.media_type is MediaType.UNKNOWN else record.media_type.value,
        "content_type": record.content_type,
        "file_size": record.file_size,
        "width": record.width,
        "height": record.height,
        "duration_s": record.duration_seconds,
        "camera_make": camera.make,
        "camera_model": camera.model,
        "lens": camera.lens,
        "iso": exposure.iso,
        "aperture": exposure.aperture,
        "shutter_s": exposure.shutter_seconds,
        "focal_length_mm": exposure.focal_length_mm,
        "favorite": record.favorite or None,
        "hidden": record.hidden or None,
        "rating": record.rating,
        "trashed_at_ms": _milliseconds(record.trashed_at),
    }
    return {name: value for name, value in given.items() if value is not None}


def _time(record: ImportRecord, links: Links) -> dict[str, object]:
    """A known offset only (DECISIONS 22): one assumed from the place is not stored, its zone says it at any time.

    Where a file knows the instant, the place's zone does not assume: it gives the wall clock.
    """
    if record.taken_local is None:
        return {}
    if record.taken_in_utc and links.time_zone is not None:
        instant = datetime.fromisoformat(record.taken_local).replace(tzinfo=UTC)
        with suppress(ValueError, LookupError, OverflowError):
            there = instant.astimezone(ZoneInfo(links.time_zone))
            return {
                "taken_local": there.replace(tzinfo=None).isoformat(timespec="seconds"),
                "offset_minutes": round((there.utcoffset() or timedelta()).total_seconds() / 60),
                "offset_source": OffsetSource.PLACE.value,
            }
    source = record.offset_source
    return {
        "taken_local": record.taken_local,
        "offset_minutes": record.utc_offset_minutes,
        "offset_source": source.value if source and record.utc_offset_minutes is not None else None,
    }


def _lists(record: ImportRecord, links: Links, old: PhotoRecord) -> dict[str, object]:
    fields: dict[str, object] = {
        "albums": tuple(dict.fromkeys((*old.albums, *links.albums)))[:MAX_ALBUMS],
        "people": tuple(dict.fromkeys((*old.people, *links.people)))[:MAX_PEOPLE],
    }
    if record.labels:
        fields["labels"] = links.labels
    if links.burst is not None:
        fields["burst"] = links.burst
    return fields


def _place(record: ImportRecord, links: Links, old: PhotoRecord) -> dict[str, object]:
    """A place named by the record is pinned; one that the owner pinned is not resolved away."""
    fields: dict[str, object] = {} if record.latitude is None else {"has_location": True}
    if record.place_id is not None and links.place == record.place_id:
        fields |= {"place": links.place, "place_pinned": True, "time_zone": links.time_zone, "place_data": links.data_version}
    elif record.latitude is not None and not old.place_pinned:
        fields |= {"place": links.place, "time_zone": links.time_zone, "place_data": links.data_version}
    return fields


def _content(record: ImportRecord, links: Links, old: Content | None) -> Content:
    kept = old or Content(source_id=record.source_id)
    said = {
        "caption": record.caption,
        "caption_language": record.caption_language,
        "file_name": record.file_name,
        "recognized_text": record.recognized_text,
        "motion_id": record.motion_id,
        "keywords": links.keywords[:MAX_KEYWORDS] or None,
    }
    return msgspec.structs.replace(kept, source_id=record.source_id, **{n: v for n, v in said.items() if v is not None})


def _coordinates(record: ImportRecord) -> Coordinates | None:
    if record.latitude is None or record.longitude is None:
        return None
    return Coordinates(record.latitude, record.longitude, record.altitude_meters)


def _embedding(record: ImportRecord) -> Embedding | None:
    return None if record.embedding is None else Embedding(record.embedding.model, record.embedding.vector)


def _milliseconds(instant: str | None) -> int | None:
    return None if instant is None else round(datetime.fromisoformat(instant).timestamp() * 1_000)
