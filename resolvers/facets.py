"""Facets and histograms: buckets with localized names. Selected values are always included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from access.ids import public_id
from datasources.photo_key import PhotoKey
from datasources.search.conditions import Field
from datasources.search.port import Bucket, FacetCounts, Position
from datasources.tables.albums import AlbumKey
from datasources.tables.people import PersonKey
from datasources.words import normalize
from resolvers.context import Context, Languages
from resolvers.errors import BadInput
from resolvers.facet_keys import FacetBy
from resolvers.paging import CursorCodec
from resolvers.photo_set import PhotoSet

MAX_BUCKETS = 200
MAX_TIME_BUCKETS = 2_000
_WIDTHS = {"YEAR": Field.YEAR, "MONTH": Field.YEAR_MONTH, "DAY": Field.DAY}


@dataclass(frozen=True, slots=True)
class FacetPageRequest:
    """The arguments of a facet field."""

    by: FacetBy
    first: int
    after: str | None
    query: str | None
    order: str
    languages: Languages


@dataclass(frozen=True, slots=True)
class NamedBucket:
    """A facet value with its public key and localized name."""

    key: str
    name: str
    count: int
    selected: bool
    is_node: bool
    value: str


@dataclass(frozen=True, slots=True)
class FacetPage:
    """A page of buckets, the number of photos in the other buckets, and of those without a value."""

    buckets: Sequence[NamedBucket]
    other: int
    missing: int
    end_cursor: str | None


@dataclass(frozen=True, slots=True)
class TimeBucket:
    """The number of photos in a year, a month or a day; `end` is exclusive."""

    start: date
    end: date
    count: int
    cover: PhotoKey | None


@dataclass(frozen=True, slots=True)
class TimeCounts:
    """Buckets, oldest first, and the number of photos without a time."""

    buckets: Sequence[TimeBucket]
    missing: int


async def facet(found: PhotoSet, request: FacetPageRequest) -> FacetPage:
    """A page of a facet; raises `BadInput` or `StaleCursor`."""
    if not 0 <= request.first <= MAX_BUCKETS:
        raise BadInput(f"`first` of a facet must be between 0 and {MAX_BUCKETS}.", "PAGE_SIZE")
    counts = await found.facet(request.by)
    buckets = _sorted(await _with_names(found, request, counts), request.order)
    listed = [b for b in buckets if request.query is None or normalize(request.query) in normalize(b.name)]
    codec = CursorCodec(
        found.context.sources.cursors,
        found.context.viewer.key,
        ("facet", request.by, request.order, request.query, request.languages, found.query.condition),
        lambda: found.context.sources.now_ms() // 1_000,
    )
    decoded = codec.read(request.after)
    start = 0 if decoded is None else next((i + 1 for i, b in enumerate(listed) if b.value == decoded.id), decoded.key + 1)
    page = listed[start : start + request.first]
    shown = page + [b for b in buckets if b.selected and b not in page]
    seen = shown + [b for b in listed[:start] if b not in shown]
    ends_at = start + len(page)
    more = ends_at < len(listed) and bool(page)
    return FacetPage(
        shown,
        sum(b.count for b in buckets) - sum(b.count for b in seen),
        counts.missing,
        codec.write(Position(0.0, ends_at - 1, page[-1].value)) if more else None,
    )


async def histogram(found: PhotoSet, width: str) -> TimeCounts:
    """Counts by year, month or day; raises `BadInput` for more than 2,000 buckets."""
    counts = await found.histogram(_WIDTHS[width])
    if counts.truncated or len(counts.buckets) > MAX_TIME_BUCKETS:
        raise BadInput(
            f"The histogram has more than {MAX_TIME_BUCKETS:,} buckets. Narrow the filter or use a larger interval.",
            "HISTOGRAM_SIZE",
        )
    buckets = sorted((_span(b, width) for b in counts.buckets), key=lambda b: b.start)
    return TimeCounts(buckets, counts.missing)


def _span(bucket: Bucket, width: str) -> TimeBucket:
    number = int(bucket.value)
    if width == "YEAR":
        return TimeBucket(date(number, 1, 1), _first_of(number + 1, 1), bucket.count, bucket.cover)
    if width == "MONTH":
        year, month = divmod(number, 100)
        return TimeBucket(date(year, month, 1), _first_of(year, month + 1), bucket.count, bucket.cover)
    start = date(number // 10_000, number // 100 % 100, number % 100)
    return TimeBucket(start, date.max if start == date.max else start + timedelta(days=1), bucket.count, bucket.cover)


def _first_of(year: int, month: int) -> date:
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date.max if year > date.max.year else date(year, month, 1)


async def _with_names(found: PhotoSet, request: FacetPageRequest, counts: FacetCounts) -> list[NamedBucket]:
    by, selected = request.by, found.filter.selected.get(request.by, frozenset())
    tallies: dict[str, int] = {b.value: b.count for b in counts.buckets} | {
        v: 0 for v in sorted(selected) if v not in {b.value for b in counts.buckets}
    }
    names = await _names(found.context, found, by, list(tallies), request.languages)
    return [
        NamedBucket(_key(found, by, v), names[v], n, v in selected, by.node_type is not None, v)
        for v, n in tallies.items()
        if v in names
    ]


def _key(found: PhotoSet, by: FacetBy, value: str) -> str:
    ids = found.context.sources.ids
    match by.node_type:
        case "Place" | "Label" as public:
            return public_id(public, value)
        case "Customer":
            return ids.encode("Customer", value, value)
        case "Person" | "Album" as owned:
            return ids.encode(owned, _owner_of(found, by, value), value)
        case _:
            return f"{int(value):02d}" if by is FacetBy.MONTH else value


def _owner_of(found: PhotoSet, by: FacetBy, value: str) -> str:
    """The owner of a person or album: of the grant, else the viewer, else the only customer that a service may access."""
    scope = found.query.scope
    granted = (g.owner for g in scope.grants if by is FacetBy.ALBUM and g.album == value)
    return next(granted, scope.own or next(iter(scope.owners), ""))


async def _names(
    context: Context, found: PhotoSet, by: FacetBy, values: Sequence[str], languages: Languages
) -> Mapping[str, str]:
    """The display name of each value. Deleted values and those hidden from the viewer are absent and get no bucket."""
    match by.node_type:
        case "Place":
            places = await context.place_names.load_many([(v, languages) for v in values])
            return {v: p.text for v, p in zip(values, places, strict=True) if p is not None}
        case "Label":
            words = await context.words.load_many([(v, languages) for v in values])
            return {v: w.text if w else v for v, w in zip(values, words, strict=True)}
        case "Person":
            people = await context.people.load_many([PersonKey(_owner_of(found, by, v), v) for v in values])
            return {v: p.name or "" for v, p in zip(values, people, strict=True) if p is not None}
        case "Album":
            albums = await context.albums.load_many([AlbumKey(_owner_of(found, by, v), v) for v in values])
            return {v: a.title or "" for v, a in zip(values, albums, strict=True) if a is not None}
        case "Customer":
            known = await context.customers.load_many(list(values))
            return {v: (c.identity.display_name if c.identity else None) or "" for v, c in zip(values, known, strict=True) if c}
        case _:
            return {v: _key(found, by, v) for v in values}


def _sorted(buckets: list[NamedBucket], order: str) -> list[NamedBucket]:
    if order == "NAME_ASC":
        return sorted(buckets, key=lambda b: (normalize(b.name), b.value))
    if order == "KEY_ASC":
        return sorted(buckets, key=lambda b: (int(b.value), "") if b.value.isdigit() else (0, b.value))
    return sorted(buckets, key=lambda b: (-b.count, b.value))
