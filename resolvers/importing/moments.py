"""Times as records write them: RFC 3339 with an offset, or without one as a wall clock (DECISIONS 22)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

# 24:00 and the leap second are legal in RFC 3339 but are no time of a wall clock in Python; years are 0001-9999.
_RFC3339 = re.compile(
    r"(?P<wall>[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])(?:\.[0-9]{1,20})?"
    r"(?P<offset>[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?"
)
# Places have used -15:13 to +15:13 (Manila and Alaska before they changed sides of the date line).
MAX_OFFSET_MINUTES = 18 * 60


def parse_moment(text: str) -> tuple[str, int | None]:
    """The wall clock to the second (`2024-05-01T10:00:00`) and the offset in minutes, None if not told.

    A fraction of a second is accepted and dropped. Raises ValueError, whose text holds no value.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("is no RFC 3339 time such as 2024-05-01T10:00:00+02:00")
    try:
        wall = datetime.fromisoformat(match["wall"].upper())
    except ValueError:
        raise ValueError("is no day of the calendar between the years 1 and 9999") from None
    offset = _minutes(match["offset"])
    if offset is not None:
        instant_of(wall, offset)
    return wall.isoformat(), offset


def parse_instant(text: str) -> str:
    """The instant in UTC to the second (`2024-05-01T08:00:00Z`); without an offset it is taken as UTC."""
    wall, offset = parse_moment(text)
    instant = instant_of(datetime.fromisoformat(wall), offset or 0)
    return instant.replace(tzinfo=None).isoformat() + "Z"


def instant_of(wall: datetime, offset_minutes: int) -> datetime:
    """Wall clock minus offset, in UTC. Raises ValueError outside the years 1 to 9999 or for an offset beyond 18 h."""
    if abs(offset_minutes) > MAX_OFFSET_MINUTES:
        raise ValueError("has an offset of more than 18 hours")
    try:
        return (wall - timedelta(minutes=offset_minutes)).replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("is an instant outside the years 1 to 9999") from None


def written(wall: str, offset_minutes: int | None) -> str:
    """The inverse of `parse_moment`."""
    if offset_minutes is None:
        return wall
    hours, minutes = divmod(abs(offset_minutes), 60)
    return f"{wall}{'-' if offset_minutes < 0 else '+'}{hours:02}:{minutes:02}"


def _minutes(offset: str | None) -> int | None:
    if offset is None:
        return None
    if offset in "Zz":
        return 0
    minutes = int(offset[1:3]) * 60 + int(offset[4:6])
    return -minutes if offset[0] == "-" else minutes
