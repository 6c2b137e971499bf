"""The record of an import: one photo as its owner's other program told it, checked and in normal form.

The JSON names are those of the contract ("Record for import"). Only `sourceId` is required. Normal form means:
texts are NFC without outer blanks (empty ones are absent); lists hold each key once; a bare `"Ana"` is the person whose
key and name are `Ana`; exactly (0, 0) is what devices write that know no place, so it is no location; a time is
wall clock, offset and where the offset came from. What is not here is absent, never guessed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

MAX_PEOPLE = 200
MAX_LABELS = 200
MAX_ALBUMS = 100
MAX_KEYWORDS = 500
MAX_CAPTION = 10_000
MAX_RECOGNIZED_TEXT = 50_000
MAX_NAME = 500  # names, titles, keys, file names, makes and models, in characters
MAX_VECTOR = 4_096

Name = Annotated[str, Meta(max_length=MAX_NAME)]
Key = Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
Pixels = Annotated[int, Meta(ge=1, le=1_000_000)]


class MediaType(StrEnum):
    """What kind of item it is."""

    PHOTO = "PHOTO"
    VIDEO = "VIDEO"
    UNKNOWN = "UNKNOWN"


class OffsetSource(StrEnum):
    """Where the offset of `taken_local` came from; the writer fills in PLACE and OWNER."""

    RECORD = "RECORD"
    EXIF = "EXIF"
    GPS = "GPS"
    PLACE = "PLACE"
    OWNER = "OWNER"


class CameraRecord(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What took it."""

    make: Name | None = None
    model: Name | None = None
    lens: Name | None = None


class ExposureRecord(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """How it was taken: f-number, seconds, millimetres of the real lens."""

    iso: Annotated[int, Meta(ge=1, le=10_000_000)] | None = None
    aperture: Annotated[float, Meta(gt=0, le=1_000)] | None = None
    shutter_seconds: Annotated[float, Meta(gt=0, le=864_000)] | None = None
    focal_length_mm: Annotated[float, Meta(gt=0, le=100_000)] | None = None


class LabelRecord(msgspec.Struct, frozen=True, rename="camel"):
    """What is seen in it: a concept's key as the writer gave it; unsaid confidence is certainty."""

    key: Key
    confidence: Annotated[float, Meta(ge=0, le=1)] = 1.0


class PersonRecord(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Who is in it: `key` tells this owner's people apart."""

    key: Key
    name: Name | None = None


class AlbumRecord(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Which album it is in: `key` tells this owner's albums apart."""

    key: Key
    title: Name | None = None


class EmbeddingRecord(msgspec.Struct, frozen=True, rename="camel"):
    """A vector somebody has computed already: finite, not all zero, any length."""

    model: Annotated[str, Meta(min_length=1, max_length=200)]
    vector: Annotated[tuple[float, ...], Meta(min_length=1, max_length=MAX_VECTOR)]


class Kept:
    """Names in `ImportRecord.kept` that are not fields of the stored photo, but whole sealed parts of it."""

    CONTENT = "content"
    COORDINATES = "coordinates"


class ImportRecord(msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    """One photo, checked. `resolvers.importing.record_reading` makes it from a mapping or from JSON, and JSON from it."""

    source_id: Annotated[str, Meta(min_length=1, max_length=1_000)]
    media_type: MediaType = MediaType.UNKNOWN
    file_name: Name | None = None
    taken_local: str | None = None
    """The wall clock where it was taken, to the second: `2024-05-01T10:00:00`."""
    utc_offset_minutes: int | None = None
    offset_source: OffsetSource | None = None
    caption: Annotated[str, Meta(max_length=MAX_CAPTION)] | None = None
    caption_language: Annotated[str, Meta(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")] | None = None
    recognized_text: Annotated[str, Meta(max_length=MAX_RECOGNIZED_TEXT)] | None = None
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    altitude_meters: Annotated[float, Meta(ge=-12_000, le=100_000)] | None = None
    place_id: Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")] | None = None
    """The place's code (`IT.16`), not its global id."""
    width: Pixels | None = None
    height: Pixels | None = None
    duration_seconds: Annotated[float, Meta(ge=0, le=2_592_000)] | None = None
    content_type: Annotated[str, Meta(max_length=127, pattern=r"^[A-Za-z0-9.+-]+/[A-Za-z0-9.+_-]+$")] | None = None
    file_size: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    camera: CameraRecord | None = None
    exposure: ExposureRecord | None = None
    labels: Annotated[tuple[LabelRecord, ...], Meta(max_length=MAX_LABELS)] = ()
    people: Annotated[tuple[PersonRecord, ...], Meta(max_length=MAX_PEOPLE)] = ()
    albums: Annotated[tuple[AlbumRecord, ...], Meta(max_length=MAX_ALBUMS)] = ()
    keywords: Annotated[tuple[Key, ...], Meta(max_length=MAX_KEYWORDS)] = ()
    embedding: EmbeddingRecord | None = None
    favorite: bool = False
    hidden: bool = False
    rating: Annotated[int, Meta(ge=1, le=5)] | None = None
    trashed_at: str | None = None
    """An instant in UTC: `2024-05-01T08:00:00Z`."""
    motion_id: Annotated[str, Meta(pattern="^sha256:[0-9a-f]{64}$")] | None = None
    """The moving part of a live photo, by the hash of its file. Files only, like those that follow."""
    burst_id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    """What the camera calls the burst it belongs to."""
    of_bytes_only: bool = False
    """Everything here stands in the file itself, whose bytes are its identity: told again, it is no news."""
    taken_in_utc: bool = False
    """`taken_local` is an instant in UTC whose wall clock only the place can tell."""
    kept: dict[str, Any] | None = None
    """From an export only: values of the stored photo as they were, by the names of `PhotoRecord`, and `Kept`."""


class BadRecord(ValueError):
    """A record that cannot be taken. `reason` is a phrase that follows the field's name and holds no value."""

    def __init__(self, reason: str, field: str | None = None) -> None:
        super().__init__(f"{field} {reason}" if field else reason)
        self.reason = reason
        self.field = field
