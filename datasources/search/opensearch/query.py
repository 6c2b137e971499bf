"""Conditions as queries of OpenSearch: structures of terms, never a query string, so that nobody's text is syntax."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, inf, radians
from typing import Any

from datasources.search.analysis import folded_name, grams, lookup
from datasources.search.columns import BROKEN
from datasources.search.conditions import (
    All,
    Any_,
    AnyOf,
    Between,
    Condition,
    Everything,
    FileNamePart,
    HasWord,
    Not,
    Nothing,
    WithinBox,
    WithinCircle,
)
from datasources.search.fixed_point import units
from datasources.search.geometry import EARTH_RADIUS_M, around
from datasources.search.opensearch.schema import NAME_1, NAME_2, NAME_3, STEM, WORD, latitude, longitude
from datasources.search.port import TextQuery

Query = dict[str, Any]
ALL: Query = {"match_all": {}}
NONE: Query = {"match_none": {}}
_MOST = (1 << 63) - 1

_DISTANCE = """
double lat = Math.toRadians(doc[params.lat].value), lon = Math.toRadians(doc[params.lon].value);
double north = Math.sin((lat - params.here) / 2), east = Math.sin((lon - params.there) / 2);
double a = north * north + Math.cos(params.here) * Math.cos(lat) * east * east;
return 2 * params.radius * Math.asin(Math.sqrt(Math.min(1.0, Math.max(0.0, a)))) <= params.most;
"""
"""The haversine formula of `geometry`. The engine's own circle rounds points to 32 bits: a centimetre, on edges a hit."""


def every(queries: Sequence[Query]) -> Query:
    """All hold; nothing scores."""
    return queries[0] if len(queries) == 1 else {"bool": {"filter": list(queries)}}


def some(queries: Sequence[Query], least: int = 1) -> Query:
    """At least so many hold."""
    return {"bool": {"should": list(queries), "minimum_should_match": least}}


def inside(rows: Condition, *conditions: Condition) -> Query:
    """The rows of a scope for which all conditions hold."""
    return every([query(rows), *(query(c) for c in conditions if not isinstance(c, Everything))])


def matching(text: TextQuery) -> Query:
    """Rows for which enough clauses hold; the score is the sum of their units, exact in the engine's floats."""
    if text.required > len(text.clauses) or (not text.clauses and text.required > 0):
        return NONE
    if not text.clauses:
        return ALL
    weighed = zip(text.clauses, units(text.clauses), strict=True)
    scoring = [{"constant_score": {"filter": query(c.condition), "boost": unit}} for c, unit in weighed]
    asked: Query = {"filter": [ALL], "should": scoring, "minimum_should_match": max(text.required, 0)}
    return {"bool": asked}


def query(condition: Condition) -> Query:  # noqa: C901, PLR0911 - one case a condition
    """A condition as it stands, over everybody's rows: to be put inside a scope."""
    match condition:
        case Everything():
            return ALL
        case Nothing():
            return NONE
        case All(of):
            return every([query(c) for c in of]) if of else ALL
        case Any_(of):
            return some([query(c) for c in of]) if of else NONE
        case Not(of):
            return {"bool": {"must_not": [query(of)]}}
        case AnyOf(field, values):
            return one_of(field.label, values)
        case Between():
            return _number(condition)
        case WithinBox():
            return _box(condition)
        case WithinCircle():
            return _circle(condition)
        case HasWord():
            return _word(condition)
        case FileNamePart(part):
            return _name(part)


def one_of(column: str, values: Sequence[str]) -> Query:
    """Rows with any of these texts."""
    distinct = list(dict.fromkeys(values))
    return {"terms": {column: distinct}} if distinct else NONE


def _term(column: str, value: str) -> Query:
    return {"term": {column: {"value": value}}}


def _number(asked: Between) -> Query:
    low = -inf if asked.low is None else asked.low
    high = inf if asked.high is None else asked.high
    column = asked.field.label
    if low == -inf and high == inf:
        return {"exists": {"field": column}}
    if asked.field in BROKEN:
        return _range(column, low, high)
    first = -_MOST if low == -inf else max(ceil(low), -_MOST)
    last = _MOST if high == inf else min(floor(high), _MOST)
    return _range(column, first, last)


def _range(column: str, low: float, high: float) -> Query:
    if low > high:
        return NONE
    ends = {"gte": low, "lte": high}
    return {"range": {column: {name: end for name, end in ends.items() if abs(end) != inf}}}


def _box(asked: WithinBox) -> Query:
    column = longitude(asked.level)
    east_west = (
        _range(column, asked.west, asked.east)
        if asked.west <= asked.east
        else some([_range(column, asked.west, inf), _range(column, -inf, asked.east)])
    )
    return every([_range(latitude(asked.level), asked.south, asked.north), east_west])


def _circle(asked: WithinCircle) -> Query:
    """A box, and in it every distance measured: exact, and the same for hits, counts and facets."""
    lat, lon = latitude(asked.level), longitude(asked.level)
    given = {
        "lat": lat, "lon": lon, "here": radians(asked.latitude), "there": radians(asked.longitude),
        "radius": EARTH_RADIUS_M, "most": float(asked.radius_m),
    }  # fmt: skip
    box = _box(WithinBox(asked.level, *around(asked.latitude, asked.longitude, asked.radius_m)))
    measured = {"script": {"script": {"source": _DISTANCE, "params": given}}}
    return every([{"exists": {"field": lat}}, {"exists": {"field": lon}}, box, measured])


def _word(asked: HasWord) -> Query:
    found = lookup(asked)
    if found is None:
        return NONE
    ways: list[Query] = [{"match_phrase": {WORD: " ".join(found.row)}}] if found.row else []
    if found.stem is not None:
        ways.append(_term(STEM, found.stem))
    if found.beginning is not None:
        ways.append({"prefix": {WORD: {"value": found.beginning, "rewrite": "constant_score"}}})
    if found.typo is not None:
        # Without this rewrite only the fifty likeliest words of all customers together would be looked for.
        edit: Query = {"value": found.typo, "fuzziness": 1, "transpositions": True, "prefix_length": 0}
        ways.append({"fuzzy": {WORD: edit | {"rewrite": "constant_score"}}})
    return some(ways) if len(ways) > 1 else ways[0]


def _name(part: str) -> Query:
    """Grams of three in a row fix every character of the part: a hit cannot lie."""
    folded = folded_name(part)
    if not folded:
        return NONE
    if len(folded) <= 3:  # noqa: PLR2004 - the longest gram
        return _term((NAME_1, NAME_2)[len(folded) - 1], folded) if len(folded) < 3 else {"match_phrase": {NAME_3: folded}}  # noqa: PLR2004
    return {"match_phrase": {NAME_3: " ".join(grams(folded, 3))}}
