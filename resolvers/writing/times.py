"""When a photo was taken, corrected: wall clock and offset are kept, and an instant needs an offset (DECISIONS 22)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec.structs import replace as changed

from datasources.tables.photos import PhotoRecord
from resolvers.writing.mutation import MutationContext
from resolvers.writing.outcome import ABSENT, Absent, Fault, FaultFound, invalid

MAX_OFFSET_MINUTES = 18 * 60
TOLD = "OWNER"
"""The source of an offset that the owner told, or that was taken from their time zone."""
FROM_PLACE = "PLACE"
_OUT_OF_YEARS = invalid("lies outside the years 1 to 9999")
_UNDATED = invalid("it has no time: give `takenAt` first")


class TimeValues(Protocol):
    """What of the new values concerns times."""

    @property
    def taken_at(self) -> datetime | Absent | None:
        """The instant."""

    @property
    def shift_taken_at_seconds(self) -> int | Absent | None:
        """By how much the wall clock was wrong."""

    @property
    def utc_offset_minutes(self) -> int | Absent | None:
        """The offset of the wall clock."""


@dataclass(frozen=True, slots=True)
class OwnClock:
    """The owner's own time zone, for photos of which no better offset is known."""

    zone: str | None = None


async def own_clock(desk: MutationContext, values: TimeValues) -> OwnClock:
    """Checks the values, and reads the zone where it may be needed; raises `FaultFound`."""
    offset, shift = values.utc_offset_minutes, values.shift_taken_at_seconds
    if isinstance(offset, int) and abs(offset) > MAX_OFFSET_MINUTES:
        raise FaultFound(invalid(f"goes from -{MAX_OFFSET_MINUTES} to {MAX_OFFSET_MINUTES}"), "set", "utcOffsetMinutes")
    if values.taken_at is not ABSENT and isinstance(shift, int):
        raise FaultFound(invalid("cannot go with `takenAt`"), "set", "shiftTakenAtSeconds")
    if not isinstance(values.taken_at, datetime) or isinstance(offset, int):
        return OwnClock()
    customer = (await desk.sources.customers.raw([desk.owner])).get(desk.owner)
    return OwnClock(customer.time_zone if customer else None)


def retimed(record: PhotoRecord, values: TimeValues, clock: OwnClock) -> PhotoRecord | Fault:
    """The record with its new wall clock and offset."""
    record = _with_offset(record, values.utc_offset_minutes)
    at, shift = values.taken_at, values.shift_taken_at_seconds
    try:
        if isinstance(at, datetime):
            offset, source = _known_offset(record, at, clock)
            wall = at.astimezone(UTC).replace(tzinfo=None) + timedelta(minutes=offset)
            return changed(record, taken_local=_text(wall), offset_minutes=offset, offset_source=source)
        if at is None:
            return changed(record, taken_local=None, offset_minutes=None, offset_source=None)
        if isinstance(shift, int) and shift:
            return _shifted(record, shift)
    except OverflowError:
        return _OUT_OF_YEARS
    return record


def _shifted(record: PhotoRecord, seconds: int) -> PhotoRecord | Fault:
    if record.taken_local is None:
        return _UNDATED
    wall = datetime.fromisoformat(record.taken_local) + timedelta(seconds=seconds)
    return changed(record, taken_local=_text(wall))


def _with_offset(record: PhotoRecord, offset: int | Absent | None) -> PhotoRecord:
    if offset is ABSENT or offset == record.offset_minutes:
        return record
    return changed(record, offset_minutes=offset, offset_source=None if offset is None else TOLD)


def _known_offset(record: PhotoRecord, at: datetime, clock: OwnClock) -> tuple[int, str | None]:
    """The photo's own offset; else that of its place at that moment, or of the owner's zone; UTC where nothing is known.

    An offset stands beside the wall clock afterwards in any case: the instant was told, so it must read back.
    """
    if record.offset_minutes is not None:
        return record.offset_minutes, record.offset_source
    for zone, source in ((record.time_zone, FROM_PLACE), (clock.zone, TOLD)):
        offset = None if zone is None else _offset_in(zone, at)
        if offset is not None:
            return offset, source
    return 0, TOLD


def _offset_in(zone: str, at: datetime) -> int | None:
    try:
        offset = at.astimezone(ZoneInfo(zone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError):
        return None
    # Before standard time zones had seconds; offsets are told in minutes.
    return None if offset is None else round(offset.total_seconds() / 60)


def _text(wall: datetime) -> str:
    return wall.replace(microsecond=0).isoformat()
