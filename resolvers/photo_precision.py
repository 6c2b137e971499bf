"""A photo as finely as its viewer may know it: times, coordinates and places, coarsened by the sight and never by chance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from access.classes import DataClass
from access.precision import LocationPrecision, TimePrecision
from datasources.locations.port import PlaceKind, PlaceRecord
from datasources.tables.photos import SeenPhoto
from indexing.documents import instant
from resolvers.context import Context
from resolvers.tiles import KILOMETER_ZOOM, tile_center


@dataclass(frozen=True, slots=True)
class SeenLocation:
    """A point, and how finely it is told."""

    latitude: float
    longitude: float
    precision: LocationPrecision
    altitude_m: float | None = None


def taken_local(photo: SeenPhoto) -> str | None:
    """The wall clock, for those who may know more than the day."""
    return photo.record.taken_local if photo.sight.clock_time else None


def taken_on(photo: SeenPhoto) -> str | None:
    """The day of the wall clock."""
    local = photo.record.taken_local
    return local[:10] if local is not None and photo.sight.time >= TimePrecision.DAY else None


def taken_at(photo: SeenPhoto) -> datetime | None:
    """The instant: with the wall clock it tells the offset, so it needs the right to both."""
    return instant(photo.record) if photo.sight.offset else None


async def location(context: Context, photo: SeenPhoto) -> SeenLocation | None:
    """The coordinates, as finely as the viewer may know."""
    point = photo.coordinates
    if point is None:
        return None
    level = photo.sight.location
    if level is LocationPrecision.EXACT:
        return SeenLocation(point.latitude, point.longitude, level, point.altitude_m)
    if level is LocationPrecision.KILOMETER:
        return SeenLocation(*tile_center(point.latitude, point.longitude, KILOMETER_ZOOM), level)
    place = await _place(context, photo, level)
    return None if place is None else SeenLocation(place.latitude, place.longitude, level)


async def seen_place(context: Context, photo: SeenPhoto) -> PlaceRecord | None:
    """The finest place that the viewer may know by name."""
    return await _place(context, photo, photo.sight.level(DataClass.PLACE))


async def _place(context: Context, photo: SeenPhoto, level: LocationPrecision) -> PlaceRecord | None:
    if photo.record.place is None or level is LocationPrecision.NONE:
        return None
    place = await context.places.one(photo.record.place)
    if place is None or level >= LocationPrecision.KILOMETER:
        return place
    finest = PlaceKind.CITY if level is LocationPrecision.CITY else PlaceKind.COUNTRY
    return await _no_finer(context, place, finest)


async def _no_finer(context: Context, place: PlaceRecord, finest: PlaceKind) -> PlaceRecord | None:
    order = list(PlaceKind)
    if order.index(place.kind) <= order.index(finest):
        return place
    above = await context.places.many(place.ancestors)
    allowed = [p for p in above if order.index(p.kind) <= order.index(finest)]
    return max(allowed, key=lambda p: order.index(p.kind), default=None)


def at(at_ms: int) -> datetime:
    """Milliseconds since 1970 as a moment."""
    return datetime.fromtimestamp(at_ms / 1_000, UTC)


def moment(at_ms: int | None) -> datetime | None:
    """The same, or none."""
    return None if at_ms is None else at(at_ms)


def added_at(photo: SeenPhoto) -> datetime | None:
    """When it came into the library: to a clock's precision, so it needs the right to one."""
    return moment(photo.record.added_at_ms) if photo.sight.clock_time else None
