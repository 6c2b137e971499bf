"""Times, coordinates and places of a photo in the precision that the viewer's visibility allows; deterministic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from access.classes import DataClass
from access.precision import LocationPrecision, TimePrecision
from access.tiles import KILOMETER_ZOOM, tile_center
from datasources.locations.port import PlaceKind, PlaceRecord
from datasources.tables.photos import SeenPhoto
from resolvers.context import Context


@dataclass(frozen=True, slots=True)
class SeenLocation:
    """Coordinates and their precision."""

    latitude: float
    longitude: float
    precision: LocationPrecision
    altitude_m: float | None = None


def taken_local(photo: SeenPhoto) -> str | None:
    """The wall clock; None if the viewer may see at most the day."""
    return photo.record.taken_local if photo.visibility.clock_time else None


def taken_on(photo: SeenPhoto) -> str | None:
    """The local day; None if the viewer may not see it."""
    local = photo.record.taken_local
    return local[:10] if local is not None and photo.visibility.time >= TimePrecision.DAY else None


def taken_at(photo: SeenPhoto) -> datetime | None:
    """The instant; requires access to the offset, because instant and wall clock together reveal it."""
    return photo.record.instant if photo.visibility.offset else None


def is_from_file_name(photo: SeenPhoto) -> bool | None:
    """Whether the time was read from the file's name; None without a time, or if the viewer may see at most the day."""
    return bool(photo.record.taken_from_file_name) if taken_local(photo) is not None else None


async def location(context: Context, photo: SeenPhoto) -> SeenLocation | None:
    """The coordinates in the precision that the viewer may see."""
    point = photo.coordinates
    if point is None:
        return None
    level = photo.visibility.location
    if level is LocationPrecision.EXACT:
        return SeenLocation(point.latitude, point.longitude, level, point.altitude_m)
    if level is LocationPrecision.KILOMETER:
        return SeenLocation(*tile_center(point.latitude, point.longitude, KILOMETER_ZOOM), level)
    place = await _place(context, photo, level)
    return None if place is None else SeenLocation(place.latitude, place.longitude, level)


async def visible_place(context: Context, photo: SeenPhoto) -> PlaceRecord | None:
    """The most precise place that the viewer may see."""
    return await _place(context, photo, photo.visibility.location_precision(DataClass.PLACE))


async def _place(context: Context, photo: SeenPhoto, level: LocationPrecision) -> PlaceRecord | None:
    if photo.record.place is None or level is LocationPrecision.NONE:
        return None
    place = await context.places.one(photo.record.place)
    if place is None or level >= LocationPrecision.KILOMETER:
        return place
    finest = PlaceKind.CITY if level is LocationPrecision.CITY else PlaceKind.COUNTRY
    return await _at_most(context, place, finest)


async def _at_most(context: Context, place: PlaceRecord, finest: PlaceKind) -> PlaceRecord | None:
    order = list(PlaceKind)
    if order.index(place.kind) <= order.index(finest):
        return place
    above = await context.places.many(place.ancestors)
    allowed = [p for p in above if order.index(p.kind) <= order.index(finest)]
    return max(allowed, key=lambda p: order.index(p.kind), default=None)


def to_datetime(at_ms: int) -> datetime:
    """Milliseconds since 1970 as a datetime in UTC."""
    return datetime.fromtimestamp(at_ms / 1_000, UTC)


def optional_datetime(at_ms: int | None) -> datetime | None:
    """`to_datetime`, or None for None."""
    return None if at_ms is None else to_datetime(at_ms)


def added_at(photo: SeenPhoto) -> datetime | None:
    """When the photo was added; None if the viewer may not see times of day."""
    return optional_datetime(photo.record.added_at_ms) if photo.visibility.clock_time else None
