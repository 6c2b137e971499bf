"""Compiles the GraphQL photo filter to index conditions.

Fields are combined by AND, the values of a list by OR. An empty list matches nothing; null or absent is no condition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from access.ids import Ids
from access.precision import LocationPrecision
from datasources.search.conditions import (
    All,
    Any_,
    AnyOf,
    Between,
    Condition,
    Everything,
    Field,
    FileNamePart,
    Not,
    Nothing,
    WithinBox,
    WithinCircle,
)
from resolvers.errors import BadInput
from resolvers.facet_keys import FacetBy, checked_list, local_ids, selected_values, selection_condition

MAX_DEPTH = 8
MAX_RADIUS_M = 20_037_509
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


_PLACE_FIELDS = (Field.COUNTRY, Field.REGION, Field.CITY, Field.LOCALITY)
_WEEKDAYS = {n: i for i, n in enumerate(("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"), 1)}


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled filter: its condition, and one condition for each facet with selected values."""

    condition: Condition = field(default_factory=Everything)
    selections: Mapping[FacetBy, Condition] = field(default_factory=dict)
    selected: Mapping[FacetBy, frozenset[str]] = field(default_factory=dict)
    """The selected index values of each facet."""

    def full(self) -> Condition:
        """The condition including all facet selections."""
        return _all([self.condition, *self.selections.values()])

    def without(self, by: FacetBy) -> Condition:
        """The condition without the selections in one facet, so that its other values can still be counted and selected."""
        return _all([self.condition, *(c for b, c in self.selections.items() if b is not by)])


def compile_filter(given: Any, ids: Ids) -> Filter:
    """Compiles an outermost filter; raises `BadInput`. None is the default: active photos."""
    condition = _conditions(given, ids, outermost=True) if given is not None else _states(("ACTIVE",))
    selections: dict[FacetBy, Condition] = {}
    keys: dict[FacetBy, frozenset[str]] = {}
    for selection in (given.facets or ()) if given is not None else ():
        by = selection.by
        values = selected_values(by, selection.keys, ids)
        one = selection_condition(by.field, values, match_all=selection.match.name == "ALL")
        selections[by] = _all([selections[by], one]) if by in selections else one
        keys[by] = keys.get(by, frozenset()) | frozenset(values)
    return Filter(condition, selections, keys)


def _conditions(f: Any, ids: Ids, *, outermost: bool = False, depth: int = 0) -> Condition:
    if depth > MAX_DEPTH:
        raise BadInput(f"Filters can be nested {MAX_DEPTH} levels deep. Use fewer levels.", "FILTER_DEPTH")
    if not outermost and f.facets is not None:
        raise BadInput("`facets` is allowed in the outermost filter only.", "FACETS_NESTED")
    states = f.states if f.states is not None else (("ACTIVE",) if outermost else None)
    inner: Callable[[Any], Condition] = lambda g: _conditions(g, ids, depth=depth + 1)  # noqa: E731 - used three times
    parts = [
        *_times(f),
        *_references(f, ids),
        *_numbers(f),
        *_area(f),
        *([] if states is None else [_states([getattr(s, "name", s) for s in states])]),
        *([] if f.all is None else [All(tuple(map(inner, checked_list(f.all))))] if f.all else [Nothing()]),
        *([] if f.any is None else [Any_(tuple(map(inner, checked_list(f.any))))]),
        *([] if f.not_ is None else [Not(inner(f.not_))]),
    ]
    return _all(parts)


def _times(f: Any) -> list[Condition]:
    parts: list[Condition] = []
    if f.taken_at is not None:
        parts += _instants(Field.INSTANT, f.taken_at, 1)
    if f.added_at is not None:
        parts += _instants(Field.ADDED_AT, f.added_at, 1_000)
    if f.taken_on is not None and (f.taken_on.start is not None or f.taken_on.end is not None):
        last = None if f.taken_on.end is None else _day_before(f.taken_on.end)
        parts.append(Nothing() if last == 0 else Between(Field.DAY, _day(f.taken_on.start), last))
    if f.month_day is not None:
        first, end = _month_day(f.month_day.start), _month_day(f.month_day.last)
        spans = [(first, end)] if first <= end else [(first, 1231), (101, end)]
        parts.append(Any_(tuple(Between(Field.MONTH_DAY, a, b) for a, b in spans)))
    if f.weekdays is not None:
        days = [_WEEKDAYS[w.name] for w in checked_list(f.weekdays)]
        parts.append(Any_(tuple(Between(Field.WEEKDAY, d, d) for d in days)))
    if f.has_taken_at is not None:
        parts.append(_negate_unless(Between(Field.DAY), holds=f.has_taken_at))
    return parts


def _references(f: Any, ids: Ids) -> list[Condition]:
    parts: list[Condition] = []
    for given, type_name, fields in (
        (f.people, "Person", (Field.PERSON,)),
        (f.labels, "Label", (Field.LABEL,)),
        (f.albums, "Album", (Field.ALBUM,)),
        (f.owners, "Customer", (Field.OWNER,)),
        (f.places, "Place", _PLACE_FIELDS),
    ):
        if given is not None:
            parts.append(_ids(given, type_name, fields, ids))
    if f.country_codes is not None:
        parts.append(AnyOf(Field.COUNTRY, tuple(c.upper() for c in checked_list(f.country_codes))))
    parts += _words_and_choices(f)
    for flag, name in (
        (f.favorite, Field.FAVORITE),
        (f.has_location, Field.HAS_LOCATION),
        (f.has_caption, Field.HAS_CAPTION),
        (f.has_people, Field.HAS_PEOPLE),
    ):
        if flag is not None:
            parts.append(AnyOf(name, ("true" if flag else "false",)))
    return parts


def _words_and_choices(f: Any) -> list[Condition]:
    parts: list[Condition] = []
    for words, name in ((f.keywords, Field.KEYWORD), (f.cameras, Field.CAMERA), (f.lenses, Field.LENS)):
        if words is not None:
            parts.append(AnyOf(name, tuple(checked_list(words))))
    for choices, name in ((f.media_types, Field.MEDIA_TYPE), (f.orientations, Field.ORIENTATION)):
        if choices is not None:
            parts.append(AnyOf(name, tuple(c.name for c in checked_list(choices))))
    if f.file_name is not None:
        parts.append(FileNamePart(f.file_name) if f.file_name.strip() else Nothing())
    return parts


def _numbers(f: Any) -> list[Condition]:
    return [
        Between(name, r.min, r.max)
        for r, name in (
            (f.iso, Field.ISO),
            (f.focal_length_mm, Field.FOCAL_LENGTH),
            (f.aperture, Field.APERTURE),
            (f.rating, Field.RATING),
            (f.width, Field.WIDTH),
            (f.height, Field.HEIGHT),
            (f.duration_seconds, Field.DURATION),
        )
        if r is not None and (r.min is not None or r.max is not None)
    ]


def _area(f: Any) -> list[Condition]:
    parts: list[Condition] = []
    if f.within is not None:
        b = f.within
        check_point(b.south, b.west)
        check_point(b.north, b.east)
        if b.south > b.north:
            raise BadInput("`south` must not be greater than `north`.", "BOX")
        parts.append(WithinBox(LocationPrecision.EXACT, b.west, b.south, b.east, b.north))
    if f.near is not None:
        c = f.near
        check_point(c.latitude, c.longitude)
        if not 0 <= c.radius_meters <= MAX_RADIUS_M:
            raise BadInput(f"`radiusMeters` must be between 0 and {MAX_RADIUS_M:,}.", "CIRCLE")
        parts.append(WithinCircle(LocationPrecision.EXACT, c.latitude, c.longitude, c.radius_meters))
    return parts


def check_point(latitude: float, longitude: float) -> None:
    """Raises `BadInput` for degrees out of range."""
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):  # noqa: PLR2004 - degrees
        raise BadInput("Latitude must be between -90 and 90, longitude between -180 and 180.", "DEGREES")


def _ids(given: Any, type_name: str, fields: Sequence[Field], ids: Ids) -> Condition:
    parts: list[Condition] = []
    if given.any is not None:
        parts.append(_in(fields, local_ids(checked_list(given.any), type_name, ids)))
    if given.all is not None:
        parts += [_in(fields, [i]) for i in local_ids(checked_list(given.all), type_name, ids)] or [Nothing()]
        parts += [Nothing()] if len(local_ids(given.all, type_name, ids)) < len(given.all) else []
    if given.none is not None and given.none:
        parts.append(Not(_in(fields, local_ids(checked_list(given.none), type_name, ids))))
    return _all(parts)


def _in(fields: Sequence[Field], values: Sequence[str]) -> Condition:
    return Any_(tuple(AnyOf(f, tuple(values)) for f in fields)) if len(fields) > 1 else AnyOf(fields[0], tuple(values))


def _states(names: Sequence[str]) -> Condition:
    return AnyOf(Field.STATE, tuple(names))


def _negate_unless(condition: Condition, *, holds: bool) -> Condition:
    return condition if holds else Not(condition)


def _instants(name: Field, span: Any, per_second: int) -> list[Condition]:
    """The start is included, the end is not."""
    if span.start is None and span.end is None:
        return []
    low, high = (None if m is None else _rounded_up(m, per_second) for m in (span.start, span.end))
    return [Between(name, low, None if high is None else high - 1)]


def _rounded_up(moment: datetime, per_second: int) -> int:
    return -((_EPOCH - moment) // timedelta(microseconds=1_000_000 // per_second))


def _day(day: date | None) -> int | None:
    return None if day is None else day.year * 10_000 + day.month * 100 + day.day


def _day_before(day: date) -> int:
    return 0 if day == date.min else _day(day - timedelta(days=1)) or 0


def _month_day(given: str) -> int:
    return int(given[:2]) * 100 + int(given[3:])


def _all(parts: Sequence[Condition]) -> Condition:
    real = [p for p in parts if not isinstance(p, Everything)]
    if not real:
        return Everything()
    return real[0] if len(real) == 1 else All(tuple(real))
