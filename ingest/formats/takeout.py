"""The JSON that Google Takeout lays beside each photo, and the one that tells of an album."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from ingest.formats.exif import cleaned, one_line
from ingest.formats.exif_place import plausible
from ingest.formats.metadata import Moment, SourceMetadata
from resolvers.importing.records import MAX_CAPTION, OffsetSource

_EARLIEST, _LATEST = -62_135_596_800, 253_402_300_799
_OF_PHOTOS = frozenset({"photoTakenTime", "geoData", "googlePhotosOrigin", "photoLastModifiedTime", "imageViews"})
_OF_ALBUMS = frozenset({"albumData", "access", "sharedAlbumComments", "enrichments", "date", "description", "location"})


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What a photo's JSON tells. `place_by_hand`: its position is not the one that came in the file."""

    title: str
    told: SourceMetadata
    place_by_hand: bool


def read_json(raw: bytes) -> Mapping[str, Any] | None:
    """None if it is no JSON object."""
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = msgspec.json.decode(raw.removeprefix(b"\xef\xbb\xbf"))
        return found if isinstance(found, dict) else None
    return None


def sidecar(found: Mapping[str, Any]) -> Sidecar | None:
    """None if it is not of a photo."""
    if not _OF_PHOTOS & found.keys():
        return None
    told = SourceMetadata()
    if description := cleaned(_text(found, "description")):
        told.fields["caption"] = description[:MAX_CAPTION]
    for name, field in (("favorited", "favorite"), ("archived", "hidden")):
        if found.get(name) is True:
            told.fields[field] = True
    taken = _instant(found, "photoTakenTime")
    if found.get("trashed") is True and (
        when := _instant(found, "photoLastModifiedTime") or _instant(found, "creationTime") or taken
    ):
        told.fields["trashedAt"] = f"{when}Z"
    if taken is not None:
        told.moment = Moment(taken, 0, OffsetSource.RECORD, in_utc=True)
    by_hand, place = _place(found, "geoData", told)
    in_file, _ = _place(found, "geoDataExif", SourceMetadata())
    told.fields |= place
    people = found.get("people")
    names = [_text(p, "name") for p in people if isinstance(p, Mapping)] if isinstance(people, list) else []
    told.people = [name for name in dict.fromkeys(one_line(name) for name in names) if name]
    return Sidecar(_text(found, "title"), told, by_hand is not None and in_file is not None and by_hand != in_file)


def album_title(found: Mapping[str, Any]) -> str | None:
    """The title, if the JSON tells of an album; empty where the album has none."""
    inner = found.get("albumData")
    found = inner if isinstance(inner, Mapping) else found
    if _OF_PHOTOS & found.keys() - {"imageViews"} or not isinstance(found.get("title"), str) or len(found) < 2:  # noqa: PLR2004
        return None
    return one_line(_text(found, "title")) if _OF_ALBUMS & found.keys() or inner is not None else None


def title_of(found: Mapping[str, Any]) -> str | None:
    """The name that a photo had before Takeout changed it."""
    return _text(found, "title") or None if _OF_PHOTOS & found.keys() else None


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _instant(found: Mapping[str, Any], name: str) -> str | None:
    """UTC to the second; Takeout writes seconds as text. Zero is a photo without a time."""
    inner = found.get(name)
    value = inner.get("timestamp") if isinstance(inner, Mapping) else None
    with suppress(ValueError, TypeError, OverflowError, OSError):
        seconds = int(value) if isinstance(value, str | int) and not isinstance(value, bool) else 0
        if seconds and _EARLIEST <= seconds <= _LATEST:
            return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()
    return None


def _place(found: Mapping[str, Any], name: str, told: SourceMetadata) -> tuple[tuple[float, float] | None, dict[str, Any]]:
    """(0, 0) is none; so is an altitude of exactly zero, which stands for an unknown one here."""
    inner = found.get(name)
    if not isinstance(inner, Mapping):
        return None, {}
    numbers = [inner.get(axis) for axis in ("latitude", "longitude", "altitude")]
    latitude, longitude, altitude = (
        float(n) if isinstance(n, int | float) and not isinstance(n, bool) else None for n in numbers
    )
    if latitude is None and longitude is None:
        return None, {}
    place, remarks = plausible(latitude, longitude, altitude or None, "Takeout")
    told.remarks += remarks
    return ((place["latitude"], place["longitude"]) if place else None), place
