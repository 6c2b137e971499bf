"""Changes the time of a photo. Wall clock and UTC offset are stored separately; an instant requires a known offset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec.structs import replace as changed

from datasources.tables.photos import PhotoRecord
from resolvers.importing.moments import EARLIEST_YEAR, OUT_OF_RANGE, instant_of
from resolvers.writing.mutation import MutationContext
from resolvers.writing.outcome import ABSENT, Absent, Fault, FaultError, invalid

MAX_OFFSET_MINUTES = 18 * 60
FROM_OWNER = "OWNER"
"""Source of an offset that the owner set, or that comes from their time zone."""
FROM_PLACE = "PLACE"
_OUT_OF_YEARS = invalid(OUT_OF_RANGE)
_UNDATED = invalid("The photo has no time to shift. Set `takenAt` first.")


class TimeValues(Protocol):
    """The time fields of the new values."""

    @property
    def taken_at(self) -> datetime | Absent | None:
        """The new instant."""

    @property
    def shift_taken_at_seconds(self) -> int | Absent | None:
        """Seconds to add to the wall clock."""

    @property
    def utc_offset_minutes(self) -> int | Absent | None:
        """The new UTC offset of the wall clock."""


@dataclass(frozen=True, slots=True)
class OwnerTimeZone:
    """The owner's time zone, for photos without a known offset."""

    zone: str | None = None


async def owner_time_zone(mutation: MutationContext, values: TimeValues) -> OwnerTimeZone:
    """Validates the values and reads the owner's time zone if it may be needed; raises `FaultError`."""
    offset, shift = values.utc_offset_minutes, values.shift_taken_at_seconds
    if isinstance(offset, int) and abs(offset) > MAX_OFFSET_MINUTES:
        raise FaultError(invalid(f"must be between -{MAX_OFFSET_MINUTES} and {MAX_OFFSET_MINUTES}"), "set", "utcOffsetMinutes")
    if values.taken_at is not ABSENT and isinstance(shift, int):
        raise FaultError(invalid("cannot be combined with `takenAt`"), "set", "shiftTakenAtSeconds")
    if not isinstance(values.taken_at, datetime) or isinstance(offset, int):
        return OwnerTimeZone()
    customer = (await mutation.sources.customers.raw([mutation.owner])).get(mutation.owner)
    return OwnerTimeZone(customer.time_zone if customer else None)


def with_new_time(record: PhotoRecord, values: TimeValues, clock: OwnerTimeZone) -> PhotoRecord | Fault:
    """The record with its new wall clock and offset, or a fault. A stored time that does not change is not checked."""
    new = _with_new_time(record, values, clock)
    if isinstance(new, Fault) or (new.taken_local, new.offset_minutes) == (record.taken_local, record.offset_minutes):
        return new
    return new if new.taken_local is None or _in_range(new.taken_local, new.offset_minutes) else _OUT_OF_YEARS


def _in_range(taken_local: str, offset: int | None) -> bool:
    wall = datetime.fromisoformat(taken_local)
    try:
        instant_of(wall, offset or 0)
    except ValueError:
        return False
    return wall.year >= EARLIEST_YEAR


def _with_new_time(record: PhotoRecord, values: TimeValues, clock: OwnerTimeZone) -> PhotoRecord | Fault:
    record = _with_offset(record, values.utc_offset_minutes)
    at, shift = values.taken_at, values.shift_taken_at_seconds
    try:
        if isinstance(at, datetime):
            offset, source = _offset_for(record, at, clock)
            wall = at.astimezone(UTC).replace(tzinfo=None) + timedelta(minutes=offset)
            return changed(
                record, taken_local=_text(wall), offset_minutes=offset, offset_source=source, taken_from_file_name=None
            )
        if at is None:
            return changed(record, taken_local=None, offset_minutes=None, offset_source=None, taken_from_file_name=None)
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
    return changed(record, offset_minutes=offset, offset_source=None if offset is None else FROM_OWNER)


def _offset_for(record: PhotoRecord, at: datetime, clock: OwnerTimeZone) -> tuple[int, str | None]:
    """The photo's offset, else the offset of its place at that instant, else of the owner's time zone, else UTC.

    It always returns an offset, so that the instant can be read back as it was set.
    """
    if record.offset_minutes is not None:
        return record.offset_minutes, record.offset_source
    for zone, source in ((record.time_zone, FROM_PLACE), (clock.zone, FROM_OWNER)):
        offset = None if zone is None else _offset_in(zone, at)
        if offset is not None:
            return offset, source
    return 0, FROM_OWNER


def _offset_in(zone: str, at: datetime) -> int | None:
    try:
        offset = at.astimezone(ZoneInfo(zone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError):
        return None
    # Local mean time zones have seconds in their offset; offsets are stored in minutes.
    return None if offset is None else round(offset.total_seconds() / 60)


def _text(wall: datetime) -> str:
    return wall.replace(microsecond=0).isoformat()
