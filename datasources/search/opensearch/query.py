"""Conditions as OpenSearch queries, built from terms and never from query strings, so that user text is not parsed."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, inf, radians
from typing import Any

from datasources.search.analysis import fold_name, grams, lookup
from datasources.search.columns import FRACTIONAL
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
from datasources.search.geometry import EARTH_RADIUS_M, bounding_box
from datasources.search.opensearch.schema import NAME_1, NAME_2, NAME_3, STEM, WORD, latitude, longitude
from datasources.search.port import TextQuery

Query = dict[str, Any]
ALL: Query = {"match_all": {}}
NONE: Query = {"match_none": {}}
_MAX_LONG = (1 << 63) - 1

_DISTANCE = """
double lat = Math.toRadians(doc[params.lat].value), lon = Math.toRadians(doc[params.lon].value);
double north = Math.sin((lat - params.here) / 2), east = Math.sin((lon - params.there) / 2);
double a = north * north + Math.cos(params.here) * Math.cos(lat) * east * east;
return 2 * params.radius * Math.asin(Math.sqrt(Math.min(1.0, Math.max(0.0, a)))) <= params.most;
"""
"""The haversine formula of `geometry`. `geo_distance` rounds points to 32 bits, which changes hits at the edge of a circle."""


def every(queries: Sequence[Query]) -> Query:
    """A conjunction without scoring."""
    return queries[0] if len(queries) == 1 else {"bool": {"filter": list(queries)}}


def some(queries: Sequence[Query], least: int = 1) -> Query:
    """At least `least` queries match."""
    return {"bool": {"should": list(queries), "minimum_should_match": least}}


def inside(rows: Condition, *conditions: Condition) -> Query:
    """The rows of a scope that match all conditions."""
    return every([query(rows), *(query(c) for c in conditions if not isinstance(c, Everything))])


def matching(text: TextQuery) -> Query:
    """Rows that match enough clauses; the score is the sum of their units, which is exact in the floats of the engine."""
    if text.required > len(text.clauses) or (not text.clauses and text.required > 0):
        return NONE
    if not text.scored:
        return ALL
    weighted = zip(text.scored, units(text.scored), strict=True)
    scoring = [{"constant_score": {"filter": query(c.condition), "boost": unit}} for c, unit in weighted]
    clauses, boosts = scoring[: len(text.clauses)], scoring[len(text.clauses) :]
    scored: Query = {"filter": [ALL], "should": clauses, "minimum_should_match": max(text.required, 0)}
    # A clause of its own for the boosts, because they do not count for `minimum_should_match`.
    return {"bool": {"must": [{"bool": scored}], "should": boosts}} if boosts else {"bool": scored}


def query(condition: Condition) -> Query:  # noqa: C901, PLR0911 - one case a condition
    """A condition over the rows of all owners; the caller must combine it with a scope."""
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
    """Rows with any of these values."""
    distinct = list(dict.fromkeys(values))
    return {"terms": {column: distinct}} if distinct else NONE


def _term(column: str, value: str) -> Query:
    return {"term": {column: {"value": value}}}


def _number(condition: Between) -> Query:
    low = -inf if condition.low is None else condition.low
    high = inf if condition.high is None else condition.high
    column = condition.field.label
    if low == -inf and high == inf:
        return {"exists": {"field": column}}
    if condition.field in FRACTIONAL:
        return _range(column, low, high)
    first = -_MAX_LONG if low == -inf else max(ceil(low), -_MAX_LONG)
    last = _MAX_LONG if high == inf else min(floor(high), _MAX_LONG)
    return _range(column, first, last)


def _range(column: str, low: float, high: float) -> Query:
    if low > high:
        return NONE
    ends = {"gte": low, "lte": high}
    return {"range": {column: {name: end for name, end in ends.items() if abs(end) != inf}}}


def _box(condition: WithinBox) -> Query:
    column = longitude(condition.level)
    east_west = (
        _range(column, condition.west, condition.east)
        if condition.west <= condition.east
        else some([_range(column, condition.west, inf), _range(column, -inf, condition.east)])
    )
    return every([_range(latitude(condition.level), condition.south, condition.north), east_west])


def _circle(condition: WithinCircle) -> Query:
    """A bounding box with an exact distance filter inside, the same for hits, counts and facets."""
    lat, lon = latitude(condition.level), longitude(condition.level)
    parameters = {
        "lat": lat, "lon": lon, "here": radians(condition.latitude), "there": radians(condition.longitude),
        "radius": EARTH_RADIUS_M, "most": float(condition.radius_m),
    }  # fmt: skip
    box = _box(WithinBox(condition.level, *bounding_box(condition.latitude, condition.longitude, condition.radius_m)))
    measured = {"script": {"script": {"source": _DISTANCE, "params": parameters}}}
    return every([{"exists": {"field": lat}}, {"exists": {"field": lon}}, box, measured])


def _word(condition: HasWord) -> Query:
    found = lookup(condition)
    if found is None:
        return NONE
    alternatives: list[Query] = [{"match_phrase": {WORD: " ".join(found.phrase)}}] if found.phrase else []
    if found.exact is not None:
        alternatives.append(_term(WORD, found.exact))
    if found.stems:
        alternatives.append(one_of(STEM, found.stems))
    if found.prefix is not None:
        alternatives.append({"prefix": {WORD: {"value": found.prefix, "rewrite": "constant_score"}}})
    if found.fuzzy is not None:
        # Without this rewrite only the 50 most frequent terms of all customers together would be used.
        edit: Query = {"value": found.fuzzy, "fuzziness": 1, "transpositions": True, "prefix_length": 0}
        alternatives.append({"fuzzy": {WORD: edit | {"rewrite": "constant_score"}}})
    return some(alternatives) if len(alternatives) > 1 else alternatives[0]


def _name(part: str) -> Query:
    """Consecutive trigrams determine every character of the part, so there are no false matches."""
    folded = fold_name(part)
    if not folded:
        return NONE
    if len(folded) <= 3:  # noqa: PLR2004 - the longest gram
        return _term((NAME_1, NAME_2)[len(folded) - 1], folded) if len(folded) < 3 else {"match_phrase": {NAME_3: folded}}  # noqa: PLR2004
    return {"match_phrase": {NAME_3: " ".join(grams(folded, 3))}}
