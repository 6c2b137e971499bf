"""A question as searches of one request, and the answer read out of what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datasources.search.conditions import Condition, Everything
from datasources.search.fixed_point import UNIT, score
from datasources.search.opensearch.facets import FacetPlan
from datasources.search.opensearch.query import Query, every, inside, matching, query
from datasources.search.opensearch.schema import MODEL, key_of, place_of, vector
from datasources.search.port import Hit, Order, SearchRequest, SearchResult
from datasources.search.row_security import RowSecurityRewriter, ScopedQuery, SortPartition

Body = dict[str, Any]
_DOWN = frozenset({Order.TAKEN_DESC, Order.ADDED_DESC, Order.RELEVANCE})
_SCORE = "_score"
EF_SEARCH = 512
"""Candidates kept while walking the graph: what it takes for 0.98 of the exact answer (`benchmarks/vectors.py`)."""


class Asking:
    """One bound question. Usually it is one search; rows that are sorted by different numbers are a search each.

    Sort fields are unique, so a page goes on where it was without a point in time: what comes and goes between pages
    moves nothing else.
    """

    def __init__(self, bound: ScopedQuery, question: SearchRequest) -> None:
        self._bound = bound
        self._question = question
        self._plan = FacetPlan(bound.facets)
        paged = list(bound.parts) if question.limit > 0 else []
        self._parts = paged
        self._alone = len(paged) == 1 and isinstance(paged[0].rows, Everything)
        self._counts = question.total or bool(bound.facets)

    def bodies(self) -> list[Body]:
        """The searches, in the order in which `read` wants their answers."""
        if self._alone or not self._parts:
            return [self._counting(self._parts[0] if self._parts else None)]
        pages = [self._paging(part) for part in self._parts]
        return [self._counting(None), *pages] if self._counts else pages

    def read(self, answers: Sequence[Mapping[str, Any]]) -> SearchResult:
        """The answer to the question."""
        first = answers[0]
        paged = answers if self._alone else answers[1:] if self._counts or not self._parts else answers
        hits = [self._hit(h) for answer in paged for h in answer["hits"]["hits"]] if self._parts else []
        if len(paged) > 1:
            hits.sort(key=lambda h: h.position, reverse=self._down)
        limit = max(self._question.limit, 0)
        total = first["hits"]["total"]["value"] if self._question.total else None
        facets = self._plan.read(first["aggregations"]) if self._bound.facets else []
        return SearchResult(hits[:limit], len(hits) > limit, total, facets)

    @property
    def _down(self) -> bool:
        return (self._question.order in _DOWN) is not self._question.backwards

    @property
    def _ranked(self) -> bool:
        return self._question.order is Order.RELEVANCE

    def _counting(self, part: SortPartition | None) -> Body:
        """Total and facets, and the page as well where there is but one order. Facets count beyond the page's condition."""
        page = self._page(part) if part is not None else {"size": 0}
        body = {**page, "_source": False, "track_total_hits": self._question.total}
        if not self._bound.facets:
            return {**body, "query": self._query(inside(self._bound.rows, self._bound.condition))}
        body |= {"query": self._query(inside(self._bound.rows)), "aggs": self._plan.asked()}
        if not isinstance(self._bound.condition, Everything):
            body["post_filter"] = query(self._bound.condition)
        return body

    def _paging(self, part: SortPartition) -> Body:
        rows = inside(self._bound.rows, self._bound.condition, part.rows)
        return {**self._page(part), "_source": False, "track_total_hits": False, "query": self._query(rows)}

    def _query(self, rows: Query) -> Query:
        text = self._bound.text
        if text is None:
            return {"bool": {"filter": [rows]}}
        return {"bool": {"filter": [rows], "must": [matching(text)]}} if self._ranked else every([rows, matching(text)])

    def _page(self, part: SortPartition) -> Body:
        way = "desc" if self._down else "asc"
        sort: list[dict[str, str]] = [{part.key.value: way}]
        page: Body = {"size": self._question.limit + 1, "sort": [{_SCORE: way}, *sort] if self._ranked else sort}
        after = self._question.after
        if after is not None:
            place = f"{after.key:016x}{after.id}"
            page["search_after"] = [after.score * UNIT, place] if self._ranked else [place]
        return page

    def _hit(self, found: Mapping[str, Any]) -> Hit:
        *scored, place = found["sort"]
        return Hit(key_of(found["_id"]), place_of(place, score=score(scored[0]) if scored else 0.0))


def likeness(scoping: RowSecurityRewriter, model: str, wanted: Sequence[float], k: int, condition: Condition) -> Body:
    """The search for the vectors most alike. Scope and condition stand inside: cut off afterwards, few would be left of k."""
    rows = every([inside(scoping.rows, scoping.with_vectors(condition)), {"term": {MODEL: {"value": model}}}])
    asked = {"vector": list(wanted), "k": k, "filter": rows, "method_parameters": {"ef_search": max(EF_SEARCH, 2 * k)}}
    return {"size": k, "_source": False, "query": {"knn": {vector(len(wanted)): asked}}}
