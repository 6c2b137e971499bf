"""Facets of the embedded index: one aggregation for all facets over the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tantivy

from access.scope import Scope
from datasources.search.columns import FRACTIONAL
from datasources.search.conditions import AnyOf, Between, Condition, Field, Kind, Nothing
from datasources.search.facet_counts import FacetAccumulator, Latest
from datasources.search.port import FacetCounts
from datasources.search.row_security import BoundFacet, FacetPartition, ScopedQuery
from datasources.search.tantivy.query import MAX_U64, Compiler, every
from datasources.search.tantivy.schema import ID_HIGH, ID_LOW, OWNER_NUMBER, owner_number

_LIMIT = 60_000
"""Maximum buckets of one aggregation. tantivy truncates larger results silently, and fails above 65,000 in total."""

_NONE: dict[Kind, Any] = {Kind.KEYWORD: "\0", Kind.NUMBER: -(1 << 53)}
"""Represents a missing value in an aggregation; no field has this value."""

_Slice = tuple[int, BoundFacet, FacetPartition]
"""The index of a facet in the request, the facet, and one of its partitions."""


class Facets:
    """Counts the facets of bound requests."""

    def __init__(self, searcher: tantivy.Searcher, compiler: Compiler, scope: Scope) -> None:
        self._searcher = searcher
        self._compiler = compiler
        self._owners = {owner_number(owner): owner for owner in scope.owners}

    def counts(self, bound: ScopedQuery) -> Sequence[FacetCounts]:
        """The counts of every facet, in order."""
        accumulators = [FacetAccumulator() for _ in bound.facets]
        by_rows: dict[tuple[Condition, Condition], list[_Slice]] = {}
        for index, facet in enumerate(bound.facets):
            for rows in facet.slices:
                by_rows.setdefault((facet.condition, rows.rows), []).append((index, facet, rows))
            if not isinstance(facet.unreadable, Nothing):
                hidden = self._compiler.inside(facet.condition, facet.unreadable, text=bound.text)
                accumulators[index].missing += self._searcher.search(hidden, limit=1).count
        for (condition, readable), slices in by_rows.items():
            self._count(self._compiler.inside(condition, readable, text=bound.text), slices, accumulators)
        return [accumulator.result() for accumulator in accumulators]

    def _count(self, query: tantivy.Query, slices: Sequence[_Slice], accumulators: Sequence[FacetAccumulator]) -> None:
        try:
            answer = self._searcher.aggregate(query, {str(index): _terms(facet, rows) for index, facet, rows in slices})
        except ValueError as error:
            if "bucket limit" not in str(error):
                raise
            self._count_halves(query, slices, accumulators)
            return
        if any(len(terms["buckets"]) >= _LIMIT for terms in answer.values()):
            self._count_halves(query, slices, accumulators)
            return
        for index, facet, rows in slices:
            for bucket in answer[str(index)]["buckets"]:
                self._add(accumulators[index], facet.field, rows, bucket, query)

    def _count_halves(self, query: tantivy.Query, slices: Sequence[_Slice], accumulators: Sequence[FacetAccumulator]) -> None:
        """Split an aggregation with too many buckets: by facet, then by halves of the id range, whose counts are added."""
        if len(slices) > 1:
            for one in slices:
                self._count(query, [one], accumulators)
            return
        for low, high in self._halves(query):
            self._count(every([query, self._compiler.between(ID_HIGH, low, high)]), slices, accumulators)

    def _halves(self, query: tantivy.Query) -> tuple[tuple[int, int], tuple[int, int]]:
        ends = [
            self._searcher.search(query, 1, count=False, order_by_field=ID_HIGH, order=order).hits[0][0]
            for order in (tantivy.Order.Asc, tantivy.Order.Desc)
        ]
        middle = sum(ends) // 2
        return (0, middle), (middle + 1, MAX_U64)

    def _add(
        self, accumulator: FacetAccumulator, field: Field, rows: FacetPartition, bucket: dict[str, Any], query: tantivy.Query
    ) -> None:
        key, count = bucket["key"], bucket["doc_count"]
        if key == _NONE[field.kind]:
            accumulator.missing += count
            return
        if rows.values is not None and key not in rows.values:
            return
        accumulator.add(key, count, self._latest(field, rows, bucket, query))

    def _latest(self, field: Field, rows: FacetPartition, bucket: dict[str, Any], query: tantivy.Query) -> Latest | None:
        """The newest photo of a bucket, if the aggregation requested it.

        tantivy 0.27 loses hits of `top_hits` inside `terms` (for rare values in more than 2,048 rows), but not the maximum. If
        the hit is not the maximum, it is searched for among the rows of this bucket.
        """
        if "newest" not in bucket:
            return None
        hits = bucket["newest"]["hits"]
        if not hits or float(hits[0]["sort"][0]) != bucket["maximum"]["value"]:
            rows_of_bucket = every([query, self._compiler.raw(_equals(field, bucket["key"]))])
            hits = self._searcher.aggregate(rows_of_bucket, {"newest": _newest(rows)})["newest"]["hits"]
        key, high, low = hits[0]["sort"]
        return Latest(key, f"{high:016x}{low:016x}", self._owners[hits[0]["docvalue_fields"][OWNER_NUMBER][0]])


def _terms(facet: BoundFacet, rows: FacetPartition) -> dict[str, Any]:
    field = facet.field
    missing = float(_NONE[field.kind]) if field in FRACTIONAL else _NONE[field.kind]
    terms: dict[str, Any] = {"terms": {"field": field.label, "size": _LIMIT, "segment_size": _LIMIT, "missing": missing}}
    if facet.covers:
        terms["aggs"] = {"newest": _newest(rows), "maximum": {"max": {"field": rows.newest.value}}}
    return terms


def _newest(rows: FacetPartition) -> dict[str, Any]:
    sort = [{rows.newest.value: "desc"}, {ID_HIGH: "desc"}, {ID_LOW: "desc"}]
    return {"top_hits": {"size": 1, "sort": sort, "docvalue_fields": [OWNER_NUMBER]}}


def _equals(field: Field, value: str | float) -> Condition:
    return AnyOf(field, (value,)) if isinstance(value, str) else Between(field, value, value)
