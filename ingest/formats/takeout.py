"""Reads the JSON files of photos and albums in a Google Takeout."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from ingest.formats.exif import clean_text, one_line
from ingest.formats.exif_place import checked_position
from ingest.formats.metadata import Moment, SourceMetadata
from ingest.formats.precedence import TAKEOUT
from resolvers.importing.records import OffsetSource

_EARLIEST, _LATEST = -62_135_596_800, 253_402_300_799
_PHOTO_KEYS = frozenset({"photoTakenTime", "geoData", "googlePhotosOrigin", "photoLastModifiedTime", "imageViews"})
_ALBUM_KEYS = frozenset({"albumData", "access", "sharedAlbumComments", "enrichments", "date", "description", "location"})


@dataclass(frozen=True, slots=True)
class Sidecar:
    """The metadata of a photo in its JSON. `is_place_edited` means that a person moved the photo to another position."""

    title: str
    metadata: SourceMetadata
    is_place_edited: bool


def read_json(raw: bytes) -> Mapping[str, Any] | None:
    """The JSON object; None if it is invalid."""
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = msgspec.json.decode(raw.removeprefix(b"\xef\xbb\xbf"))
        return found if isinstance(found, dict) else None
    return None


def read_sidecar(found: Mapping[str, Any]) -> Sidecar | None:
    """The metadata of a photo; None if the JSON does not describe a photo."""
    if not _PHOTO_KEYS & found.keys():
        return None
    metadata = SourceMetadata(TAKEOUT)
    if description := clean_text(_text(found, "description")):
        metadata.texts["description"] = description
    for name, field in (("favorited", "favorite"), ("archived", "hidden")):
        if found.get(name) is True:
            metadata.fields[field] = True
    taken = _instant(found, "photoTakenTime")
    if found.get("trashed") is True and (
        when := _instant(found, "photoLastModifiedTime") or _instant(found, "creationTime") or taken
    ):
        metadata.fields["trashedAt"] = f"{when}Z"
    if taken is not None:
        metadata.moments["photoTakenTime"] = Moment(taken, 0, OffsetSource.RECORD, in_utc=True)
    edited, place = _place(found, "geoData", metadata)
    in_file, _ = _place(found, "geoDataExif", SourceMetadata(TAKEOUT))
    metadata.fields |= place
    people = found.get("people")
    names = [_text(p, "name") for p in people if isinstance(p, Mapping)] if isinstance(people, list) else []
    metadata.people = [name for name in dict.fromkeys(one_line(name) for name in names) if name]
    return Sidecar(_text(found, "title"), metadata, edited is not None and in_file is not None and edited != in_file)


def album_title(found: Mapping[str, Any]) -> str | None:
    """The title of an album, which may be empty; None if the JSON does not describe an album."""
    inner = found.get("albumData")
    found = inner if isinstance(inner, Mapping) else found
    if _PHOTO_KEYS & found.keys() - {"imageViews"} or not isinstance(found.get("title"), str) or len(found) < 2:  # noqa: PLR2004
        return None
    return one_line(_text(found, "title")) if _ALBUM_KEYS & found.keys() or inner is not None else None


def title_of(found: Mapping[str, Any]) -> str | None:
    """The original file name of a photo; None if the JSON does not describe a photo."""
    return _text(found, "title") or None if _PHOTO_KEYS & found.keys() else None


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _instant(found: Mapping[str, Any], name: str) -> str | None:
    """The time in UTC to the second. Takeout writes seconds as text, and zero for a photo without a time."""
    inner = found.get(name)
    value = inner.get("timestamp") if isinstance(inner, Mapping) else None
    with suppress(ValueError, TypeError, OverflowError, OSError):
        seconds = int(value) if isinstance(value, str | int) and not isinstance(value, bool) else 0
        if seconds and _EARLIEST <= seconds <= _LATEST:
            return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()
    return None


def _place(found: Mapping[str, Any], name: str, metadata: SourceMetadata) -> tuple[tuple[float, float] | None, dict[str, Any]]:
    """The position and the fields of the record. Takeout writes zeros for an unknown position or altitude."""
    inner = found.get(name)
    if not isinstance(inner, Mapping):
        return None, {}
    numbers = [inner.get(axis) for axis in ("latitude", "longitude", "altitude")]
    latitude, longitude, altitude = (
        float(n) if isinstance(n, int | float) and not isinstance(n, bool) else None for n in numbers
    )
    if latitude is None and longitude is None:
        return None, {}
    place, remarks = checked_position(latitude, longitude, altitude or None, "Takeout")
    metadata.remarks += remarks
    return ((place["latitude"], place["longitude"]) if place else None), place
