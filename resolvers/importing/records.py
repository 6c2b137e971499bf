"""The import record: one photo as another program describes it, validated and in normal form.

The JSON names are documented in docs/import.md. Only `sourceId` is required. In normal form texts are NFC without outer
whitespace (empty ones are absent), lists contain each key once, the string `"Ana"` in `people` is a person with key and
name `Ana`, the coordinates (0, 0) are absent because devices write them when they have no position, and a time is a wall
clock, an offset and the source of the offset. Missing values are absent, never guessed.
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
    """Photo or video."""

    PHOTO = "PHOTO"
    VIDEO = "VIDEO"
    UNKNOWN = "UNKNOWN"


class OffsetSource(StrEnum):
    """The source of the UTC offset of `taken_local`; PLACE and OWNER are set when a photo is written."""

    RECORD = "RECORD"
    EXIF = "EXIF"
    GPS = "GPS"
    PLACE = "PLACE"
    OWNER = "OWNER"


class CameraRecord(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Make, model and lens of the camera."""

    make: Name | None = None
    model: Name | None = None
    lens: Name | None = None


class ExposureRecord(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Exposure: ISO, f-number, shutter time in seconds, real focal length in millimetres."""

    iso: Annotated[int, Meta(ge=1, le=10_000_000)] | None = None
    aperture: Annotated[float, Meta(gt=0, le=1_000)] | None = None
    shutter_seconds: Annotated[float, Meta(gt=0, le=864_000)] | None = None
    focal_length_mm: Annotated[float, Meta(gt=0, le=100_000)] | None = None


class LabelRecord(msgspec.Struct, frozen=True, rename="camel"):
    """A label of the picture; `key` is a concept id or a word. The default confidence is 1."""

    key: Key
    confidence: Annotated[float, Meta(ge=0, le=1)] = 1.0


class PersonRecord(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A person in the picture; `key` identifies the person within the owner's library."""

    key: Key
    name: Name | None = None


class AlbumRecord(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """An album that contains the photo; `key` identifies the album within the owner's library."""

    key: Key
    title: Name | None = None


class EmbeddingRecord(msgspec.Struct, frozen=True, rename="camel"):
    """A precomputed vector: finite, not all zero, 1 to `MAX_VECTOR` components."""

    model: Annotated[str, Meta(min_length=1, max_length=200)]
    vector: Annotated[tuple[float, ...], Meta(min_length=1, max_length=MAX_VECTOR)]


class SealedPart:
    """Names in `ImportRecord.stored` of encrypted parts of the photo; its other names are fields of `PhotoRecord`."""

    CONTENT = "content"
    COORDINATES = "coordinates"


class ImportRecord(msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    """One validated photo; `resolvers.importing.record_reading` parses and writes it."""

    source_id: Annotated[str, Meta(min_length=1, max_length=1_000)]
    media_type: MediaType = MediaType.UNKNOWN
    file_name: Name | None = None
    taken_local: str | None = None
    """The local time where it was taken, in seconds precision: `2024-05-01T10:00:00`."""
    utc_offset_minutes: int | None = None
    offset_source: OffsetSource | None = None
    taken_from_file_name: bool | None = None
    """True if the time was read from the name of the file, because the file states none."""
    caption: Annotated[str, Meta(max_length=MAX_CAPTION)] | None = None
    caption_language: Annotated[str, Meta(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")] | None = None
    title: Name | None = None
    """A short title beside the caption."""
    recognized_text: Annotated[str, Meta(max_length=MAX_RECOGNIZED_TEXT)] | None = None
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    altitude_meters: Annotated[float, Meta(ge=-12_000, le=100_000)] | None = None
    place_id: Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")] | None = None
    """The gazetteer code of the place (`IT.16`), not its global id."""
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
    """The hash of the video file of a live photo. This field and the following are set from files only."""
    burst_id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    """The camera's id of the burst that the photo belongs to."""
    of_bytes_only: bool = False
    """All values come from the file itself and `source_id` is its hash, so importing it again changes nothing."""
    taken_in_utc: bool = False
    """`taken_local` is in UTC; the wall clock follows from the time zone of the place."""
    stored: dict[str, Any] | None = msgspec.field(default=None, name="kept")
    """From an export only: stored values by field name of `PhotoRecord`, and the parts named in `SealedPart`."""


class BadRecord(ValueError):
    """An invalid record. `reason` is a phrase that follows the field's name and contains no value."""

    def __init__(self, reason: str, field: str | None = None) -> None:
        super().__init__(f"{field} {reason}" if field else reason)
        self.reason = reason
        self.field = field
