"""The few things worth having from makers' notes: the zone of the camera's clock, live photos, bursts."""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from ingest.formats.tiff import BadTiff, Directory, directory, first_directory

_NOTE: Final = 0x927C
_APPLE, _NIKON = b"Apple iOS\0", b"Nikon\0\2"
_APPLE_BURST, _APPLE_CONTENT = 0x000B, 0x0011
_CANON_TIME, _NIKON_TIME = 0x0035, 0x0024


@dataclass(frozen=True, slots=True)
class Noted:
    """What a note tells."""

    offset_minutes: int | None = None
    content_id: str | None = None
    burst: str | None = None


def notes(photo: Directory, make: str) -> Noted:
    """Of the directory of the photo; nothing where the note is of another maker, or damaged."""
    place = photo.place_of(_NOTE)
    if place is None or place[1] > 1 << 20:
        return Noted()
    at = place[0]
    start = photo.data[at : at + 16]
    with suppress(BadTiff):
        if start.startswith(_APPLE):
            order = {b"MM": ">", b"II": "<"}.get(start[12:14])
            return _apple(directory(photo.data, order, at, 14)) if order else Noted()
        if start.startswith(_NIKON):
            return Noted(_nikon_offset(first_directory(photo.data, at + 10)))
        if make.lower().startswith("canon"):
            return Noted(_canon_offset(directory(photo.data, photo.order, photo.start, at - photo.start)))
    return Noted()


def _apple(note: Directory) -> Noted:
    return Noted(content_id=_uuid(note.get(_APPLE_CONTENT)), burst=_uuid(note.get(_APPLE_BURST)))


def _uuid(value: object) -> str | None:
    if isinstance(value, bytes):
        with suppress(ValueError):
            return str(uuid.UUID(value.split(b"\0", 1)[0].decode("ascii", "replace").strip())).upper()
    return None


def _canon_offset(note: Directory) -> int | None:
    """TimeInfo: its own size, the zone in minutes, the city, the summer hour in minutes. City 0 was never set."""
    value = note.get(_CANON_TIME)
    if not isinstance(value, tuple) or len(value) < 4 or not value[2]:  # noqa: PLR2004
        return None
    zone = int(value[1])
    zone -= 1 << 32 if zone >= 1 << 31 else 0
    return _usable(zone + (60 if value[3] else 0))


def _nikon_offset(note: Directory) -> int | None:
    """WorldTime: the zone in minutes, whether it is summer, how dates are shown."""
    value = note.get(_NIKON_TIME)
    if not isinstance(value, bytes) or len(value) < 3:  # noqa: PLR2004
        return None
    zone = int.from_bytes(value[:2], "big" if note.order == ">" else "little", signed=True)
    return _usable(zone + (60 if value[2] == 1 else 0))


def _usable(minutes: int) -> int | None:
    return minutes if -12 * 60 <= minutes <= 14 * 60 and minutes % 15 == 0 else None
