"""Reads the local time of the camera, and its UTC offset from the offset tag, the GPS time or the maker note."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from ingest.formats.exif import ExifTags, number_of, text_of
from ingest.formats.metadata import Moment
from pictures.formats.tiff import Directory
from resolvers.importing.records import OffsetSource

# Tags of (local time, offset): each time has its own offset tag.
_CLOCKS = {"DateTimeOriginal": (0x9003, 0x9011), "CreateDate": (0x9004, 0x9012), "ModifyDate": (0x0132, 0x9010)}
_GPS_TIME, _GPS_DATE = 7, 29
_WALL = re.compile(r"(\d{4})[:/.-](\d{1,2})[:/.-](\d{1,2})[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2}))?.*", re.DOTALL)
_OFFSET = re.compile(r"([+-])(\d{1,2}):?(\d{2})")
# Offsets in use that are not multiples of 30 minutes: Nepal, Eucla, Chatham (standard and daylight saving time).
_QUARTERS = frozenset({345, 525, 765, 825})
_SLACK_S = 90
_OFFSETS_MINUTES = range(-12 * 60, 14 * 60 + 1, 15)


def moments(tags: ExifTags, note_offset: int | None = None) -> dict[str, Moment]:
    """The times by their tags. Local times have the offset of their offset tag, of the GPS time, or of the maker note.

    The offset of the maker note comes last, because it is a setting of the camera that people forget to change on travels.
    """
    found = {}
    instant = _instant(tags.gps)
    for name, (wall_tag, offset_tag) in _CLOCKS.items():
        wall = local_time_of(tags.photo.get(wall_tag) or tags.image.get(wall_tag))
        if wall is not None:
            found[name] = _with_offset(wall, _offset(tags.photo.get(offset_tag)), instant, note_offset)
    if instant is not None:
        found["GPSDateTime"] = Moment(instant.isoformat(timespec="seconds"), 0, OffsetSource.GPS, in_utc=True)
    return found


def _with_offset(wall: datetime, offset: int | None, instant: datetime | None, note_offset: int | None) -> Moment:
    if offset is not None:
        return Moment(wall.isoformat(), offset, OffsetSource.EXIF)
    if instant is not None and (offset := offset_between(wall, instant)) is not None:
        return Moment(wall.isoformat(), offset, OffsetSource.GPS)
    return Moment(wall.isoformat(), note_offset, OffsetSource.EXIF if note_offset is not None else None)


def local_time_of(value: Any) -> datetime | None:
    """The local time of a tag; None if it is invalid, such as the zeros or blanks of a clock that was never set."""
    match = _WALL.fullmatch(text_of(value))
    if match is None:
        return None
    try:
        return datetime(*(int(part or 0) for part in match.groups()))  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        return None


def _offset(value: Any) -> int | None:
    """The minutes of an offset tag, such as `+02:00`; None if it is invalid."""
    text = text_of(value)
    if text in {"Z", "z"}:
        return 0
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    minutes = -minutes if match[1] == "-" else minutes
    return minutes if _OFFSETS_MINUTES[0] <= minutes <= _OFFSETS_MINUTES[-1] and int(match[3]) < 60 else None  # noqa: PLR2004


def offset_between(wall: datetime, instant: datetime) -> int | None:
    """Local time minus UTC in minutes; None if that is not a UTC offset in use, within 90 seconds.

    A GPS fix may be some seconds old, and the camera's clock may be wrong by some seconds.
    """
    difference_s = (wall - instant).total_seconds()
    offset = round(difference_s / 900) * 15
    in_use = offset % 30 == 0 or offset in _QUARTERS
    return offset if in_use and offset in _OFFSETS_MINUTES and abs(difference_s - offset * 60) <= _SLACK_S else None


def _instant(gps: Directory) -> datetime | None:
    """The GPS time, in UTC."""
    day = re.fullmatch(r"(\d{4})[:-](\d{2})[:-](\d{2})", text_of(gps.get(_GPS_DATE)))
    time = gps.get(_GPS_TIME)
    if day is None or not isinstance(time, tuple) or len(time) != 3:  # noqa: PLR2004
        return None
    parts = [number_of(part) for part in time]
    if None in parts or any(not 0 <= (part or 0) < most for part, most in zip(parts, (24, 60, 61), strict=True)):
        return None
    hours, minutes, seconds = (part or 0.0 for part in parts)
    with suppress(ValueError, OverflowError):
        midnight = datetime(int(day[1]), int(day[2]), int(day[3]))  # noqa: DTZ001
        return midnight + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return None
