"""Conditions as queries of tantivy: built from terms, never parsed, so that nobody's text is syntax."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil, floor, inf

import numpy as np
import tantivy

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
from datasources.search.geometry import around, distances_m
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
"""Up to so many values are terms of their own, which skip to the scope's rows. A set of terms or a range visits every
owner's rows first: at 1,000,000 photos twice the time for a customer of 1,000 (`benchmarks/search.py`)."""


def every(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    """All hold; nothing scores."""
    return Query.boolean_query([(_MUST, q) for q in queries]) if len(queries) != 1 else queries[0]


def some(queries: Sequence[tantivy.Query], least: int = 1) -> tantivy.Query:
    """At least so many hold."""
    return Query.boolean_query([(_SHOULD, q) for q in queries], minimum_number_should_match=least)


class Compiler:
    """Queries over one searcher, inside the rows of one scope; a circle is resolved once however often it is asked."""

    def __init__(self, schema: tantivy.Schema, searcher: tantivy.Searcher, rows: Condition) -> None:
        self._schema = schema
        self._searcher = searcher
        self._circles: dict[WithinCircle, tantivy.Query] = {}
        self._rows = self.raw(rows)

    def inside(self, *conditions: Condition, text: TextQuery | None = None) -> tantivy.Query:
        """The rows of the scope for which all conditions hold: the only way to a query that may be run."""
        queries = [self._rows, *(self.raw(c) for c in conditions if not isinstance(c, Everything))]
        if text is not None:
            queries.append(self.matching(text))
        return Query.const_score_query(every(queries), 0.0)

    def matching(self, text: TextQuery) -> tantivy.Query:
        """Rows for which enough clauses hold."""
        if text.required <= 0:
            return Query.all_query()
        if text.required > len(text.clauses):
            return Query.empty_query()
        return some([self.raw(c.condition) for c in text.clauses], text.required)

    def between(self, column: str, low: int, high: int) -> tantivy.Query:
        """Whole numbers of a column of unsigned numbers, both ends included."""
        return Query.range_query(self._schema, column, tantivy.FieldType.Unsigned, max(low, 0), min(high, MAX_U64))

    def raw(self, condition: Condition) -> tantivy.Query:  # noqa: C901, PLR0911 - one case a condition
        """A condition as it stands, over everybody's rows: to be put inside a scope."""
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
                return self._number(condition)
            case WithinBox(level, west, south, east, north):
                sides = [self._degrees(latitude(level), south, north), self._meridians(longitude(level), west, east)]
                return every(sides)
            case WithinCircle():
                return self._circle(condition)
            case HasWord():
                return self._word(condition)
            case FileNamePart(part):
                return self._name(part)

    def one_of(self, column: str, values: Iterable[str]) -> tantivy.Query:
        """Rows with any of these texts."""
        distinct = list(dict.fromkeys(values))
        if 0 < len(distinct) <= _FEW:
            return self._terms(column, distinct)
        return Query.term_set_query(self._schema, column, distinct) if distinct else Query.empty_query()

    def _terms(self, column: str, values: Sequence[str | float]) -> tantivy.Query:
        terms = [self._term(column, value) for value in values]
        return terms[0] if len(terms) == 1 else some(terms)

    def _term(self, column: str, value: str | float) -> tantivy.Query:
        return Query.term_query(self._schema, column, value, index_option="basic")

    def _number(self, asked: Between) -> tantivy.Query:
        low = -inf if asked.low is None else asked.low
        high = inf if asked.high is None else asked.high
        column = asked.field.label
        if low == -inf and high == inf:
            return Query.exists_query(column)
        if asked.field in BROKEN:
            return self._degrees(column, low, high)
        first = -(1 << 63) if low == -inf else max(ceil(low), -(1 << 63))
        last = (1 << 63) - 1 if high == inf else min(floor(high), (1 << 63) - 1)
        if first > last:
            return Query.empty_query()
        if last - first < _FEW:
            return self._terms(column, range(first, last + 1))
        return Query.range_query(self._schema, column, tantivy.FieldType.Integer, first, last)

    def _degrees(self, column: str, low: float, high: float) -> tantivy.Query:
        if low > high:
            return Query.empty_query()
        return Query.range_query(self._schema, column, tantivy.FieldType.Float, float(low), float(high))

    def _meridians(self, column: str, west: float, east: float) -> tantivy.Query:
        if west <= east:
            return self._degrees(column, west, east)
        return some([self._degrees(column, west, inf), self._degrees(column, -inf, east)])

    def _circle(self, asked: WithinCircle) -> tantivy.Query:
        """A box, less the spots in its corners: exact, and the same for hits, counts and facets.

        tantivy measures no distances inside a query. The distinct points of the scope's rows in the box are measured
        here, and the smaller set of spots, those in the circle or those outside, becomes a part of the query.
        """
        if asked not in self._circles:
            west, south, east, north = around(asked.latitude, asked.longitude, asked.radius_m)
            box = self.raw(WithinBox(asked.level, west, south, east, north))
            numbers, places = self._spots(asked, every([self._rows, box]))
            near = distances_m(asked.latitude, asked.longitude, places) <= asked.radius_m
            inside, outside = numbers[near].tolist(), numbers[~near].tolist()
            if len(inside) <= len(outside):
                found = Query.term_set_query(self._schema, spot(asked.level), inside) if inside else Query.empty_query()
            else:
                corners = [(_NOT, Query.term_set_query(self._schema, spot(asked.level), outside))] if outside else []
                found = Query.boolean_query([(_MUST, box), *corners])
            self._circles[asked] = found
        return self._circles[asked]

    def _spots(self, asked: WithinCircle, query: tantivy.Query) -> tuple[np.ndarray, np.ndarray]:
        found = self._searcher.search(query, limit=1).count
        hits = self._searcher.search(query, limit=found, count=False).hits if found else []
        rows = [address for _, address in hits]
        columns = [self._searcher.fast_field_values(name(asked.level), rows) for name in (spot, latitude, longitude)]
        numbers, first = np.unique(np.array(columns[0], dtype=np.uint64), return_index=True)
        return numbers, np.array(columns[1:], dtype=np.float64).T[first].reshape(-1, 2)

    def _word(self, asked: HasWord) -> tantivy.Query:
        found = lookup(asked)
        if found is None:
            return Query.empty_query()
        ways = [Query.phrase_query(self._schema, WORD, list(found.row))] if found.row else []
        if found.stem is not None:
            ways.append(self._term(STEM, found.stem))
        if found.beginning is not None:
            ways.append(Query.fuzzy_term_query(self._schema, WORD, found.beginning, distance=0, prefix=True))
        if found.typo is not None:
            ways.append(Query.fuzzy_term_query(self._schema, WORD, found.typo, distance=1))
        return some(ways) if len(ways) > 1 else ways[0]

    def _name(self, part: str) -> tantivy.Query:
        """Grams of three at their distances fix every character of the part: a hit cannot lie."""
        folded = folded_name(part)
        if not folded:
            return Query.empty_query()
        if len(folded) <= 3:  # noqa: PLR2004 - the longest gram
            return self._term((NAME_1, NAME_2, NAME_3)[len(folded) - 1], folded)
        found = grams(folded, 3)
        places = sorted({*range(0, len(found), 3), len(found) - 1})
        return Query.phrase_query(self._schema, NAME_3, [(place, found[place]) for place in places])
