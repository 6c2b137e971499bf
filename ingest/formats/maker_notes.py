"""Reads maker notes: the time zone of the camera (Canon, Nikon), identifiers of live photos and bursts (Apple), and the lens."""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from ingest.formats import lenses
from ingest.formats.lenses import lens_range
from pictures.formats.tiff import BadTiff, Directory, directory, first_directory

_NOTE: Final = 0x927C
_APPLE, _NIKON = b"Apple iOS\0", b"Nikon\0\2"
_APPLE_BURST, _APPLE_CONTENT = 0x000B, 0x0011
_CANON_TIME, _NIKON_TIME = 0x0035, 0x0024


@dataclass(frozen=True, slots=True)
class MakerNote:
    """The values of a maker note. `lens` is a name, `lens_range` the focal lengths and apertures of a lens without one."""

    offset_minutes: int | None = None
    content_id: str | None = None
    burst: str | None = None
    lens: str = ""
    lens_range: str = ""


def read_maker_note(photo: Directory, make: str) -> MakerNote:
    """The maker note of a photo; without values if it is damaged or of another maker."""
    place = photo.place_of(_NOTE)
    if place is None or place[1] > 1 << 20:
        return MakerNote()
    at = place[0]
    start = photo.data[at : at + 16]
    with suppress(BadTiff):
        if start.startswith(_APPLE):
            order = {b"MM": ">", b"II": "<"}.get(start[12:14])
            return _apple(directory(photo.data, order, at, 14)) if order else MakerNote()
        if start.startswith(_NIKON):
            note = first_directory(photo.data, at + 10)
            return MakerNote(_nikon_offset(note), lens_range=lens_range(note.get(lenses.NIKON_LENS)))
        if make.lower().startswith("canon"):
            note = directory(photo.data, photo.order, photo.start, at - photo.start)
            return MakerNote(_canon_offset(note), lens=lenses.canon_name(note), lens_range=lenses.canon_range(note))
        return MakerNote(lens=lenses.name_of_other_makers(photo, at), lens_range=lenses.range_of_other_makers(photo, at, make))
    return MakerNote()


def _apple(note: Directory) -> MakerNote:
    return MakerNote(content_id=_uuid(note.get(_APPLE_CONTENT)), burst=_uuid(note.get(_APPLE_BURST)))


def _uuid(value: object) -> str | None:
    if isinstance(value, bytes):
        with suppress(ValueError):
            return str(uuid.UUID(value.split(b"\0", 1)[0].decode("ascii", "replace").strip())).upper()
    return None


def _canon_offset(note: Directory) -> int | None:
    """The offset from TimeInfo: size, time zone in minutes, city (0 if never set), daylight saving time in minutes."""
    value = note.get(_CANON_TIME)
    if not isinstance(value, tuple) or len(value) < 4 or not value[2]:  # noqa: PLR2004
        return None
    zone = int(value[1])
    zone -= 1 << 32 if zone >= 1 << 31 else 0
    return _valid_offset(zone + (60 if value[3] else 0))


def _nikon_offset(note: Directory) -> int | None:
    """The offset from WorldTime: time zone in minutes, whether it is daylight saving time, date format."""
    value = note.get(_NIKON_TIME)
    if not isinstance(value, bytes) or len(value) < 3:  # noqa: PLR2004
        return None
    zone = int.from_bytes(value[:2], "big" if note.order == ">" else "little", signed=True)
    return _valid_offset(zone + (60 if value[2] == 1 else 0))


def _valid_offset(minutes: int) -> int | None:
    return minutes if -12 * 60 <= minutes <= 14 * 60 and minutes % 15 == 0 else None
