"""Counts of values in the embedded index: one aggregation for all facets over the same rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import tantivy

from access.scope import Scope
from datasources.photo_key import PhotoKey
from datasources.search.conditions import Condition, Field, Kind, Nothing
from datasources.search.port import MAX_BUCKETS, Bucket, FacetCounts
from datasources.search.scoping import Bound, BoundFacet, Slice
from datasources.search.tantivy_query import MAX_U64, Compiler, every
from datasources.search.tantivy_schema import BROKEN, ID_HIGH, ID_LOW, OWNER_NUMBER, owner_number

_LIMIT = 60_000
"""Buckets of one aggregation: a fuller one was cut, silently; tantivy gives up at 65,000 in all."""

_NONE: dict[Kind, Any] = {Kind.KEYWORD: "\0", Kind.NUMBER: -(1 << 53)}
"""Stands for `no value` in an aggregation: no field holds it."""

_Latest = tuple[int, str, str]
"""Sort key, id, owner of the newest photo of a bucket."""


class _Tally:
    """What is known so far of one facet."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.latest: dict[str, _Latest] = {}
        self.missing = 0

    def told(self) -> FacetCounts:
        order = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        return FacetCounts(
            [self._bucket(value, count) for value, count in order[:MAX_BUCKETS]], self.missing, len(order) > MAX_BUCKETS
        )

    def _bucket(self, value: str, count: int) -> Bucket:
        if value not in self.latest:
            return Bucket(value, count)
        key, photo, owner = self.latest[value]
        return Bucket(value, count, PhotoKey(owner, photo), key)


_Asked = tuple[int, BoundFacet, Slice]
"""A slice of a facet, and the facet's place in the question."""


class Facets:
    """The facets of bound questions."""

    def __init__(self, searcher: tantivy.Searcher, compiler: Compiler, scope: Scope) -> None:
        self._searcher = searcher
        self._compiler = compiler
        self._owners = {owner_number(owner): owner for owner in scope.owners}

    def counts(self, bound: Bound) -> Sequence[FacetCounts]:
        """Every facet, in order."""
        tallies = [_Tally() for _ in bound.facets]
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

    def _count(self, query: tantivy.Query, asked: Sequence[_Asked], tallies: Sequence[_Tally]) -> None:
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

    def _count_halves(self, query: tantivy.Query, asked: Sequence[_Asked], tallies: Sequence[_Tally]) -> None:
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

    def _add(self, tally: _Tally, field: Field, rows: Slice, bucket: dict[str, Any]) -> None:
        key, count = bucket["key"], bucket["doc_count"]
        if key == _NONE[field.kind]:
            tally.missing += count
            return
        value = key if isinstance(key, str) else str(int(key)) if float(key).is_integer() else repr(key)
        if rows.values is not None and value not in rows.values:
            return
        tally.counts[value] += count
        if "newest" in bucket:
            ((latest, high, low),) = (hit["sort"] for hit in bucket["newest"]["hits"])
            (number,) = bucket["newest"]["hits"][0]["docvalue_fields"][OWNER_NUMBER]
            found = (latest, f"{high:016x}{low:016x}", self._owners[number])
            tally.latest[value] = max(found, tally.latest.get(value, found))


def _terms(facet: BoundFacet, rows: Slice) -> dict[str, Any]:
    field = facet.field
    missing = float(_NONE[field.kind]) if field in BROKEN else _NONE[field.kind]
    terms: dict[str, Any] = {"terms": {"field": field.label, "size": _LIMIT, "segment_size": _LIMIT, "missing": missing}}
    if facet.covers:
        sort = [{rows.newest.value: "desc"}, {ID_HIGH: "desc"}, {ID_LOW: "desc"}]
        terms["aggs"] = {"newest": {"top_hits": {"size": 1, "sort": sort, "docvalue_fields": [OWNER_NUMBER]}}}
    return terms
