"""Conditions as tantivy queries, built from terms and never parsed, so that user text is not query syntax."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil, floor, inf

import numpy as np
import tantivy

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
from datasources.search.geometry import bounding_box, distances_m
from datasources.search.port import TextQuery
from datasources.search.tantivy.schema import (
    NAME_1,
    NAME_2,
    NAME_3,
    STEM,
    WORD,
    latitude,
    longitude,
    spot,
)

Query = tantivy.Query
_MUST, _SHOULD, _NOT = tantivy.Occur.Must, tantivy.Occur.Should, tantivy.Occur.MustNot
MAX_U64 = (1 << 64) - 1

_FEW = 32
"""Up to this number of values of a range is queried as single terms, which skip to the rows of the scope. Ranges visit
the rows of all owners: twice the time for a customer with 1,000 of 1,000,000 photos (`benchmarks/search.py`)."""
_SINGLE_TERMS = 4_000
"""Up to this number, texts are queried as single terms. A term set of 1,000 albums takes 2.5 times as long."""


def every(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    """A conjunction without scoring."""
    return Query.boolean_query([(_MUST, q) for q in queries]) if len(queries) != 1 else queries[0]


def some(queries: Sequence[tantivy.Query], least: int = 1) -> tantivy.Query:
    """At least `least` queries match."""
    return Query.boolean_query([(_SHOULD, q) for q in queries], minimum_number_should_match=least)


class Compiler:
    """Compiles conditions for one searcher and the rows of one scope; circles are resolved once and cached."""

    def __init__(self, schema: tantivy.Schema, searcher: tantivy.Searcher, rows: Condition) -> None:
        self._schema = schema
        self._searcher = searcher
        self._circles: dict[WithinCircle, tantivy.Query] = {}
        self._rows = self.raw(rows)

    def inside(self, *conditions: Condition, text: TextQuery | None = None) -> tantivy.Query:
        """The rows of the scope that match all conditions. Every query that is run must come from this method."""
        queries = [self._rows, *(self.raw(c) for c in conditions if not isinstance(c, Everything))]
        if text is not None:
            queries.append(self.matching(text))
        return Query.const_score_query(every(queries), 0.0)

    def matching(self, text: TextQuery) -> tantivy.Query:
        """Rows that match enough clauses."""
        if text.required <= 0:
            return Query.all_query()
        if text.required > len(text.clauses):
            return Query.empty_query()
        return some([self.raw(c.condition) for c in text.clauses], text.required)

    def between(self, column: str, low: int, high: int) -> tantivy.Query:
        """A range of an unsigned column, inclusive."""
        return Query.range_query(self._schema, column, tantivy.FieldType.Unsigned, max(low, 0), min(high, MAX_U64))

    def raw(self, condition: Condition) -> tantivy.Query:  # noqa: C901, PLR0911 - one case a condition
        """A condition over the rows of all owners; the caller must combine it with the scope."""
        match condition:
            case Everything():
                return Query.all_query()
            case Nothing():
                return Query.empty_query()
            case All(of):
                return every([self.raw(c) for c in of]) if of else Query.all_query()
            case Any_(of):
                return some([self.raw(c) for c in of]) if of else Query.empty_query()
            case Not(of):
                return Query.boolean_query([(_MUST, Query.all_query()), (_NOT, self.raw(of))])
            case AnyOf(field, values):
                return self.one_of(field.label, values)
            case Between():
                return self._range_or_terms(condition)
            case WithinBox(level, west, south, east, north):
                sides = [self._float_range(latitude(level), south, north), self._longitudes(longitude(level), west, east)]
                return every(sides)
            case WithinCircle():
                return self._circle(condition)
            case HasWord():
                return self._word(condition)
            case FileNamePart(part):
                return self._name(part)

    def one_of(self, column: str, values: Iterable[str]) -> tantivy.Query:
        """Rows with any of these values."""
        distinct = list(dict.fromkeys(values))
        if 0 < len(distinct) <= _SINGLE_TERMS:
            return self._terms(column, distinct)
        return Query.term_set_query(self._schema, column, distinct) if distinct else Query.empty_query()

    def _terms(self, column: str, values: Sequence[str | float]) -> tantivy.Query:
        terms = [self._term(column, value) for value in values]
        return terms[0] if len(terms) == 1 else some(terms)

    def _term(self, column: str, value: str | float) -> tantivy.Query:
        return Query.term_query(self._schema, column, value, index_option="basic")

    def _range_or_terms(self, condition: Between) -> tantivy.Query:
        low = -inf if condition.low is None else condition.low
        high = inf if condition.high is None else condition.high
        column = condition.field.label
        if low == -inf and high == inf:
            return Query.exists_query(column)
        if condition.field in FRACTIONAL:
            return self._float_range(column, low, high)
        first = -(1 << 63) if low == -inf else max(ceil(low), -(1 << 63))
        last = (1 << 63) - 1 if high == inf else min(floor(high), (1 << 63) - 1)
        if first > last:
            return Query.empty_query()
        if last - first < _FEW:
            return self._terms(column, range(first, last + 1))
        return Query.range_query(self._schema, column, tantivy.FieldType.Integer, first, last)

    def _float_range(self, column: str, low: float, high: float) -> tantivy.Query:
        if low > high:
            return Query.empty_query()
        return Query.range_query(self._schema, column, tantivy.FieldType.Float, float(low), float(high))

    def _longitudes(self, column: str, west: float, east: float) -> tantivy.Query:
        if west <= east:
            return self._float_range(column, west, east)
        return some([self._float_range(column, west, inf), self._float_range(column, -inf, east)])

    def _circle(self, condition: WithinCircle) -> tantivy.Query:
        """A bounding box without the points in its corners: exact, and the same for hits, counts and facets.

        tantivy has no distance query. The distances of the distinct points of the scope's rows in the box are computed
        here, and the smaller set of points, inside or outside the circle, becomes part of the query.
        """
        if condition not in self._circles:
            west, south, east, north = bounding_box(condition.latitude, condition.longitude, condition.radius_m)
            box = self.raw(WithinBox(condition.level, west, south, east, north))
            numbers, places = self._points_in(condition, every([self._rows, box]))
            near = distances_m(condition.latitude, condition.longitude, places) <= condition.radius_m
            inside, outside = numbers[near].tolist(), numbers[~near].tolist()
            if len(inside) <= len(outside):
                found = Query.term_set_query(self._schema, spot(condition.level), inside) if inside else Query.empty_query()
            else:
                corners = [(_NOT, Query.term_set_query(self._schema, spot(condition.level), outside))] if outside else []
                found = Query.boolean_query([(_MUST, box), *corners])
            self._circles[condition] = found
        return self._circles[condition]

    def _points_in(self, condition: WithinCircle, query: tantivy.Query) -> tuple[np.ndarray, np.ndarray]:
        found = self._searcher.search(query, limit=1).count
        hits = self._searcher.search(query, limit=found, count=False).hits if found else []
        rows = [address for _, address in hits]
        columns = [self._searcher.fast_field_values(name(condition.level), rows) for name in (spot, latitude, longitude)]
        numbers, first = np.unique(np.array(columns[0], dtype=np.uint64), return_index=True)
        return numbers, np.array(columns[1:], dtype=np.float64).T[first].reshape(-1, 2)

    def _word(self, condition: HasWord) -> tantivy.Query:
        found = lookup(condition)
        if found is None:
            return Query.empty_query()
        alternatives = [Query.phrase_query(self._schema, WORD, list(found.phrase))] if found.phrase else []
        if found.exact is not None:
            alternatives.append(self._term(WORD, found.exact))
        if found.stems:
            alternatives.append(self._terms(STEM, found.stems))
        if found.prefix is not None:
            alternatives.append(Query.fuzzy_term_query(self._schema, WORD, found.prefix, distance=0, prefix=True))
        if found.fuzzy is not None:
            alternatives.append(Query.fuzzy_term_query(self._schema, WORD, found.fuzzy, distance=1))
        return some(alternatives) if len(alternatives) > 1 else alternatives[0]

    def _name(self, part: str) -> tantivy.Query:
        """Trigrams at their positions determine every character of the part, so there are no false matches."""
        folded = fold_name(part)
        if not folded:
            return Query.empty_query()
        if len(folded) <= 3:  # noqa: PLR2004 - the longest gram
            return self._term((NAME_1, NAME_2, NAME_3)[len(folded) - 1], folded)
        found = grams(folded, 3)
        places = sorted({*range(0, len(found), 3), len(found) - 1})
        return Query.phrase_query(self._schema, NAME_3, [(place, found[place]) for place in places])
