"""Batching loader for the search index: the pages, totals and facets that one level of a query needs become one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from access.access_log import AccessLogBuffer
from access.policy import SMALLEST_GROUP
from access.scope import Scope
from datasources.errors import SourceError
from datasources.search.conditions import Condition
from datasources.search.port import (
    FacetCounts,
    FacetRequest,
    Hit,
    Order,
    PhotoIndex,
    Position,
    SearchRequest,
    SearchResult,
    TextQuery,
)
from indexing.index_lag import IndexLag
from resolvers.aggregate_audit import record_aggregate_reads

STALE = "Stale"


class PhotoQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A set of photos: scope, condition, text, order."""

    scope: Scope
    condition: Condition
    text: TextQuery | None = None
    order: Order = Order.TAKEN_DESC


class IndexPageRequest(NamedTuple):
    """Requests a page of a set."""

    limit: int
    after: Position | None
    backwards: bool


class TotalRequest(NamedTuple):
    """Requests the number of photos in a set."""


class QueryPart(NamedTuple):
    """One request about one set of photos."""

    query: PhotoQuery
    request: IndexPageRequest | TotalRequest | FacetRequest


class PageResult(NamedTuple):
    """Hits in the requested direction, and whether more follow in it."""

    hits: Sequence[Hit]
    more: bool


class SearchBatch:
    """Merges query parts to search requests, one per set and page, and sends all of a scope in one call."""

    def __init__(
        self, index: PhotoIndex, index_lag: IndexLag, degrade: Callable[[str, str, str], None], access_log: AccessLogBuffer
    ) -> None:
        self._index = index
        self._index_lag = index_lag
        self._degrade = degrade
        self._access_log = access_log

    async def fetch(self, parts: Sequence[QueryPart]) -> Mapping[QueryPart, object]:
        """The result of each part: a `PageResult`, a number, `FacetCounts`, or the `SourceError` of its call."""
        found: dict[QueryPart, object] = {}
        for scope in dict.fromkeys(p.query.scope for p in parts):
            found |= await self._search(scope, [p for p in parts if p.query.scope == scope])
        return found

    async def _search(self, scope: Scope, parts: Sequence[QueryPart]) -> Mapping[QueryPart, object]:
        if not await self._index_lag.wait_until_indexed(scope.owners):
            self._degrade("search", STALE, "photos")
        groups = _group(parts)
        requests = [_search_request(g) for g in groups]
        try:
            results = await self._index.search_many(scope, requests)
        except SourceError as e:
            return dict.fromkeys(parts, e)
        record_aggregate_reads(self._access_log, scope, requests)
        if scope.unbounded:
            results = [_without_small_groups(r) for r in results]
        return {p: v for g, r in zip(groups, results, strict=True) for p, v in _distribute(g, r)}


def _without_small_groups(result: SearchResult) -> SearchResult:
    """Removes small counts over many customers, because a group of few photos could identify a person."""
    facets = [
        FacetCounts(
            [b for b in f.buckets if b.count >= SMALLEST_GROUP], f.missing if f.missing >= SMALLEST_GROUP else 0, f.truncated
        )
        for f in result.facets
    ]
    total = 0 if result.total is not None and result.total < SMALLEST_GROUP else result.total
    return result._replace(total=total, facets=facets)


def _group(parts: Sequence[QueryPart]) -> list[list[QueryPart]]:
    """Groups the parts of one set; a second page of the same set needs a request of its own."""
    groups: list[list[QueryPart]] = []
    for part in parts:
        paged = isinstance(part.request, IndexPageRequest)
        for group in groups:
            if group[0].query == part.query and not (paged and any(isinstance(p.request, IndexPageRequest) for p in group)):
                group.append(part)
                break
        else:
            groups.append([part])
    return groups


def _search_request(parts: Sequence[QueryPart]) -> SearchRequest:
    query = parts[0].query
    page = next((p.request for p in parts if isinstance(p.request, IndexPageRequest)), IndexPageRequest(0, None, backwards=False))
    return SearchRequest(
        condition=query.condition,
        text=query.text,
        order=query.order,
        limit=page.limit,
        after=page.after,
        backwards=page.backwards,
        total=any(isinstance(p.request, TotalRequest) for p in parts),
        facets=tuple(p.request for p in parts if isinstance(p.request, FacetRequest)),
    )


def _distribute(parts: Sequence[QueryPart], result: SearchResult) -> list[tuple[QueryPart, object]]:
    facets: dict[FacetRequest, FacetCounts] = {}
    facet_requests = [p.request for p in parts if isinstance(p.request, FacetRequest)]
    facets.update(zip(facet_requests, result.facets, strict=True))
    results: list[tuple[QueryPart, object]] = []
    for part in parts:
        match part.request:
            case FacetRequest():
                results.append((part, facets[part.request]))
            case IndexPageRequest():
                results.append((part, PageResult(result.hits, result.more)))
            case TotalRequest():
                results.append((part, result.total))
    return results
