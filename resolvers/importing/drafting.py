"""Builds the next version of a photo from an import record. Pure: no I/O.

Fields that the record does not have keep their stored values. Labels and keywords of the record replace the stored ones;
albums and people are added to the stored ones.
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
from resolvers.importing.common_fields import CONTENT_FIELDS, RECORD_FIELDS, given_values, stored_names
from resolvers.importing.records import (
    MAX_ALBUMS,
    MAX_KEYWORDS,
    MAX_PEOPLE,
    CameraRecord,
    ExposureRecord,
    ImportRecord,
    MediaType,
    OffsetSource,
    SealedPart,
)


@dataclass(frozen=True, slots=True)
class ResolvedReferences:
    """The local ids of the names in a record, and the record's digest."""

    digest: str
    albums: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    labels: tuple[LabelMark, ...] = ()
    keywords: tuple[str, ...] = ()
    place: str | None = None
    time_zone: str | None = None
    data_version: str | None = None
    burst: str | None = None


def draft(record: ImportRecord, links: ResolvedReferences, old: PhotoRecord, seen: SeenPhoto | None) -> Draft:
    """The next version of a photo; `seen` gives the decrypted values of `old`."""
    fields = {
        **_plain_fields(record),
        **_time_fields(record, links),
        **_list_fields(record, links, old),
        **_place_fields(record, links, old),
    }
    content = _content(record, links, seen.content if seen else None)
    written = msgspec.structs.replace(
        old, **fields, deleted=False, has_caption=content.caption is not None, source_digest=links.digest
    )
    new = Draft(written, content, _coordinates(record), _embedding(record))
    return new if record.stored is None else _with_stored_values(new, record.stored)


def _with_stored_values(new: Draft, stored: Mapping[str, Any]) -> Draft:
    """Sets values exported by `resolvers.exporting.lines` as they are, without the rules of import."""
    fields = {name: value for name, value in stored.items() if name not in {SealedPart.CONTENT, SealedPart.COORDINATES}}
    content, point = stored.get(SealedPart.CONTENT, new.content), stored.get(SealedPart.COORDINATES, new.coordinates)
    record = msgspec.structs.replace(new.record, **fields)
    record = msgspec.structs.replace(record, has_caption=content.caption is not None)
    return dataclasses.replace(new, record=record, content=content, coordinates=point)


def fill_missing(record: ImportRecord, old: PhotoRecord, content: Content | None) -> ImportRecord:
    """The record without fields that the photo already has, so that another copy of its file does not overwrite edits."""
    content = content or Content(source_id=record.source_id)
    known = {
        "taken_local": old.taken_local is not None,
        "latitude": old.has_location,
        "longitude": old.has_location,
        "altitude_meters": old.has_location,
    }
    names = [*(name for name, is_known in known.items() if is_known), *stored_names(old, content)]
    cleared: dict[str, object] = dict.fromkeys(names)
    if old.labels or content.keywords:
        cleared |= {"labels": (), "keywords": ()}
    return msgspec.structs.replace(record, favorite=False, hidden=False, trashed_at=None, **cleared)


def is_changed(draft: Draft, old: PhotoRecord, seen: SeenPhoto) -> bool:
    """Whether writing the draft would change anything."""
    if draft.record != old or draft.content != seen.content or draft.embedding is not None:
        return True
    return draft.coordinates is not None and draft.coordinates != seen.coordinates


def _plain_fields(record: ImportRecord) -> dict[str, object]:
    camera, exposure = record.camera or CameraRecord(), record.exposure or ExposureRecord()
    converted = {
        "media_type": None if record.media_type is MediaType.UNKNOWN else record.media_type.value,
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
        "trashed_at_ms": _milliseconds(record.trashed_at),
    }
    return given_values(record, RECORD_FIELDS) | {n: v for n, v in converted.items() if v is not None}


def _time_fields(record: ImportRecord, links: ResolvedReferences) -> dict[str, object]:
    """Only a known UTC offset is stored; one assumed from the place is computed from its time zone when it is read.

    For a file that states the instant in UTC, the place's time zone gives the exact wall clock, so its offset is stored.
    """
    if record.taken_local is None:
        return {}
    if record.taken_in_utc and links.time_zone is not None:
        instant = datetime.fromisoformat(record.taken_local).replace(tzinfo=UTC)
        with suppress(ValueError, LookupError, OverflowError):
            local = instant.astimezone(ZoneInfo(links.time_zone))
            return {
                "taken_local": local.replace(tzinfo=None).isoformat(timespec="seconds"),
                "offset_minutes": round((local.utcoffset() or timedelta()).total_seconds() / 60),
                "offset_source": OffsetSource.PLACE.value,
                "taken_from_file_name": record.taken_from_file_name,
            }
    source = record.offset_source
    return {
        "taken_local": record.taken_local,
        "offset_minutes": record.utc_offset_minutes,
        "offset_source": source.value if source and record.utc_offset_minutes is not None else None,
        "taken_from_file_name": record.taken_from_file_name,
    }


def _list_fields(record: ImportRecord, links: ResolvedReferences, old: PhotoRecord) -> dict[str, object]:
    fields: dict[str, object] = {
        "albums": tuple(dict.fromkeys((*old.albums, *links.albums)))[:MAX_ALBUMS],
        "people": tuple(dict.fromkeys((*old.people, *links.people)))[:MAX_PEOPLE],
    }
    if record.labels:
        fields["labels"] = links.labels
    if links.burst is not None:
        fields["burst"] = links.burst
    return fields


def _place_fields(record: ImportRecord, links: ResolvedReferences, old: PhotoRecord) -> dict[str, object]:
    """A place id in the record pins the place; a place that the owner pinned is not replaced by a resolved one."""
    fields: dict[str, object] = {} if record.latitude is None else {"has_location": True}
    if record.place_id is not None and links.place == record.place_id:
        fields |= {"place": links.place, "place_pinned": True, "time_zone": links.time_zone, "place_data": links.data_version}
    elif record.latitude is not None and not old.place_pinned:
        fields |= {"place": links.place, "time_zone": links.time_zone, "place_data": links.data_version}
    return fields


def _content(record: ImportRecord, links: ResolvedReferences, old: Content | None) -> Content:
    base = old or Content(source_id=record.source_id)
    given = given_values(record, CONTENT_FIELDS)
    if links.keywords:
        given["keywords"] = links.keywords[:MAX_KEYWORDS]
    return msgspec.structs.replace(base, source_id=record.source_id, **given)


def _coordinates(record: ImportRecord) -> Coordinates | None:
    if record.latitude is None or record.longitude is None:
        return None
    return Coordinates(record.latitude, record.longitude, record.altitude_meters)


def _embedding(record: ImportRecord) -> Embedding | None:
    return None if record.embedding is None else Embedding(record.embedding.model, record.embedding.vector)


def _milliseconds(instant: str | None) -> int | None:
    return None if instant is None else round(datetime.fromisoformat(instant).timestamp() * 1_000)
