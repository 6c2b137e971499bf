"""The time that the name of a file states, as messengers, cameras, screenshots and people write it.

`IMG-20200229-WA0001`, `signal-2020-02-29-101112`, `Screenshot_20200229-101112`, `VID_20200229_101112`, `20200229_101112`,
`PXL_20200229_101112123` (in UTC), `WhatsApp Image 2020-02-29 at 10.11.12`, `photo_2020-02-29_10-11-12`, `FB_IMG_1582971072000`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from ingest.formats.metadata import Moment, SourceMetadata
from ingest.formats.precedence import FILE_NAME
from resolvers.importing.records import OffsetSource

_EARLIEST_COMPACT: Final = 1970
"""Digits without separators that begin with an earlier year are counters."""
_DAY_PATTERN: Final = (
    r"(?<![0-9])(?P<year>1[89][0-9]{2}|20[0-9]{2})(?P<dash>[-_. ]?)(?P<month>[01][0-9])(?P=dash)(?P<day>[0-3][0-9])"
)
_DATE_TIME: Final = re.compile(
    _DAY_PATTERN + r"(?:(?:[-_T. ,]{0,2}(?:(?:at|um|à|a las|alle(?: ore)?|às|om|в|kl\.?)[ \u202f\xa0])?)"
    r"(?P<hour>[0-2]?[0-9])(?P<colon>[-_.:h]?)(?P<minute>[0-5][0-9])(?P=colon)(?P<second>[0-5][0-9])"
    r"(?:[-_.]?[0-9]{1,3})?(?:[ \u202f\xa0]?(?P<half>[AaPp])\.?[Mm]\.?)?)?(?![0-9])"
)
_DAY: Final = re.compile(_DAY_PATTERN + "(?![0-9])")
_EPOCH_NAMES: Final = re.compile(r"^(?:FB_IMG_|FB_VID_|mmexport|RPReplay_Final|FaceApp_|beauty_|inshot_)", re.IGNORECASE)
_SECONDS: Final = re.compile(r"(?<![0-9])(1[0-9]{9})(?:[0-9]{3})?(?![0-9])")
"""Seconds or milliseconds since 1970, from 2001 on."""
_IN_UTC: Final = re.compile(r"^PXL_", re.IGNORECASE)
_NOON: Final = 12


def add_date_of_name(name: str, sources: list[SourceMetadata]) -> None:
    """Adds a source with the time in a file name, if there is one."""
    moment = date_of_name(name)
    if moment is not None:
        sources.append(SourceMetadata(FILE_NAME, moments={"": moment}))


def date_of_name(name: str) -> Moment | None:
    """The time in a file name; None if it has none, or what looks like one is no calendar day."""
    stem = name.rpartition("/")[2].rpartition(".")[0] or name
    if _EPOCH_NAMES.match(stem):
        return _of_epoch(stem)
    for pattern in (_DATE_TIME, _DAY):
        for found in pattern.finditer(stem):
            moment = _of_match(found, in_utc=_IN_UTC.match(stem) is not None)
            if moment is not None:
                return moment
    return None


def _of_epoch(stem: str) -> Moment | None:
    found = _SECONDS.search(stem)
    if found is None:
        return None
    instant = datetime.fromtimestamp(int(found[1]), UTC).replace(tzinfo=None)
    return Moment(instant.isoformat(), 0, OffsetSource.RECORD, in_utc=True, of_name=True)


def _of_match(found: re.Match[str], *, in_utc: bool) -> Moment | None:
    parts = found.groupdict()
    if not parts["dash"] and int(parts["year"]) < _EARLIEST_COMPACT:
        return None
    has_time = parts.get("hour") is not None
    hour = int(parts["hour"]) if has_time else 0
    if has_time and parts["half"]:
        hour = hour % _NOON + (_NOON if parts["half"] in "Pp" else 0)
    clock = (hour, int(parts["minute"]), int(parts["second"])) if has_time else (0, 0, 0)
    try:
        wall = datetime(int(parts["year"]), int(parts["month"]), int(parts["day"]), *clock)  # noqa: DTZ001 - wall clock
    except ValueError:
        return None
    if not has_time:
        return Moment(wall.isoformat(), known=10, of_name=True)
    if in_utc:
        return Moment(wall.isoformat(), 0, OffsetSource.RECORD, in_utc=True, of_name=True)
    return Moment(wall.isoformat(), of_name=True)
