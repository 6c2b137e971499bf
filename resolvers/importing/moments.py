"""Parses and formats the times of import records: RFC 3339 with an offset, or a wall clock without one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

EARLIEST_YEAR = 1000
"""The first year of a time that is accepted. Programs write earlier ones, such as 0001-01-01, for a time that is not set."""
OUT_OF_RANGE = f"must be between the years {EARLIEST_YEAR} and 9999"
# RFC 3339 allows 24:00 and leap seconds, Python's datetime does not.
_RFC3339 = re.compile(
    r"(?P<wall>[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])(?:\.[0-9]{1,20})?"
    r"(?P<offset>[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?"
)
# Places have used -15:13 to +15:13 (Manila and Alaska before they moved across the date line).
MAX_OFFSET_MINUTES = 18 * 60


def parse_moment(text: str) -> tuple[str, int | None]:
    """The wall clock in seconds precision (`2024-05-01T10:00:00`) and the offset in minutes, None without one.

    Fractions of a second are dropped. Raises ValueError; its text does not contain the value.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("must be an RFC 3339 time such as 2024-05-01T10:00:00+02:00")
    try:
        wall = datetime.fromisoformat(match["wall"].upper())
    except ValueError:
        raise ValueError(f"must be a calendar day and {OUT_OF_RANGE.removeprefix('must ')}") from None
    if wall.year < EARLIEST_YEAR:
        raise ValueError(OUT_OF_RANGE)
    offset = _minutes(match["offset"])
    if offset is not None:
        instant_of(wall, offset)
    return wall.isoformat(), offset


def parse_instant(text: str) -> str:
    """The instant in UTC in seconds precision (`2024-05-01T08:00:00Z`); a time without an offset is taken as UTC."""
    wall, offset = parse_moment(text)
    instant = instant_of(datetime.fromisoformat(wall), offset or 0)
    return instant.replace(tzinfo=None).isoformat() + "Z"


def instant_of(wall: datetime, offset_minutes: int) -> datetime:
    """Wall clock minus offset, in UTC. Raises ValueError if it is not representable or for an offset beyond 18 h."""
    if abs(offset_minutes) > MAX_OFFSET_MINUTES:
        raise ValueError("must have an offset of at most 18 hours")
    try:
        return (wall - timedelta(minutes=offset_minutes)).replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError(OUT_OF_RANGE) from None


def format_moment(wall: str, offset_minutes: int | None) -> str:
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
