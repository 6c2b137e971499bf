"""Counts of values in the embedded index: one aggregation for all facets over the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tantivy

from access.scope import Scope
from datasources.search.columns import BROKEN
from datasources.search.conditions import Condition, Field, Kind, Nothing
from datasources.search.facet_counts import Latest, Tally
from datasources.search.port import FacetCounts
from datasources.search.row_security import BoundFacet, FacetPartition, ScopedQuery
from datasources.search.tantivy.query import MAX_U64, Compiler, every
from datasources.search.tantivy.schema import ID_HIGH, ID_LOW, OWNER_NUMBER, owner_number

_LIMIT = 60_000
"""Buckets of one aggregation: a fuller one was cut, silently; tantivy gives up at 65,000 in all."""

_NONE: dict[Kind, Any] = {Kind.KEYWORD: "\0", Kind.NUMBER: -(1 << 53)}
"""Stands for `no value` in an aggregation: no field holds it."""

_Asked = tuple[int, BoundFacet, FacetPartition]
"""A slice of a facet, and the facet's place in the question."""


class Facets:
    """The facets of bound questions."""

    def __init__(self, searcher: tantivy.Searcher, compiler: Compiler, scope: Scope) -> None:
        self._searcher = searcher
        self._compiler = compiler
        self._owners = {owner_number(owner): owner for owner in scope.owners}

    def counts(self, bound: ScopedQuery) -> Sequence[FacetCounts]:
        """Every facet, in order."""
        tallies = [Tally() for _ in bound.facets]
        together: dict[tuple[Condition, Condition], list[_Asked]] = {}
        for place, facet in enumerate(bound.facets):
            for rows in facet.slices:
                together.setdefault((facet.condition, rows.rows), []).append((place, facet, rows))
            if not isinstance(facet.unreadable, Nothing):
                hidden = self._compiler.inside(facet.condition, facet.unreadable, text=bound.text)
                tallies[place].missing += self._searcher.search(hidden, limit=1).count
        for (condition, readable), asked in together.items():
            self._count(self._compiler.inside(condition, readable, text=bound.text), asked, tallies)
        return [tally.told() for tally in tallies]

    def _count(self, query: tantivy.Query, asked: Sequence[_Asked], tallies: Sequence[Tally]) -> None:
        try:
            answer = self._searcher.aggregate(query, {str(place): _terms(facet, rows) for place, facet, rows in asked})
        except ValueError as error:
            if "bucket limit" not in str(error):
                raise
            self._count_halves(query, asked, tallies)
            return
        if any(len(terms["buckets"]) >= _LIMIT for terms in answer.values()):
            self._count_halves(query, asked, tallies)
            return
        for place, facet, rows in asked:
            for bucket in answer[str(place)]["buckets"]:
                self._add(tallies[place], facet.field, rows, bucket)

    def _count_halves(self, query: tantivy.Query, asked: Sequence[_Asked], tallies: Sequence[Tally]) -> None:
        """Too many buckets at once: facet by facet, and then by halves of the ids; counts of halves add up."""
        if len(asked) > 1:
            for one in asked:
                self._count(query, [one], tallies)
            return
        for low, high in self._halves(query):
            self._count(every([query, self._compiler.between(ID_HIGH, low, high)]), asked, tallies)

    def _halves(self, query: tantivy.Query) -> tuple[tuple[int, int], tuple[int, int]]:
        ends = [
            self._searcher.search(query, 1, count=False, order_by_field=ID_HIGH, order=order).hits[0][0]
            for order in (tantivy.Order.Asc, tantivy.Order.Desc)
        ]
        middle = sum(ends) // 2
        return (0, middle), (middle + 1, MAX_U64)

    def _add(self, tally: Tally, field: Field, rows: FacetPartition, bucket: dict[str, Any]) -> None:
        key, count = bucket["key"], bucket["doc_count"]
        if key == _NONE[field.kind]:
            tally.missing += count
            return
        if rows.values is not None and key not in rows.values:
            return
        tally.add(key, count, self._latest(bucket))

    def _latest(self, bucket: dict[str, Any]) -> Latest | None:
        if "newest" not in bucket:
            return None
        (hit,) = bucket["newest"]["hits"]
        key, high, low = hit["sort"]
        return Latest(key, f"{high:016x}{low:016x}", self._owners[hit["docvalue_fields"][OWNER_NUMBER][0]])


def _terms(facet: BoundFacet, rows: FacetPartition) -> dict[str, Any]:
    field = facet.field
    missing = float(_NONE[field.kind]) if field in BROKEN else _NONE[field.kind]
    terms: dict[str, Any] = {"terms": {"field": field.label, "size": _LIMIT, "segment_size": _LIMIT, "missing": missing}}
    if facet.covers:
        sort = [{rows.newest.value: "desc"}, {ID_HIGH: "desc"}, {ID_LOW: "desc"}]
        terms["aggs"] = {"newest": {"top_hits": {"size": 1, "sort": sort, "docvalue_fields": [OWNER_NUMBER]}}}
    return terms
