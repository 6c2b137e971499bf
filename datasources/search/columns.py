"""The column values of a photo document, the same for every engine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum

from access.precision import LocationPrecision
from datasources.search.conditions import Field
from datasources.search.port import Coordinates, PhotoDocument
from datasources.sortkeys import added_key, day_key, none_key, taken_key

FRACTIONAL = frozenset({Field.ISO, Field.APERTURE, Field.FOCAL_LENGTH, Field.DURATION})
"""NUMBER fields that may have fractions; the others are integers."""


class SortKey(Enum):
    """The sort columns of a row; which one is used depends on the time precision that the viewer may see."""

    TAKEN = "taken_key"
    DAY = "day_key"
    NONE = "none_key"
    ADDED = "added_key"
    UNADDED = "unadded_key"
    """Replaces ADDED for viewers who may not see the time: sorts before all rows that have one."""


def sort_key(document: PhotoDocument, key: SortKey) -> int:
    """The value of a sort column of one document (`sortkeys`)."""
    match key:
        case SortKey.TAKEN:
            return taken_key(document.taken_local, document.key.id)
        case SortKey.DAY:
            return day_key(document.taken_local, document.key.id)
        case SortKey.NONE:
            return none_key(document.key.id)
        case SortKey.ADDED:
            return added_key(document.added_at_ms, document.key.id)
        case SortKey.UNADDED:
            return added_key(0, document.key.id)


def keywords(document: PhotoDocument) -> Mapping[Field, tuple[str, ...]]:
    """The distinct values of every KEYWORD field."""
    places = document.places
    return {
        Field.OWNER: (document.key.owner,),
        Field.ALBUM: _distinct(document.albums),
        Field.STATE: (document.state,),
        Field.MEDIA_TYPE: (document.media_type,),
        Field.CAMERA: _one(document.camera),
        Field.LENS: _one(document.lens),
        Field.ORIENTATION: _orientation(document.width, document.height),
        Field.COUNTRY: _one(places.get("COUNTRY")),
        Field.REGION: _one(places.get("REGION")),
        Field.CITY: _one(places.get("CITY")),
        Field.LOCALITY: _one(places.get("LOCALITY")),
        Field.HOME: _flag(document.home),
        Field.HAS_LOCATION: _flag(document.exact is not None),
        Field.LABEL: _distinct(document.labels),
        Field.KEYWORD: _distinct(document.keywords),
        Field.HAS_CAPTION: _flag(document.has_caption),
        Field.PERSON: _distinct(document.people),
        Field.HAS_PEOPLE: _flag(bool(document.people)),
        Field.FAVORITE: _flag(document.favorite),
    }


def numbers(document: PhotoDocument) -> Mapping[Field, float]:
    """The values of the NUMBER fields that are set."""
    found = {
        Field.ISO: document.iso,
        Field.APERTURE: document.aperture,
        Field.FOCAL_LENGTH: document.focal_length,
        Field.WIDTH: document.width,
        Field.HEIGHT: document.height,
        Field.DURATION: document.duration,
        Field.ADDED_AT: document.added_at_ms,
        Field.INSTANT: document.instant,
        Field.RATING: document.rating,
        **_calendar(document.taken_local),
    }
    return {field: value for field, value in found.items() if value is not None}


def points(document: PhotoDocument) -> Mapping[LocationPrecision, Coordinates]:
    """The photo's point at each precision that has one."""
    found = {
        LocationPrecision.EXACT: document.exact,
        LocationPrecision.KILOMETER: document.kilometer,
        LocationPrecision.CITY: document.city,
        LocationPrecision.COUNTRY: document.country,
    }
    return {level: point for level, point in found.items() if point is not None}


def _calendar(taken_local: str | None) -> dict[Field, int]:
    if taken_local is None:
        return {}
    day = date.fromisoformat(taken_local[:10])
    return {
        Field.DAY: day.year * 10_000 + day.month * 100 + day.day,
        Field.YEAR: day.year,
        Field.YEAR_MONTH: day.year * 100 + day.month,
        Field.MONTH: day.month,
        Field.MONTH_DAY: day.month * 100 + day.day,
        Field.WEEKDAY: day.isoweekday(),
    }


def _orientation(width: int | None, height: int | None) -> tuple[str, ...]:
    if width is None or height is None:
        return ()
    if width == height:
        return ("SQUARE",)
    return ("LANDSCAPE",) if width > height else ("PORTRAIT",)


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _flag(value: bool) -> tuple[str, ...]:  # noqa: FBT001 - the value itself
    return ("true",) if value else ("false",)


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    return values if len(values) < 2 else tuple(dict.fromkeys(values))  # noqa: PLR2004 - a single value cannot repeat
