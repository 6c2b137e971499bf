"""A simple model of the `PhotoIndex` contract that examines every document."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import asin, cos, radians, sin, sqrt

from access.classes import DataClass
from access.policy import Use, Visibility
from access.precision import LocationPrecision, TimePrecision
from access.scope import Scope
from datasources.search.analysis import fold_name, query_stems, word_stems
from datasources.search.conditions import (
    All,
    Any_,
    AnyOf,
    Between,
    Condition,
    Everything,
    Field,
    FileNamePart,
    HasWord,
    Kind,
    Not,
    Nothing,
    WithinBox,
    WithinCircle,
)
from datasources.search.port import (
    Bucket,
    Coordinates,
    FacetCounts,
    FacetRequest,
    Hit,
    Order,
    PhotoDocument,
    Position,
    SearchRequest,
    SearchResult,
    TextQuery,
)
from datasources.sortkeys import added_key, day_key, none_key, taken_key
from datasources.words import is_unspaced, tokens


@dataclass(frozen=True)
class Seen:
    """A document as a scope sees it."""

    document: PhotoDocument
    visibility: Visibility
    albums: frozenset[str]
    """The albums that may be shown."""


def seen(documents: Sequence[PhotoDocument], scope: Scope) -> list[Seen]:
    rows = []
    for document in documents:
        owner = document.key.owner
        visibility = scope.visibility(owner, document.albums, active=document.state == "ACTIVE", home=document.home)
        if visibility is not None:
            granted = {g.album for g in scope.grants if g.owner == owner}
            whole = scope.library_visibility(owner) is not None
            albums = frozenset(document.albums) if whole else frozenset(granted & set(document.albums))
            rows.append(Seen(document, visibility, albums))
    return rows


def readable(field: Field, visibility: Visibility, use: Use) -> bool:
    if not visibility.may(field.data_class, use):
        return False
    if field is Field.INSTANT:
        return visibility.offset
    if isinstance(field.least, LocationPrecision):
        return visibility.location_precision(field.data_class) >= field.least
    return not isinstance(field.least, TimePrecision) or visibility.time >= field.least


def values(field: Field, row: Seen, use: Use) -> Sequence[str] | Sequence[float]:
    """The values of a field of a row, if it may be used this way."""
    if not readable(field, row.visibility, use):
        return []
    if field is Field.ALBUM:
        return sorted(row.albums)
    return _stored(field, row.document)


def _stored(field: Field, d: PhotoDocument) -> Sequence[str] | Sequence[float]:
    day = date.fromisoformat(d.taken_local[:10]) if d.taken_local else None
    match field:
        case Field.OWNER:
            return [d.key.owner]
        case Field.LABEL:
            return sorted(set(d.labels))
        case Field.KEYWORD:
            return sorted(set(d.keywords))
        case Field.PERSON:
            return sorted(set(d.people))
        case Field.COUNTRY | Field.REGION | Field.CITY | Field.LOCALITY:
            return [d.places[field.name]] if field.name in d.places else []
        case Field.HAS_LOCATION:
            return [str(d.exact is not None).lower()]
        case Field.HAS_PEOPLE:
            return [str(bool(d.people)).lower()]
        case Field.HAS_CAPTION | Field.FAVORITE | Field.HOME:
            return [str(getattr(d, field.label)).lower()]
        case Field.ORIENTATION:
            if d.width is None or d.height is None:
                return []
            return ["SQUARE" if d.width == d.height else "LANDSCAPE" if d.width > d.height else "PORTRAIT"]
        case Field.ADDED_AT:
            return [d.added_at_ms]
        case Field.DAY:
            return [int(day.strftime("%Y%m%d"))] if day else []
        case Field.YEAR:
            return [day.year] if day else []
        case Field.YEAR_MONTH:
            return [day.year * 100 + day.month] if day else []
        case Field.MONTH:
            return [day.month] if day else []
        case Field.MONTH_DAY:
            return [day.month * 100 + day.day] if day else []
        case Field.WEEKDAY:
            return [day.weekday() + 1] if day else []
        case _:
            value = getattr(d, field.label)
            return [] if value is None else [value]


def holds(condition: Condition, row: Seen, use: Use = Use.FILTER) -> bool:
    match condition:
        case Everything():
            return True
        case Nothing():
            return False
        case All(of):
            return all(holds(c, row, use) for c in of)
        case Any_(of):
            return any(holds(c, row, use) for c in of)
        case Not(of):
            return not holds(of, row, use)
        case AnyOf(field, wanted):
            return any(v in wanted for v in values(field, row, use))
        case Between(field, low, high):
            found = [float(v) for v in values(field, row, use)]
            return any((low is None or v >= low) and (high is None or v <= high) for v in found)
        case WithinBox(level, west, south, east, north):
            point = _point(row, level, use)
            if point is None or not south <= point.latitude <= north:
                return False
            lon = point.longitude
            return west <= lon <= east if west <= east else lon >= west or lon <= east
        case WithinCircle(level, latitude, longitude, radius):
            point = _point(row, level, use)
            return point is not None and _distance(Coordinates(latitude, longitude), point) <= radius
        case HasWord():
            return readable(Field.TEXT, row.visibility, use) and any(
                _word(condition, tokens(text)) for text in (*row.document.text, *row.document.keywords)
            )
        case FileNamePart(part):
            name = row.document.file_name
            shown = readable(Field.FILE_NAME, row.visibility, use) and fold_name(part)
            return bool(name and shown and shown in fold_name(name))


def _point(row: Seen, level: LocationPrecision, use: Use) -> Coordinates | None:
    if not row.visibility.may(DataClass.LOCATION, use):
        return None
    match min(level, row.visibility.location):
        case LocationPrecision.NONE:
            return None
        case LocationPrecision.COUNTRY:
            return row.document.country
        case LocationPrecision.CITY:
            return row.document.city
        case LocationPrecision.KILOMETER:
            return row.document.kilometer
        case LocationPrecision.EXACT:
            return row.document.exact


def _distance(a: Coordinates, b: Coordinates) -> float:
    north, south = radians(a.latitude), radians(b.latitude)
    h = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * sin(radians(b.longitude - a.longitude) / 2) ** 2
    return 2 * 6_371_008.8 * asin(sqrt(min(1.0, h)))


def _word(condition: HasWord, words: Sequence[str]) -> bool:
    wanted = tokens(condition.word)
    if not wanted:
        return False
    if len(wanted) > 1:
        return any(list(words[i : i + len(wanted)]) == wanted for i in range(len(words)))
    (word,) = wanted
    if condition.exact:
        return word in words
    if any(not word_stems(w).isdisjoint(query_stems(word, condition.languages)) or (is_unspaced(w) and word in w) for w in words):
        return True
    if condition.prefix and any(w.startswith(word) for w in words):
        return True
    return condition.fuzzy and len(word) >= 4 and any(one_edit_away(w, word) for w in words)


def one_edit_away(a: str, b: str) -> bool:
    """Whether the edit distance (insert, delete, replace, swap neighbours) is at most one."""
    splits = [(b[:i], b[i:]) for i in range(len(b) + 1)]
    less = {x + y[1:] for x, y in splits if y}
    swapped = {x + y[1] + y[0] + y[2:] for x, y in splits if len(y) > 1}
    other = len(a) == len(b) and sum(x != y for x, y in zip(a, b, strict=True)) <= 1
    more = any(a[:i] + a[i + 1 :] == b for i in range(len(a)))
    return a == b or other or more or a in less or a in swapped


def _sort_number(row: Seen, order: Order) -> int:
    photo, time = row.document.key.id, row.visibility.time
    if order in {Order.ADDED_ASC, Order.ADDED_DESC}:
        return added_key(row.document.added_at_ms if time is TimePrecision.EXACT else 0, photo)
    if time is TimePrecision.NONE:
        return none_key(photo)
    if time is TimePrecision.DAY or order is Order.RELEVANCE:
        return day_key(row.document.taken_local, photo)
    return taken_key(row.document.taken_local, photo)


def _score(text: TextQuery | None, row: Seen) -> float:
    return sum(round(c.weight * 10_000) for c in text.scored if holds(c.condition, row, Use.SEARCH)) / 10_000 if text else 0.0


def _matches(text: TextQuery | None, row: Seen) -> bool:
    return text is None or sum(holds(c.condition, row, Use.SEARCH) for c in text.clauses) >= text.required


def answer(rows: Sequence[Seen], request: SearchRequest) -> SearchResult:
    chosen = [r for r in rows if _matches(request.text, r)]
    matching = [r for r in chosen if holds(request.condition, r)]
    down = (request.order in {Order.TAKEN_DESC, Order.ADDED_DESC, Order.RELEVANCE}) != request.backwards
    hits = []
    for r in matching:
        score = _score(request.text, r) if request.order is Order.RELEVANCE else 0.0
        hits.append(Hit(r.document.key, Position(score, _sort_number(r, request.order), r.document.key.id)))
    hits.sort(key=lambda h: h.position, reverse=down)
    if request.after is not None:
        after = request.after
        hits = [h for h in hits if (h.position < after if down else h.position > after)]
    page = hits[: request.limit]
    return SearchResult(
        page,
        request.limit > 0 and len(hits) > len(page),
        len(matching) if request.total else None,
        [_facet(f, [r for r in chosen if holds(f.condition, r)]) for f in request.facets],
    )


def _facet(facet: FacetRequest, rows: Sequence[Seen]) -> FacetCounts:
    found: Counter[str] = Counter()
    newest: dict[str, list[tuple[int, str, Seen]]] = defaultdict(list)
    missing = 0
    for row in rows:
        mine = [v if facet.field.kind is Kind.KEYWORD else str(int(v)) for v in values(facet.field, row, Use.FACET)]
        missing += not mine
        for value in mine:
            found[str(value)] += 1
            newest[str(value)].append((_sort_number(row, Order.TAKEN_DESC), row.document.key.id, row))
    buckets = []
    for value, count in sorted(found.items(), key=lambda item: (-item[1], item[0])):
        key, _, row = max(newest[value], key=lambda n: n[:2])
        buckets.append(Bucket(value, count, row.document.key, key) if facet.covers else Bucket(value, count))
    return FacetCounts(buckets, missing)
