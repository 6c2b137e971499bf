"""Builds the searches of a request and reads its result from their responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datasources.search.conditions import Condition, Everything
from datasources.search.fixed_point import UNIT, score
from datasources.search.opensearch.facets import FacetPlan
from datasources.search.opensearch.query import Query, every, inside, matching, query
from datasources.search.opensearch.schema import MODEL, key_of, position_of, vector
from datasources.search.port import Hit, Order, SearchRequest, SearchResult
from datasources.search.row_security import RowSecurityRewriter, ScopedQuery, SortPartition

Body = dict[str, Any]
_DOWN = frozenset({Order.TAKEN_DESC, Order.ADDED_DESC, Order.RELEVANCE})
_SCORE = "_score"
EF_SEARCH = 512
"""Candidates of the graph search that give a recall of 0.98 (`benchmarks/vectors.py`)."""


class SearchPlan:
    """One bound request. Usually it is one search; each partition with another sort column is a separate search.

    Sort values are unique, so `search_after` needs no point in time: rows added or removed between two pages do not
    shift the others.
    """

    def __init__(self, bound: ScopedQuery, request: SearchRequest) -> None:
        self._bound = bound
        self._request = request
        self._plan = FacetPlan(bound.facets)
        paged = list(bound.parts) if request.limit > 0 else []
        self._parts = paged
        self._counts = request.total or bool(bound.facets)
        # OpenSearch skips a shard without rows behind `search_after`, and its counts with it: they need a search of their own.
        counted_page = self._counts and request.after is not None
        self._single = len(paged) == 1 and isinstance(paged[0].rows, Everything) and not counted_page

    def bodies(self) -> list[Body]:
        """The search bodies, in the order in which `read` expects the responses."""
        if self._single or not self._parts:
            return [self._counts_body(self._parts[0] if self._parts else None)]
        pages = [self._page_body(part) for part in self._parts]
        return [self._counts_body(None), *pages] if self._counts else pages

    def read(self, answers: Sequence[Mapping[str, Any]]) -> SearchResult:
        """The result of the request."""
        first = answers[0]
        paged = answers if self._single else answers[1:] if self._counts or not self._parts else answers
        hits = [self._hit(h) for answer in paged for h in answer["hits"]["hits"]] if self._parts else []
        if len(paged) > 1:
            hits.sort(key=lambda h: h.position, reverse=self._down)
        limit = max(self._request.limit, 0)
        total = first["hits"]["total"]["value"] if self._request.total else None
        facets = self._plan.read(first["aggregations"]) if self._bound.facets else []
        return SearchResult(hits[:limit], len(hits) > limit, total, facets)

    @property
    def _down(self) -> bool:
        return (self._request.order in _DOWN) is not self._request.backwards

    @property
    def _ranked(self) -> bool:
        return self._request.order is Order.RELEVANCE

    def _counts_body(self, part: SortPartition | None) -> Body:
        """Total and facets, and the page if there is one partition. Facets ignore the condition of the page (`post_filter`)."""
        page = self._page(part) if part is not None else {"size": 0}
        body = {**page, "_source": False, "track_total_hits": self._request.total}
        if not self._bound.facets:
            return {**body, "query": self._query(inside(self._bound.rows, self._bound.condition))}
        body |= {"query": self._query(inside(self._bound.rows)), "aggs": self._plan.aggregations()}
        if not isinstance(self._bound.condition, Everything):
            body["post_filter"] = query(self._bound.condition)
        return body

    def _page_body(self, part: SortPartition) -> Body:
        rows = inside(self._bound.rows, self._bound.condition, part.rows)
        return {**self._page(part), "_source": False, "track_total_hits": False, "query": self._query(rows)}

    def _query(self, rows: Query) -> Query:
        text = self._bound.text
        if text is None:
            return {"bool": {"filter": [rows]}}
        if self._ranked and text.scored:
            return {"bool": {"filter": [rows], "must": [matching(text)]}}
        return {"bool": {"filter": [rows, matching(text)]}}  # every row has the score 0

    def _page(self, part: SortPartition) -> Body:
        direction = "desc" if self._down else "asc"
        sort: list[dict[str, str]] = [{part.key.value: direction}]
        page: Body = {"size": self._request.limit + 1, "sort": [{_SCORE: direction}, *sort] if self._ranked else sort}
        after = self._request.after
        if after is not None:
            sort_value = f"{after.key:016x}{after.id}"
            page["search_after"] = [after.score * UNIT, sort_value] if self._ranked else [sort_value]
        return page

    def _hit(self, found: Mapping[str, Any]) -> Hit:
        *scored, sort_value = found["sort"]
        return Hit(key_of(found["_id"]), position_of(sort_value, score=score(scored[0]) if scored else 0.0))


def knn_body(rewriter: RowSecurityRewriter, model: str, target: Sequence[float], k: int, condition: Condition) -> Body:
    """The k-nearest-neighbour search. Scope and condition filter inside it; a filter afterwards would leave fewer than k."""
    rows = every([inside(rewriter.rows, rewriter.with_vectors(condition)), {"term": {MODEL: {"value": model}}}])
    knn = {"vector": list(target), "k": k, "filter": rows, "method_parameters": {"ef_search": max(EF_SEARCH, 2 * k)}}
    return {"size": k, "_source": False, "query": {"knn": {vector(len(target)): knn}}}
